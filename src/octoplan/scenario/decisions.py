"""The decisions of ``decisions.toml`` as typed and validated objects."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails

from octoplan.scenario.field_types import Amount, MonthlyAmounts, MonthlyNumbers, TomlTable
from octoplan.scenario.files import DECISIONS
from octoplan.scenario.plan_options import PlanOptions
from octoplan.scenario.report import Report, did_you_mean, quoted
from octoplan.scenario.toml_text import Toml

MAX_TARGET = 1_000_000_000


class Orders(TomlTable):
    """Orders of parts: cover of the base-stock policy, and explicit orders by plant, part and calendar month."""

    model_config = ConfigDict(extra="allow", strict=True, frozen=True)
    __pydantic_extra__: dict[str, dict[str, MonthlyAmounts]] = Field(init=False)
    cover: str = Field(description='days of planned use covered in addition to the mean lead time, such as "30 days"')

    @property
    def explicit(self) -> dict[str, dict[str, list[float]]]:
        """Monthly orders by plant and part."""
        return self.__pydantic_extra__ or {}


class Crews(TomlTable):
    """Decisions on crews."""

    intake: MonthlyNumbers = Field([0], description="crews that start training in each month")


class Kits(TomlTable):
    """Decisions on kits."""

    order: MonthlyNumbers = Field([0], description="kits ordered in each month")


class Targets(TomlTable):
    """Targets of the programme. They are reported, and do not constrain the simulation or the plan."""

    output: list[Annotated[int, Field(ge=1, le=MAX_TARGET)]] = Field(
        default_factory=list,
        description="monthly outputs in good units, such as [1000, 2000]; the first month with each is reported",
    )


class Dispatch(TomlTable):
    """Allocation of units to regions."""

    rule: Literal["cover", "share"] = Field(
        "cover", description="allocation of units to regions: equalise days of cover, or by the weights in share"
    )
    share: dict[str, Amount] = Field(
        default_factory=dict, description='weights by region for the allocation of units; "*" for all other regions'
    )


class Doctrine(TomlTable):
    """The doctrine against one class of threat."""

    layers: list[str] = Field(description="layers in the order in which they engage the class")
    max_shots: int = Field(1, ge=1, le=1000, description="largest number of engagements of one threat in one region")
    salvo: int = Field(1, ge=1, le=64, description="interceptors launched together in one engagement")
    value: Amount = Field(
        1.0, description='priority of the class in the queue of the crews (highest first); used if queue = "value"'
    )


class Doctrines(TomlTable):
    """Rules by which crews select threats and interceptors, and the doctrine against each class of threat."""

    model_config = ConfigDict(extra="allow", strict=True, frozen=True)
    __pydantic_extra__: dict[str, Doctrine] = Field(init=False)
    queue: Literal["deadline", "value"] = Field(
        "deadline", description="order in which a free crew engages waiting threats"
    )
    stock: Literal["newest", "oldest", "best"] = Field(
        "newest",
        description="block that crews use first; best: units of all designs in the order of their current mean kill "
        "probability, over the interceptable classes other than decoys",
    )
    prefer: list[str] = Field(
        default_factory=list,
        description='designs in the order in which crews use them; if stock = "best", between equal ones only',
    )

    @property
    def against(self) -> dict[str, Doctrine]:
        """Doctrine by class of threat."""
        return self.__pydantic_extra__ or {}


class Decisions(TomlTable):
    """The decisions. A list has one value per month; its last value applies to all later months."""

    output: dict[str, MonthlyAmounts] = Field(
        default_factory=dict,
        description="planned good units per month of a plant, from the month in which the plant opens",
    )
    lines: dict[str, MonthlyAmounts] = Field(
        default_factory=dict,
        description="lines installed at a plant, by month from the month in which the plant opens; 1 by default",
    )
    orders: Orders = Field(description="parts to order")
    sourcing: dict[str, Amount] = Field(
        default_factory=dict, description="weight of a supplier among the suppliers of the same part; 1 by default"
    )
    crews: Crews = Crews()
    kits: Kits = Kits()
    crew_share: dict[str, Amount] = Field(
        default_factory=dict, description='weights by region for the allocation of crews; "*" for all other regions'
    )
    dispatch: Dispatch = Dispatch()
    doctrine: Doctrines = Field(description="the doctrine against each class of threat")
    budget: dict[str, str] = Field(
        default_factory=dict, description='money available to a payer over the horizon, such as "200 MGBP"'
    )
    plan: PlanOptions = PlanOptions()
    targets: Targets = Targets()

    @property
    def layers_against(self) -> dict[str, tuple[str, ...]]:
        """Layers of the doctrine against each class of threat."""
        return {threat: tuple(doctrine.layers) for threat, doctrine in self.doctrine.against.items()}


def read_decisions(toml: Toml, report: Report) -> Decisions | None:
    """Read ``decisions.toml``; report all invalid values and return None if there are any."""
    try:
        return Decisions.model_validate(toml.tree)
    except ValidationError as error:
        for details in error.errors(include_url=False):
            path = details["loc"]
            report.add(DECISIONS, toml.line(*path), f"{'.'.join(map(str, path))}: {validation_message(details)}")
        return None


_EXPECTATIONS = {
    "missing": "is missing; add it",
    "int_type": "expected a whole number",
    "float_type": "expected a number",
    "string_type": "expected text in quotes",
    "list_type": "expected a list such as [40, 40, 60]",
    "dict_type": "expected a table",
    "model_type": "expected a table",
    "finite_number": "expected a finite number",
    "too_short": "expected at least one number",
}


def validation_message(details: ErrorDetails) -> str:
    """Message on an invalid value: the value, and what is expected instead."""
    kind, value, limits = details["type"], details["input"], details.get("ctx", {})
    if kind == "missing":
        return "is missing; add it"
    if kind == "extra_forbidden":
        field = details["loc"][-1]
        return f"unknown field; {did_you_mean(field, _field_names(details['loc'][:-1]))}"
    if kind == "literal_error":
        expectation = f"expected {limits['expected']}"
    elif kind == "greater_than_equal":
        expectation = f"expected at least {limits['ge']:,.15g}"
    elif kind == "less_than_equal":
        expectation = f"expected at most {limits['le']:,.15g}"
    else:
        expectation = _EXPECTATIONS.get(kind, details["msg"][:1].lower() + details["msg"][1:])
    return f"{quoted(value)} is not valid; {expectation}"


def _field_names(path: Sequence[object]) -> list[str]:
    """Names of the fields of the table at a path of ``decisions.toml``."""
    model: Any = Decisions
    for key in path:
        if isinstance(model, type) and issubclass(model, BaseModel):
            field = model.model_fields.get(str(key))
            type_of_extra = Doctrine if model is Doctrines else None
            model = field.annotation if field else type_of_extra
        elif get_origin(model) is dict:
            model = get_args(model)[1]
    return list(model.model_fields) if isinstance(model, type) and issubclass(model, BaseModel) else []
