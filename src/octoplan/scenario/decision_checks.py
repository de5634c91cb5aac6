"""Checks of ``decisions.toml`` against ``programme.toml``: unknown names, contradictions, and invalid amounts."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from tomllib import TOMLDecodeError, loads

from pydantic import ValidationError

from octoplan.scenario.amounts import CALENDAR_YEAR, amount_error, amounts_with_units
from octoplan.scenario.decisions import Decisions
from octoplan.scenario.entities import INTERCEPTOR
from octoplan.scenario.files import DECISIONS
from octoplan.scenario.numerals import ambiguous_readings, numeral_warning
from octoplan.scenario.programme import Programme
from octoplan.scenario.quantities import Units
from octoplan.scenario.report import Report, did_you_mean, quoted
from octoplan.scenario.toml_text import Toml, numerals


def check_decisions(decisions: Decisions, programme: Programme, units: Units, toml: Toml, report: Report) -> None:
    """Report unknown names, contradictions of decisions with one another or the programme, and invalid amounts."""
    check = _DecisionChecks(decisions, programme, toml, report)
    check.check_names()
    check.check_orders()
    check.check_weights(decisions.crew_share, "crew_share")
    check.check_dispatch()
    check.check_preferences()
    check.check_sourcing()
    check.check_plan_options()
    check.check_plan_shares()
    for threat in programme.entities["threats"]:
        check.check_doctrine(threat)
    check.check_lengths()
    check.check_amounts(units)
    check.check_numerals()


class _DecisionChecks:
    """The checks, which report each problem with the line of its key in ``decisions.toml``."""

    def __init__(self, decisions: Decisions, programme: Programme, toml: Toml, report: Report) -> None:
        self.decisions, self.programme, self.toml, self.report = decisions, programme, toml, report

    def add(self, message: str, *path: str) -> None:
        """Report a problem of the value at a path of keys."""
        self.report.add(DECISIONS, self.toml.line(*path), f"{'.'.join(path)}: {message}")

    def warn(self, message: str, *path: str) -> None:
        """Warn of the value at a path of keys."""
        self.report.warn(DECISIONS, self.toml.line(*path), f"{'.'.join(path)}: {message}")

    def check_names(self) -> None:
        """Report tables and keys that name an unknown entity."""
        decisions = self.decisions
        self.check_known("plants", decisions.output, "output")
        self.check_known("plants", decisions.lines, "lines")
        self.check_known("plants", decisions.orders.explicit, "orders")
        self.check_known("suppliers", decisions.sourcing, "sourcing")
        self.check_known("payers", decisions.budget, "budget")
        self.check_known("threats", decisions.doctrine.against, "doctrine")
        options = decisions.plan
        for field, section in (("share", "countries"), ("jobs", "countries"), ("most", "plants"), ("budget", "payers")):
            self.check_known(section, getattr(options, field), "plan", field)

    def check_known(self, section: str, names: Iterable[str], *path: str) -> None:
        """Report names that are not entities of a section of ``programme.toml``."""
        declared_names = self.programme.names(section)
        for name in names:
            if name not in declared_names:
                self.add(
                    f"there is no {quoted(name)} in [{section}]; {did_you_mean(name, declared_names)}", *path, name
                )

    def check_orders(self) -> None:
        """Report orders of parts that are not in the plant's design."""
        for plant, parts in self.decisions.orders.explicit.items():
            if plant not in self.programme.entities["plants"]:
                continue
            design = self.programme.link("plants", plant, "design")
            bill = self.programme.bills.get(design or "", {})
            for part in parts:
                if part not in bill:
                    message = (
                        f"'{part}' is not a part of '{design}', which {plant} produces; {did_you_mean(part, bill)}"
                    )
                    self.add(message, "orders", plant, part)

    def check_weights(self, weights: Mapping[str, float], *path: str) -> None:
        """Report regions without a weight, and weights that are all 0."""
        regions = self.programme.names("regions")
        self.check_known("regions", [name for name in weights if name != "*"], *path)
        if not weights:
            return
        missing = [region for region in regions if region not in weights]
        if missing and "*" not in weights:
            examples = ", ".join(missing[:5]) + (", ..." if len(missing) > 5 else "")
            self.add(f'has no weight for {examples}; add their weights, or "*" for all other regions', *path)
        elif regions and not any(weights.get(region, weights.get("*", 0.0)) for region in regions):
            self.add("every weight is 0; give at least one region a weight above 0", *path)

    def check_dispatch(self) -> None:
        """Report dispatch shares that the rule does not use, and missing shares that the rule requires."""
        dispatch = self.decisions.dispatch
        if dispatch.rule == "cover" and dispatch.share:
            message = 'the rule "cover" does not use shares; write rule = "share", or remove [dispatch.share]'
            self.add(message, "dispatch", "share")
        if dispatch.rule == "share" and not dispatch.share:
            self.add('the rule "share" requires shares; add [dispatch.share]', "dispatch", "rule")
        self.check_weights(dispatch.share, "dispatch", "share")

    def check_preferences(self) -> None:
        """Report designs that the list of preferred designs repeats or omits."""
        designs, prefer = self.programme.names("designs"), self.decisions.doctrine.prefer
        self.check_known("designs", prefer, "doctrine", "prefer")
        for design in sorted({design for design in prefer if prefer.count(design) > 1}):
            self.add(f"'{design}' is listed twice; list it once", "doctrine", "prefer")
        if (prefer or len(designs) > 1) and (missing := [design for design in designs if design not in prefer]):
            self.add(f"does not list {', '.join(missing)}; list every design", "doctrine", "prefer")

    def check_sourcing(self) -> None:
        """Report parts whose suppliers all have weight 0."""
        programme = self.programme
        for part in programme.entities["parts"]:
            suppliers = [s for s in programme.entities["suppliers"] if programme.link("suppliers", s, "part") == part]
            if suppliers and not any(self.decisions.sourcing.get(supplier, 1.0) for supplier in suppliers):
                self.add(
                    f"every supplier of '{part}' has weight 0; give at least one supplier a weight above 0",
                    "sourcing",
                    suppliers[0],
                )

    def check_plan_options(self) -> None:
        """Report years and months of the table [plan] that are outside the horizon of the programme."""
        options, months = self.decisions.plan, self.programme.month_names()
        horizon = f"the programme runs from {months[0]} to {months[-1]}"
        for payer, limit in options.budget.items():
            for year in limit if isinstance(limit, dict) else ():
                if not CALENDAR_YEAR.fullmatch(year):
                    self.add("is not a calendar year; write one such as 2026", "plan", "budget", payer, year)
                elif not any(month.startswith(f"{year}-") for month in months):
                    self.add(f"the year is outside the programme: {horizon}", "plan", "budget", payer, year)
        if options.by is not None and options.by not in months:
            self.add(f"{quoted(options.by)} is outside the programme: {horizon}", "plan", "by")

    def check_plan_shares(self) -> None:
        """Report bounds on shares in the table [plan] that no shares with a sum of 1 satisfy."""
        shares = self.decisions.plan.share
        for country, (low, high) in shares.items():
            if low > high:
                self.add(f"{low:g} is above {high:g}; write the lower bound first", "plan", "share", country)
        programme = self.programme
        producers = {programme.link("plants", plant, "country") for plant in programme.entities["plants"]}
        lower_bound_sum = sum(low for country, (low, _) in shares.items() if country in producers)
        upper_bound_sum = sum(shares[country][1] if country in shares else 1.0 for country in producers if country)
        if lower_bound_sum > 1 + 1e-9:
            self.add(f"the lower bounds sum to {lower_bound_sum:g}, but shares sum to 1; reduce them", "plan", "share")
        if producers and upper_bound_sum < 1 - 1e-9:
            self.add(
                f"the upper bounds sum to {upper_bound_sum:g}, but shares sum to 1; increase them", "plan", "share"
            )

    def check_doctrine(self, threat: str) -> None:
        """Report a missing doctrine against a class, and its layers that are unknown, repeated or unable to engage."""
        doctrine = self.decisions.doctrine.against.get(threat)
        if doctrine is None:
            self.add(f"the table [doctrine.{threat}] is missing; add the table, with layers", "doctrine", threat)
            return
        path = ("doctrine", threat, "layers")
        self.check_known("layers", doctrine.layers, *path)
        for layer in sorted({layer for layer in doctrine.layers if doctrine.layers.count(layer) > 1}):
            self.add(f"'{layer}' is listed twice; list it once", *path)
        if INTERCEPTOR not in doctrine.layers:
            return
        if not self.programme.flag("threats", threat, "interceptable"):
            self.add(f"'{threat}' is not interceptable in programme.toml; remove '{INTERCEPTOR}'", *path)
        elif "max_shots" not in doctrine.model_fields_set:
            message = "is missing; state the largest number of engagements of one threat in a region"
            self.add(message, "doctrine", threat, "max_shots")

    def check_lengths(self) -> None:
        """Warn of lists that are longer than the horizon."""
        for path, values in self.monthly_lists():
            if len(values) > self.programme.months:
                months = self.programme.months
                message = f"has {len(values)} values for {months} months; values after month {months} are not used"
                self.warn(message, *path)

    def monthly_lists(self) -> Iterator[tuple[tuple[str, ...], Sequence[float]]]:
        """Yield the path and the values of each monthly list."""
        decisions = self.decisions
        yield from ((("output", plant), values) for plant, values in decisions.output.items())
        yield from ((("lines", plant), values) for plant, values in decisions.lines.items())
        for plant, parts in decisions.orders.explicit.items():
            yield from ((("orders", plant, part), values) for part, values in parts.items())
        yield ("crews", "intake"), decisions.crews.intake
        yield ("kits", "order"), decisions.kits.order

    def check_amounts(self, units: Units) -> None:
        """Report invalid amounts with units, and warn of amounts that can be read in two ways."""
        for path, text, is_money in amounts_with_units(self.decisions):
            if problem := amount_error(text, is_money, units, self.programme.currency):
                self.add(problem, *path)
            elif warning := numeral_warning(text):
                self.warn(warning, *path)

    def check_numerals(self) -> None:
        """Warn of numbers such as 1.000 that would also be valid with the point as thousands separator."""
        text = self.toml.text
        for numeral in numerals(text):
            readings = ambiguous_readings(numeral.text)
            if readings and _is_valid(_replace_at(text, numeral.start, numeral.text, readings[1].replace(",", ""))):
                self.report.warn(DECISIONS, numeral.line, f"{'.'.join(numeral.keys)}: {numeral_warning(numeral.text)}")


def _replace_at(text: str, start: int, old: str, new: str) -> str:
    """The text with ``old``, which begins at ``start``, replaced by ``new``."""
    return text[:start] + new + text[start + len(old) :]


def _is_valid(text: str) -> bool:
    """True if a text is a valid ``decisions.toml``."""
    try:
        Decisions.model_validate(loads(text))
    except (ValidationError, TOMLDecodeError):
        return False
    return True
