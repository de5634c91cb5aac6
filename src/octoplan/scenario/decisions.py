"""``decisions.toml``: what is chosen, read into typed objects and checked against the programme."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails

from octoplan.errors import QuantityError
from octoplan.scenario.entities import INTERCEPTOR
from octoplan.scenario.field_types import Amount, Amounts, Intake, Table
from octoplan.scenario.files import DECISIONS
from octoplan.scenario.plan_options import Wanted
from octoplan.scenario.programme import Programme
from octoplan.scenario.quantities import Units, figure_of
from octoplan.scenario.report import Report, did_you_mean, quoted
from octoplan.scenario.toml_text import Toml


class Orders(Table):
    """Parts to order: the base-stock cover, and explicit orders by plant and part for each calendar month."""

    model_config = ConfigDict(extra="allow", strict=True, frozen=True)
    __pydantic_extra__: dict[str, dict[str, Amounts]] = Field(init=False)
    cover: str = Field(description='days of planned use kept beyond the mean lead time, such as "30 days"')

    @property
    def explicit(self) -> dict[str, dict[str, list[float]]]:
        return self.__pydantic_extra__ or {}


class Crews(Table):
    intake: Intake = Field([0], description="crews that start training in each month")


class Kits(Table):
    order: Intake = Field([0], description="kits ordered in each month")


class Dispatch(Table):
    rule: Literal["cover", "share"] = Field("cover", description="equalise days of cover, or share by weights")
    share: dict[str, Amount] = Field(default_factory=dict, description='weights by region, "*" for the rest')


class Doctrine(Table):
    """How one class of threat is fought."""

    layers: list[str] = Field(description="layers in the order in which they fight the class")
    max_shots: int = Field(1, ge=1, le=1000, description="engagements of one threat in one region at the most")
    salvo: int = Field(1, ge=1, le=64, description="interceptors launched together in one engagement")
    value: Amount = Field(1.0, description="worth of the class in the queue")


class Doctrines(Table):
    """How crews choose, and the doctrine against each class of threat."""

    model_config = ConfigDict(extra="allow", strict=True, frozen=True)
    __pydantic_extra__: dict[str, Doctrine] = Field(init=False)
    queue: Literal["deadline", "value"] = Field("deadline", description="which threat a free crew takes first")
    stock: Literal["newest", "oldest"] = Field("newest", description="which block is used first")
    prefer: list[str] = Field(default_factory=list, description="designs in the order in which crews use them")

    @property
    def against(self) -> dict[str, Doctrine]:
        return self.__pydantic_extra__ or {}


class Decisions(Table):
    """What is chosen. Lists run by month and go on with their last value."""

    output: dict[str, Amounts] = Field(
        default_factory=dict, description="good units asked of a plant a month, counted from the month it opens"
    )
    lines: dict[str, Amounts] = Field(
        default_factory=dict, description="lines installed at a plant, counted from the month it opens; 1 by default"
    )
    orders: Orders = Field(description="parts to order")
    sourcing: dict[str, Amount] = Field(
        default_factory=dict, description="weight of a supplier among those of its part; 1 by default"
    )
    crews: Crews = Crews()
    kits: Kits = Kits()
    crew_share: dict[str, Amount] = Field(
        default_factory=dict, description='weights by region when crews are shared out, "*" for the rest'
    )
    dispatch: Dispatch = Dispatch()
    doctrine: Doctrines = Field(description="how threats are fought")
    budget: dict[str, str] = Field(
        default_factory=dict, description='what a payer can spend over the horizon, such as "200 MGBP"'
    )
    plan: Wanted = Wanted()

    @property
    def fights(self) -> dict[str, tuple[str, ...]]:
        """The layers of each threat's doctrine."""
        return {threat: tuple(doctrine.layers) for threat, doctrine in self.doctrine.against.items()}


def read_decisions(toml: Toml, report: Report) -> Decisions | None:
    """The decisions; ``None`` after reporting every value of a wrong kind."""
    try:
        return Decisions.model_validate(toml.tree)
    except ValidationError as error:
        for details in error.errors(include_url=False):
            path = details["loc"]
            report.add(DECISIONS, toml.line(*path), f"{'.'.join(map(str, path))}: {explain(details)}")
        return None


_WORDS = {
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


def explain(details: ErrorDetails) -> str:
    """One finding of pydantic in the words of this project."""
    kind, value, context = details["type"], details["input"], details.get("ctx", {})
    if kind == "missing":
        return "is missing; add it"
    if kind == "extra_forbidden":
        word = details["loc"][-1]
        return f"unknown field; {did_you_mean(word, _fields(details['loc'][:-1]))}"
    if kind == "literal_error":
        words = f"expected {context['expected']}"
    elif kind == "greater_than_equal":
        words = f"expected at least {context['ge']:g}"
    elif kind == "less_than_equal":
        words = f"expected at most {context['le']:g}"
    else:
        words = _WORDS.get(kind, details["msg"][:1].lower() + details["msg"][1:])
    return f"{quoted(value)} cannot be; {words}"


def _fields(path: Sequence[object]) -> list[str]:
    """The fields of the table at a path of ``decisions.toml``."""
    model: Any = Decisions
    for key in path:
        if isinstance(model, type) and issubclass(model, BaseModel):
            found = model.model_fields.get(str(key))
            extra = Doctrine if model is Doctrines else None
            model = found.annotation if found else extra
        elif get_origin(model) is dict:
            model = get_args(model)[1]
    return list(model.model_fields) if isinstance(model, type) and issubclass(model, BaseModel) else []


def check_decisions(decisions: Decisions, programme: Programme, units: Units, toml: Toml, report: Report) -> None:
    """Report every name that does not exist, every choice that contradicts the programme, and unusable figures."""
    _Check(decisions, programme, toml, report).all()
    for read in (
        lambda: cover_of(decisions, units),
        lambda: budget_of(decisions, units, programme.currency),
        lambda: wanted_money(decisions.plan, units, programme.currency),
    ):
        try:
            read()
        except _Fault as fault:
            report.add(DECISIONS, toml.line(*fault.path), f"{'.'.join(fault.path)}: {fault}")


class _Fault(ValueError):
    def __init__(self, message: str, *path: str) -> None:
        super().__init__(message)
        self.path = path


def cover_of(decisions: Decisions, units: Units) -> float:
    """The base-stock cover in days."""
    return _amount(decisions.orders.cover, "day", units, "orders", "cover")[0]


def budget_of(decisions: Decisions, units: Units, currency: str) -> dict[str, float]:
    """What each payer can spend over the horizon, in the reporting currency at the scenario's price base."""
    return {payer: _reported(text, units, currency, "budget", payer) for payer, text in decisions.budget.items()}


def wanted_money(
    wanted: Wanted, units: Units, currency: str
) -> tuple[dict[tuple[str, int | None], float], float | None]:
    """Budgets of a plan by payer and year, and the price of a shortage, in the reporting currency."""
    budgets = {(payer, year): _reported(text, units, currency, *path) for payer, year, text, path in wanted.budgets}
    shortage = wanted.shortage
    return budgets, None if shortage is None else _reported(shortage, units, currency, "plan", "shortage")


def _reported(text: str, units: Units, currency: str, *path: str) -> float:
    """An amount of money in the reporting currency."""
    value, own = _amount(text, "money", units, *path)
    if own != currency:
        words = f"{quoted(text)} is not in {currency}, the reporting currency; exchange rates are uncertain here"
        raise _Fault(words, *path)
    return value


def _amount(text: str, expected: str, units: Units, *path: str) -> tuple[float, str]:
    try:
        figure = figure_of(text)
        value, currency = units.convert(figure.number, figure.unit or "1", expected)
    except QuantityError as error:
        raise _Fault(str(error), *path) from None
    if value < 0:
        raise _Fault(f"{quoted(text)} is below 0", *path)
    return value, currency


class _Check:
    def __init__(self, decisions: Decisions, programme: Programme, toml: Toml, report: Report) -> None:
        self.decisions, self.programme, self.toml, self.report = decisions, programme, toml, report

    def add(self, message: str, *path: str) -> None:
        self.report.add(DECISIONS, self.toml.line(*path), f"{'.'.join(path)}: {message}")

    def all(self) -> None:
        decisions = self.decisions
        self.known("plants", decisions.output, "output")
        self.known("plants", decisions.lines, "lines")
        self.known("plants", decisions.orders.explicit, "orders")
        self.known("suppliers", decisions.sourcing, "sourcing")
        self.known("payers", decisions.budget, "budget")
        self.known("threats", decisions.doctrine.against, "doctrine")
        self.orders()
        self.weights(decisions.crew_share, "crew_share")
        self.dispatch()
        self.prefer()
        self.sourcing()
        self.wanted()
        for threat in self.programme.entities["threats"]:
            self.doctrine(threat)
        for path, series in self.series():
            if len(series) > self.programme.months:
                words = f"has {len(series)} months, the programme {self.programme.months}; the rest is never reached"
                self.report.warn(DECISIONS, self.toml.line(*path), f"{'.'.join(path)}: {words}")

    def known(self, section: str, names: Iterable[str], *path: str) -> None:
        known = self.programme.names(section)
        for name in names:
            if name not in known:
                self.add(f"there is no {quoted(name)} in [{section}]; {did_you_mean(name, known)}", *path, name)

    def orders(self) -> None:
        for plant, parts in self.decisions.orders.explicit.items():
            if plant not in self.programme.entities["plants"]:
                continue
            design = self.programme.link("plants", plant, "design")
            bill = self.programme.bills.get(design or "", {})
            for part in parts:
                if part not in bill:
                    words = f"'{part}' is in no unit of '{design}', which {plant} makes; {did_you_mean(part, bill)}"
                    self.add(words, "orders", plant, part)

    def weights(self, weights: Mapping[str, float], *path: str) -> None:
        """Weights by region: every region has one, and not all are 0."""
        regions = self.programme.names("regions")
        self.known("regions", [name for name in weights if name != "*"], *path)
        if not weights:
            return
        without = [region for region in regions if region not in weights]
        if without and "*" not in weights:
            few = ", ".join(without[:5]) + (", ..." if len(without) > 5 else "")
            self.add(f'has no weight for {few}; add them, or "*" for the rest', *path)
        elif regions and not any(weights.get(region, weights.get("*", 0.0)) for region in regions):
            self.add("every weight is 0; give at least one region a weight above 0", *path)

    def dispatch(self) -> None:
        dispatch = self.decisions.dispatch
        if dispatch.rule == "cover" and dispatch.share:
            self.add(
                'shares are given but the rule is "cover"; write rule = "share", or remove them', "dispatch", "share"
            )
        if dispatch.rule == "share" and not dispatch.share:
            self.add('the rule is "share" but no shares are given; add [dispatch.share]', "dispatch", "rule")
        self.weights(dispatch.share, "dispatch", "share")

    def prefer(self) -> None:
        designs, prefer = self.programme.names("designs"), self.decisions.doctrine.prefer
        self.known("designs", prefer, "doctrine", "prefer")
        for design in sorted({design for design in prefer if prefer.count(design) > 1}):
            self.add(f"'{design}' stands there twice", "doctrine", "prefer")
        if (prefer or len(designs) > 1) and (without := [design for design in designs if design not in prefer]):
            self.add(f"does not say where {', '.join(without)} comes; list every design", "doctrine", "prefer")

    def sourcing(self) -> None:
        programme = self.programme
        for part in programme.entities["parts"]:
            sellers = [s for s in programme.entities["suppliers"] if programme.link("suppliers", s, "part") == part]
            if sellers and not any(self.decisions.sourcing.get(seller, 1.0) for seller in sellers):
                self.add(f"every supplier of '{part}' has weight 0; give one a weight above 0", "sourcing", sellers[0])

    def wanted(self) -> None:
        wanted, programme = self.decisions.plan, self.programme
        for field, section in (("share", "countries"), ("jobs", "countries"), ("most", "plants"), ("budget", "payers")):
            self.known(section, getattr(wanted, field), "plan", field)
        months = programme.month_names()
        for _, year, _, path in wanted.budgets:
            if year is not None and not any(month.startswith(f"{year}-") for month in months):
                words = f"the year is not in the programme, which runs from {months[0]} to {months[-1]}"
                self.add(words, *path)
        if wanted.by is not None and wanted.by not in months:
            words = f"{quoted(wanted.by)} is not in the programme, which runs from {months[0]} to {months[-1]}"
            self.add(words, "plan", "by")
        for country, (low, high) in wanted.share.items():
            if low > high:
                self.add(f"{low:g} is above {high:g}; write the least share first", "plan", "share", country)

    def doctrine(self, threat: str) -> None:
        doctrine = self.decisions.doctrine.against.get(threat)
        if doctrine is None:
            self.add(f"the table [doctrine.{threat}] is missing; add it with layers", "doctrine", threat)
            return
        path = ("doctrine", threat, "layers")
        self.known("layers", doctrine.layers, *path)
        for layer in sorted({layer for layer in doctrine.layers if doctrine.layers.count(layer) > 1}):
            self.add(f"'{layer}' stands there twice", *path)
        if INTERCEPTOR not in doctrine.layers:
            return
        if not self.programme.flag("threats", threat, "interceptable"):
            self.add(f"'{threat}' is not interceptable in programme.toml; remove '{INTERCEPTOR}'", *path)
        elif "max_shots" not in doctrine.model_fields_set:
            self.add("is missing; say how often one threat may be engaged in a region", "doctrine", threat, "max_shots")

    def series(self) -> list[tuple[tuple[str, ...], Sequence[float]]]:
        decisions = self.decisions
        return [
            *((("output", plant), series) for plant, series in decisions.output.items()),
            *((("lines", plant), series) for plant, series in decisions.lines.items()),
            *((("orders", p, part), s) for p, parts in decisions.orders.explicit.items() for part, s in parts.items()),
            (("crews", "intake"), decisions.crews.intake),
            (("kits", "order"), decisions.kits.order),
        ]
