"""An exploration of a small scenario from its run: what it finds, what it refuses, and that it repeats to the bit."""

from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

import pytest

from octoplan.api import simulate
from octoplan.errors import RunError
from octoplan.exploration import Exploration, explore_scenario, read_exploration
from octoplan.explore.folder import exploration_files
from octoplan.explore.impact import RATINGS
from octoplan.explore.results import CHANCE
from octoplan.outcomes.run import Run
from tests.explore.sample_findings import DAMAGE, LEAD, P_KILL, sample_scenario

FUTURES = 64


@cache
def sample_run() -> Run:
    """A run of the small scenario."""
    return simulate(sample_scenario(), FUTURES, seed=3)


@cache
def sample_result() -> Exploration:
    """An exploration of this run with default settings."""
    return explore_scenario(sample_run())


def test_decisions_and_robustness() -> None:
    """The scenario's decisions are compared with no programme; in each future one of them has no regret."""
    findings = sample_result().findings
    assert [decision.name for decision in findings.decisions] == ["as-decided", "no-programme"]
    assert [row.name for row in findings.robustness] == ["as-decided", "no-programme"]
    first, second = findings.robustness
    assert second.mean.value == 0.0
    assert first.best.value + second.best.value == pytest.approx(1.0)
    assert first.regret_mean.value - second.regret_mean.value == pytest.approx(second.mean.value - first.mean.value)


def test_ranking() -> None:
    """Each result that varies is ranked: from the run, and from a designed sample with chance as a factor."""
    findings = sample_result().findings
    ranking = next(ranking for ranking in findings.rankings if ranking.measure == "net-benefit")
    assert {share.name for share in ranking.from_run} == {DAMAGE, P_KILL, LEAD}
    assert [share.name for share in ranking.designed][-1] == CHANCE
    assert ranking.designed_futures == FUTURES
    assert any("reach/2000" in note for note in findings.notes)
    assert "reach/2000" not in {ranking.measure for ranking in findings.rankings}


def test_tornado_and_impacts() -> None:
    """Bars are those of the results explored; every assumption has an impact, which the saved log has."""
    findings = sample_result().findings
    assert {bar.measure for bar in findings.tornado} == {result.key for result in findings.results}
    assert [impact.name for impact in findings.impacts] == list(sample_scenario().columns)
    rating = {impact.name: impact.rating for impact in findings.impacts}
    assert rating["lanes.road.transit"] == RATINGS[-1]
    assert rating[DAMAGE] in ("red", "amber")


def test_all_fixed() -> None:
    """A scenario without ranges is explored as far as it can be, with a note."""
    findings = explore_scenario("pocket", 64).findings
    assert findings.rankings == ()
    assert any("No assumption of Pocket has a range" in note for note in findings.notes)
    assert len(findings.robustness) == 2


def test_information() -> None:
    """Each assumption has a value of information, at most that of knowing chance too."""
    information = sample_result().findings.information
    assert information is not None
    assert {item.name for item in information.partial} == {DAMAGE, P_KILL, LEAD}
    assert information.perfect.value <= information.clairvoyant.value


def test_trials(tmp_path: Path) -> None:
    """A trial of the settings has a value and a cost for each size."""
    path = tmp_path / "explore.toml"
    path.write_text(
        f'[trials.tests]\ntitle = "Test sorties"\nkind = "sorties"\ninforms = "{P_KILL}"\nsizes = [10, 40]\n'
        'price = "1 kGBP"\n'
    )
    findings = explore_scenario(sample_run(), settings=path, measures=["net-benefit"]).findings
    assert findings.information is not None
    assert [(row.size, row.cost) for row in findings.information.trials] == [(10, 10_000.0), (40, 40_000.0)]


def test_groups(tmp_path: Path) -> None:
    """A group of the settings is a factor of the designed sample, and has a value of information."""
    path = tmp_path / "explore.toml"
    path.write_text('[groups]\nenemy = ["threats.*", "suppliers.*"]\n')
    findings = explore_scenario(sample_run(), settings=path, measures=["net-benefit"]).findings
    assert findings.information is not None
    assert "enemy" in {item.name for item in findings.information.partial}
    assert "enemy" in {share.name for share in findings.rankings[0].designed}


def test_discovery_of_stated_requirements(tmp_path: Path) -> None:
    """A stated requirement is examined in all futures, with the draws of what its box and its tree restrict."""
    median = sample_result().findings.result("net-benefit")
    path = tmp_path / "explore.toml"
    path.write_text(f'requirements = ["net-benefit >= {0.5 * (median.p10 + median.p90):.0f}"]\n')
    findings = explore_scenario(sample_run(), settings=path, measures=["net-benefit"]).findings
    ((discovery,), (points,)) = findings.discoveries, findings.points
    assert discovery.futures == len(points.cases) == FUTURES
    assert discovery.cases == sum(points.cases)
    assert [len(column) for column in points.draws] == [FUTURES] * len(points.names)
    assert {limit.name for limit in discovery.trajectory[discovery.chosen].limits} <= set(points.names)


def test_a_requirement_that_is_always_met(tmp_path: Path) -> None:
    """A requirement that no future misses is refused before anything else is simulated."""
    path = tmp_path / "explore.toml"
    path.write_text('requirements = ["made >= 0"]\n')
    with pytest.raises(RunError, match="is met in all 64 futures"):
        explore_scenario(sample_run(), settings=path)


def test_info_gap() -> None:
    """The decisions of the scenario are examined at each horizon, with the net benefit as requirement."""
    (curve,) = sample_result().findings.info_gap
    assert curve.decision == "as-decided"
    assert curve.limit == 0.0
    assert {item.name for item in curve.moved} <= {DAMAGE, P_KILL, LEAD}


def test_same_bits_on_two_threads() -> None:
    """The files are the same from a run and from its scenario, on one thread and on two."""
    with ThreadPoolExecutor(2) as pool:
        again = explore_scenario(sample_scenario(), FUTURES, seed=3, executor=pool)
    first, second = (exploration_files(item) for item in (sample_result(), again))
    assert first.pop("seconds.json") != ""
    assert second.pop("seconds.json") != ""
    assert first == second
    assert again.page == sample_result().page


def test_saved_and_read(tmp_path: Path) -> None:
    """A saved exploration gives the same page and tables."""
    sample_result().save(tmp_path / "explored")
    read = read_exploration(tmp_path / "explored")
    assert read.page == sample_result().page == (tmp_path / "explored" / "explore.html").read_text("utf-8")
    assert read.tables.keys() == sample_result().tables.keys()
    log = (tmp_path / "explored" / "assumptions.csv").read_text("utf-8").splitlines()
    assert log[0].endswith(",impact,impact_reason")


def test_own_decisions(tmp_path: Path) -> None:
    """Decisions of the settings are compared instead of the default ones."""
    path = tmp_path / "explore.toml"
    path.write_text('[decisions.half]\ntitle = "Half the output"\nchanges = { "output.bench" = "x0.5" }\n')
    findings = explore_scenario(sample_run(), settings=path).findings
    assert findings.decision_title("half") == "Half the output"
    assert [row.name for row in findings.robustness] == ["as-decided", "no-programme", "half"]


def test_unknown_measure() -> None:
    """An unknown measure is refused with the nearest name."""
    with pytest.raises(RunError, match="did you mean 'leakers'"):
        explore_scenario(sample_run(), measures=["leakerz"])


def test_chosen_measures() -> None:
    """Only the measures asked for are explored, once each."""
    findings = explore_scenario(sample_run(), measures=["made", "leakers", "made"]).findings
    assert [result.key for result in findings.results] == ["made", "leakers"]


def test_too_few_futures() -> None:
    """A run with too few futures is refused."""
    with pytest.raises(RunError, match="at least 32 finished futures are needed"):
        explore_scenario("pocket", futures=16)


def test_no_counterfactual() -> None:
    """A run without the counterfactual is refused."""
    with pytest.raises(RunError, match="without the counterfactual"):
        explore_scenario(simulate("pocket", 32, counterfactual=False))


def test_card() -> None:
    """A notebook shows the conclusion."""
    assert "short of the best decision" in sample_result()._repr_html_()
