"""Presets of the page: named changes that people ask for first, as far as a scenario can express them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from octoplan.app.changes import apply_changes, read_changes
from octoplan.errors import ScenarioError
from octoplan.explore.decisions import doubled_crews_and_kits
from octoplan.scenario import Scenario
from octoplan.scenario.assumptions import Assumption
from octoplan.scenario.changes import leaves
from octoplan.scenario.files import ASSUMPTIONS

DELIVERIES = ("rate_start", "rate_full")
"""Parameters of other makers that state how many interceptors they deliver a day."""

FIXED_COSTS = ("heads", "overhead")
"""Parameters of plants that cost money without output."""


@dataclass(frozen=True)
class Preset:
    """A named scenario that differs from the baseline by some changes.

    Attributes:
        name: Name in a link, such as ``no-programme``.
        title: Title, such as "No programme".
        note: What is changed, in a sentence.
        changes: The changes as the page writes them, by name of the change.

    """

    name: str
    title: str
    note: str
    changes: Mapping[str, str]


def presets(scenario: Scenario) -> list[Preset]:
    """The presets that a scenario can express: each is accepted and changes what it says."""
    return [preset for preset in candidates(scenario) if preset.changes and is_possible(scenario, preset)]


def is_possible(scenario: Scenario, preset: Preset) -> bool:
    """Whether a preset gives another, valid scenario."""
    try:
        return apply_changes(scenario, read_changes(preset.changes)).hash != scenario.hash
    except ScenarioError:
        return False


def candidates(scenario: Scenario) -> Iterator[Preset]:
    """Yield all presets, with changes of what the scenario has."""
    yield no_programme(scenario)
    yield twice_the_crews_and_kits(scenario)
    yield from by_country(scenario)
    yield other_makers_deliver_half(scenario)


def no_programme(scenario: Scenario) -> Preset:
    """The counterfactual: no plant makes anything, and there are no lines, workers, orders of parts or fixed costs."""
    plants = plants_with_output(scenario)
    tables = scenario.decisions.model_dump()
    orders = [path for path, value in leaves(tables["orders"], ("orders",)) if isinstance(value, list)]
    decisions = [f"output.{plant}" for plant in plants] + [f"lines.{plant}" for plant in tables["lines"]]
    changes = dict.fromkeys((f"d.{name}" for name in [*decisions, *map(".".join, orders)]), "x0") if plants else {}
    fixed = (row for row in scenario.assumptions if row.kind == "plants" and row.parameter in FIXED_COSTS)
    changes |= {f"a.{row.name}": "0" for row in fixed if plants}
    note = "No plant makes interceptors, and there are no lines, workers, orders of parts or fixed costs."
    return Preset("no-programme", "No programme", note, changes)


def twice_the_crews_and_kits(scenario: Scenario) -> Preset:
    """Twice the crew intake and the kits ordered; without changes if one of them is zero."""
    changes = {f"d.{name}": factor for name, factor in doubled_crews_and_kits(scenario).items()}
    note = "Twice the crew intake and twice the kits ordered in every month."
    return Preset("double-crews-and-kits", "Double crews and kits", note, changes)


def by_country(scenario: Scenario) -> Iterator[Preset]:
    """Yield for each of several countries with plants a preset in which it makes all units requested."""
    plants = plants_with_output(scenario)
    countries = dict.fromkeys(scenario.programme.link("plants", plant, "country") for plant in plants)
    if len(countries) < 2:
        return
    for country in countries:
        home = [plant for plant in plants if scenario.programme.link("plants", plant, "country") == country]
        last = {plant: monthly_values(scenario.decisions.output[plant])[-1] for plant in plants}
        at_home = sum(last[plant] for plant in home)
        if not at_home:
            continue
        factor = f"x{sum(last.values()) / at_home:.2f}"
        changes = {f"d.output.{plant}": factor if plant in home else "x0" for plant in plants}
        changes |= {f"d.lines.{plant}": factor for plant in home if plant in scenario.decisions.lines}
        title = scenario.titles.get(f"countries.{country}", country)
        note = (
            f"Plants elsewhere make nothing. Output and lines in {title} are multiplied by {factor[1:]}, so that as "
            "many units are requested in the last month as from all plants in the baseline."
        )
        yield Preset(f"all-made-in-{country}", f"All made in {title}", note, changes)


def other_makers_deliver_half(scenario: Scenario) -> Preset:
    """Half the deliveries of other makers."""
    rows = [row for row in scenario.assumptions if row.kind == "makers" and row.parameter in DELIVERIES]
    changes = {f"a.{row.name}": half(row) for row in rows if row.median > 0.0 and row.file.endswith(ASSUMPTIONS)}
    note = "Other makers deliver half as many interceptors a day; their stock at the start is unchanged."
    return Preset("other-makers-deliver-half", "Other makers deliver half", note, changes)


def half(row: Assumption) -> str:
    """Half of an assumption as the page writes it: a value, or a range from P10 to P90."""
    levels = [0.5] if row.is_fixed else [0.1, 0.9]
    return " to ".join(f"{float(f'{0.5 * float(row.quantile(level)):.3g}'):g}" for level in levels)


def plants_with_output(scenario: Scenario) -> list[str]:
    """Names of the plants that are requested to make something."""
    return [plant for plant, output in scenario.decisions.output.items() if any(monthly_values(output))]


def monthly_values(values: float | list[float] | list[int]) -> list[float]:
    """Values of a decision by month."""
    return list(values) if isinstance(values, list) else [values]
