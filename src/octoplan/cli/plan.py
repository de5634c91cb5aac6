"""``octoplan plan``: a plan, its evidence, and the decisions that ``octoplan run`` flies as they are."""

import csv
import io
import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from cyclopts import Parameter

from octoplan.cli.console import MAX_THREADS, check_number, say, warn, wrote
from octoplan.executors import thread_pool

if TYPE_CHECKING:
    from octoplan.plan.optimise import Plan
    from octoplan.plan.results.evaluation import Apart, Flights
    from octoplan.plan.results.frontier import Frontier
    from octoplan.scenario import Scenario
    from octoplan.scenario.plan_options import PlanOptions

CALENDARS = ("Gates", "Hiring", "Orders")
"""Sheets of the workbook that also stand as CSV; what else is of interest by month is in plan.csv."""

MEASURES = ("cost", "spend", "loss", "damage", "stopped", "leaked", "made")

Several = Annotated[tuple[str, ...], Parameter(consume_multiple=True, negative=())]


def plan(
    scenario: str,
    *,
    out: Path | None = None,
    futures: int = 60,
    unseen: int = 300,
    seed: int = 1,
    gap: float = 0.5,
    batches: int = 4,
    batch: int = 40,
    time_limit: float = 120.0,
    frontier: str | None = None,
    objective: str | None = None,
    tail: float | None = None,
    level: float | None = None,
    share: Several = (),
    budget: Several = (),
    jobs: Several = (),
    most: Several = (),
    target: float | None = None,
    by: str | None = None,
    shortage: float | None = None,
    stopped: float | None = None,
    confidence: float | None = None,
    fixed: Several = (),
    from_: Annotated[str | None, Parameter(name="--from")] = None,
    state: Path | None = None,
    frozen: int = 0,
    threads: int | None = None,
) -> None:
    """Plan where to make interceptors, how fast, and with which crews and kits; write a plan folder.

    What is wanted stands in [plan] of decisions.toml; an option takes the place of its field there.

    Parameters
    ----------
    scenario
        A scenario folder, or the name of a shipped one.
    out
        The plan folder; plans/SCENARIO-SEED-FUTURES if not given. Must not exist, or be empty.
    futures
        Futures the plan is made for.
    unseen
        Futures that plan and rivals are flown through; 0 leaves the flight out, 1,000 make a good one.
    seed
        What the draws depend on.
    gap
        Per cent of the plan's worth at which the search may stop.
    batches
        Batches of further futures on which the gap to the true optimum is estimated; 0 leaves that out.
    batch
        Futures in each batch.
    time_limit
        Seconds for the search; the best plan until then is written, with its gap.
    frontier
        A country whose share of the units is planned for from none to all, each flown through half of the unseen
        futures.
    objective
        least-cost, or most-stopped for the budgets.
    tail
        Weight of the dearest futures against the mean, 0 to 1.
    level
        Beyond which share of futures costs count as tail.
    share
        Bounds on a country's share of the units asked, such as uk=0.3:0.6.
    budget
        What a payer may spend on what is decided, such as uk-mod=80e6 or uk-mod:2026=40e6, in the reporting currency.
    jobs
        Direct jobs at least, the mean over the horizon, such as uk=300.
    most
        Good units a month at most of a plant, such as uk-1=500.
    target
        Good units a month to reach.
    by
        The month to reach them by, such as 2026-06.
    shortage
        Price of a unit short of the target, in the reporting currency.
    stopped
        Share of all threats to stop, such as 0.9.
    confidence
        Share of futures in which target and share of threats must be reached.
    fixed
        Decisions to leave as they are: crews, kits, output.PLANT, lines.PLANT.
    from_
        The month to plan from anew, such as 2026-03; months before it are past.
    state
        What is known on its first day: a state.csv, or a run folder whose futures' median is taken.
    frozen
        Months from then on whose decisions stay.
    threads
        Threads to work on; all cores if not given.

    """
    from octoplan.errors import PlanError
    from octoplan.plan.goals import aims_of
    from octoplan.plan.optimise import optimise
    from octoplan.plan.results import evaluation as flight
    from octoplan.plan.results import narrative as words
    from octoplan.plan.results.frontier import frontier as split
    from octoplan.plan.results.remedies import ways_out
    from octoplan.scenario import load

    check_number("--threads", threads, 1, MAX_THREADS)
    read = gone_on(load(scenario), state, from_)
    folder = out or Path("plans", f"{Path(scenario).name}-{seed}-{futures}")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise PlanError(f"{folder}: exists and is not an empty folder; choose another with --out")
    if not 0.0 < gap < 100.0:
        raise PlanError(f"a gap of {gap:g} per cent cannot be; write one between 0 and 100, such as 0.5")
    currency = read.currency
    given = {
        "objective": objective, "tail": tail, "level": level, "target": target, "by": by,
        "shortage": None if shortage is None else f"{shortage} {currency}", "stopped": stopped,
        "confidence": confidence, "fixed": list(fixed) or None, "share": pairs(share, "uk=0.3:0.6", bounds),
        "budget": budgets(budget, currency), "jobs": pairs(jobs, "uk=300", float),
        "most": pairs(most, "uk-1=500", float),
    }  # fmt: skip
    aims = aims_of(read, wanted_of(read, given))
    with thread_pool(threads) as executor:
        found = optimise(
            read, aims, futures=futures, seed=seed, gap=gap / 100.0, time_limit=time_limit, batches=batches,
            batch=batch, frozen=frozen, executor=executor, progress=bar(),
        )  # fmt: skip
        out_of_it = ways_out(found, executor=executor, progress=bar())
        apart = flight.disagreement(found, seed=seed, executor=executor)
        flights, front = None, None
        if unseen:
            flights = flight.fly_plans(read, found, futures=unseen, seed=seed, executor=executor, progress=bar())
        if frontier is not None:
            half = max(2, unseen // 2)
            front = split(read, found, frontier, futures=half, seed=seed, executor=executor, progress=bar())
    lines = words.summary(found) + out_of_it + words.apart(apart)
    lines += [] if flights is None else words.flown(flights, currency)
    lines += [] if front is None else words.split(front)
    write(folder, found, flights, apart, front, lines)
    say("\n".join(lines))
    wrote(folder)


def gone_on(scenario: "Scenario", state: Path | None, month: str | None) -> "Scenario":
    """The scenario with what is known on the first day of a month. Raises PlanError where the two do not fit."""
    from octoplan.errors import PlanError
    from octoplan.plan.goals import known
    from octoplan.scenario.scenario import with_state

    if month is not None:
        known(month, scenario.names.months, "month")
    if state is not None:
        scenario = with_state(scenario, state_text(state, month))
    since = "" if scenario.known_from is None else f"{scenario.known_from:%Y-%m}"
    if month is not None and not since:
        raise PlanError("--from needs what is known by then; add --state with a state.csv or a run folder")
    if month is not None and since != month:
        raise PlanError(f"--from {month}: the state is known of {since}; write --from {since}, or another --state")
    return scenario


def state_text(state: Path, month: str | None) -> str:
    """A state.csv as it stands, or that of a run's median future. Raises PlanError for a run without a month."""
    from octoplan.errors import PlanError
    from octoplan.outcomes.state import state_of
    from octoplan.outcomes.store import read

    if not state.is_dir():
        return state.read_text("utf-8")
    if month is None:
        raise PlanError(f"{state} is a run, which knows every month; add --from with the month to go on from")
    found = state_of(read(state), date.fromisoformat(f"{month}-01"), str(state))
    if found.missing:
        names = " ".join(found.missing)
        warn(f"simulated, because the run did not keep it: {names}; to include it, run again with --keep {names}")
    return found.text


def wanted_of(scenario: "Scenario", given: Mapping[str, Any]) -> "PlanOptions":
    """The scenario's ``[plan]`` with what the options give in its place. Raises PlanError for one that cannot be."""
    from pydantic import ValidationError

    from octoplan.errors import PlanError
    from octoplan.scenario.decisions import explain
    from octoplan.scenario.plan_options import PlanOptions

    own = scenario.decisions.plan.model_dump(exclude_unset=True)
    for name, value in given.items():
        if isinstance(value, dict):
            own[name] = {**own.get(name, {}), **value}
        elif value is not None:
            own[name] = value
    try:
        return PlanOptions.model_validate(own)
    except ValidationError as error:
        details = error.errors(include_url=False)[0]
        raise PlanError(f"--{str(details['loc'][0]).replace('_', '-')}: {explain(details)}") from None


def pairs(options: tuple[str, ...], example: str, read: Callable[[str], Any]) -> dict[str, Any]:
    """NAME=VALUE options by name. Raises PlanError for one of another shape."""
    from octoplan.errors import PlanError

    found = {}
    for option in options:
        name, _, text = option.partition("=")
        try:
            found[name] = read(text)
        except ValueError:
            raise PlanError(f"{option!r} cannot be read; write it like {example}") from None
    return found


def bounds(text: str) -> list[float]:
    low, high = text.split(":")
    return [float(low), float(high)]


def budgets(options: tuple[str, ...], currency: str) -> dict[str, Any]:
    """PAYER=AMOUNT and PAYER:YEAR=AMOUNT options as ``[plan.budget]`` has them."""
    found: dict[str, Any] = {}
    for name, amount in pairs(options, "uk-mod=80e6 or uk-mod:2026=40e6", float).items():
        payer, _, year = name.partition(":")
        text = f"{amount!r} {currency}"
        found[payer] = {**found.get(payer, {}), year: text} if year else text
    return found


def bar() -> Callable[[str, int, int], None]:
    """A line on stderr that says what goes on; silent where stderr is no terminal."""

    def told(what: str, done: int, total: int) -> None:
        if sys.stderr.isatty():
            count = f"{done} of {total}" if total else f"step {done}"
            sys.stderr.write(f"\r{what}: {count}\033[K" + ("\n" if total and done == total else ""))
            sys.stderr.flush()

    return told


def table_text(found: "Plan") -> str:
    """All tables as one CSV: quantity, item, month, unit, mean, P10, P90."""
    from octoplan.plan.results.narrative import series

    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(("quantity", "item", "month", "unit", "mean", "p10", "p90"))
    for name, table in found.tables.items():
        for item, values in series(table):
            low, high = np.quantile(values, (0.1, 0.9), axis=0)
            for month, *cells in zip(table.axes["month"], values.mean(0), low, high, strict=True):
                writer.writerow((name, item, month, table.unit, *(f"{cell:.6g}" for cell in cells)))
    return out.getvalue()


def write(
    folder: Path, found: "Plan", flights: "Flights | None", apart: "Mapping[str, Apart]", front: "Frontier | None",
    lines: list[str],
) -> None:  # fmt: skip
    """The plan's decisions, evidence and tables, its workbook and its page."""
    from octoplan.outcomes.files import atomic_write
    from octoplan.plan.results import sheets as account
    from octoplan.scenario.files import STATE, decode
    from octoplan.show.plan_page import page
    from octoplan.show.workbook import workbook

    leaves = account.leaves(found, flights)
    contents: dict[str, str | bytes] = {
        "decisions.toml": found.text,
        **({STATE: decode(found.scenario.files[STATE])} if STATE in found.scenario.files else {}),
        "plan.csv": table_text(found),
        "summary.txt": "\n".join(lines) + "\n",
        "evidence.json": json.dumps(evidence(found, flights, apart, front), indent=1) + "\n",
        **{f"{leaf.name.lower()}.csv": leaf.csv(significant=6) for leaf in leaves if leaf.name in CALENDARS},
        "plan.xlsx": workbook(leaves),
        "plan.html": page(found, flights, apart, front),
    }
    for name, content in contents.items():
        atomic_write(folder / name, content)


def evidence(
    found: "Plan", flights: "Flights | None", apart: "Mapping[str, Apart]", front: "Frontier | None"
) -> dict[str, Any]:
    """What the plan rests on, as plain data."""
    from octoplan.outcomes.intervals import interval
    from octoplan.plan.results import narrative as words

    sampled, values = found.sampled, found.values
    told: dict[str, Any] = {
        "scenario": found.scenario.title,
        "objective": found.aims.objective,
        "unit": found.unit,
        "status": found.status,
        "lower": found.lower,
        "upper": found.upper,
        "gap": found.gap,
        "gap_estimated": None
        if sampled is None
        else {"mean": sampled.mean, "below_95": sampled.below(), "batches": len(sampled.plan)},
        "value_of_stochastic_solution": None if values is None else values.vss,
        "value_of_perfect_information": None if values is None else values.evpi,
        "attained": found.attained,
        "iterations": found.iterations,
        "seconds": found.seconds,
        "learning": {"turns": found.learning.rounds, "change": found.learning.change},
        "curves": str(found.curves.error),
        "limits": {limit.name: {"value": limit.at(found.solved.x), "unit": limit.unit} for limit in found.model.limits},
        "binding": words.binding(found),
        "short": words.shortfalls(found),
        "remarks": list(found.remarks),
        "linear_against_flown": {name: asdict(one) for name, one in apart.items()},
    }
    if flights is not None:
        told["flown"] = {
            name: {
                **{measure: asdict(flights.quantiles(name, measure)) for measure in MEASURES},
                "cost_less_plan": asdict(flights.difference(name)),
                "stopped_less_plan": asdict(flights.difference(name, "stopped")),
                "regret": asdict(flights.regret(name)),
            }
            for name in flights.flown
        }
    if front is not None:
        told["frontier"] = {
            "country": front.country,
            "breaks": list(front.breaks),
            "shares": [
                {
                    "share": float(front.shares[i]),
                    "cost": asdict(interval(front.cost[i])),
                    "stopped": asdict(interval(front.stopped[i])),
                    "jobs": {country: asdict(interval(each[i])) for country, each in front.jobs.items()},
                    "dominated": bool(front.dominated[i]),
                }
                for i in range(len(front.shares))
            ],
        }
    return told
