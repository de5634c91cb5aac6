"""The commands for records of raids, ``octoplan raids fit``, ``show``, ``score`` and ``update``, and the backtest."""

from datetime import date, timedelta
from math import exp
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from octoplan.cli.console import (
    check_number,
    check_simulation,
    compilation_notice,
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

FirstDay = Annotated[date | None, Parameter(name="--from")]
LastDay = Annotated[date | None, Parameter(name="--to")]

MIN_DRAWS, MAX_DRAWS = 100, 100_000
"""Permitted number of futures of a forecast; with fewer, its tails are not estimated reliably."""
MAX_STEP_DAYS = 10_000
"""Maximum number of days between forecast origins."""
SCORED_WEEKS, DAYS_AFTER_LAST_ORIGIN = 60, 30
"""Default period of forecast origins in weeks, and default number of days between the last origin and the last day."""


def read_record(file: Path) -> "Record":
    """Read a record of raids; print its period and corrections, and warn of outliers on standard error."""
    from octoplan.raids.read.readers import read

    record = read(file)
    print_record(record)
    return record


def print_record(record: "Record") -> None:
    """Print the period of a record and the corrections made in reading it, and warn of outliers on standard error."""
    period = f", {record.days[0]} to {record.days[-1]}" if len(record) else ""
    print_line(f"{record.source}: {len(record):,} days{period}")
    for correction in record.corrections:
        print_line(f"  {correction}")
    for outlier in record.outliers:
        print_warning(f"warning: {outlier}")


def write_file(path: Path, text: str) -> None:
    """Write a file atomically, and print its path."""
    from octoplan.outcomes.files import atomic_write

    atomic_write(path, text)
    report_written(path)


def fit(file: Path, *, first: FirstDay = None, last: LastDay = None, out: Path = Path("raids.toml")) -> None:
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
    write_file(out, fit_toml(result, record, days, date.today()))  # noqa: DTZ011 (the user's day)


def print_fit(result: "Fit", record: "Record", days: slice) -> None:
    """Print the parameters and stopped shares with their intervals, and the warnings of a fit."""
    from octoplan.raids.fit_file import FITTED_PARAMETERS
    from octoplan.raids.stopped_share import stopped_shares

    period = record.days[days]
    print_line(f"fitted to {len(period)} days, {period[0]} to {period[-1]}")
    if unknown := int((~record.all_known[days]).sum()):
        print_line(f"  the launched count is unknown on {unknown} of these days, which are excluded")
    print_line(f"  {'':32} {'P10':>9} {'P50':>9} {'P90':>9}")
    quantiles = zip(*(result.posterior.quantiles(probability) for probability in (0.1, 0.5, 0.9)), strict=True)
    for parameter, values in zip(FITTED_PARAMETERS, quantiles, strict=True):
        print_line(f"  {parameter.name:32} " + " ".join(f"{value:9.4g}" for value in values))
    if any(result.level_shift):
        drones, missiles = (f"{exp(shift):.3f}" for shift in result.level_shift)
        print_line(f"  level adjusted to the combined forecast: drones multiplied by {drones}, missiles by {missiles}")
    print_line("share of a day's weapons stopped, with 95 % intervals")
    for share in stopped_shares(record, days):
        print_line(f"  {share}")
    for warning in (*record.outliers, *result.diagnostics.warnings()):
        print_line(f"warning: {warning}")


def show(
    file: Path,
    *,
    first: FirstDay = None,
    last: LastDay = None,
    alerts: Path | None = None,
    out: Path = Path("raids.html"),
) -> None:
    """Show a record of raids and its fit as one HTML page that can be opened offline.

    Parameters
    ----------
    file
        The record.
    first
        First day to fit; 120 days before the last by default. The charts show all days.
    last
        Last day to fit; the last day of the record by default.
    alerts
        A table of alerts by region to show: columns region, alerts, and optionally hours, alerts_per_day, share_alerts.
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
        for correction in exposure.corrections:
            print_line(f"  {correction}")
    days = fitted_days(record, first, last)
    write_file(out, page(record, fit_record(record, days), days, exposure))


def update(
    file: Path, *, earlier_file: Annotated[Path, Parameter(name="--fit")] = Path("raids.toml"), out: Path | None = None
) -> None:
    """Test the new days of a record against an earlier fit, and fit again with them.

    Parameters
    ----------
    file
        The record with its new days.
    earlier_file
        The file of the earlier fit.
    out
        The file to write; by default the file of the earlier fit is replaced.

    """
    from octoplan.raids.fit_file import fit_toml, read_fit
    from octoplan.raids.forecast import fit_forecast, fitted_days

    earlier_fit = read_fit(earlier_file)
    record = read_record(file)
    messages = drift_messages(record, earlier_fit, file, earlier_file)
    days = fitted_days(record, None, None)
    result = fit_forecast(record, days)
    for message in messages:
        print_line(message)
    print_medians(earlier_fit.posterior, result.posterior)
    for warning in (*record.outliers, *result.diagnostics.warnings()):
        print_line(f"warning: {warning}")
    write_file(out or earlier_file, fit_toml(result, record, days, date.today()))  # noqa: DTZ011 (the user's day)


def drift_messages(record: "Record", earlier_fit: "StoredFit", file: Path, earlier_file: Path) -> list[str]:
    """Sentences on the number of new days of a record and their significant differences from an earlier fit."""
    import numpy as np

    from octoplan.raids.drift import MIN_NEW_DAYS, drift_tests

    period = record.between(earlier_fit.first, record.days[-1])
    new_days = int(np.count_nonzero(period.days > np.datetime64(earlier_fit.last)))
    earlier_days = len(period) - new_days
    known_days = int(np.count_nonzero(period.all_known[earlier_days:]))
    if known_days < MIN_NEW_DAYS:
        raise RunError(
            f"{file}: the launched count is known on {known_days} days after {earlier_fit.last}, the last day of "
            f"{earlier_file}; at least {MIN_NEW_DAYS} days are needed"
        )
    warnings = list(drift_tests(earlier_fit.posterior, period.packages, period.all_known, earlier_days).warnings())
    messages = [f"warning: {warning}" for warning in warnings] or ["the new days agree with the earlier fit"]
    return [f"{new_days} new days since {earlier_fit.last}", *messages]


def print_medians(earlier: "Posterior", updated: "Posterior") -> None:
    """Print the median of each parameter before and after an update."""
    from octoplan.raids.fit_file import FITTED_PARAMETERS

    print_line(f"  {'P50':32} {'before':>9} {'now':>9}")
    medians = zip(earlier.quantiles(0.5), updated.quantiles(0.5), strict=True)
    for parameter, (before, now) in zip(FITTED_PARAMETERS, medians, strict=True):
        print_line(f"  {parameter.name:32} {before:9.4g} {now:9.4g}")


def score(
    file: Path,
    *,
    first: FirstDay = None,
    last: LastDay = None,
    step_days: Annotated[int, Parameter(name="--every")] = 7,
    draws: int = 1000,
    seed: int = 1,
    out: Path | None = None,
    page: Path | None = None,
) -> None:
    """Score forecasts of the fitted process and of benchmarks at a series of forecast origins.

    Parameters
    ----------
    file
        The record.
    first
        First forecast origin, which is the last day that the forecast uses; 60 weeks before the last origin by
        default.
    last
        Last forecast origin; 30 days before the end of the record by default.
    step_days
        Days between forecast origins.
    draws
        Number of futures in each forecast.
    seed
        Seed of the random draws.
    out
        A CSV file for the table of scores.
    page
        An HTML page for the charts of the scores; it can be opened offline.

    """
    from octoplan.raids.benchmarks import benchmarks
    from octoplan.raids.comparison import score_table, table_text
    from octoplan.raids.forecast import FittedProcess
    from octoplan.show.score import page as draw_page

    check_number("--draws", draws, MIN_DRAWS, MAX_DRAWS)
    check_number("--every", step_days, 1, MAX_STEP_DAYS)
    check_simulation(1, seed)
    record = read_record(file)
    scores = score_all(record, (FittedProcess(), *benchmarks()), first, last, step_days, draws, seed)
    table = score_table(scores)
    print_line(table_text(table))
    if out:
        write_file(out, table.csv(significant=8))
    if page:
        write_file(page, draw_page(scores, record))


def score_all(
    record: "Record",
    forecasters: "tuple[Forecaster, ...]",
    first: date | None,
    last: date | None,
    step_days: int,
    draws: int,
    seed: int,
) -> "list[Scores]":
    """Score several forecasters at the same forecast origins, with one process for each core."""
    from concurrent.futures import ProcessPoolExecutor

    from octoplan.raids.score import origins, score

    end = last or (record.days[-1] - DAYS_AFTER_LAST_ORIGIN).astype(date)
    begin = first or end - timedelta(weeks=SCORED_WEEKS)
    try:
        origin_rows = origins(record.days, str(begin), str(end), step_days)
        with ProcessPoolExecutor(cores()) as pool, progress_bar("origins") as progress:
            return [
                score(
                    record.packages, record.days, forecaster, origin_rows, draws=draws, seed=seed,
                    is_known=record.all_known, executor=pool, progress=track(progress, forecaster.name),
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
        A scenario folder or workbook (.xlsx), or the name of a built-in scenario.
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
    begin, end = parse_month("--from", first), parse_month("--to", last)
    loaded = load(scenario)
    period = backtests.BacktestPeriod.from_dates(loaded, begin, end)
    raids = read(record) if record else record_from_monthly_totals(loaded, period.stop)
    print_record(raids)
    for rule in raids.reporting_rules:
        print_line(f"  reporting changed on {rule.first}: {rule.reason}")
    with executor() as pool, compilation_notice(), progress_bar() as progress:
        task = track(progress, "simulating")
        result = backtests.backtest(loaded, raids, begin, end, futures=futures, seed=seed, executor=pool, progress=task)
    print_line(result)
    if out:
        write_file(out, result.table().csv(significant=6))


def parse_month(option: str, text: str) -> date:
    """First day of the month in the text of an option. Raises RunError if the text is not a month such as 2025-11."""
    try:
        return date.fromisoformat(f"{text}-01")
    except ValueError:
        raise RunError(f"{option} {text}: write a month such as 2025-11") from None
