"""Findings with made-up numbers, for tests of texts, tables, folder and page."""

from dataclasses import replace

from octoplan.explore.findings import ComparedDecision, Exploration, Findings, Result
from octoplan.explore.results import (
    CHANCE,
    OTHERS,
    Convergence,
    Estimate,
    Impact,
    InfoGap,
    Information,
    InformationValues,
    Purchase,
    Ranking,
    Robustness,
    SampleSize,
    Share,
    SwitchingValue,
    TornadoBar,
)
from octoplan.scenario import Scenario, load

DAMAGE, P_KILL, LEAD = "threats.drone.damage", "lethality.pocket.drone.p_kill", "suppliers.works.lead"


def around(value: float, half: float) -> Estimate:
    """An estimate with an interval around it."""
    return Estimate(value, value - half, value + half)


def sample_scenario() -> Scenario:
    """The scenario of the made-up findings: three assumptions of ``pocket`` have ranges."""
    return load("pocket").change({DAMAGE: "50000 to 200000", P_KILL: "0.6 to 0.9", LEAD: "5 to 15 days"})


def sample_exploration() -> Exploration:
    """An exploration with made-up numbers in every part that has a text."""
    scenario = sample_scenario()
    return Exploration(scenario, sample_findings(scenario), {"rank": 1.5, "decisions": 2.25})


def sample_findings(scenario: Scenario) -> Findings:
    """The made-up findings."""
    output = Result("made", "good units made", "units", "amount", around(850.0, 12.0), 800.0, 900.0)
    net = Result("net-benefit", "net benefit", "GBP (2025)", "amount", around(-2.1e6, 0.3e6), -9e6, 4e6)
    return Findings(
        version="0.0",
        scenario_hash=scenario.hash,
        seed=7,
        futures=256,
        failed=3,
        money="GBP (2025)",
        results=(output, net),
        decisions=(ComparedDecision("as-decided", "As decided"), ComparedDecision("no", "No programme")),
        rankings=(ranking(output), replace(ranking(net), note="The order of the first two factors is not settled.")),
        switching=(
            SwitchingValue(
                DAMAGE,
                around(72_000.0, 9_000.0),
                0.3,
                "no",
                "as-decided",
                at_ends=(around(-1e6, 1e5), around(1e6, 1e5)),
            ),
            SwitchingValue(
                P_KILL, Estimate(float("nan"), float("nan"), float("nan")), float("nan"), "as-decided", "no"
            ),
        ),
        tornado=(bar("made", 850.0, 12.0), bar("net-benefit", -2.1e6, 1e6)),
        impacts=tuple(impact_of(row) for row in scenario.columns),
        information=information(),
        robustness=(robustness("as-decided", "As decided", 1e6), robustness("no", "No programme", 0.0)),
        info_gap=(
            InfoGap("as-decided", (0.0, 0.5, 1.0), (around(2e6, 1e5), around(1e6, 1e5), around(-1e6, 1e5)), 0.75),
        ),
        mix=(purchase("kits", "20 more kits", clear=True), purchase("crews", "5 more crews", clear=False)),
        sample_sizes=(SampleSize("made", "Good units made", "units", 6.0, 256, 3.0, 1024),),
        notes=("reach/2000 is defined in no future and is not explored.",),
    )


def bar(measure: str, mean: float, half: float) -> TornadoBar:
    """A bar of the damage of a leaker."""
    ends = around(mean - half, 0.1 * half), around(mean + half, 0.1 * half)
    return TornadoBar(DAMAGE, measure, (5e4, 2e5), *ends, around(2.0 * half, 0.2 * half), mean, 64)


def impact_of(name: str) -> Impact:
    """The impact of an assumption: red for the damage of a leaker."""
    return Impact(name, "red" if name == DAMAGE else "green", f"a reason for {name}")


def ranking(result: Result) -> Ranking:
    """A ranking with a designed sample."""
    shares = (
        Share(DAMAGE, "damage", around(0.42, 0.03), around(0.5, 0.04)),
        Share(P_KILL, "kill", around(0.2, 0.03), around(0.24, 0.04), is_correlated=True),
        Share(OTHERS, "all other assumptions", around(0.01, 0.02), around(0.02, 0.02)),
        Share(CHANCE, "chance", None, around(0.3, 0.05)),
    )
    convergence = tuple(
        Convergence(name, (64, 128, 256), (around(0.3, 0.2), around(0.38, 0.1), around(0.42, 0.05)))
        for name in (DAMAGE, P_KILL)
    )
    from_run = (*shares[:2], Share(LEAD, "lead", around(0.001, 0.01)))
    return Ranking(result.key, result.title, 253, 3, from_run, shares, convergence)


def information() -> InformationValues:
    """Values of information, with a trial that pays."""
    trials = tuple(
        Information("sorties", "Test sorties", around(value, 2e5), size, 3000.0 * size)
        for size, value in ((50, 0.9e6), (100, 1.5e6), (200, 1.8e6), (400, 1.9e6))
    )
    partial = (Information(DAMAGE, "damage", around(2.5e6, 6e5)), Information(P_KILL, "kill", around(1e5, 3e5)))
    return InformationValues(("as-decided", "no"), around(4e6, 7e5), around(9e6, 1e6), partial, trials)


def robustness(name: str, title: str, mean: float) -> Robustness:
    """How one decision does."""
    return Robustness(
        name, title, around(mean, 5e5), around(2e6 - mean, 3e5), around(6e6 - mean, 9e5), 12e6, around(0.6, 0.06),
        around(-8e6, 1e6), around(0.55, 0.06), 0.9,
    )  # fmt: skip


def purchase(key: str, title: str, *, clear: bool) -> Purchase:
    """One purchase."""
    per_million = around(3.1e6, 0.6e6) if clear else around(0.8e6, 0.9e6)
    return Purchase(key, title, around(1e6, 2e4), around(12.0, 4.0), around(3.1e6, 6e5), per_million, clear)
