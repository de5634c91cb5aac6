"""Measures of sets of days, and the scores of the assumptions."""

from datetime import date

import numpy as np
import pytest
from scipy import stats

from octoplan.calibrate.futures import Simulator
from octoplan.calibrate.setup import Period, prepare
from octoplan.campaign.futures import simulate_futures
from octoplan.campaign.tally import TALLIES
from octoplan.executors import executor
from octoplan.outcomes.measures import measures
from octoplan.outcomes.simulate import labelled_run
from octoplan.scenario import load
from octoplan.scenario.scenario import with_files
from tests.calibrate.trial import OBSERVATIONS, trial

PERIOD = Period(date(2026, 1, 1), date(2026, 3, 31))


def figures(key: str) -> str:
    """Cells value to kind of an observation of a measure."""
    if key == "kills/sortie":
        return "0.5,,,0.1,share"
    kinds = {"stopped": "50,,,5,share", "intercepted": "50,,,5,share"}
    money = dict.fromkeys(("spend", "damage", "programme"), "1000,,,5,money")
    return {**kinds, **money}.get(key.partition("/")[0], "1000,,,5,count")


def test_measures_of_months_are_those_of_the_key_results() -> None:
    """Every observable with the key of a key result equals it in each month, for pocket and for octopus."""
    for name, month, keys in (
        ("pocket", "2026-02", ("stopped/drone", "sorties", "kills", "kills/sortie", "made", "delivered", "received",
                               "crews", "kits", "spend", "spend/treasury", "damage", "leakers", "leakers/drone")),
        ("octopus", "2026-02", ("stopped/drones", "stopped/cruise", "intercepted/drones", "sorties/programme",
                                "sorties/others", "kills/others", "kills/sortie", "made/uk", "spend/uk-mod", "damage",
                                "leakers/ballistic", "crews", "kits", "programme/cost", "made", "delivered")),
    ):  # fmt: skip
        scenario = load(name)
        source = next(iter(scenario.sources), "")
        files = {}
        if not source:
            files["sources.csv"], source = "id,title,publisher,date,url,licence\nstudy,A study,,,,\n", "study"
        lines = [f"{month},{key},{figures(key)},{source}," for key in keys]
        text = "\n".join([OBSERVATIONS.splitlines()[0], *lines, ""])
        scenario = with_files(scenario, {**files, "observations.csv": text})
        setup = prepare(scenario, Period(scenario.start, date(2026, 3, 31)), seed=4)
        scores = np.random.default_rng(1).standard_normal((6, len(setup.assumptions.columns)))
        simulated = Simulator(setup.assumptions, setup.targets, 4).measures(scores, 10)
        observed = setup.assumptions.scenario
        draws = setup.assumptions.draws(scores)
        results = simulate_futures(
            observed.compile(), draws, seed=4, first=10, keep=tuple(t.name for t in TALLIES),
            counterfactual=("good", "delivered", "launched", "leaked", "stopped_by", "shots", "damage", "spend"),
        )  # fmt: skip
        run = labelled_run(observed, 4, draws, results, 0.0)
        expected = {measure.key: measure.values for measure in measures(run, month)}
        for column, key in enumerate(keys):
            assert simulated[:, column] == pytest.approx(expected[key], rel=1e-12, nan_ok=True), (name, key)


def test_measures_do_not_depend_on_threads_or_batches() -> None:
    """Futures simulated together, one by one, or on two threads have the same measures, bit for bit."""
    setup = prepare(trial(), PERIOD)
    scores = np.random.default_rng(1).standard_normal((50, len(setup.assumptions.columns)))
    together = Simulator(setup.assumptions, setup.targets, 1).measures(scores, 100)
    with executor(2) as pool:
        threads = Simulator(setup.assumptions, setup.targets, 1, pool).measures(scores, 100)
    single = [Simulator(setup.assumptions, setup.targets, 1).measures(scores[i : i + 1], 100 + i)[0] for i in (0, 49)]
    assert (together == threads).all()
    assert (together[[0, 49]] == single).all()


def test_draws_have_the_distributions_and_correlations_of_the_rows() -> None:
    """Standard normal scores give draws with the marginals of the rows, and the stated rank correlations."""
    scenario = with_files(
        trial(),
        {"correlations.csv": "a,b,rank_correlation,source,note\ncrews.initial,crews.on_duty,0.6,study,\n"},
    )
    assumptions = prepare(scenario, PERIOD).assumptions
    scores = np.random.default_rng(1).standard_normal((4000, len(assumptions.columns)))
    draws = assumptions.draws(scores)
    columns = {name: column for column, name in enumerate(assumptions.scenario.columns)}
    contact = draws[:, columns["engagement.drone.town.p_contact"]]
    assert np.quantile(contact, (0.1, 0.9)) == pytest.approx([0.25, 0.5], rel=0.02)
    pair = draws[:, [columns["crews.initial"], columns["crews.on_duty"]]]
    assert stats.spearmanr(pair).statistic == pytest.approx(0.6, abs=0.04)
    features = assumptions.features(scores)
    for column in ("crews.initial", "crews.on_duty"):
        score = assumptions.position[columns[column]]
        assert stats.spearmanr(features[:, score], draws[:, columns[column]]).statistic == pytest.approx(1.0)


def test_levels_are_within_the_range_of_stated_levels() -> None:
    """Whatever the standard deviation drawn, each level is one that a row of the scenario may state."""
    octopus = load("octopus")
    assumptions = prepare(octopus, Period(octopus.start, date(2025, 12, 31))).assumptions
    scores = np.full((1, len(assumptions.columns)), 3.5)
    draws = assumptions.draws(scores)
    levels = np.array([draws[0, column] for path in assumptions.paths for column in path.levels])
    assert levels.max() == 5.0
    assert levels.min() > 0.1
    assert (assumptions.draws(-scores)[:, [c for path in assumptions.paths for c in path.levels]] >= -5.0).all()
