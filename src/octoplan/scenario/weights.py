"""Weights that distribute threats: each group of entities needs at least one weight above 0."""

from collections.abc import Mapping, Sequence

from octoplan.scenario.assumptions import Assumption
from octoplan.scenario.binding import ParameterKey
from octoplan.scenario.distributions import Fixed
from octoplan.scenario.files import ASSUMPTIONS
from octoplan.scenario.programme import Programme
from octoplan.scenario.report import Report

WEIGHT_GROUPS = (
    ("threats", "mix", "package", "packages"),
    ("corridors", "share", "into", "regions"),
)
"""Weights by kind and parameter, with the link and section by which entities are grouped; at least one weight of each
group must be above 0."""


def entities_weighted_together(
    programme: Programme, kind: str, parameter: str, names: tuple[str, ...]
) -> list[tuple[str, ...]]:
    """Names of the entities, including that with ``names``, whose weights are relative to one another.

    Returns:
        A tuple of names for each entity, as in a ``ParameterKey``; empty if the parameter is not a weight.

    """
    if (kind, parameter) == ("splits", "share"):
        return [(names[0], region) for region in programme.entities["regions"]]
    link = next((link for *weight, link, _ in WEIGHT_GROUPS if weight == [kind, parameter]), None)
    if link is None:
        return []
    group = programme.link(kind, names[0], link)
    return [(name,) for name in programme.entities[kind] if programme.link(kind, name, link) == group]


def check_weights(
    programme: Programme,
    draw_columns: Mapping[ParameterKey, int],
    assumptions: Sequence[Assumption | None],
    report: Report,
) -> None:
    """Report groups of entities whose weights are all 0, so that nothing can be allocated to them."""

    def is_zero(number: ParameterKey) -> bool:
        assumption = assumptions[draw_columns[number]] if number in draw_columns else None
        return assumption is not None and isinstance(assumption.marginal, Fixed) and assumption.marginal.value == 0.0

    groups: dict[tuple[str, str, str], list[ParameterKey]] = {}
    for kind, weight, link, section in WEIGHT_GROUPS:
        for name in programme.entities[kind]:
            group = (f"{kind}.*.{weight}", section, programme.link(kind, name, link) or "")
            groups.setdefault(group, []).append((kind, weight, (name,)))
    for package in programme.entities["packages"]:
        regions = programme.entities["regions"]
        groups["splits.*.*.share", "packages", package] = [("splits", "share", (package, r)) for r in regions]
    for (weights, section, name), numbers in groups.items():
        if numbers and all(map(is_zero, numbers)):
            assumption = assumptions[draw_columns[numbers[0]]]
            message = f"every weight {weights} of {section}.{name} is 0; give at least one weight a value above 0"
            report.add(ASSUMPTIONS, assumption.line if assumption else 0, message)
