"""What is said about an upload: what was loaded, and what differs from the scenario of the page."""

from dataclasses import replace

import pytest

from octoplan.app.changes import apply_changes, read_changes
from octoplan.app.differences import MAX_DIFFERENCES, differences, path_title, upload_summary
from octoplan.app.folders import read_upload, zip_archive
from octoplan.scenario import builtin_scenarios, load
from octoplan.scenario.workbook.writing import write_workbook


@pytest.mark.parametrize("name", builtin_scenarios())
def test_a_download_differs_in_nothing(name: str) -> None:
    """A scenario that is downloaded, as a folder or as a workbook, and uploaded has no differences."""
    scenario = load(name)
    for data in (zip_archive("x", scenario.files), write_workbook(scenario.files)):
        assert upload_summary(read_upload(data), scenario)["differences"] == []


def test_each_change_is_a_difference() -> None:
    """Changed decisions and assumptions are listed by name with their old and new values."""
    pocket = load("pocket")
    changed = apply_changes(
        pocket, read_changes({"d.kits.order": "60, 80", "d.output.bench": "x2", "a.crews.on_duty": "0.5 to 0.9"})
    )
    items = list(differences(pocket, changed))
    sentences = [item.text for item in items]
    assert [item.name for item in items] == [
        "decisions.toml: kits.order", "decisions.toml: output.bench", "assumptions.csv: crews.on_duty",
    ]  # fmt: skip
    assert sentences[:2] == [
        "decision “Kits ordered each month”: 0 → 60, 80", "decision “Output, bench”: 310, 280, 310 → 620, 560, 620",
    ]  # fmt: skip
    assert len(sentences) == 3
    assert sentences[2].startswith("assumption “Crews on duty each night”: 1 → ")
    assert sentences[2].endswith("(0.5 to 0.9)")


def test_comments_and_files_that_are_not_read_as_values() -> None:
    """A comment is no difference; a title is, and so is a further file."""
    pocket = load("pocket")
    files = dict(pocket.files)
    files["decisions.toml"] += b"\n# a remark\n"
    files["programme.toml"] = files["programme.toml"].replace(b'title = "Pocket"', b'title = "Purse"')
    files["what-if.csv"] = b"name,what,times,from,to,note\n"
    other = replace(pocket, files=files)
    assert [item.text for item in differences(pocket, other)] == [
        "programme title: Pocket → Purse", "what-if.csv is new",
    ]  # fmt: skip
    assert list(differences(other, pocket))[-1].text == "what-if.csv is missing"


def test_entities_are_named_by_their_titles() -> None:
    """Entries of the programme and other decisions have the titles of their entities, and so have their values."""
    octopus = load("octopus")
    files = dict(octopus.files)
    old = files["programme.toml"].decode()
    plant = old.index("[plants.uk-1]")
    country = old.index('country = "uk"', plant)
    files["programme.toml"] = (old[:country] + 'country = "ua"' + old[country + len('country = "uk"') :]).encode()
    (item,) = differences(octopus, replace(octopus, files=files))
    assert item.text == ("programme “plants › UK, first commercial plant › country”: United Kingdom → Ukraine")
    assert item.name == "programme.toml: plants.uk-1.country"
    assert path_title(octopus, "orders.uk-1.motor") == "orders › UK, first commercial plant › Motor"
    assert path_title(octopus, "months") == "months"


def test_a_summary_names_what_was_loaded_and_is_short() -> None:
    """The summary has title, months and counts; of many differences the first are listed, and the rest is counted."""
    summary = upload_summary(load("octopus"), load("pocket"))
    assert summary["loaded"].startswith(f"{load('octopus').title}: ")
    assert f"{len(load('octopus').assumptions):,} assumptions" in summary["loaded"]
    assert summary["served"] == "Pocket"
    assert len(summary["differences"]) == MAX_DIFFERENCES + 1
    total = len(list(differences(load("pocket"), load("octopus"))))
    assert summary["differences"][-1] == {"text": f"and {total - MAX_DIFFERENCES:,} more differences", "name": ""}
