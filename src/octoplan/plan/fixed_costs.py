"""What a plan costs whatever is made: lines, courses, crews, kits, and the plants that stand."""

from dataclasses import dataclass

import numpy as np

from octoplan.plan.fixed_decisions import CALENDAR, LINES, Given, windows_from
from octoplan.plan.parameters import Facts
from octoplan.plan.solver.two_stage import Flags, Floats, Ints


@dataclass(frozen=True)
class Paid:
    """Who pays is who counts: (plants,) plants, and whether crews and kits are counted."""

    plants: Flags
    crews: bool
    kits: bool


@dataclass(frozen=True)
class Committed:
    """Money for each line of a window (s, p, windows), crew begun and kit ordered (s, windows), and fixed (s,)."""

    lines: Floats
    intake: Floats
    kits: Floats
    fixed: Floats


def windows_of(first: tuple[int, ...], months: Ints) -> Ints:
    """The window of each month."""
    return np.asarray(np.searchsorted(np.array(first), months, "right") - 1)


def calendar_of(name: str, given: Given) -> tuple[int, ...]:
    """The first months of the windows of crew intake or kit orders."""
    return windows_from(CALENDAR, given.intake_from if name == "crews" else given.kits_from, given.months)


def begun_in(calendar: tuple[int, ...], begin: int, months: int) -> Floats:
    """(t, windows) 1 where a month falls into a window."""
    month = np.arange(begin, begin + months)
    return np.asarray((windows_of(calendar, month)[:, None] == np.arange(len(calendar))), float)


def by_window(flow: Floats, calendar: tuple[int, ...], begin: int) -> Floats:
    """(s, t, windows) what stands in a month of one begun in each month of a window, from (s, begun, t)."""
    found: Floats = np.einsum("sbt,bw->stw", flow, begun_in(calendar, begin, flow.shape[1]))
    return found


def committed(facts: Facts, given: Given, weight: Floats, paid: Paid) -> Committed:
    """Money times its weight, (s, t): a line is paid when it is added, a crew for its course and while it serves."""
    pilot, days = facts.pilot, facts.pilot.days
    worth = (facts.uplift[:, None] * weight)[:, None] * paid.plants[:, None]
    capital = facts.plant_money("line_capital") * worth
    lines, fixed = line_steps(facts, given, capital)
    fixed = fixed + (facts.plant_money("overhead") * facts.open_share * days * worth).sum((1, 2))
    pay = pilot.money("crews", "cost")[:, :, 0] * days * weight * paid.crews
    course = pilot.money("crews", "course_cost")[:, :, 0] * weight * paid.crews
    price = pilot.money("kits", "price")[:, :, 0] * weight * paid.kits
    crews, kits = (given.begun(name, pilot.begin) for name in ("crews", "kits"))
    standing = facts.crews + np.einsum("b,sbt->st", crews, facts.graduates)
    fixed = fixed + (pay * standing).sum(1) + course @ crews + price @ kits
    months = len(days)
    intake_windows, kit_windows = calendar_of("crews", given), calendar_of("kits", given)
    intake = course @ begun_in(intake_windows, pilot.begin, months)
    intake += np.einsum("st,stw->sw", pay, by_window(facts.graduates, intake_windows, pilot.begin))
    return Committed(lines, intake, price @ begun_in(kit_windows, pilot.begin, months), fixed)


def line_steps(facts: Facts, given: Given, capital: Floats) -> tuple[Floats, Floats]:
    """Money for a line of each window, (s, p, windows), and for the lines given, (s,), from that of a line added.

    capital
        (s, p, t).
    """
    since = facts.since
    first = windows_from(LINES, 0, given.months)
    decided = [((since - given.lines_from[:, None] == w) & (since >= 0)) * capital for w in first]
    begins = np.stack([one.sum(2) for one in decided], 2)
    steps = begins - np.concatenate([begins[:, :, 1:], np.zeros_like(begins[:, :, :1])], 2)
    added = np.maximum(0.0, given.lines(since) - np.where(since >= 1, given.lines(since - 1), 0.0))
    there = (since >= 0) & (since < given.lines_from[:, None])
    fixed = (added * there * capital).sum((1, 2)) - (begins[:, :, 0] * given.last_lines).sum(1)
    return steps, fixed
