"""The table ``[plan]`` of ``decisions.toml``: the objective and the constraints of ``octoplan plan``."""

from typing import Annotated, Literal

from pydantic import Field

from octoplan.scenario.field_types import Amount, Share, Table

Bounds = Annotated[list[Share], Field(min_length=2, max_length=2)]


class PlanOptions(Table):
    """The objective and the constraints of a plan; a run ignores them."""

    objective: Literal["least-cost", "most-stopped"] = Field(
        "least-cost", description="least expected cost and losses, or most threats stopped for the budgets"
    )
    tail: Share = Field(0.0, description="weight of the conditional value at risk against the mean")
    level: Annotated[float, Field(ge=0, lt=1)] = Field(
        0.9, description="share of futures beyond which costs count as tail"
    )
    worst: dict[str, dict[str, Amount]] = Field(
        default_factory=dict,
        description='named scenarios of factors by assumption ("*" stands for any letters); the worst of them counts',
    )
    share: dict[str, Bounds] = Field(
        default_factory=dict, description="least and greatest share of the units asked, by country"
    )
    budget: dict[str, str | dict[str, str]] = Field(
        default_factory=dict,
        description='what a payer may spend on what is decided: "80 MGBP", or by year { 2026 = "40 MGBP" }',
    )
    jobs: dict[str, Amount] = Field(
        default_factory=dict, description="direct jobs at least, the mean over the horizon, by country"
    )
    most: dict[str, Amount] = Field(default_factory=dict, description="good units a month at most, by plant")
    target: Amount | None = Field(None, description="good units a month to reach")
    by: str | None = Field(None, description='the month to reach them by, such as "2026-07"; the first if not given')
    shortage: str | None = Field(
        None, description='price of a unit short of the target, such as "5000 GBP", which it is if not given'
    )
    stopped: Share | None = Field(None, description="share of all threats to stop over the horizon")
    confidence: Share | None = Field(
        None, description="share of futures in which target and share of threats must be reached"
    )
    fixed: list[str] = Field(
        default_factory=list, description="decisions to leave as they are: output.PLANT, lines.PLANT, crews, kits"
    )
