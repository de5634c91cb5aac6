"""Tallies, the results of a future, declared with their axes, units and long names.

Kernels fill them and ``outcomes`` labels them. Axes are named after ``scenario.arrays.Names``, with three additions:
cost categories, limiting factors of plants, and limiting factors of nights.
"""

from collections import namedtuple
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from octoplan.scenario import limiting_factors
from octoplan.scenario.arrays import Names

COSTS = (
    "parts",
    "labour",
    "overhead",
    "royalty",
    "freight",
    "capital",
    "optimism-bias",
    "training",
    "crews",
    "kits",
    "other-makers",
    "layers",
)
PARTS, LABOUR, OVERHEAD, ROYALTY, FREIGHT, CAPITAL, BIAS, TRAINING, CREWS, KITS, MAKERS, LAYERS = range(len(COSTS))


@dataclass(frozen=True)
class TallySpec:
    """Declaration of one tally.

    Attributes:
        name: Its name in the results.
        axes: Its axes after the future.
        dtype: The numpy type: 64 bits for counts that can exceed 2^31 in a month.
        unit: Its unit; ``money`` stands for the reporting currency.
        meaning: Its long name.

    """

    name: str
    axes: tuple[str, ...]
    dtype: str
    unit: str
    meaning: str


TALLIES = (
    TallySpec("made", ("month", "plant"), "i8", "unit", "units started, including scrapped units"),
    TallySpec("good", ("month", "plant"), "i8", "unit", "good units made"),
    TallySpec("hours_paid", ("month", "plant"), "f8", "hour", "labour hours paid"),
    TallySpec("hours_worked", ("month", "plant"), "f8", "hour", "labour hours worked on units"),
    TallySpec("heads", ("month", "plant"), "f8", "worker", "workers at the month's end"),
    TallySpec("experience", ("month", "plant"), "f8", "unit", "units of experience at the month's end"),
    TallySpec("plant_limit", ("month", "plant", "limit"), "i4", "day", "plant-days by limiting factor"),
    TallySpec("plant_down", ("month", "plant"), "f8", "day", "plant-days of output lost to strikes and power cuts"),
    TallySpec("delivered", ("month", "plant"), "i8", "unit", "units of the plant delivered to the regions"),
    TallySpec("sent", ("month", "plant", "lane"), "i8", "unit", "units sent from the plant by the lane"),
    TallySpec("plant_stock", ("month", "plant"), "i8", "unit", "units waiting at the plant at the month's end"),
    TallySpec("part_stock", ("month", "plant", "part"), "i8", "part", "parts in stock at the month's end"),
    TallySpec("part_due", ("month", "plant", "part"), "i8", "part", "parts on order at the month's end"),
    TallySpec("part_shipped", ("month", "supplier"), "i8", "part", "parts shipped by the supplier"),
    TallySpec("part_sold", ("month", "plant", "supplier"), "i8", "part", "parts shipped by the supplier to the plant"),
    TallySpec("supplier_down", ("month", "supplier"), "i4", "day", "days on which the supplier was down"),
    TallySpec("lane_down", ("month", "lane"), "i4", "day", "days on which the lane was down"),
    TallySpec("transit", ("month", "design"), "i8", "unit", "units in transit at the month's end"),
    TallySpec("stock", ("month", "region", "design"), "i8", "unit", "units in the region at the month's end"),
    TallySpec("received", ("month", "region", "design"), "i8", "unit", "units delivered to the region"),
    TallySpec("diverted", ("month", "design"), "i8", "unit", "units of the programme that do not serve the regions"),
    TallySpec("launched", ("month", "region", "threat"), "i4", "threat", "threats launched, by destination"),
    TallySpec(
        "leaked", ("month", "region", "threat"), "i4", "threat", "leakers: threats that reached their destination"
    ),
    TallySpec(
        "stopped", ("month", "region", "threat"), "i4", "threat", "threats stopped, by the region that stopped them"
    ),
    TallySpec("stopped_by", ("month", "layer", "threat"), "i4", "threat", "threats stopped, by layer"),
    TallySpec("shots", ("month", "layer"), "f8", "shot", "shots fired by the layer (sorties for interceptors)"),
    TallySpec("sorties", ("month", "region", "design"), "i8", "sortie", "interceptors launched"),
    TallySpec("contacts", ("month", "region", "design"), "i8", "sortie", "sorties with contact"),
    TallySpec("recovered", ("month", "region", "design"), "i8", "unit", "interceptors recovered without contact"),
    TallySpec("kills", ("month", "region", "design", "threat"), "i4", "threat", "threats killed by interceptors"),
    TallySpec(
        "nights",
        ("month", "region", "night_limit"),
        "i4",
        "day",
        "region-nights with engageable threats, by limiting factor",
    ),
    TallySpec("damage", ("month", "region"), "f8", "money", "damage done by leakers"),
    TallySpec("crews", ("month",), "i8", "crew", "trained crews at the month's end"),
    TallySpec("kits", ("month",), "i8", "kit", "kits at the month's end"),
    TallySpec("crews_available", ("month",), "i8", "crew-night", "crews available, summed over regions and nights"),
    TallySpec("spend", ("month", "cost", "payer"), "f8", "money", "spend in real terms, at the day's exchange rate"),
    TallySpec(
        "spend_local",
        ("month", "payer", "currency"),
        "f8",
        "local money",
        "the same spend in the currency it is paid in",
    ),
    TallySpec("plant_spend", ("month", "plant", "cost"), "f8", "money", "spend of the plant"),
    TallySpec("exchange", ("month", "currency"), "f8", "money", "price of one unit of the currency at the month's end"),
    TallySpec("block", ("month", "design"), "i4", "1", "blocks released by the month's end"),
    TallySpec("opened", ("plant",), "f8", "day", "day on which the plant's last gate is passed"),
    TallySpec("imbalance", (), "i8", "unit", "largest imbalance of the daily unit accounts; 0 when they balance"),
)

if TYPE_CHECKING:

    class Tally(tuple[NDArray[Any], ...]):
        """Arrays of one future, named after the rows of ``TALLIES``."""

        __slots__ = ()

        def __new__(cls, *arrays: NDArray[Any]) -> Self: ...
        def __getattr__(self, name: str) -> NDArray[Any]: ...

else:
    Tally = namedtuple("Tally", [t.name for t in TALLIES])


def axis_labels(names: Names) -> dict[str, tuple[str, ...]]:
    """Labels of each axis of the tallies."""
    return {
        "month": names.months,
        "plant": names.plants,
        "part": names.parts,
        "supplier": names.suppliers,
        "lane": names.lanes,
        "region": names.regions,
        "threat": names.threats,
        "layer": names.layers,
        "design": names.designs,
        "payer": names.payers,
        "currency": names.currencies,
        "cost": COSTS,
        "limit": (*(factor.name for factor in limiting_factors.PLANT_LIMITS), *names.parts),
        "night_limit": tuple(factor.name for factor in limiting_factors.NIGHT_LIMITS),
    }


def empty_tally(names: Names) -> Tally:
    """Return zero-filled tallies of one future; a tally without axes has shape (1,)."""
    sizes = {axis: len(labels) for axis, labels in axis_labels(names).items()}
    return Tally(*(np.zeros([sizes[a] for a in t.axes] or [1], t.dtype) for t in TALLIES))
