"""The kinds of entity of a scenario, with the links and parameters of each.

This table declares every parameter once. The reader, the checks, the JSON Schema, the assumption log and the arrays
of the simulation are derived from it. To add a parameter, add a row to this table; to add a plant, class or layer, add
a row to a scenario folder.
"""

from dataclasses import dataclass
from math import inf, nan

from octoplan.scenario.parameter_types import (
    MONEY,
    Parameter,
    amount,
    count,
    outage_times,
    positive_amount,
    ratio,
    share,
)

INTERCEPTOR = "interceptor"
"""Name of the layer of crews with interceptors, which every scenario has; always row 0 of the layers."""

BORDER = "border"
"""Origin of the corridors that begin outside all regions."""

MONTHS = "months"
"""Axis of the months of the horizon, whose names follow from the dates of ``programme.toml``; it is not a section."""

MAX_CREWS = 1e6
"""Largest number of crews or kits; each of the thousands of binomial draws from this number takes milliseconds."""
MAX_DAILY_RATE = 1e6
"""Largest daily number of units of a line or another maker. Stocks, orders, and the capacity of suppliers and lanes may
be a thousand times as large."""
MAX_DAILY_THREATS = 20_000.0
"""Largest mean daily number of threats of a package, 20 times the largest daily count on the public record; 24 months
at this mean take about ten seconds per future."""


@dataclass(frozen=True)
class Link:
    """A field of ``programme.toml``: the name of another entity, one of several options, or a Boolean.

    ``domain`` states the permitted values: a section of ``programme.toml`` whose entities the field may name, a tuple
    of options, or ``"bool"``. If ``is_list`` is True, the field is a list of such values.
    """

    name: str
    domain: str | tuple[str, ...]
    meaning: str
    is_list: bool = False
    optional: bool = False


@dataclass(frozen=True)
class Kind:
    """A kind of entity.

    ``axes`` are the sections of ``programme.toml`` whose entities identify a row, or ``MONTHS``. Most kinds have one.
    Kinds whose parameters belong to a pair have two (``engagement.attack-drone.kyiv-city.window``), and kinds with a
    single entity have none (``crews.attrition``). If ``optional`` is True, the parameters of an entity are required
    only if a row supplies one of them; otherwise they have their value ``absent``. ``has_interceptor`` states whether
    a kind whose first axis is the layers includes the interceptors.
    """

    name: str
    axes: tuple[str, ...]
    parameters: tuple[Parameter, ...] = ()
    links: tuple[Link, ...] = ()
    meaning: str = ""
    optional: bool = False
    has_interceptor: bool = False


KINDS: tuple[Kind, ...] = (
    Kind(
        "currencies",
        ("currencies",),
        (
            positive_amount(
                "rate", "1", "price of one unit of the currency in the reporting currency at the start", "foreign"
            ),
            ratio("volatility", "standard deviation of the log exchange rate over one year", "foreign"),
            Parameter(
                "drift", "1", -1.0, 1.0, "annual drift of the log exchange rate (slope of the forward curve)", "foreign"
            ),
            Parameter("inflation", "1/year", -0.5, 5.0, "annual inflation in the currency", percent_from=1.0),
        ),
        meaning="A currency; the reporting currency of the programme has rate 1.",
    ),
    Kind("payers", ("payers",), meaning="A payer, such as a ministry."),
    Kind(
        "countries",
        ("countries",),
        (
            amount("jobs_multiplier", "1", "indirect jobs per direct job"),
            amount("hours_per_job", "hour", "paid hours of one full-time job in a year"),
            share("value_added_share", "gross value added per unit of money spent on production in the country"),
        ),
        (
            Link("currency", "currencies", "currency of wages in the country"),
            Link("payer", "payers", "payer of production in the country"),
        ),
    ),
    Kind(
        "gates",
        ("gates",),
        (amount("duration", "day", "time to pass the gate once its predecessors are passed"),),
        (Link("after", "gates", "predecessors: gates that must be passed first", is_list=True, optional=True),),
        meaning="A step that must be passed before a plant opens.",
    ),
    Kind(
        "plants",
        ("plants",),
        (
            count("line_rate", "1/day", MAX_DAILY_RATE, "units that one line can start per day"),
            amount("line_capital", MONEY, "capital cost of one line"),
            amount("heads", "1", "workers on the day the plant opens"),
            amount("hire_rate", "1/day", "largest number of workers hired, or released, per day"),
            amount("hours_per_head", "hour", "working hours per worker and day, averaged over the week"),
            positive_amount("hours_first", "hour", "labour hours of the first unit"),
            Parameter(
                "slope",
                "1",
                0.5,
                1.0,
                "learning slope: ratio of hours per unit after a doubling of cumulative units to hours before",
            ),
            share("retained", "share of the experience retained when a new block is introduced"),
            share("yield_first", "share of good units when production starts"),
            share("yield_mature", "share of good units at maturity"),
            positive_amount("yield_units", "1", "cumulative units over which the yield matures (e-folding)"),
            amount("labour_rate", f"{MONEY}/hour", "cost of one hour of labour, including all on-costs"),
            amount("overhead", f"{MONEY}/day", "daily overhead of an open plant, independent of output"),
            amount("royalty", MONEY, "royalty per good unit, paid to the holder of the rights"),
            amount("retool", "day", "time from the release of a block to its introduction at the plant"),
            share("exposure", "probability that a leaker in the plant's region hits the plant", "placed"),
            positive_amount("hit_days", "day", "mean days of output lost per hit", "placed"),
            share("power_loss", "share of output lost while the region's power is out", "placed"),
        ),
        (
            Link("country", "countries", "country of the plant"),
            Link("region", "regions", "region of the plant; leakers in the region can hit the plant", optional=True),
            Link("design", "designs", "design that the plant produces"),
            Link("gates", "gates", "gates that must be passed before the plant opens", is_list=True),
            Link("lanes", "lanes", "transport lanes from the plant, in order of preference", is_list=True),
            Link(
                "learning",
                ("crawford", "wright"),
                "learning-curve theory: unit (Crawford) or cumulative average (Wright)",
            ),
        ),
    ),
    Kind("parts", ("parts",), meaning="A part of a design, bought from suppliers."),
    Kind(
        "causes",
        ("causes",),
        outage_times("the suppliers that share the cause"),
        meaning="A common cause of outages of several suppliers, such as an export ban.",
    ),
    Kind(
        "suppliers",
        ("suppliers",),
        (
            amount("lead", "day", "mean time from shipment to arrival"),
            ratio("lead_cv", "coefficient of variation of the lead time"),
            count("capacity", "1/day", 1e3 * MAX_DAILY_RATE, "parts that the supplier can ship per day"),
            amount("price", MONEY, "price of one part"),
            count("min_order", "1", 1e3 * MAX_DAILY_RATE, "minimum order quantity in parts"),
            *outage_times("the supplier"),
        ),
        (
            Link("part", "parts", "part that the supplier sells"),
            Link("country", "countries", "country of the supplier"),
            Link("causes", "causes", "common causes of the supplier's outages", is_list=True, optional=True),
        ),
    ),
    Kind(
        "lanes",
        ("lanes",),
        (
            amount("transit", "day", "mean time from plant to region"),
            ratio("transit_cv", "coefficient of variation of the transit time"),
            count("capacity", "1/day", 1e3 * MAX_DAILY_RATE, "units that the lane can carry per day"),
            amount("cost", MONEY, "freight per unit"),
            share("loss", "probability that a unit is lost in transit"),
            *outage_times("the lane"),
        ),
        (Link("payer", "payers", "payer of the freight"),),
    ),
    Kind(
        "regions",
        ("regions",),
        (
            share("power_exposure", "probability that a leaker in the region causes a power cut"),
            positive_amount("power_days", "day", "mean duration of a power cut"),
            share("grounded_winter", "share of mid-winter nights with weather unfit for flying"),
            share("grounded_summer", "share of mid-summer nights with weather unfit for flying"),
            positive_amount("spell", "day", "mean length of a spell of bad weather"),
        ),
    ),
    Kind(
        "corridors",
        ("corridors",),
        (
            amount("share", "1", "weight of the corridor among the corridors into the same region"),
            amount("transit", "minute", "time that a threat takes to cross the corridor"),
        ),
        (
            Link("origin", "regions", "region in which the corridor begins, or 'border'"),
            Link("into", "regions", "region in which the corridor ends"),
        ),
        meaning="A leg of the feed-forward network that threats cross on their way to a region.",
    ),
    Kind(
        "raids",
        (),
        (
            share("salvo_share", "share of days that are salvo days"),
            share("salvo_stay", "probability that a salvo day is followed by another salvo day"),
            positive_amount("level", "1", "factor on the stated mean intensities"),
            Parameter("growth", "1/year", -0.99, 10.0, "annual growth of the intensity", percent_from=5.0),
            ratio("wander", "standard deviation of the slowly varying log-intensity"),
            positive_amount("wander_time", "day", "correlation time of the slow log-intensity"),
            Parameter(
                "begin",
                "1",
                -10.0,
                10.0,
                "slow log-intensity on the day before the first simulated day, in stationary standard deviations",
            ),
        ),
        meaning="The process that generates all raids: a hidden regime times a slowly varying intensity.",
    ),
    Kind(
        "packages",
        ("packages",),
        (
            count("routine_mean", "1/day", MAX_DAILY_THREATS, "mean count on a routine day"),
            ratio("routine_cv", "coefficient of variation of the package's intensity on routine days"),
            count("salvo_mean", "1/day", MAX_DAILY_THREATS, "mean count on a salvo day"),
            ratio("salvo_cv", "coefficient of variation of the package's intensity on salvo days"),
            share("quiet", "share of days without the package, in addition to days with a random count of 0"),
            share("coupling", "correlation of the package's log-intensity with the shock common to all packages"),
            positive_amount("span", "minute", "time over which the threats of the package enter"),
            positive_amount("concentration", "1", "Dirichlet concentration of the package's split among regions"),
        ),
        meaning="Threats that are counted and launched together, such as attack drones with their decoys.",
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
            share("p_discriminate", "probability that a decoy is recognised as such in a region", "decoy"),
            positive_amount(
                "engagement",
                "minute",
                "engagement duration: mean time for which one engagement occupies a crew",
                "interceptable",
            ),
            ratio("engagement_cv", "coefficient of variation of the engagement duration (gamma)", "interceptable"),
        ),
        (
            Link("package", "packages", "package to which the class belongs"),
            Link("decoy", "bool", "true if the class is a decoy", optional=True),
            Link(
                "direct",
                "bool",
                "true if the class crosses no other region on the way to its destination",
                optional=True,
            ),
            Link("interceptable", "bool", "false if interceptors cannot engage the class", optional=True),
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
                "engagement window: time during which crews of the region can engage one threat",
                "interceptable",
            ),
            share("p_contact", "probability that a launched interceptor contacts its threat", "interceptable"),
        ),
    ),
    Kind(
        "layers",
        ("layers",),
        (
            amount("cost", MONEY, "cost of one shot"),
            Parameter("correlation", "1", 0.0, 0.99, "intra-day correlation of the layer's outcomes (beta-binomial)"),
            amount("stock", "1", "shots in stock at the start", "stocked"),
            amount("resupply", "1/day", "shots resupplied per day", "stocked"),
        ),
        (
            Link("payer", "payers", "payer of the layer's shots"),
            Link("stocked", "bool", "true if the layer's shots are a limited stock", optional=True),
            Link("limited", "bool", "true if the layer's engagements per region and day are limited", optional=True),
        ),
        meaning="A layer of defence in addition to the interceptors, which every scenario has.",
    ),
    Kind(
        "posts",
        ("layers", "regions"),
        (amount("capacity", "1/day", "engagements per day of which the layer is capable in the region", "limited"),),
    ),
    Kind(
        "effects",
        ("layers", "threats"),
        (
            share("p", "probability that one engagement by the layer stops one threat", "engages"),
            amount("shots", "1", "shots used per engagement", "engages"),
        ),
    ),
    Kind(
        "designs",
        ("designs",),
        (
            Parameter("release_interval", "day", 1.0, inf, "mean time between design releases (blocks)"),
            ratio("release_cv", "coefficient of variation of the time between design releases"),
            share("p_recover", "probability that an interceptor without contact is recovered"),
        ),
        meaning="A design of interceptor, released in successive blocks.",
    ),
    Kind(
        "lethality",
        ("designs", "threats"),
        (
            share("p_kill", "kill probability given contact, at the release of a block", "interceptable"),
            share("p_floor", "kill probability given contact, after full adaptation by the adversary", "interceptable"),
            positive_amount("decay", "day", "e-folding time of the adversary's adaptation", "interceptable"),
        ),
    ),
    Kind(
        "makers",
        ("makers",),
        (
            count("stock", "1", 1e3 * MAX_DAILY_RATE, "units in the regions at the start"),
            count("rate_start", "1/day", MAX_DAILY_RATE, "units delivered per day at the start"),
            count("rate_full", "1/day", MAX_DAILY_RATE, "units delivered per day after the ramp-up"),
            amount("ramp", "day", "duration of the linear ramp-up from rate_start to rate_full"),
            amount("price", MONEY, "price of one unit"),
        ),
        (
            Link("design", "designs", "design that the maker produces"),
            Link("payer", "payers", "payer of the units"),
        ),
        meaning="A producer of interceptors outside the programme; its deliveries are exogenous.",
    ),
    Kind(
        "crews",
        (),
        (
            count("initial", "1", MAX_CREWS, "trained crews at the start"),
            amount("course", "day", "length of the training course"),
            share("washout", "share of an intake that does not complete the course"),
            amount("attrition", "1/day", "daily rate at which crews leave"),
            share("on_duty", "probability that an equipped crew is on duty on a night with weather fit for flying"),
            amount("cost", f"{MONEY}/day", "daily cost of one trained crew"),
            amount("course_cost", MONEY, "cost of training one crew"),
        ),
        (Link("payer", "payers", "payer of crews and courses"),),
    ),
    Kind(
        "kits",
        (),
        (
            count("initial", "1", MAX_CREWS, "kits (a ground station and a share of a radar) at the start"),
            amount("lead", "day", "time from order to delivery"),
            amount("attrition", "1/day", "daily rate at which kits are lost"),
            amount("price", MONEY, "price of one kit"),
        ),
        (Link("payer", "payers", "payer of kits"),),
    ),
    Kind(
        "finance",
        (),
        (
            Parameter("discount_rate", "1/year", -0.2, 1.0, "real discount rate"),
            ratio("optimism_bias", "uplift on capital and production cost"),
        ),
    ),
    Kind(
        "drift",
        ("layers",),
        (
            Parameter(
                "sd", "1", 0.0, 5.0, "standard deviation of the layer's level between months, on the logit scale"
            ),
            positive_amount("memory", "day", "time over which the correlation of the level falls to 1/e"),
        ),
        meaning="Effectiveness of a layer that varies from month to month; without rows it is constant.",
        optional=True,
        has_interceptor=True,
    ),
    Kind(
        "levels",
        ("layers", MONTHS),
        (Parameter("level", "1", -5.0, 5.0, "stated level of the layer in the month, on the logit scale", absent=nan),),
        meaning="A stated level of a layer with drift, in consecutive months from the first one.",
        optional=True,
        has_interceptor=True,
    ),
    Kind(
        "readiness",
        ("layers",),
        (
            Parameter("slope", "1", -5.0, 5.0, "rise of the layer's level on the logit scale per unit of log threats"),
            positive_amount("reference", "1/day", "threats launched in a day at which the level does not change"),
            positive_amount("full", "1/day", "threats launched in a day above which the level rises no further"),
        ),
        meaning="Readiness of a layer that rises with the size of the day's raid; without rows it is constant.",
        optional=True,
        has_interceptor=True,
    ),
    Kind(
        "lots",
        ("layers",),
        (
            Parameter("interval", "day", 0.1, inf, "mean time between lots of resupply", "stocked"),
            Parameter("interval_cv", "1", 0.0, 3.0, "coefficient of variation of the time between lots", "stocked"),
            Parameter("size_cv", "1", 0.0, 3.0, "coefficient of variation of the size of a lot", "stocked"),
        ),
        meaning="Resupply of a layer in lots, with the same mean; without rows it arrives every day.",
        optional=True,
    ),
    Kind(
        "service",
        ("designs",),
        (Parameter("share", "1", 0.0, 1.0, "share of units for regional air defence", absent=1.0),),
        meaning="Units of a design that serve the air defence of the regions, not the front, export or stock.",
        optional=True,
    ),
)

KIND_BY_NAME = {kind.name: kind for kind in KINDS}
SECTIONS = tuple(dict.fromkeys(axis for kind in KINDS for axis in kind.axes if axis != MONTHS))
"""Sections of ``programme.toml`` with named entities."""
SINGLE_KINDS = tuple(kind.name for kind in KINDS if not kind.axes)
"""Kinds with a single entity; those with links have a table in ``programme.toml``."""
