"""What a report rests on: the assumption log by quality and impact, the sources, and what the software knows."""

from collections import Counter
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path

import numpy as np

from octoplan.outcomes.format import digits
from octoplan.outcomes.identity import raid_identity
from octoplan.outcomes.run import Run
from octoplan.outcomes.sensitivity import Sensitivity
from octoplan.scenario import Scenario
from octoplan.scenario.assumptions import Assumption
from octoplan.scenario.entities import BY_NAME
from octoplan.show.frame import facts, listed, table

QUALITIES = ("red", "amber", "green")
MARKS = {"red": "■ red", "amber": "▲ amber", "green": "● green"}
IMPACTS = ("large", "some", "none seen", "no range")
"""Beyond luck and at least half the largest swing; beyond luck; within luck; a row without a range cannot be seen."""
HALF = 0.5


def describe(scenario: Scenario, assumption: Assumption) -> str:
    """What an assumption is about, with the entities it fills: ``labour a unit needs at first (all plants)``."""
    kind = BY_NAME[assumption.kind]
    meaning = next(p.meaning for p in kind.parameters if p.name == assumption.parameter)
    named = [
        f"all {axis}" if name == "*" else scenario.titles.get(f"{axis}.{name}", name)
        for axis, name in zip(kind.axes, assumption.entities, strict=True)
    ]
    return f"{meaning} ({', '.join(named)})" if named else meaning


def row_reference(assumption: Assumption) -> str:
    """The row of an assumption: its file and line in the scenario's folder."""
    return f"{Path(assumption.file).name}:{assumption.line}"


def impacts(run: Run, swings: Sequence[Sensitivity]) -> Mapping[str, str]:
    """The impact of each assumption, one of ``IMPACTS``, from its swing."""
    largest = max((abs(each.size) for each in swings if each.sure), default=0.0)
    moved = {
        each.assumption.name: "large" if each.sure and abs(each.size) >= HALF * largest else "some" if each.sure else ""
        for each in swings
    }
    return {
        assumption.name: "no range" if assumption.known else moved.get(assumption.name) or "none seen"
        for assumption in run.scenario.assumptions
    }


def log(run: Run, swings: Sequence[Sensitivity], what: str, unit: str, size: float) -> str:
    """The log: how many rows of each quality have which impact, then every row, what matters and is weak first."""
    found, moved = impacts(run, swings), {each.assumption.name: each for each in swings}
    count = Counter((assumption.quality, found[assumption.name]) for assumption in run.scenario.assumptions)
    seen = IMPACTS if swings else IMPACTS[-1:]
    matrix = [
        (MARKS[quality], *(f"{count[quality, impact]:,}" for impact in IMPACTS), f"{sum_of(count, quality):,}")
        for quality in QUALITIES
    ]
    order = sorted(
        run.scenario.assumptions,
        key=lambda b: (IMPACTS.index(found[b.name]), QUALITIES.index(b.quality), -abs(size_of(moved, b)), b.name),
    )
    text = (
        f"Impact is the swing of {what}: large where it is beyond luck and at least half the largest, some where it is "
        "beyond luck. A row without a range moves nothing, which says nothing of how well it is known."
        if len(seen) > 1
        else "Too few futures for an impact of single rows."
    )
    head = ("quality", *IMPACTS, "rows")
    rows = [row(assumption, found[assumption.name], moved.get(assumption.name), size) for assumption in order]
    columns = ("row", "impact", f"swing, {unit}", "quality", "value", "P10", "P90", "unit", "source", "where", "dated")
    return (
        f"<p>{escape(text)}</p>{table(head, matrix, css='log')}"
        f"{table(columns, rows, css='ledger')}"
    )  # fmt: skip


def sum_of(count: Counter[tuple[str, str]], quality: str) -> int:
    return sum(number for (own, _), number in count.items() if own == quality)


def size_of(moved: Mapping[str, Sensitivity], assumption: Assumption) -> float:
    return moved[assumption.name].size if assumption.name in moved else 0.0


def row(assumption: Assumption, impact: str, swing: Sensitivity | None, size: float) -> tuple[str, ...]:
    """One row of the log as cells."""
    low, middle, high = (digits(float(assumption.quantile(q))) for q in (0.1, 0.5, 0.9))
    said = f"{swing.size / size:+,.3g} ± {2 * swing.error / size:,.2g}" if swing and impact != "none seen" else ""
    sources = "; ".join(assumption.sources) or "none"
    unit_of = "" if assumption.unit == "1" else assumption.unit
    ends = ("", "") if assumption.known else (low, high)
    return (
        assumption.name, impact, said, MARKS[assumption.quality], middle, *ends, unit_of, sources,
        row_reference(assumption), assumption.date.isoformat(),
    )  # fmt: skip


def sources(run: Run) -> str:
    """The sources that rows name, each with how many name it."""
    used = Counter(name for assumption in run.scenario.assumptions for name in assumption.sources)
    rows = [
        (name, source.title, source.publisher, str(source.date or ""), source.url, f"{used[name]:,}")
        for name, source in run.scenario.sources.items()
        if used[name]
    ]
    return table(("source", "title", "publisher", "date", "where", "rows"), rows, css="whole") if rows else ""


def checks(run: Run) -> str:
    """Checks that were made on this run, with their outcomes."""
    finished = run.status == 0
    lines = [
        f"The scenario was read without an error; {len(run.scenario.warnings):,} warning(s).",
        (
            "Units made, on their way, in stock, spent, lost and scrapped balance every day of "
            f"{int(finished.sum()):,} of {run.futures:,} futures, with and without the programme."
        ),
        (
            "Every future was flown with and without the programme through the same raids, weather, outages and "
            "exchange rates."
        ),
        (
            "Equations are held to closed forms, to a plain reference of the whole campaign and to a twin in another "
            "style of simulation by the tests of this version."
        ),
    ]
    imbalance = run.data.get("imbalance")
    if imbalance is not None and finished.any() and int(np.abs(imbalance.values[finished]).max()):
        lines[1] = "UNITS DO NOT BALANCE in some future; do not use this run."
    return listed(lines)


def statement(run: Run) -> str:
    """The statement of assurance: what the software knows; names and signatures are left to people."""
    quality = Counter(assumption.quality for assumption in run.scenario.assumptions)
    governed = run.scenario.programme.governance
    assumptions = run.scenario.assumptions
    told = facts((
        ("software", f"octoplan {run.version}"),
        ("scenario", f"SHA-256 {run.scenario.hash}"),
        ("raids", "; ".join(f"{name} {value}" for name, value in raid_identity(run).items())),
        ("seed and futures", f"{run.seed}; {run.futures:,} flown, {run.failed:,} failed and counted in no measure"),
        ("numbers believed", f"{len(assumptions):,} rows: " + ", ".join(f"{quality[q]:,} {q}" for q in QUALITIES)),
        ("without a source", f"{sum(not assumption.sources for assumption in assumptions):,} rows"),
        ("dated", f"{min(dates := [a.date for a in assumptions])} to {max(dates)}" if assumptions else "never"),
        ("to be reviewed by", str(governed.sunset or "no date set")),
    ))  # fmt: skip
    people = [
        (role, name or "not named", "", "")
        for role, name in (("analyst", governed.analyst), ("assurer", governed.assurer),
                           ("approver", governed.approver))
    ]  # fmt: skip
    signed = table(("role", "name", "signature", "date"), people, css="signed")
    return (
        "<p>What follows was filled in by the software and says what was done, not that it was right to do. "
        "Whether the analysis is fit for its use is for the people below to say.</p>"
        f"{told}{signed}"
    )
