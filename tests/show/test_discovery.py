"""Scenario discovery in words, charts and a table."""

from functools import lru_cache

import numpy as np
import pytest

from octoplan.explore.discovery import NOTHING_FOUND, discover
from octoplan.explore.findings import Points
from octoplan.explore.requirements import Requirement
from octoplan.explore.results import Box, Discovery, Estimate, Leaf, Limit
from octoplan.scenario import Scenario, load
from octoplan.show.discovery import (
    MAX_POINTS,
    amount_text,
    assumption_of,
    bounds_text,
    leaf_table,
    name_of,
    pair_plot,
    sentences,
    trade_off,
)
from octoplan.show.rounding import percent

LEAD, P_KILL, DAMAGE, DUTY = (
    "suppliers.works.lead", "lethality.pocket.drone.p_kill", "threats.drone.damage", "crews.on_duty"
)  # fmt: skip
RANGES = {LEAD: "5 to 15 days", P_KILL: "0.6 to 0.9", DAMAGE: "50000 to 200000", DUTY: "0.2 to 0.5"}
REQUIREMENT = Requirement(
    "made >= 800", "made", ">=", 800.0, "good units made by the programme are at least 800",
    "good units made by the programme are below 800",
)  # fmt: skip
FUTURES = 960


@lru_cache(maxsize=1)
def scenario() -> Scenario:
    return load("pocket").change(RANGES)


def limit(name: str, low: float, high: float, reproduced: float = 1.0) -> Limit:
    return Limit(name, low, high, 1e-9, reproduced)


@lru_cache(maxsize=4)
def planted(count: int) -> tuple[Discovery, Points]:
    """A discovery of failures above the median of the first assumptions of ``RANGES``, and its futures."""
    names = tuple(RANGES)
    uniform = np.random.default_rng(1).random((FUTURES, len(names)))
    pairs = zip(names, uniform.T, strict=True)
    draws = np.column_stack([assumption_of(scenario(), name).quantile(column) for name, column in pairs])
    is_case = (uniform[:, :count] > 0.3).all(axis=1) & (np.random.default_rng(2).random(FUTURES) < 0.9)
    discovery = discover(REQUIREMENT, np.where(is_case, 0.0, 900.0), draws, names, np.arange(FUTURES), 1)
    columns = tuple(tuple(column.tolist()) for column in draws.T)
    return discovery, Points(REQUIREMENT.met_text, names, columns, tuple(is_case.tolist()))


BOX = Box(
    (limit(LEAD, 9.0, np.inf), limit(P_KILL, -np.inf, 0.71, 0.45)), 0.81, 0.9, 0.27,
    Estimate(0.76, 0.7, 0.82), Estimate(0.85, 0.8, 0.9),
)  # fmt: skip
ALL = Box((), 1.0, 0.3, 1.0, Estimate(1.0, 1.0, 1.0), Estimate(0.3, 0.28, 0.32))
DISCOVERY = Discovery(
    REQUIREMENT.met_text, 1000, 300, (ALL, BOX), 1,
    (Leaf((limit(LEAD, 9.0, np.inf),), 400, 0.7, 280 / 300), Leaf((limit(LEAD, -np.inf, 9.0),), 600, 1 / 30, 20 / 300)),
    missed_text=REQUIREMENT.missed_text,
)  # fmt: skip


def test_the_box_is_described_in_the_words_of_the_scenario() -> None:
    """The sentence has the requirement, each limit with unit and row, coverage, density, and the share of all."""
    lead, p_kill = (assumption_of(scenario(), name) for name in (LEAD, P_KILL))
    first, held_out, care = sentences(scenario(), DISCOVERY)
    assert first == (
        "Good units made by the programme are below 800 most often with mean time from shipment to arrival (works) "
        f"above 9.00 days (assumptions.csv:{lead.line}) and kill probability given contact, at the release of a block "
        f"(pocket, drone) below 71.0 % (assumptions.csv:{p_kill.line}): 81 % of the failures are there (coverage), and "
        "of the futures there 90 % fail (density), against 30 % of all."
    )
    assert held_out.endswith("of new ones, coverage is 76 % (70 to 82) and density 85 % (80 to 90).")
    assert care.startswith("Read with care: only 45 % of random halves of the futures restrict kill probability")


def test_without_a_box_the_sentence_says_so() -> None:
    """Without a box there is one sentence, with the share that fails; excluded futures are counted."""
    nothing = Discovery("", 1000, 300, (ALL,), 0, (), NOTHING_FOUND, REQUIREMENT.missed_text, 2)
    assert sentences(scenario(), nothing) == [
        f"Good units made by the programme are below 800 in 30 % of futures. {NOTHING_FOUND}",
        "2 futures are excluded, because the result is undefined or the simulation failed.",
    ]
    assert trade_off(nothing) is None
    assert pair_plot(scenario(), nothing, Points("", (), (), ())) is None
    assert leaf_table(scenario(), nothing) is None


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [(9.0, np.inf, "above 9.00 days"), (-np.inf, 12.0, "below 12.0 days"),
     (9.0, 12.0, "between 9.00 days and 12.0 days")],
)  # fmt: skip
def test_bounds_in_words(low: float, high: float, text: str) -> None:
    """A bound is above, below or between values with their unit."""
    assert bounds_text(assumption_of(scenario(), LEAD), limit(LEAD, low, high)) == text


def test_an_assumption_without_entities_has_its_kind() -> None:
    """Without an entity the name says of what the assumption is."""
    assert name_of(scenario(), DUTY).endswith(" (crews)")
    assert name_of(scenario(), LEAD).endswith(" (works)")


def test_an_amount_has_its_currency_and_a_share_is_a_percentage() -> None:
    """Money has the currency of its row."""
    assert amount_text(assumption_of(scenario(), DAMAGE), 123456.0) == "123,456 GBP"
    assert amount_text(assumption_of(scenario(), DUTY), 0.25) == "25.0 %"


def test_the_tree_is_a_table_of_its_leaves() -> None:
    """Each leaf has its rule, its share of the futures, its density and its coverage."""
    table = leaf_table(scenario(), DISCOVERY)
    assert table is not None
    assert table.rows == [
        ("Mean time from shipment to arrival (works) above 9.00 days", "40 %", "70 %", "93 %"),
        ("Mean time from shipment to arrival (works) below 9.00 days", "60 %", "3 %", "7 %"),
    ]


def test_the_trade_off_has_every_step_and_the_box() -> None:
    """The line has coverage and density of each step, the stars those of the box, with the held-out interval."""
    discovery, _ = planted(2)
    box = discovery.trajectory[discovery.chosen]
    chart = trade_off(discovery)
    assert chart is not None
    steps, held_out, star, open_star = chart.data
    assert list(steps.x) == [step.coverage for step in discovery.trajectory[:-1]]
    assert list(steps.y) == [step.density for step in discovery.trajectory[:-1]]
    assert len(held_out.x) == len(steps.x)
    assert (star.x[0], star.y[0]) == (box.coverage, box.density)
    assert box.held_out_density is not None
    assert open_star.y[0] + open_star.error_y.array[0] == pytest.approx(box.held_out_density.high)
    assert percent(box.coverage) in chart.layout.title.text


@pytest.mark.parametrize(("count", "panels"), [(2, 1), (3, 3)])
def test_the_pair_plot_has_the_futures_and_the_box(count: int, panels: int) -> None:
    """Each panel has the failures and the other futures, and a rectangle with the bounds of the box."""
    discovery, points = planted(count)
    limits = {limit.name: limit for limit in discovery.trajectory[discovery.chosen].limits}
    assert set(limits) == set(points.names[:count])
    chart = pair_plot(scenario(), discovery, points)
    assert chart is not None
    assert len(chart.layout.shapes) == panels
    assert len(chart.data) == 2 * panels
    others, failures = chart.data[:2]
    assert len(failures.x) == sum(points.cases[:MAX_POINTS])
    assert len(others.x) + len(failures.x) == MAX_POINTS
    lows = [item.low for item in limits.values()]
    for shape in chart.layout.shapes:
        assert min(abs(shape.x0 - low) for low in lows) == pytest.approx(0.0)
        assert min(abs(shape.y0 - low) for low in lows) == pytest.approx(0.0)


def test_a_long_name_in_a_title_keeps_its_entities() -> None:
    """The title shortens the meaning and the entities of an assumption separately, with its bounds."""
    chart = pair_plot(scenario(), *long_named())
    assert chart is not None
    assert chart.layout.title.text == (
        "Failures concentrate at kill probability given contact, at the … (pocket, drone) above 70.0 %"
    )


def long_named() -> tuple[Discovery, Points]:
    """A discovery that restricts one assumption with a long name, and its futures."""
    box = Box((limit(P_KILL, 0.7, np.inf),), 0.8, 0.9, 0.3)
    values = tuple(np.linspace(0.5, 0.9, 50).tolist())
    return Discovery("", 50, 20, (ALL, box), 1), Points("", (P_KILL,), (values,), tuple(v > 0.7 for v in values))


def test_one_assumption_has_bars() -> None:
    """With one assumption the bars count the failures and the others; the box begins at its limit."""
    discovery, points = planted(1)
    (only,) = discovery.trajectory[discovery.chosen].limits
    chart = pair_plot(scenario(), discovery, points)
    assert chart is not None
    failures, others = chart.data
    assert 0.98 * FUTURES <= sum(failures.y) + sum(others.y) <= FUTURES
    assert sum(failures.y) == pytest.approx(sum(points.cases), abs=0.01 * FUTURES)
    assert chart.layout.shapes[0].x0 == pytest.approx(only.low)
