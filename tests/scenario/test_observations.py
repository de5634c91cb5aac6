"""Observations (``observations.csv``): their measures and periods, and the problems that are reported."""

import re
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from octoplan.app.folders import read_upload, zip_archive
from octoplan.cli.main import main
from octoplan.errors import ScenarioError
from octoplan.outcomes.measures import measures_of
from octoplan.outcomes.simulate import simulate
from octoplan.outcomes.view import OWNER_KEY, view_of
from octoplan.scenario import Scenario, load
from octoplan.scenario.observations import (
    OBSERVABLE,
    OWNERS,
    MeasureKey,
    Observation,
    measure_text,
    names_on,
    parse_measure,
)
from octoplan.scenario.scenario import with_files
from octoplan.scenario.schema import observations_schema
from octoplan.scenario.workbook.writing import write_workbook
from tests.scenario.folder import FILES, write

HEAD = "period,measure,value,low,high,sd,kind,source,note\n"
Z = 1.2815515655446004


def text(*rows: str) -> str:
    """The text of ``observations.csv`` with rows of the first seven columns; the source is ``study``."""
    return HEAD + "".join(f"{row},study,\n" for row in rows)


def read(scenario: Scenario, *rows: str) -> tuple[Observation, ...]:
    return with_files(scenario, {"observations.csv": text(*rows)}).observations


def problem_of(scenario: Scenario, content: str) -> str:
    """The only problem of ``observations.csv``; it names the file."""
    with pytest.raises(ScenarioError) as error:
        with_files(scenario, {"observations.csv": content})
    (problem,) = error.value.problems
    assert problem.file == "Small/observations.csv"
    return f"{problem.line}: {problem.message}"


@pytest.mark.parametrize(
    ("cells", "value", "sd"),
    [
        ("2026-01,sorties,6300,,,400,count", 6300, 400),
        ("2026-01,sorties,6300 sorties,,,400 sorties,count", 6300, 400),
        ("2026-01,sorties,,6000,7000,,count", 6500, 500 / Z),
        ("2026-01,sorties,6000 to 7000,,,,count", 6500, 500 / Z),
        ("2026-01,sorties,6490,6000,7000,,count", 6490, 500 / Z),
        ("2026-01,stopped/drones,87,,,1.5,share", 87, 1.5),
        ("2026-01,stopped/drones,87 %,,,1.5 %,share", 87, 1.5),
        ("2026-01,stopped/drones,0.5 %,,,0.05 %,share", 0.5, 0.05),
        ("2026-01,stopped/drones,,0.5,3,,share", 1.75, 1.25 / Z),
        ("2026-01,kills/sortie,0.24,,,0.02,share", 0.24, 0.02),
        ("2026-01,kills/sortie,24 %,,,2 %,share", 0.24, 0.02),
        ("2026-01,spend/home,12000000,,,1000000,money", 12e6, 1e6),
        ("2026-01,spend/home,12 MGBP,,,1 MGBP,money", 12e6, 1e6),
        ("2026-01,programme/cost,,5e6,7e6,,money", 6e6, 1e6 / Z),
        ("2026-01,opened/works,2026-01-05,,,7,date", 65, 7),
        ("2026-01,opened/works,2026-01-05,,,2 weeks,date", 65, 14),
        ("2026-01,opened/works,,2026-01-01,2026-01-11,,date", 66, 5 / Z),
    ],
)
def test_values_are_in_the_unit_of_the_measure(scenario: Scenario, cells: str, value: float, sd: float) -> None:
    """A value with sd, or low and high as P10 and P90, is converted to the unit of the measure."""
    (observation,) = read(scenario, cells)
    assert observation.value == pytest.approx(value)
    assert observation.sd == pytest.approx(sd)
    assert observation.high - observation.low == pytest.approx(2 * Z * sd)


@pytest.mark.parametrize(
    ("period", "first", "last"),
    [
        ("2026-02-14", date(2026, 2, 14), date(2026, 2, 14)),
        ("2026-02", date(2026, 2, 1), date(2026, 2, 28)),
        ("2025-11 to 2026-01", date(2025, 11, 1), date(2026, 1, 31)),
        ("2025-11-03 to 2026-01-15", date(2025, 11, 3), date(2026, 1, 15)),
        ("2025-11-03 to 2026-01", date(2025, 11, 3), date(2026, 1, 31)),
    ],
)
def test_a_period_is_a_day_a_month_or_a_span(scenario: Scenario, period: str, first: date, last: date) -> None:
    """A period has a first and a last day, both included."""
    (observation,) = read(scenario, f"{period},crews,200,,,10,count")
    assert (observation.first, observation.last) == (first, last)


def test_an_observation_has_its_provenance(scenario: Scenario) -> None:
    """Sources, note, file and line of a row are those of the file; without the file there are no observations."""
    assert scenario.observations == ()
    content = text("2026-01,crews,200,,,10,count") + "2026-02,kits,,100,120,,count,study; news,as counted\n"
    first, second = with_files(scenario, {"observations.csv": content}).observations
    assert (first.measure, first.kind, first.sources, first.note, first.line) == ("crews", "count", ("study",), "", 2)
    assert (second.sources, second.note, second.line) == (("study", "news"), "as counted", 3)
    assert second.file == "Small/observations.csv"


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("2026-13,crews,1,,,1,count", "period '2026-13' is not valid; write a day such as 2026-02-14, a month"),
        ("2026-02-30,crews,1,,,1,count", "period '2026-02-30' is not valid"),
        ("February,crews,1,,,1,count", "period 'February' is not valid"),
        (",crews,1,,,1,count", "period '' is not valid"),
        ("2026-02 to 2026-01,crews,1,,,1,count", "period '2026-02 to 2026-01' ends before it begins"),
        ("2026-01,crew,1,,,1,count", "measure 'crew' is unknown; did you mean 'crews'?"),
        ("2026-01,launched/drones,1,,,1,count", "launched cannot be observed, because a calibration takes the raids"),
        ("2026-01,stopped,80,,,1,share", "measure stopped needs a name; expected stopped/<name of packages>, stopped/"),
        ("2026-01,stopped/dron,80,,,1,share", "there is no 'dron'; did you mean 'drone'?"),
        ("2026-01,crews/west,1,,,1,count", "crews is not divided; write crews"),
        ("2026-01,sorties/plants.works,1,,,1,count", "is not valid; expected sorties, sorties/<name of owners>"),
        ("2026-01,sorties/shared,1,,,1,count", "there is no 'shared'"),
        ("2026-01,sorties,1,,,1,share", "kind 'share' is not valid; sorties is a count"),
        ("2026-01,sorties,1,,,1,", "kind '' is not valid; sorties is a count"),
        ("2026-01,sorties,many,,,1,count", "value 'many' is not a number"),
        ("2026-01,sorties,,,,1,count", "has no value; write a number in the column value, or numbers in low and high"),
        ("2026-01,sorties,5,,,,count", "has no error; write a standard deviation in sd, or the P10 and the P90"),
        ("2026-01,sorties,5,4,6,1,count", "states the error twice; keep either sd, or low and high"),
        ("2026-01,sorties,5,4,,,count", "has no high; low and high are the P10 and the P90"),
        ("2026-01,sorties,5,,6,,count", "has no low"),
        ("2026-01,sorties,4 to 6,4,6,,count", "value '4 to 6' is a range, but low or high is not empty"),
        ("2026-01,sorties,7,4,6,,count", "low 4, value 7 and high 6 are not in ascending order"),
        ("2026-01,sorties,,6,4,,count", "low 6, value (empty) and high 4 are not in ascending order"),
        ("2026-01,sorties,5,,,0,count", "sd '0' is not above 0; state how far the figure may be off"),
        ("2026-01,sorties,-5,,,1,count", "value '-5' is negative; write 0 or more"),
        ("2026-01,sorties,5 %,,,1,count", "value '5 %' is a percentage; expected a number of sorties"),
        ("2026-01,sorties,5 GBP,,,1,count", "value '5 GBP' is money; expected a dimensionless number"),
        ("2026-01,sorties,6.300,,,400,count", "value '6.300' can be read as 6.3 or as 6,300; write 6.3 or 6300"),
        ("2026-01,sorties,6.341,,,400,count", "can be read as 6.341 or as 6,341; write 6.3410 or 6341"),
        ("2026-01,sorties,6.300 to 7.100,,,,count", "value '6.300 to 7.100' can be read as 6.3 or as 6,300"),
        ('2026-01,sorties,"6,300",,,400,count', "value '6,300' can be read as 6.3 or as 6,300; write 6.3 or 6300"),
        ("2026-01,sorties,1e13,,,400,count", "is too large"),
        ("2026-01,stopped/drones,0.87,,,1,share", "value 0.87 is in per cent; 87 may be meant. Write 87, or '0.87 %'"),
        ("2026-01,stopped/drones,,0.8,0.9,,share", "high 0.9 is in per cent; 90 may be meant"),
        ("2026-01,stopped/drones,87,,,0.02,share", "sd 0.02 is in per cent; 2 may be meant"),
        ("2026-01,stopped/drones,101,,,2,share", "value '101' is above 100 %"),
        ("2026-01,kills/sortie,24,,,0.02,share", "value '24' is above 1; for 24 % write 0.24"),
        ("2026-01,spend,5 UAH,,,1,money", "value '5 UAH' is not in GBP, the reporting currency"),
        ("2026-01,spend,5 days,,,1,money", "value '5 days' is a time; expected money"),
        ("2026-01,opened/works,65,,,1,date", "value '65' is not a date; write one such as 2026-02-14"),
        ("2026-01,opened/works,2026-02-30,,,1,date", "value '2026-02-30' is not a date"),
        ("2026-01,opened/works,2026-01-01,,,1 %,date", "sd '1 %' is a dimensionless number; expected a time"),
    ],
)
def test_an_invalid_row_is_reported_with_its_line(scenario: Scenario, row: str, message: str) -> None:
    """Invalid rows are reported once, with file and line."""
    problem = problem_of(scenario, text("2026-01,kits,100,,,10,count", row))
    assert problem.startswith("3: ")
    assert message in problem


@pytest.mark.parametrize(
    ("row", "outside"),
    [
        ("2026-03,crews,1,,,1,count", "crews: 2026-03"),
        ("2026-02 to 2026-03,crews,1,,,1,count", "crews: 2026-02 to 2026-03"),
        ("2025-10-31,crews,1,,,1,count", "crews: 2025-10-31"),
        ("2026-01,opened/works,2027-01-01,,,1,date", "opened/works: 2027-01-01"),
        ("2026-01,opened/works,,2027-01-01,2027-02-01,,date", "opened/works: 2027-01-01"),
    ],
)
def test_a_row_outside_the_months_gives_a_warning(scenario: Scenario, row: str, outside: str) -> None:
    """A copy with fewer months keeps its observations; those beyond its months are not used, and a warning says so."""
    changed = with_files(scenario, {"observations.csv": text("2026-01,kits,100,,,10,count", row)})
    assert [observation.measure for observation in changed.observations] == ["kits"]
    (warning,) = (warning for warning in changed.warnings if "observations.csv" in warning.file)
    assert warning.line == 3
    assert warning.message == (
        f"{outside} is not within the scenario, which has the days from 2025-11-01 to 2026-02-28; the observation is "
        "not used"
    )


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("", "2: has no source; name a source from sources.csv"),
        ("studies", "2: there is no source 'studies' in sources.csv; did you mean 'study'?"),
    ],
)
def test_a_source_is_required(scenario: Scenario, source: str, message: str) -> None:
    """An observation without a known source is an error."""
    assert problem_of(scenario, f"{HEAD}2026-01,crews,200,,,10,count,{source},\n") == message


def test_two_rows_of_a_measure_need_different_sources(scenario: Scenario) -> None:
    """Sources may contradict each other; the same period, measure and source twice is an error."""
    rows = "2026-01,crews,200,,,10,count,study,\n2026-01-01 to 2026-01-31,crews,300,,,10,count,{},\n"
    assert len(with_files(scenario, {"observations.csv": HEAD + rows.format("news")}).observations) == 2
    problem = problem_of(scenario, HEAD + rows.format("study"))
    assert problem == (
        "3: the same period, measure and source are in line 2 already; keep one of the rows, or state the other source"
    )


def test_a_value_off_the_middle_gives_a_warning(scenario: Scenario) -> None:
    """A value away from the middle of low and high is used, with a warning."""
    changed = with_files(scenario, {"observations.csv": text("2026-01,crews,102,100,120,,count")})
    assert [w.message for w in changed.warnings if "observations.csv" in w.file] == [
        "crews: value 102 is not the middle of low and high; an error of equal size on both sides of the value is used"
    ]
    assert changed.observations[0].value == 102


def test_a_name_in_two_sections_is_written_with_its_section(scenario: Scenario) -> None:
    """A name that is a package and a class of threat has two readings, and the error gives both."""
    names = dict(scenario.programme.entities)
    names["packages"] = {**names["packages"], "drone": {}}
    programme = replace(scenario.programme, entities=names)
    assert parse_measure("stopped/drone", programme) == (
        "measure 'stopped/drone' can be read in two ways, because packages and threats have a drone; "
        "write stopped/packages.drone or stopped/threats.drone"
    )
    key = parse_measure("stopped/threats.drone", programme)
    assert isinstance(key, MeasureKey)
    assert (key.section, key.name) == ("threats", "drone")
    assert measure_text(key, programme) == "stopped/threats.drone"
    only = parse_measure("stopped/threats.drone", scenario.programme)
    assert isinstance(only, MeasureKey)
    assert measure_text(only, scenario.programme) == "stopped/drone"


def test_the_keys_are_those_of_the_key_results() -> None:
    """Every key with owners, packages, threats, countries or payers is a key of the key results, with the same unit."""
    scenario = load("octopus")
    keys = {measure.key: measure.unit for measure in measures_of(view_of(simulate(scenario, 1)))}
    assert tuple(OWNER_KEY.values()) == OWNERS
    finer = {"opened", "stock", "shots", "received", "delivered"}
    compared = 0
    for measure in OBSERVABLE:
        forms = [measure.key] if measure.has_total else []
        for axis in measure.axes:
            if axis not in ("designs", "regions", "plants", "layers"):
                forms += [f"{measure.key}/{name}" for name in names_on(axis, scenario.programme)]
        for form in forms:
            assert isinstance(parse_measure(form, scenario.programme), MeasureKey)
            if form not in keys:
                assert measure.key in finer
                continue
            compared += 1
            unit = keys[form]
            assert unit == measure.unit.replace("money", f"{scenario.currency} ({scenario.price_base})")
    assert compared > 30


def test_every_entity_of_every_measure_can_be_observed(scenario: Scenario) -> None:
    """Each measure accepts each name on its axes, with or without the section."""
    for measure in OBSERVABLE:
        for axis in measure.axes:
            for name in names_on(axis, scenario.programme):
                for text in (f"{measure.key}/{name}", f"{measure.key}/{axis}.{name}"):
                    assert parse_measure(text, scenario.programme) == MeasureKey(measure, axis, name)


def test_observations_change_no_draw_and_no_array(scenario: Scenario) -> None:
    """A simulation does not use observations; the hash of the scenario depends on them."""
    changed = with_files(scenario, {"observations.csv": text("2026-01,crews,200,,,10,count")})
    uniforms = np.random.default_rng(1).random((4, len(scenario.columns)))
    assert np.array_equal(changed.quantiles(uniforms), scenario.quantiles(uniforms))
    assert changed.hash != scenario.hash


def test_a_source_of_an_observation_is_used(scenario: Scenario) -> None:
    """A source that only an observation cites gives no warning."""
    sources = FILES["sources.csv"] + "count,A count,,,,\n"
    row = "2026-01,crews,200,,,10,count,{},\n"
    for source, expected in (("study", True), ("count", False)):
        files = {"sources.csv": sources, "observations.csv": HEAD + row.format(source)}
        warnings = [warning.message for warning in with_files(scenario, files).warnings]
        assert ("the source 'count' is not used by any row" in warnings) is expected


def test_check_counts_the_observations(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """``octoplan check`` prints the number of observations and their days; an invalid row has exit code 2."""
    (small / "observations.csv").write_text(text("2025-12,crews,200,,,10,count", "2026-01-05,crews,200,,,10,count"))
    with pytest.raises(SystemExit) as stop:
        main(["check", "small"])
    assert stop.value.code == 0
    assert "2 observations, 2025-12-01 to 2026-01-05" in capsys.readouterr().out
    (small / "observations.csv").write_text(text("2025-12,crews,ten,,,10,count"))
    with pytest.raises(SystemExit) as stop:
        main(["check", "small"])
    assert stop.value.code == 2
    assert "small/observations.csv:2: value 'ten' is not a number" in capsys.readouterr().err


def test_archives_and_workbooks_keep_observations() -> None:
    """A zip archive and a workbook restore ``observations.csv`` byte by byte, without a warning."""
    rows = text("2026-01,sorties,6300,,,400,count", "2026-01-05,stopped/drones,,80.5,90,,share")
    files = {name: content.encode() for name, content in {**FILES, "observations.csv": rows}.items()}
    for data in (zip_archive("small", files), write_workbook(files)):
        restored = read_upload(data)
        assert restored.files["observations.csv"] == files["observations.csv"]
        assert [warning for warning in restored.warnings if "not used" not in str(warning)] == []


def test_the_example_of_the_reference() -> None:
    """The observations shown in the reference are valid for ``octopus``."""
    page = (Path(__file__).parents[2] / "docs" / "reference" / "scenario-folder.md").read_text("utf-8")
    example = page.split("## `observations.csv`")[1].split("```text\n")[1].split("```")[0]
    scenario = load("octopus")
    sources = scenario.files["sources.csv"].decode() + "".join(
        f"{source},A report,,,,\n" for source in ("commander", "air-force", "ministry")
    )
    observed = with_files(scenario, {"sources.csv": sources, "observations.csv": example}).observations
    assert len(observed) == len(example.strip().splitlines()) - 1


def test_the_schema_accepts_each_measure(scenario: Scenario) -> None:
    """Each valid measure matches exactly one pattern of the schema, with its kind."""
    patterns = observations_schema()["properties"]["measure"]["anyOf"]
    for measure in OBSERVABLE:
        texts = [measure.key] if measure.has_total else []
        texts += [f"{measure.key}/{a}.{n}" for a in measure.axes for n in names_on(a, scenario.programme)]
        for text in texts:
            fits = [pattern for pattern in patterns if re.search(pattern["pattern"], text)]
            assert [fit["x-kind"] for fit in fits] == [measure.kind]


def test_a_folder_with_observations_is_loaded(tmp_path: Path) -> None:
    """``load`` reads ``observations.csv`` of a folder."""
    folder = write(tmp_path / "folder", {**FILES, "observations.csv": text("2026-01,crews,200,,,10,count")})
    assert len(load(folder).observations) == 1
