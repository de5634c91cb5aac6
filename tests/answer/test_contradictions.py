"""The answers of random scenarios never contradict their numbers."""

import re
from functools import lru_cache

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from octoplan.answer.answer import answer_of
from octoplan.api import simulate
from octoplan.outcomes.run_results import RunResults
from octoplan.scenario import Scenario, load
from octoplan.show.answer import sentences
from tests.answer.contradictions import contradictions, problems
from tests.answer.test_answer import texts, with_effects
from tests.answer.variants import CHANGES, answer, three_regions

CHOICES: dict[str, tuple[object, ...]] = {
    "output.bench": (0, 1, "x0.1", "x5"),
    "lines.bench": (0, 2),
    "orders.bench.part-set": (0, "x0.2", "x3"),
    "targets.output": ([1], [60], [280], [10_000]),
    "crews.intake": (2, [5, 0, 0]),
    "kits.order": (2, [0, 3, 0]),
    "crews.initial": (0, 1, 6, "0.5 to 4"),
    "kits.initial": (0, 1, 6, "0.5 to 4"),
    "crews.on_duty": (0, 0.3, "0.1 to 0.9"),
    "crews.cost": (0, 1e6),
    "kits.price": (0, 1e8),
    "packages.raid.routine_mean": (0, 0.01, 30, "0.5 to 10"),
    "threats.drone.damage": (0, 1, 1e9, "10 to 1e6 GBP"),
    "layers.missile.cost": (0, 1e9),
    "effects.missile.drone.p": (0, 1),
    "lethality.pocket.drone.p_kill": (0, 1, "0.2 to 0.8"),
    "gates.licence.duration": (0, 40, 400, "5 to 60 days"),
    "plants.bench.line_capital": (0, 1e9),
    "plants.bench.overhead": (0, 1e6, "10 to 1e5 GBP/day"),
    "plants.bench.hours_first": (0.5, 8),
    "finance.optimism_bias": (0.5, "0.1 to 0.5"),
}
"""Decisions and assumptions of pocket at and beyond what is usual; a text is a range from P10 to P90 or a factor."""


@lru_cache(maxsize=2)
def base(name: str) -> Scenario:
    """Pocket, or the scenario with three regions."""
    return load("pocket") if name == "pocket" else three_regions()


@st.composite
def changes(draw: st.DrawFn) -> dict[str, object]:
    """Up to six changes of a scenario."""
    names = draw(st.lists(st.sampled_from(sorted(CHOICES)), max_size=6, unique=True))
    return {name: draw(st.sampled_from(CHOICES[name])) for name in names}


@given(
    name=st.sampled_from(["pocket", "three regions"]), changed=changes(), futures=st.sampled_from([1, 2, 5, 12, 24]),
    seed=st.integers(1, 1000),
)  # fmt: skip
@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow])
def test_an_answer_never_contradicts_its_numbers(
    name: str, changed: dict[str, object], futures: int, seed: int
) -> None:
    scenario = base(name).change(changed) if changed else base(name)
    result = answer_of(RunResults(simulate(scenario, futures, seed)), 8)
    assert result is not None
    assert contradictions(result) == []


@pytest.mark.parametrize("name", list(CHANGES))
def test_the_answers_of_the_variants_agree_with_their_numbers(name: str) -> None:
    assert contradictions(answer(name)) == []


ALTERED = [
    ("makes", "850", "950"),
    ("makes", "does not reach", "reaches"),
    ("stops", r"\((\d+) to (\d+)\)", r"(\2 to \1)"),
    ("stops", "stops 7", "stops 9"),
    ("worth", "It pays on", "It does not pay on"),
    ("worth", "and in", "but only in"),
    ("worth", "every future", "no future"),
    ("worth", "every future", "40 % of futures"),
    ("worth", "costs 1", "costs 2"),
    ("worth", r" M GBP\.$", " k GBP."),
    ("conclusion", "crews with kits", "interceptors"),
    ("limits", r" ± [\d.]+ more", " ± 99 more"),
    ("limits", r"stop [\d.]+", "stop 0.4"),
    ("next_step", "crews with kits", "crews"),
    ("next_step", "save", "cost"),
    ("next_step", r"damage of \d", "damage of 8"),
]
"""Topics of the answer of one crew, and changes of their sentences that make them wrong."""


@pytest.mark.parametrize(("topic", "pattern", "replacement"), ALTERED)
def test_a_wrong_sentence_is_noticed(topic: str, pattern: str, replacement: str) -> None:
    result = answer("one crew")
    text = next(sentence.text for sentence in sentences(result) if sentence.topic == topic)
    altered = re.sub(pattern, replacement, text, count=1)
    assert altered != text
    assert problems(result, topic, text) == []
    assert problems(result, topic, altered) != []


@pytest.mark.parametrize(("pattern", "replacement"), [("stop 3", "stop 4"), ("10 % more units", "10 % more crews")])
def test_a_wrong_comparison_with_interceptors_is_noticed(pattern: str, replacement: str) -> None:
    result = with_effects(answer("ample"), units=3.0, crews=9.0)
    text = texts(result)["limits"]
    altered = text.replace(pattern, replacement)
    assert altered != text
    assert problems(result, "limits", text) == []
    assert problems(result, "limits", altered) != []
