"""A scenario flown through the raids that happened: what the model makes of months whose outcome was published."""

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from datetime import date
from math import isnan
from pathlib import Path

import numpy as np

from octoplan.errors import RunError
from octoplan.outcomes.measures import measures
from octoplan.outcomes.run import Run
from octoplan.outcomes.simulate import simulate
from octoplan.raids.read.record import Record
from octoplan.scenario import Scenario
from octoplan.scenario.what_if import Times

PUBLISHED = Path(__file__).with_name("published.csv")
"""Figures that were published for a month beside the record of raids, each with its source."""

BAND = (0.1, 0.9)
"""The band in which four months of five should lie."""


@dataclass(frozen=True)
class Figure:
    """A published figure: its month, the measure it is about, its value in the measure's unit, where it comes from."""

    month: str
    key: str
    value: float
    source: str


@dataclass(frozen=True)
class Check:
    """A published figure beside the model's: P10, P50 and P90 over the futures."""

    figure: Figure
    title: str
    unit: str
    p10: float
    p50: float
    p90: float

    @property
    def inside(self) -> bool:
        """Whether the figure lies in the model's 80 % band."""
        return self.p10 <= self.figure.value <= self.p90


@dataclass(frozen=True)
class Backtest:
    """The checks of a scenario's months, and the run they come from."""

    checks: tuple[Check, ...]
    run: Run

    @property
    def inside(self) -> int:
        return sum(check.inside for check in self.checks)

    def to_csv(self) -> str:
        """A row a check: month, key, unit, P10, P50, P90, published, inside, source."""
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(("month", "key", "unit", "p10", "p50", "p90", "published", "inside", "source"))
        for c in self.checks:
            ends = [f"{value:.6g}" for value in (c.p10, c.p50, c.p90, c.figure.value)]
            writer.writerow((c.figure.month, c.figure.key, c.unit, *ends, int(c.inside), c.figure.source))
        return out.getvalue()

    def __str__(self) -> str:
        lines = [f"{'month':8} {'measure':44} {'P10':>9} {'P50':>9} {'P90':>9} {'published':>10}"]
        for c in self.checks:
            mark = "" if c.inside else "  outside"
            ends = " ".join(f"{value:9.4g}" for value in (c.p10, c.p50, c.p90))
            lines.append(f"{c.figure.month:8} {c.title[:44]:44} {ends} {c.figure.value:10.4g} {c.unit}{mark}")
        share = 100 * self.inside / len(self.checks) if self.checks else 0.0
        lines.append(f"{self.inside} of {len(self.checks)} published figures inside the 80 % band ({share:.0f} %)")
        return "\n".join(lines)


def published() -> tuple[Figure, ...]:
    """The shipped figures."""
    with PUBLISHED.open(encoding="utf-8", newline="") as file:
        return tuple(Figure(r["month"], r["key"], float(r["value"]), r["source"]) for r in csv.DictReader(file))


def of_record(record: Record, months: Sequence[str], threats: Sequence[str]) -> Iterator[Figure]:
    """Stopped shares by month that a record gives: of drones, and of each of the scenario's classes it knows by name.

    Days on which a launched count is not known are left out, as is a month with none launched.
    """
    of_day = record.days.astype("datetime64[M]").astype(str)
    for month in months:
        for key in ("drones", *(name for name in threats if name in record.classes)):
            column = record.classes.index(key)
            rows = (of_day == month) & record.known[:, column]
            launched = int(record.launched[rows, column].sum())
            if launched:
                share = 100.0 * int(record.stopped[rows, column].sum()) / launched
                yield Figure(month, f"stopped/{key}", share, f"{record.source} {record.digest[:12]}")


def check_months(scenario: Scenario, first: date, months: int) -> None:
    """Raises RunError where some months from the first are no part of the scenario that a record can stand in for."""
    if first != scenario.start:
        raise RunError(f"the scenario starts on {scenario.start}, and the backtest on {first}: begin both on one day")
    if not 1 <= months <= scenario.months:
        raise RunError(f"the scenario has {scenario.months} months; a backtest of {months} is no part of it")
    if set(scenario.names.packages) != {"drones", "missiles"}:
        raise RunError("a record counts drones and missiles; the scenario has packages of other names")


def through(scenario: Scenario, record: Record, first: date, months: int) -> Scenario:
    """The scenario cut to some months from its start, its raids the record's; raises RunError where that cannot be."""
    check_months(scenario, first, months)
    programme = replace(scenario.programme, months=months)
    year, month = divmod(first.year * 12 + first.month - 1 + months, 12)
    last = np.datetime64(date(year, month + 1, 1)) - 1
    part = record.between(first, last)
    given = np.column_stack([getattr(part, package) for package in scenario.names.packages])
    days = programme.days()
    times = Times(scenario.times.salvos[:days], scenario.times.threats[:days])
    return replace(
        scenario, months=months, programme=programme, names=programme.all_names(), given=given, times=times
    )  # fmt: skip


def backtest(
    scenario: Scenario,
    record: Record,
    first: date,
    months: int,
    *,
    futures: int = 200,
    seed: int = 1,
    executor: Executor | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Backtest:
    """Fly the scenario through the raids of a record, everything else simulated, and lay it beside what was published.

    first, months
        The scenario's start and how many months from there, all inside the record.

    Raises RunError, or RecordError for months outside the record.
    """
    run = simulate(through(scenario, record, first, months), futures, seed, executor=executor, progress=progress)
    names = run.compiled.names
    figures = [*of_record(record, names.months, names.threats), *(f for f in published() if f.month in names.months)]
    return Backtest(tuple(compared(run, sorted(figures, key=lambda f: f.month))), run)


def compared(run: Run, figures: Sequence[Figure]) -> Iterator[Check]:
    """Each figure beside the quantiles of its measure; a figure of a measure that the run does not have is left out."""
    found = {month: {m.key: m for m in measures(run, month)} for month in run.compiled.names.months}
    for figure in figures:
        measure = found[figure.month].get(figure.key)
        if measure is None:
            continue
        values = measure.values[~np.isnan(measure.values)]
        if len(values):
            p10, p50, p90 = (float(q) for q in np.quantile(values, [BAND[0], 0.5, BAND[1]]))
            if not isnan(p50):
                yield Check(figure, measure.title, measure.unit, p10, p50, p90)
