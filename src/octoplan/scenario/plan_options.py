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
        0.9, description="probability level of the conditional value at risk"
    )
    worst: dict[str, dict[str, Amount]] = Field(
        default_factory=dict,
        description='named scenarios, each with factors on assumptions ("*" matches any letters); the worst one counts',
    )
    share: dict[str, Bounds] = Field(
        default_factory=dict, description="lower and upper bound on a country's share of the planned units"
    )
    budget: dict[str, str | dict[str, str]] = Field(
        default_factory=dict,
        description='what a payer may spend on the decisions: "80 MGBP", or by year { 2026 = "40 MGBP" }',
    )
    jobs: dict[str, Amount] = Field(
        default_factory=dict, description="least direct jobs, mean over the horizon, by country"
    )
    most: dict[str, Amount] = Field(default_factory=dict, description="largest monthly output in good units, by plant")
    target: Amount | None = Field(None, description="monthly output to reach, in good units")
    by: str | None = Field(
        None, description='the month to reach the target by, such as "2026-07"; the first month by default'
    )
    shortage: str | None = Field(
        None, description='price of a unit short of the target, such as "5000 GBP", the default'
    )
    stopped: Share | None = Field(None, description="share of all threats to be stopped over the horizon")
    confidence: Share | None = Field(
        None, description="share of futures in which the target and the share of threats must be reached"
    )
    fixed: list[str] = Field(
        default_factory=list,
        description="decisions that the plan does not change: output.PLANT, lines.PLANT, crews, kits",
    )
