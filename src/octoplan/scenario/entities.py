"""The kinds of entity of a scenario, their links, and the parameters that each of them needs.

This table is the only declaration of a number. The reader, the checks, the JSON Schema, the assumption
log and the arrays of the campaign are all derived from it: a new number is a row here, a new plant,
class or layer is a row in a scenario folder.
"""

from dataclasses import dataclass
from math import inf

MONEY = "money"
"""Stands for the currency of the row in a unit such as ``money/hour``."""

INTERCEPTOR = "interceptor"
"""The layer that every scenario has: crews with interceptors; always row 0 of the layers."""

BORDER = "border"
"""Where corridors begin."""


MOST_CREWS = 1e6
"""Crews or kits of a scenario at most; a draw from so many takes milliseconds, and there are thousands of them."""
MOST_A_DAY = 1e6
"""Units a day of a line or another maker at most; stocks, orders, and what suppliers and lanes can carry are at most a
thousand times as many."""
MOST_THREATS = 20_000.0
"""Mean threats of a package on a day at most, 20 times the largest day on the public record; a scenario of 24 months at
this mean takes about ten seconds a future."""


@dataclass(frozen=True)
class Parameter:
    """One number of an entity: its unit inside the campaign, its lawful range, and what it means.

    ``when`` names the condition under which the number is required (see ``binding.RequiredNumbers``); a number whose
    condition does not hold is neither required nor allowed. ``percent_from``: from this
    value on, a ratio with unit 1 may have been meant as a percentage, and the reader warns.
    """

    name: str
    unit: str
    low: float
    high: float
    meaning: str
    when: str = "always"
    percent_from: float = inf

    @property
    def is_money(self) -> bool:
        return MONEY in self.unit


@dataclass(frozen=True)
class Link:
    """A field of ``programme.toml`` that names other entities, a choice, or a truth value.

    ``to`` is the section it points into, or a tuple of allowed words, or ``"bool"``. ``many`` marks a list.
    """

    name: str
    to: str | tuple[str, ...]
    meaning: str
    many: bool = False
    optional: bool = False


@dataclass(frozen=True)
class Kind:
    """A kind of entity.

    ``axes`` are the sections of ``programme.toml`` whose names make its rows: one for most kinds, two where
    a number belongs to a pair (``engagement.attack-drone.kyiv-city.window``), none for a thing that exists
    once (``crews.attrition``).
    """

    name: str
    axes: tuple[str, ...]
    parameters: tuple[Parameter, ...] = ()
    links: tuple[Link, ...] = ()
    meaning: str = ""


def share(name: str, meaning: str, when: str = "always") -> Parameter:
    return Parameter(name, "1", 0.0, 1.0, meaning, when)


def positive(name: str, unit: str, meaning: str, when: str = "always") -> Parameter:
    return Parameter(name, unit, 1e-12, inf, meaning, when)


def amount(name: str, unit: str, meaning: str, when: str = "always") -> Parameter:
    return Parameter(name, unit, 0.0, inf, meaning, when)


def ratio(name: str, meaning: str, when: str = "always") -> Parameter:
    """A ratio that may exceed 1, such as a coefficient of variation."""
    return Parameter(name, "1", 0.0, inf, meaning, when, percent_from=10.0)


def count(name: str, unit: str, most: float, meaning: str, when: str = "always") -> Parameter:
    """A number of countable things: at most what can be simulated in reasonable time."""
    return Parameter(name, unit, 0.0, most, meaning, when)


def outage(of: str) -> tuple[Parameter, Parameter]:
    return (
        Parameter("mtbf", "day", 0.1, inf, f"mean time between outages of {of}, from recovery to the next outage"),
        Parameter("mttr", "day", 0.01, inf, f"mean time to recover {of} from an outage"),
    )


KINDS: tuple[Kind, ...] = (
    Kind(
        "currencies",
        ("currencies",),
        (
            positive("rate", "1", "price of one unit of it in the reporting currency at the start", "foreign"),
            ratio("volatility", "standard deviation of the log rate over one year", "foreign"),
            Parameter("drift", "1", -1.0, 1.0, "forward slope of the log rate a year", "foreign"),
            Parameter("inflation", "1/year", -0.5, 5.0, "yearly change of prices in it", percent_from=1.0),
        ),
        meaning="A currency; the reporting currency of the programme has rate 1.",
    ),
    Kind("payers", ("payers",), meaning="A payer, such as a ministry."),
    Kind(
        "countries",
        ("countries",),
        (
            amount("jobs_multiplier", "1", "indirect jobs for each direct job"),
            amount("hours_per_job", "hour", "paid hours of one full-time job in a year"),
            share("value_added_share", "gross value added for each unit of money spent on production there"),
        ),
        (
            Link("currency", "currencies", "the currency of wages there"),
            Link("payer", "payers", "who pays for production there"),
        ),
    ),
    Kind(
        "gates",
        ("gates",),
        (amount("duration", "day", "time the gate takes once those before it are passed"),),
        (Link("after", "gates", "gates that must be passed first", many=True, optional=True),),
        meaning="A step that must be passed before a plant opens.",
    ),
    Kind(
        "plants",
        ("plants",),
        (
            count("line_rate", "1/day", MOST_A_DAY, "units that one line can start in a day"),
            amount("line_capital", MONEY, "capital cost of one line"),
            amount("heads", "1", "workers on the day the plant opens"),
            amount("hire_rate", "1/day", "workers that can be hired, or let go, a day"),
            amount("hours_per_head", "hour", "working hours of one worker a day, averaged over the week"),
            positive("hours_first", "hour", "labour hours of the first unit"),
            Parameter("slope", "1", 0.5, 1.0, "learning slope: hours left after each doubling of units"),
            share("retained", "share of the experience retained when a new block is cut in"),
            share("yield_first", "share of good units at the start"),
            share("yield_mature", "share of good units once mature"),
            positive("yield_units", "1", "units over which the yield matures (e-folding)"),
            amount("labour_rate", f"{MONEY}/hour", "cost of one hour of labour, all in"),
            amount("overhead", f"{MONEY}/day", "cost of an open plant a day whatever it makes"),
            amount("royalty", MONEY, "paid to the holder of the rights for each good unit"),
            amount("retool", "day", "time from a block's release to its cut-in here"),
            share("exposure", "probability that a leaker in its region hits the plant", "placed"),
            positive("hit_days", "day", "mean days of output lost to one hit", "placed"),
            share("power_loss", "share of output lost while the region's power is out", "placed"),
        ),
        (
            Link("country", "countries", "the country it is in"),
            Link("region", "regions", "the region whose leakers can hit it", optional=True),
            Link("design", "designs", "the design it makes"),
            Link("gates", "gates", "the gates it must pass", many=True),
            Link("lanes", "lanes", "transport lanes, in order of preference", many=True),
            Link("learning", ("crawford", "wright"), "unit (Crawford) or cumulative-average (Wright) theory"),
        ),
    ),
    Kind("parts", ("parts",), meaning="A part of a design, bought from suppliers."),
    Kind(
        "causes",
        ("causes",),
        outage("what it disturbs"),
        meaning="A common cause of outages of several suppliers, such as an export ban.",
    ),
    Kind(
        "suppliers",
        ("suppliers",),
        (
            amount("lead", "day", "mean time from shipment to arrival"),
            ratio("lead_cv", "coefficient of variation of the lead time"),
            count("capacity", "1/day", 1e3 * MOST_A_DAY, "parts that it can ship in a day"),
            amount("price", MONEY, "price of one part"),
            count("min_order", "1", 1e3 * MOST_A_DAY, "smallest order in parts"),
            *outage("the supplier"),
        ),
        (
            Link("part", "parts", "the part it sells"),
            Link("country", "countries", "the country it is in"),
            Link("causes", "causes", "common causes of its outages", many=True, optional=True),
        ),
    ),
    Kind(
        "lanes",
        ("lanes",),
        (
            amount("transit", "day", "mean time from plant to region"),
            ratio("transit_cv", "coefficient of variation of the transit time"),
            count("capacity", "1/day", 1e3 * MOST_A_DAY, "units that it can carry in a day"),
            amount("cost", MONEY, "freight of one unit"),
            share("loss", "probability that a unit is lost on the way"),
            *outage("the lane"),
        ),
        (Link("payer", "payers", "who pays the freight"),),
    ),
    Kind(
        "regions",
        ("regions",),
        (
            share("power_exposure", "probability that a leaker there takes the region's power down"),
            positive("power_days", "day", "mean days until the power is back"),
            share("grounded_winter", "share of mid-winter nights with weather unfit for flying"),
            share("grounded_summer", "share of mid-summer nights with weather unfit for flying"),
            positive("spell", "day", "mean length of a spell of bad weather"),
        ),
    ),
    Kind(
        "corridors",
        ("corridors",),
        (
            amount("share", "1", "weight among the corridors into the same region"),
            amount("transit", "minute", "time a threat takes along it"),
        ),
        (
            Link("origin", "regions", "the region it leaves, or 'border'"),
            Link("into", "regions", "the region it enters"),
        ),
        meaning="A leg of the feed-forward network that threats cross on their way to a region.",
    ),
    Kind(
        "raids",
        (),
        (
            share("salvo_share", "share of days that are salvo days"),
            share("salvo_stay", "probability that a salvo day is followed by another"),
            positive("level", "1", "intensity relative to the stated means"),
            Parameter("growth", "1/year", -0.99, 10.0, "yearly growth of the intensity", percent_from=5.0),
            ratio("wander", "standard deviation of the slowly varying log-intensity"),
            positive("wander_time", "day", "correlation time of the slow log-intensity"),
            Parameter(
                "begin",
                "1",
                -10.0,
                10.0,
                "the slow log-intensity on the eve of the first day drawn, in its standard deviations",
            ),
        ),
        meaning="The process that generates all raids: a hidden regime times a slowly varying intensity.",
    ),
    Kind(
        "packages",
        ("packages",),
        (
            count("routine_mean", "1/day", MOST_THREATS, "mean count on a routine day"),
            ratio("routine_cv", "coefficient of variation of its intensity on routine days"),
            count("salvo_mean", "1/day", MOST_THREATS, "mean count on a salvo day"),
            ratio("salvo_cv", "coefficient of variation of its intensity on salvo days"),
            share("quiet", "share of days without it, in addition to days on which the count is 0 by chance"),
            share("coupling", "correlation of its log-intensity with the shock all packages share"),
            positive("span", "minute", "time over which its threats enter"),
            positive("concentration", "1", "Dirichlet concentration of its regional split"),
        ),
        meaning="Threats that are counted and sent together, such as attack drones with their decoys.",
    ),
    Kind(
        "splits",
        ("packages", "regions"),
        (amount("share", "1", "weight of the region among the destinations of the package"),),
    ),
    Kind(
        "threats",
        ("threats",),
        (
            amount("mix", "1", "weight of the class within its package"),
            amount("unit_cost", MONEY, "unit cost to the adversary"),
            amount("damage", MONEY, "mean damage of one leaker"),
            ratio("damage_cv", "coefficient of variation of the damage of one leaker (lognormal)"),
            share("p_discriminate", "probability that it is recognised as a decoy in a region", "decoy"),
            positive("engagement", "minute", "mean time one engagement keeps a crew busy", "interceptable"),
            ratio("engagement_cv", "coefficient of variation of that time (gamma)", "interceptable"),
        ),
        (
            Link("package", "packages", "the package it comes with"),
            Link("decoy", "bool", "true for a decoy", optional=True),
            Link("direct", "bool", "true if it crosses no region on its way", optional=True),
            Link("interceptable", "bool", "false if interceptors cannot engage it", optional=True),
        ),
        meaning="A class of threat.",
    ),
    Kind(
        "engagement",
        ("threats", "regions"),
        (
            amount(
                "window",
                "minute",
                "engagement time: how long crews of the region can engage one threat",
                "interceptable",
            ),
            share("p_contact", "probability that a sortie contacts its threat", "interceptable"),
        ),
    ),
    Kind(
        "layers",
        ("layers",),
        (
            amount("cost", MONEY, "cost of one shot"),
            Parameter("correlation", "1", 0.0, 0.99, "intra-day correlation of its outcomes (beta-binomial)"),
            amount("stock", "1", "shots in stock at the start", "stocked"),
            amount("resupply", "1/day", "shots that arrive a day", "stocked"),
        ),
        (
            Link("payer", "payers", "who pays its shots"),
            Link("stocked", "bool", "true if its shots can run out", optional=True),
            Link("limited", "bool", "true if its engagements in a region and day are limited", optional=True),
        ),
        meaning="A layer of defence in addition to the interceptors, which every scenario has.",
    ),
    Kind(
        "posts",
        ("layers", "regions"),
        (amount("capacity", "1/day", "engagements the layer can fight there a day", "limited"),),
    ),
    Kind(
        "effects",
        ("layers", "threats"),
        (
            share("p", "probability that one engagement by the layer stops one threat", "fights"),
            amount("shots", "1", "shots one engagement spends", "fights"),
        ),
    ),
    Kind(
        "designs",
        ("designs",),
        (
            Parameter("release_interval", "day", 1.0, inf, "mean time between design releases (blocks)"),
            ratio("release_cv", "coefficient of variation of that time"),
            share("p_recover", "probability that an interceptor without contact is recovered"),
        ),
        meaning="A design of interceptor; its blocks follow one another at the release interval.",
    ),
    Kind(
        "lethality",
        ("designs", "threats"),
        (
            share("p_kill", "probability that a contact kills, for a fresh block", "interceptable"),
            share("p_floor", "the same after the adversary has fully adapted", "interceptable"),
            positive("decay", "day", "e-folding time of the adaptation", "interceptable"),
        ),
    ),
    Kind(
        "makers",
        ("makers",),
        (
            count("stock", "1", 1e3 * MOST_A_DAY, "units in the regions at the start"),
            count("rate_start", "1/day", MOST_A_DAY, "units delivered at the start"),
            count("rate_full", "1/day", MOST_A_DAY, "units delivered once ramped up"),
            amount("ramp", "day", "time of the linear ramp between the two"),
            amount("price", MONEY, "price of one unit"),
        ),
        (
            Link("design", "designs", "the design it makes"),
            Link("payer", "payers", "who pays"),
        ),
        meaning="A producer of interceptors outside the programme; its deliveries are exogenous.",
    ),
    Kind(
        "crews",
        (),
        (
            count("initial", "1", MOST_CREWS, "trained crews at the start"),
            amount("course", "day", "length of the training course"),
            share("washout", "share of an intake that does not finish"),
            amount("attrition", "1/day", "rate at which crews leave"),
            share("on_duty", "probability that an equipped crew is on duty on a night with weather fit for flying"),
            amount("cost", f"{MONEY}/day", "cost of one trained crew"),
            amount("course_cost", MONEY, "cost of training one crew"),
        ),
        (Link("payer", "payers", "who pays for crews and courses"),),
    ),
    Kind(
        "kits",
        (),
        (
            count("initial", "1", MOST_CREWS, "kits (ground station and radar share) at the start"),
            amount("lead", "day", "time from order to delivery"),
            amount("attrition", "1/day", "rate at which kits are lost"),
            amount("price", MONEY, "price of one kit"),
        ),
        (Link("payer", "payers", "who pays for kits"),),
    ),
    Kind(
        "finance",
        (),
        (
            Parameter("discount_rate", "1/year", -0.2, 1.0, "real discount rate"),
            ratio("optimism_bias", "explicit uplift on capital and production cost"),
        ),
    ),
)

BY_NAME = {kind.name: kind for kind in KINDS}
SECTIONS = tuple(dict.fromkeys(axis for kind in KINDS for axis in kind.axes))
"""The sections of ``programme.toml`` that hold named entities."""
SINGLE = tuple(kind.name for kind in KINDS if not kind.axes)
"""The kinds that exist once; those with links have a table in ``programme.toml`` too."""
