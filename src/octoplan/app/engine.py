"""Simulated futures of the scenarios of the page: kept, and extended by further futures when a view needs them."""

import time
from collections.abc import MutableMapping
from concurrent.futures import CancelledError, Executor
from threading import Lock
from typing import Any, TypeVar

import xarray as xr

from octoplan.answer.answer import answer_of
from octoplan.app.answers import Sample, complete_answer
from octoplan.campaign.futures import simulate_futures
from octoplan.outcomes.daily import daily_tallies
from octoplan.outcomes.precision import joined
from octoplan.outcomes.run import Run, first_futures
from octoplan.outcomes.simulate import (
    COUNTERFACTUAL_TALLIES,
    draw_assumptions,
    labelled_run,
    simulate,
    tallies_to_keep,
)
from octoplan.scenario import Scenario
from octoplan.scenario.arrays import Floats, Ints
from octoplan.scenario.files import ASSUMPTIONS, CORRELATIONS, POSTERIOR, PROGRAMME, RAID_FIT

FIRST_FUTURES = 2
"""Futures of the first effects of a change, one for each thread on two cores; they have no counterfactual."""
SETTLED_FUTURES = 16
"""Futures at which an answer is settled: the first results do not wait for more."""
EFFECT_FUTURES = (4, 8, 32, 64)
"""Further numbers of futures after which the effects of a change are shown."""
LEVEL_FUTURES = 128
"""Futures of the sentences, results and charts of every view, while nothing else is asked."""
FUTURES_OF_SENSITIVITIES = 512
"""Futures at which an answer is settled in a view of the effects of the assumptions."""
FUTURES_BETWEEN_HALTS = 16
"""Futures that are kept together, at most: fewer are lost when a simulation is halted."""

SEED = 1
MAX_DAILY_RUNS, MAX_RUNS, MAX_FIRST_RUNS, MAX_SAMPLES, MAX_DRAWS, MAX_ANSWERS = 4, 12, 64, 24, 4, 24
"""Maximum number of kept runs by day, runs, runs of the first futures, runs with measures, draws, and answers."""
FILES_OF_DRAWS = (PROGRAMME, ASSUMPTIONS, RAID_FIT, CORRELATIONS, POSTERIOR)
"""Files of a scenario on which the draws of its assumptions depend, together with the names of the assumptions: the
doctrine determines which assumptions are required, and therefore which have a default value."""

K = TypeVar("K")
V = TypeVar("V")


class Superseded(Exception):
    """Raised if a newer change has made an answer obsolete."""


class Engine:
    """Simulates scenarios for the page on one executor, and keeps what it has simulated.

    Attributes:
        runs: The longest run of each scenario, by hash.
        first_runs: Runs of ``FIRST_FUTURES`` without the counterfactual, by hash.
        samples: Runs of some of the futures with their measures, by hash and number of futures.
        daily_runs: Runs of one future with their daily tallies, by hash.
        answers: Complete answers as JSON data, by hash and number of futures.
        draws_by_source: Draws, by the names of the assumptions and the contents of ``FILES_OF_DRAWS``.

    """

    def __init__(self, executor: Executor) -> None:
        self.executor = executor
        self.runs: dict[str, Run] = {}
        self.first_runs: dict[str, Run] = {}
        self.samples: dict[tuple[str, int], Sample] = {}
        self.daily_runs: dict[str, tuple[Run, xr.Dataset]] = {}
        self.answers: dict[tuple[str, int], dict[str, Any]] = {}
        self.draws_by_source: dict[tuple[tuple[str, ...], tuple[bytes | None, ...]], Floats] = {}
        self.lock = Lock()
        self.scenario_locks: dict[str, Lock] = {}

    def sample(self, scenario: Scenario, futures: int, halt: Ints) -> Sample:
        """The first futures of a scenario with their measures. Raises Superseded if ``halt``, (1,), becomes nonzero."""
        key = scenario.hash, futures
        sample = self.samples.get(key)
        if sample is None:
            run = self.first_run(scenario, halt) if futures <= FIRST_FUTURES else self.run(scenario, futures, halt)
            sample = Sample(first_futures(run, futures))
            self.keep(self.samples, key, sample, MAX_SAMPLES)
        return sample

    def answer(self, scenario: Scenario, futures: int, halt: Ints) -> dict[str, Any]:
        """The complete answer of the first futures of a scenario as JSON data; small changes are simulated for it.

        They are simulated on one thread, so that it delays other requests little. Raises Superseded if ``halt``, (1,),
        becomes nonzero.
        """
        key = scenario.hash, futures
        if key not in self.answers:
            sample = self.sample(scenario, futures, halt)
            try:
                content = complete_answer(answer_of(sample.results, halt=halt))
            except CancelledError:
                raise Superseded from None
            self.keep(self.answers, key, content, MAX_ANSWERS)
            return content
        return self.answers[key]

    def first_run(self, scenario: Scenario, halt: Ints) -> Run:
        """A run of at least ``FIRST_FUTURES``, without the counterfactual if it has to be simulated."""
        run = self.runs.get(scenario.hash) or self.first_runs.get(scenario.hash)
        if run is None:
            run = self.extended(None, scenario, FIRST_FUTURES, halt, counterfactual=False)
            self.keep(self.first_runs, scenario.hash, run, MAX_FIRST_RUNS)
        return run

    def run(self, scenario: Scenario, futures: int, halt: Ints) -> Run:
        """A run of at least ``futures`` futures: the run that is kept, extended by the futures that it lacks."""
        with self.lock:
            scenario_lock = self.scenario_locks.setdefault(scenario.hash, Lock())
            trim(self.scenario_locks, 2 * MAX_RUNS)
        with scenario_lock:
            run = self.runs.get(scenario.hash)
            while run is None or run.futures < futures:
                done = 0 if run is None else run.futures
                run = self.extended(run, scenario, min(futures, done + FUTURES_BETWEEN_HALTS), halt)
                self.keep(self.runs, scenario.hash, run, MAX_RUNS)
        return run

    def extended(
        self, run: Run | None, scenario: Scenario, futures: int, halt: Ints, *, counterfactual: bool = True
    ) -> Run:  # fmt: skip
        """A run extended to ``futures`` futures; the same run results if all of them are simulated at once."""

        def progress(_done: int, _total: int) -> None:
            if halt[0]:
                raise Superseded

        start, done = time.perf_counter(), 0 if run is None else run.futures
        draws = self.draws(scenario, futures)
        simulated = simulate_futures(
            scenario.compile(), draws[done:], seed=SEED, first=done, executor=self.executor, batch=1,
            keep=tallies_to_keep(), counterfactual=COUNTERFACTUAL_TALLIES if counterfactual else (), progress=progress,
            keep_going=True, halt=halt,
        )  # fmt: skip
        progress(futures, futures)
        further = labelled_run(scenario, SEED, draws[done:], simulated, time.perf_counter() - start)
        return further if run is None else joined(run, further)

    def draws(self, scenario: Scenario, futures: int) -> Floats:
        """(futures, assumptions) draws of the assumptions; a changed decision that needs the same assumptions has the
        draws of the baseline.
        """
        source = scenario.columns, tuple(scenario.files.get(name) for name in FILES_OF_DRAWS)
        draws = self.draws_by_source.get(source)
        if draws is None or len(draws) < futures:
            # drawing 16 futures takes little longer than drawing 2
            draws = draw_assumptions(scenario, max(futures, SETTLED_FUTURES), SEED)
            self.keep(self.draws_by_source, source, draws, MAX_DRAWS)
        return draws[:futures]

    def daily_run(self, scenario: Scenario) -> tuple[Run, xr.Dataset]:
        """A run of one future of a scenario, and its daily tallies."""
        run_and_tallies = self.daily_runs.get(scenario.hash)
        if run_and_tallies is None:
            run = simulate(scenario, 1, SEED, executor=self.executor, counterfactual=False)
            run_and_tallies = run, daily_tallies(run, 0)
            self.keep(self.daily_runs, scenario.hash, run_and_tallies, MAX_DAILY_RUNS)
        return run_and_tallies

    def keep(self, cache: MutableMapping[K, V], key: K, value: V, size: int) -> None:
        """Put a value at the end of a cache of at most ``size`` values."""
        with self.lock:
            cache.pop(key, None)
            cache[key] = value
            trim(cache, size)


def trim(cache: MutableMapping[K, V], size: int) -> None:
    """Delete the oldest entries of a cache until at most ``size`` remain."""
    while len(cache) > size:
        del cache[next(iter(cache))]
