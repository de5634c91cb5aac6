"""The commands for records of raids, ``octoplan raids fit``, ``show``, ``score`` and ``update``, and the backtest."""

from datetime import date, timedelta
from math import exp
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from octoplan.cli.console import (
    check_number,
    check_simulation,
    print_line,
    print_warning,
    progress_bar,
    report_written,
    track,
)
from octoplan.errors import RunError
from octoplan.executors import cores, executor

if TYPE_CHECKING:
    from octoplan.raids.fit import Fit, Posterior
    from octoplan.raids.fit_file import StoredFit
    from octoplan.raids.read.record import Record
    from octoplan.raids.score import Forecaster, Scores

First = Annotated[date | None, Parameter(name="--from")]
Last = Annotated[date | None, Parameter(name="--to")]

MIN_DRAWS, MAX_DRAWS = 100, 100_000
"""Permitted number of futures of a forecast; with fewer, its tails are not estimated reliably."""
MAX_STEP_DAYS = 10_000
SCORED_WEEKS, SCORED_DAYS = 60, 30
"""Default period of origins, and the days that must follow the last origin by default."""


def read_record(file: Path) -> "Record":
    """Read a record of raids; print its period and corrections, and warn of outliers on standard error."""
    from octoplan.raids.read.readers import read

    record = read(file)
    describe_record(record)
    return record


def describe_record(record: "Record") -> None:
    """Print the period of a record and the corrections made in reading it, and warn of outliers on standard error."""
    period = f", {record.days[0]} to {record.days[-1]}" if len(record) else ""
    print_line(f"{record.source}: {len(record):,} days{period}")
    for repair in record.repairs:
        print_line(f"  {repair}")
    for outlier in record.outliers:
        print_warning(f"warning: {outlier}")


def write(path: Path, text: str) -> None:
    """Write a file atomically, and print its path."""
    from octoplan.outcomes.files import atomic_write

    atomic_write(path, text)
    report_written(path)


def fit(file: Path, *, first: First = None, last: Last = None, out: Path = Path("raids.toml")) -> None:
    """Fit the raid process to a record, and write the fit for a scenario.

    Parameters
    ----------
    file
        The record: one row per day, one row per day and class, or one row per report.
    first
        First day to fit; 120 days before the last by default.
    last
        Last day to fit; the last day of the record by default.
    out
        The file to write. A scenario uses it through the line raids = "raids.toml" in its programme.toml.

    """
    from octoplan.raids.fit_file import fit_toml
    from octoplan.raids.forecast import fit_forecast, fitted_days

    record = read_record(file)
    days = fitted_days(record, first, last)
    result = fit_forecast(record, days, level_from_start=first is None)
    print_fit(result, record, days)
    write(out, fit_toml(result, record, days, date.today()))  # noqa: DTZ011 (the user's day)


def print_fit(result: "Fit", record: "Record", days: slice) -> None:
    """Print the parameters and stopped shares with their intervals, and the warnings of a fit."""
    from octoplan.raids.fit_file import FITTED_PARAMETERS
    from octoplan.raids.stopped_share import stopped_shares

    period = record.days[days]
    print_line(f"fitted to {len(period)} days, {period[0]} to {period[-1]}")
    if unknown := int((~record.all_known[days]).sum()):
        print_line(f"  {unknown} of them have an unknown launched count and are left out")
    print_line(f"  {'':32} {'P10':>9} {'P50':>9} {'P90':>9}")
    quantiles = zip(*(result.posterior.quantiles(probability) for probability in (0.1, 0.5, 0.9)), strict=True)
    for parameter, values in zip(FITTED_PARAMETERS, quantiles, strict=True):
        print_line(f"  {parameter.name:32} " + " ".join(f"{value:9.4g}" for value in values))
    if any(result.level_shift):
        drones, missiles = (f"{exp(shift):.3f}" for shift in result.level_shift)
        print_line(f"  level from the combined forecast: drones times {drones}, missiles times {missiles}")
    print_line("share of a day's weapons stopped, with 95 % intervals")
    for share in stopped_shares(record, days):
        print_line(f"  {share}")
    for warning in (*record.outliers, *result.diagnostics.warnings()):
        print_line(f"warning: {warning}")


def show(
    file: Path, *, first: First = None, last: Last = None, alerts: Path | None = None, out: Path = Path("raids.html")
) -> None:
    """Show a record of raids and its fit as one HTML page that can be opened offline.

    Parameters
    ----------
    file
        The record.
    first
        First day to fit; 120 days before the last by default. All days are drawn.
    last
        Last day to fit; the last day of the record by default.
    alerts
        A table of alerts by region to draw: columns region, alerts, and optionally hours, alerts_per_day, share_alerts.
    out
        The page to write.

    """
    from octoplan.raids.forecast import fit_record, fitted_days
    from octoplan.raids.read.alerts import read_exposure
    from octoplan.show.raids import page

    record = read_record(file)
    exposure = read_exposure(alerts) if alerts else None
    if exposure:
        print_line(f"{exposure.source}: {len(exposure.regions)} regions, {exposure.alerts.sum():,} alerts")
        for repair in exposure.repairs:
            print_line(f"  {repair}")
    days = fitted_days(record, first, last)
    write(out, page(record, fit_record(record, days), days, exposure))


def update(
    file: Path, *, before: Annotated[Path, Parameter(name="--fit")] = Path("raids.toml"), out: Path | None = None
) -> None:
    """Test the new days of a record against an earlier fit, and fit again with them.

    Parameters
    ----------
    file
        The record with its new days.
    before
        The earlier fit.
    out
        The file to write; the file of the earlier fit by default.

    """
    from octoplan.raids.fit_file import fit_toml, read_fit
    from octoplan.raids.forecast import fit_forecast, fitted_days

    earlier = read_fit(before)
    record = read_record(file)
    remarks = drift_remarks(record, earlier, file, before)
    days = fitted_days(record, None, None)
    result = fit_forecast(record, days)
    for remark in remarks:
        print_line(remark)
    print_medians(earlier.posterior, result.posterior)
    for warning in (*record.outliers, *result.diagnostics.warnings()):
        print_line(f"warning: {warning}")
    write(out or before, fit_toml(result, record, days, date.today()))  # noqa: DTZ011 (the user's day)


def drift_remarks(record: "Record", earlier: "StoredFit", file: Path, before: Path) -> list[str]:
    """Sentences on the number of new days of a record and their significant differences from an earlier fit."""
    import numpy as np

    from octoplan.raids.drift import MIN_NEW_DAYS, drift_tests

    part = record.between(earlier.first, record.days[-1])
    new = int(np.count_nonzero(part.days > np.datetime64(earlier.last)))
    known = int(np.count_nonzero(part.all_known[len(part) - new :]))
    if known < MIN_NEW_DAYS:
        raise RunError(
            f"{file}: has {known} days with known counts after {earlier.last}, the last day of {before}; "
            f"at least {MIN_NEW_DAYS} are needed"
        )
    warnings = list(drift_tests(earlier.posterior, part.packages, part.all_known, len(part) - new).warnings())
    findings = [f"warning: {warning}" for warning in warnings] or ["the new days agree with the earlier fit"]
    return [f"{new} new days since {earlier.last}", *findings]


def print_medians(earlier: "Posterior", updated: "Posterior") -> None:
    """Print the median of each parameter before and after an update."""
    from octoplan.raids.fit_file import FITTED_PARAMETERS

    print_line(f"  {'P50':32} {'before':>9} {'now':>9}")
    medians = zip(earlier.quantiles(0.5), updated.quantiles(0.5), strict=True)
    for parameter, (old, now) in zip(FITTED_PARAMETERS, medians, strict=True):
        print_line(f"  {parameter.name:32} {old:9.4g} {now:9.4g}")


def score(
    file: Path,
    *,
    first: First = None,
    last: Last = None,
    step_days: Annotated[int, Parameter(name="--every")] = 7,
    draws: int = 1000,
    seed: int = 1,
    out: Path | None = None,
    page: Path | None = None,
) -> None:
    """Score forecasts by the fitted process and by benchmarks on days after each of a series of origins.

    Parameters
    ----------
    file
        The record.
    first
        First origin, the last day that a forecast uses; 60 weeks before the last origin by default.
    last
        Last origin; 30 days before the end of the record by default.
    step_days
        Days between origins.
    draws
        Number of futures in each forecast.
    seed
        Seed of the random draws.
    out
        A CSV file for the table of scores.
    page
        An HTML page for the figures; it can be opened offline.

    """
    from octoplan.raids.benchmarks import benchmarks
    from octoplan.raids.comparison import score_table, to_text
    from octoplan.raids.forecast import FittedProcess
    from octoplan.show.score import page as draw_page

    check_number("--draws", draws, MIN_DRAWS, MAX_DRAWS)
    check_number("--every", step_days, 1, MAX_STEP_DAYS)
    check_simulation(1, seed)
    record = read_record(file)
    scores = score_all(record, (FittedProcess(), *benchmarks()), first, last, step_days, draws, seed)
    table = score_table(scores)
    print_line(to_text(table))
    if out:
        write(out, table.csv(significant=8))
    if page:
        write(page, draw_page(scores, record))


def score_all(
    record: "Record",
    forecasters: "tuple[Forecaster, ...]",
    first: date | None,
    last: date | None,
    step_days: int,
    draws: int,
    seed: int,
) -> "list[Scores]":
    """Score several forecasters at the same origins, with one process for each core."""
    from concurrent.futures import ProcessPoolExecutor

    from octoplan.raids.score import origins, score

    end = last or (record.days[-1] - SCORED_DAYS).astype(date)
    begin = first or end - timedelta(weeks=SCORED_WEEKS)
    try:
        rows = origins(record.days, str(begin), str(end), step_days)
        with ProcessPoolExecutor(cores()) as pool, progress_bar("origins") as progress:
            return [
                score(
                    record.packages, record.days, forecaster, rows, draws=draws, seed=seed, known=record.all_known,
                    executor=pool, progress=track(progress, forecaster.name),
                )
                for forecaster in forecasters
            ]  # fmt: skip
    except ValueError as error:
        raise RunError(f"{record.source}: {error}") from None


def backtest(
    scenario: str,
    record: Path | None = None,
    *,
    first: Annotated[str, Parameter(name="--from")],
    last: Annotated[str, Parameter(name="--to")],
    futures: int = 200,
    seed: int = 1,
    out: Path | None = None,
) -> None:
    """Simulate a scenario with recorded raids, and compare its monthly results with published figures.

    Parameters
    ----------
    scenario
        A scenario folder, or the name of a built-in scenario.
    record
        The record of raids, beginning no later than the scenario's start. By default the published monthly totals are
        used, allocated to days by the scenario's raid process.
    first
        First month to compare, such as 2025-11. The scenario is always simulated from its start.
    last
        Last month to compare; the record may end within this month.
    futures
        Number of futures to simulate.
    seed
        Seed of the random draws.
    out
        A CSV file for the comparison.

    """
    from octoplan.outcomes import backtest as backtests
    from octoplan.outcomes.monthly import record_from_monthly_totals
    from octoplan.raids.read.readers import read
    from octoplan.scenario import load

    check_simulation(futures, seed)
    begin, end = month_of("--from", first), month_of("--to", last)
    loaded = load(scenario)
    period = backtests.BacktestPeriod.from_dates(loaded, begin, end)
    raids = read(record) if record else record_from_monthly_totals(loaded, period.stop)
    describe_record(raids)
    for rule in raids.breaks:
        print_line(f"  reporting changed on {rule.first}: {rule.reason}")
    with executor() as pool, progress_bar() as progress:
        task = track(progress, "simulating")
        result = backtests.backtest(loaded, raids, begin, end, futures=futures, seed=seed, executor=pool, progress=task)
    print_line(result)
    if out:
        write(out, result.table().csv(significant=6))


def month_of(option: str, text: str) -> date:
    """The first day of a month such as 2025-11."""
    try:
        return date.fromisoformat(f"{text}-01")
    except ValueError:
        raise RunError(f"{option} {text}: write a month such as 2025-11") from None
