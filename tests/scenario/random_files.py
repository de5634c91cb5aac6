"""Random valid scenarios as files: odd names and titles, optional fields, lists, options of the plan and governance."""

from datetime import date, timedelta
from random import Random
from typing import Any

from octoplan.scenario.binding import RequiredParameters, dotted_name
from octoplan.scenario.csv_text import csv_text
from octoplan.scenario.entities import KINDS
from octoplan.scenario.parameter_types import MONEY, Parameter
from octoplan.scenario.programme import read_programme
from octoplan.scenario.report import Report
from octoplan.scenario.toml_text import read_toml
from octoplan.scenario.workbook.tree import tree_text
from tests.scenario.folder import ASSUMPTION_HEADER, SOURCES

NAMES = ("a", "1e5", "007", "true", "2026-01", "12", "yes", "inf", "uk-1", "long-name-of-an-entity", "nan", "e-5", "x9")
"""Valid names, some of which look like numbers, dates or truth values."""
TEXTS = (
    "Plain", "=1+1", "+5", "-x", "@sum", "#N/A", "85%", "1,5", "2026-01-02", "007", "_x000D_", "semi; colon, comma",
    'a "quoted" word', "'apostrophe", " blanks ", "tab\there", "two\nlines", "Київ 🐙", "TRUE", "1e5", "\x7f", "a\x01b",
    "# no comment", "[table]", "<b>&amp;</b>", "x" * 300,
)  # fmt: skip


def random_files(numbers: Random) -> dict[str, bytes]:
    """The files of a valid scenario, with values for all parameters that it requires."""
    programme = random_programme(numbers)
    decisions = random_decisions(numbers, programme)
    text = tree_text(programme) + "# the end\n"
    return {
        "programme.toml": text.encode(),
        "assumptions.csv": assumption_rows(numbers, text, decisions).encode(),
        "decisions.toml": ("# decisions\n" + tree_text(decisions)).encode(),
        "sources.csv": SOURCES.encode(),
    }


def some_names(numbers: Random, least: int, most: int) -> list[str]:
    return numbers.sample(NAMES, numbers.randint(least, most))


def entity(numbers: Random, **links: Any) -> dict[str, Any]:
    """Links of an entity that are stated, in half of the cases with a title."""
    title = {"title": numbers.choice(TEXTS)} if numbers.random() < 0.5 else {}
    return {**title, **{name: value for name, value in links.items() if value is not None}}


def some(numbers: Random, names: list[str]) -> list[str]:
    return numbers.sample(names, numbers.randint(0, len(names)))


def optional(numbers: Random, *values: Any) -> Any:
    """One of the values, or None."""
    return numbers.choice((None, *values))


def random_programme(numbers: Random) -> dict[str, Any]:
    """A valid tree of ``programme.toml``."""
    pick: Any = numbers.choice
    currencies = ["GBP", "UAH", "EUR"][: numbers.randint(1, 3)]
    payers, countries = some_names(numbers, 1, 3), some_names(numbers, 1, 3)
    gates, parts, causes = some_names(numbers, 0, 4), some_names(numbers, 1, 3), some_names(numbers, 0, 2)
    lanes, regions, layers = some_names(numbers, 1, 3), some_names(numbers, 1, 4), some_names(numbers, 0, 3)
    designs, packages, makers = some_names(numbers, 1, 2), some_names(numbers, 1, 2), some_names(numbers, 0, 2)
    threats = numbers.sample(NAMES, numbers.randint(len(packages), 4))
    plants = [name for name in some_names(numbers, 1, 4) if name != "cover"]
    suppliers = numbers.sample(NAMES, len(parts) + numbers.randint(0, 2))
    truth = (True, False)
    legs = dict.fromkeys((pick(["border", *regions[:i]]), into) for i, into in enumerate(regions))
    return {
        "title": pick(TEXTS[:-1]), "start": date(pick((1999, 2025, 2026)), numbers.randint(1, 12), 1),
        "months": numbers.randint(1, 7), "price_base": 2025, "currency": "GBP",
        **({"missile_layer": pick(layers)} if layers and pick(truth) else {}),
        **({"governance": random_governance(numbers)} if pick(truth) else {}),
        "currencies": {name: entity(numbers) for name in currencies},
        "payers": {name: entity(numbers) for name in payers},
        "countries": {name: entity(numbers, currency=pick(currencies), payer=pick(payers)) for name in countries},
        "gates": {name: entity(numbers, after=optional(numbers, some(numbers, gates[:i])))
                  for i, name in enumerate(gates)},
        "parts": {name: entity(numbers) for name in parts},
        "designs": {name: entity(numbers, parts={part: numbers.randint(1, 9) for part in parts}) for name in designs},
        "plants": {
            name: entity(numbers, country=pick(countries), region=optional(numbers, *regions), design=pick(designs),
                         gates=some(numbers, gates), lanes=numbers.sample(lanes, numbers.randint(1, len(lanes))),
                         learning=pick(("crawford", "wright")))
            for name in plants
        },
        "causes": {name: entity(numbers) for name in causes},
        "suppliers": {
            name: entity(numbers, part=parts[i % len(parts)], country=pick(countries),
                         causes=optional(numbers, some(numbers, causes)))
            for i, name in enumerate(suppliers)
        },
        "lanes": {name: entity(numbers, payer=pick(payers)) for name in lanes},
        "regions": {name: entity(numbers, tile=optional(numbers, [i, numbers.randint(0, 9)]))
                    for i, name in enumerate(regions)},
        "corridors": {f"leg-{i}": entity(numbers, origin=origin, into=into) for i, (origin, into) in enumerate(legs)},
        "packages": {name: entity(numbers) for name in packages},
        "threats": {
            name: entity(numbers, package=packages[i % len(packages)], decoy=optional(numbers, *truth),
                         direct=optional(numbers, *truth), interceptable=optional(numbers, *truth))
            for i, name in enumerate(threats)
        },
        "layers": {name: entity(numbers, payer=pick(payers), stocked=optional(numbers, *truth),
                                limited=optional(numbers, *truth)) for name in layers},
        "makers": {name: entity(numbers, design=pick(designs), payer=pick(payers)) for name in makers},
        "crews": {"payer": pick(payers)}, "kits": {"payer": pick(payers)},
    }  # fmt: skip


def random_governance(numbers: Random) -> dict[str, Any]:
    log = [{"date": date(2026, 1, 1) + timedelta(i), "decision": numbers.choice(TEXTS[:-6])} for i in range(2)]
    return {
        "question": numbers.choice(TEXTS),
        "not_for": numbers.sample(TEXTS, 3),
        "sunset": date(2027, 3, 31),
        "log": log,
    }


def monthly(numbers: Random, *, integers: bool = False) -> Any:
    """Monthly numbers: one number, or a list that may be longer than the horizon and may end with equal numbers."""
    values = [numbers.choice((0, 5, 40, 1000, 100_000) if integers else (0, 2.5, 1 / 3, 100, 1e-7, 40.0, 12345.678901))
              for _ in range(numbers.randint(1, 9))]  # fmt: skip
    return numbers.choice((values, values[0], [*values, values[-1], values[-1]]))


def random_decisions(numbers: Random, programme: dict[str, Any]) -> dict[str, Any]:
    """A valid tree of ``decisions.toml`` for a programme."""
    pick: Any = numbers.choice
    plants, regions = list(programme["plants"]), list(programme["regions"])
    payers, countries, layers = list(programme["payers"]), list(programme["countries"]), list(programme["layers"])
    weights = {name: pick((1, 0.25, 7.5)) for name in some(numbers, regions)}
    weights = {**weights, "*": 2} if len(weights) < len(regions) or pick((True, False)) else weights
    doctrine: dict[str, Any] = {
        "queue": pick(("deadline", "value")), "stock": pick(("newest", "oldest", "best")),
        "prefer": list(programme["designs"]),
    }  # fmt: skip
    for threat, fields in programme["threats"].items():
        order = numbers.sample(layers, numbers.randint(0, len(layers)))
        engaged = ["interceptor", *order] if fields.get("interceptable", True) else order
        doctrine[threat] = {"layers": engaged, "max_shots": numbers.randint(1, 9), "value": pick((1, 2.5))}
    orders = {plant: {part: monthly(numbers) for part in some(numbers, list(programme["parts"]))}
              for plant in some(numbers, plants)}  # fmt: skip
    amounts = ("12.5 MGBP", "200 MGBP", "0.1 kGBP", "5000 GBP", "1.50 MGBP", "7 kGBP")
    return {
        **({"targets": {"output": sorted(numbers.sample(range(1, 5000), 2))}} if pick((True, False)) else {}),
        "output": {plant: monthly(numbers) for plant in some(numbers, plants)},
        "lines": {plant: monthly(numbers) for plant in some(numbers, plants)},
        "orders": {"cover": pick(("30 days", "1.5 weeks", "2 month", "10 day", "40days")), **orders},
        "sourcing": {name: pick((1, 0.3, 2.25)) for name in some(numbers, list(programme["suppliers"]))},
        "crews": {"intake": monthly(numbers, integers=True)}, "kits": {"order": monthly(numbers, integers=True)},
        "crew_share": weights if pick((True, False)) else {},
        "dispatch": {"rule": "share", "share": weights} if pick((True, False)) else {"rule": "cover"},
        "doctrine": doctrine,
        "budget": {payer: pick(amounts) for payer in some(numbers, payers)},
        "plan": {
            "objective": pick(("least-cost", "most-stopped")), "tail": pick((0.0, 0.25)),
            "worst": pick(({}, {pick(("bad year", "a.b")): {"raids.*": 1.5, "suppliers.*.lead": 2}})),
            "share": {countries[0]: [0.0, 1.0]},
            "budget": {payers[0]: pick((pick(amounts), {str(programme["start"].year): pick(amounts)}))},
            "jobs": {countries[0]: 12.5}, "most": {plants[0]: 900}, "target": pick((100, 2.5)),
            "by": f"{programme['start']:%Y-%m}", "fixed": ["crews", f"output.{plants[0]}"],
        },
    }  # fmt: skip


def assumption_rows(numbers: Random, programme_text: str, decisions: dict[str, Any]) -> str:
    """The text of ``assumptions.csv`` with a row for every parameter that the scenario requires."""
    report = Report("")
    toml = read_toml("programme.toml", programme_text, report)
    assert toml is not None
    programme = read_programme(toml, report)
    assert report.problems == []
    against = {name: tuple(table["layers"]) for name, table in decisions["doctrine"].items() if isinstance(table, dict)}
    requirements = RequiredParameters(programme, against)
    rows = [ASSUMPTION_HEADER.split(",")]
    for kind in KINDS:
        for parameter in () if kind.optional else kind.parameters:
            for names in requirements.name_tuples(kind.name):
                if not requirements.reason_not_required(kind.name, parameter.condition, names):
                    name = dotted_name(kind.name, parameter.name, names)
                    rows.append([name, *cells_of(numbers, parameter)])
    return csv_text(rows)


def cells_of(numbers: Random, parameter: Parameter) -> list[str]:
    """The cells of a row of a parameter: a value within its range, with odd notes."""
    value = next(v for v in (0.5, 1.0, 2.0, 30.0, parameter.low) if parameter.low <= v <= parameter.high)
    unit = parameter.unit.replace(MONEY, "GBP")
    price_base = "2025" if parameter.is_money else ""
    note = numbers.choice(TEXTS[:-6])
    return [f"{value:g}", "", "", "fixed", unit, price_base, "study", "amber", "tests", "2026-02-03", note]
