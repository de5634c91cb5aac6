"""Reading files from disk: encodings, size limits, and names."""

from pathlib import Path

import pytest

from octoplan.scenario.files import MAX_BYTES, read_folder, utf8_text
from octoplan.scenario.report import Report
from tests.scenario.folder import write


@pytest.mark.parametrize(
    ("data", "line", "message"),
    [
        (b"", 1, "is empty"),
        (b" \n\n", 1, "is empty"),
        (b"\xef\xbb\xbf", 1, "is empty"),
        (b"a\nb\xe9\n", 2, "byte 0xe9 is not UTF-8"),
        ("a".encode("utf-16"), 1, "UTF-16"),
    ],
)
def test_undecodable_bytes_are_reported(data: bytes, line: int, message: str) -> None:
    """A file that is empty or in another encoding is refused, and the message gives the line."""
    report = Report("f")
    assert utf8_text("x.csv", data, report) is None
    assert (line, True) == (report.problems[0].line, message in report.problems[0].message)


def test_the_byte_order_mark_is_dropped() -> None:
    """UTF-8 may begin with a byte order mark, as Excel writes it."""
    assert utf8_text("x.csv", b"\xef\xbb\xbfname\n", Report("f")) == "name\n"


def test_a_file_is_refused_by_its_size_before_it_is_read(tmp_path: Path) -> None:
    """A file of 100 MB is refused because of its size, without being read into memory."""
    folder = write(tmp_path / "big")
    with (folder / "assumptions.csv").open("wb") as file:
        file.truncate(100 * 2**20)
    report = Report("big")
    assert "assumptions.csv" not in read_folder(folder, report)
    assert [f"big/assumptions.csv: has {100 * 2**20:,} bytes; the limit is {MAX_BYTES:,}"] == [
        str(problem) for problem in report.problems
    ]


def test_irregular_files_are_refused(tmp_path: Path) -> None:
    """A folder with the name of a scenario file is reported, and so is a file whose name resembles such a name."""
    folder = write(tmp_path / "odd", {"programme.toml": "", "decisions.toml": "", "correlation.csv": ""})
    (folder / "sources.csv").mkdir()
    report = Report("odd")
    read_folder(folder, report)
    needed = "programme.toml, assumptions.csv, decisions.toml, sources.csv"
    assert {
        f"odd/assumptions.csv: is missing; a scenario needs {needed}",
        "odd/correlation.csv: is not a scenario file; did you mean 'correlations.csv'? rename or remove it",
        "odd/sources.csv: cannot be read: it is not a regular file",
    } == {str(problem) for problem in report.problems}
