"""The class ``Scenario``, and functions that read a scenario folder and check it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property
from hashlib import sha256
from pathlib import Path

import numpy as np
import tomlkit

from octoplan.errors import Problem, ScenarioError
from octoplan.scenario.amounts import budgets_of, cover_days
from octoplan.scenario.arrays import Compiled, Floats, Ints, KnownState, Names
from octoplan.scenario.assumptions import Assumption, Source
from octoplan.scenario.binding import ParameterKey, dotted_name
from octoplan.scenario.card import scenario_card
from octoplan.scenario.changes import edited_files, split_changes
from octoplan.scenario.compile import compile_arrays
from octoplan.scenario.correlations import Copula, Correlation, copula, realised_correlations
from octoplan.scenario.decision_checks import check_decisions
from octoplan.scenario.decisions import Decisions, read_decisions
from octoplan.scenario.draws import correlate, draws
from octoplan.scenario.file_readers import posterior_of, programme_of, toml_of
from octoplan.scenario.files import (
    DECISIONS,
    OBSERVATIONS,
    POSTERIOR,
    PROGRAMME,
    RAID_COUNTS,
    RAID_FIT,
    STATE,
    WHAT_IF,
)
from octoplan.scenario.log_reader import optional_rows, read_csv_file, read_log, warn_of_unused_sources
from octoplan.scenario.observations import OBSERVATION_COLUMNS, Observation, read_observations
from octoplan.scenario.posterior import JointDraws, joint_draws
from octoplan.scenario.programme import Programme
from octoplan.scenario.quantities import units_of
from octoplan.scenario.raids import check_raid_files, read_raid_counts, warn_of_gap
from octoplan.scenario.report import Report
from octoplan.scenario.state import STATE_COLUMNS, empty_known_state, read_state
from octoplan.scenario.toml_text import Toml
from octoplan.scenario.what_if import WHAT_IF_COLUMNS, WhatIfFactors, read_what_ifs


@dataclass(frozen=True)
class Scenario:
    """A valid scenario, as stated in its folder.

    Attributes:
        title: Title of the scenario.
        start: First day.
        months: Number of months.
        price_base: Year of all prices in results.
        currency: The reporting currency.
        names: Names of the entities by section, and of the months.
        assumptions: The assumptions, one for each column of draws.
        correlations: Rank correlations as stated.
        decisions: The decisions.
        sources: The sources by id.
        tiles: (column, row) of each region in the tile-grid map.
        titles: Title of each entity, by ``section.name``.
        files: Contents of the files, as bytes by name.
        budgets: Budget of each payer over the horizon, in ``currency``.
        warnings: Warnings: valid lines that may be mistakes.
        programme: The entities and the links between them.
        draw_columns: Column of ``assumptions`` that supplies each parameter.
        cover: Days of planned use of parts that the base-stock policy covers in addition to the mean lead time.
        raid_counts: (observed days, packages) counts of threats on the first days; no rows if not stated.
        factors: What-if factors on raids, by day.
        known: Known state at a date (``state.csv``).
        observations: Observations for a calibration (``observations.csv``).
        priors: The rows of calibrated assumptions as they were before calibration (``prior.csv``), by name.

    Example:
        >>> import octoplan as op
        >>> scenario = op.load("pocket")
        >>> scenario.title, scenario.months, scenario.currency
        ('Pocket', 3, 'GBP')
        >>> scenario.row_of("crews", "initial").median
        20.0

    """

    title: str
    start: date
    months: int
    price_base: int
    currency: str
    names: Names = field(repr=False)
    assumptions: tuple[Assumption, ...] = field(repr=False)
    correlations: tuple[Correlation, ...] = field(repr=False)
    decisions: Decisions = field(repr=False)
    sources: Mapping[str, Source] = field(repr=False)
    tiles: Mapping[str, tuple[int, int]] = field(repr=False)
    titles: Mapping[str, str] = field(repr=False)
    files: Mapping[str, bytes] = field(repr=False)
    budgets: Mapping[str, float] = field(repr=False)
    warnings: tuple[Problem, ...]
    programme: Programme = field(repr=False)
    draw_columns: Mapping[ParameterKey, int] = field(repr=False)
    cover: float = field(repr=False)
    raid_counts: Ints = field(repr=False)
    factors: WhatIfFactors = field(repr=False)
    known: KnownState = field(repr=False)
    observations: tuple[Observation, ...] = field(repr=False)
    priors: Mapping[str, Assumption] = field(repr=False)

    def _repr_html_(self) -> str:
        return scenario_card(self).html()

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the assumption columns."""
        return tuple(assumption.name for assumption in self.assumptions)

    @cached_property
    def hash(self) -> str:
        """SHA-256 of the names and bytes of the files."""
        digest = sha256()
        for name in sorted(self.files):
            digest.update(f"{name}\0{len(self.files[name])}\0".encode())
            digest.update(self.files[name])
        return digest.hexdigest()

    @property
    def output_targets(self) -> tuple[int, ...]:
        """Targets for the monthly output in good units, in ascending order, of ``decisions.toml``."""
        return tuple(sorted(set(self.decisions.targets.output))) or self.programme.milestones

    @property
    def known_from(self) -> date | None:
        """The date in ``state.csv``, the first day simulated from the known state; None without a known state."""
        day = int(self.known.day[0])
        return self.start + timedelta(days=day) if day >= 0 else None

    def change(self, changes: Mapping[str, object]) -> "Scenario":
        """The scenario with other decisions or assumptions, by the names that its files use.

        An assumption may be a number, which is then fixed; a text with a unit, such as ``"45 days"``; a range from P10
        to P90, such as ``"0.1 to 0.2"``; or (low, value, high): P10, median and P90, or if the row is pert or
        triangular the minimum, mode and maximum. Without a unit the unit is that of the row.

        A range keeps the distribution of the row if P10 and P90 define it, and its median is half-way on the scale of
        this distribution: the mean of the ends if it is normal, their geometric mean if it is lognormal, the middle of
        their logits if it is logitnormal; the median of a beta or gamma distribution is near the mean of the ends.
        Other rows (fixed, pert, ...) become normal, beta or gamma, as the permitted range of the parameter requires.
        A calibrated row has the distribution of its prior, and is no longer drawn from ``posterior.csv``; the other
        calibrated rows keep their joint draws.

        A decision is named by its keys in ``decisions.toml``, joined by points. It may be a number, a list with one
        value a month, a text, a factor on its values such as ``"x1.5"``, or a mapping for a table.

        Args:
            changes: New values by name.

        Raises:
            ScenarioError: If a name is unknown or a value is not possible; the exception lists all problems.

        Example:
            >>> import octoplan as op
            >>> changed = op.load("pocket").change({"crews.on_duty": "0.4 to 0.6", "output.bench": [310, 400]})
            >>> changed.decisions.output["bench"], changed.row_of("crews", "on_duty").distribution
            ([310.0, 400.0], 'beta')

        """
        problems: list[Problem] = []
        assumptions, decisions = split_changes(self, changes, problems)
        return with_changes(self, assumptions, decisions, "Changed", problems)

    def with_decisions(self, decisions: str | Path | Mapping[str, object]) -> "Scenario":
        """The scenario with another ``decisions.toml``, all of it.

        Args:
            decisions: The path of the file, its text, or its tables as a mapping.

        Raises:
            ScenarioError: If the file cannot be read, or its decisions are invalid; the exception lists all problems.

        Example:
            >>> import octoplan as op
            >>> scenario = op.load("pocket")
            >>> tables = scenario.decisions.model_dump(exclude_unset=True)
            >>> scenario.with_decisions(tables | {"crews": {"intake": [5]}}).decisions.crews.intake
            [5]

        """
        return with_files(self, {DECISIONS: decisions_text(decisions)})

    def compile(self) -> Compiled:
        """Arrays for the simulation, computed once and shared; do not modify."""
        return self._compiled

    @cached_property
    def _compiled(self) -> Compiled:
        return compile_arrays(
            self.programme,
            self.decisions,
            self.cover,
            self.assumptions,
            self.draw_columns,
            self.raid_counts,
            self.factors,
            self.known,
        )

    def quantiles(self, uniforms: Floats) -> Floats:
        """Draws of every assumption.

        Rank correlations are realised by a Gaussian copula. The posterior rows of a future have one line of
        ``posterior.csv``, chosen by the uniform draw of the first of them. Money remains in the currency of its row and
        is converted to the scenario's price base with the inflation drawn for the future. The draws of a future do not
        depend on the other futures.

        Args:
            uniforms: (futures, columns) independent uniform draws in (0, 1); columns as in ``columns``.

        Returns:
            (futures, columns) in the units of ``entities``.

        Raises:
            ValueError: If ``uniforms`` has another shape.

        """
        expected = len(self.assumptions)
        if uniforms.ndim != 2 or uniforms.shape[1] != expected:
            raise ValueError(f"uniforms have shape {uniforms.shape}; expected (futures, {expected})")
        correlated = correlate(np.asarray(uniforms, float), self.copula.columns, self.copula.cholesky_factor)
        return draws(self.assumptions, correlated, self._inflation, self.price_base, self.joint_draws)

    @cached_property
    def medians(self) -> Floats:
        """(columns,) median of each assumption, in the units of ``entities``; money at the scenario's price base."""
        middle = np.full((1, len(self.assumptions)), 0.5)
        return np.asarray(draws(self.assumptions, middle, self._inflation, self.price_base)[0])

    def row_of(self, kind: str, parameter: str, *entities: str) -> Assumption:
        """The assumption that supplies a parameter, with file and line.

        Raises:
            KeyError: If the scenario has no such parameter.

        """
        try:
            return self.assumptions[self.draw_columns[kind, parameter, entities]]
        except KeyError:
            raise KeyError(f"the scenario has no parameter {dotted_name(kind, parameter, entities)}") from None

    def prior_of(self, assumption: Assumption) -> Assumption | None:
        """The row of a calibrated assumption as it was before calibration; None if it is not calibrated."""
        return self.priors.get(assumption.name) if assumption.is_calibrated else None

    @cached_property
    def copula(self) -> Copula:
        """The Gaussian copula of the correlated assumptions."""
        return copula(self.assumptions, realised_correlations(self.correlations, self.posterior_columns))

    @cached_property
    def posterior_columns(self) -> tuple[str, ...]:
        """Names of the columns of ``posterior.csv``."""
        if POSTERIOR not in self.files:
            return ()
        return tuple(posterior_of(Report(""), self.files[POSTERIOR]) or ())

    @cached_property
    def joint_draws(self) -> JointDraws | None:
        """The joint draws of the calibrated rows; None if no row is calibrated."""
        return joint_draws(self.assumptions)

    @cached_property
    def _inflation(self) -> tuple[int, ...]:
        """Column of draws with the inflation of the currency of each assumption; -1 if it is not money."""
        columns = {c: self.draw_columns["currencies", "inflation", (c,)] for c in self.names.currencies}
        return tuple(columns.get(assumption.currency, -1) for assumption in self.assumptions)


def with_files(scenario: Scenario, files: Mapping[str, str]) -> Scenario:
    """The scenario with some files replaced. Raises ``ScenarioError`` if the result is invalid."""
    return read_files({**scenario.files, **{name: text.encode() for name, text in files.items()}}, scenario.title)


def with_changes(
    scenario: Scenario,
    assumptions: Mapping[str, object],
    decisions: Mapping[str, object],
    note: str,
    problems: Sequence[Problem] = (),
) -> Scenario:
    """The scenario with changed assumptions and decisions, each by name; see ``Scenario.change``.

    Args:
        scenario: The baseline.
        assumptions: New values of assumptions.
        decisions: New values of decisions.
        note: Beginning of the notes of the changed rows.
        problems: Problems to be raised together with those of the changes.

    Raises:
        ScenarioError: If there are problems; the exception lists all of them.

    """
    all_problems = [*problems]
    files = edited_files(scenario, assumptions, decisions, note, all_problems)
    changed = scenario
    try:
        changed = with_files(scenario, files) if files else scenario
    except ScenarioError as error:
        all_problems += error.problems
    if all_problems:
        raise ScenarioError(all_problems)
    return changed


def decisions_text(decisions: str | Path | Mapping[str, object]) -> str:
    """The text of ``decisions.toml`` from its path, its text, or its tables.

    Raises:
        ScenarioError: If the file cannot be read, or a table has a value that TOML has not.

    """
    if isinstance(decisions, Mapping):
        try:
            return tomlkit.dumps(decisions)
        except (TypeError, ValueError) as error:
            raise ScenarioError([Problem(DECISIONS, 0, f"cannot be written: {error}")]) from None
    if isinstance(decisions, str) and ("=" in decisions or "\n" in decisions):
        return decisions
    path = Path(decisions)
    try:
        return path.read_bytes().decode("utf-8-sig")
    except IsADirectoryError:
        raise ScenarioError([Problem(str(path), 0, f"is a folder; name the file {path / DECISIONS}")]) from None
    except (OSError, UnicodeDecodeError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ScenarioError([Problem(str(path), 0, f"cannot be read: {reason}")]) from None


def with_state(scenario: Scenario, text: str) -> Scenario:
    """The scenario with another ``state.csv``. Raises ``ScenarioError`` if the result is invalid."""
    return with_files(scenario, {STATE: text})


def read_files(files: Mapping[str, bytes], label: str) -> Scenario:
    """Read a scenario from the contents of its files. Raises ``ScenarioError`` with all problems."""
    return read_scenario(files, Report(label))


def read_scenario(files: Mapping[str, bytes], report: Report) -> Scenario:
    """Read a scenario from the contents of its files. Raises ``ScenarioError`` with all problems."""
    programme = programme_of(report, files[PROGRAMME]) if PROGRAMME in files else None
    decisions_toml = _read_toml_file(DECISIONS, files, report)
    decisions = read_decisions(decisions_toml, report) if decisions_toml else None
    units = units_of(tuple(programme.entities["currencies"]) if programme else _declared_currencies(files))
    if programme and decisions and decisions_toml:
        check_decisions(decisions, programme, units, decisions_toml, report)
    fit, raid_counts = _raid_inputs(files, programme, report)
    log = read_log(files, programme, decisions, units, fit, report)
    what_ifs = optional_rows(WHAT_IF, WHAT_IF_COLUMNS, files, report)
    factors = read_what_ifs(what_ifs, programme, report) if programme else None
    known = _known_state(files, programme, report) if programme else None
    observed = optional_rows(OBSERVATIONS, OBSERVATION_COLUMNS, files, report)
    sources = log.sources if log else None
    observations = read_observations(observed, programme, sources, units, report) if programme else ()
    report.raise_problems()
    if programme is None or decisions is None or log is None or factors is None or known is None:
        raise RuntimeError("a file could not be read, but no problem was reported")
    warn_of_unused_sources(log, observations, report)
    return Scenario(
        title=programme.title,
        start=programme.start,
        months=programme.months,
        price_base=programme.price_base,
        currency=programme.currency,
        names=programme.all_names(),
        assumptions=log.assumptions,
        correlations=log.correlations,
        decisions=decisions,
        sources=log.sources,
        tiles=programme.tiles,
        titles=programme.titles,
        files=dict(files),
        budgets=budgets_of(decisions, units, programme.currency),
        warnings=tuple(sorted(report.warnings)),
        programme=programme,
        draw_columns=log.draw_columns,
        cover=cover_days(decisions, units),
        raid_counts=raid_counts,
        factors=factors,
        known=known,
        observations=observations,
        priors=log.priors,
    )


def _known_state(files: Mapping[str, bytes], programme: Programme, report: Report) -> KnownState:
    """The known state; all quantities are unknown if ``state.csv`` does not exist or cannot be read."""
    rows = read_csv_file(STATE, STATE_COLUMNS, files, report) if STATE in files else None
    return empty_known_state(programme.all_names()) if rows is None else read_state(rows, programme, report)


def _raid_inputs(files: Mapping[str, bytes], programme: Programme | None, report: Report) -> tuple[Toml | None, Ints]:
    """The fit and the observed daily counts of raids, if ``programme.toml`` names them; otherwise None and no rows."""
    if programme is None:
        return None, np.zeros((0, 0), np.int64)
    check_raid_files({name: name in files for name in (RAID_COUNTS, RAID_FIT)}, programme, report)
    fit = _read_toml_file(RAID_FIT, files, report) if RAID_FIT in programme.raids else None
    columns = ("date", *programme.names("packages"))
    rows = read_csv_file(RAID_COUNTS, columns, files, report) if RAID_COUNTS in programme.raids else None
    counts = read_raid_counts(rows or (), programme, report)
    if fit:
        warn_of_gap(fit, counts, programme, report)
    return fit, counts


def _read_toml_file(name: str, files: Mapping[str, bytes], report: Report) -> Toml | None:
    return toml_of(report, name, files[name]) if name in files else None


def _declared_currencies(files: Mapping[str, bytes]) -> tuple[str, ...]:
    """Currencies named in the text of ``programme.toml``, for reading money if the file itself is invalid."""
    codes = re.findall(rb"^\[currencies\.([A-Z]{3})\]", files.get(PROGRAMME, b""), re.MULTILINE)
    return tuple(dict.fromkeys(code.decode() for code in codes)) or ("GBP", "EUR", "USD", "UAH")
