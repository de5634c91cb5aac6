"""Targets: observations with their days, their value on the scale of the likelihood, and their error on this scale."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray
from scipy import special

from octoplan.errors import CalibrationError
from octoplan.raids.read.record import Record
from octoplan.scenario import Scenario
from octoplan.scenario.arrays import Floats
from octoplan.scenario.observations import MeasureKey, Observation, parse_measure

RECORD_ERROR = 1.0
"""Standard deviation of the reporting error of a recorded monthly stopped share, in percentage points: the published
counts of a day differ by a few threats between reports of the morning and of the evening."""

DISCREPANCY = 0.02
"""Standard deviation of the model discrepancy of counts and money, as a share of the value."""
SHARE_DISCREPANCY = 0.2
"""The same of shares, in percentage points."""
DATE_DISCREPANCY = 1.0
"""The same of dates, in days."""

SMALLEST_SHARE = 0.005
"""Shares closer to 0 or 1 are moved to this distance, so that their logits are finite."""

SMALLEST_RATIO = 0.01
"""Ratios and money below this part of their observed value are moved to it, so that their logarithms are finite."""
LEAST_DISCREPANCY_AT = {"ratio": 0.05}
"""Value, 1 if there is none, of which ``DISCREPANCY`` is a part if the observed one is smaller, such as 0."""

STOCKS = ("crews", "kits", "stock")
"""Measures that refer to the last day of their period."""

SIZE_CLASS = 1 / 3
"""Share of the days with raids in the class of small raids, and in that of large raids."""
FEWEST_RAID_DAYS = 30
"""Days with raids from which on stopped shares by size of raid are targets."""


@dataclass(frozen=True, eq=False)
class Target:
    """An observation of a calibration.

    Attributes:
        label: What was observed, such as ``stopped/drones 2026-02``.
        key: Key of the measure.
        kind: ``count``, ``share``, ``ratio``, ``money`` or ``date``.
        value: Observed value, in the unit of the measure.
        sd: Standard deviation of the error of observation, in the same unit.
        days: (days,) True on the days to which it refers.
        used: False if it is held out.
        source: Source of the observation.

    """

    label: str
    key: MeasureKey
    kind: str
    value: float
    sd: float
    days: NDArray[np.bool_]
    used: bool
    source: str

    def scaled(self, values: Floats) -> Floats:
        """Values of the measure on the scale of the likelihood.

        These are logits of shares, roots of counts, and logarithms of money and ratios, which are not transformed if
        the observed value is 0.
        """
        with np.errstate(invalid="ignore", divide="ignore"):
            match self.kind:
                case "share":
                    return np.asarray(special.logit(np.clip(values / 100.0, SMALLEST_SHARE, 1.0 - SMALLEST_SHARE)))
                case "count":
                    return np.sqrt(np.maximum(values, 0.0))
                case "ratio" | "money" if self.value > 0.0:
                    return np.log(np.maximum(values, SMALLEST_RATIO * self.value))
                case _:
                    return np.asarray(values, np.float64)

    @property
    def slope(self) -> float:
        """Derivative of ``scaled`` at the observed value.

        For a share or a count within one ``error`` of the end of its range, where the derivative is large, it is the
        mean slope over this distance, at least one unit, on both sides, as far as they are in the range.
        """
        limit = {"share": 100.0, "count": np.inf}.get(self.kind)
        if limit is not None and not self.error <= self.value <= limit - self.error:
            distance = max(self.error, 1.0)
            ends = np.clip([self.value - distance, self.value + distance], 0.0, limit)
            return float(np.diff(self.scaled(ends))[0] / np.diff(ends)[0])
        match self.kind:
            case "share":
                share = float(np.clip(self.value / 100.0, SMALLEST_SHARE, 1.0 - SMALLEST_SHARE))
                return 0.01 / (share * (1.0 - share))
            case "count":
                return float(0.5 / np.sqrt(max(self.value, 1.0)))
            case "ratio" | "money" if self.value > 0.0:
                return 1.0 / self.value
            case _:
                return 1.0

    @property
    def error(self) -> float:
        """Standard deviation of observation error and model discrepancy together, in the unit of the measure."""
        discrepancy = {"share": SHARE_DISCREPANCY, "date": DATE_DISCREPANCY}.get(
            self.kind, DISCREPANCY * max(self.value, LEAST_DISCREPANCY_AT.get(self.kind, 1.0))
        )
        return float(np.hypot(self.sd, discrepancy))


def of_observation(observation: Observation, scenario: Scenario, *, used: bool) -> Target:
    """The target of a row of ``observations.csv``; a stock refers to the last day of its period."""
    days = np.zeros(scenario.programme.days(), np.bool_)
    first, last = ((day - scenario.start).days for day in (observation.first, observation.last))
    key = key_of(observation.measure, scenario)
    days[last if key.measure.key in STOCKS else first : last + 1] = True
    kind = "ratio" if key.measure.kind == "share" and key.measure.unit != "%" else observation.kind
    label = f"{observation.measure} {period_text(observation.first, observation.last)}"
    sources = "; ".join(observation.sources)
    return Target(label, key, kind, observation.value, observation.sd, days, used, sources)


def key_of(measure: str, scenario: Scenario) -> MeasureKey:
    """The parsed key of a measure. Raises CalibrationError if the scenario has no such measure."""
    key = parse_measure(measure, scenario.programme)
    if isinstance(key, str):
        raise CalibrationError(key)
    return key


def period_text(first: date, last: date) -> str:
    """A period as in ``observations.csv``: a month, a span of months, a day or a span of days.

    >>> period_text(date(2026, 2, 1), date(2026, 2, 28)), period_text(date(2025, 11, 1), date(2026, 1, 31))
    ('2026-02', '2025-11 to 2026-01')
    """
    is_month = first.day == 1 and (last + timedelta(days=1)).day == 1
    ends = [f"{day:%Y-%m}" if is_month else f"{day}" for day in (first, last)]
    return " to ".join(dict.fromkeys(ends))


def of_record(
    scenario: Scenario, record: Record, used: NDArray[np.bool_], compared: NDArray[np.bool_], known: Sequence[Target],
    *, daily: bool,
) -> Iterator[Target]:  # fmt: skip
    """Targets from a record: monthly stopped shares by class, and those of small and of large raids over the days used.

    Args:
        scenario: The scenario.
        record: The record, whose first day is not after the scenario's start.
        used: (days,) True on the days whose observations are used.
        compared: (days,) True on the days used and held out.
        known: Targets of ``observations.csv``, which replace those of the record for the same days and measure.
        daily: Whether the stopped counts of the record are by day; if not, there are no targets by size of raid.

    """
    start, days = np.datetime64(scenario.start), len(used)
    dates = start + np.arange(days)
    months = dates.astype("datetime64[M]")
    replaced = {(target.key, target.days.tobytes()) for target in known}
    rows = np.searchsorted(record.days, dates)
    rows = np.where((rows < len(record)) & (record.days[np.minimum(rows, len(record) - 1)] == dates), rows, -1)
    source = f"{record.source} {record.digest[:12]}"
    for name in ("drones", *(name for name in scenario.names.threats if name in record.classes)):
        column, key = record.classes.index(name), key_of(f"stopped/{name}", scenario)
        counted = (rows >= 0) & record.is_known[rows, column]
        launched = np.where(counted, record.launched[rows, column], 0)
        stopped = np.where(counted, record.stopped[rows, column], 0)
        masks = [(str(month), compared & counted & (months == month)) for month in np.unique(months)]
        if name == "drones" and daily:
            masks += size_classes(launched, used & counted)
        for label, mask in masks:
            if launched[mask].sum() == 0 or (key, (months.astype(str) == label).tobytes()) in replaced:
                continue
            share = 100.0 * float(stopped[mask].sum() / launched[mask].sum())
            is_used = bool((used | ~mask).all())
            yield Target(f"stopped/{name} {label}", key, "share", share, RECORD_ERROR, mask, is_used, source)


def size_classes(launched: NDArray[np.int64], days: NDArray[np.bool_]) -> list[tuple[str, NDArray[np.bool_]]]:
    """Labels and days of the smallest and of the largest raids; none if there are few days, or all raids are alike.

    Args:
        launched: (days,) drones launched.
        days: (days,) True on the days considered.

    """
    raids = days & (launched > 0)
    if raids.sum() < FEWEST_RAID_DAYS:
        return []
    low, high = np.quantile(launched[raids], (SIZE_CLASS, 1.0 - SIZE_CLASS))
    if low == high:
        return []
    return [
        (f"days with at most {low:.0f} launched", raids & (launched <= low)),
        (f"days with at least {high:.0f} launched", raids & (launched >= high)),
    ]
