"""Simulation for a calibration: scores to assumptions, futures of the days observed, and their measures.

The months that have a target are simulated, without the counterfactual. Tallies are added by set of days, so that each
target is a sum of rows.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import special

from octoplan.calibrate.observables import OBSERVABLES, PeriodTallies
from octoplan.calibrate.targets import Target
from octoplan.campaign.futures import simulate_futures
from octoplan.campaign.layer_levels import DAYS_PER_MONTH
from octoplan.scenario import Scenario
from octoplan.scenario.arrays import Compiled, Floats, Ints
from octoplan.scenario.entities import KIND_BY_NAME

LARGEST_SCORE = 8.0
"""Scores beyond this distance from 0 are moved to it, because their probabilities would be rounded to 0 or 1."""


@dataclass(frozen=True)
class LevelPath:
    """Columns of the assumptions on the level of one layer in consecutive months.

    Attributes:
        sd: Column of the standard deviation of the level.
        memory: Column of its memory.
        levels: Columns of the levels, by month.
        previous: Column of the level that the scenario states for the month before; None if they begin with the
            scenario's start.

    """

    sd: int
    memory: int
    levels: tuple[int, ...]
    previous: int | None = None

    @property
    def parameters(self) -> tuple[int, ...]:
        """Columns of the assumptions that determine the distribution of the levels."""
        return (self.sd, self.memory) if self.previous is None else (self.sd, self.memory, self.previous)


@dataclass(frozen=True, eq=False)
class Assumptions:
    """The uncertain assumptions of a scenario as functions of standard normal scores.

    Attributes:
        scenario: The scenario, with rows for the levels of the months observed.
        columns: (scores,) columns of the uncertain assumptions.
        paths: The layers whose level varies.

    """

    scenario: Scenario
    columns: Ints
    paths: tuple[LevelPath, ...]

    def draws(self, scores: Floats) -> Floats:
        """(futures, assumptions) draws, given (futures, scores)."""
        uniforms = np.full((len(scores), len(self.scenario.assumptions)), 0.5)
        uniforms[:, self.columns] = special.ndtr(np.clip(scores, -LARGEST_SCORE, LARGEST_SCORE))
        draws = self.scenario.quantiles(uniforms)
        for path in self.paths:
            draws[:, path.levels] = self.levels(path, scores, *(draws[:, column] for column in path.parameters))
        return draws

    def levels(
        self, path: LevelPath, scores: Floats, sd: Floats, memory: Floats, previous: Floats | None = None
    ) -> Floats:
        """(futures, months) levels of a layer: autoregressive as in the kernel.

        The first month continues from the level stated for the month before, ``previous``; it is stationary without
        one. Levels outside the range of stated levels are moved to its ends, where a probability of 50 % is 1 % or
        99 %.
        """
        innovations = scores[:, [self.position[column] for column in path.levels]]
        keep = np.exp(-DAYS_PER_MONTH / memory)
        levels = np.empty_like(innovations)
        for month in range(levels.shape[1]):
            before = levels[:, month - 1] if month else previous
            if before is None:
                levels[:, month] = sd * innovations[:, month]
            else:
                levels[:, month] = keep * before + np.sqrt(1.0 - keep**2) * sd * innovations[:, month]
        return np.clip(levels, STATED_LEVEL.low, STATED_LEVEL.high)

    @cached_property
    def position(self) -> dict[int, int]:
        """Score of each uncertain assumption, by its column."""
        return {int(column): score for score, column in enumerate(self.columns)}

    def features(self, scores: Floats) -> Floats:
        """(futures, scores) features: correlated scores, and levels in units of ``LEVEL_UNIT``."""
        features = scores.copy()
        group, factor = self.correlated
        features[:, group] = scores[:, group] @ factor.T
        for path, tables in zip(self.paths, self.tables, strict=True):
            columns = [self.position[column] for column in path.levels]
            at = [
                features[:, self.position[c]] if c in self.position else np.zeros(len(scores)) for c in path.parameters
            ]
            values = (np.interp(score, SCORE_GRID, table) for score, table in zip(at, tables, strict=True))
            features[:, columns] = self.levels(path, scores, *values) / LEVEL_UNIT
        return features

    @cached_property
    def tables(self) -> tuple[tuple[Floats, ...], ...]:
        """By path, the ``parameters`` of its levels at the scores ``SCORE_GRID``."""
        grid = np.asarray(special.ndtr(SCORE_GRID), np.float64)
        return tuple(
            tuple(self.scenario.assumptions[column].marginal.quantile(grid) for column in path.parameters)
            for path in self.paths
        )

    @cached_property
    def correlated(self) -> tuple[Ints, Floats]:
        """Scores of the correlated assumptions, and the lower Cholesky factor of their correlation matrix."""
        copula = self.scenario.copula
        group = [self.position[column] for column in copula.columns]
        return np.array(group, np.int64), copula.cholesky_factor

    @cached_property
    def parents(self) -> tuple[Ints, ...]:
        """By feature, the scores on which it depends."""
        parents = [np.array([score]) for score in range(len(self.columns))]
        group, factor = self.correlated
        for row, score in enumerate(group):
            parents[score] = group[: row + 1][factor[row, : row + 1] != 0.0]
        for path in self.paths:
            shared = [self.position[column] for column in path.parameters if column in self.position]
            shared_parents = [parent for score in shared for parent in parents[score].tolist()]
            columns = [self.position[column] for column in path.levels]
            for month, score in enumerate(columns):
                parents[score] = np.unique([*shared_parents, *columns[: month + 1]]).astype(np.int64)
        return tuple(parents)


(STATED_LEVEL,) = KIND_BY_NAME["levels"].parameters
LEVEL_UNIT = 0.3
"""Level, on the logit scale, that is one unit of a feature."""
SCORE_GRID = np.linspace(-5.0, 5.0, 401)
"""Scores at which the standard deviation and the memory of a level are tabulated."""


@dataclass(frozen=True, eq=False)
class Simulator:
    """Simulates the measures of targets.

    Attributes:
        assumptions: The assumptions as functions of scores.
        targets: The targets.
        seed: Seed of the random streams.
        executor: Executor of the batches.
        progress: Called with the number of futures simulated since the last call.

    """

    assumptions: Assumptions
    targets: tuple[Target, ...]
    seed: int
    executor: Executor | None = None
    progress: Callable[[int], None] | None = None

    @cached_property
    def row_of_day(self) -> Ints:
        """(days,) row of the tallies of each day: days that belong to the same targets share a row."""
        masks = np.array([target.days for target in self.targets], np.int64)
        return np.unique(masks, axis=1, return_inverse=True)[1].reshape(-1).astype(np.int64)

    @cached_property
    def compiled(self) -> Compiled:
        """The scenario with the tallies added by set of days."""
        compiled = self.assumptions.scenario.compile()
        rows = int(self.row_of_day.max()) + 1
        return compiled._replace(
            names=compiled.names._replace(months=tuple(map(str, range(rows)))),
            links=compiled.links._replace(tally_row=self.row_of_day),
        )

    def measures(self, scores: Floats, first: int) -> Floats:
        """(futures, targets) measures in their units; ``nan`` where undefined, in the whole row of a failed future.

        first
            Number of the first future, which determines its random draws.
        """
        keep = tuple(sorted({name for target in self.targets for name in OBSERVABLES[target.key.measure.key][0]}))
        reported = 0

        def report(done: int, _total: int) -> None:
            nonlocal reported
            if self.progress is not None:
                self.progress(done - reported)
            reported = done

        results = simulate_futures(
            self.compiled, self.assumptions.draws(scores), seed=self.seed, first=first, executor=self.executor,
            keep=keep, keep_going=True, progress=report,
        )  # fmt: skip
        measures = np.empty((len(scores), len(self.targets)))
        for column, target in enumerate(self.targets):
            days = PeriodTallies(results.tally, np.unique(self.row_of_day[target.days]), self.compiled)
            measures[:, column] = OBSERVABLES[target.key.measure.key][1](days, target.key)
        measures[results.status != 0] = np.nan
        return measures


def rows_in_use(targets: Sequence[Target]) -> Ints:
    """Columns of the targets that are used."""
    return np.flatnonzero([target.used for target in targets])
