"""Public function that calibrates a scenario, and the class of what it returns."""

from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from importlib.metadata import version
from pathlib import Path

from octoplan.calibrate.evidence import Evidence
from octoplan.calibrate.folder import CalibratedFolder, calibrated_folder, posterior_files
from octoplan.calibrate.options import count_futures, days_of, period_of, published_raids
from octoplan.calibrate.result_tables import comparison_table, learned_table, pair_table
from octoplan.calibrate.setup import prepare
from octoplan.calibrate.waves import infer
from octoplan.outcomes.files import atomic_folder
from octoplan.outcomes.simulate import Progress
from octoplan.raids.read.readers import read
from octoplan.scenario.loading import scenario_of
from octoplan.scenario.scenario import Scenario, read_files
from octoplan.show.calibration import page
from octoplan.show.calibration_card import calibration_card
from octoplan.tables import Table


@dataclass(frozen=True, eq=False)
class Calibration:
    """A scenario whose assumptions were fitted to its observations.

    Attributes:
        evidence: The inference and its results.
        raids: The raids taken as given, in words.

    """

    evidence: Evidence
    raids: str

    @cached_property
    def scenario(self) -> Scenario:
        """The scenario with posterior rows and joint draws; that of the priors if no assumption is informed."""
        return read_files(posterior_files(self.evidence), self.evidence.setup.scenario.title)

    @property
    def tables(self) -> dict[str, Table]:
        """Prior and posterior of the ``assumptions``, ``observations`` with bands, and ``pairs`` not distinguished."""
        tables = (learned_table(self.evidence), comparison_table(self.evidence), pair_table(self.evidence))
        return {table.name: table for table in tables}

    def _repr_html_(self) -> str:
        return calibration_card(self.evidence).html()

    @property
    def page(self) -> str:
        """The page ``calibration.html``."""
        return page(self.evidence, self.evidence.setup.scenario.title)

    @property
    def folder(self) -> CalibratedFolder:
        """Content of the calibrated scenario folder."""
        return calibrated_folder(self.evidence, version("octoplan"), self.raids, self.page)

    def save(self, path: str | Path) -> None:
        """Write the calibrated scenario folder atomically, with the folder ``calibration``.

        Raises StoreError if the path exists and is not an empty folder.
        """
        content = self.folder
        with atomic_folder(Path(path)) as temporary:
            content.write(temporary)


def calibrate_to_observations(
    scenario: Scenario | str | Path,
    record: str | Path | None = None,
    *,
    first: date | str | None = None,
    last: date | str | None = None,
    held_out: Sequence[str | date | tuple[date, date]] = (),
    seed: int = 1,
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> Calibration:
    """Fit the assumptions of a scenario to its observations.

    Without a record, the published monthly totals of raids are used, or if they do not cover the period, raids are
    simulated.

    Args:
        scenario: A scenario with ``observations.csv``, its name or its path; of calibrated rows, the priors are fitted.
        record: A record of raids, which are taken as given; its stopped shares are further observations.
        first: First day whose observations are used, or a month such as ``2025-11``; the scenario's start by default.
        last: Last day, or month; by default that of the last observation.
        held_out: Days, months, or first and last days of spans whose observations are compared but not used.
        seed: Seed of the random draws; the same seed gives the same posterior.
        executor: Executor that simulates batches of futures, with no effect on the results.
        progress: Called with the number of futures simulated and their expected total.

    Returns:
        The calibration. ``scenario`` is the calibrated scenario, and ``save`` writes its folder.

    Raises:
        CalibrationError: There is no observation to use, or the posterior cannot be computed.
        RecordError: The record cannot be read.

    Example:
        >>> import octoplan as op
        >>> op.calibrate_to_observations("pocket")
        Traceback (most recent call last):
        ...
        octoplan.errors.CalibrationError: no observation is used from 2026-01-01 to 2026-03-31: there is none; add rows\
 to observations.csv, or give a record of raids

    """
    scenario = scenario_of(scenario)
    daily = None if record is None else read(Path(record))
    raids = published_raids(scenario) if daily is None else daily
    spans = tuple(days_of(scenario, "held_out", days) for days in held_out)
    begin = None if first is None else days_of(scenario, "first", first)[0]
    end = None if last is None else days_of(scenario, "last", last)[1]
    period = period_of(scenario, daily, begin, end, spans)
    setup = prepare(scenario, period, raids, daily=daily is not None, seed=seed)
    count = None if progress is None else count_futures(progress)
    inference = infer(setup.problem(executor, count), seed)
    return Calibration(Evidence(setup, inference), raids.source if raids is not None else "simulated")
