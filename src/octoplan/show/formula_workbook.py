"""A workbook that works the case at medians out again with live formulas: production, stock and spend by month.

An independent second calculation is what reviewers ask for first. Its cells follow model.md sections 2, 4 and 5; what
chance and the defence decide in that future (scrap, outages, arrivals, sorties) is given, in columns that say so.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from octoplan.campaign.production import LOWEST_YIELD, WRIGHT
from octoplan.campaign.tally import COSTS
from octoplan.errors import RunError
from octoplan.outcomes.median_case import MedianCase
from octoplan.scenario.binding import dotted
from octoplan.scenario.distributions import Assumption
from octoplan.scenario.entities import BY_NAME
from octoplan.show.provenance import where
from octoplan.show.sheets import Cell, Sheet, book, letter, plain

FIRST = 3
"""Row of day 0 on a sheet of days; row 2 is the state before it, row 1 the heads."""
USED = {
    "gates": ("duration",),
    "plants": ("line_rate", "line_capital", "heads", "hire_rate", "hours_per_head", "hours_first", "slope", "retained",
               "yield_first", "yield_mature", "yield_units", "labour_rate", "overhead", "royalty"),
    "suppliers": ("price",), "lanes": ("cost",), "makers": ("stock", "rate_start", "rate_full", "ramp", "price"),
    "layers": ("cost",), "crews": ("cost", "course_cost"), "kits": ("price",), "finance": ("optimism_bias",),
}  # fmt: skip
"""The numbers that the formulas read, by kind."""
CARRY = "1E-9"
"""What the campaign adds before it counts whole units."""


class Book:
    """The sheets of one case and where each input stands."""

    def __init__(self, case: MedianCase) -> None:
        if case.run.scenario.known_from is not None:
            raise RunError("a scenario with a state.csv has no case from its first day; export a run without it")
        self.case, self.names = case, case.compiled.names
        self.days, self.months = len(case.month_of), len(case.compiled.names.months)
        self.place: dict[tuple[str, int, str], str] = {}
        self.assumptions = self.inputs()
        self.decisions = self.choices()
        self.calendar = self.dates()
        self.gates, self.opening = self.works()
        self.plants = [self.plant(p) for p in range(len(self.names.plants))]
        self.makers = self.others()
        self.bought = self.priced("Parts bought", "part_sold", ("plants", "suppliers"), "suppliers", "price")
        self.freight = self.priced("Freight", "sent", ("plants", "lanes"), "lanes", "cost")
        self.shots = self.priced("Shots", "shots", ("layers",), "layers", "cost")
        self.production, self.stock, self.spend, self.payers = (
            self.by_plant(), self.by_design(), self.by_cost(), self.by_payer(),
        )  # fmt: skip

    def sheets(self) -> list[Sheet]:
        """In the order in which they build on one another, so that a first calculation meets no long chain."""
        return [
            self.assumptions, self.decisions, self.gates, self.opening, self.calendar, *self.plants, self.makers,
            self.bought, self.freight, self.shots, self.production, self.stock, self.spend, self.payers,
        ]  # fmt: skip

    # ---- inputs

    def inputs(self) -> Sheet:
        """Every number that a formula reads, at its median, with its row, unit, rating and source."""
        sheet = Sheet("Assumptions")
        rows: list[tuple[Cell, ...]] = []
        for kind, parameters in USED.items():
            for i, parameter, entity in self.numbers(kind, parameters):
                assumption = self.believed(kind, parameter, entity)
                unit = next(p.unit for p in BY_NAME[kind].parameters if p.name == parameter)
                value = float(getattr(self.case.world, kind)[parameter][i])
                told: tuple[Cell, ...] = (unit, "", "", "not needed here")
                if assumption:
                    told = (
                        assumption.unit,
                        assumption.quality,
                        plain("; ".join(assumption.sources)),
                        plain(where(assumption)),
                    )
                rows.append((dotted(kind, parameter, entity), value, *told))
                self.place[kind, i, parameter] = f"Assumptions!$B${len(rows) + 1}"
        for head, cells in zip(("number", "value", "unit", "quality", "source", "row"), zip(*rows, strict=True),
                               strict=True):  # fmt: skip
            sheet.add(head, cells)
        return sheet

    def numbers(self, kind: str, parameters: Sequence[str]) -> Iterator[tuple[int, str, tuple[str, ...]]]:
        known = getattr(self.names, kind, None)
        for i in range(len(getattr(self.case.world, kind))):
            for parameter in parameters:
                yield i, parameter, (known[i],) if known else ()

    def believed(self, kind: str, parameter: str, entity: tuple[str, ...]) -> Assumption | None:
        try:
            return self.case.run.scenario.row_of(kind, parameter, *entity)
        except KeyError:
            return None

    def number(self, kind: str, i: int, parameter: str) -> str:
        """Where a number stands."""
        return self.place[kind, i, parameter]

    def choices(self) -> Sheet:
        """What was decided, a row a month."""
        plan, sheet = self.case.compiled.plan, Sheet("Decisions")
        sheet.add("month", self.names.months)
        for p, plant in enumerate(self.names.plants):
            sheet.add(f"output {plant}", plan.output[p].tolist())
            sheet.add(f"lines {plant}", plan.lines[p].tolist())
        sheet.add("crews begun", plan.intake.tolist())
        sheet.add("kits ordered", plan.kit_orders.tolist())
        return sheet

    # ---- days

    def dates(self) -> Sheet:
        """A row a day: month, days in it, exchange rates and trained crews as they came."""
        sheet, links = Sheet("Calendar"), self.case.compiled.links
        sheet.add("day", [-1, *range(self.days)])
        sheet.add("month, from 1", [0, *(self.case.month_of + 1).tolist()])
        sheet.add("days in month", [0, *links.month_days[self.case.month_of].tolist()])
        sheet.add("date", ["", *(str(day)[:10] for day in self.case.days["day"].values)])
        for c, currency in enumerate(self.names.currencies):
            sheet.add(f"given: {currency}", [None, *self.case.day("exchange")[:, c].tolist()])
        sheet.add("given: trained crews", [None, *self.case.day("crews").tolist()])
        return sheet

    def rate(self, row: int, currency: int) -> str:
        """The exchange rate of a sheet row's day."""
        return f"Calendar!${self.calendar.at(f'given: {self.names.currencies[currency]}')}{row}"

    def works(self) -> tuple[Sheet, Sheet]:
        """Gates by critical path, and the day each plant opens."""
        links, plan = self.case.compiled.links, self.case.compiled.plan
        gates, opening = Sheet("Gates"), Sheet("Opening")
        passed = []
        for g in range(len(self.names.gates)):
            before = [f"$B${other + 2}" for other in np.flatnonzero(links.gate_after[g])]
            begin = f"MAX({','.join(before)})" if before else "0"
            passed.append(f"={begin}+{self.number('gates', g, 'duration')}")
        gates.add("gate", self.names.gates)
        gates.add("passed on day", passed)
        opens, months = [], []
        for p in range(len(self.names.plants)):
            needed = [f"Gates!$B${g + 2}" for g in np.flatnonzero(links.plant_gates[p])]
            opens.append("=1E+9" if not plan.programme[p] else f"=MAX(0,{','.join(needed)})" if needed else "=0")
            day = f"ROUNDUP($B${p + 2},0)"
            months.append(f"=IF({day}>{self.days - 1},0,INDEX({self.calendar.span('month, from 1')},{day}+2))")
        opening.add("plant", self.names.plants)
        opening.add("opens on day", opens)
        opening.add("in month, from 1", months)
        slopes = [f"=LN({self.number('plants', p, 'slope')})/LN(2)" for p in range(len(self.names.plants))]
        opening.add("learning exponent", slopes)
        return gates, opening

    def plant(self, p: int) -> Sheet:
        """One plant by day: what limits it, what it makes, what that costs."""
        sheet = Sheet(f"plant {self.names.plants[p]}"[:31])
        heads = (
            "day", "month, from 1", "open", "months since opening", "output asked", "lines", "given: new block cut in",
            "experience, morning", "good share", "hours a unit", "workers", "hours paid", "given: share of day open",
            "due to start", "parts allow, units", "started", "given: scrapped", "good units", "carried over",
            "experience, evening", "given: sent away", "stock", "labour", "overhead", "royalty", "lines so far",
            "capital",
        )  # fmt: skip
        at = {head: letter(i + 1) for i, head in enumerate(heads)}
        given = self.given(p)
        parts = [n for n in range(len(self.names.parts)) if self.needs(p, n)]
        hand = {n: letter(len(heads) + 2 * i + 1) for i, n in enumerate(parts)}
        come = {n: letter(len(heads) + 2 * i + 2) for i, n in enumerate(parts)}
        rows = [self.plant_day(p, at, given, FIRST + day, hand) for day in range(self.days)]
        empty: dict[str, Cell] = dict.fromkeys(heads, 0)
        for head in heads:
            sheet.add(head, [empty[head], *(row[head] for row in rows)])
        for n in parts:
            part, need = self.names.parts[n], self.needs(p, n)
            before = [f"={hand[n]}{r - 1}-{need}*{at['started']}{r - 1}+{come[n]}{r}" for r in self.rows]
            sheet.add(f"{part}, on hand", [0, *before])
            sheet.add(f"given: {part}, arrived", [0, *given[f"part {n}"]])
        return sheet

    @property
    def rows(self) -> range:
        return range(FIRST, FIRST + self.days)

    def needs(self, p: int, n: int) -> int:
        """Parts in one unit of a plant's design."""
        return int(self.case.compiled.links.bill[self.case.world.plants["design"][p], n])

    def given(self, p: int) -> dict[str, list[float]]:
        """What chance decided at a plant, by day, from the tallies of the future."""
        made, good = self.case.day("made")[:, p], self.case.day("good")[:, p]
        experience = self.case.day("experience")[:, p]
        before = np.concatenate([[0.0], experience[:-1]])
        cut = (before > 0.0) & (np.abs(experience - made - before) > 1e-6)
        found = {
            "scrapped": (made - good).tolist(), "open": (1.0 - self.case.day("plant_down")[:, p]).tolist(),
            "cut": cut.astype(int).tolist(), "sent": self.case.day("sent")[:, p].sum(axis=1).tolist(),
        }  # fmt: skip
        for n in range(len(self.names.parts)):
            after = self.case.day("part_stock")[:, p, n]
            prior = np.concatenate([[0], after[:-1]])
            found[f"part {n}"] = (after - prior + made * self.needs(p, n)).tolist()
        return found

    def plant_day(
        self, p: int, at: dict[str, str], given: dict[str, list[float]], r: int, hand: dict[int, str]
    ) -> dict[str, Cell]:
        """The cells of one day; each formula reads this row and the one above."""
        day = r - FIRST

        def own(parameter: str) -> str:
            return self.number("plants", p, parameter)

        def here(head: str) -> str:
            return f"{at[head]}{r}"

        def above(head: str) -> str:
            return f"{at[head]}{r - 1}"

        plant, opening = self.names.plants[p], f"Opening!$B${p + 2}"
        since = f"{here('months since opening')}+1"
        soon = f"{at['output asked']}{min(r + 30, FIRST + self.days - 1)}"
        share = f"MAX({here('good share')},{LOWEST_YIELD})"
        base = f"IF({above('open')}=0,{own('heads')},{above('workers')})"
        step = f"MAX({here('output asked')},{soon})/{share}*{here('hours a unit')}/{own('hours_per_head')}-{base}"
        asked = f"INDEX({self.decisions.span(f'output {plant}')},{since})/Calendar!$C{r}"
        limits = (
            f"{here('output asked')}/{share}",
            f"{here('lines')}*{own('line_rate')}*{here('given: share of day open')}",
            f"{here('hours paid')}/{here('hours a unit')}*{here('given: share of day open')}",
        )
        allow = ",".join(f"INT({column}{r}/{self.needs(p, n)})" for n, column in hand.items())
        money = {name: self.rate(r, int(self.case.world.plants[f"{name}_currency"][p])) for name in
                 ("labour_rate", "overhead", "royalty", "line_capital")}  # fmt: skip
        open_now = here("open")
        return {
            "day": day,
            "month, from 1": int(self.case.month_of[day]) + 1,
            "open": f"=IF({here('day')}>={opening},1,0)",
            "months since opening": f"=IF({open_now}=1,{here('month, from 1')}-Opening!$C${p + 2},0)",
            "output asked": f"=IF({open_now}=1,{asked},0)",
            "lines": f"=IF({open_now}=1,INDEX({self.decisions.span(f'lines {plant}')},{since}),0)",
            "given: new block cut in": given["cut"][day],
            "experience, morning": f"={above('experience, evening')}*IF({here('given: new block cut in')}=1,"
            f"{own('retained')},1)",
            "good share": f"={own('yield_mature')}-({own('yield_mature')}-{own('yield_first')})"
            f"*EXP(-{here('experience, morning')}/{own('yield_units')})",
            "hours a unit": f"={self.hours(p, here('experience, morning'))}",
            "workers": f"=IF({open_now}=0,0,IF({own('hours_per_head')}<=0,{base},MAX(0,{base}+MIN(MAX({step},"
            f"-{own('hire_rate')}),{own('hire_rate')}))))",
            "hours paid": f"={here('workers')}*{own('hours_per_head')}*{open_now}",
            "given: share of day open": given["open"][day],
            "due to start": f"=IF({open_now}=0,0,{above('carried over')}+MIN({','.join(limits)}))",
            "parts allow, units": f"=MIN({allow})" if allow else "=1E+15",
            "started": f"=MIN(INT({here('due to start')}+{CARRY}),{here('parts allow, units')})*{open_now}",
            "given: scrapped": given["scrapped"][day],
            "good units": f"=MAX(0,{here('started')}-{here('given: scrapped')})",
            "carried over": f"=MIN(MAX(0,{here('due to start')}-{here('started')}),1)",
            "experience, evening": f"={here('experience, morning')}+{here('started')}",
            "given: sent away": given["sent"][day],
            "stock": f"={above('stock')}+{here('good units')}-MIN({here('given: sent away')},"
            f"{above('stock')}+{here('good units')})",
            "labour": f"={here('hours paid')}*{own('labour_rate')}*{money['labour_rate']}",
            "overhead": f"={open_now}*{own('overhead')}*{money['overhead']}",
            "royalty": f"={here('good units')}*{own('royalty')}*{money['royalty']}",
            "lines so far": f"=MAX({above('lines so far')},{here('lines')})",
            "capital": f"=({here('lines so far')}-{above('lines so far')})*{own('line_capital')}"
            f"*{money['line_capital']}",
        }

    def hours(self, p: int, experience: str) -> str:
        """Labour hours of the next unit: Crawford's unit theory, or Wright's cumulative one."""
        first, b = self.number("plants", p, "hours_first"), f"Opening!$D${p + 2}"
        if int(self.case.world.plants["learning"][p]) == WRIGHT:
            return f"{first}*(({experience}+1)^(1+{b})-{experience}^(1+{b}))"
        return f"{first}*({experience}+1)^{b}"

    def others(self) -> Sheet:
        """Other makers by day: a rate that ramps, whole units, and what they cost."""
        sheet = Sheet("Other makers")
        sheet.add("month, from 1", [0, *(self.case.month_of + 1).tolist()])
        for i, maker in enumerate(self.names.makers):
            start, full, ramp, price = (
                self.number("makers", i, name) for name in ("rate_start", "rate_full", "ramp", "price")
            )
            units, rest = letter(len(sheet.columns) + 2), letter(len(sheet.columns) + 3)
            flow = letter(len(sheet.columns) + 1)
            ramped = [f"IF({ramp}>0,MIN(1,{day}/{ramp}),1)" for day in range(self.days)]
            flows = [f"={rest}{r - 1}+{start}+({full}-{start})*{w}" for r, w in zip(self.rows, ramped, strict=True)]
            sheet.add(f"{maker}, flow with the rest", [0, *flows])
            sheet.add(f"{maker}, units", [0, *(f"=INT({flow}{r})" for r in self.rows)])
            sheet.add(f"{maker}, rest", [0, *(f"={flow}{r}-{units}{r}" for r in self.rows)])
            currency = int(self.case.world.makers["price_currency"][i])
            sheet.add(f"{maker}, cost", [0, *(f"={units}{r}*{price}*{self.rate(r, currency)}" for r in self.rows)])
        return sheet

    # ---- months

    def priced(self, name: str, tally: str, axes: tuple[str, ...], kind: str, price: str) -> Sheet:
        """Quantities of a month times a price, at the month's exchange rate weighted by them; what is nil is left out.

        axes
            The tally's axes after the day; the last one has the price, the first of two is the plant that pays.
        """
        sheet, daily = Sheet(name), self.case.day(tally)
        totals = self.case.month(tally)
        records = getattr(self.case.world, kind)
        rows: list[tuple[Cell, ...]] = []
        for index in np.argwhere(totals > 0):
            month, *where = (int(each) for each in index)
            i = where[-1]
            days = self.case.month_of == month
            amount = daily[days].reshape(int(days.sum()), -1)[:, np.ravel_multi_index(where, totals.shape[1:])]
            rates = self.case.day("exchange")[days, int(records[f"{price}_currency"][i])]
            r = len(rows) + 2
            rows.append((
                month + 1, *(getattr(self.names, axis)[each] for axis, each in zip(axes, where, strict=True)),
                self.payer(where, records), float(totals[tuple(index)]),
                float((amount * rates).sum() / amount.sum()), f"={self.number(kind, i, price)}",
                f"={letter(len(axes) + 3)}{r}*{letter(len(axes) + 4)}{r}*{letter(len(axes) + 5)}{r}",
            ))  # fmt: skip
        heads = ("month, from 1", *axes, "payer", "given: quantity", "given: exchange rate", "price", "cost")
        columns = zip(*rows, strict=True) if rows else ([] for _ in heads)
        for head, cells in zip(heads, columns, strict=True):
            sheet.add(head, cells)
        return sheet

    def payer(self, where: list[int], records: Any) -> str:
        """Who pays: the payer of the record, or that of the plant's country."""
        if "payer" in (records.dtype.names or ()):
            return self.names.payers[int(records["payer"][where[-1]])]
        return self.plant_payer(where[0])

    def plant_payer(self, p: int) -> str:
        country = int(self.case.world.plants["country"][p])
        return self.names.payers[int(self.case.world.countries["payer"][country])]

    def monthly(self, sheet: Sheet, head: str, month: int, condition: str = "") -> str:
        """The sum of a column over a month, on a row for which something holds."""
        if not sheet.columns[head]:
            return "0"
        return f"SUMIFS({sheet.span(head)},{sheet.span('month, from 1')},{month + 1}{condition})"

    def compared(self, sheet: Sheet, head: str, formulas: Sequence[str], run: Sequence[float]) -> None:
        """A column of formulas, the run's figures, and the difference."""
        own = sheet.add(head, formulas)
        other = sheet.add(f"run: {head}", run)
        sheet.add(f"difference: {head}", [f"={own}{r}-{other}{r}" for r in range(2, 2 + len(formulas))])

    def by_plant(self) -> Sheet:
        """Good units and stock by month and plant."""
        sheet = Sheet("Production")
        sheet.add("month", self.names.months)
        ends = [int(np.flatnonzero(self.case.month_of == m)[-1]) for m in range(self.months)]
        for p, plant in enumerate(self.names.plants):
            days = self.plants[p]
            made = [f"={self.monthly(days, 'good units', m)}" for m in range(self.months)]
            self.compared(sheet, f"good units {plant}", made, self.case.month("good")[:, p].tolist())
            stock = [f"={days.quoted}{days.at('stock')}{FIRST + end}" for end in ends]
            self.compared(sheet, f"stock {plant}", stock, self.case.day("plant_stock")[ends, p].tolist())
        return sheet

    def by_design(self) -> Sheet:
        """Units in the regions at each month's end, by design: what came less what was flown and not recovered."""
        sheet = Sheet("Stock")
        sheet.add("month", self.names.months)
        ends = [int(np.flatnonzero(self.case.month_of == m)[-1]) for m in range(self.months)]
        flown = (self.case.month("sorties") - self.case.month("recovered")).sum(axis=1)
        stock = self.case.day("stock")[ends].sum(axis=1)
        for d, design in enumerate(self.names.designs):
            plants = np.flatnonzero(self.case.world.plants["design"] == d)
            come = sheet.add(f"given: arrived {design}", self.case.month("delivered")[:, plants].sum(axis=1).tolist())
            gone = sheet.add(f"given: flown, not recovered {design}", flown[:, d].tolist())
            makers = [i for i in range(len(self.names.makers)) if int(self.case.world.makers["design"][i]) == d]
            own = letter(len(sheet.columns) + 1)
            cells = []
            for m in range(self.months):
                start = "+".join(f"INT({self.number('makers', i, 'stock')}+0.5)" for i in makers) or "0"
                before = f"{own}{m + 1}" if m else start
                units = [self.monthly(self.makers, f"{self.names.makers[i]}, units", m) for i in makers]
                cells.append(f"={before}+{come}{m + 2}-{gone}{m + 2}" + "".join(f"+{each}" for each in units))
            self.compared(sheet, f"stock {design}", cells, stock[:, d].tolist())
        return sheet

    def first_rate(self, month: int, currency: int) -> str:
        """The exchange rate on a month's first day."""
        return self.rate(FIRST + int(np.flatnonzero(self.case.month_of == month)[0]), currency)

    def shared(self, month: int) -> dict[str, str]:
        """Costs of crews, training and kits in a month."""
        crews, kits, r = self.case.world.crews, self.case.world.kits, month + 2
        currency = self.names.currencies[int(crews["cost_currency"][0])]
        trained, rate = self.calendar.span("given: trained crews"), self.calendar.span(f"given: {currency}")
        held = f"SUMPRODUCT(({self.calendar.span('month, from 1')}={month + 1})*{trained}*{rate})"
        begun = f"Decisions!${self.decisions.at('crews begun')}${r}"
        ordered = f"Decisions!${self.decisions.at('kits ordered')}${r}"
        return {
            "crews": f"{self.number('crews', 0, 'cost')}*{held}",
            "training": f"{begun}*{self.number('crews', 0, 'course_cost')}"
            f"*{self.first_rate(month, int(crews['course_cost_currency'][0]))}",
            "kits": f"{ordered}*{self.number('kits', 0, 'price')}"
            f"*{self.first_rate(month, int(kits['price_currency'][0]))}",
        }

    def of_plants(self, cost: str, month: int, payer: str = "") -> str:
        """A cost of the plants in a month, of all or of those that one payer pays for."""
        if cost in ("parts", "freight"):
            sheet = self.bought if cost == "parts" else self.freight
            mine = f',{sheet.span("payer")},"{payer}"' if payer and sheet.columns["payer"] else ""
            return self.monthly(sheet, "cost", month, mine)
        terms = [
            self.monthly(days, cost, month)
            for p, days in enumerate(self.plants)
            if not payer or self.plant_payer(p) == payer
        ]
        return "+".join(terms) or "0"

    def by_cost(self) -> Sheet:
        """Spend by month and category beside the run's."""
        sheet, run = Sheet("Spend"), self.case.month("spend").sum(axis=2)
        sheet.add("month", self.names.months)
        own = ("parts", "labour", "overhead", "royalty", "freight", "capital")
        for cost in COSTS:
            cells = [f"={self.cost(cost, m, own)}" for m in range(self.months)]
            self.compared(sheet, cost, cells, run[:, COSTS.index(cost)].tolist())
        totals = ["=" + "+".join(f"{sheet.at(cost)}{m + 2}" for cost in COSTS) for m in range(self.months)]
        self.compared(sheet, "all", totals, run.sum(axis=1).tolist())
        return sheet

    def cost(self, cost: str, month: int, own: Sequence[str], payer: str = "") -> str:
        """A category of spend in a month, of all payers or of one."""
        world = self.case.world
        if cost in own:
            return self.of_plants(cost, month, payer)
        if cost == "optimism-bias":
            sums = "+".join(self.of_plants(each, month, payer) for each in own)
            return f"{self.number('finance', 0, 'optimism_bias')}*({sums})"
        if cost in ("crews", "training", "kits"):
            records = world.kits if cost == "kits" else world.crews
            return self.shared(month)[cost] if self.pays(payer, records, 0) else "0"
        if cost == "other-makers":
            mine = [i for i in range(len(self.names.makers)) if self.pays(payer, world.makers, i)]
            return "+".join(self.monthly(self.makers, f"{self.names.makers[i]}, cost", month) for i in mine) or "0"
        only = f',{self.shots.span("payer")},"{payer}"' if payer and self.shots.columns["payer"] else ""
        return self.monthly(self.shots, "cost", month, only)

    def pays(self, payer: str, records: Any, i: int) -> bool:
        return not payer or self.names.payers[int(records["payer"][i])] == payer

    def by_payer(self) -> Sheet:
        """Spend by month and payer beside the run's."""
        sheet, run = Sheet("Spend by payer"), self.case.month("spend").sum(axis=1)
        sheet.add("month", self.names.months)
        own = ("parts", "labour", "overhead", "royalty", "freight", "capital")
        for i, payer in enumerate(self.names.payers):
            cells = ["=" + "+".join(self.cost(cost, m, own, payer) for cost in COSTS) for m in range(self.months)]
            self.compared(sheet, payer, cells, run[:, i].tolist())
        return sheet

    def read_me(self) -> Sheet:
        """What this is, what is live, what is given, and the largest differences from the run."""
        run = self.case.run
        lines = (
            f"{plain(run.scenario.title)}: the case at medians, worked out again by formulas",
            f"octoplan {run.version}; scenario {run.scenario.hash}; seed {run.seed}; future 0, assumptions at medians.",
            "Change a value on Assumptions or Decisions: production, stock and spend follow.",
            "Columns headed 'given' hold what chance and the defence decided in that future, and do not follow:",
            "scrap, hits and power cuts, new blocks, parts and units that arrive, sorties, exchange rates, crews.",
            "A month's exchange rate on Parts bought, Freight and Shots is weighted by that month's quantities.",
            "Money is in the reporting currency at the scenario's price base.",
            "Largest difference from the run, over all months:",
        )  # fmt: skip
        sheet = Sheet("Read me")
        checks = [("units and stock", (self.production, self.stock)), ("money", (self.spend, self.payers))]
        sheet.add("what", [*lines, *(name for name, _ in checks)])
        largest = []
        for _, sheets in checks:
            spans = [s.span(head) for s in sheets for head in s.columns if head.startswith("difference")]
            largest.append("=MAX(" + ",".join(f"MAX({span}),-MIN({span})" for span in spans) + ")")
        sheet.add("value", [*(None for _ in lines), *largest])
        return sheet


def reckoning(case: MedianCase) -> bytes:
    """The workbook as the bytes of its file; raises RunError for a scenario with a state."""
    made = Book(case)
    return book([made.read_me(), *made.sheets()])
