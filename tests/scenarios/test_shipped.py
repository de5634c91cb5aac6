"""The built-in scenarios say what they must, and each of their numbers can be traced."""

import csv
import io
import re
import tomllib
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from octoplan.outcomes.monthly import MONTHLY_TOTALS_FILE
from octoplan.outcomes.sampling import latin_hypercube
from octoplan.raids.fit import DEFAULT_FIT_DAYS, fit
from octoplan.raids.fit_file import FITTED_PARAMETERS
from octoplan.raids.forecast import combine_level
from octoplan.raids.read.readers import read
from octoplan.scenario import load
from octoplan.scenario.calibrated import with_priors
from octoplan.scenario.entities import BORDER
from octoplan.scenario.scenario import Scenario

REGIONS = {
    "cherkasy", "chernihiv", "chernivtsi", "crimea", "dnipropetrovsk", "donetsk", "ivano-frankivsk", "kharkiv",
    "kherson", "khmelnytskyi", "kirovohrad", "kyiv-city", "kyiv-oblast", "luhansk", "lviv", "mykolaiv", "odesa",
    "poltava", "rivne", "sevastopol", "sumy", "ternopil", "vinnytsia", "volyn", "zakarpattia", "zaporizhzhia",
    "zhytomyr",
}  # fmt: skip
OCCUPIED = ("crimea", "luhansk", "sevastopol")
RECORD = Path(__file__).parents[3] / "shared" / "data" / "raids" / "daily.csv"
CRITICAL = ("motor", "battery", "thermal-camera", "flight-computer", "radio", "speed-controller")


@pytest.fixture(scope="module")
def octopus() -> Scenario:
    return load("octopus")


@pytest.fixture(scope="module")
def priors(octopus: Scenario) -> Scenario:
    return with_priors(octopus)


@pytest.fixture(scope="module")
def pocket() -> Scenario:
    return load("pocket")


@pytest.fixture(params=["octopus", "pocket"])
def shipped(request: pytest.FixtureRequest) -> Scenario:
    scenario: Scenario = request.getfixturevalue(request.param)
    return scenario


def monthly_totals() -> list[dict[str, str]]:
    """Rows of the published monthly totals."""
    return list(csv.DictReader(io.StringIO(MONTHLY_TOTALS_FILE.read_text("utf-8"))))


def rows(scenario: Scenario, file: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(scenario.files[file].decode())))


def test_loads_without_a_warning(shipped: Scenario) -> None:
    """A built-in scenario has no problems and no warnings."""
    assert shipped.warnings == ()


def test_rows_are_rated_owned_and_dated(shipped: Scenario) -> None:
    """Every assumption has a quality, an owner, a date and a note."""
    for row in rows(shipped, "assumptions.csv"):
        assert row["quality"] in ("green", "amber", "red"), row["name"]
        assert row["owner"], row["name"]
        assert date.fromisoformat(row["date"]) >= date(2025, 11, 1), row["name"]
        assert row["note"], row["name"]


def test_what_is_not_red_has_a_source(shipped: Scenario) -> None:
    """Only estimates of our own have no source."""
    bare = [
        assumption.name for assumption in shipped.assumptions if assumption.quality != "red" and not assumption.sources
    ]
    assert bare == []


def test_every_source_is_used(shipped: Scenario) -> None:
    """Every source in the list is used by an assumption or an observation."""
    used = {source for assumption in shipped.assumptions for source in assumption.sources}
    used |= {source for observation in shipped.observations for source in observation.sources}
    assert set(shipped.sources) == used


def test_sources_can_be_found(octopus: Scenario) -> None:
    """Every source has a title, a publisher, an address and a licence."""
    for row in rows(octopus, "sources.csv"):
        assert all(row[field] for field in ("title", "publisher", "licence")), row["id"]
        assert row["url"].startswith("https://"), row["id"]


def test_most_estimates_have_a_range(octopus: Scenario) -> None:
    """A red assumption states one figure only where it is a count, a rule, a weight or the remainder of another."""
    certain = [assumption for assumption in octopus.assumptions if assumption.quality == "red" and assumption.is_fixed]
    ruled = re.compile(
        r"corridors\.\*\.share|splits\.\*\.(luhansk|crimea|sevastopol)\.share|effects\.electronic-warfare\.\*\.shots|.*\.min_order"
    )
    assert [assumption.name for assumption in certain if not ruled.fullmatch(assumption.name)] == []


def test_plants_and_suppliers_are_anonymous(octopus: Scenario) -> None:
    """Who makes what is not public: plants are a country and a number, suppliers a part and a country."""
    programme = octopus.programme
    assert [plant for plant in octopus.names.plants if not re.fullmatch(r"(uk|ua)-(batch|pool|\d)", plant)] == []
    for supplier in octopus.names.suppliers:
        part, country = programme.link("suppliers", supplier, "part"), programme.link("suppliers", supplier, "country")
        assert supplier == f"{part}-{country}"
        seller = octopus.titles[f"suppliers.{supplier}"]
        assert seller == f"{octopus.titles[f'parts.{part}']}, {octopus.titles[f'countries.{country}']}"


def test_octopus_starts_when_it_was_announced(octopus: Scenario) -> None:
    """The programme starts in November 2025 and covers two years."""
    assert (date(2025, 11, 1), 24, "GBP") == (octopus.start, octopus.months, octopus.currency)
    assert {"GBP", "USD", "UAH"} <= set(octopus.names.currencies)
    assert {"uk-mod", "ua-mod", "partners"} == set(octopus.names.payers)


def test_octopus_has_its_plants(octopus: Scenario) -> None:
    """A UK batch line, two UK plants, three Ukrainian makers and the pool, those in Ukraine marked as illustrative."""
    assert {"uk-batch", "uk-1", "uk-2", "ua-1", "ua-2", "ua-3", "ua-pool"} == set(octopus.names.plants)
    for plant in octopus.names.plants:
        if octopus.programme.link("plants", plant, "region") is not None:
            assert "illustrative" in octopus.titles[f"plants.{plant}"]


def test_uk_plants_wait_for_licence_and_data(octopus: Scenario) -> None:
    """No UK plant opens before the licence is signed and the data package handed over."""

    def before(gate: str) -> set[str]:
        after = octopus.programme.links("gates", gate, "after")
        return {gate}.union(*(before(other) for other in after))

    for plant in ("uk-batch", "uk-1", "uk-2"):
        gates = set().union(*(before(gate) for gate in octopus.programme.links("plants", plant, "gates")))
        assert {"licence", "data-package"} <= gates


def test_octopus_bill_of_materials(octopus: Scenario) -> None:
    """One unit is eight to twelve kinds of part, four motors among them."""
    bill = octopus.programme.bills["octopus"]
    assert 8 <= len(bill) <= 12
    assert bill["motor"] == 4


@pytest.mark.parametrize("part", CRITICAL)
def test_critical_parts_have_suppliers_in_two_countries(octopus: Scenario, part: str) -> None:
    """A critical part can be bought in at least two countries, and one of them is free of the export restriction."""
    programme = octopus.programme
    sellers = [name for name in octopus.names.suppliers if part == programme.link("suppliers", name, "part")]
    assert len({programme.link("suppliers", name, "country") for name in sellers}) >= 2
    assert any(not programme.links("suppliers", name, "causes") for name in sellers)


def test_an_export_restriction_takes_several_suppliers(octopus: Scenario) -> None:
    """The common cause affects at least three suppliers, all of one country."""
    programme = octopus.programme
    hit = [s for s in octopus.names.suppliers if "export-restriction" in programme.links("suppliers", s, "causes")]
    assert len(hit) >= 3
    assert {"cn"} == {programme.link("suppliers", supplier, "country") for supplier in hit}


def test_all_regions_of_ukraine(octopus: Scenario) -> None:
    """All 27 first-level regions are there, each on its own tile; occupied ones have no share of raids and say why."""
    assert set(octopus.names.regions) == REGIONS
    assert len(set(octopus.tiles.values())) == 27
    for region in OCCUPIED:
        for package in octopus.names.packages:
            assumption = octopus.row_of("splits", "share", package, region)
            assert assumption.median == 0
            assert "occupied" in assumption.note


def test_regions_with_a_share_can_be_reached(octopus: Scenario) -> None:
    """Every destination is reached from the border, after two to three regions on average, itself included."""
    programme = octopus.programme
    into: dict[str, list[tuple[str, float]]] = {region: [] for region in octopus.names.regions}
    for name in octopus.names.corridors:
        origin, end = programme.link("corridors", name, "origin"), programme.link("corridors", name, "into")
        assert origin is not None
        assert end is not None
        into[end].append((origin, octopus.row_of("corridors", "share", name).median))

    def crossed(region: str) -> float:
        if region == BORDER:
            return 0.0
        total = sum(weight for _, weight in into[region])
        return 1 + sum(weight * crossed(origin) for origin, weight in into[region]) / total

    share = {region: octopus.row_of("splits", "share", "drones", region).median for region in octopus.names.regions}
    reached = {region: crossed(region) for region in octopus.names.regions if share[region] > 0}
    mean = sum(share[region] * legs for region, legs in reached.items()) / sum(share.values())
    assert 2 <= mean <= 3


def test_threats_layers_and_makers(octopus: Scenario) -> None:
    """Four classes of threat, the layers of the record, and the deliveries of other makers."""
    assert {"attack-drone", "decoy", "cruise", "ballistic"} == set(octopus.names.threats)
    assert {"interceptor", "gun", "electronic-warfare", "missile", "abm"} == set(octopus.names.layers)
    assert octopus.names.makers == ("other",)
    assert octopus.programme.link("makers", "other", "design") == "other"


def test_release_every_six_weeks(octopus: Scenario) -> None:
    """The design is refreshed every six weeks, as officially stated."""
    assumption = octopus.row_of("designs", "release_interval", "octopus")
    assert assumption.median == 42
    assert assumption.quality == "green"


def test_raid_statistics_follow_the_record(octopus: Scenario) -> None:
    """The fit gives the 187 drones a day of the year to September 2026 within a tenth, 6.5 missiles in a quarter."""
    share = octopus.row_of("raids", "salvo_share").median
    means = {
        package: (1 - share) * octopus.row_of("packages", "routine_mean", package).median
        + share * octopus.row_of("packages", "salvo_mean", package).median
        for package in octopus.names.packages
    }
    assert means["drones"] == pytest.approx(187, rel=0.1)
    assert means["missiles"] == pytest.approx(6.5, rel=0.25)


@pytest.mark.skipif(not RECORD.exists(), reason="needs the public record of raids")
def test_raids_are_fitted_to_the_eve(octopus: Scenario) -> None:
    """The shipped fit is that of the record before the start.

    Rounding in other libraries changes the fit by less than a thousandth. It also changes every simulated future with
    which the level is combined: standard errors of the shift are 0.4 % for drones and 0.7 % for missiles, and three
    standard errors of a difference are allowed.
    """
    record = read(RECORD)
    stop = int((np.datetime64(octopus.start) - record.days[0]).astype(int))
    days = slice(stop - DEFAULT_FIT_DAYS, stop)
    counts = np.column_stack([record.drones, record.missiles])
    expected = combine_level(fit(counts[days], record.all_known[days], threads=2), counts[:stop])
    assert tomllib.loads(octopus.files["raids.toml"].decode())["record"]["sha256"] == record.digest
    for fitted, value in zip(FITTED_PARAMETERS, expected.posterior.quantiles(0.5), strict=True):
        kind, *entity, parameter = fitted.name.split(".")
        tolerance = {"drones": 0.017, "missiles": 0.03}[entity[0]] if parameter.endswith("_mean") else 1e-3
        assert octopus.row_of(kind, parameter, *entity).median == pytest.approx(value, rel=tolerance), fitted.name


def test_priors_are_not_taken_from_the_observations(priors: Scenario) -> None:
    """Kills a sortie of February 2026, 0.24, lie inside the prior of contact times kill probability, not at its centre.

    The prior of these rows is wide: the P90 of their product is more than twice the P10.
    """
    draws = priors.quantiles(latin_hypercube(1, priors.columns, 400))
    contact, kill = (
        draws[:, priors.columns.index(name)] for name in ("engagement.*.*.p_contact", "lethality.other.*.p_kill")
    )
    low, high = np.quantile(contact * kill, (0.1, 0.9))
    assert low < 1500 / 6300 < high
    assert high > 2.0 * low


def test_priors_of_the_defence_are_easy_to_find(priors: Scenario) -> None:
    """Rows that observations inform say so in their note, and no row is set to give the results of a month."""
    notes = {assumption.name: assumption.note for assumption in priors.assumptions}
    informed = {name for name, note in notes.items() if note.startswith("Prior:") and "octoplan calibrate" in note}
    assert {"crews.on_duty", "crews.initial", "engagement.*.*.window", "threats.*.engagement"} <= informed
    assert {f"effects.{layer}.attack-drone.p" for layer in ("electronic-warfare", "gun")} <= informed
    assert [name for name, note in notes.items() if "alibrated" in note] == []


def test_calibrated_rows_state_their_prior(octopus: Scenario, priors: Scenario) -> None:
    """The note of a calibrated row states the prior, and ends with the note of its prior."""
    notes = {assumption.name: assumption.note for assumption in priors.assumptions}
    calibrated = {assumption.name: assumption.note for assumption in octopus.assumptions if assumption.is_calibrated}
    assert {"crews.on_duty", "engagement.*.*.p_contact", "service.other.share", "drift.gun.sd"} <= set(calibrated)
    for name, note in calibrated.items():
        assert note.startswith("Calibrated: prior "), name
        assert note.endswith(notes[name]), name


def test_derived_rows_name_rows_that_exist(octopus: Scenario) -> None:
    """A note with "derived from" or "as", followed by the name of a row, names a row of the scenario."""
    names = {assumption.name for assumption in octopus.assumptions}
    kinds = "|".join(sorted({name.partition(".")[0] for name in names}))
    mentioned = re.compile(rf"\b(?:{kinds})\.[a-z*][\w.*-]*[\w*]")
    references = {
        reference for assumption in octopus.assumptions for reference in mentioned.findall(assumption.note)
    } - {"raids.toml"}  # fmt: skip
    assert len(references) > 10
    assert references - names == set()


def test_damage_at_the_leakers_of_2025_is_a_part_of_the_public_total(priors: Scenario) -> None:
    """The priors cost 1.6 to 6.7 billion GBP a year (P10 to P90), as the note states, of 14.4 billion from all causes.

    In 2025, 7,537 drones were not stopped, of which 62 % are attack types, 259 cruise and 439 ballistic missiles.
    """
    months = [row for row in monthly_totals() if row["month"] < "2026"]
    leakers = {
        name: sum(int(row["launched"]) - int(row["stopped"]) for row in months if row["class"] == name)
        for name in ("drones", "cruise", "ballistic")
    }
    assert leakers == {"drones": 7537, "cruise": 259, "ballistic": 439}
    draws = priors.quantiles(latin_hypercube(1, priors.columns, 2000))
    number = {
        "attack-drone": 0.62 * leakers["drones"], "decoy": 0.38 * leakers["drones"], "cruise": leakers["cruise"],
        "ballistic": leakers["ballistic"],
    }  # fmt: skip
    total = sum(count * draws[:, priors.columns.index(f"threats.{name}.damage")] for name, count in number.items())
    assert np.quantile(total, (0.1, 0.9)) / 1e9 == pytest.approx([1.6, 6.7], rel=0.05)
    rate = priors.row_of("currencies", "rate", "USD").median
    assert np.mean(total < 19e9 * rate) > 0.98


def test_observations_are_the_published_figures(octopus: Scenario) -> None:
    """Monthly shares of drones stopped are the published totals; every figure lies within its range."""
    totals = {
        row["month"]: 100.0 * int(row["stopped"]) / int(row["launched"])
        for row in monthly_totals()
        if row["class"] == "drones"
    }
    shares = [item for item in octopus.observations if item.measure == "stopped/drones"]
    assert [f"{item.first:%Y-%m}" for item in shares] == ["2025-11", "2025-12", "2026-01", "2026-02", "2026-03"]
    assert [item.value for item in shares] == pytest.approx(
        [totals[f"{item.first:%Y-%m}"] for item in shares], abs=0.05
    )
    february = {item.measure: item for item in octopus.observations if f"{item.first:%Y-%m}" == "2026-02"}
    for measure, value in (("sorties", 6300.0), ("kills", 1500.0), ("intercepted/drones", 100.0 * 1500 / 4410)):
        assert february[measure].low < value < february[measure].high, measure


def test_pocket_is_small_and_certain(pocket: Scenario) -> None:
    """One of each thing, and every assumption a fixed number."""
    sizes = {section: len(getattr(pocket.names, section)) for section in ("plants", "parts", "suppliers", "lanes")}
    sizes |= {section: len(getattr(pocket.names, section)) for section in ("regions", "packages", "threats", "makers")}
    assert {1} == set(sizes.values())
    assert all(assumption.is_fixed for assumption in pocket.assumptions)
