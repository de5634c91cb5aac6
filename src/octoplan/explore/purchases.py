"""What a programme can buy more of, in amounts that add up: units by country, crews, kits, suppliers and missiles."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from octoplan.answer.options import (
    FIELDS,
    SECOND_SUPPLIER,
    layer_noun,
    more_from_suppliers,
    more_monthly,
    more_of_layer,
    more_units,
    programme_plants,
    stocked_layers,
    total_number,
)
from octoplan.scenario.arrays import Compiled, Floats

UNITS, LAYER, SUPPLIERS = "units/", "layer/", "suppliers"
"""Beginnings of the keys of amounts: units by country, layers, and suppliers of parts."""
CREWS_AND_KITS = "crews-and-kits"
"""Key of the purchase of crews together with kits."""
MOST = 1.0
"""Largest share of the quantity of the scenario in one purchase: twice as much."""

Mix = Mapping[str, float]
"""What is bought in addition: amounts by key, as shares of the quantities of the scenario."""


@dataclass(frozen=True)
class Good:
    """What can be bought.

    Attributes:
        key: Key of the purchase.
        parts: Keys of the amounts that it adds to, such as ``crews`` and ``kits``.
        noun: What there is more of.
        smallest: Smallest share that can be bought: one crew or kit.
        is_single: True if it can be bought once and as a whole only.

    """

    key: str
    parts: tuple[str, ...]
    noun: str
    smallest: float = 0.0
    is_single: bool = False


def goods(compiled: Compiled, assumptions: Floats, titles: Mapping[str, str]) -> tuple[Good, ...]:
    """What the programme of a scenario can buy more of.

    Args:
        compiled: The scenario.
        assumptions: (futures, columns) draws.
        titles: Titles of the entities by ``kind.name``.

    """
    items = []
    countries = compiled.template.plants["country"][programme_plants(compiled)]
    for row in np.unique(countries).tolist():
        name = compiled.names.countries[row]
        key = f"{UNITS}{name}"
        items.append(Good(key, (key,), f"interceptors made in {titles.get(f'countries.{name}', name)}"))
    smallest = {}
    for kind, other in (("crews", "kits"), ("kits", "crews")):
        total = total_number(compiled, assumptions, kind) or total_number(compiled, assumptions, other)
        if total > 0.0:
            smallest[kind] = 1.0 / total
            items.append(Good(kind, (kind,), kind, smallest[kind]))
    if len(smallest) == len(FIELDS):
        items.append(Good(CREWS_AND_KITS, tuple(FIELDS), "crews with kits", max(smallest.values())))
    if more_from_suppliers(compiled, assumptions, MOST)[0] is not compiled:
        items.append(Good(SUPPLIERS, (SUPPLIERS,), SECOND_SUPPLIER, is_single=True))
    for row in stocked_layers(compiled, assumptions):
        key = f"{LAYER}{compiled.names.layers[row]}"
        items.append(Good(key, (key,), layer_noun(compiled.names.layers[row], dict(titles))))
    return tuple(items)


def with_mix(compiled: Compiled, assumptions: Floats, mix: Mix) -> tuple[Compiled, Floats]:
    """The scenario and its draws with everything in a mix added; the order of its amounts has no effect.

    Args:
        compiled: The scenario.
        assumptions: (futures, columns) draws of all futures of the run, because numbers of crews and kits are shares of
            the mean number at the start.
        mix: The amounts.

    """
    changed, monthly = (compiled, assumptions), dict[str, Any]()
    for key, more in sorted(mix.items()):
        if key.startswith(UNITS):
            country = compiled.names.countries.index(key.removeprefix(UNITS))
            is_there = programme_plants(compiled) & (compiled.template.plants["country"] == country)
            changed = more_units(*changed, is_there, more)
        elif key.startswith(LAYER):
            changed = more_of_layer(*changed, compiled.names.layers.index(key.removeprefix(LAYER)), more)
        elif key == SUPPLIERS:
            changed = more_from_suppliers(*changed, more)
        else:
            monthly[FIELDS[key]] = more_monthly(compiled, assumptions, key, more)
    return changed[0]._replace(plan=changed[0].plan._replace(**monthly)), changed[1]


def added(mix: Mix, good: Good, share: float) -> dict[str, float]:
    """A mix with a further purchase: a share of the quantities of the scenario.

    >>> added({"crews": 0.25}, Good("crews-and-kits", ("crews", "kits"), "crews with kits"), 0.5)
    {'crews': 0.75, 'kits': 0.5}
    """
    return {**mix, **{key: mix.get(key, 0.0) + share for key in good.parts}}


def is_offered(good: Good, mix: Mix) -> bool:
    """False if a good that can be bought once is in the mix."""
    return not (good.is_single and any(key in mix for key in good.parts))


def purchase_title(compiled: Compiled, assumptions: Floats, good: Good, mix: Mix, share: float) -> str:
    """A purchase in words, on top of a mix: a number of crews or kits, or a share of what the scenario has."""
    if good.is_single:
        return good.noun
    if not set(good.parts) <= set(FIELDS):
        return f"{percent_text(share)} more {good.noun}"
    texts = []
    for kind in good.parts:
        before, after = (
            int(more_monthly(compiled, assumptions, kind, amounts.get(kind, 0.0)).sum())
            for amounts in (mix, added(mix, good, share))
        )
        texts.append(f"{after - before:,} more {kind if after - before != 1 else kind.removesuffix('s')}")
    return " and ".join(texts)


def percent_text(share: float) -> str:
    """A share as a percentage with two digits.

    >>> percent_text(0.1234), percent_text(0.00714), percent_text(1.0)
    ('12 %', '0.71 %', '100 %')
    """
    percentage = float(f"{100.0 * share:.2g}")
    return f"{percentage:g} %"
