"""The sentences of the answer, and independent simulations of what they claim."""

import json
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from octoplan.answer.answer import Answer, answer_of
from octoplan.answer.answer_file import ANSWER_FILE, answer_text, stored_answer
from octoplan.answer.marginal import Marginal, MarginalAnalysis, marginal_analysis
from octoplan.answer.totals import Effect
from octoplan.answer.turning import is_damage, net_at, turns
from octoplan.api import simulate
from octoplan.errors import StoreError
from octoplan.outcomes.run_results import RunResults
from octoplan.show.answer import note, paragraphs, sentences
from tests.answer.contradictions import contradictions
from tests.answer.variants import REGIONS, answer, run_of, three_regions
from tests.outcomes.runs import ranged


def texts(result: Answer) -> dict[str, str]:
    """The sentences of an answer by topic."""
    return {sentence.topic: sentence.text for sentence in sentences(result)}


@pytest.mark.parametrize(
    ("name", "conclusion"),
    [
        ("few interceptors", "The defence is limited most by interceptors."),
        (
            "one crew",
            "The defence is limited most by crews with kits (interceptor teams with equipment), not by",
        ),
        ("one kit", "The defence is limited most by kits (the equipment of crews), not by interceptors."),
        ("no kits", "The defence is limited most by kits (the equipment of crews), not by interceptors."),
        ("no more parts", "The defence is limited most by kits (the equipment of crews), not by interceptors."),
        ("ample", "Nothing tested limits the defence: none of the 11 changes tested clearly improves it."),
        ("production only", "The output is limited most by"),
        ("nothing made", "Nothing tested limits the defence: none of the 7 changes tested clearly improves it."),
    ],
)
def test_what_limits_the_defence(name: str, conclusion: str) -> None:
    assert texts(answer(name))["conclusion"].startswith(conclusion)


@pytest.mark.parametrize("name", ["few interceptors", "one crew", "one kit", "no kits", "ample", "production only"])
def test_claims_hold_in_other_futures(name: str) -> None:
    """Twice as much of what limits improves the result in other futures; twice as much of what is ample does not."""
    result = answer(name)
    twice = marginal_analysis(run_of(name, 2), 48, more=1.0)
    for item in result.limits[:1]:
        assert result.improvement(twice[item.key]).sign == 1
    for item in result.ample:
        if item.key in twice:
            assert result.improvement(twice[item.key]).sign <= 0


def test_a_programme_that_makes_nothing_says_so() -> None:
    result = texts(answer("nothing made"))
    assert result["makes"] == "The programme makes no interceptors."
    assert result["next_step"] == ("Next: give the assumptions ranges; none of the 7 changes tested clearly pays.")
    assert result["stops"].startswith("It stops no more threats; ")
    assert result["worth"].endswith(" and avoids no damage.")


def test_without_raids_the_answer_is_about_output_and_cost() -> None:
    result = texts(answer("production only"))
    assert set(result) == {"conclusion", "makes", "worth", "confidence", "next_step"}
    assert not re.search("threat|damage|defence", " ".join(result.values()))
    assert "850 interceptors in 3 months" in result["makes"]
    assert "damage" not in result["worth"]


def test_numbers_are_those_of_the_run() -> None:
    """Every number in the sentences on units, leakers and money is a mean or a quantile of the run."""
    result = texts(answer("few interceptors"))
    results = RunResults(run_of("few interceptors"))
    prevented = results.measures["leakers-prevented"].values
    low, high = np.quantile(prevented, (0.1, 0.9))
    assert f"stops {prevented.mean():.3g} more threats ({low:.2g} to {high:.2g}); " in result["stops"]
    assert f"avoids damage of {results.measures['damage/avoided'].values.mean() / 1e6:.3g} M GBP" in result["worth"]
    net = results.net_benefit.mean() / 1e6
    assert re.search(rf"It pays on average, .* future; the mean net benefit is {net:.2f} ± ", result["worth"])


def with_effects(result: Answer, **effects: float) -> Answer:
    """An answer with other effects: by option, the leakers prevented by a little more, all with half-width 1."""
    items = tuple(
        Marginal(
            key, key, f"10 % more {key}", Effect(mean, 1.0), Effect(0.0, 0.0), Effect(1e6, 1e5), Effect(0.0, 1.0),
            Effect(0.0, 1.0),
        )
        for key, mean in effects.items()
    )  # fmt: skip
    return replace(result, marginal=MarginalAnalysis(0.1, 32, items))


def test_the_largest_improvement_is_named_and_compared_with_interceptors() -> None:
    result = texts(with_effects(answer("ample"), units=3.0, crews=9.0, kits=0.5))
    assert result["conclusion"] == "The defence is limited most by crews (teams that operate interceptors)."
    assert result["limits"] == (
        "10 % more crews would cost 1.00 ± 0.10 M GBP and stop 9.0 ± 1.0 more threats; 10 % more units would stop "
        "3.0 ± 1.0."
    )


def test_changes_that_may_be_equal_are_not_ranked() -> None:
    """The larger of two improvements that may be equal is named, but not as what limits the defence most."""
    result = texts(with_effects(answer("ample"), crews=5.0, kits=4.5))
    assert result["conclusion"].startswith("The defence is limited by crews ")


def test_an_improvement_must_be_clear_among_all_changes_tested() -> None:
    """An effect of 1.2 half-widths is above zero by itself, but not as one of ten changes."""
    alone = with_effects(answer("ample"), crews=1.2)
    ten = with_effects(answer("ample"), crews=1.2, **{f"other-{i}": 0.0 for i in range(9)})
    assert texts(alone)["conclusion"].startswith("The defence is limited most by crews")
    assert (
        texts(ten)["conclusion"]
        == "Nothing tested limits the defence: none of the 10 changes tested clearly improves it."
    )


def test_an_improvement_of_less_than_one_per_cent_limits_nothing() -> None:
    """A clear effect below the smallest relevant one is not named as what limits; the text says from which size."""
    result = with_effects(answer("ample"), crews=5.0, kits=0.0)
    for smallest, limits in ((5.0, "The defence is limited most by crews"), (5.1, "Nothing tested limits the defence")):
        items = replace(result, marginal=replace(result.marginal, smallest=smallest))
        assert texts(items)["conclusion"].startswith(limits)
    assert texts(items)["conclusion"].endswith(
        "none of the 2 changes tested clearly improves it by at least 1 % of the leakers."
    )


@pytest.mark.parametrize("name", ["few interceptors", "production only"])
def test_the_smallest_relevant_improvement_is_one_per_cent(name: str) -> None:
    """It is 1 % of the mean leakers or, without raids, of the mean units made in the futures simulated."""
    result = answer(name)
    tally = run_of(name).data["leaked" if result.has_raids else "good"].values[: result.marginal.futures]
    assert result.marginal.smallest == pytest.approx(0.01 * tally.sum() / result.marginal.futures)


def test_one_future_gives_no_interval() -> None:
    """With one future the answer states what happened in it, and that nothing is known of the average."""
    result = answer_of(RunResults(simulate("pocket", 1, 1)))
    assert result is not None
    text = texts(result)
    assert re.match(r"It stops [\d.]+ more threats; [\d.]+ still reach their targets\.$", text["stops"])
    assert text["worth"].endswith("unknown, because one future gives no confidence interval.")
    assert " saves " in text["worth"]
    assert text["conclusion"] == "What limits the defence is unknown, because one future gives no confidence interval."
    assert text["confidence"] == "Confidence is unknown: one future gives no confidence interval."
    assert text["next_step"] == "Next: simulate more futures."
    assert "unclear" not in str(text)
    assert "clearly" not in str(text)
    assert "over one future of the run" in note(result)
    assert "variance" not in note(result)


def test_changes_over_one_future_give_no_interval() -> None:
    """After a run of several futures whose changes were simulated over one, only what limits the defence is unknown."""
    result = answer_of(RunResults(simulate("pocket", 4, 1)), 1)
    assert result is not None
    text = texts(result)
    assert "the mean net benefit is" in text["worth"]
    assert text["conclusion"] == (
        "What limits the defence is unknown, because the changes were simulated over one future only."
    )
    assert text["next_step"] == "Next: simulate the changes over more futures."
    assert not contradictions(result)


def test_three_regions_have_unequal_shares() -> None:
    """The shares of the threats launched at each region are those of the variant, within three standard errors."""
    launched = simulate(three_regions(), 24, 1).data["launched"].sum(("month", "threat")).values
    names = list(three_regions().names.regions)
    shares, errors = (
        launched.mean(0) / launched.sum(1).mean(),
        launched.std(0, ddof=1) / 24**0.5 / launched.sum(1).mean(),
    )
    expected = np.array([REGIONS[name] for name in names]) / sum(REGIONS.values())
    assert (np.abs(shares - expected) <= 3.0 * errors).all()
    assert np.ptp(shares) > 0.25


def test_the_damage_of_a_leaker_needs_no_simulation() -> None:
    """The net benefit with another mean damage, from the tallies of the run, is that of a simulation, bit for bit."""
    run = simulate(ranged().scenario, 24, 1)
    column = run.scenario.columns.index("threats.drone.damage")
    assert is_damage(run.scenario.assumptions[column])
    for value in (10.0, 4e5):
        net, status = net_at(run, column, value, 16, None, None)
        same, same_status = net_at(run, column, value, 16, None, None, simulate=False)
        assert np.array_equal(net, same)
        assert np.array_equal(status, same_status)


def test_the_executor_does_not_change_the_answer() -> None:
    """With an executor, the analyses of the answer run at the same time, with the same results."""
    results = RunResults(run_of("few interceptors"))
    with ThreadPoolExecutor(2) as pool:
        numbers = [answer_of(results, 4, executor=executor) for executor in (None, pool)]
    alone, together = (answer_text(item, [(s.topic, s.text) for s in sentences(item)]) for item in numbers if item)
    assert together == alone


def test_the_answer_depends_on_an_assumption() -> None:
    """With damage of a leaker from small to large, the programme of the run with ranges pays at one end only."""
    scenario = ranged().scenario.change({"threats.drone.damage": "10 to 4000 GBP", "layers.missile.cost": 0})
    results = RunResults(simulate(scenario, 120, 1))
    items = turns(results, 32)
    assert items[0].name == "threats.drone.damage"
    assert items[0].turns_over
    assert items[0].low.mean < 0.0 < items[0].high.mean
    result = answer_of(results)
    assert result is not None
    text = texts(result)
    assert re.fullmatch(
        r"The programme pays if this value is [\d,]+ GBP, and does not if it is [\d,]+ GBP\.", text["turning"]
    )
    assert text["confidence"].endswith(", depending most on the mean damage of one leaker (drone).")
    stated = re.search(r"the net benefit is (-[\d,]+) ± [\d,]+ GBP at \d+ GBP and ", note(result))
    assert stated is not None
    assert float(stated[1].replace(",", "")) == pytest.approx(result.turning[0].low.mean, rel=0.02)
    assert text["confidence"].startswith("Confidence is low")


def test_the_file_of_an_answer_gives_the_same_answer(tmp_path: Path) -> None:
    result = answer("few interceptors")
    parts = [(sentence.topic, sentence.text) for sentence in sentences(result)]
    (tmp_path / ANSWER_FILE).write_text(answer_text(result, parts), "utf-8")
    again = stored_answer(tmp_path, result.results)
    assert again is not None
    assert (again.marginal, again.spreads, again.turns) == (result.marginal, result.spreads, result.turns)
    assert paragraphs(again) == paragraphs(result)
    content = json.loads((tmp_path / ANSWER_FILE).read_text("utf-8"))
    assert [part["text"] for part in content["answer"]] == [text for _, text in parts]
    (tmp_path / ANSWER_FILE).write_text('{"marginal": {}}', "utf-8")
    with pytest.raises(StoreError, match=r"answer\.json cannot be read"):
        stored_answer(tmp_path, result.results)
    (tmp_path / ANSWER_FILE).unlink()
    assert stored_answer(tmp_path, result.results) is None


def counted_words(text: str) -> list[str]:
    """The words of a text, without figures, their units and their ranges."""
    tokens = re.findall(r"[A-Za-z'-]*[A-Za-z]", re.sub(r"\(\S+ to \S+\)", "", text))
    return [word for word in tokens if word not in ("M", "k", "GBP")]


def test_an_answer_is_short() -> None:
    """At most 120 words, with the terms of the trade explained and with an assumption that decides whether it pays."""
    scenario = ranged().scenario.change(
        {"threats.drone.damage": "10 to 4000 GBP", "layers.missile.cost": 0, "kits.initial": 1}
    )
    result = answer_of(RunResults(simulate(scenario, 64, 1)))
    assert result is not None
    assert {"turning", "limits"} <= set(texts(result))
    answers = (result, answer("few interceptors"), answer("one crew"))
    assert all(len(counted_words(" ".join(paragraphs(item)))) <= 120 for item in answers)
