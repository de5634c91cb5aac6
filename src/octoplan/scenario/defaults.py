"""Default values of assumptions that have no row: the neutral value that switches a part of the model off.

A default is used only if no row supplies the parameter, and if no row states a parameter that depends on it: a
scenario that states the time between outages of a supplier must also state the time to recover, and one that states the
weight of a class of threat must state those of the other classes of its package. Assumptions with a default value are
rated red and are part of the assumption log. A row that has a default value and its note, as ``check --fill`` writes
it, is treated like no row: it is refused next to a row that states a parameter that depends on it.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from octoplan.errors import QuantityError
from octoplan.scenario.assumptions import ASSUMPTION_COLUMNS, Assumption
from octoplan.scenario.binding import (
    WILDCARD,
    ParameterKey,
    RequiredParameters,
    dotted_name,
    matching_patterns,
    parse_row_name,
)
from octoplan.scenario.csv_text import Row
from octoplan.scenario.entities import KIND_BY_NAME, KINDS, Kind
from octoplan.scenario.files import DEFAULTS
from octoplan.scenario.parameter_types import MONEY, Parameter
from octoplan.scenario.programme import Programme
from octoplan.scenario.quantities import parse_number, quantity_text
from octoplan.scenario.report import Report
from octoplan.scenario.weights import entities_weighted_together

REVIEW_DATE = "2026-11-30"
"""Date of the last review of the default values."""
NEVER = 1e9
"""Mean time in days of an event that does not occur."""
NO_LIMIT = 1e6
"""Daily capacity that does not limit a programme."""
NOTE_PREFIX = "default: "
"""Beginning of the note of a row with a default value."""


@dataclass(frozen=True)
class Default:
    """The default value of a parameter.

    Attributes:
        value: The value in the unit of the parameter.
        meaning: What it means in the model.
        unless: Parameters of the same entity, or ``kind.parameter`` of any entity; if a row states one of them, the
            default is not used.

    """

    value: float
    meaning: str
    unless: tuple[str, ...] = ()

    @property
    def note(self) -> str:
        """The note of a row with the value, which marks that nobody stated it."""
        return f"{NOTE_PREFIX}{self.meaning}"


DEFAULT_VALUES: Mapping[tuple[str, str], Default] = {
    ("currencies", "volatility"): Default(0.0, "the exchange rate is certain"),
    ("currencies", "drift"): Default(0.0, "the exchange rate has no trend"),
    ("currencies", "inflation"): Default(0.0, "no inflation"),
    ("countries", "jobs_multiplier"): Default(0.0, "no indirect jobs"),
    ("plants", "hire_rate"): Default(0.0, "the number of workers is constant"),
    ("plants", "slope"): Default(1.0, "no learning"),
    ("plants", "retained"): Default(1.0, "no experience is lost", ("designs.release_interval",)),
    ("plants", "yield_first"): Default(1.0, "no scrap", ("yield_mature", "yield_units")),
    ("plants", "yield_mature"): Default(1.0, "no scrap", ("yield_first", "yield_units")),
    ("plants", "yield_units"): Default(1.0, "the yield is constant", ("yield_first", "yield_mature")),
    ("plants", "royalty"): Default(0.0, "no royalty"),
    ("plants", "retool"): Default(0.0, "a new block is introduced at once", ("designs.release_interval",)),
    ("suppliers", "lead_cv"): Default(0.0, "the lead time is certain"),
    ("suppliers", "capacity"): Default(NO_LIMIT, "the capacity does not limit orders"),
    ("suppliers", "min_order"): Default(1.0, "any number of parts can be ordered"),
    ("suppliers", "mtbf"): Default(NEVER, "no outages", ("mttr",)),
    ("suppliers", "mttr"): Default(1.0, "no outages", ("mtbf",)),
    ("lanes", "transit_cv"): Default(0.0, "the transit time is certain"),
    ("lanes", "capacity"): Default(NO_LIMIT, "the capacity does not limit transport"),
    ("lanes", "loss"): Default(0.0, "no losses in transit"),
    ("lanes", "mtbf"): Default(NEVER, "no outages", ("mttr",)),
    ("lanes", "mttr"): Default(1.0, "no outages", ("mtbf",)),
    ("regions", "power_exposure"): Default(0.0, "no power cuts", ("power_days",)),
    ("regions", "power_days"): Default(1.0, "no power cuts", ("power_exposure",)),
    ("regions", "grounded_winter"): Default(0.0, "the weather always allows sorties", ("grounded_summer", "spell")),
    ("regions", "grounded_summer"): Default(0.0, "the weather always allows sorties", ("grounded_winter", "spell")),
    ("regions", "spell"): Default(1.0, "the weather always allows sorties", ("grounded_winter", "grounded_summer")),
    ("corridors", "share"): Default(1.0, "corridors into a region have equal weights"),
    ("raids", "salvo_share"): Default(0.0, "no salvo days", ("salvo_stay", "packages.salvo_mean")),
    ("raids", "salvo_stay"): Default(0.0, "no salvo days", ("salvo_share", "packages.salvo_mean")),
    ("raids", "level"): Default(1.0, "intensities are as stated"),
    ("raids", "growth"): Default(0.0, "the intensity has no trend"),
    ("raids", "wander"): Default(0.0, "the intensity does not vary slowly", ("wander_time", "begin")),
    ("raids", "wander_time"): Default(1.0, "the intensity does not vary slowly", ("wander", "begin")),
    ("raids", "begin"): Default(0.0, "the intensity does not vary slowly", ("wander", "wander_time")),
    ("packages", "routine_cv"): Default(0.0, "daily counts are Poisson"),
    ("packages", "salvo_mean"): Default(0.0, "no salvo days", ("salvo_cv", "raids.salvo_share")),
    ("packages", "salvo_cv"): Default(0.0, "no salvo days", ("salvo_mean", "raids.salvo_share")),
    ("packages", "quiet"): Default(0.0, "no further days without the package"),
    ("packages", "coupling"): Default(0.0, "independent of other packages"),
    ("packages", "concentration"): Default(1e6, "the split among regions is the same every day"),
    ("splits", "share"): Default(1.0, "destinations of a package have equal weights"),
    ("threats", "mix"): Default(1.0, "classes of a package have equal weights"),
    ("threats", "damage_cv"): Default(0.0, "every leaker causes the same damage"),
    ("threats", "engagement_cv"): Default(1.0, "exponential engagement durations"),
    ("layers", "correlation"): Default(0.0, "outcomes of a day are independent"),
    ("effects", "shots"): Default(1.0, "one shot per engagement"),
    ("designs", "release_interval"): Default(NEVER, "one block only", ("release_cv",)),
    ("designs", "release_cv"): Default(0.0, "one block only", ("release_interval",)),
    ("designs", "p_recover"): Default(0.0, "no interceptor is recovered"),
    ("lethality", "p_floor"): Default(0.0, "no adaptation by the adversary", ("decay",)),
    ("lethality", "decay"): Default(NEVER, "no adaptation by the adversary", ("p_floor",)),
    ("makers", "stock"): Default(0.0, "no stock at the start"),
    ("makers", "rate_start"): Default(0.0, "no deliveries", ("rate_full", "ramp")),
    ("makers", "rate_full"): Default(0.0, "no deliveries", ("rate_start", "ramp")),
    ("makers", "ramp"): Default(1.0, "no deliveries", ("rate_start", "rate_full")),
    ("crews", "washout"): Default(0.0, "every trainee completes the course"),
    ("crews", "attrition"): Default(0.0, "no crew leaves"),
    ("kits", "attrition"): Default(0.0, "no kit is lost"),
    ("finance", "discount_rate"): Default(0.0, "no discounting"),
    ("finance", "optimism_bias"): Default(0.0, "no uplift"),
}
"""Default values by kind and name of the parameter; parameters that are not listed need a row."""


def default_rows(
    programme: Programme,
    layers_against: Mapping[str, Sequence[str]],
    names: Collection[str],
    filled: Collection[str] = (),
) -> list[Row]:
    """Rows with the default values of the parameters that no row supplies.

    If no entity has a row for a parameter, one row with wildcards supplies it for all of them.

    Args:
        programme: The programme.
        layers_against: The layers of the doctrine against each class of threat.
        names: Names of the rows of the assumption log, such as ``plants.*.slope``.
        filled: Those of the names whose rows have a default value and its note (``filled_rows``); they state nothing.

    """
    keys = {text: key for text in names if (key := key_of(text, programme))}
    supplied = set(keys.values())
    stated = {key for text, key in keys.items() if text not in filled}
    requirements = RequiredParameters(programme, layers_against)
    rows = []
    for kind in KINDS:
        for parameter in kind.parameters:
            if (kind.name, parameter.name) not in DEFAULT_VALUES:
                continue
            required = required_names(requirements, kind, parameter)
            unsupplied = [
                entities
                for entities in required
                if not supplying_key(supplied, kind.name, parameter.name, entities)
                and not companion_of(stated, programme, (kind.name, parameter.name, entities))
            ]
            if len(unsupplied) == len(required) > 1:
                unsupplied = [(WILDCARD,) * len(kind.axes)]
            rows += [row_of(programme, kind.name, parameter, entities) for entities in unsupplied]
    return rows


def filled_rows(rows: Sequence[Row], programme: Programme, report: Report) -> tuple[str, ...]:
    """Names of the rows that have a default value and its note, as ``check --fill`` writes them.

    They state no more than their absence would. A row that has the note and another value is a warning.

    Args:
        rows: The rows of ``assumptions.csv`` and of the raid fit.
        programme: The programme.
        report: Collects the warnings.

    """
    names = []
    for row in rows:
        key = key_of(row["name"], programme) if row["note"].startswith(NOTE_PREFIX) else None
        default = DEFAULT_VALUES.get(key[:2]) if key else None
        if key is None or default is None or row["note"] != default.note:
            continue
        parameter = next(p for p in KIND_BY_NAME[key[0]].parameters if p.name == key[1])
        expected = row_of(programme, key[0], parameter, key[2])
        same = all(row[column] == expected[column] for column in ("low", "high", "unit"))
        if same and row["distribution"] in ("", "fixed") and is_number(row["value"], default.value):
            names.append(row["name"])
        else:
            value = quantity_text(default.value, expected["unit"])
            message = f"{row['name']}: the note '{default.note}' is that of the default value {value}, "
            report.warn(row.file, row.line, message + "but the row states something else; write a note of its own")
    return tuple(names)


def check_filled_rows(
    rows: Sequence[Row],
    filled: Collection[str],
    programme: Programme,
    layers_against: Mapping[str, Sequence[str]],
    report: Report,
) -> None:
    """Report rows with a default value that would not be used if they were absent.

    Args:
        rows: The rows of ``assumptions.csv`` and of the raid fit.
        filled: Names of the rows that have a default value and its note (``filled_rows``).
        programme: The programme.
        layers_against: The layers of the doctrine against each class of threat.
        report: Collects the problems.

    """
    if not filled:
        return
    by_key = {key: row for row in rows if (key := key_of(row["name"], programme))}
    stated = {key for key, row in by_key.items() if row["name"] not in filled}
    requirements = RequiredParameters(programme, layers_against)
    for kind, parameter in dict.fromkeys(key[:2] for key, row in by_key.items() if row["name"] in filled):
        declared = next(p for p in KIND_BY_NAME[kind].parameters if p.name == parameter)
        refused: dict[ParameterKey, ParameterKey] = {}
        for names in required_names(requirements, KIND_BY_NAME[kind], declared):
            key = supplying_key(by_key, kind, parameter, names)
            if key and key not in stated and (other := companion_of(stated, programme, (kind, parameter, names))):
                refused.setdefault(key, other)
        for key, other in refused.items():
            report.add(by_key[key].file, by_key[key].line, refusal(key, by_key[key], by_key[other]))


def refusal(key: ParameterKey, row: Row, companion: Row) -> str:
    """Message on a row with a default value that is not used because of another row."""
    default = DEFAULT_VALUES[key[:2]]
    return (
        f"{row['name']}: has its default value {default.value:g} ({default.meaning}), which is not used because "
        f"{companion['name']} is stated ({companion.file}, line {companion.line}); state this value too, with another "
        f"note than '{default.note}'"
    )


def has_default_value(assumption: Assumption) -> bool:
    """Whether an assumption has a default value and its note, because it has no row or a row that was filled in."""
    default = DEFAULT_VALUES.get((assumption.kind, assumption.parameter))
    return (
        default is not None
        and assumption.note == default.note
        and assumption.is_fixed
        and assumption.value == default.value
    )


def key_of(name: str, programme: Programme) -> ParameterKey | None:
    """The parameter, with wildcards, that a row with this name supplies; None if the name is invalid."""
    parsed = parse_row_name(name, programme)
    return None if isinstance(parsed, str) else (parsed.kind, parsed.parameter.name, parsed.entities)


def is_number(text: str, number: float) -> bool:
    """Whether a text is a number, in any notation."""
    try:
        return parse_number(text) == number
    except QuantityError:
        return False


def required_names(requirements: RequiredParameters, kind: Kind, parameter: Parameter) -> list[tuple[str, ...]]:
    """Names of the entities for which a parameter is required."""
    return [
        entities
        for entities in requirements.name_tuples(kind.name)
        if not requirements.reason_not_required(kind.name, parameter.condition, entities)
    ]


def supplying_key(
    stated: Collection[ParameterKey], kind: str, parameter: str, names: tuple[str, ...]
) -> ParameterKey | None:  # fmt: skip
    """The row that supplies a parameter of an entity, of those with the fewest wildcards the first; None without."""
    keys = ((kind, parameter, pattern) for pattern in matching_patterns(names))
    return next((key for key in keys if key in stated), None)


def companion_of(stated: Collection[ParameterKey], programme: Programme, key: ParameterKey) -> ParameterKey | None:
    """A row that states a parameter with which the default value of a parameter is not used; None without such a row.

    Args:
        stated: The parameters that rows state, with wildcards.
        programme: The programme.
        key: The parameter with a default value.

    """
    kind, parameter, names = key
    for companion in DEFAULT_VALUES[kind, parameter].unless:
        other_kind, point, other = companion.rpartition(".")
        if point:
            row = min((row for row in stated if row[:2] == (other_kind, other)), default=None)
        else:
            row = supplying_key(stated, kind, companion, names)
        if row:
            return row
    weighted = entities_weighted_together(programme, kind, parameter, names)
    rows = (supplying_key(stated, kind, parameter, other) for other in weighted if other != names)
    return next((row for row in rows if row), None)


def row_of(programme: Programme, kind: str, parameter: Parameter, names: tuple[str, ...]) -> Row:
    """The row of ``assumptions.csv`` with a default value."""
    default = DEFAULT_VALUES[kind, parameter.name]
    cells = dict.fromkeys(ASSUMPTION_COLUMNS, "") | {
        "name": dotted_name(kind, parameter.name, names),
        "value": f"{default.value:.15g}",
        "distribution": "fixed",
        "unit": parameter.unit.replace(MONEY, programme.currency),
        "price_base": str(programme.price_base) if parameter.is_money else "",
        "quality": "red",
        "date": REVIEW_DATE,
        "note": default.note,
    }
    return Row(0, cells, DEFAULTS)
