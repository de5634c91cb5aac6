"""The commands of the record of raids: ``octoplan raids fit``, ``show``, ``score`` and ``update``; and the backtest."""

from datetime import date, timedelta
from math import exp
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from octoplan.cli.console import check_simulation, progress_bar, say, track, wrote
from octoplan.errors import RunError
from octoplan.executors import cores, executor

if TYPE_CHECKING:
    from octoplan.raids.fit import Fit
    from octoplan.raids.read.record import Record

First = Annotated[date | None, Parameter(name="--from")]
FEWEST_DRAWS = 100
"""Futures of a forecast below which its tails mean nothing."""

Last = Annotated[date | None, Parameter(name="--to")]


def part_of(record: "Record", first: date | None, last: date | None, memory: int) -> slice:
    """The days to fit: as asked, or the last ``memory`` days up to the end asked for."""
    import numpy as np

    whole = record.between(first or record.days[0], last or record.days[-1])
    stop = int((whole.days[-1] - record.days[0]).astype(np.int64)) + 1
    start = int((whole.days[0] - record.days[0]).astype(np.int64)) if first else max(0, stop - memory)
    return slice(start, stop)


def fitted(record: "Record", days: slice) -> "Fit":
    """The process fitted to some days of a record."""
    import numpy as np

    from octoplan.raids.fit import fit as fit_process

    counts = np.column_stack([record.drones, record.missiles])
    return fit_process(counts[days], record.all_known[days], threads=2)


def forecast(record: "Record", days: slice, first: date | None) -> "Fit":
    """The process fitted to some days, its level looked for in all days up to their end (from ``first``, if asked)."""
    import numpy as np

    from octoplan.raids.forecast import levelled

    past = slice(days.start if first else 0, days.stop)
    counts = np.column_stack([record.drones, record.missiles])[past]
    return levelled(fitted(record, days), counts[record.all_known[past]])


def say_repairs(record: "Record") -> None:
    """What was put right or assumed in reading, a line each."""
    say(f"{record.source}: {len(record):,} days, {record.days[0]} to {record.days[-1]}")
    for repair in record.repairs:
        say(f"  {repair}")


def fit(file: Path, *, first: First = None, last: Last = None, out: Path = Path("raids.toml")) -> None:
    """Fit the raid process to a record and write it for a scenario.

    Parameters
    ----------
    file
        The record: one row a day, one row a day and class, or one row a report.
    first
        First day to fit; 120 days before the last if not given.
    last
        Last day to fit; the record's last if not given.
    out
        Where to write the fit. A scenario uses it by the line raids = "raids.toml" in its programme.toml.

    """
    from octoplan.outcomes.files import atomic_write
    from octoplan.raids.fit import MEMORY
    from octoplan.raids.fit_file import text_of
    from octoplan.raids.read.readers import read

    record = read(file)
    say_repairs(record)
    days = part_of(record, first, last, MEMORY)
    found = forecast(record, days, first)
    say_fit(found, record, days)
    atomic_write(out, text_of(found, record, days, date.today()))  # noqa: DTZ011 (the user's day)
    wrote(out)


def say_fit(found: "Fit", record: "Record", days: slice) -> None:
    """The parameters and the stopped shares with their intervals, and the warnings of the fit."""
    from octoplan.raids.fit_file import named
    from octoplan.raids.stopped_share import shares

    chosen = record.days[days]
    say(f"fitted to {len(chosen)} days, {chosen[0]} to {chosen[-1]}")
    say(f"  {'':32} {'P10':>9} {'P50':>9} {'P90':>9}")
    ends = [found.posterior.quantiles(share) for share in (0.1, 0.5, 0.9)]
    for (name, _), *values in zip(named(), *ends, strict=True):
        say(f"  {name:32} " + " ".join(f"{value:9.4g}" for value in values))
    if any(found.shift):
        drones, missiles = (f"{exp(shift):.3f}" for shift in found.shift)
        say(f"  level of drones moved by {drones}, of missiles by {missiles}, to the combination's")
    say("stopped shares of a day, with 95 % intervals")
    for share in shares(record, days):
        say(f"  {share}")
    for warning in found.diagnostics.warnings():
        say(f"warning: {warning}")


def show(
    file: Path, *, first: First = None, last: Last = None, alerts: Path | None = None, out: Path = Path("raids.html")
) -> None:
    """Draw a record at a glance: one page that needs no network.

    Parameters
    ----------
    file
        The record.
    first
        First day to fit; 120 days before the last if not given. All days are drawn.
    last
        Last day to fit; the record's last if not given.
    alerts
        A table of alerts by region to draw too: region, alerts, and where known hours, alerts_per_day, share_alerts.
    out
        The page to write.

    """
    from octoplan.outcomes.files import atomic_write
    from octoplan.raids.fit import MEMORY
    from octoplan.raids.read.alerts import read_exposure
    from octoplan.raids.read.readers import read
    from octoplan.show.raids import page

    record = read(file)
    say_repairs(record)
    exposure = read_exposure(alerts) if alerts else None
    if exposure:
        say(f"{exposure.source}: {len(exposure.regions)} regions, {exposure.alerts.sum():,} alerts")
        for repair in exposure.repairs:
            say(f"  {repair}")
    days = part_of(record, first, last, MEMORY)
    atomic_write(out, page(record, fitted(record, days), days, exposure))
    wrote(out)


def update(
    file: Path, *, before: Annotated[Path, Parameter(name="--fit")] = Path("raids.toml"), out: Path | None = None
) -> None:
    """Take new days of a record in: say whether they are as the fit expected, and fit again.

    Parameters
    ----------
    file
        The record with its new days.
    before
        The fit so far.
    out
        Where to write the new fit; in place of the old one if not given.

    """
    import numpy as np

    from octoplan.outcomes.files import atomic_write
    from octoplan.raids.drift import drift
    from octoplan.raids.fit import MEMORY
    from octoplan.raids.fit_file import named, posterior_of, text_of
    from octoplan.raids.read.readers import read
    from octoplan.scenario.toml_text import parse_toml

    try:
        tree = parse_toml(str(before), before.read_bytes()).tree
        posterior, begun, last = posterior_of(tree), tree["record"]["first"], tree["record"]["last"]
    except KeyError as error:
        raise RunError(f"{before}: holds no {error} of a record") from None
    record = read(file)
    say_repairs(record)
    whole = record.between(begun, record.days[-1])
    new = int(np.count_nonzero(whole.days > np.datetime64(last)))
    if new < 2:
        raise RunError(f"{file}: has {new} days after {last}, the last day of {before}; at least 2 are needed")
    signs = list(
        drift(posterior, np.column_stack([whole.drones, whole.missiles]), whole.all_known, len(whole) - new).words()
    )
    days = part_of(record, None, None, MEMORY)
    found = forecast(record, days, None)
    atomic_write(out or before, text_of(found, record, days, date.today()))  # noqa: DTZ011 (the user's day)
    say(f"{new} new days since {last}; P50 before and now")
    for (name, _), old, now in zip(named(), posterior.quantiles(0.5), found.posterior.quantiles(0.5), strict=True):
        say(f"  {name:32} {old:9.4g} {now:9.4g}")
    for sign in signs or ["the new days are as the fit expected"]:
        say(f"{'warning: ' if signs else ''}{sign}")
    wrote(out or before)


def score(
    file: Path,
    *,
    first: First = None,
    last: Last = None,
    every: int = 7,
    draws: int = 1000,
    seed: int = 1,
    out: Path | None = None,
    page: Path | None = None,
) -> None:
    """Score the fitted process and its rivals on days that they have not seen, origin by origin.

    Parameters
    ----------
    file
        The record.
    first
        First origin, the last day that its forecast knows; 60 weeks before the last origin if not given.
    last
        Last origin; the last day but 30 of the record if not given.
    every
        Days from one origin to the next.
    draws
        Futures of each forecast.
    seed
        What the draws depend on.
    out
        A CSV file to write the table to.
    page
        An HTML page to write the figures to; it needs no network.

    """
    from concurrent.futures import ProcessPoolExecutor

    import numpy as np

    from octoplan.outcomes.files import atomic_write
    from octoplan.raids.benchmarks import rivals
    from octoplan.raids.forecast import Fitted
    from octoplan.raids.read.readers import read
    from octoplan.raids.score import origins, table
    from octoplan.raids.score import score as judge
    from octoplan.show.score import page as drawn

    record = read(file)
    say_repairs(record)
    stop = last or (record.days[-1] - 30).astype(date)
    begin = first or stop - timedelta(weeks=60)
    counts = np.column_stack([record.drones, record.missiles])
    try:
        rows = origins(record.days, str(begin), str(stop), every)
    except ValueError as error:
        raise RunError(f"{file}: {error}") from None
    if draws < FEWEST_DRAWS:
        raise RunError(f"--draws {draws}: at least {FEWEST_DRAWS} are needed")
    found = []
    with ProcessPoolExecutor(cores()) as pool, progress_bar() as progress:
        for forecaster in (Fitted(), *rivals()):
            seen = track(progress, forecaster.name)
            found.append(
                judge(
                    counts, record.days, forecaster, rows, draws=draws, seed=seed, known=record.all_known,
                    executor=pool, progress=seen,
                )
            )  # fmt: skip
    made = table(found)
    say(made)
    if out:
        atomic_write(out, made.to_csv())
        wrote(out)
    if page:
        atomic_write(page, drawn(found, record))
        wrote(page)


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
    """Fly a scenario through the raids that happened and lay it beside what was published.

    Parameters
    ----------
    scenario
        A scenario folder, or the name of a shipped one.
    record
        The record of raids. Without one, the published total of each month is spread over its days as the scenario's
        own process would.
    first
        First month, such as 2025-11: the scenario's first.
    last
        Last month.
    futures
        How many futures to fly.
    seed
        What the draws depend on.
    out
        A CSV file to write the table to.

    """
    from octoplan.outcomes.backtest import backtest as fly_through
    from octoplan.outcomes.backtest import check_months
    from octoplan.outcomes.files import atomic_write
    from octoplan.outcomes.monthly import published_months
    from octoplan.raids.read.readers import read
    from octoplan.scenario import load

    try:
        begin, end = (date.fromisoformat(f"{month}-01") for month in (first, last))
    except ValueError:
        raise RunError(f"--from {first} --to {last}: write months such as 2025-11") from None
    months = (end.year - begin.year) * 12 + end.month - begin.month + 1
    flown = load(scenario)
    check_months(flown, begin, months)
    found = read(record) if record else published_months(flown, begin, months)
    say_repairs(found)
    for each in found.breaks:
        say(f"  break from {each.first}: {each.reason}")
    check_simulation(futures, seed)
    with executor() as pool, progress_bar() as progress:
        result = fly_through(
            flown, found, begin, months, futures=futures, seed=seed, executor=pool,
            progress=track(progress, "simulating"),
        )  # fmt: skip
    say(result)
    if out:
        atomic_write(out, result.to_csv())
        wrote(out)
