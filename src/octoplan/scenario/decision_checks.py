"""Checks of ``decisions.toml`` against the programme: names, contradictions, and figures that cannot be used."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from tomllib import TOMLDecodeError, loads

from pydantic import ValidationError

from octoplan.scenario.amounts import YEAR, check_figure, figures
from octoplan.scenario.decisions import Decisions
from octoplan.scenario.entities import INTERCEPTOR
from octoplan.scenario.files import DECISIONS
from octoplan.scenario.numerals import ambiguous_readings, numeral_remark
from octoplan.scenario.programme import Programme
from octoplan.scenario.quantities import Units
from octoplan.scenario.report import Report, did_you_mean, quoted
from octoplan.scenario.toml_text import Toml, numerals


def check_decisions(decisions: Decisions, programme: Programme, units: Units, toml: Toml, report: Report) -> None:
    """Report unknown names, decisions that contradict the programme or one another, and figures that cannot be used."""
    check = _Check(decisions, programme, toml, report)
    check.names()
    check.orders()
    check.weights(decisions.crew_share, "crew_share")
    check.dispatch()
    check.preferences()
    check.sourcing()
    check.plan_options()
    check.plan_shares()
    for threat in programme.entities["threats"]:
        check.doctrine(threat)
    check.lengths()
    check.figures(units)
    check.numerals()


class _Check:
    def __init__(self, decisions: Decisions, programme: Programme, toml: Toml, report: Report) -> None:
        self.decisions, self.programme, self.toml, self.report = decisions, programme, toml, report

    def add(self, message: str, *path: str) -> None:
        self.report.add(DECISIONS, self.toml.line(*path), f"{'.'.join(path)}: {message}")

    def warn(self, message: str, *path: str) -> None:
        self.report.warn(DECISIONS, self.toml.line(*path), f"{'.'.join(path)}: {message}")

    def names(self) -> None:
        """Every table and key that names an entity names one of the programme."""
        decisions = self.decisions
        self.known("plants", decisions.output, "output")
        self.known("plants", decisions.lines, "lines")
        self.known("plants", decisions.orders.explicit, "orders")
        self.known("suppliers", decisions.sourcing, "sourcing")
        self.known("payers", decisions.budget, "budget")
        self.known("threats", decisions.doctrine.against, "doctrine")
        options = decisions.plan
        for field, section in (("share", "countries"), ("jobs", "countries"), ("most", "plants"), ("budget", "payers")):
            self.known(section, getattr(options, field), "plan", field)

    def known(self, section: str, names: Iterable[str], *path: str) -> None:
        """Each name is an entity of the section."""
        known = self.programme.names(section)
        for name in names:
            if name not in known:
                self.add(f"there is no {quoted(name)} in [{section}]; {did_you_mean(name, known)}", *path, name)

    def orders(self) -> None:
        """A plant orders only parts of the design it makes."""
        for plant, parts in self.decisions.orders.explicit.items():
            if plant not in self.programme.entities["plants"]:
                continue
            design = self.programme.link("plants", plant, "design")
            bill = self.programme.bills.get(design or "", {})
            for part in parts:
                if part not in bill:
                    message = f"'{part}' is not a part of '{design}', which {plant} makes; {did_you_mean(part, bill)}"
                    self.add(message, "orders", plant, part)

    def weights(self, weights: Mapping[str, float], *path: str) -> None:
        """Weights by region: every region has one, and not all are 0."""
        regions = self.programme.names("regions")
        self.known("regions", [name for name in weights if name != "*"], *path)
        if not weights:
            return
        missing = [region for region in regions if region not in weights]
        if missing and "*" not in weights:
            few = ", ".join(missing[:5]) + (", ..." if len(missing) > 5 else "")
            self.add(f'has no weight for {few}; add them, or "*" for the rest', *path)
        elif regions and not any(weights.get(region, weights.get("*", 0.0)) for region in regions):
            self.add("every weight is 0; give at least one region a weight above 0", *path)

    def dispatch(self) -> None:
        """Shares are given if and only if the rule uses them."""
        dispatch = self.decisions.dispatch
        if dispatch.rule == "cover" and dispatch.share:
            message = 'shares are given but the rule is "cover"; write rule = "share", or remove them'
            self.add(message, "dispatch", "share")
        if dispatch.rule == "share" and not dispatch.share:
            self.add('the rule is "share" but no shares are given; add [dispatch.share]', "dispatch", "rule")
        self.weights(dispatch.share, "dispatch", "share")

    def preferences(self) -> None:
        """The order of designs lists each of them once."""
        designs, prefer = self.programme.names("designs"), self.decisions.doctrine.prefer
        self.known("designs", prefer, "doctrine", "prefer")
        for design in sorted({design for design in prefer if prefer.count(design) > 1}):
            self.add(f"'{design}' is listed twice", "doctrine", "prefer")
        if (prefer or len(designs) > 1) and (missing := [design for design in designs if design not in prefer]):
            self.add(f"does not rank {', '.join(missing)}; list every design", "doctrine", "prefer")

    def sourcing(self) -> None:
        """Each part has a supplier with a weight above 0."""
        programme = self.programme
        for part in programme.entities["parts"]:
            sellers = [s for s in programme.entities["suppliers"] if programme.link("suppliers", s, "part") == part]
            if sellers and not any(self.decisions.sourcing.get(seller, 1.0) for seller in sellers):
                self.add(f"every supplier of '{part}' has weight 0; give one a weight above 0", "sourcing", sellers[0])

    def plan_options(self) -> None:
        """The years and the month of [plan] are in the programme."""
        options, months = self.decisions.plan, self.programme.month_names()
        horizon = f"the programme runs from {months[0]} to {months[-1]}"
        for payer, limit in options.budget.items():
            for year in limit if isinstance(limit, dict) else ():
                if not YEAR.fullmatch(year):
                    self.add("is not a calendar year; write one such as 2026", "plan", "budget", payer, year)
                elif not any(month.startswith(f"{year}-") for month in months):
                    self.add(f"the year is outside the programme: {horizon}", "plan", "budget", payer, year)
        if options.by is not None and options.by not in months:
            self.add(f"{quoted(options.by)} is outside the programme: {horizon}", "plan", "by")

    def plan_shares(self) -> None:
        """The shares of [plan] leave room for a total of 1."""
        shares = self.decisions.plan.share
        for country, (low, high) in shares.items():
            if low > high:
                self.add(f"{low:g} is above {high:g}; write the lower bound first", "plan", "share", country)
        programme = self.programme
        producers = {programme.link("plants", plant, "country") for plant in programme.entities["plants"]}
        least = sum(low for country, (low, _) in shares.items() if country in producers)
        most = sum(shares[country][1] if country in shares else 1.0 for country in producers if country)
        if least > 1 + 1e-9:
            self.add(f"the lower bounds sum to {least:g}; shares cannot sum to more than 1", "plan", "share")
        if producers and most < 1 - 1e-9:
            self.add(f"the upper bounds sum to {most:g}; the shares of all countries sum to 1", "plan", "share")

    def doctrine(self, threat: str) -> None:
        """The doctrine against a class of threat names layers that can engage it."""
        doctrine = self.decisions.doctrine.against.get(threat)
        if doctrine is None:
            self.add(f"the table [doctrine.{threat}] is missing; add it with layers", "doctrine", threat)
            return
        path = ("doctrine", threat, "layers")
        self.known("layers", doctrine.layers, *path)
        for layer in sorted({layer for layer in doctrine.layers if doctrine.layers.count(layer) > 1}):
            self.add(f"'{layer}' is listed twice", *path)
        if INTERCEPTOR not in doctrine.layers:
            return
        if not self.programme.flag("threats", threat, "interceptable"):
            self.add(f"'{threat}' is not interceptable in programme.toml; remove '{INTERCEPTOR}'", *path)
        elif "max_shots" not in doctrine.model_fields_set:
            message = "is missing; say how often one threat may be engaged in a region"
            self.add(message, "doctrine", threat, "max_shots")

    def lengths(self) -> None:
        """Warn of lists that are longer than the horizon."""
        for path, values in self.series():
            if len(values) > self.programme.months:
                message = f"has {len(values)} months, the programme {self.programme.months}; the rest is not used"
                self.warn(message, *path)

    def series(self) -> Iterator[tuple[tuple[str, ...], Sequence[float]]]:
        """Every list by month with its path."""
        decisions = self.decisions
        yield from ((("output", plant), values) for plant, values in decisions.output.items())
        yield from ((("lines", plant), values) for plant, values in decisions.lines.items())
        for plant, parts in decisions.orders.explicit.items():
            yield from ((("orders", plant, part), values) for part, values in parts.items())
        yield ("crews", "intake"), decisions.crews.intake
        yield ("kits", "order"), decisions.kits.order

    def figures(self, units: Units) -> None:
        """Figures with units can be used; those with two readings get a warning."""
        for path, text, is_money in figures(self.decisions):
            if fault := check_figure(text, is_money, units, self.programme.currency):
                self.add(fault, *path)
            elif remark := numeral_remark(text):
                self.warn(remark, *path)

    def numerals(self) -> None:
        """Warn of numbers such as 1.000 that would be valid as thousands too."""
        text = self.toml.text
        for numeral in numerals(text):
            readings = ambiguous_readings(numeral.text)
            if readings and _valid(_replaced(text, numeral.start, numeral.text, readings[1].replace(",", ""))):
                self.report.warn(DECISIONS, numeral.line, f"{'.'.join(numeral.keys)}: {numeral_remark(numeral.text)}")


def _replaced(text: str, start: int, old: str, new: str) -> str:
    return text[:start] + new + text[start + len(old) :]


def _valid(text: str) -> bool:
    try:
        Decisions.model_validate(loads(text))
    except (ValidationError, TOMLDecodeError):
        return False
    return True
