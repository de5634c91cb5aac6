"""The front pages of a report: results as text, with the number of futures in which they are defined."""

from dataclasses import replace

from octoplan.answer.answer import answer_of
from octoplan.api import simulate
from octoplan.outcomes.run_results import RunResults
from octoplan.show.answer import sentences
from octoplan.show.front import answer_parts, answer_rows, period, proposal, reading
from tests.answer.variants import run_of
from tests.outcomes.runs import octopus, pocket


def test_the_answer_gives_the_number_of_futures_of_a_result() -> None:
    """A cost per kill that is undefined in one future has the number of futures in which it is defined."""
    run = pocket()
    data = run.data.copy(deep=True)
    for name in ("kills", "spend"):
        data[name].loc[{"future": 3}] = 0
    titles = [row.title for row in answer_rows(RunResults(replace(run, data=data)))]
    assert [title for title in titles if title.endswith("(defined in 59 of 60 futures)")]
    assert not [row.title for row in answer_rows(RunResults(run)) if "defined in" in row.title]


def test_the_first_page_has_every_sentence_of_the_answer_once() -> None:
    """The sentences are those of the answer; how sure it is and what to do next have their own headings."""
    answer = answer_of(RunResults(pocket()), 4)
    assert answer is not None
    texts = {sentence.topic: sentence.text for sentence in sentences(answer)}
    parts = answer_parts(answer)
    assert parts is not None
    assert parts.confidence == texts["confidence"]
    assert f"Next: {parts.next_step}".casefold() == texts["next_step"].casefold()
    assert parts.main == " ".join(text for topic, text in texts.items() if topic not in {"confidence", "next_step"})
    assert answer_parts(None) is None


def test_the_proposal_is_that_of_the_decisions() -> None:
    """The interceptors, crews and kits of the decisions are added up over the months."""
    both, start = "With and without the programme,", "in addition to those at the start."
    assert proposal(pocket()) == (
        f"Proposed in 3 months: 900 interceptors requested from 1 plant. Plants make fewer than requested if gates "
        f"are passed late, or if workers, lines or parts are short. {both} no crews are trained and no kits "
        f"are ordered {start}"
    )
    scenario = pocket().scenario.change({"crews.intake": 20, "kits.order": 400, "output.bench": 0})
    assert proposal(simulate(scenario, 2)) == (
        f"Proposed in 3 months: no interceptors. {both} 60 crews are trained and 1,200 kits are ordered {start}"
    )


def test_the_first_page_explains_its_ranges_and_terms() -> None:
    """Leakers are explained if there are raids, and decoys if there are any; the period is in words."""
    assert "Leakers are threats that reach their targets, and decoys drones without a warhead." in reading(octopus())
    assert reading(pocket()).endswith("Leakers are threats that reach their targets.")
    assert "Leakers" not in reading(run_of("production only"))
    assert period(pocket()) == "Simulated months: January 2026 to March 2026"
