"""Types of the fields in ``decisions.toml``."""

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

MAX_NUMBER = 10_000_000
"""Largest number in a decision."""


def _as_list(value: Any) -> Any:
    """Read a single number as a list with one item."""
    return [value] if isinstance(value, int | float) and not isinstance(value, bool) else value


MAX_INTAKE = 100_000
"""Largest monthly intake of crews or order of kits."""

Amount = Annotated[float, Field(ge=0, le=MAX_NUMBER, allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0, le=1)]
MonthlyAmounts = Annotated[
    list[Amount], Field(min_length=1), BeforeValidator(_as_list, json_schema_input_type=list[Amount] | Amount)
]
WholeNumber = Annotated[int, Field(ge=0, le=MAX_INTAKE)]
MonthlyNumbers = Annotated[
    list[WholeNumber],
    Field(min_length=1),
    BeforeValidator(_as_list, json_schema_input_type=list[WholeNumber] | WholeNumber),
]


class TomlTable(BaseModel):
    """A table of ``decisions.toml`` or ``programme.toml``; unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)
