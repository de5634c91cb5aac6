"""Write the results of the calibration of octopus into docs/background/calibration.md, between the marks.

``python docs/calibration.py CALIBRATED FOLDER`` reads the folder of the calibration ``CALIBRATION``, simulates and
plans octopus as it was before, with its priors, and calibrated, and rewrites the block. Runs and plans are written to
``FOLDER``, and those that it has already are not made again. Without them it takes about a quarter of an hour on two
cores.
"""

import csv
import io
import json
import re
import subprocess
import sys
import tarfile
import tomllib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import octoplan as op
from octoplan.outcomes.finance import net_benefit
from octoplan.outcomes.format import digits, percent, scaled
from octoplan.outcomes.intervals import Interval, interval
from octoplan.outcomes.view import OTHERS, View, by_future, view_of
from octoplan.plan.results.alternatives import BASELINE, NO_PROGRAMME, NO_UNITS
from octoplan.plan.results.evaluation import Z_95
from octoplan.scenario import Scenario
from octoplan.scenario.assumptions import Assumption
from octoplan.scenario.calibrated import with_priors
from octoplan.scenario.csv_text import replace_rows, row_dicts
from octoplan.scenario.descriptions import LEVELS, month_text, subject, unit_text
from octoplan.scenario.files import ASSUMPTIONS
from octoplan.scenario.scenario import with_files
from octoplan.show.calibration_text import OWNER_TITLES, quantiles_text

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "background" / "calibration.md"
MARK = re.compile(
    r"(<!-- calibration: written by docs/calibration.py -->\n).*?(<!-- end of calibration -->)", re.DOTALL
)
CALIBRATION = "octoplan calibrate octopus --record daily.csv --out CALIBRATED"
"""Command of the calibration that the page describes."""
COMMIT = "37a1e71"
"""Commit before the calibration."""
SCENARIOS = {
    "before": f"before (commit {COMMIT}: figures chosen for February 2026)",
    "priors": "with the priors",
    "calibrated": "calibrated",
}
"""Heading of each scenario that is compared."""
FUTURES = 400
MOST_ASSUMPTIONS = 15
"""Number of assumptions in the table of what was learned."""
MEANINGS = {
    "stopped": "share stopped",
    "intercepted": "share of stopped threats killed by interceptors",
    "stock": "units waiting in the regions",
}
"""Short meaning of observed measures, if it is not their key."""


def folder_of_octopus(name: str, folder: Path, calibrated: Path) -> Path:
    """Write the folder of a scenario of ``SCENARIOS``, and return it."""
    folder.mkdir(parents=True, exist_ok=True)
    if name == "before":
        path = "src/octoplan/scenarios/octopus"
        command = ["git", "archive", "--format=tar", COMMIT, path]
        archive = subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout  # noqa: S603
        with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
            contents = {Path(member.name).name: tar.extractfile(member) for member in tar.getmembers()}
            files = {file: content.read() for file, content in contents.items() if content is not None}
    else:
        scenario = op.load(calibrated)
        files = dict((without_levels(with_priors(scenario)) if name == "priors" else scenario).files)
    for file, content in files.items():
        (folder / file).write_bytes(content)
    return folder


def without_levels(scenario: Scenario) -> Scenario:
    """The scenario without rows for the levels of single months, which a calibration adds."""
    lines = scenario.files[ASSUMPTIONS].decode().splitlines(keepends=True)
    text = "".join(line for line in lines if not line.startswith(f"{LEVELS}."))
    return with_files(scenario, {ASSUMPTIONS: text})


def octoplan(*arguments: str | Path) -> None:
    """Run octoplan."""
    command = [Path(sys.executable).with_name("octoplan"), *arguments]
    subprocess.run(command, capture_output=True, check=True)  # noqa: S603 (our own command)


@dataclass(frozen=True)
class Results:
    """A run of ``FUTURES`` futures, and the data, monthly quantities, decisions and summary of a plan."""

    run: op.Run
    plan: dict[str, Any]
    quantities: list[dict[str, str]]
    decisions: dict[str, Any]
    summary: list[str]


def results_of(name: str, folder: Path, calibrated: Path) -> Results:
    """The run and the plan of a scenario; those that ``folder`` does not have are made."""
    scenario = folder_of_octopus(name, folder / name, calibrated)
    run, plan = folder / f"{name}-run", folder / f"{name}-plan"
    if not (run / "run.json").exists():
        octoplan("run", scenario, "--futures", str(FUTURES), "--out", run)
    if not (plan / "evidence.json").exists():
        octoplan("plan", scenario, "--out", plan)
    data = json.loads((plan / "evidence.json").read_text("utf-8"))
    summary = (plan / "summary.txt").read_text("utf-8").splitlines()
    decisions = tomllib.loads((plan / "decisions.toml").read_text("utf-8"))
    return Results(op.read(run), data, rows_of(plan / "plan.csv"), decisions, summary)


def rows_of(file: Path) -> list[dict[str, str]]:
    """The rows of a CSV file."""
    return list(csv.DictReader(io.StringIO(file.read_text("utf-8"))))


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = (head, ["---"] * len(head), *rows)
    return "".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |\n" for line in lines)


def numbers(row: dict[str, str], names: Iterable[str]) -> tuple[float, ...]:
    """Numbers of a row of a table; ``nan`` for an empty cell."""
    return tuple(float(row[name] or "nan") for name in names)


def quantile_names(state: str) -> list[str]:
    """Columns of the quantiles of the prior or the posterior."""
    return [f"{state}_{quantile}" for quantile in ("p10", "p50", "p90")]


def learned_table(scenario: Scenario, rows: Sequence[dict[str, str]]) -> str:
    """The most informed assumptions, the most informed first, without the levels of single months."""
    by_name = {assumption.name: assumption for assumption in scenario.assumptions}
    informed = [row for row in rows if row["informed"] == "1" and by_name[row["assumption"]].kind != LEVELS]
    return table(
        ("assumption", "prior: P50 (P10 to P90)", "posterior", "informed most by"),
        (
            (
                assumption_text(scenario, by_name[row["assumption"]]), *quantile_cells(by_name[row["assumption"]], row),
                "; ".join(label_text(scenario, label) for label in row["moved_by"].split("; ")[:2] if label) or "–",
            )
            for row in informed[:MOST_ASSUMPTIONS]
        ),
    )  # fmt: skip


def assumption_text(scenario: Scenario, assumption: Assumption) -> str:
    """Meaning and unit of an assumption, with the name of its row."""
    unit = unit_text(assumption)
    return f"{subject(scenario, assumption)}{f', {unit}' if unit else ''} (`{assumption.name}`)"


def quantile_cells(assumption: Assumption, row: dict[str, str]) -> tuple[str, str]:
    """Quantiles of the prior and the posterior; large amounts of money in thousands or millions."""
    both = [numbers(row, quantile_names(state)) for state in ("prior", "posterior")]
    divisor, prefix = 1.0, ""
    if assumption.currency:
        divisor, unit = scaled(f"{assumption.currency} ()", (value for values in both for value in values))
        prefix = unit.removesuffix(f"{assumption.currency} ()")
    cells = [quantiles_text((low / divisor, middle / divisor, high / divisor)) for low, middle, high in both]
    return cells[0] + (f" {prefix}".rstrip()), cells[1] + (f" {prefix}".rstrip())


def label_text(scenario: Scenario, label: str) -> str:
    """The label of an observation in words, such as "cruise missiles stopped, Feb 2026"."""
    measure, _, period = label.partition(" ")
    name, _, entity = measure.partition("/")
    titles = {**OWNER_TITLES, **{key.rpartition(".")[2]: title for key, title in scenario.titles.items()}}
    meaning = MEANINGS.get(name, name)
    when = re.sub(r"\b[0-9]{4}-[0-9]{2}\b(?!-)", lambda match: month_text(match[0]), period)
    return f"{meaning}{f', {titles.get(entity, entity).lower()}' if entity else ''}, {when}"


def observation_table(scenario: Scenario, rows: Sequence[dict[str, str]]) -> str:
    """The observations with the bands of the prior and the posterior."""

    def cells(row: dict[str, str]) -> tuple[str, ...]:
        bands = [numbers(row, quantile_names(state)) for state in ("prior", "posterior")]
        observed, error = numbers(row, ("observed", "sd"))
        unit = f"{scenario.currency} ()" if row["unit"] == "money" else row["unit"]
        divisor, unit = scaled(unit, (observed, *bands[0], *bands[1]))
        texts = [f"{digits(band[0] / divisor)} to {digits(band[2] / divisor)}" for band in bands]
        unit = unit.removesuffix(" ()")
        inside = "yes" if row["inside"] == "1" else "no"
        return (
            label_text(scenario, row["observation"]), unit,
            f"{digits(observed / divisor)} ± {digits(error / divisor, 2)}", *texts, inside,
        )  # fmt: skip

    head = ("observation", "unit", "observed ± sd of its error", "prior: P10 to P90", "posterior", "inside")
    return table(head, map(cells, rows))


def estimate_text(estimate: Interval | dict[str, float], divisor: float = 1.0) -> str:
    """Mean with the half-width of its 95 % interval, and P10 to P90."""
    values = estimate if isinstance(estimate, dict) else vars(estimate)
    mean, error, low, high = (values[name] / divisor for name in ("mean", "se_mean", "p10", "p90"))
    return f"{digits(mean)} ± {digits(Z_95 * error, 2)} ({digits(low)} to {digits(high)})"


def key_result(key: str, divisor: float = 1.0) -> Callable[[Results], str]:
    """The estimate of a key result as text."""
    return lambda results: estimate_text(results.run.key_results()[key].interval, divisor)


def total(results: Results, quantity: str) -> dict[str, float]:
    """Mean of a monthly quantity of the plan by item, summed over the months."""
    sums: dict[str, float] = {}
    for row in results.quantities:
        if row["quantity"] == quantity:
            sums[row["item"]] = sums.get(row["item"], 0.0) + float(row["mean"])
    return sums


def total_units(results: Results) -> float:
    """Units that the plan requests over the horizon."""
    return sum(total(results, "requested").values())


def units_text(results: Results) -> str:
    """Units that the plan requests, by country."""
    plants, view = total(results, "requested"), view_of(results.run)
    if total_units(results) < 1.0:
        return "none"
    sums = {
        view.title("countries", country): sum(plants[view.names.plants[i]] for i in rows)
        for country, rows in view.plants_by_country.items()
    }
    shares = ", ".join(f"{title} {digits(units)}" for title, units in sums.items() if units >= 1.0)
    return f"{digits(sum(plants.values()))} ({shares})"


def crews_text(results: Results) -> str:
    """Crew intake and kits ordered over the horizon and in the first month; the last figure of a list holds on."""
    months = len(view_of(results.run).names.months)
    texts = []
    for values, noun in ((results.decisions["crews"]["intake"], "crews"), (results.decisions["kits"]["order"], "kits")):
        by_month = [values[min(month, len(values) - 1)] for month in range(months)]
        texts.append(f"{sum(by_month):,.0f} {noun} ({by_month[0]:,.0f} in the first month)")
    return ", ".join(texts)


def alternative_text(name: str) -> Callable[[Results], str]:
    """Cost of an alternative minus that of the plan, in millions."""
    return lambda results: estimate_text(results.plan["evaluation"][name]["cost_minus_plan"])


def best_text(results: Results) -> str:
    """The evaluated plan of least mean cost.

    If the plan makes no units, its crews and kits without units are the same decisions, and are not considered.
    """
    same = set() if total_units(results) >= 1.0 else {NO_UNITS}
    evaluation = results.plan["evaluation"].items()
    costs = {name: values["cost"]["mean"] for name, values in evaluation if name not in same}
    least = min(costs, key=lambda name: costs[name])
    difference = results.plan["evaluation"][least]["cost_minus_plan"]
    if least == "plan":
        return "the plan"
    return f"{least}: {digits(-difference['mean'])} ± {digits(Z_95 * difference['se_mean'], 2)} less than the plan"


def gap_text(results: Results) -> str:
    """The optimality gap of the search, and its estimate on other futures."""
    estimate, gain = results.plan["gap_estimated"], max(1e-9, -results.plan["upper"])
    text = f"{percent(results.plan['gap'], 2)} of the plan's gain of {digits(gain)}"
    if estimate is None:
        return text
    bound = digits(estimate["below_95"])
    return f"{text}; on other futures {digits(estimate['mean'])}, below {bound} with 95 % confidence"


def units_value_text(results: Results) -> str:
    """Cost of units minus none, given the plan's crews and kits, and the answer."""
    value = results.plan["units"]
    difference = value["cost"]
    half_width = Z_95 * difference["se_mean"]
    answer = "not distinguishable from zero"
    if difference["mean"] + half_width < 0.0:
        answer = "units pay"
    elif difference["mean"] - half_width > 0.0:
        answer = "units do not pay"
    units = f"{digits(value['units'])} units" + ("" if value["plan"] == "plan" else f" ({value['plan']})")
    return f"**{answer}**: {units}: {estimate_text(difference)}"


def break_even_text(results: Results) -> str:
    """The break-even values of the summary, without their intervals."""
    items = results.plan["units"]["break_even"]
    if not items:
        return next((line for line in results.summary if "over the range (P1 to P99)" in line), "–")
    texts = []
    for item in items[:5]:
        side, unit = "above" if item["pays_above"] else "below", f" {item['unit']}" if item["unit"] else ""
        low, high = (digits(end) if isinstance(end, float) else "no bound" for end in (item["low"], item["high"]))
        texts.append(f"{item['meaning']} {side} {digits(item['value'])}{unit} ({low} to {high})")
    return "units pay if: " + "; ".join(texts)


def answer_rows(months: int) -> dict[str, Callable[[Results], str]]:
    """The rows of the table of what calibration changed: name, and text of the results."""
    million = 1e6
    return {
        "leakers prevented by the programme, excluding decoys": key_result("leakers-prevented/excluding-decoys"),
        "leakers, excluding decoys": key_result("leakers/excluding-decoys"),
        "drones stopped, %": key_result("stopped/drones"),
        "sorties of all makers' units a month": key_result("sorties", months),
        "kills by interceptors a month": key_result("kills", months),
        "kills per sortie": key_result("kills/sortie"),
        "units received from other makers": lambda results: estimate_text(received_from_others(results)),
        "cost of the programme, M GBP": key_result("programme/cost", million),
        "damage avoided by the programme, M GBP": key_result("damage/avoided", million),
        "net benefit (damage avoided and spend saved, less cost), M GBP": lambda results: estimate_text(
            interval(net_benefit(results.run)), million
        ),
        "best plan: units requested": units_text,
        "best plan: crews trained and kits ordered": crews_text,
        "alternative of least cost, M GBP": best_text,
        "no programme minus the plan, M GBP": alternative_text(NO_PROGRAMME),
        "baseline decisions minus the plan, M GBP": alternative_text(BASELINE),
        "do units pay, given the plan's crews and kits? Difference in cost and losses, M GBP": units_value_text,
        "break-even values (95 % interval)": break_even_text,
        "optimality gap, M GBP": gap_text,
    }


def received_from_others(results: Results) -> Interval:
    """Units of other makers that the regions receive."""

    def received(view: View) -> NDArray[np.float64]:
        designs = view.designs_by_owner[OTHERS]
        return np.asarray(view.tally("received").sum(axis=(1, 2))[:, designs].sum(axis=1), np.float64)

    return interval(by_future(results.run, received))


def all_units_serve(folder: Path) -> Interval:
    """Leakers prevented, excluding decoys, with the priors if all units of other makers serve the regions."""
    run, name = folder / "all-serve-run", "service.other.share"
    if not (run / "run.json").exists():
        scenario = op.load(folder / "priors")
        text = scenario.files[ASSUMPTIONS]
        row = next(row for row in row_dicts(text) if row["name"] == name)
        certain = {**row, "value": "1", "low": "", "high": "", "distribution": "fixed"}
        changed = with_files(scenario, {ASSUMPTIONS: replace_rows(text, "name", {name: certain})})
        op.simulate(changed, FUTURES, 1).save(run)
    return op.read(run).key_results()["leakers-prevented/excluding-decoys"].interval


def inside(rows: Sequence[dict[str, str]], state: str) -> int:
    """Number of observations between P10 and P90 of the prior or the posterior."""
    bands = [(float(row["observed"]), *numbers(row, quantile_names(state))) for row in rows]
    return sum(low <= observed <= high for observed, low, _, high in bands)


def learned_section(calibrated: Path) -> str:
    """What was learned, and the observations next to their bands."""
    scenario, evidence = op.load(calibrated), calibrated / "calibration"
    method = json.loads((evidence / "method.json").read_text("utf-8"))
    learned, observations = rows_of(evidence / "assumptions.csv"), rows_of(evidence / "observations.csv")
    informed = [row["assumption"] for row in learned if row["informed"] == "1"]
    levels = sum(name.startswith(f"{LEVELS}.") for name in informed)
    futures, waves, effective = sum(method["futures"]), len(method["futures"]), method["effective_draws"]
    count, posterior, prior = len(observations), inside(observations, "posterior"), inside(observations, "prior")
    return f"""\
## What was learned about octopus

```text
{CALIBRATION}
```

{count} observations inform {len(informed)} of {len(learned)} uncertain assumptions, of which {levels} are levels of a
layer in a single month. {futures:,} futures were simulated in {waves} waves; Pareto k of the last wave is
{method["pareto_k"][-1]:.2f}, and the joint draws have {effective:.0f} effective draws. The most informed assumptions,
the most informed first, without the levels of single months:

{learned_table(scenario, learned)}
The table compares the observations with the bands of simulated futures.
{posterior} of {count} lie between P10 and P90 of the posterior,
{prior} between those of the prior. They were used in the calibration, so this is not
a test of forecasts; for such a test see [the section on months not used](#is-it-better-on-months-not-used).

{observation_table(scenario, observations)}
"""


def answer_section(results: dict[str, Results], all_serve: Interval) -> str:
    """What calibration changed in the answer.

    all_serve
        Leakers prevented, with the priors, if all units of other makers serve the regions.
    """
    months = len(view_of(results["calibrated"].run).names.months)
    rows = [(name, *(text(results[state]) for state in SCENARIOS)) for name, text in answer_rows(months).items()]
    leakers = {
        state: item.run.key_results()["leakers-prevented/excluding-decoys"].interval for state, item in results.items()
    }
    means = {state: digits(estimate.mean) for state, estimate in leakers.items()}
    ratio = 100.0 * (leakers["calibrated"].p90 - leakers["calibrated"].p10)
    ratio /= leakers["priors"].p90 - leakers["priors"].p10
    return f"""\
## What calibration changed in the answer

Each estimate is the mean ± the half-width of its 95 % confidence interval, with P10 to P90 over the futures in
brackets, for the {months} months of the scenario (`octoplan run DIR --futures {FUTURES}`, `octoplan plan DIR`; seed 1).
The scenario before calibration is that of commit {COMMIT} (`git archive {COMMIT} src/octoplan/scenarios/octopus`),
simulated by the present model. The priors are those of `octoplan.scenario.calibrated.with_priors`, without the levels
of single months.

{table(("", *SCENARIOS.values()), rows)}
- The programme prevents {means["calibrated"]} leakers on average, excluding decoys, compared with
  {means["before"]} before.
  The new terms and their priors cause the largest change ({means["priors"]}). One of these terms is the share of
  other makers' interceptors that serves the regions: with the priors and a share of 100 %, the programme prevents
  {estimate_text(all_serve)}.
- The observations reduce the mean, and they reduce the range from P10 to P90 to {ratio:.0f} % of that of the priors.
- Whether units pay still depends on that share: its break-even value lies inside its posterior range, and no
  published figure gives more information on it.

"""


def block(calibrated: Path, folder: Path) -> str:
    """The text between the marks."""
    results = {name: results_of(name, folder, calibrated) for name in SCENARIOS}
    return learned_section(calibrated) + answer_section(results, all_units_serve(folder))


def write(text: str) -> None:
    """Rewrite the block of the page."""
    page = PAGE.read_text("utf-8")
    if not MARK.search(page):
        raise ValueError(f"{PAGE.name} has no block for the calibration")
    PAGE.write_text(MARK.sub(lambda match: match[1] + text + match[2], page), "utf-8")


if __name__ == "__main__":
    write(block(Path(sys.argv[1]), Path(sys.argv[2])))
