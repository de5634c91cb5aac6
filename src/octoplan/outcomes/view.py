"""A view of a run: the finished futures over the whole run or one month, as arrays."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from octoplan.errors import RunError
from octoplan.outcomes.run import Run
from octoplan.scenario.arrays import Compiled, Floats, Ints, Names
from octoplan.scenario.observations import OWNERS

DAYS_PER_YEAR = 365.25
DAYS_PER_MONTH = 30.4375
"""Mean length of a year and of a month in days."""

PROGRAMME, OTHERS, SHARED = "the programme", "other makers", "programme and other makers, same design"
OWNER_KEY = dict(zip((PROGRAMME, OTHERS, SHARED), OWNERS, strict=True))
"""Part of the key of a measure that names the group of makers."""


def designs_by_owner(compiled: Compiled) -> dict[str, Ints]:
    """Indices of the designs made by the programme's plants, by other makers, or by both, where there are any."""
    programme = set(compiled.template.plants["design"].tolist())
    others = set(compiled.template.makers["design"].tolist())
    groups = {PROGRAMME: programme - others, OTHERS: others - programme, SHARED: programme & others}
    return {owner: np.array(sorted(rows), np.int64) for owner, rows in groups.items() if rows}


@dataclass(frozen=True)
class Measure:
    """A quantity with one value for each finished future.

    key
        Stable name of the measure, such as ``kills/programme``; ``group`` and ``title`` are for display.
    form
        ``amount``; ``month``: index of a month, ``inf`` for never; ``chance``: 0 or 1, averaged to a probability.
    values
        (finished futures,) the value in each future; ``nan`` if undefined.
    """

    key: str
    group: str
    title: str
    unit: str
    values: Floats
    form: str = "amount"


@dataclass(frozen=True)
class View:
    """The finished futures of a run over some of its months, as arrays (futures, months, ...).

    rows
        Indices of the months in the view.
    all_months
        True if the view has every month of the run.
    nominal
        If True, money is inflated by the assumption on the reporting currency's inflation.
    """

    run: Run
    rows: slice
    all_months: bool
    nominal: bool = False

    @cached_property
    def finished(self) -> slice | NDArray[np.int64]:
        """Indices of the finished futures."""
        return np.flatnonzero(self.run.status == 0) if self.run.failed else slice(None)

    @property
    def names(self) -> Names:
        return self.run.compiled.names

    @cached_property
    def days(self) -> Ints:
        """(months,) days in each month of the view."""
        return self.run.compiled.links.month_days[self.rows]

    def tally(self, name: str, *, counterfactual: bool = False) -> NDArray[Any]:
        """A tally, (futures, months, ...), or (futures, ...) if it has no axis of months.

        All values are ``nan`` if ``counterfactual`` is True and the run has no counterfactual.
        """
        variables = (self.run.counterfactual if counterfactual else self.run.data).variables
        if counterfactual and name not in variables:
            return np.full_like(self.tally(name), np.nan, dtype=np.float64)
        variable = variables[name]
        values = variable.values[self.finished]
        return values[:, self.rows] if "month" in variable.dims else values

    def money(self, name: str, *, counterfactual: bool = False) -> Floats:
        """A tally of money by month, inflated if the view is nominal."""
        values = self.tally(name, counterfactual=counterfactual)
        if not self.nominal:
            return values
        return values * self.inflation.reshape(*self.inflation.shape, *[1] * (values.ndim - 2))

    def assumption(self, kind: str, parameter: str) -> Floats:
        """(finished futures, entities) draws of one parameter of the entities of a kind."""
        return self.run.assumption(kind, parameter)[self.finished]

    def median_assumption(self, kind: str, parameter: str) -> Floats:
        """(entities,) medians of one parameter of the entities of a kind; 0 if an entity lacks the parameter."""
        columns = self.run.compiled.draw_columns[kind, parameter]
        return np.where(columns >= 0, self.run.medians[np.maximum(columns, 0)], 0.0)

    @property
    def length(self) -> float | Floats:
        """Years in the view; in a view by month, those of the month of each row."""
        return float(self.days.sum()) / DAYS_PER_YEAR

    @cached_property
    def years(self) -> Floats:
        """(months,) years from the start of the run to the middle of each month."""
        days = self.run.compiled.links.month_days
        return ((np.cumsum(days) - days / 2) / DAYS_PER_YEAR)[self.rows]

    @cached_property
    def inflation(self) -> Floats:
        """(futures, months) price level of the reporting currency relative to 1 July of the year of the price base."""
        start = self.run.scenario.start
        years_since_price_base = (start - date(self.run.scenario.price_base, 7, 1)).days / DAYS_PER_YEAR
        row = self.names.currencies.index(self.run.scenario.currency)
        annual_inflation = self.assumption("currencies", "inflation")[:, row]
        return (1 + annual_inflation[:, None]) ** (self.years + years_since_price_base)

    @cached_property
    def unit(self) -> str:
        """The unit of money, with the year of its prices."""
        currency, base = self.run.scenario.currency, self.run.scenario.price_base
        return f"{currency} (nominal)" if self.nominal else f"{currency} ({base})"

    def title(self, section: str, name: str) -> str:
        """Title of an entity, or its name if it has no title."""
        return self.run.scenario.titles.get(f"{section}.{name}", name)

    @property
    def reference_layer(self) -> int:
        """Index of the missile layer with which costs per kill are compared; -1 if the scenario has no such layer."""
        return int(self.run.compiled.links.reference_layer[0])

    @cached_property
    def not_decoys(self) -> NDArray[np.bool_]:
        """(threats,) True for the classes that are not decoys."""
        return np.asarray(self.run.compiled.template.threats["decoy"] != 1)

    @cached_property
    def designs_by_owner(self) -> dict[str, Ints]:
        """Indices of the designs made by the programme's plants, by other makers, or by both."""
        return designs_by_owner(self.run.compiled)

    @cached_property
    def plants_by_country(self) -> dict[str, Ints]:
        """Indices of the plants of each country with a plant."""
        rows = self.run.compiled.template.plants["country"]
        countries = enumerate(self.names.countries)
        return {country: np.flatnonzero(rows == i) for i, country in countries if (rows == i).any()}


@dataclass(frozen=True)
class MonthsView(View):
    """A view of all months of a run at once: each row is one month of one finished future, and has one month.

    Arrays are (futures * months, 1, ...), in the order of the futures and then of the months.
    """

    @property
    def months(self) -> int:
        """Number of months of the run."""
        return len(self.names.months)

    def tally(self, name: str, *, counterfactual: bool = False) -> NDArray[Any]:
        """A tally, (futures * months, 1, ...)."""
        values = super().tally(name, counterfactual=counterfactual)
        return values.reshape(len(values) * values.shape[1], 1, *values.shape[2:])

    def assumption(self, kind: str, parameter: str) -> Floats:
        """(futures * months, entities) draws of one parameter of the entities of a kind."""
        return np.repeat(super().assumption(kind, parameter), self.months, axis=0)

    @property
    def length(self) -> Floats:
        """(futures * months,) years in the month of each row."""
        years = self.run.compiled.links.month_days / DAYS_PER_YEAR
        return np.tile(years, self.run.futures - self.run.failed)

    @cached_property
    def years(self) -> Floats:
        """(futures * months, 1) years from the start of the run to the middle of the month of each row."""
        return np.tile(super().years, self.run.futures - self.run.failed)[:, None]


def view_of(run: Run, month: str | None = None, *, nominal: bool = False) -> View:
    """The view of a whole run, or of one month such as ``"2026-02"``. Raises RunError if the run lacks the month."""
    months = run.compiled.names.months
    if month is None:
        return View(run, slice(None), all_months=True, nominal=nominal)
    if month not in months:
        raise RunError(f"no month {month!r} in this run: it has {months[0]} to {months[-1]}")
    row = months.index(month)
    return View(run, slice(row, row + 1), all_months=False, nominal=nominal)


def by_future(run: Run, values: Callable[[View], NDArray[Any]], *, nominal: bool = False) -> NDArray[Any]:
    """(finished futures, ...) values computed from views of the parts of a run, one part in memory at a time.

    values
        Function of a view, whose result has one row for each future.
    """
    parts = [values(view_of(part, nominal=nominal)) for part in run.parts()]
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def mean_over_futures(run: Run, values: Callable[[View], NDArray[Any]], *, nominal: bool = False) -> Floats:
    """Means, over the finished futures, of values computed from views of the parts of a run.

    values
        Function of a view, whose result has one row for each future.
    """
    parts = (values(view_of(part, nominal=nominal)) for part in run.parts())
    sums = next(parts).sum(axis=0)
    for rows in parts:
        sums = np.concatenate([sums[None], rows]).sum(axis=0)
    return np.asarray(sums / (run.futures - run.failed), np.float64)


def total(run: Run, name: str, *over: str) -> NDArray[Any]:
    """(finished futures, ...) totals of a tally over some of its axes, such as ``total(run, "kills", "region")``."""
    axes = tuple(run.data[name].dims.index(axis) for axis in over)
    return by_future(run, lambda view: np.asarray(view.tally(name).sum(axis=axes)))


def ratio(numerator: NDArray[Any], denominator: NDArray[Any]) -> Floats:
    """Element-wise quotient: ``nan`` for 0/0, ``inf`` for a positive number over 0."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(numerator / denominator, np.float64)


def product(first: NDArray[Any], second: NDArray[Any]) -> Floats:
    """Element-wise product: ``nan`` for infinity times 0."""
    with np.errstate(invalid="ignore"):
        return np.asarray(first * second, np.float64)


def sum_by_future(array: NDArray[Any]) -> NDArray[Any]:
    """(futures,) sums of an array over all axes except the first."""
    total: NDArray[Any] = array.reshape(len(array), prod(array.shape[1:])).sum(axis=1)
    return total
