"""Limiting factors of the output of plants and of the defence of regions, with their labels and wording.

Kernels, tallies, measures, charts, the plan and reports all use this table. A new limiting factor of plants requires a
row of ``PLANT_LIMITS`` and its index (``LIMITED_BY_...``), its effect on output in ``campaign.production``, and a
constraint in ``plan.model`` if the plan includes it.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Constraint:
    """A constraint of the linear programme whose shadow price is reported.

    Attributes:
        name: Name of the block of rows in the linear programme.
        axis: Index of the constraint in addition to the month: ``"part"``, ``"plant"``, ``"lane"``, or ``""``.
        unit: Unit by which the right-hand side is increased for the shadow price.
        one_unit_more: Description of that increase by one unit.
        statement: Sentence for an active constraint; ``{item}`` is the name along ``axis``, ``{suppliers}`` the
            suppliers of a part.
        shortage_reason: Reason for output below plan if the constraint is active, or ``""``.

    """

    name: str
    axis: str
    unit: str
    one_unit_more: str
    statement: str
    shortage_reason: str = ""


@dataclass(frozen=True)
class LimitingFactor:
    """A limiting factor, or, if ``is_limiting`` is False, an outcome of a day without a limiting factor.

    Attributes:
        name: Label in the tallies.
        title: Wording after "limited by", or after "with" if ``is_limiting`` is False.
        is_limiting: Whether this is a limiting factor.
        constraints: Corresponding constraints of the plan.

    """

    name: str
    title: str
    is_limiting: bool = True
    constraints: tuple[Constraint, ...] = ()

    @property
    def label(self) -> str:
        """The title without its article, for legends and lists."""
        return self.title.removeprefix("the ")

    def share_title(self, days: str) -> str:
        """Title of a share of days, such as "plant-days limited by labour" for ``days`` = "plant-days"."""
        return f"{days} {'limited by' if self.is_limiting else 'with'} {self.title}"


PLANT_LIMITS = (
    LimitingFactor("met", "output as planned", is_limiting=False),
    LimitingFactor("idle", "no output planned", is_limiting=False),
    LimitingFactor("gate", "gates not passed"),
    LimitingFactor("strike", "strikes and power cuts"),
    LimitingFactor(
        "line",
        "lines",
        constraints=(
            Constraint("lines", "plant", "unit", "line capacity for one more unit", "{item} is limited by its lines"),
        ),
    ),
    LimitingFactor(
        "labour",
        "labour",
        constraints=(
            Constraint(
                "labour",
                "plant",
                "unit",
                "labour for one more unit",
                "{item} is limited by the rate at which workers can be hired",
                "workers have yet to be hired",
            ),
        ),
    ),
)
"""Limiting factors of a plant on a day, determined by ``campaign.production.limit_of_day``. In the tallies, one column
per part follows (``PART_LIMIT``)."""
(
    OUTPUT_AS_PLANNED,
    NO_OUTPUT_PLANNED,
    LIMITED_BY_GATE,
    LIMITED_BY_STRIKE,
    LIMITED_BY_LINE,
    LIMITED_BY_LABOUR,
) = range(len(PLANT_LIMITS))

PART_LIMIT = LimitingFactor(
    "part",
    "the part",
    constraints=(
        Constraint("supply", "part", "part", "one more part", "{item} is limited by the capacity of {suppliers}"),
    ),
)
"""Shortage of a part at a plant; in the tallies, each part of the scenario has its own label."""

LANE_LIMIT = LimitingFactor(
    "lane",
    "lanes",
    constraints=(
        Constraint(
            "lanes", "lane", "unit", "lane capacity for one more unit", "{item} is limited by the lane's capacity"
        ),
    ),
)
"""Shortage of lane capacity, which leaves units in stock at a plant; the tallies do not count it."""

NIGHT_LIMITS = (
    LimitingFactor("nothing", "no limiting factor", is_limiting=False),
    LimitingFactor("interceptors", "interceptors"),
    LimitingFactor(
        "crews",
        "crews",
        constraints=(
            Constraint("crews", "", "crew-month", "one more trained crew for a month", "defence is limited by crews"),
            Constraint("kits", "", "kit-month", "one more kit for a month", "defence is limited by kits"),
        ),
    ),
    LimitingFactor("engagement_window", "the engagement window"),
)
"""Limiting factors of the interceptors of a region on a night with engageable threats: the reason why most threats
passed them (``campaign.defence.count_night``). Interceptors: no interceptor was in stock. Crews: no crew was free
before the engagement window closed. Engagement window: the window closed before the next shot."""
NO_LIMITING_FACTOR, LIMITED_BY_INTERCEPTORS, LIMITED_BY_CREWS, LIMITED_BY_ENGAGEMENT_WINDOW = range(len(NIGHT_LIMITS))


def reported_constraints() -> tuple[Constraint, ...]:
    """Constraints whose shadow prices are reported, in the order of the supply chain."""
    factors = (PART_LIMIT, *PLANT_LIMITS, LANE_LIMIT, *NIGHT_LIMITS)
    return tuple(constraint for factor in factors for constraint in factor.constraints)
