"""``octoplan plan``: a plan, its evidence, and the decisions that ``octoplan run`` flies as they are."""

import csv
import io
import json
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from cyclopts import Parameter

from octoplan.commands import BAD, cores, leave, spoken

if TYPE_CHECKING:
    from octoplan.plan.flight import Disagreement, Flights
    from octoplan.plan.model import Aims
    from octoplan.plan.optimise import Plan

WIDE = 1.96
"""Standard errors either side of a mean that hold 95 % of luck."""

CALENDARS = ("Gates", "Hiring", "Orders")
"""Sheets of the workbook that also stand as CSV; what else is of interest by month is in plan.csv."""

MEASURES = ("cost", "spend", "loss", "damage", "stopped", "leaked", "made")


def plan(
    scenario: str,
    *,
    out: Path | None = None,
    futures: int = 60,
    unseen: int = 200,
    seed: int = 1,
    gap: float = 0.5,
    batches: int = 0,
    time_limit: float = 120.0,
    share: Annotated[tuple[str, ...], Parameter(consume_multiple=True, negative=())] = (),
    budget: Annotated[tuple[str, ...], Parameter(consume_multiple=True, negative=())] = (),
    target: float | None = None,
    by: str | None = None,
    shortage: float = 5000.0,
    tail: float = 0.0,
    level: float = 0.9,
    threads: int | None = None,
) -> None:
    """Plan where to make interceptors, how fast, and with which crews and kits; write a plan folder.

    Parameters
    ----------
    scenario
        A scenario folder, or the name of a shipped one.
    out
        The plan folder; plans/SCENARIO-SEED-FUTURES if not given. Must not exist, or be empty.
    futures
        Futures the plan is made for.
    unseen
        Futures that plan and rivals are flown through; 0 leaves the flight out.
    seed
        What the draws depend on.
    gap
        Per cent of the plan's worth at which the search may stop.
    batches
        Batches of 20 further futures on which the gap to the true optimum is estimated; 0 leaves that out, 5 or more
        give a useful interval.
    time_limit
        Seconds for the search; the best plan until then is written, with its gap.
    share
        Bounds on a country's share of the units asked, such as uk=0.3:0.6.
    budget
        What a payer may spend on what is decided, such as uk-mod=80e6, in the reporting currency.
    target
        Good units a month to reach.
    by
        The month to reach them by, such as 2026-06.
    shortage
        Price of a unit short of the target, in the reporting currency.
    tail
        Weight of the dearest futures against the mean, 0 to 1.
    level
        Beyond which share of futures costs count as tail.
    threads
        Threads to work on; all cores if not given.

    """
    from octoplan.plan import flight
    from octoplan.plan.optimise import optimise
    from octoplan.plan.twostage import PlanError
    from octoplan.scenario import load

    with spoken(), planned():
        read = load(scenario)
        folder = out or Path("plans", f"{Path(scenario).name}-{seed}-{futures}")
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            leave(f"{folder}: is there already and not an empty folder; choose another place with --out", BAD)
        if not 0.0 < gap < 100.0:
            raise PlanError(f"a gap of {gap:g} per cent cannot be; write one between 0 and 100, such as 0.5")
        aims = aims_of(read.names.months, share, budget, target, by, shortage, tail, level)
        with ThreadPoolExecutor(threads or cores()) as executor:
            found = optimise(
                read, aims, futures=futures, seed=seed, gap=gap / 100.0, time_limit=time_limit, batches=batches,
                executor=executor, progress=bar(),
            )  # fmt: skip
            flights, apart = None, None
            if unseen:
                flights = flight.fly_plans(read, found, futures=unseen, seed=seed, executor=executor, progress=bar())
                apart = flight.disagreement(found, seed=seed, executor=executor)
        write(folder, found, flights, apart)
        lines = summary(found)
        if flights is not None and apart is not None:
            lines += flown_words(flights, apart, found.scenario.currency)
        sys.stdout.write("\n".join(lines) + f"\nwrote {folder}\n")


@contextmanager
def planned() -> Iterator[None]:
    """A plan that cannot be made is a line on stderr."""
    from octoplan.plan.twostage import PlanError

    try:
        yield
    except PlanError as error:
        leave(str(error), BAD)


def aims_of(
    months: tuple[str, ...], share: tuple[str, ...], budget: tuple[str, ...], target: float | None, by: str | None,
    shortage: float, tail: float, level: float,
) -> "Aims":  # fmt: skip
    """The options as aims. Raises PlanError for one that cannot be read."""
    from octoplan.plan.model import Aims, Target
    from octoplan.plan.risk import Risk
    from octoplan.plan.twostage import PlanError

    def pairs(options: tuple[str, ...], example: str, read: Callable[[str], Any]) -> dict[str, Any]:
        found = {}
        for option in options:
            name, _, text = option.partition("=")
            try:
                found[name] = read(text)
            except ValueError:
                raise PlanError(f"{option!r} cannot be read; write it like {example}") from None
        return found

    def bounds(text: str) -> tuple[float, float]:
        low, high = text.split(":")
        return float(low), float(high)

    if by is not None and by not in months:
        raise PlanError(f"the month {by!r} is not in the scenario; it runs from {months[0]} to {months[-1]}")
    if by is not None and target is None:
        raise PlanError("--by needs the units a month to reach by then; add --target")
    due = None if target is None else Target(target, 0 if by is None else months.index(by), shortage)
    return Aims(
        Risk(tail, level), pairs(budget, "uk-mod=80e6", float), pairs(share, "uk=0.3:0.6", bounds), due
    )  # fmt: skip


def bar() -> Callable[[str, int, int], None]:
    """A line on stderr that says what goes on; silent where stderr is no terminal."""

    def told(what: str, done: int, total: int) -> None:
        if sys.stderr.isatty():
            count = f"{done} of {total}" if total else f"step {done}"
            sys.stderr.write(f"\r{what}: {count}\033[K" + ("\n" if total and done == total else ""))
            sys.stderr.flush()

    return told


def summary(found: "Plan") -> list[str]:
    """The plan in a few lines."""
    from octoplan.plan import words

    currency, scenario = found.scenario.currency, found.scenario
    asked = found.tables["asked"].values.mean(0).sum(1)
    lines = [
        f"{scenario.title}: {found.status}, gap {found.gap:.2%} of the plan's worth, {found.seconds:.0f} s",
        f"it saves {-found.upper:,.1f} M{currency} against doing nothing; none can save more than {-found.lower:,.1f}",
        "asked over the horizon: "
        + (
            ", ".join(f"{n} {a:,.0f}" for n, a in zip(scenario.names.plants, asked, strict=True) if a >= 1) or "no unit"
        ),
        f"crews begun a month: {scenario.decisions.crews.intake}",
        f"kits ordered a month: {scenario.decisions.kits.order}",
        *words.binding(found)[:5],
        *words.shortfalls(found),
        *(f"remark: {remark}" for remark in found.remarks),
        f"curves: {found.curves.error}",
    ]
    if found.sampled is not None:
        lines.append(
            f"gap to the true optimum of the linear model, from {len(found.sampled.plan)} batches: "
            f"{found.sampled.mean:,.1f} M{currency}, below {found.sampled.below():,.1f} with 95 % confidence"
        )
    return lines


def flown_words(flights: "Flights", apart: "Disagreement", currency: str) -> list[str]:
    """The plan beside its rivals in the campaign, and what the campaign makes of the linear model, in a few lines."""
    lines = [f"cost of rivals less the plan's, M{currency}, mean with 95 % interval, and regret (mean):"]
    for name in flights.flown:
        gone, regret = flights.difference(name), flights.regret(name)
        lines.append(f"  {name:16} {gone.mean:10,.1f} ± {WIDE * gone.se_mean:,.1f}  {regret.mean:10,.1f}")
    linear, flown = apart.cost
    off, luck = flown - linear, WIDE * apart.error
    lines.append(
        f"the linear model puts the plan's cost at {linear:,.1f} M{currency}, the campaign at {flown:,.1f} on the same "
        f"futures: {off:+,.1f} ± {luck:,.1f}" + (", more apart than luck explains" if abs(off) > luck else "")
    )
    for name in flights.flown:
        gone = flights.difference(name)
        if gone.mean + WIDE * gone.se_mean < 0.0:
            lines.append(
                f"warning: flown, {name} is cheaper than this plan by {-gone.mean:,.1f}: do not prefer the plan"
            )
    return lines


def table_text(found: "Plan") -> str:
    """All tables as one CSV: quantity, item, month, unit, mean, P10, P90."""
    from octoplan.plan.words import series

    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(("quantity", "item", "month", "unit", "mean", "p10", "p90"))
    for name, table in found.tables.items():
        for item, values in series(table):
            low, high = np.quantile(values, (0.1, 0.9), axis=0)
            for month, *cells in zip(table.axes["month"], values.mean(0), low, high, strict=True):
                writer.writerow((name, item, month, table.unit, *(f"{cell:.6g}" for cell in cells)))
    return out.getvalue()


def write(folder: Path, found: "Plan", flights: "Flights | None", apart: "Disagreement | None") -> None:
    """The plan's decisions, evidence and tables, its workbook and its page."""
    from octoplan.outcomes.store import write_whole
    from octoplan.plan import account, words
    from octoplan.show.plan_page import page
    from octoplan.show.workbook import workbook

    evidence: dict[str, Any] = {
        "scenario": found.scenario.title,
        "currency": f"million {found.scenario.currency}, discounted",
        "status": found.status,
        "lower": found.lower,
        "upper": found.upper,
        "gap": found.gap,
        "cost_of_doing_nothing": found.idle,
        "gap_estimated": None
        if found.sampled is None
        else {"mean": found.sampled.mean, "below_95": found.sampled.below(), "batches": len(found.sampled.plan)},
        "iterations": found.iterations,
        "seconds": found.seconds,
        "learning": {"turns": found.learning.rounds, "change": found.learning.change},
        "curves": str(found.curves.error),
        "binding": words.binding(found),
        "short": words.shortfalls(found),
        "remarks": list(found.remarks),
        "linear_against_flown": None if apart is None else asdict(apart),
    }
    if flights is not None:
        evidence["flown"] = {
            name: {
                **{measure: asdict(flights.quantiles(name, measure)) for measure in MEASURES},
                "cost_less_plan": asdict(flights.difference(name)),
                "regret": asdict(flights.regret(name)),
            }
            for name in flights.flown
        }
    leaves = account.leaves(found, flights)
    contents: dict[str, str | bytes] = {
        "decisions.toml": found.text,
        "plan.csv": table_text(found),
        "evidence.json": json.dumps(evidence, indent=1) + "\n",
        **{f"{leaf.name.lower()}.csv": account.csv_text(leaf) for leaf in leaves if leaf.name in CALENDARS},
        "plan.xlsx": workbook(leaves),
        "plan.html": page(found, flights, apart),
    }
    for name, content in contents.items():
        write_whole(folder / name, content)
