"""Preparation of a calibration: the scenario with given raids and levels by month, its targets, and the problem."""

from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from octoplan.calibrate.futures import STATED_LEVEL, Assumptions, LevelPath, Simulator, rows_in_use
from octoplan.calibrate.problem import Problem
from octoplan.calibrate.targets import Target, of_observation, of_record
from octoplan.errors import CalibrationError
from octoplan.outcomes.backtest import shortened, with_recorded_raids
from octoplan.raids.read.record import Record
from octoplan.scenario import Scenario
from octoplan.scenario.arrays import ARRIVAL_FIELDS, Floats, Ints
from octoplan.scenario.assumptions import Assumption
from octoplan.scenario.calibrated import with_priors
from octoplan.scenario.csv_text import cells_of, csv_text, row_dicts
from octoplan.scenario.distributions import Z_P90
from octoplan.scenario.files import ASSUMPTIONS
from octoplan.scenario.scenario import with_files

Days = NDArray[np.bool_]
RAID_KINDS = ("raids", "packages", "splits")
"""Kinds of assumptions on the raids."""


@dataclass(frozen=True)
class Period:
    """Days whose observations are used, and spans of days that are held out of it, all inclusive."""

    first: date
    last: date
    held_out: tuple[tuple[date, date], ...] = ()

    def masks(self, scenario: Scenario) -> tuple[Days, Days]:
        """(days,) True on the days whose observations are used, and on the days used or held out."""
        dates = [scenario.start + timedelta(days=day) for day in range(scenario.programme.days())]
        within = np.array([self.first <= day <= self.last for day in dates])
        out = np.array([any(a <= day <= b for a, b in self.held_out) for day in dates])
        return within & ~out, within | out


@dataclass(frozen=True, eq=False)
class Setup:
    """A calibration that is ready to be simulated.

    Attributes:
        scenario: The scenario with its priors and with rows for the levels of the months used.
        assumptions: The assumptions as functions of scores, of the scenario reduced to the months observed.
        targets: The targets, used and held out.
        unused: Labels of observations outside the period.
        seed: Seed of all random numbers.

    """

    scenario: Scenario
    assumptions: Assumptions
    targets: tuple[Target, ...]
    unused: tuple[str, ...]
    seed: int

    @property
    def calibrated(self) -> Ints:
        """Features that the observations can inform: all but assumptions on raids if the raids of all days are given.

        Raids of the past are known then, and those of the future remain comparable with runs before the calibration.
        """
        scenario, columns = self.assumptions.scenario, self.assumptions.columns
        if len(scenario.raid_counts) < scenario.programme.days():
            return np.arange(len(columns))
        return np.flatnonzero([not is_on_raids(scenario.assumptions[column]) for column in columns])

    def problem(self, executor: Executor | None = None, progress: Callable[[int], None] | None = None) -> Problem:
        """The problem of inference. Raises CalibrationError if no assumption is uncertain."""
        if not len(self.assumptions.columns):
            raise CalibrationError(f"all rows of {ASSUMPTIONS} are fixed; state low and high of those to be fitted")
        simulator = Simulator(self.assumptions, self.targets, self.seed, executor, progress)
        used = rows_in_use(self.targets)
        targets = [self.targets[row] for row in used]

        def scaled(measures: Floats) -> Floats:
            return np.column_stack([t.scaled(measures[:, row]) for row, t in zip(used, targets, strict=True)])

        observed = np.array([target.scaled(np.array([target.value]))[0] for target in targets])
        errors = np.array([target.error * target.slope for target in targets])
        return Problem(
            len(self.assumptions.columns), self.assumptions.features, self.assumptions.parents, self.calibrated,
            simulator.measures, scaled, observed, np.diag(errors**2), tuple(target.label for target in targets),
        )  # fmt: skip


def prepare(
    scenario: Scenario, period: Period, record: Record | None = None, *, daily: bool = True, seed: int = 1
) -> Setup:
    """Prepare the calibration of a scenario.

    Args:
        scenario: The scenario; of a calibrated one, the priors are used.
        period: The days whose observations are used or held out.
        record: The raids that happened, and the source of recorded stopped shares; without it, raids are simulated.
            Observations of days after its end are not used.
        daily: Whether the record has stopped counts by day, not only by month.
        seed: Seed of all random numbers.

    Raises:
        CalibrationError: There is no observation, none is within the period, all of them are held out, or the record
            counts other packages than the scenario.

    """
    packages = scenario.names.packages
    if record is not None and not {"drones"} <= set(packages) <= {"drones", "missiles"}:
        raise CalibrationError(
            f"{record.source} counts drones and missiles, and the packages of the scenario are {', '.join(packages)}; "
            "calibrate without the record, or name the packages drones and missiles in programme.toml"
        )
    scenario = without_derived_levels(with_priors(scenario))
    used, compared = period.masks(scenario)
    if record is not None and len(record):
        recorded = np.datetime64(scenario.start) + np.arange(len(used)) <= record.days[-1]
        used, compared = used & recorded, compared & recorded
    targets, unused = observed_targets(scenario, used, compared)
    if record is not None:
        targets += of_record(scenario, record, used, compared, targets, daily=daily)
    if not any(target.used for target in targets):
        raise CalibrationError(
            f"no observation is used from {period.first} to {period.last}: {unused_reason(targets, unused)}"
        )
    last_month = months_to(scenario, max(int(np.flatnonzero(target.days)[-1]) for target in targets))
    last_used = months_to(scenario, max(int(np.flatnonzero(t.days)[-1]) for t in targets if t.used))
    scenario = with_level_rows(scenario, scenario.names.months[:last_used])
    observed = with_recorded_raids(scenario, record, last_month) if record else shortened(scenario, last_month)
    targets = [replace(target, days=target.days[: observed.programme.days()]) for target in targets]
    columns = np.array([c for c, a in enumerate(observed.assumptions) if not a.is_fixed], np.int64)
    paths = level_paths(observed, scenario.names.months[:last_used])
    return Setup(scenario, Assumptions(observed, columns, paths), tuple(targets), tuple(unused), seed)


def is_on_raids(assumption: Assumption) -> bool:
    """True if an assumption determines which threats arrive."""
    return assumption.kind in RAID_KINDS or (assumption.kind == "threats" and assumption.parameter in ARRIVAL_FIELDS)


def unused_reason(targets: Sequence[Target], unused: Sequence[str]) -> str:
    """Why no observation is used, given the targets held out and the labels of observations outside the period."""
    if targets:
        return "all are held out; hold out fewer"
    if unused:
        others = f" and {len(unused) - 1} others" if len(unused) > 1 else ""
        return f"{unused[0]}{others} {'are' if others else 'is'} not wholly within these days; change the period"
    return "there is none; add rows to observations.csv, or give a record of raids"


def observed_targets(scenario: Scenario, used: Days, compared: Days) -> tuple[list[Target], list[str]]:
    """Targets of the observations of a scenario, and labels of those not wholly within the days compared."""
    targets, unused = [], []
    for observation in scenario.observations:
        target = of_observation(observation, scenario, used=True)
        period = slice((observation.first - scenario.start).days, (observation.last - scenario.start).days + 1)
        if not compared[period].all():
            unused.append(target.label)
        else:
            targets.append(replace(target, used=bool(used[period].all())))
    return targets, unused


def months_to(scenario: Scenario, day: int) -> int:
    """Number of months from the scenario's start to the month that contains a day."""
    return int(scenario.compile().links.month_of[day]) + 1


def drifting_layers(scenario: Scenario) -> tuple[str, ...]:
    """Layers whose level varies."""
    return tuple(name for name in scenario.names.layers if ("drift", "sd", (name,)) in scenario.draw_columns)


LEVEL_NOTE = "derived: stationary level"
"""Beginning of the note of the rows that ``with_level_rows`` writes."""
LARGEST_LEVEL_SD = STATED_LEVEL.high / 2.6
"""Largest standard deviation in these rows: 1 % of the distribution lies outside the range of stated levels."""


def with_level_rows(scenario: Scenario, months: Sequence[str]) -> Scenario:
    """The scenario with a row for the level of each drifting layer in each of some months, where it has none.

    The row summarises the stationary prior; calibration computes the levels from the standard deviation and the memory.
    """
    header, rows = list(row_dicts(scenario.files[ASSUMPTIONS])[0]), []
    reviewed = max(assumption.date for assumption in scenario.assumptions)
    for layer in drifting_layers(scenario):
        sd = scenario.row_of("drift", "sd", layer).median
        for month in months:
            if ("levels", "level", (layer, month)) not in scenario.draw_columns and sd > 0.0:
                width = f"{Z_P90 * min(sd, LARGEST_LEVEL_SD):.4g}"
                cells = {
                    "name": f"levels.{layer}.{month}.level", "value": "0", "low": f"-{width}", "high": width,
                    "distribution": "normal", "unit": "1", "quality": "red", "owner": "analysis", "date": reviewed,
                    "note": f"{LEVEL_NOTE} with the standard deviation drift.{layer}.sd",
                }  # fmt: skip
                rows.append([cells.get(column, "") for column in header])
    if not rows:
        return scenario
    return with_files(scenario, {ASSUMPTIONS: csv_text([*cells_of(scenario.files[ASSUMPTIONS]), *rows])})


def without_derived_levels(scenario: Scenario) -> Scenario:
    """The scenario without the rows that ``with_level_rows`` writes, so that levels are drawn in every month."""
    derived = {a.name for a in scenario.assumptions if a.kind == "levels" and a.note.startswith(LEVEL_NOTE)}
    if not derived:
        return scenario
    rows = row_dicts(scenario.files[ASSUMPTIONS])
    remaining = [row.values() for row in rows if row["name"] not in derived]
    return with_files(scenario, {ASSUMPTIONS: csv_text([rows[0], *remaining])})


def level_paths(scenario: Scenario, months: Sequence[str]) -> tuple[LevelPath, ...]:
    """The columns of the levels of each drifting layer in some months, without those that the scenario states."""
    columns, paths = scenario.draw_columns, []
    for layer in drifting_layers(scenario):
        levels = [columns.get(("levels", "level", (layer, month))) for month in months]
        derived = [c for c in levels if c is not None and scenario.assumptions[c].note.startswith(LEVEL_NOTE)]
        if derived:
            first = levels.index(derived[0])
            sd, memory = (columns["drift", parameter, (layer,)] for parameter in ("sd", "memory"))
            paths.append(LevelPath(sd, memory, tuple(derived), levels[first - 1] if first else None))
    return tuple(paths)
