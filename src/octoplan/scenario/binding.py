"""Binding of assumption rows to the parameters of entities: wildcards, conditions, missing and unused rows."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from octoplan.scenario.entities import INTERCEPTOR, KIND_BY_NAME, KINDS, MONEY, Parameter
from octoplan.scenario.files import ASSUMPTIONS, RAID_FIT
from octoplan.scenario.programme import Programme
from octoplan.scenario.report import Report, did_you_mean, quoted

ANY = "*"

ParameterKey = tuple[str, str, tuple[str, ...]]
"""A parameter of an entity: kind, parameter, and the names along the axes of the kind."""


@dataclass(frozen=True)
class RowName:
    """Parsed name of an assumption row: ``plants.*.slope`` is for all plants without a more specific row."""

    kind: str
    entities: tuple[str, ...]
    parameter: Parameter

    @property
    def wildcard_count(self) -> int:
        return self.entities.count(ANY)

    def __str__(self) -> str:
        return dotted_name(self.kind, self.parameter.name, self.entities)


def dotted_name(kind: str, parameter: str, entities: Sequence[str]) -> str:
    return ".".join((kind, *entities, parameter))


def parse_row_name(text: str, programme: Programme | None) -> RowName | str:
    """Parse the name of an assumption row; return an error message if it is invalid.

    Names of entities are checked only if ``programme`` is not None.
    """
    kind_name, *middle = text.split(".")
    kinds = [kind.name for kind in KINDS if kind.parameters]
    if kind_name not in kinds:
        return f"unknown kind {quoted(kind_name)}; {did_you_mean(kind_name, kinds)}"
    kind = KIND_BY_NAME[kind_name]
    if len(middle) != len(kind.axes) + 1:
        pattern = ".".join((kind_name, *(f"<{axis}>" for axis in kind.axes), "<parameter>"))
        return f"{quoted(text)} is not a name; expected {pattern}"
    *entities, word = middle
    parameter = next((p for p in kind.parameters if p.name == word), None)
    if parameter is None:
        return f"{kind_name} have no {quoted(word)}; {did_you_mean(word, [p.name for p in kind.parameters])}"
    for axis, entity in zip(kind.axes, entities, strict=True):
        known = programme.names(axis) if programme else (entity,)
        if entity != ANY and entity not in known:
            return f"there is no {quoted(entity)} in [{axis}] of programme.toml; {did_you_mean(entity, known)}"
    return RowName(kind_name, tuple(entities), parameter)


@dataclass(frozen=True)
class RequiredParameters:
    """Parameters that a programme requires. ``layers_against``: layers of the doctrine against each threat."""

    programme: Programme
    layers_against: Mapping[str, Sequence[str]]

    def rows(self, kind: str) -> Iterator[tuple[str, ...]]:
        """Rows of a kind in order, as tuples of the names along its axes."""
        return product(*(self.programme.names(axis) for axis in KIND_BY_NAME[kind].axes))

    def reason_not_required(self, kind: str, when: str, row: Sequence[str]) -> str:
        """Reason why a parameter is not required, or an empty string if it is required."""
        names = dict(zip(KIND_BY_NAME[kind].axes, row, strict=True))
        if names.get("layers") == INTERCEPTOR:
            return "parameters of interceptors are in designs, lethality, engagement and crews"
        programme = self.programme
        threat, layer = names.get("threats", ""), names.get("layers", "")
        if when == "foreign" and names["currencies"] == programme.currency:
            return f"{programme.currency} is the reporting currency"
        if when == "placed" and programme.link("plants", names["plants"], "region") is None:
            return f"the plant '{names['plants']}' has no region"
        if when == "decoy" and not programme.flag("threats", threat, "decoy"):
            return f"the threat '{threat}' is not a decoy"
        if when == "interceptable" and not programme.flag("threats", threat, "interceptable"):
            return f"the threat '{threat}' is not interceptable"
        if when in ("stocked", "limited") and not programme.flag("layers", layer, when):
            return f"the layer '{layer}' is not {when}"
        if when == "engages" and layer not in self.layers_against.get(threat, ()):
            return f"the doctrine against '{threat}' does not list the layer '{layer}'"
        return ""


@dataclass(frozen=True)
class AssumptionRow:
    """An assumption row: its parsed name, line and file."""

    name: RowName
    line: int
    file: str


def bind(needs: RequiredParameters, entries: Sequence[AssumptionRow], report: Report) -> dict[ParameterKey, int]:
    """Index of the entry that supplies each parameter.

    The matching row with the fewest wildcards is used. Reported errors: two such rows for one parameter, a parameter
    without a row, and a row that is not used.
    """
    filled: dict[ParameterKey, int] = {}
    fits: set[int] = set()
    ties: dict[tuple[int, int], tuple[str, ...]] = {}
    missing: dict[tuple[str, str], list[tuple[str, ...]]] = defaultdict(list)
    idle: dict[int, str] = {}
    by_pattern = {(e.name.kind, e.name.parameter.name, e.name.entities): i for i, e in enumerate(entries)}
    for kind in KINDS:
        for parameter in kind.parameters:
            for row in needs.rows(kind.name):
                matches = [
                    i for p in _patterns(row) if (i := by_pattern.get((kind.name, parameter.name, p))) is not None
                ]
                if why := needs.reason_not_required(kind.name, parameter.condition, row):
                    idle.update((i, why) for i in matches)
                    continue
                fits.update(matches)
                fewest = [
                    i for i in matches if entries[i].name.wildcard_count == entries[matches[0]].name.wildcard_count
                ]
                if len(fewest) > 1:
                    ties.setdefault((fewest[0], fewest[1]), row)
                if matches:
                    filled[kind.name, parameter.name, row] = matches[0]
                else:
                    missing[kind.name, parameter.name].append(row)
    _report_ties(entries, ties, report)
    _report_idle(entries, fits, set(filled.values()) | {i for pair in ties for i in pair}, idle, report)
    for (kind_name, word), rows in missing.items():
        report.add(ASSUMPTIONS, 0, _missing(needs, kind_name, word, rows))
    return filled


def _patterns(row: tuple[str, ...]) -> list[tuple[str, ...]]:
    """Names that match a row, those with the fewest wildcards first."""
    patterns = product(*((entity, ANY) for entity in row))
    return sorted(patterns, key=lambda pattern: pattern.count(ANY))


def _report_ties(
    entries: Sequence[AssumptionRow], ties: Mapping[tuple[int, int], tuple[str, ...]], report: Report
) -> None:
    for (first, second), row in ties.items():
        a, b = sorted((entries[first], entries[second]), key=lambda entry: entry.line)
        number = dotted_name(a.name.kind, a.name.parameter.name, row)
        message = (
            f"{number} is matched equally well by '{a.name}' (line {a.line}) and '{b.name}'; add a row for {number}"
        )
        report.add(b.file, b.line, message)


def _report_idle(
    entries: Sequence[AssumptionRow], fits: set[int], used: set[int], idle: Mapping[int, str], report: Report
) -> None:
    fitted = {(e.name.kind, e.name.parameter.name) for e in entries if e.file == RAID_FIT}
    for index, entry in enumerate(entries):
        if index in used:
            continue
        if index in fits and (entry.name.kind, entry.name.parameter.name) in fitted:
            report.warn(entry.file, entry.line, f"{entry.name}: {RAID_FIT} overrides this row")
            continue
        if index in fits:
            why = "every parameter that matches the row has a more specific row"
        else:
            why = idle.get(index, "no declared entity matches the row")
        report.add(entry.file, entry.line, f"{entry.name} supplies no parameter: {why}; remove the row")


def _missing(needs: RequiredParameters, kind: str, word: str, rows: Sequence[tuple[str, ...]]) -> str:
    """Error message for parameters without a row: the row to add, with wildcards if several parameters are missing."""
    parameter = next(p for p in KIND_BY_NAME[kind].parameters if p.name == word)
    unit = parameter.unit.replace(MONEY, needs.programme.currency)
    unit_text = f"in {unit} ({parameter.meaning})" if unit != "1" else f"with unit 1 ({parameter.meaning})"
    if len(rows) == 1:
        return f"{dotted_name(kind, word, rows[0])} is missing; add a row {unit_text}"
    common = [column[0] if len(set(column)) == 1 else ANY for column in zip(*rows, strict=True)]
    few = ", ".join(".".join(row) for row in rows[:4]) + (", ..." if len(rows) > 4 else "")
    star = dotted_name(kind, word, common)
    return f"{star} is missing for {len(rows)} ({few}); add the row '{star}' for all, or one row for each, {unit_text}"
