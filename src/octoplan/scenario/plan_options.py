"""The table ``[plan]`` of ``decisions.toml``: the objective and the constraints of ``octoplan plan``."""

from typing import Annotated, Literal

from pydantic import Field

from octoplan.scenario.field_types import Amount, Share, TomlTable

Bounds = Annotated[list[Share], Field(min_length=2, max_length=2)]


class PlanOptions(TomlTable):
    """The objective and the constraints of a plan; they do not affect a run."""

    objective: Literal["least-cost", "most-stopped"] = Field(
        "least-cost",
        description="least-cost: least expected cost and losses; most-stopped: most threats stopped within the budgets",
    )
    tail: Share = Field(
        0.0, description="weight of the conditional value at risk in the objective; the mean has weight 1 - tail"
    )
    level: Annotated[float, Field(ge=0, lt=1)] = Field(
        0.9, description="level of the conditional value at risk: 0.9 averages the most expensive tenth of futures"
    )
    worst: dict[str, dict[str, Amount]] = Field(
        default_factory=dict,
        description='named scenarios, each with factors on assumptions ("*" matches any text); the plan minimises the '
        "largest mean cost of the scenarios",
    )
    share: dict[str, Bounds] = Field(
        default_factory=dict, description="lower and upper bound on each country's share of the units requested"
    )
    budget: dict[str, str | dict[str, str]] = Field(
        default_factory=dict,
        description='upper bound on the spending of the plan by payer: "80 MGBP", or by year { 2026 = "40 MGBP" }',
    )
    jobs: dict[str, Amount] = Field(
        default_factory=dict, description="lower bound on direct jobs, averaged over the horizon, by country"
    )
    most: dict[str, Amount] = Field(
        default_factory=dict, description="upper bound on monthly output in good units, by plant"
    )
    target: Amount | None = Field(None, description="target for monthly output, in good units")
    by: str | None = Field(
        None, description='month by which the target is to be reached, such as "2026-07"; the first month by default'
    )
    shortage: str | None = Field(
        None,
        description='penalty per unit short of the target, such as "5000 GBP"; default 5000 in the reporting currency',
    )
    stopped: Share | None = Field(None, description="target for the share of threats stopped over the horizon")
    confidence: Share | None = Field(None, description="share of futures in which the targets must be reached")
    fixed: list[str] = Field(
        default_factory=list,
        description="decisions that the plan leaves unchanged: output.PLANT, lines.PLANT, crews, kits",
    )
