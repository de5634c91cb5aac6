"""A scenario: a folder read, checked as a whole, and ready to be compiled."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property
from hashlib import sha256
from importlib import resources
from pathlib import Path

import numpy as np

from octoplan.errors import Problem, ScenarioError
from octoplan.scenario.ambiguity import warn_of_monthly_figures
from octoplan.scenario.amounts import budgets_of, cover_days
from octoplan.scenario.arrays import Compiled, Floats, Ints, KnownState, Names
from octoplan.scenario.assumption_log import read_assumptions
from octoplan.scenario.assumptions import (
    ASSUMPTION_COLUMNS,
    SOURCE_COLUMNS,
    Assumption,
    Source,
    read_sources,
)
from octoplan.scenario.binding import Number, RequiredNumbers, bind, dotted_name
from octoplan.scenario.compile import compile_arrays
from octoplan.scenario.correlations import CORRELATION_COLUMNS, Copula, Correlation, copula, read_correlations
from octoplan.scenario.csv_text import Row, read_csv
from octoplan.scenario.decision_checks import check_decisions
from octoplan.scenario.decisions import Decisions, read_decisions
from octoplan.scenario.distributions import Fixed
from octoplan.scenario.draws import correlate, draws
from octoplan.scenario.files import (
    ASSUMPTIONS,
    CORRELATIONS,
    DECISIONS,
    GIVEN,
    PROGRAMME,
    RAIDS,
    SOURCES,
    STATE,
    WHAT_IF,
    read_folder,
    text_of,
)
from octoplan.scenario.programme import Programme, read_programme
from octoplan.scenario.quantities import units_of
from octoplan.scenario.raids import check_named, fitted_rows, read_given, source_of, warn_of_gap, with_fit
from octoplan.scenario.report import Report, did_you_mean
from octoplan.scenario.state import STATE_COLUMNS, nothing_known, read_state
from octoplan.scenario.toml_text import Toml, read_toml
from octoplan.scenario.what_if import WHAT_IF_COLUMNS, Times, read_what_ifs

WEIGHTS = (
    ("threats", "mix", "package", "packages"),
    ("corridors", "share", "into", "regions"),
)
"""Kind, weight, and the link to what the weights are shared out in: not all of one group may be 0."""


@dataclass(frozen=True)
class Scenario:
    """A scenario as its folder states it.

    ``tiles`` gives (column, row) of a region in the tile-grid map; ``titles`` the human title of ``section.name``;
    ``files`` the files exactly as read; ``budgets`` what a payer can spend, in ``currency``; ``warnings`` what is
    lawful but worth a look. ``given`` holds the counts of the first days, (days, packages). ``slots`` says which column
    of ``assumptions`` fills each number; ``times`` holds the what-ifs, ``known`` what is known on a date.
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
    slots: Mapping[Number, int] = field(repr=False)
    cover: float = field(repr=False)
    given: Ints = field(repr=False)
    times: Times = field(repr=False)
    known: KnownState = field(repr=False)

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the assumption columns."""
        return tuple(assumption.name for assumption in self.assumptions)

    @cached_property
    def hash(self) -> str:
        """SHA-256 over the names and bytes of the files."""
        digest = sha256()
        for name in sorted(self.files):
            digest.update(f"{name}\0{len(self.files[name])}\0".encode())
            digest.update(self.files[name])
        return digest.hexdigest()

    @property
    def known_from(self) -> date | None:
        """The date on whose morning the state of ``state.csv`` holds; ``None`` where there is no state."""
        day = int(self.known.day[0])
        return self.start + timedelta(days=day) if day >= 0 else None

    def compile(self) -> Compiled:
        """The flat arrays the campaign flies; made once, so leave them as they are."""
        return self._compiled

    @cached_property
    def _compiled(self) -> Compiled:
        return compile_arrays(
            self.programme, self.decisions, self.cover, self.assumptions, self.slots, self.given, self.times, self.known
        )

    def quantiles(self, uniforms: Floats) -> Floats:
        """Draws of every assumption.

        uniforms
            (futures, columns) independent uniforms in (0, 1), columns as in ``columns``.

        Returns (futures, columns) in the units of ``entities``: rank correlations by a Gaussian copula, money in the
        currency of its row, carried to the scenario's price base with that future's inflation of the currency. A
        future's draws do not depend on how many are asked for at once.
        """
        expected = len(self.assumptions)
        if uniforms.ndim != 2 or uniforms.shape[1] != expected:
            raise ValueError(f"uniforms have shape {uniforms.shape}; expected (futures, {expected})")
        joined = correlate(np.asarray(uniforms, float), self._copula.columns, self._copula.factor)
        return draws(self.assumptions, joined, self._inflation, self.price_base)

    def row_of(self, kind: str, parameter: str, *entities: str) -> Assumption:
        """The row of the log that fills a number, with its file and line.

        Raises ``KeyError`` for a number that the scenario does not have.
        """
        try:
            return self.assumptions[self.slots[kind, parameter, entities]]
        except KeyError:
            raise KeyError(f"the scenario has no number {dotted_name(kind, parameter, entities)}") from None

    @cached_property
    def _copula(self) -> Copula:
        return copula(self.assumptions, self.correlations)

    @cached_property
    def _inflation(self) -> tuple[int, ...]:
        of = {c: self.slots["currencies", "inflation", (c,)] for c in self.names.currencies}
        return tuple(of.get(assumption.currency, -1) for assumption in self.assumptions)


def shipped() -> tuple[str, ...]:
    """The names of the scenarios inside the package."""
    root = _shipped_root()
    return tuple(sorted(path.name for path in root.iterdir() if (path / PROGRAMME).is_file())) if root.is_dir() else ()


def _shipped_root() -> Path:
    return Path(str(resources.files("octoplan"))) / "scenarios"


def shipped_folder(name: str) -> Path:
    """The folder of a shipped scenario; raises ``ScenarioError`` for a name that is none."""
    if name not in shipped():
        raise ScenarioError([Problem(name, 0, f"is not a shipped scenario; {did_you_mean(name, shipped())}")])
    return _shipped_root() / name


def folder_of(name: str | Path) -> tuple[Path, str]:
    """The folder of a scenario, and how messages call it: a directory as given, or else a shipped scenario.

    Raises ``ScenarioError`` if there is neither.
    """
    path = Path(name)
    if path.is_dir():
        return path, str(path)
    if path.exists():
        raise ScenarioError([Problem(str(path), 0, "is a file; expected the folder that holds programme.toml")])
    if isinstance(name, str) and name in shipped():
        return _shipped_root() / name, name
    words = f"there is no such folder, and the shipped scenarios are {', '.join(shipped()) or 'none'}"
    raise ScenarioError([Problem(str(path), 0, words)])


def load(name: str | Path) -> Scenario:
    """A scenario from a folder, or by the name of a shipped one; a folder comes first.

    Raises ``ScenarioError`` with every problem of the folder.
    """
    folder, label = folder_of(name)
    report = Report(label)
    try:
        files = read_folder(folder, report)
    except OSError as error:
        raise ScenarioError([Problem(label, 0, f"cannot be read: {error.strerror or error}")]) from None
    return _read(files, report)


def with_files(scenario: Scenario, files: Mapping[str, str]) -> Scenario:
    """The scenario with other files in place of its own, read and checked like the first; raises ``ScenarioError``."""
    return read_files({**scenario.files, **{name: text.encode() for name, text in files.items()}}, scenario.title)


def with_decisions(scenario: Scenario, text: str) -> Scenario:
    """The scenario with another ``decisions.toml``; raises ``ScenarioError``."""
    return with_files(scenario, {DECISIONS: text})


def with_state(scenario: Scenario, text: str) -> Scenario:
    """The scenario with another ``state.csv``; raises ``ScenarioError``."""
    return with_files(scenario, {STATE: text})


def read_files(files: Mapping[str, bytes], label: str) -> Scenario:
    """The scenario that files state, by their names in its folder; raises ``ScenarioError`` with every problem."""
    return _read(files, Report(label))


def _read(files: Mapping[str, bytes], report: Report) -> Scenario:
    """The scenario that the files state; raises ``ScenarioError`` with all their errors.

    One function of more than 50 lines: each step uses what the steps before it have read.
    """
    programme_toml, decisions_toml = (_toml(name, files, report) for name in (PROGRAMME, DECISIONS))
    programme = read_programme(programme_toml, report) if programme_toml else None
    decisions = read_decisions(decisions_toml, report) if decisions_toml else None
    source_rows = _csv(SOURCES, SOURCE_COLUMNS, files, report)
    sources = None if source_rows is None else read_sources(source_rows, report)
    units = units_of(tuple(programme.entities["currencies"]) if programme else _currencies(files))
    if programme and decisions and decisions_toml:
        check_decisions(decisions, programme, units, decisions_toml, report)
    rows = _csv(ASSUMPTIONS, ASSUMPTION_COLUMNS, files, report)
    fit, given = _raids(files, programme, report)
    fitted, fitted_correlations = fitted_rows(fit, report) if fit else ([], [])
    if fit and sources is not None:
        sources = {**sources, RAIDS: source_of(fit)}
    entries, found = read_assumptions(
        with_fit(rows or (), fitted, ("name",), report), programme, sources, units, report
    )
    assumptions = [assumption for assumption in found if assumption]
    slots = {}
    if programme and decisions and rows is not None:
        slots = bind(RequiredNumbers(programme, decisions.fights), entries, report)
        _check_weights(programme, slots, found, report)
        by_number = {number: assumption for number, i in slots.items() if (assumption := found[i])}
        warn_of_monthly_figures(rows, by_number, programme, decisions, report)
    every = {str(entry.name) for entry in entries}
    correlation_rows = _csv(CORRELATIONS, CORRELATION_COLUMNS, files, report) if CORRELATIONS in files else None
    joined = with_fit(correlation_rows or (), fitted_correlations, ("a", "b"), report)
    correlations = read_correlations(joined, assumptions, every, sources, report)
    times = read_what_ifs(_what_ifs(files, report), programme, report) if programme else None
    known = _state(files, programme, report) if programme else None
    report.close()
    if programme is None or decisions is None or sources is None or times is None or known is None:
        raise RuntimeError("a file could not be read, and nothing was reported")
    _warn_of_sources(sources, assumptions, correlations, report)
    return Scenario(
        programme.title,
        programme.start,
        programme.months,
        programme.price_base,
        programme.currency,
        programme.all_names(),
        tuple(assumptions),
        tuple(correlations),
        decisions,
        sources,
        programme.tiles,
        programme.titles,
        dict(files),
        budgets_of(decisions, units, programme.currency),
        tuple(sorted(report.warnings)),
        programme,
        slots,
        cover_days(decisions, units),
        given,
        times,
        known,
    )


def _what_ifs(files: Mapping[str, bytes], report: Report) -> list[Row]:
    """The rows of what-ifs, none where there is no such file."""
    return (_csv(WHAT_IF, WHAT_IF_COLUMNS, files, report) if WHAT_IF in files else None) or []


def _state(files: Mapping[str, bytes], programme: Programme, report: Report) -> KnownState:
    """What is known on a date, nothing where there is no such file or it cannot be read."""
    rows = _csv(STATE, STATE_COLUMNS, files, report) if STATE in files else None
    return nothing_known(programme.all_names()) if rows is None else read_state(rows, programme, report)


def _raids(files: Mapping[str, bytes], programme: Programme | None, report: Report) -> tuple[Toml | None, Ints]:
    """The fit and the given days that the programme names, none where it names none."""
    if programme is None:
        return None, np.zeros((0, 0), np.int64)
    check_named({name: name in files for name in (GIVEN, RAIDS)}, programme, report)
    fit = _toml(RAIDS, files, report) if RAIDS in programme.raids else None
    columns = ("date", *programme.names("packages"))
    rows = _csv(GIVEN, columns, files, report) if GIVEN in programme.raids else None
    given = read_given(rows or (), programme, report)
    if fit:
        warn_of_gap(fit, given, programme, report)
    return fit, given


def _toml(name: str, files: Mapping[str, bytes], report: Report) -> Toml | None:
    text = text_of(name, files[name], report) if name in files else None
    return read_toml(name, text, report) if text is not None else None


def _csv(name: str, columns: tuple[str, ...], files: Mapping[str, bytes], report: Report) -> list[Row] | None:
    text = text_of(name, files[name], report) if name in files else None
    return read_csv(name, text, columns, report) if text is not None else None


def _currencies(files: Mapping[str, bytes]) -> tuple[str, ...]:
    """Currencies to read money with when the programme cannot be read: those its text seems to name."""
    words = re.findall(rb"^\[currencies\.([A-Z]{3})\]", files.get(PROGRAMME, b""), re.MULTILINE)
    return tuple(dict.fromkeys(word.decode() for word in words)) or ("GBP", "EUR", "USD", "UAH")


def _check_weights(
    programme: Programme, slots: Mapping[Number, int], found: list[Assumption | None], report: Report
) -> None:
    """Weights that share something out may not all be 0."""

    def zero(number: Number) -> bool:
        assumption = found[slots[number]] if number in slots else None
        return assumption is not None and isinstance(assumption.shape, Fixed) and assumption.shape.value == 0.0

    groups: dict[tuple[str, str, str], list[Number]] = {}
    for kind, weight, link, into in WEIGHTS:
        for name in programme.entities[kind]:
            key = (f"{kind}.*.{weight}", into, programme.link(kind, name, link) or "")
            groups.setdefault(key, []).append((kind, weight, (name,)))
    for package in programme.entities["packages"]:
        regions = programme.entities["regions"]
        groups["splits.*.*.share", "packages", package] = [("splits", "share", (package, r)) for r in regions]
    for (weights, section, name), numbers in groups.items():
        if numbers and all(map(zero, numbers)):
            assumption = found[slots[numbers[0]]]
            words = f"every weight {weights} of {section}.{name} is 0; give one a value above 0"
            report.add(ASSUMPTIONS, assumption.line if assumption else 0, words)


def _warn_of_sources(
    sources: Mapping[str, Source],
    assumptions: Iterable[Assumption],
    correlations: Iterable[Correlation],
    report: Report,
) -> None:
    used = {word for assumption in assumptions for word in assumption.sources} | {
        w for c in correlations for w in c.sources
    }
    for source in sources:
        if source not in used:
            report.warn(SOURCES, 0, f"the source '{source}' is used by no row")
