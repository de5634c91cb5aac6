"""What binds a plan, and why it falls short, as sentences with units and dates."""

from collections.abc import Iterator

import numpy as np

from octoplan.plan.model import UNIT
from octoplan.plan.optimise import Plan, Table, block
from octoplan.plan.twostage import Floats

OFTEN = 0.1
"""Share of futures in which a limit must bind in a month to be spoken of."""

WHAT = {
    "supply": "{item}: what its suppliers can ship binds",
    "labour": "{item}: workers that can have been hired bind",
    "lines": "{item}: its lines bind",
    "lanes": "{item}: the room on the lane binds",
    "crews": "crews bind",
    "kits": "kits bind",
}
ONE = {
    "supply": "one more part", "labour": "labour for one more unit", "lines": "lines for one more unit",
    "lanes": "room for one more unit", "crews": "one more trained crew for a month", "kits": "one more kit for a month",
}  # fmt: skip


def binding(plan: Plan) -> list[str]:
    """Limits that bind, those worth most first: from when to when, in what share of futures, what one more is worth.

    Lines and workers of a plant that is asked nothing limit nothing.
    """
    idle = {plant for plant, asked in series(plan.tables["asked"]) if asked.mean(0).sum() < 1.0}
    found = []
    for name, table in plan.worth.items():
        for item, prices in series(table):
            if "plant" in table.axes and item in idle:
                continue
            often, worth = (prices > 1e-6).mean(0), prices.mean(0)
            for low, high in spans(often >= OFTEN):
                months = plan.facts.pilot.compiled.names.months
                when = f"in {months[low]}" if low == high else f"from {months[low]} to {months[high]}"
                share, each = often[low : high + 1].mean(), worth[low : high + 1].mean()
                words = (
                    f"{WHAT[name].format(item=item)} {when}, in {share:.0%} of futures; "
                    f"{ONE[name]} is worth {each:,.0f} {plan.scenario.currency} on average"
                )
                found.append((worth[low : high + 1].sum(), words))
    return [words for _, words in sorted(found, key=lambda one: -one[0])]


def series(table: Table) -> Iterator[tuple[str, Floats]]:
    """Each item of a table with its (futures, months)."""
    others = [axis for axis in table.axes if axis != "month"]
    if not others:
        yield "", table.values
        return
    place = 1 + list(table.axes).index(others[0])
    for i, item in enumerate(table.axes[others[0]]):
        yield item, np.asarray(table.values.take(i, axis=place))


def spans(there: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> Iterator[tuple[int, int]]:
    """First and last place of each run of truths."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], there, [False]]).astype(np.int8)))
    for low, high in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        yield low, high - 1


def shortfalls(plan: Plan) -> list[str]:
    """Of each month short of the target, how short on average, and of what; empty without a target.

    Of the plants that take part, one not yet open waits for its gate; an open one that makes less than it is asked is
    short of workers where those bind, else of lines or parts; one that makes all it is asked is asked no more.
    """
    if "short" not in plan.tables:
        return []
    names, facts = plan.facts.pilot.compiled.names, plan.facts
    made, asked = (block(plan.model, plan.followed, name) for name in ("made", "wanted"))
    labour = np.array([r.upper[plan.model.sheet.rows["labour"]] for r in plan.model.scenarios])
    takes_part = asked.sum((0, 2)) > 0.01
    made, asked, labour = (table[:, takes_part] for table in (made, asked, labour))
    since = facts.since[:, takes_part]
    found = []
    for t, month in enumerate(names.months):
        short = plan.tables["short"].values[:, t]
        if short.mean() < 1.0:
            continue
        closed = since[:, :, t] < 0
        full = (made[:, :, t] >= asked[:, :, t] - 0.01) & (asked[:, :, t] > 0.01)
        by_labour = (made[:, :, t] >= labour[:, :, t] - 0.01) & ~closed & (asked[:, :, t] > 0.01)
        reasons = [
            (closed.mean(), "plants that wait for their gates"),
            ((by_labour & ~full).mean(), "workers still to be hired"),
            ((~by_labour & ~full & (asked[:, :, t] > 0.01)).mean(), "lines or parts"),
            (full.mean(), "all that they are asked is made: more would cost more than the shortage, or may not be had"),
        ]
        often = (short > 0.01 * UNIT).mean()
        share, why = max(reasons, key=lambda one: one[0])
        found.append(
            f"{month}: short by {short.mean():,.0f} units on average, in {often:.0%} of futures; "
            f"most often for {why} ({share:.0%} of their futures)"
        )
    return found
