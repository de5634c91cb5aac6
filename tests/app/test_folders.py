"""Uploads: what is a scenario comes in, and tricks stay out."""

import io
import stat
import zipfile

import openpyxl
import pytest

from octoplan.app import folders
from octoplan.app.folders import as_workbook, brought, packed
from octoplan.errors import FolderError, ScenarioError
from octoplan.scenario import load
from octoplan.scenario.scenario import read_files


def zipped(**entries: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return out.getvalue()


@pytest.mark.parametrize("name", ["pocket", "octopus"])
def test_a_zip_comes_back_whole(name: str) -> None:
    """Out as a zip and in again is the same scenario to the byte."""
    own = load(name)
    assert read_files(brought(packed("folder", own.files)), "x").hash == own.hash


@pytest.mark.parametrize("name", ["pocket", "octopus"])
def test_a_workbook_comes_back_with_every_number(name: str) -> None:
    """Out as a workbook and in again has the same assumptions, decisions and names."""
    own = load(name)
    other = read_files(brought(as_workbook(own.files)), "x")
    assert [(b.name, b.quantile([0.1, 0.5, 0.9]).tolist(), b.unit, b.note) for b in other.assumptions] == [
        (b.name, b.quantile([0.1, 0.5, 0.9]).tolist(), b.unit, b.note) for b in own.assumptions
    ]
    assert other.decisions == own.decisions
    assert other.names == own.names


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"no zip", "no zip file"),
        (zipped(**{"../programme.toml": b""}), "outside a scenario folder"),
        (zipped(**{"/programme.toml": b""}), "outside a scenario folder"),
        (zipped(**{"a/b/programme.toml": b""}), "outside a scenario folder"),
        (zipped(**{"a\\programme.toml": b""}), "outside a scenario folder"),
        (zipped(**{"run.py": b"print()"}), "no file of a scenario"),
        (zipped(**{"programme.toml": b"0" * 30_000_000}), "at most 20,000,000"),
        (zipped(**{"programme.toml": b"0" * 1_000_000}), "200 times its size"),
        (b"PK" + b"0" * 6_000_000, "at most 5,000,000"),
    ],
)
def test_tricks_are_refused_in_words(data: bytes, words: str) -> None:
    """Paths out of the folder, unknown files, bombs and what is no zip are refused."""
    with pytest.raises(FolderError, match=words):
        brought(data)


def test_a_link_is_refused() -> None:
    """A symbolic link in a zip is no file of a scenario."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        entry = zipfile.ZipInfo("programme.toml")
        entry.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(entry, "/etc/passwd")
    with pytest.raises(FolderError, match="is a link"):
        brought(out.getvalue())


def test_a_formula_is_text_and_refused_by_its_check() -> None:
    """Nothing in a workbook is worked out: a formula in place of a number is reported with its line."""
    book = openpyxl.load_workbook(io.BytesIO(as_workbook(load("pocket").files)))
    book["assumptions.csv"]["B2"] = "=1+1"
    out = io.BytesIO()
    book.save(out)
    with pytest.raises(ScenarioError, match=r"assumptions\.csv:2.*=1\+1"):
        read_files(brought(out.getvalue()), "upload")


def test_a_sheet_that_is_no_file_is_named() -> None:
    """A workbook with another sheet says which are known."""
    book = openpyxl.load_workbook(io.BytesIO(as_workbook(load("pocket").files)))
    book.create_sheet("Sheet1")
    out = io.BytesIO()
    book.save(out)
    with pytest.raises(FolderError, match="'Sheet1': no sheet of a scenario"):
        folders.brought(out.getvalue())
