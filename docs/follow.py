"""Write the results of the example of docs/how-to/follow-a-programme.md, between the marks of the page.

``python docs/follow.py FOLDER`` runs the commands of ``COMMANDS`` in ``FOLDER`` and rewrites the blocks; commands whose
folder is there already are not run again. All of them take about five minutes on two cores.
"""

import csv
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import numpy as np

import octoplan as op
from octoplan.outcomes.measures import measures
from octoplan.scenario.descriptions import month_text

DOCS = Path(__file__).parent
PAGE = DOCS / "how-to" / "follow-a-programme.md"
OBSERVATIONS = DOCS / "how-to" / "late-plant.csv"
SOURCE = "programme-office,Monthly return of the programme office (made up),programme office,2026-02-02,,"
KEEP = "--keep part_stock part_due heads experience"
COMMANDS = {
    "before": "octoplan calibrate octopus --out before",
    "after": "octoplan calibrate late --out after",
    "runs/before": f"octoplan run before --futures 200 {KEEP} --out runs/before",
    "runs/after": f"octoplan run after --futures 200 {KEEP} --out runs/after",
    "plan": "octoplan plan after --from 2026-02 --state runs/after --futures 32 --unseen 100 --batches 0 --out plan",
}
"""By the folder that it writes, each command of the example that takes long."""
COMPARE = "octoplan compare runs/before runs/after"
KINDS = ("gates", "suppliers", "plants", "crews", "kits")
"""Kinds of assumptions that the table of the calibration has."""
MOST_ROWS = 8
SOON = date(2026, 4, 1)
"""Month up to which units and cost are compared too."""
Z_95 = 1.96
PLAN_LINES = ("the plan saves", "units requested", "crew intake", "kits ordered")
UNITS_PAY = re.compile(r"units \(plan\) minus|units do not pay|units pay")
"""What begins, or is found in, the lines of the plan's summary that the page has."""


def mark(name: str) -> re.Pattern[str]:
    """Pattern of a block: the mark before it, its text, and the mark after it."""
    return re.compile(
        rf"(<!-- follow {name}: written by docs/follow.py -->\n)(.*?)(<!-- end of follow {name} -->)", re.DOTALL
    )


def block(name: str) -> str:
    """The text of a block of the page."""
    match = mark(name).search(PAGE.read_text("utf-8"))
    if match is None:
        raise ValueError(f"{PAGE.name} has no block {name}")
    return match[2]


def octoplan(folder: Path, command: str) -> str:
    """The standard output of a command that runs in a folder."""
    arguments = [str(Path(sys.executable).with_name("octoplan")), *command.split()[1:]]
    return subprocess.run(arguments, cwd=folder, stdout=subprocess.PIPE, check=True, encoding="utf-8").stdout  # noqa: S603


def prepare(folder: Path) -> None:
    """Write the scenario ``late``: a copy of octopus with the observations of the example."""
    if (folder / "late").exists():
        shutil.rmtree(folder / "late")
    octoplan(folder, "octoplan new late --from octopus")
    with (folder / "late" / "sources.csv").open("a") as sources:
        sources.write(f"{SOURCE}\n")
    with (folder / "late" / "observations.csv").open("a") as observations:
        observations.write(OBSERVATIONS.read_text("utf-8").partition("\n")[2])


def table(head: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> str:
    """A table in Markdown."""
    return "".join(f"| {' | '.join(cells)} |\n" for cells in (head, ("---",) * len(head), *rows))


def learned(folder: Path) -> Iterator[tuple[str, ...]]:
    """Prior and posterior of the most informed assumptions of the programme."""
    with (folder / "after" / "calibration" / "assumptions.csv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["informed"] == "1"]
    for row in [row for row in rows if row["assumption"].partition(".")[0] in KINDS][:MOST_ROWS]:
        texts = [
            ", ".join(f"{float(row[f'{state}_{name}']):.3g}" for name in ("p10", "p50", "p90"))
            for state in ("prior", "posterior")
        ]
        yield f"`{row['assumption']}`", row["unit"].replace("1", ""), *texts, row["moved_by"].partition(";")[0]


def values_of(run: op.Run) -> dict[str, np.ndarray]:
    """Values of the measures that are compared, (futures,), by title."""
    by_key = {measure.key: measure.values for measure in measures(run)}
    months = np.array([np.datetime64(month, "M") for month in run.scenario.names.months])
    soon = [measures(run, str(month)) for month in months[months <= np.datetime64(SOON, "M")]]
    sums = {
        key: np.sum([next(m.values for m in month if m.key == key) for month in map(list, soon)], axis=0)
        for key in ("made", "programme/cost")
    }
    until = f"to {month_text(f'{SOON:%Y-%m}')}"
    return {
        "first month with 2,000 good units": by_key["reach/2000"],
        f"good units made {until}": sums["made"],
        "good units made, all months": by_key["made"],
        f"cost of the programme {until}, M GBP": sums["programme/cost"] / 1e6,
        "cost of the programme, all months, M GBP": by_key["programme/cost"] / 1e6,
        "leakers prevented, excluding decoys": by_key["leakers-prevented/excluding-decoys"],
    }


def differences(folder: Path) -> Iterator[tuple[str, ...]]:
    """P10, P50 and P90 of the measures before and after, and the change of the mean with its 95 % CI."""
    runs = [op.read(folder / "runs" / name) for name in ("before", "after")]
    months = runs[0].scenario.names.months
    before, after = map(values_of, runs)
    for title, values in before.items():
        change = after[title] - values
        error = Z_95 * change.std(ddof=1) / np.sqrt(len(change))
        is_month = title.startswith("first month")
        texts = [
            ", ".join(
                month_text(months[round(q)]) if is_month else f"{q:,.3g}" if abs(q) < 1000 else f"{q:,.0f}"
                for q in np.quantile(x, (0.1, 0.5, 0.9), method="inverted_cdf" if is_month else "linear")
            )
            for x in (values, after[title])
        ]
        digits = ",.2f" if abs(change.mean()) < 10 else ",.0f"
        unit = " months" if is_month else ""
        yield title, *texts, f"{change.mean():+{digits}} ± {error:{digits}}{unit}"


def chances(folder: Path) -> Iterator[tuple[str, ...]]:
    """Share of futures that reach 2,000 a month by each month in which the two differ."""
    runs = [op.read(folder / "runs" / name) for name in ("before", "after")]
    months = runs[0].scenario.names.months
    first = [next(m.values for m in measures(run) if m.key == "reach/2000") for run in runs]
    for i, month in enumerate(months):
        shares = [100.0 * float((values <= i).mean()) for values in first]
        if max(shares) > 1.0 and min(shares) < 95.0:
            yield month_text(month), *(f"{share:.0f} %" for share in shares)


def compare_lines(folder: Path) -> str:
    """The command that compares the two runs, and the first lines of its output, or its message if it refuses."""
    arguments = [str(Path(sys.executable).with_name("octoplan")), *COMPARE.split()[1:]]
    process = subprocess.run(arguments, cwd=folder, capture_output=True, check=False, encoding="utf-8")  # noqa: S603
    lines = (process.stdout or process.stderr).splitlines()
    end = next((i for i, line in enumerate(lines) if line.strip() == "Interceptors"), len(lines))
    return f"```text\n{COMPARE}\n```\n\n```text\n" + "".join(f"{line.rstrip()}\n" for line in lines[:end]) + "```\n"


def plan_lines(folder: Path) -> str:
    """The command of the plan, and what its summary says of decisions and of units, without the duration."""
    lines = (folder / "plan" / "summary.txt").read_text("utf-8").splitlines()
    lines[0] = re.sub(r", [\d,]+ s$", "", lines[0])
    decisions = [line for line in lines if line.startswith(PLAN_LINES) or UNITS_PAY.search(line)]
    return f"```text\n{COMMANDS['plan']}\n```\n\n" + "".join(f"- {line}\n" for line in (lines[0], *decisions))


def blocks(folder: Path) -> dict[str, str]:
    """The text of each block, from the folders of the commands."""
    calibrated = "\n".join(COMMANDS[name] for name in ("before", "after", "runs/before", "runs/after"))
    return {
        "commands": f"```text\n{calibrated}\n```\n",
        "learned": table(
            ("assumption", "unit", "prior P10, P50, P90", "posterior P10, P50, P90", "informed most by"),
            learned(folder),
        ),
        "differences": table(("", "before", "after", "change of the mean, 95 % CI"), differences(folder)),
        "chances": table(("2,000 a month by", "before", "after"), chances(folder)),
        "compare": compare_lines(folder),
        "plan": plan_lines(folder),
    }


def write(texts: dict[str, str]) -> None:
    """Rewrite blocks of the page."""
    page = PAGE.read_text("utf-8")
    for name, text in texts.items():
        if (match := mark(name).search(page)) is None:
            raise ValueError(f"{PAGE.name} has no block {name}")
        page = f"{page[: match.end(1)]}\n{text}\n{page[match.start(3) :]}"
    PAGE.write_text(page, "utf-8")


if __name__ == "__main__":
    root = Path(sys.argv[1])
    root.mkdir(parents=True, exist_ok=True)
    prepare(root)
    for name, command in COMMANDS.items():
        if not (root / name).exists():
            octoplan(root, command)
    write(blocks(root))
