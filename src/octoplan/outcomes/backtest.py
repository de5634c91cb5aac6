"""Backtest: simulate a scenario with recorded raids, and compare the results with published figures."""

from calendar import monthrange
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from octoplan.errors import RunError
from octoplan.outcomes.measures import measures
from octoplan.outcomes.run import Run
from octoplan.outcomes.simulate import simulate
from octoplan.raids.read.record import Record
from octoplan.scenario import Scenario
from octoplan.scenario.arrays import Floats
from octoplan.scenario.observations import DATE, Observation
from octoplan.tables import Column, Table

BAND_PROBABILITIES = (0.1, 0.9)
"""Probabilities of the lower and upper end of the 80 % band."""

CONFIDENCE = 0.95
"""Level of the interval for the number of published figures inside the band."""

MIN_FUTURES = 40
"""Minimum number of futures with a defined measure for the estimate of this interval."""


@dataclass(frozen=True)
class PublishedFigure:
    """A published figure: its month, the key of its measure, its value in the measure's unit, and its source."""

    month: str
    key: str
    value: float
    source: str


@dataclass(frozen=True, eq=False)
class FigureComparison:
    """A published figure and the distribution of its measure over futures.

    Args:
        figure: The published figure.
        title: Title of the measure.
        unit: Unit of the measure.
        values: (futures,) the measure in each future; nan if it is undefined.

    """

    figure: PublishedFigure
    title: str
    unit: str
    values: Floats

    @property
    def defined_values(self) -> Floats:
        """Values of the measure in the futures in which it is defined."""
        return self.values[~np.isnan(self.values)]

    @property
    def quantiles(self) -> tuple[float, float, float]:
        """P10, P50 and P90 of the measure over the futures in which it is defined."""
        p10, p50, p90 = (
            float(value)
            for value in np.quantile(self.defined_values, (BAND_PROBABILITIES[0], 0.5, BAND_PROBABILITIES[1]))
        )
        return p10, p50, p90

    @property
    def is_inside_band(self) -> bool:
        """True if the published figure lies within the 80 % band, including its ends."""
        low, _, high = self.quantiles
        return low <= self.figure.value <= high


COLUMNS = (
    Column("month", "string", "month of the figure"),
    Column("key", "string", "key of the measure"),
    Column("unit", "string", "unit of the figures in the row"),
    Column("p10", "number", "10th percentile of the measure over futures"),
    Column("p50", "number", "median of the measure over futures"),
    Column("p90", "number", "90th percentile of the measure over futures"),
    Column("published", "number", "published figure"),
    Column("inside", "integer", "1 if the figure lies between p10 and p90, otherwise 0"),
    Column("futures", "integer", "futures in which the measure is defined"),
    Column("source", "string", "source of the published figure"),
)


@dataclass(frozen=True)
class Backtest:
    """Result of a backtest: the comparisons, the run, and notes on the months compared."""

    comparisons: tuple[FigureComparison, ...]
    run: Run
    notes: tuple[str, ...] = field(default=())

    @property
    def figures_inside_band(self) -> int:
        """Number of published figures inside the 80 % band."""
        return sum(comparison.is_inside_band for comparison in self.comparisons)

    def expected_inside_band(self) -> tuple[int, int] | None:
        """95 % interval of the number of figures inside the band, under the hypothesis that the model is right.

        The measures of a future share its assumptions and are dependent, so the number is not binomial. Its
        distribution is estimated by leave-one-out: the measures of each future are compared with the bands of the
        other futures.

        Returns:
            The 2.5th and 97.5th percentile over futures; None if there are fewer than ``MIN_FUTURES`` futures, or no
            published figure.

        """
        if not self.comparisons or min(len(comparison.defined_values) for comparison in self.comparisons) < MIN_FUTURES:
            return None
        counts = np.sum([inside_other_bands(comparison.values) for comparison in self.comparisons], axis=0)
        tail = (1.0 - CONFIDENCE) / 2.0
        low, high = np.quantile(counts, (tail, 1.0 - tail), method="inverted_cdf")
        return int(low), int(high)

    def table(self) -> Table:
        """The comparisons as a table, one row for each published figure."""
        rows = [
            (
                comparison.figure.month, comparison.figure.key, comparison.unit, *comparison.quantiles,
                comparison.figure.value, int(comparison.is_inside_band), len(comparison.defined_values),
                comparison.figure.source,
            )
            for comparison in self.comparisons
        ]  # fmt: skip
        return Table.from_rows("backtest", "Published figures and simulated quantiles", COLUMNS, rows)

    def __str__(self) -> str:
        width = max((len(comparison.title) for comparison in self.comparisons), default=7)
        lines = [f"{'month':8} {'measure':{width}} {'P10':>9} {'P50':>9} {'P90':>9} {'published':>10}"]
        for comparison in self.comparisons:
            figure = comparison.figure
            quantiles = " ".join(f"{value:9.4g}" for value in comparison.quantiles)
            flag = "" if comparison.is_inside_band else "  outside"
            if len(comparison.defined_values) < len(comparison.values):
                flag += f"  (defined in {len(comparison.defined_values):,} of {len(comparison.values):,} futures)"
            lines.append(
                f"{figure.month:8} {comparison.title:{width}} {quantiles} {figure.value:10.4g} {comparison.unit}{flag}"
            )
        return "\n".join([*lines, *self.notes, self.conclusion()])

    def conclusion(self) -> str:
        """Sentence with the number of figures inside the band, and the number expected if the model is right."""
        total = len(self.comparisons)
        if not total:
            return "no published figure is available for these months"
        share = 100 * self.figures_inside_band / total
        text = f"{self.figures_inside_band} of {total} published figures inside the 80 % band ({share:.0f} %)"
        interval = self.expected_inside_band()
        if interval is None:
            return f"{text}; the expected number requires at least {MIN_FUTURES} futures"
        return f"{text}; if the model is right, {interval[0]} to {interval[1]} are expected (95 % interval)"


def inside_other_bands(values: Floats) -> NDArray[np.bool_]:
    """Whether the measure in each future lies within the 80 % band of the other futures: (futures,).

    Args:
        values: (futures,) a measure; nan if it is undefined, which counts as outside the band.

    """
    inside = np.zeros(len(values), np.bool_)
    order = np.argsort(values, kind="stable")[: int((~np.isnan(values)).sum())]
    ordered = values[order]
    low, high = (leave_one_out_quantiles(ordered, probability) for probability in BAND_PROBABILITIES)
    inside[order] = (low <= ordered) & (ordered <= high)
    return inside


def leave_one_out_quantiles(ordered: Floats, probability: float) -> Floats:
    """Leave-one-out quantiles of a sorted sample: (n,), interpolated linearly between order statistics.

    Args:
        ordered: (n,) sorted values, n >= 3.
        probability: Probability of the quantile.

    """
    position = probability * (len(ordered) - 2)
    lower_rank = int(position)
    rank = np.arange(len(ordered))
    ranks = (np.array(lower_rank), np.array(min(lower_rank + 1, len(ordered) - 2)))
    lower, upper = (ordered[k + (k >= rank)] for k in ranks)
    quantile: Floats = lower + (position - lower_rank) * (upper - lower)
    return quantile


def published_figures(scenario: Scenario) -> tuple[PublishedFigure, ...]:
    """The observations of a scenario that are of a whole month, without stopped shares, which the record contains."""
    return tuple(
        PublishedFigure(f"{item.first:%Y-%m}", item.measure, item.value, "; ".join(source_texts(scenario, item)))
        for item in scenario.observations
        if item.first.day == 1 and item.last == last_day_of_month(item.first) and item.kind != DATE
        and not item.measure.startswith("stopped/")
    )  # fmt: skip


def source_texts(scenario: Scenario, observation: Observation) -> list[str]:
    """Address of each source of an observation, or its title if it has none."""
    sources = [scenario.sources[name] for name in observation.sources if name in scenario.sources]
    return [source.url or source.title for source in sources]


def last_day_of_month(first: date) -> date:
    """Last day of the month of a first day."""
    return first.replace(day=monthrange(first.year, first.month)[1])


def recorded_stopped_shares(record: Record, months: Sequence[str], threats: Sequence[str]) -> Iterator[PublishedFigure]:
    """Yield monthly stopped shares from a record, for drones and for each class that both scenario and record contain.

    Days with an unknown launched count, and months without launches, are omitted.

    Args:
        record: The record.
        months: Months, such as "2025-11".
        threats: Classes of threats of the scenario.

    """
    month_of_day = record.days.astype("datetime64[M]").astype(str)
    for month in months:
        for key in ("drones", *(name for name in threats if name in record.classes)):
            column = record.classes.index(key)
            rows = (month_of_day == month) & record.is_known[:, column]
            launched = int(record.launched[rows, column].sum())
            if launched:
                share = 100.0 * int(record.stopped[rows, column].sum()) / launched
                yield PublishedFigure(month, f"stopped/{key}", share, f"{record.source} {record.digest[:12]}")


@dataclass(frozen=True)
class BacktestPeriod:
    """Months compared in a backtest, as indices of the scenario's months: the first, and the month after the last."""

    first: int
    stop: int

    @classmethod
    def from_dates(cls, scenario: Scenario, first: date, last: date) -> "BacktestPeriod":
        """The months from the month of ``first`` to the month of ``last``.

        Raises:
            RunError: The months are outside the scenario, or its packages are not drones and missiles.

        """
        begin, end = ((day.year - scenario.start.year) * 12 + day.month - scenario.start.month for day in (first, last))
        if end < begin:
            raise RunError(f"the last month, {last:%Y-%m}, is before the first, {first:%Y-%m}")
        if begin < 0 or end >= scenario.months:
            months = scenario.names.months
            raise RunError(
                f"a backtest from {first:%Y-%m} to {last:%Y-%m} is not within the scenario's months, "
                f"{months[0]} to {months[-1]}; choose other months, or change start or months in its programme.toml"
            )
        if set(scenario.names.packages) != {"drones", "missiles"}:
            raise RunError(
                "a record of raids counts drones and missiles, so the packages of the scenario must be named drones "
                "and missiles"
            )
        return cls(begin, end + 1)


def shortened(scenario: Scenario, months: int) -> Scenario:
    """The scenario reduced to its first months."""
    programme = replace(scenario.programme, months=months)
    days = programme.days()
    factors = replace(scenario.factors, salvos=scenario.factors.salvos[:days], threats=scenario.factors.threats[:days])
    raid_counts = scenario.raid_counts[:days]
    names = programme.all_names()
    return replace(scenario, months=months, programme=programme, names=names, raid_counts=raid_counts, factors=factors)


def with_recorded_raids(scenario: Scenario, record: Record, months: int) -> Scenario:
    """The scenario reduced to its first months, with the raids of a record and their classes as far as recorded.

    If the record ends within the last month, the remaining days have no raids.

    Args:
        scenario: The scenario.
        record: A record that contains every day from the scenario's start to the first day of the last month or later.
        months: Months from the scenario's start.

    Raises:
        RecordError: The record ends before the last month.
        RunError: The record begins after the scenario's start, or the number launched is unknown on one of the days.

    """
    scenario = shortened(scenario, months)
    days = scenario.programme.days()
    last_day = scenario.start + timedelta(days=days - 1)
    if len(record) and record.days[0] > np.datetime64(scenario.start):
        raise RunError(
            f"{record.source} begins on {record.days[0]}, but the scenario is simulated from its start on "
            f"{scenario.start}; use a record that begins there, or change start in programme.toml"
        )
    end = last_recorded_day(record, last_day)
    period = record.between(scenario.start, end if end >= last_day.replace(day=1) else last_day)
    check_launched_counts(period)
    packages = scenario.names.packages
    raids = np.zeros((days, len(packages)), np.int64)
    raids[: len(period)] = np.column_stack([getattr(period, package) for package in packages])
    factors = replace(scenario.factors, threats=scenario.factors.threats * class_factors(scenario, period, days))
    return replace(scenario, raid_counts=raids, factors=factors)


def class_factors(scenario: Scenario, record: Record, days: int) -> Floats:
    """(days, threats) factors by which the classes of a package have the recorded shares on each day.

    Shares are relative to the median of the weights ``threats.*.mix``, whose uncertainty remains. Recorded classes that
    the scenario lacks have the shares of these weights. Packages whose classes are not recorded have factors of 1.

    Args:
        scenario: The scenario.
        record: The record of the first days.
        days: Number of days; factors after the record are 1.

    """
    names = scenario.names
    factors = np.ones((days, len(names.threats)))
    mix = np.array([scenario.row_of("threats", "mix", name).median for name in names.threats])
    package_of = [scenario.programme.link("threats", name, "package") for name in names.threats]
    for package in names.packages:
        classes = np.array([k for k, name in enumerate(package_of) if name == package])
        if any(names.threats[k] not in record.classes for k in classes):
            continue
        counts = np.column_stack([record.launched[:, record.classes.index(names.threats[k])] for k in classes])
        rest = getattr(record, package) - counts.sum(axis=1)
        shares = mix[classes] / mix[classes].sum()
        expected = counts + np.maximum(rest, 0)[:, None] * shares
        total = expected.sum(axis=1)
        rows = np.flatnonzero(total > 0)
        factors[np.ix_(rows, classes)] = expected[rows] / total[rows, None] / shares
    return factors


def last_recorded_day(record: Record, last: date) -> date:
    """Last day of a record, or ``last`` if the record ends later."""
    return min(last, record.days[-1].astype(date)) if len(record) else last


def check_launched_counts(record: Record) -> None:
    """Check that every launched count of a record is known.

    Raises:
        RunError: A launched count is unknown.

    """
    unknown = np.flatnonzero(~record.all_known)
    if len(unknown):
        day = unknown[0]
        klass = record.classes[int(np.flatnonzero(~record.is_known[day])[0])]
        raise RunError(
            f"{record.source}: the launched count is unknown on {len(unknown)} day{'s' * (len(unknown) > 1)}, the "
            f"first on {record.days[day]} for {klass}; end the period before this day, or use a complete record"
        )


def backtest(
    scenario: Scenario,
    record: Record,
    first: date,
    last: date,
    *,
    futures: int = 200,
    seed: int = 1,
    executor: Executor | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Backtest:
    """Simulate a scenario from its start with the raids of a record, and compare months with published figures.

    Args:
        scenario: The scenario.
        record: A record that contains every day from the scenario's start to the first day of the last month or later.
        first: A day of the first month that is compared.
        last: A day of the last month that is compared. If the record ends within this month, only figures
            from the record are compared for this month, up to the last day of the record. Figures that are not in
            the record are the observations of the scenario (``observations.csv``).
        futures: Number of futures.
        seed: Seed of the random draws.
        executor: Executor that runs batches of futures, with no effect on the results.
        progress: Called with the number of futures completed and their total.

    Raises:
        RunError: The months are not within the scenario, or a launched count is not known.
        RecordError: The record does not contain the required days.

    """
    period = BacktestPeriod.from_dates(scenario, first, last)
    prepared = with_recorded_raids(scenario, record, period.stop)
    run = simulate(prepared, futures, seed, executor=executor, progress=progress)
    names = run.compiled.names
    months = names.months[period.first : period.stop]
    end = prepared.start + timedelta(days=prepared.programme.days() - 1)
    last_day = last_recorded_day(record, end)
    ends_within_month = last_day < end
    complete_months = months[:-1] if ends_within_month else months
    figures = [
        *recorded_stopped_shares(record, months, names.threats),
        *(figure for figure in published_figures(scenario) if figure.month in complete_months),
    ]
    comparisons = compare_figures(run, sorted(figures, key=lambda figure: figure.month))
    note = f"{months[-1]} is compared only with the record, which ends on {last_day}"
    return Backtest(tuple(comparisons), run, (note,) if ends_within_month else ())


def compare_figures(run: Run, figures: Sequence[PublishedFigure]) -> Iterator[FigureComparison]:
    """Yield each figure with the values of its measure; figures with an unknown or undefined measure are omitted."""
    months = dict.fromkeys(figure.month for figure in figures)
    measures_of = {month: {measure.key: measure for measure in measures(run, month)} for month in months}
    for figure in figures:
        measure = measures_of[figure.month].get(figure.key)
        if measure is not None and not np.isnan(measure.values).all():
            yield FigureComparison(figure, measure.title, measure.unit, measure.values)
