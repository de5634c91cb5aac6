"""Types of the arguments of ``raid_day.simulate_raids``, known without compiling what creates them."""

from typing import Any

from numba import types

from octoplan.campaign.defence import DefenceParameters
from octoplan.campaign.delivery import UnitStocks
from octoplan.campaign.future_state import Constants, Model, RaidBranch
from octoplan.campaign.queue_arrays import Doctrine
from octoplan.campaign.routes import Routes
from octoplan.campaign.streams import Moment

FLOATS, FLOATS_2, FLOATS_3 = types.float64[::1], types.float64[:, ::1], types.float64[:, :, ::1]
INTS, INTS_2, INTS_3 = types.int64[::1], types.int64[:, ::1], types.int64[:, :, ::1]


def structure_of(cls: Any, *fields: Any) -> Any:
    """Type of a structure with these types of fields."""
    return cls.reference(list(zip(cls.__annotations__, fields, strict=True)))


def tuple_of(cls: Any, *fields: Any) -> Any:
    """Type of a named tuple with these types of fields."""
    return types.BaseTuple.from_types(fields, cls)


def constants_type(entities: dict[str, Any], links: dict[str, Any], plan: dict[str, Any]) -> Any:
    """Type of ``Constants``, given the types of the fields of a scenario."""
    routes = structure_of(
        Routes, entities["corridors"], links["incoming_start"], links["incoming"], FLOATS, types.int64
    )
    doctrine = tuple_of(Doctrine, FLOATS, FLOATS, FLOATS, plan["max_shots"], plan["salvo"])
    defence = tuple_of(
        DefenceParameters, entities["threats"], entities["engagement"], entities["posts"], doctrine,
        plan["value"], types.boolean, types.float64, links["region_order"],
    )  # fmt: skip
    return structure_of(
        Constants, routes, defence, FLOATS, INTS, FLOATS_2, INTS, INTS, FLOATS_2, FLOATS_2, INTS, FLOATS_2, FLOATS_3
    )


def raid_types(
    entities: Any, arrivals: Any, links: Any, plan: Any, keys: Any, tally: Any, *_others: Any
) -> tuple[Any, ...]:
    """Types of the arguments of ``simulate_raids``, given those of ``simulate_future``."""
    constants = constants_type(entities.field_dict, links.field_dict, plan.field_dict)
    units = structure_of(UnitStocks, INTS_2, INTS_3, INTS_2, FLOATS, FLOATS, INTS, INTS, INTS, INTS, INTS, INTS, INTS)
    branch = structure_of(RaidBranch, units, FLOATS, FLOATS, FLOATS, tally)
    model = structure_of(Model, entities, arrivals, links, plan, keys, constants)
    moment = tuple_of(Moment, keys, types.int64, types.int64)
    return model, branch, branch, types.boolean, INTS, INTS, moment
