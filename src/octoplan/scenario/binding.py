"""Matching of assumption rows to the parameters of entities: wildcards, conditions, missing and unused rows."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from octoplan.scenario.entities import INTERCEPTOR, KIND_BY_NAME, KINDS, MONTHS, Kind
from octoplan.scenario.files import ASSUMPTIONS, RAID_FIT
from octoplan.scenario.parameter_types import MONEY, Parameter
from octoplan.scenario.programme import Programme
from octoplan.scenario.report import Report, did_you_mean, quoted

WILDCARD = "*"
"""Matches any name of an entity in the name of an assumption row."""

ParameterKey = tuple[str, str, tuple[str, ...]]
"""A parameter of an entity: kind, name of the parameter, and names of the entities along the axes of the kind."""


@dataclass(frozen=True)
class RowName:
    """Parsed name of an assumption row, such as ``plants.*.slope``, which matches all plants."""

    kind: str
    entities: tuple[str, ...]
    parameter: Parameter

    @property
    def wildcard_count(self) -> int:
        """Number of wildcards among the names of entities."""
        return self.entities.count(WILDCARD)

    def __str__(self) -> str:
        return dotted_name(self.kind, self.parameter.name, self.entities)


def dotted_name(kind: str, parameter: str, entities: Sequence[str]) -> str:
    """Name of a parameter as in ``assumptions.csv``, such as ``plants.uk-1.slope``."""
    return ".".join((kind, *entities, parameter))


def parse_row_name(text: str, programme: Programme | None) -> RowName | str:
    """Parse the name of an assumption row; return an error message if it is invalid.

    Names of entities are checked only if ``programme`` is not None.
    """
    kind_name, *name_parts = text.split(".")
    kinds = [kind.name for kind in KINDS if kind.parameters]
    if kind_name not in kinds:
        return f"unknown kind {quoted(kind_name)}; {did_you_mean(kind_name, kinds)}"
    kind = KIND_BY_NAME[kind_name]
    if len(name_parts) != len(kind.axes) + 1:
        pattern = ".".join((kind_name, *(f"<{axis}>" for axis in kind.axes), "<parameter>"))
        return f"{quoted(text)} is not the name of a parameter; expected {pattern}"
    *entities, parameter_name = name_parts
    parameter = next((p for p in kind.parameters if p.name == parameter_name), None)
    if parameter is None:
        suggestion = did_you_mean(parameter_name, [p.name for p in kind.parameters])
        return f"{kind_name} have no parameter {quoted(parameter_name)}; {suggestion}"
    for axis, entity in zip(kind.axes, entities, strict=True):
        declared_names = programme.names(axis) if programme else (entity,)
        if entity != WILDCARD and entity not in declared_names:
            if axis == MONTHS:
                months = f"{declared_names[0]} to {declared_names[-1]}"
                return (
                    f"there is no month {quoted(entity)}; the months are {months}: remove the row, or change start or "
                    "months in programme.toml"
                )
            return f"there is no {quoted(entity)} in [{axis}] of programme.toml; {did_you_mean(entity, declared_names)}"
    return RowName(kind_name, tuple(entities), parameter)


@dataclass(frozen=True)
class RequiredParameters:
    """Parameters that a programme requires.

    ``layers_against`` has the layers of the doctrine against each class of threat.
    """

    programme: Programme
    layers_against: Mapping[str, Sequence[str]]

    def name_tuples(self, kind: str) -> Iterator[tuple[str, ...]]:
        """Tuples of names of entities, one for each record of a kind: all combinations of the names on its axes."""
        return product(*(self.programme.names(axis) for axis in KIND_BY_NAME[kind].axes))

    def reason_not_required(self, kind: str, condition: str, entity_names: Sequence[str]) -> str:
        """Reason why a parameter is not required; empty if it is required."""
        names = dict(zip(KIND_BY_NAME[kind].axes, entity_names, strict=True))
        if names.get("layers") == INTERCEPTOR and not KIND_BY_NAME[kind].has_interceptor:
            return "parameters of interceptors are in designs, lethality, engagement and crews"
        programme = self.programme
        threat, layer = names.get("threats", ""), names.get("layers", "")
        if condition == "foreign" and names["currencies"] == programme.currency:
            return f"{programme.currency} is the reporting currency"
        if condition == "placed" and programme.link("plants", names["plants"], "region") is None:
            return f"the plant '{names['plants']}' has no region"
        if condition == "decoy" and not programme.flag("threats", threat, "decoy"):
            return f"the threat '{threat}' is not a decoy"
        if condition == "interceptable" and not programme.flag("threats", threat, "interceptable"):
            return f"the threat '{threat}' is not interceptable"
        if condition in ("stocked", "limited") and not programme.flag("layers", layer, condition):
            return f"the layer '{layer}' is not {condition}"
        if condition == "engages" and layer not in self.layers_against.get(threat, ()):
            return f"the doctrine against '{threat}' does not list the layer '{layer}'"
        return ""


@dataclass(frozen=True)
class AssumptionRow:
    """The parsed name, line and file of an assumption row."""

    name: RowName
    line: int
    file: str


def bind(requirements: RequiredParameters, rows: Sequence[AssumptionRow], report: Report) -> dict[ParameterKey, int]:
    """Index of the assumption row that supplies each required parameter.

    Of the rows that match a parameter, the row with the fewest wildcards is used. An error is reported if two rows with
    the fewest wildcards match a parameter, if no row matches a parameter, and if a row supplies no parameter. The
    parameters of an entity of an optional kind are required only if a row matches one of them.
    """
    supplying_row: dict[ParameterKey, int] = {}
    matching_rows: set[int] = set()
    ties: dict[tuple[int, int], tuple[str, ...]] = {}
    unsupplied: dict[tuple[str, str], list[tuple[str, ...]]] = defaultdict(list)
    reasons: dict[int, str] = {}
    index_of_name = {(row.name.kind, row.name.parameter.name, row.name.entities): i for i, row in enumerate(rows)}
    for kind in KINDS:
        for parameter in kind.parameters:
            for names in requirements.name_tuples(kind.name):
                keys = [(kind.name, parameter.name, pattern) for pattern in matching_patterns(names)]
                matches = [index_of_name[key] for key in keys if key in index_of_name]
                if not matches and kind.optional and not _has_row(kind, names, index_of_name):
                    continue
                if reason := requirements.reason_not_required(kind.name, parameter.condition, names):
                    reasons.update((i, reason) for i in matches)
                    continue
                matching_rows.update(matches)
                wildcard_counts = [rows[i].name.wildcard_count for i in matches]
                if wildcard_counts.count(min(wildcard_counts, default=0)) > 1:
                    ties.setdefault((matches[0], matches[1]), names)
                if matches:
                    supplying_row[kind.name, parameter.name, names] = matches[0]
                else:
                    unsupplied[kind.name, parameter.name].append(names)
    _report_ties(rows, ties, report)
    used_rows = set(supplying_row.values()) | {i for pair in ties for i in pair}
    _report_unused(rows, matching_rows, used_rows, reasons, report)
    for (kind_name, parameter_name), name_tuples in unsupplied.items():
        report.add(ASSUMPTIONS, 0, _missing_message(requirements, kind_name, parameter_name, name_tuples))
    return supplying_row


def matching_patterns(names: tuple[str, ...]) -> list[tuple[str, ...]]:
    """Patterns that match the names of a parameter's entities, those with the fewest wildcards first."""
    patterns = product(*((name, WILDCARD) for name in names))
    return sorted(patterns, key=lambda pattern: pattern.count(WILDCARD))


def _has_row(kind: Kind, names: tuple[str, ...], index_of_name: Mapping[ParameterKey, int]) -> bool:
    """Whether a row matches one of the parameters of an entity."""
    patterns = matching_patterns(names)
    return any((kind.name, p.name, pattern) in index_of_name for p in kind.parameters for pattern in patterns)


def _report_ties(
    rows: Sequence[AssumptionRow], ties: Mapping[tuple[int, int], tuple[str, ...]], report: Report
) -> None:
    """Report pairs of rows that match a parameter with the same number of wildcards."""
    for (first, second), names in ties.items():
        a, b = sorted((rows[first], rows[second]), key=lambda row: row.line)
        parameter = dotted_name(a.name.kind, a.name.parameter.name, names)
        message = (
            f"{parameter} is matched by '{a.name}' (line {a.line}) and by '{b.name}', with as many wildcards; "
            f"add a row {parameter}"
        )
        report.add(b.file, b.line, message)


def _report_unused(
    rows: Sequence[AssumptionRow],
    matching_rows: set[int],
    used_rows: set[int],
    reasons: Mapping[int, str],
    report: Report,
) -> None:
    """Report rows that supply no parameter; warn of rows that the raid fit overrides."""
    fitted = {(row.name.kind, row.name.parameter.name) for row in rows if row.file == RAID_FIT}
    for index, row in enumerate(rows):
        if index in used_rows:
            continue
        if index in matching_rows and (row.name.kind, row.name.parameter.name) in fitted:
            report.warn(row.file, row.line, f"{row.name}: {RAID_FIT} overrides this row")
            continue
        if index in matching_rows:
            reason = "every parameter that matches the row has a more specific row"
        else:
            reason = reasons.get(index, "no declared entity matches the row")
        report.add(row.file, row.line, f"{row.name} supplies no parameter: {reason}; remove the row")


def _missing_message(
    requirements: RequiredParameters, kind: str, parameter_name: str, name_tuples: Sequence[tuple[str, ...]]
) -> str:
    """Message on parameters without a row: the row to add, with wildcards if several parameters have none."""
    parameter = next(p for p in KIND_BY_NAME[kind].parameters if p.name == parameter_name)
    unit = parameter.unit.replace(MONEY, requirements.programme.currency)
    unit_text = f"in {unit} ({parameter.meaning})" if unit != "1" else f"with unit 1 ({parameter.meaning})"
    if len(name_tuples) == 1:
        return f"{dotted_name(kind, parameter_name, name_tuples[0])} is missing; add a row {unit_text}"
    common_names = [column[0] if len(set(column)) == 1 else WILDCARD for column in zip(*name_tuples, strict=True)]
    examples = ", ".join(".".join(names) for names in name_tuples[:4]) + (", ..." if len(name_tuples) > 4 else "")
    pattern = dotted_name(kind, parameter_name, common_names)
    return (
        f"{pattern} is missing for {len(name_tuples)} ({examples}); add the row '{pattern}' for all of them, "
        f"or one row for each, {unit_text}"
    )
