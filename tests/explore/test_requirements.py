"""Requirements on results: their texts, their words, and the futures that meet them."""

import numpy as np
import pytest

from octoplan.errors import RunError
from octoplan.explore.requirements import (
    Requirement,
    default_requirements,
    outcome,
    parse_requirement,
    parse_requirements,
)
from octoplan.outcomes.measures import measures
from octoplan.outcomes.view import Measure
from octoplan.scenario.arrays import Floats
from tests.outcomes.runs import ranged

MONTHS = ("2026-04", "2026-05", "2026-06", "2026-07", "2026-08")
NONE = np.zeros(0)
MEASURES = (
    Measure("reach/1000", "Units", "first month with 1,000 good units", "month", NONE, "month"),
    Measure("reach/2000", "Units", "first month with 2,000 good units", "month", NONE, "month"),
    Measure("never/2000", "Units", "chance that no month has 2,000 good units", "%", NONE, "chance"),
    Measure("over-budget/mod", "Money", "chance that Ministry exceeds its budget", "%", NONE, "chance"),
    Measure("leakers/excluding-decoys", "Defence", "leakers, excluding decoys", "threats", NONE),
    Measure("stopped/drone", "Defence", "share stopped, Drone", "%", NONE),
    Measure("kills/sortie", "Interceptors", "kills per sortie, all makers", "1", NONE),
    Measure("net-benefit", "Money", "net benefit: damage avoided and spend saved, less cost", "GBP (2025)", NONE),
)


def parsed(text: str) -> Requirement:
    return parse_requirement(text, MEASURES, MONTHS)


def refusal(text: str) -> str:
    with pytest.raises(RunError) as error:
        parsed(text)
    return str(error.value)


@pytest.mark.parametrize(
    ("text", "comparison", "limit", "met", "missed"),
    [
        ("reach/2000 <= 2026-06", "<=", 2, "the programme reaches 2,000 good units a month by June 2026",
         "the programme misses 2,000 good units a month by June 2026"),
        ("reach/2000 by 2026-06", "<=", 2, "the programme reaches 2,000 good units a month by June 2026",
         "the programme misses 2,000 good units a month by June 2026"),
        ("reach/2000 < 2026-06", "<=", 1, "the programme reaches 2,000 good units a month by May 2026",
         "the programme misses 2,000 good units a month by May 2026"),
        ("net-benefit>=0", ">=", 0, "net benefit is at least 0 GBP (2025)", "net benefit is below 0 GBP (2025)"),
        ("net-benefit > 2.5 M GBP", ">", 2.5e6, "net benefit is above 2.5 M GBP (2025)",
         "net benefit is at most 2.5 M GBP (2025)"),
        ("leakers/excluding-decoys <= 10000 threats", "<=", 10_000, "leakers, excluding decoys, are at most 10,000",
         "leakers, excluding decoys, are above 10,000"),
        ("stopped/drone >= 80 %", ">=", 80, "share stopped, Drone, is at least 80 %",
         "share stopped, Drone, is below 80 %"),
        ("kills/sortie < 30 %", "<", 0.3, "kills per sortie, all makers, is below 0.3",
         "kills per sortie, all makers, is at least 0.3"),
        ("over-budget/mod <= 0", "<=", 0, "it does not happen that Ministry exceeds its budget",
         "Ministry exceeds its budget"),
    ],
)  # fmt: skip
def test_a_requirement_is_read_and_written_in_words(
    text: str, comparison: str, limit: float, met: str, missed: str
) -> None:
    """A text has its comparison and its limit in the unit of the measure, and is stated met and missed."""
    requirement = parsed(text)
    assert (requirement.text, requirement.comparison) == (text, comparison)
    assert requirement.limit == pytest.approx(limit)
    assert (requirement.met_text, requirement.missed_text) == (met, missed)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("leakers", "'leakers' is not a requirement; write a measure, a comparison and a limit, such as"),
        ("net-benfit > 0", "there is no measure 'net-benfit'; did you mean 'net-benefit'?"),
        ("reach/2000 <= 2027-06", "2027-06 is not a month of this run, which has 2026-04 to 2026-08"),
        ("reach/2000 <= 3", "reach/2000 is a month; write its limit as 2026-08, not '3'"),
        ("reach/2000 >= 2026-06", "a month can be required at the latest only; write reach/2000 <= 2026-08"),
        ("reach/2000 < 2026-04", "2026-04 is the first month of this run, so that nothing is reached before it"),
        ("net-benefit > 2026-06", "'2026-06' is a month, and net-benefit is not; it is in GBP (2025)"),
        ("net-benefit > 5 EUR", "net-benefit is in GBP (2025), not 'EUR'; write an amount such as 5 M GBP"),
        ("net-benefit > 5 weeks", "net-benefit is in GBP (2025), not 'weeks'; write an amount such as 5 M GBP"),
        ("net-benefit = 5", "'=' is not a comparison of an amount; write one of <=, >=, <, >"),
        ("kills/sortie > 5 kits", "kills/sortie is in a number without unit, not 'kits'"),
        ("leakers/excluding-decoys <= 10,000", "'10,000' has a comma"),
        ("leakers/excluding-decoys <= many", "'many' is not a number"),
        ("never/2000 <= 0.5", "to require that it does not, write never/2000 <= 0"),
    ],
)
def test_a_text_that_is_no_requirement_is_refused(text: str, message: str) -> None:
    """The message quotes the text and says what would be a requirement."""
    assert refusal(text).startswith(f"'{text}'")
    assert message in refusal(text)


def test_all_refusals_are_in_one_message() -> None:
    """A list of texts with errors raises one error with a line for each of them."""
    with pytest.raises(RunError) as error:
        parse_requirements(["reach/2000 by 2026-06", "leakers", "net-benefit = 5"], MEASURES, MONTHS)
    assert [line.partition(" ")[0] for line in str(error.value).splitlines()] == ["'leakers'", "'net-benefit"]


def test_undefined_values_neither_meet_nor_miss() -> None:
    """Undefined results are counted apart; a month that is never reached is missed."""
    result = outcome(parsed("reach/2000 <= 2026-06"), np.array([0.0, 2.0, 3.0, np.inf, np.nan]))
    assert result.met.tolist() == [True, True, False, False, False]
    assert result.missed.tolist() == [False, False, True, True, False]
    assert result.undefined == 1


@pytest.mark.parametrize(
    ("comparison", "met"),
    [
        ("<=", [True, True, False]),
        ("<", [True, False, False]),
        (">=", [False, True, True]),
        (">", [False, False, True]),
    ],
)
def test_limits_are_included_as_stated(comparison: str, met: list[bool]) -> None:
    """A value equal to the limit meets "at least" and "at most", and misses "above" and "below"."""
    assert outcome(parsed(f"kills/sortie {comparison} 0.5"), np.array([0.4, 0.5, 0.6])).met.tolist() == met


def months_measure(target: int, values: list[float]) -> Measure:
    values_array: Floats = np.array(values)
    return Measure(f"reach/{target}", "Units", "", "month", values_array, "month")


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ([np.inf] * 4 + [3.0] * 6, "reach/2000 <= 2026-08"),
        ([1.0] * 5 + [3.0] * 5, "reach/2000 <= 2026-05"),
        ([1.0] + [3.0] * 9, "reach/2000 <= 2026-06"),
        ([np.inf] * 10, "reach/1000 <= 2026-07"),
    ],
    ids=["some never", "half late", "median month is the last", "all never"],
)
def test_the_default_target_is_missed_by_some(values: list[float], text: str) -> None:
    """By default the largest target by the last month, or by an earlier one if almost all reach it by the last."""
    smaller = months_measure(1000, [3.0] * 8 + [4.0] * 2)
    requirements = default_requirements((smaller, months_measure(2000, values)), MONTHS)
    assert [requirement.text for requirement in requirements] == [text]


def test_defaults_of_a_run() -> None:
    """A requirement that all futures meet or miss is no default; the net benefit of some futures is below 0."""
    run = ranged()
    values = measures(run)
    requirements = default_requirements(values, run.compiled.names.months)
    by_key = {measure.key: measure.values for measure in values}
    for requirement in requirements:
        result = outcome(requirement, by_key[requirement.key])
        assert result.met.any()
        assert result.missed.any()
    has_both = bool((by_key["net-benefit"] > 0.0).any() and (by_key["net-benefit"] <= 0.0).any())
    assert ("net-benefit > 0" in [requirement.text for requirement in requirements]) == has_both
