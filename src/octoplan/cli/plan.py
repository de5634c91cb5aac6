"""``octoplan plan``: optimise a plan, evaluate it, and write a folder with its decisions and supporting data."""

import json
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from octoplan.cli.console import (
    MAX_THREADS,
    ListOption,
    check_number,
    compilation_notice,
    print_line,
    print_warning,
    report_written,
    scenario_name,
)
from octoplan.executors import thread_pool

if TYPE_CHECKING:
    from octoplan.plan.goals import Goals
    from octoplan.plan.results.folder import PlanResults
    from octoplan.scenario import Scenario

CSV_SHEETS = ("Gates", "Hiring", "Orders")
"""Sheets of the workbook that are also written as CSV; monthly quantities are in plan.csv."""

DEFAULT_FRONTIER_FUTURES = 150
"""Number of futures on which each share of the frontier is evaluated unless ``--unseen`` is given."""


def plan(
    scenario: str,
    *,
    out: Path | None = None,
    futures: int = 64,
    unseen: int | None = None,
    seed: int = 1,
    gap: float = 0.2,
    batches: int = 2,
    batch: int = 48,
    time_limit: float = 600.0,
    frontier: str | None = None,
    objective: str | None = None,
    tail: float | None = None,
    level: float | None = None,
    share: ListOption = (),
    budget: ListOption = (),
    jobs: ListOption = (),
    most: ListOption = (),
    target: float | None = None,
    by: str | None = None,
    shortage: float | None = None,
    stopped: float | None = None,
    confidence: float | None = None,
    fixed: ListOption = (),
    from_: Annotated[str | None, Parameter(name="--from")] = None,
    state: Path | None = None,
    frozen: int = 0,
    threads: int | None = None,
) -> None:
    """Plan where to produce interceptors, how fast, and with which crews and kits; write a plan folder.

    Goals and constraints are stated in [plan] of decisions.toml; an option replaces the field of the same name.

    Parameters
    ----------
    scenario
        A scenario folder or workbook (.xlsx), or the name of a built-in scenario.
    out
        The plan folder; plans/SCENARIO-SEED-FUTURES by default. It must be empty or not exist.
    futures
        Number of futures in the optimisation.
    unseen
        Number of futures in the out-of-sample evaluation of the plan and its alternatives; by default as many as the
        differences in cost need to be precise, at most 300; 0 for no evaluation.
    seed
        Seed of all random draws.
    gap
        Optimality gap at which the search may stop, in per cent of the plan's gain.
    batches
        Number of batches of further futures on which the optimality gap is estimated; 0 for no estimate.
    batch
        Number of futures in each batch.
    time_limit
        Time limit of the search in seconds; if it is reached, the best plan found by then is written, with a remark
        and its optimality gap.
    frontier
        A country; a plan is computed for each share of units made there, from 0 to 100 %, and evaluated on half of
        the unseen futures, by default 150.
    objective
        least-cost: least expected cost and losses. most-stopped: most threats stopped within the budgets.
    tail
        Weight of the conditional value at risk against the mean cost, 0 to 1.
    level
        Level of the conditional value at risk: 0.9 for the most expensive tenth of futures.
    share
        Bounds on a country's share of the units requested, such as uk=0.3:0.6.
    budget
        Upper bound on the expected spend of a payer, in the reporting currency, such as uk-mod=80e6, or
        uk-mod:2026=40e6 for a calendar year.
    jobs
        Lower bound on direct jobs in a country, averaged over the horizon, such as uk=300.
    most
        Upper bound on the good units requested per month from a plant, such as uk-1=500.
    target
        Output target, in good units per month.
    by
        First month in which the target applies, such as 2026-06.
    shortage
        Penalty per unit short of the target, in the reporting currency.
    stopped
        Share of all threats to stop, such as 0.9.
    confidence
        Share of futures in which the target and the share of threats stopped must be reached.
    fixed
        Decisions kept as in the scenario: crews, kits, output.PLANT, lines.PLANT.
    from_
        First month to plan, such as 2026-03; requires --state.
    state
        State of the programme on the first day of the first month to plan: a state.csv, or a run folder, of which the
        median over futures is used.
    frozen
        Number of months, from the first planned month, whose decisions stay as in the scenario.
    threads
        Number of threads; by default one for each core.

    """
    from octoplan.plan.goals import SearchSettings
    from octoplan.plan.optimise import optimise
    from octoplan.plan.results.evaluation import discrepancies, evaluate
    from octoplan.plan.results.folder import PlanResults
    from octoplan.plan.results.frontier import frontier as frontier_of
    from octoplan.plan.results.remedies import remedies
    from octoplan.scenario import load

    check_number("--threads", threads, 1, MAX_THREADS)
    loaded = with_known_state(load(scenario), state, from_)
    folder = out or Path("plans", f"{scenario_name(scenario)}-{seed}-{futures}")
    settings = (futures, seed, gap / 100.0, time_limit, batches, batch, frozen)
    single_values = {
        "objective": objective, "tail": tail, "level": level, "target": target, "by": by,
        "shortage": None if shortage is None else f"{shortage} {loaded.currency}", "stopped": stopped,
        "confidence": confidence, "fixed": list(fixed) or None,
    }  # fmt: skip
    values_by_name = {"share": share, "budget": budget, "jobs": jobs, "most": most}
    goals = run_checks(
        lambda: SearchSettings(*settings),
        lambda: check_evaluation_options(loaded, unseen, frontier),
        lambda: check_plan_folder(folder),
        lambda: goals_with_options(loaded, single_values, values_by_name),
    )
    report_progress = progress_reporter()
    with thread_pool(threads) as executor, compilation_notice():
        best_plan = optimise(
            loaded, goals, futures=futures, seed=seed, gap=gap / 100.0, time_limit=time_limit, batches=batches,
            batch=batch, frozen=frozen, executor=executor, progress=report_progress,
        )  # fmt: skip
        shared: dict[str, Any] = {"seed": seed, "executor": executor, "progress": report_progress}
        results = PlanResults(
            best_plan,
            remedies=tuple(remedies(best_plan, executor=executor, progress=report_progress)),
            discrepancies=discrepancies(best_plan, seed=seed, executor=executor),
            evaluation=None if unseen == 0 else evaluate(loaded, best_plan, futures=unseen, **shared),
            frontier=frontier_of(loaded, best_plan, frontier, futures=frontier_futures(unseen), **shared)
            if frontier is not None
            else None,
        )
    write_plan_folder(folder, results)
    print_line("\n".join(results.lines))
    report_written(folder)


def run_checks(*checks: Callable[[], Any]) -> Any:
    """Run all checks and return the result of the last. Raises PlanError with the problems found by any of them."""
    from octoplan.errors import PlanError

    result, problems = None, []
    for check in checks:
        try:
            result = check()
        except PlanError as error:
            problems.append(str(error))
    if problems:
        raise PlanError("\n".join(problems))
    return result


def check_evaluation_options(scenario: "Scenario", unseen: int | None, country: str | None) -> None:
    """Check the number of unseen futures and the country of the frontier. Raises PlanError if either is invalid."""
    from octoplan.plan.goals import MAX_FUTURES, raise_problems, whole_number_problem
    from octoplan.plan.results.frontier import check_frontier

    problems = [] if unseen is None else list(whole_number_problem("number of unseen futures", unseen, 0, MAX_FUTURES))
    if unseen == 1:
        problems.append("one unseen future gives no confidence interval; write 0 or at least 2 unseen futures")
    raise_problems(problems)
    if country is not None:
        check_frontier(scenario, country, frontier_futures(unseen))


def frontier_futures(unseen: int | None) -> int:
    """Number of futures on which each share of the frontier is evaluated: half of the unseen futures."""
    return DEFAULT_FRONTIER_FUTURES if unseen is None else max(2, unseen // 2)


def check_plan_folder(folder: Path) -> None:
    """Check the plan folder. Raises PlanError if the folder is not empty or cannot be created."""
    from octoplan.errors import PlanError

    try:
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise PlanError(f"{folder}: exists and is not an empty folder; choose another with --out")
        parent = next(path for path in folder.absolute().parents if path.exists())
        if not parent.is_dir():
            raise PlanError(f"{folder}: cannot be created, since {parent} is not a folder; choose another with --out")
    except OSError as error:
        raise PlanError(f"{folder}: cannot be used: {error.strerror or error}; choose another with --out") from None


def goals_with_options(
    scenario: "Scenario", single_values: dict[str, Any], values_by_name: dict[str, tuple[str, ...]]
) -> "Goals":
    """The scenario's goals, with fields replaced by command-line options.

    single_values, values_by_name
        Options with a single value, and options of the form NAME=VALUE, by field of the goals.

    Raises PlanError if options are invalid, and lists all problems.
    """
    from octoplan.errors import PlanError
    from octoplan.plan.goals import goals_of, options_with, raise_problems

    problems: list[str] = []
    by_name = {field: named_values(field, texts, problems) for field, texts in values_by_name.items()}
    values = {**single_values, **by_name}
    values["budget"] = budget_table(values["budget"], scenario.currency, problems)
    try:
        goals = goals_of(scenario, options_with(scenario, values))
    except PlanError as error:
        raise_problems([*problems, *str(error).split("\n")])
        raise
    raise_problems(problems)
    return goals


OPTION_EXAMPLES = {
    "share": "uk=0.3:0.6", "budget": "uk-mod=80e6 or uk-mod:2026=40e6", "jobs": "uk=300", "most": "uk-1=500",
}  # fmt: skip
"""Example values of the NAME=VALUE options, shown in messages."""


def named_values(field: str, texts: tuple[str, ...], problems: list[str]) -> dict[str, Any]:
    """Values of NAME=VALUE options by name; a sentence for each invalid option is appended to ``problems``."""
    from octoplan.errors import QuantityError
    from octoplan.scenario.quantities import parse_number

    values: dict[str, Any] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        try:
            numbers = [parse_number(part) for part in value.split(":")]
        except QuantityError as error:
            problems.append(f"--{field} {text}: {error}; write it like {OPTION_EXAMPLES[field]}")
            continue
        if not name or not equals or len(numbers) != (2 if field == "share" else 1):
            problems.append(f"--{field} {text!r} cannot be read; write it like {OPTION_EXAMPLES[field]}")
        elif name in values:
            problems.append(f"--{field} {text}: {name} is given twice; give it once")
        else:
            values[name] = numbers if field == "share" else numbers[0]
    return values


def budget_table(amounts: dict[str, float], currency: str, problems: list[str]) -> dict[str, Any]:
    """Convert amounts by PAYER or PAYER:YEAR to the format of the table ``[plan.budget]``."""
    table: dict[str, Any] = {}
    for name, amount in amounts.items():
        payer, colon, year = name.partition(":")
        text = f"{amount!r} {currency}"
        if not colon:
            if payer in table:
                problems.append(f"--budget {payer}: is given for the horizon and by year; give only one of them")
            table[payer] = text
        elif isinstance(table.setdefault(payer, {}), str):
            problems.append(f"--budget {payer}: is given for the horizon and by year; give only one of them")
        else:
            table[payer][year] = text
    return table


def with_known_state(scenario: "Scenario", state: Path | None, month: str | None) -> "Scenario":
    """The scenario with the state of the programme on the first day of a month.

    Raises PlanError if the month is missing from the scenario or differs from that of the state.
    """
    from octoplan.errors import PlanError
    from octoplan.plan.goals import index_of
    from octoplan.scenario.scenario import with_state

    if month is not None:
        index_of(month, scenario.names.months, "month")
    if state is not None:
        scenario = with_state(scenario, state_text(state, month))
    known_from = "" if scenario.known_from is None else f"{scenario.known_from:%Y-%m}"
    if month is not None and not known_from:
        raise PlanError(
            "--from needs the state of the programme at the start of that month; add --state with a state.csv or a run "
            "folder"
        )
    if month is not None and known_from != month:
        raise PlanError(
            f"--from {month}: the state is that at the start of {known_from}; write --from {known_from}, "
            "or give another --state"
        )
    return scenario


def state_text(state: Path, month: str | None) -> str:
    """The text of a state.csv, or the median state of a run at the start of ``month``, in the same format.

    Raises PlanError if ``state`` is a run folder and ``month`` is None.
    """
    from octoplan.errors import PlanError, ScenarioError
    from octoplan.outcomes.state import state_of
    from octoplan.outcomes.store import read
    from octoplan.scenario.files import utf8_text
    from octoplan.scenario.report import Report

    if not state.is_dir():
        report = Report("")
        try:
            text = utf8_text(str(state), state.read_bytes(), report)
        except OSError as error:
            raise PlanError(f"{state}: cannot be read: {error.strerror or error}") from None
        if text is None:
            raise ScenarioError(report.problems)
        return text
    if month is None:
        raise PlanError(f"{state} is a run, which has a state for every month; add --from with the first month to plan")
    median = state_of(read(state), date.fromisoformat(f"{month}-01"), str(state))
    if median.missing_tallies:
        names = " ".join(median.missing_tallies)
        print_warning(
            f"the run did not keep these tallies, so they are simulated up to {month}: {names}; to take them from the "
            f"run, run again with --keep {names}"
        )
    return median.text


def progress_reporter() -> Callable[[str, int, int], None]:
    """A callback that shows progress on one line of standard error, if standard error is a terminal."""

    def report_progress(activity: str, completed: int, total: int) -> None:
        if sys.stderr.isatty():
            count = f"{completed} of {total}" if total else f"iteration {completed}"
            sys.stderr.write(f"\r{activity}: {count}\033[K" + ("\n" if total and completed == total else ""))
            sys.stderr.flush()

    return report_progress


def write_plan_folder(folder: Path, results: "PlanResults") -> None:
    """Write the plan folder: decisions, supporting data, tables, workbook and page."""
    from octoplan.outcomes.files import atomic_write
    from octoplan.plan.results.folder import evidence, plan_table
    from octoplan.plan.results.sheets import sheets
    from octoplan.scenario.files import STATE, decode
    from octoplan.show.plan_page import page
    from octoplan.show.workbook import workbook

    plan = results.plan
    tables = sheets(plan, results.evaluation)
    contents: dict[str, str | bytes] = {
        "decisions.toml": plan.text,
        **({STATE: decode(plan.scenario.files[STATE])} if STATE in plan.scenario.files else {}),
        "plan.csv": plan_table(plan).csv(significant=6),
        "summary.txt": "\n".join(results.lines) + "\n",
        "evidence.json": json.dumps(evidence(results), indent=1) + "\n",
        **{f"{table.name.lower()}.csv": table.csv(significant=6) for table in tables if table.name in CSV_SHEETS},
        "plan.xlsx": workbook(tables),
        "plan.html": page(results),
    }
    for name, content in contents.items():
        atomic_write(folder / name, content)
