"""Options of a calibration: the raids taken as given, the period, and a report of progress."""

from collections.abc import Callable
from datetime import date, timedelta

from octoplan.calibrate.setup import Period
from octoplan.calibrate.waves import FIRST_WAVE, WAVE
from octoplan.errors import CalibrationError
from octoplan.outcomes.monthly import record_from_monthly_totals
from octoplan.outcomes.simulate import Progress
from octoplan.raids.read.record import Record
from octoplan.scenario import Scenario
from octoplan.scenario.observations import parse_days

USUAL_WAVES = 5
"""Number of waves of the calibration of octopus, from which the expected total of the progress follows."""


def published_raids(scenario: Scenario) -> Record | None:
    """The published monthly totals of raids as a record, if they cover the observations; otherwise None.

    Without observations, or for a scenario whose packages are not drones and missiles, there are none.
    """
    if set(scenario.names.packages) != {"drones", "missiles"} or not scenario.observations:
        return None
    last = max(observation.last for observation in scenario.observations)
    months = (last.year - scenario.start.year) * 12 + last.month - scenario.start.month + 1
    record = record_from_monthly_totals(scenario, months)
    return record if len(record) > 0 and record.days[-1].astype(date) >= last else None


def period_of(
    scenario: Scenario, record: Record | None, first: date | None = None, last: date | None = None,
    held_out: tuple[tuple[date, date], ...] = (),
) -> Period:  # fmt: skip
    """The period of a calibration.

    Args:
        scenario: The scenario.
        record: A record whose stopped counts are observations by day; None if there is none.
        first: First day whose observations are used; the scenario's start by default.
        last: Last day; by default that of the last observation or span held out.
        held_out: Spans of days, the last one included, whose observations are compared but not used.

    Raises:
        CalibrationError: The last day is before the first.

    """
    ends = [observation.last for observation in scenario.observations] + [end for _, end in held_out]
    if record is not None and len(record):
        ends.append(record.days[-1].astype(date))
    horizon = scenario.start + timedelta(days=scenario.programme.days() - 1)
    begin, end = first or scenario.start, last or min(max(ends, default=horizon), horizon)
    if end < begin:
        raise CalibrationError(
            f"the last day, {end}, is before the first, {begin}; exchange them"
            if last
            else f"{begin} is after the last observation, which ends on {end}; begin earlier"
        )
    return Period(begin, end, held_out)


def days_of(scenario: Scenario, name: str, days: str | date | tuple[date, date]) -> tuple[date, date]:
    """First and last day of a period: a day, a pair of days, or a text such as ``2026-02``.

    Args:
        scenario: The scenario, whose days the period must be among.
        name: Name of the option, for messages.
        days: The period.

    Raises:
        CalibrationError: The text is not a day, month or span within the scenario.

    """
    if isinstance(days, date):
        return days, days
    if not isinstance(days, str):
        return days
    parsed = parse_days(days, scenario.programme)
    if isinstance(parsed, str):
        raise CalibrationError(f"{name}: {parsed}")
    return parsed


def count_futures(progress: Progress) -> Callable[[int], None]:
    """A function that adds the number of futures it is called with, and reports their sum and its expected total."""
    done = 0

    def add(futures: int) -> None:
        nonlocal done
        done += futures
        progress(done, max(done, FIRST_WAVE + (USUAL_WAVES - 1) * WAVE))

    return add
