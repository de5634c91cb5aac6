"""Limiting factors: what can limit the output of a plant or the defence of a region, declared once.

The kernels count days by limiting factor, the tallies label the counts, and measures, charts, the plan and the text
read their wording here. A new factor of a plant is a row of ``PLANT_LIMITS`` with its number (``BY_...``), the code
that lets it limit output in ``campaign.production``, and a constraint in ``plan.model`` if the plan models it.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Constraint:
    """A constraint of the plan's model whose shadow price is reported.

    Attributes:
        name: The block of rows in the model.
        axis: What it is stated for besides the month: ``"part"``, ``"plant"``, ``"lane"``, or ``""``.
        unit: What the shadow price is the price of one more of.
        one_more: The same in words.
        statement: What an active constraint says; ``{item}`` is the name along ``axis``, ``{suppliers}`` who sells it.
        shortage: Why a plant produces less than planned when it is active, or ``""``.

    """

    name: str
    axis: str
    unit: str
    one_more: str
    statement: str
    shortage: str = ""


@dataclass(frozen=True)
class LimitingFactor:
    """One limiting factor, or one of the outcomes of a day without any (``limits`` is False).

    Attributes:
        name: Its label in the tallies.
        title: Its name for readers, as in "limited by ...", or "with ..." where nothing limits.
        constraints: The constraints of the plan that stand for it.

    """

    name: str
    title: str
    limits: bool = True
    constraints: tuple[Constraint, ...] = ()

    def share_of(self, days: str) -> str:
        """The title of its share of some days, such as "plant-days limited by labour"."""
        return f"{days} {'limited by' if self.limits else 'with'} {self.title}"


PLANT_LIMITS = (
    LimitingFactor("met", "output as planned", limits=False),
    LimitingFactor("idle", "no output planned", limits=False),
    LimitingFactor("gate", "gates not passed"),
    LimitingFactor("strike", "strikes and power cuts"),
    LimitingFactor(
        "line",
        "lines",
        constraints=(
            Constraint("lines", "plant", "unit", "lines for one more unit", "{item} is limited by its lines"),
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
                "{item} is limited by the workers that can be hired by then",
                "workers are still to be hired",
            ),
        ),
    ),
)
"""What limited a plant on a day; ``campaign.production.limit_of_day`` decides. The parts of the plant follow, one by
one, as ``PART_LIMIT``."""
MET, IDLE, BY_GATE, BY_STRIKE, BY_LINE, BY_LABOUR = range(len(PLANT_LIMITS))

PART_LIMIT = LimitingFactor(
    "part",
    "the part",
    constraints=(
        Constraint("supply", "part", "part", "one more part", "{item} is limited by what {suppliers} can ship"),
    ),
)
"""A plant is short of a part; each part of the scenario has a label of its own in the tallies."""

LANE_LIMIT = LimitingFactor(
    "lane",
    "lanes",
    constraints=(
        Constraint("lanes", "lane", "unit", "capacity for one more unit", "{item} is limited by the lane's capacity"),
    ),
)
"""Units wait at a plant for capacity on its lanes; not counted by day."""

NIGHT_LIMITS = (
    LimitingFactor("nothing", "no limiting factor", limits=False),
    LimitingFactor("interceptors", "interceptors"),
    LimitingFactor(
        "crews",
        "crews",
        constraints=(
            Constraint("crews", "", "crew-month", "one more trained crew for a month", "defence is limited by crews"),
            Constraint("kits", "", "kit-month", "one more kit for a month", "defence is limited by kits"),
        ),
    ),
    LimitingFactor("engagement_time", "engagement time"),
)
"""What limited a region's interceptors in a night with threats that they can engage: why most of the threats that they
did not kill passed them (``campaign.defence``). No interceptor was left, no crew was free before the window closed, or
the window closed before the next shot."""
NO_LIMIT, BY_INTERCEPTORS, BY_CREWS, BY_ENGAGEMENT_TIME = range(len(NIGHT_LIMITS))


def constraints() -> tuple[Constraint, ...]:
    """The constraints of the plan whose shadow prices are reported, in the order of the chain of supply."""
    factors = (PART_LIMIT, *PLANT_LIMITS, LANE_LIMIT, *NIGHT_LIMITS)
    return tuple(constraint for factor in factors for constraint in factor.constraints)
