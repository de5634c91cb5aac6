"""The key results of the scenario pocket, compared with the hand calculation in its README."""

from math import inf, isnan
from pathlib import Path

import numpy as np
import pytest

from octoplan.api import Run, simulate
from octoplan.errors import RunError, Unfinished
from octoplan.outcomes.measures import measures
from octoplan.outcomes.simulate import tallies_to_keep, to_dataset
from octoplan.outcomes.view import Measure
from octoplan.scenario import load
from octoplan.scenario.arrays import Floats
from tests.outcomes.runs import FUTURES, changed, octopus, pocket


def values(run: Run, key: str, month: str | None = None, *, nominal: bool = False) -> Floats:
    """(futures,) values of a measure."""
    by_key: dict[str, Measure] = {m.key: m for m in measures(run, month, nominal=nominal)}
    return by_key[key].values


def total(run: Run, name: str, **where: str) -> Floats:
    """(futures,) sums of a tally over all other axes."""
    return run.data[name].sel(where).sum([d for d in run.data[name].sel(where).dims if d != "future"]).values


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("made", 850),
        ("delivered", 830),
        ("share/home", 100),
        ("programme/cost", 156_600 - 18_000),
        ("jobs/home", 1700 / (1825 * 90 / 365.25)),
        ("jobs/indirect/home", 0),
        ("value-added/home", 0.5 * (90_000 + 34_000 + 8_500 + 850 + 1_000)),
        ("unit-cost/bench", (90_000 + 34_000 + 8_500 + 850 + 4_250 + 1_000) / 850),
        ("missiles/kill", 500_000 / 0.5),
        ("plants/gate", 100 * 5 / 90),
        ("plants/met", 100 * 85 / 90),
        ("plants/part/part-set", 0),
        ("spend/optimism-bias", 0),
        ("crews", 20),
        ("reach/1000", inf),
        ("never/1000", 1),
    ],
)
def test_pocket_by_hand(key: str, expected: float) -> None:
    """Every future has the values of the hand calculation."""
    assert values(pocket(), key) == pytest.approx(np.full(FUTURES, expected), rel=1e-12)


@pytest.mark.parametrize(
    ("month", "good_units", "delivered"), [("2026-01", 260, 240), ("2026-02", 280, 280), ("2026-03", 310, 310)]
)
def test_a_month_of_pocket_by_hand(month: str, good_units: int, delivered: int) -> None:
    """The key results of a month cover only that month, and omit measures that need the whole run."""
    table = pocket().month(month)
    assert (table["made"].interval.p50, table["delivered"].interval.p50) == (good_units, delivered)
    assert table.period == month
    assert not {"present-value", "reach/1000", "never/1000"} & {row.key for row in table}


def test_months_add_up_to_the_run() -> None:
    """Counts and money of the months sum to those of the run in each future."""
    for run in (pocket(), octopus()):
        months = run.compiled.names.months
        added = f"value-added/{run.compiled.names.countries[0]}"
        for key in ("made", "sorties", "kills", "leakers", "damage", "spend", "missiles/money", added):
            assert sum(values(run, key, month) for month in months) == pytest.approx(values(run, key), rel=1e-9)


def test_ratios_of_pocket() -> None:
    """Cost per kill, exchange ratio and kills per sortie are ratios of sums in each future; a threat costs 30,000."""
    run = pocket()
    kills, sorties = total(run, "kills"), total(run, "sorties")
    assert values(run, "cost/kill") == pytest.approx(156_600 / kills, rel=1e-12)
    assert values(run, "exchange") == pytest.approx(156_600 / kills / 30_000, rel=1e-12)
    assert values(run, "kills/sortie") == pytest.approx(kills / sorties, rel=1e-12)
    assert values(run, "sorties/share") == pytest.approx(100 * sorties / 830, rel=1e-12)
    assert values(run, "missiles/money") == pytest.approx(1e6 * kills, rel=1e-12)


def test_effects_of_the_programme_are_for_the_same_raids() -> None:
    """In the counterfactual the missile layer engages every threat of the same raids; differences are paired."""
    run = pocket()
    assert (run.counterfactual["launched"] == run.data["launched"]).all()
    before = run.counterfactual["leaked"].sum(["month", "region", "threat"]).values
    assert values(run, "leakers-prevented") == pytest.approx(before - total(run, "leaked"))
    assert values(run, "damage/avoided") == pytest.approx(100_000 * (before - total(run, "leaked")))
    assert values(run, "kills/additional") == pytest.approx(total(run, "kills"))
    fired = total(run, "launched") - total(run, "shots", layer="missile")
    assert values(run, "missiles/saved") == pytest.approx(fired)


def test_stopped_shares() -> None:
    """A package with one class has the stopped share of that class: launched threats that did not leak."""
    run = pocket()
    share = 100 * (1 - total(run, "leaked") / total(run, "launched"))
    assert values(run, "stopped/raid") == pytest.approx(share)
    assert values(run, "stopped/drone") == pytest.approx(share)


def test_defence_of_octopus_is_that_of_its_tallies() -> None:
    """With several regions, classes and packages, every measure has the threats of its class or package."""
    run = octopus()
    threats, package_of = run.compiled.names.threats, run.compiled.template.threats["package"]
    launched, leaked = ({t: total(run, name, threat=t) for t in threats} for name in ("launched", "leaked"))
    for threat in threats:
        assert values(run, f"leakers/{threat}").tolist() == leaked[threat].tolist()
        assert values(run, f"stopped/{threat}") == pytest.approx(100 * (1 - leaked[threat] / launched[threat]))
    for i, package in enumerate(run.compiled.names.packages):
        members = [t for t, owner in zip(threats, package_of, strict=True) if owner == i]
        arrived, leakers = sum(launched[t] for t in members), sum(leaked[t] for t in members)
        kills = sum(total(run, "kills", threat=t) for t in members)
        assert values(run, f"launched/{package}") == pytest.approx(arrived)
        assert values(run, f"stopped/{package}") == pytest.approx(100 * (1 - leakers / arrived), rel=1e-12)
        assert values(run, f"intercepted/{package}") == pytest.approx(100 * kills / (arrived - leakers), rel=1e-12)
    real = [t for t, decoy in zip(threats, run.compiled.template.threats["decoy"], strict=True) if decoy != 1]
    assert 0 < len(real) < len(threats)
    assert values(run, "leakers/excluding-decoys") == pytest.approx(sum(leaked[t] for t in real))
    without = run.counterfactual["leaked"].sel(threat=real).sum(["month", "region", "threat"]).values
    prevented = without - sum(leaked[t] for t in real)
    assert values(run, "leakers-prevented/excluding-decoys") == pytest.approx(prevented)
    per_leaker = np.where(prevented > 0, values(run, "programme/cost") / np.where(prevented > 0, prevented, 1), inf)
    assert values(run, "programme/cost/leaker") == pytest.approx(per_leaker, rel=1e-12)


def test_programme_and_other_makers_are_distinguished() -> None:
    """In octopus the designs identify the maker of each sortie and kill, and the makers sum to the total."""
    run = octopus()
    for key in ("kills", "sorties"):
        parts = values(run, f"{key}/programme") + values(run, f"{key}/others")
        assert parts == pytest.approx(values(run, key))
    assert (values(run, "kills/programme") == total(run, "kills", design="octopus")).all()


def test_a_design_of_both_makers_is_reported_as_shared() -> None:
    """If other makers produce the programme's design, as in pocket, kills are reported as shared."""
    keys = {row.key for row in pocket().key_results()}
    assert "kills/shared" in keys
    assert not {"kills/programme", "kills/others"} & keys


def test_limiting_factors_add_up() -> None:
    """Each region-night, and each plant-day with requested output, is counted once."""
    for run in (pocket(), octopus()):
        for prefix in ("nights/", "plants/"):
            shares = [m.values for m in measures(run) if m.key.startswith(prefix)]
            assert np.sum(shares, axis=0) == pytest.approx(np.full(run.futures, 100.0))


def test_spend_by_payer_sums_to_the_spend() -> None:
    """Every payment has one payer."""
    run = octopus()
    paid = sum(values(run, f"spend/{payer}") for payer in run.compiled.names.payers)
    assert paid == pytest.approx(values(run, "spend"), rel=1e-9)


def test_present_value_discounts_the_middle_of_each_month(tmp_path: Path) -> None:
    """At 10 % a year a month's spend counts (1.1)^-t, t in years from the start to the middle of the month."""
    run = simulate(changed(tmp_path / "s", assumptions={"finance.discount_rate,0": "finance.discount_rate,0.1"}), 4)
    spend = run.data["spend"].sum(["cost", "payer"]).values
    factor = 1.1 ** -(np.array([15.5, 31 + 14, 59 + 15.5]) / 365.25)
    assert values(run, "present-value") == pytest.approx(spend @ factor, rel=1e-12)


def test_nominal_inflates_from_the_price_base(tmp_path: Path) -> None:
    """At 10 % a year, prices of mid-2025 are inflated by the years to the middle of each month; real ones are not."""
    run = simulate(changed(tmp_path / "s", assumptions={"GBP.inflation,0": "GBP.inflation,0.1"}), 4)
    spend = run.data["spend"].sum(["cost", "payer"]).values
    since = 184 / 365.25  # 1 July 2025 to 1 January 2026
    factor = 1.1 ** (since + np.array([15.5, 31 + 14, 59 + 15.5]) / 365.25)
    assert values(run, "spend", nominal=True) == pytest.approx(spend @ factor, rel=1e-12)
    assert values(run, "spend") == pytest.approx(spend.sum(axis=1), rel=1e-12)
    kills = run.data["kills"].sum(["region", "design", "threat"]).values
    interceptors = run.data["spend"].drop_sel(cost="layers").sum(["cost", "payer"]).values
    expected = (interceptors @ factor) / (30_000 * (kills @ factor))
    assert values(run, "exchange", nominal=True) == pytest.approx(expected, rel=1e-12)
    assert run.key_results(nominal=True)["spend"].unit == "GBP (nominal)"


def test_budget(tmp_path: Path) -> None:
    """A very small budget is exceeded in every future, a very large budget in none."""
    for limit, expected in (("1 GBP", 100), ("1000 MGBP", 0)):
        scenario = changed(tmp_path / limit, decisions={"[doctrine]": f'[budget]\ntreasury = "{limit}"\n[doctrine]'})
        assert simulate(scenario, 3).key_results()["over-budget/treasury"].interval.mean == expected


def test_first_month_with_an_output(tmp_path: Path) -> None:
    """With lines for 1,100 units per month from February, 1,000 units are first reached in February, month 1."""
    many = {
        "bench = [310, 280, 310]": "bench = [310, 1100, 1100]",
        "bench = 1 ": "bench = 9 ",
        "bench = 1\n": "bench = 9\n",
    }
    text = load("pocket").files["decisions.toml"].decode()
    scenario = changed(
        tmp_path / "s",
        decisions={old: new for old, new in many.items() if old in text}
        | {"part-set = [620, 560, 620]": "part-set = [5000]"},
        assumptions={"plants.bench.heads,2": "plants.bench.heads,20"},
    )
    row = simulate(scenario, 3).key_results()["reach/1000"]
    assert row.interval.p50 == 1


def test_table_forms() -> None:
    """The table has rows by key, columns of equal length, text, and CSV with "never"."""
    table = pocket().key_results()
    columns = table.columns()
    assert {len(column) for column in columns.values()} == {len(table)}
    assert columns["p50"][columns["key"].index("made")] == 850
    assert "good units made by the programme" in str(table)
    line = next(line for line in table.to_csv().splitlines() if ",reach/1000," in line)
    assert line.split(",")[-9:-6] == ["never", "never", "never"]
    assert "made" in table
    assert "kils" not in table
    assert next(iter(table)).key == "made"
    with pytest.raises(KeyError, match="no measure 'kils'; the measures are made"):
        table["kils"]


def test_a_failed_future_is_excluded(tmp_path: Path) -> None:
    """A future with a raid above the maximum size fails with a message, and does not affect the others."""
    old = "raids.level,1,,,fixed"
    some = changed(tmp_path / "some", assumptions={old: 'raids.level,"1:4; 1e7:1",,,discrete'})
    none = changed(tmp_path / "none", assumptions={old: "raids.level,1,,,fixed"})
    with pytest.raises(Unfinished, match=r"future \d+ failed: a day has more than .*--keep-going"):
        simulate(some, 30)
    run = simulate(some, 30, keep_going=True)
    assert 0 < run.failed < 30
    assert sorted(run.messages) == np.flatnonzero(run.status).tolist()
    complete = simulate(none, 30)
    assert values(run, "kills").tolist() == values(complete, "kills")[run.status == 0].tolist()
    table = run.key_results()
    assert table["kills"].interval.futures == 30 - run.failed
    assert f"{run.failed} FAILED, excluded from every measure" in str(table)


@pytest.mark.parametrize(("futures", "seed"), [(0, 1), (-5, 1), (10, -1), (10, 2**64)])
def test_invalid_numbers_of_futures_and_seeds_are_refused(futures: int, seed: int) -> None:
    """A number of futures below 1, or a seed outside 64 bits, is refused with a message that quotes it."""
    with pytest.raises(RunError, match=str(futures if futures < 1 else seed)):
        simulate(load("pocket"), futures, seed)


def test_only_requested_tallies_are_kept() -> None:
    """A run keeps the default and the named tallies; for an unknown name the message lists the tallies."""
    assert "heads" not in pocket().data
    run = simulate(load("pocket"), 2, keep=("heads",))
    assert run.data["heads"].values.tolist() == [[[2.0]] * 3] * 2
    with pytest.raises(RunError, match="cannot keep 'haeds': no such tally; the tallies are made, good"):
        tallies_to_keep(("haeds",))
    assert "heads" in tallies_to_keep(("all",))


def test_labels() -> None:
    """Every tally has axes, coordinates, a unit and a long name; money has currency and price base."""
    data = pocket().data
    assert data["kills"].dims == ("future", "month", "region", "design", "threat")
    assert data["kills"].coords["month"].values.tolist() == ["2026-01", "2026-02", "2026-03"]
    assert all(variable.attrs["units"] and variable.attrs["long_name"] for variable in data.data_vars.values())
    assert data["damage"].attrs["units"] == "GBP (2025 prices)"


def test_labels_copy_no_array() -> None:
    """Labelling a tally does not copy its array."""
    scenario = load("pocket")
    array = np.zeros((5, 3, 1), np.int32)
    assert np.shares_memory(to_dataset(scenario, {"good": array})["good"].values, array)


def test_the_same_seed_gives_the_same_run() -> None:
    """A run is reproducible, and a run with fewer futures has the first of them."""
    again = simulate(load("pocket"), FUTURES, 1)
    assert again.data.identical(pocket().data)
    fewer = simulate(load("pocket"), 7, 1)
    assert fewer.data["kills"].values.tolist() == pocket().data["kills"].values[:7].tolist()


def test_means_of_the_month_are_undefined_where_never_is_possible() -> None:
    """The mean month is undefined if some futures never reach the output."""
    row = pocket().key_results()["reach/1000"]
    assert row.interval.mean == inf
    assert isnan(row.interval.se_mean)
