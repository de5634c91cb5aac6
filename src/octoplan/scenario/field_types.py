"""Field types of the tables of ``decisions.toml``."""

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

MOST = 10_000_000
"""The largest count or weight of a decision."""


def _several(value: Any) -> Any:
    """A single number is read as a list of one."""
    return [value] if isinstance(value, int | float) and not isinstance(value, bool) else value


MOST_INTAKE = 100_000
"""The largest intake of crews or order of kits in a month."""

Amount = Annotated[float, Field(ge=0, le=MOST, allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0, le=1)]
Amounts = Annotated[
    list[Amount], Field(min_length=1), BeforeValidator(_several, json_schema_input_type=list[Amount] | Amount)
]
Whole = Annotated[int, Field(ge=0, le=MOST_INTAKE)]
Intake = Annotated[
    list[Whole], Field(min_length=1), BeforeValidator(_several, json_schema_input_type=list[Whole] | Whole)
]


class Table(BaseModel):
    """A table that accepts no other fields."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)
