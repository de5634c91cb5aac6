"""What a future leaves behind: the tallies, declared once, with their axes, units and meaning.

The kernel adds to them; ``outcomes`` labels them. Axes are named after ``scenario.arrays.Names``; three more
are spelled out here: costs, and the limiting factors of plants and of nights.
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
class Tallied:
    """One tally: its name, axes (after the future), numpy type, unit and meaning."""

    name: str
    axes: tuple[str, ...]
    dtype: str
    unit: str
    meaning: str


TALLIES = (
    Tallied("made", ("month", "plant"), "i8", "unit", "units started, scrapped ones included"),
    Tallied("good", ("month", "plant"), "i8", "unit", "good units made"),
    Tallied("hours_paid", ("month", "plant"), "f8", "hour", "labour hours paid"),
    Tallied("hours_worked", ("month", "plant"), "f8", "hour", "labour hours spent on units"),
    Tallied("heads", ("month", "plant"), "f8", "worker", "workers at the month's end"),
    Tallied("experience", ("month", "plant"), "f8", "unit", "units of experience at the month's end"),
    Tallied("plant_limit", ("month", "plant", "limit"), "i4", "day", "plant-days by limiting factor"),
    Tallied("plant_down", ("month", "plant"), "f8", "day", "days of output lost to hits and power"),
    Tallied("delivered", ("month", "plant"), "i8", "unit", "units of the plant that reached a region"),
    Tallied("sent", ("month", "plant", "lane"), "i8", "unit", "units that left the plant by the lane"),
    Tallied("plant_stock", ("month", "plant"), "i8", "unit", "units waiting at the plant at the month's end"),
    Tallied("part_stock", ("month", "plant", "part"), "i8", "part", "parts on hand at the month's end"),
    Tallied("part_due", ("month", "plant", "part"), "i8", "part", "parts ordered and not arrived at the month's end"),
    Tallied("part_shipped", ("month", "supplier"), "i8", "part", "parts shipped by the supplier"),
    Tallied("part_sold", ("month", "plant", "supplier"), "i8", "part", "parts shipped to the plant by the supplier"),
    Tallied("supplier_down", ("month", "supplier"), "i4", "day", "days the supplier was down"),
    Tallied("lane_down", ("month", "lane"), "i4", "day", "days the lane was down"),
    Tallied("transit", ("month", "design"), "i8", "unit", "units under way at the month's end"),
    Tallied("stock", ("month", "region", "design"), "i8", "unit", "units in the region at the month's end"),
    Tallied("received", ("month", "region", "design"), "i8", "unit", "units that reached the region"),
    Tallied("launched", ("month", "region", "threat"), "i4", "threat", "threats by destination"),
    Tallied("leaked", ("month", "region", "threat"), "i4", "threat", "threats that reached their destination"),
    Tallied("stopped", ("month", "region", "threat"), "i4", "threat", "threats by the region that stopped them"),
    Tallied("stopped_by", ("month", "layer", "threat"), "i4", "threat", "threats by the layer that stopped them"),
    Tallied("shots", ("month", "layer"), "f8", "shot", "shots fired by the layer; sorties for interceptors"),
    Tallied("sorties", ("month", "region", "design"), "i8", "sortie", "interceptors launched"),
    Tallied("contacts", ("month", "region", "design"), "i8", "sortie", "sorties that contacted their threat"),
    Tallied("recovered", ("month", "region", "design"), "i8", "unit", "interceptors recovered without contact"),
    Tallied("kills", ("month", "region", "design", "threat"), "i4", "threat", "threats killed by interceptors"),
    Tallied("nights", ("month", "region", "night_limit"), "i4", "day", "region-nights by limiting factor"),
    Tallied("damage", ("month", "region"), "f8", "money", "damage by leakers"),
    Tallied("crews", ("month",), "i8", "crew", "trained crews at the month's end"),
    Tallied("kits", ("month",), "i8", "kit", "kits at the month's end"),
    Tallied("fit", ("month",), "i8", "crew-night", "crews fit to fly, summed over regions and nights"),
    Tallied("spend", ("month", "cost", "payer"), "f8", "money", "spend, real, at the day's exchange rate"),
    Tallied("spend_local", ("month", "payer", "currency"), "f8", "local money", "the same spend in its currency"),
    Tallied("plant_spend", ("month", "plant", "cost"), "f8", "money", "the part of the spend that is the plant's"),
    Tallied("exchange", ("month", "currency"), "f8", "money", "price of one unit at the month's end"),
    Tallied("block", ("month", "design"), "i4", "1", "blocks released by the month's end"),
    Tallied("opened", ("plant",), "f8", "day", "day the plant's gates are passed"),
    Tallied("imbalance", (), "i8", "unit", "largest daily difference of the unit accounts; 0 when they close"),
)

if TYPE_CHECKING:

    class Tally(tuple[NDArray[Any], ...]):
        """The arrays of one future, one for each row of ``TALLIES`` and named after it."""

        __slots__ = ()

        def __new__(cls, *arrays: NDArray[Any]) -> Self: ...
        def __getattr__(self, name: str) -> NDArray[Any]: ...

else:
    Tally = namedtuple("Tally", [t.name for t in TALLIES])


def axes(names: Names) -> dict[str, tuple[str, ...]]:
    """The labels along each axis of the tallies."""
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


def empty(names: Names) -> Tally:
    """A tally of zeros for one future (0-d tallies are arrays of shape (1,))."""
    sizes = {axis: len(labels) for axis, labels in axes(names).items()}
    return Tally(*(np.zeros([sizes[a] for a in t.axes] or [1], t.dtype) for t in TALLIES))
