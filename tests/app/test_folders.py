"""Zip archives: a scenario folder zipped by a file manager is accepted; anything else is refused with a reason."""

import io
import stat
import zipfile

import pytest

from octoplan.app.folders import read_upload, zip_archive
from octoplan.errors import FolderError
from octoplan.scenario import builtin_scenarios, load

POCKET = load("pocket").files


def zipped(**entries: bytes) -> bytes:
    """A zip archive of files by name."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return out.getvalue()


def in_folder(folder: str, **more: bytes) -> bytes:
    """A zip archive of the pocket scenario in a folder, with further files."""
    return zipped(**{f"{folder}{name}": content for name, content in POCKET.items()}, **more)


@pytest.mark.parametrize("name", builtin_scenarios())
def test_a_zip_archive_restores_the_scenario(name: str) -> None:
    """Downloading a scenario as .zip and uploading it returns the same bytes."""
    scenario = load(name)
    restored = read_upload(zip_archive("folder", scenario.files))
    assert restored.files == dict(scenario.files)
    assert restored.warnings == scenario.warnings


@pytest.mark.parametrize("folder", ["", "pocket/", "My scenario (2) [draft]/", "Сценарій/"])
def test_files_may_be_at_the_top_level_or_in_one_folder(folder: str) -> None:
    """The name of the folder does not matter, nor whether there is one."""
    assert read_upload(in_folder(folder)).files == dict(POCKET)


@pytest.mark.parametrize(
    "extra",
    [
        "__MACOSX/x/._programme.toml", "x/.DS_Store", "x/._assumptions.csv", "x/desktop.ini", "x/Thumbs.db",
        "x/THUMBS.DB", "x/~$assumptions.csv", "x/.~lock.assumptions.csv#", "__MACOSX/._x",
    ],
)  # fmt: skip
def test_system_files_are_ignored(extra: str) -> None:
    """Files that Finder, Explorer and office programs add to a folder are ignored."""
    assert read_upload(in_folder("x/", **{extra: b"\0\1"})).files == dict(POCKET)


def test_a_readme_is_accepted() -> None:
    """A README in the folder is accepted, whatever its content, and is not read, with a warning."""
    scenario = read_upload(in_folder("x/", **{"x/README.md": b"\xff not text"}))
    assert scenario.files == dict(POCKET)
    assert list(map(str, scenario.warnings)) == ["README.md: is not part of a scenario; it was not read"]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"no zip", "not a zip archive or an .xlsx workbook"),
        (zip_archive("x", POCKET)[:-100], "is not complete"),
        (b"", "the file is empty; upload the folder"),
        (b"\xd0\xcf\x11\xe0 old", "save it as .xlsx without a password"),
        (zipped(), "contains no file"),
        (zipped(**{"__MACOSX/x": b""}), "contains no file"),
        (zipped(**{"../programme.toml": b""}), "outside a scenario folder"),
        (zipped(**{"/programme.toml": b""}), "outside a scenario folder"),
        (zipped(**{"a/b/programme.toml": b""}), "outside a scenario folder"),
        (zipped(**{"a\\programme.toml": b""}), "outside a scenario folder"),
        (zipped(**{"run.py": b"print()"}), "'run.py' is not a file of a scenario"),
        (zipped(**{"Programme.toml": b""}), "did you mean 'programme.toml'"),
        (zipped(**{"programme.toml": b"0" * 30_000_000}), "at most 20,000,000"),
        (zipped(**{"programme.toml": b"0" * 1_000_000}), "200 times the size"),
        (b"PK" + b"0" * 6_000_000, "at most 5,000,000"),
        (zipped(**{"a/programme.toml": b"", "b/decisions.toml": b""}), "files in 'a' and 'b'"),
        (zipped(**{"a/programme.toml": b"", "A/decisions.toml": b""}), "files in 'A' and 'a'"),
        (zipped(**{"programme.toml": b"", "b/decisions.toml": b""}), "files in its top level and 'b'"),
        (zipped(**{"programme.toml": b"", "decisions.toml": b""}), "assumptions.csv is missing"),
        (zipped(**{"content.xml": b""}), "OpenDocument"),
        (zipped(**{"xl/workbook.bin": b""}), ".xlsb"),
    ],
)
def test_other_archives_are_refused(data: bytes, message: str) -> None:
    """Paths outside the folder, several folders, unknown files and zip bombs are refused with the reason."""
    with pytest.raises(FolderError, match=message):
        read_upload(data)


def test_every_problem_is_listed() -> None:
    """Two unknown files give two problems."""
    with pytest.raises(FolderError) as error:
        read_upload(in_folder("x/", **{"x/a.py": b"", "x/b.py": b""}))
    assert len(error.value.problems) == 2


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_that_occurs_twice_is_refused() -> None:
    """An archive with two files of the same name is ambiguous."""
    out = io.BytesIO(in_folder("x/"))
    with zipfile.ZipFile(out, "a") as archive:
        archive.writestr("x/programme.toml", b"other")
    with pytest.raises(FolderError, match=r"'x/programme.toml' occurs twice"):
        read_upload(out.getvalue())


@pytest.mark.parametrize(
    ("kind", "message"), [(stat.S_IFLNK, "is a symbolic link"), (stat.S_IFIFO, "not a regular file")]
)
def test_only_regular_files_are_accepted(kind: int, message: str) -> None:
    """A symbolic link or a pipe in an archive is refused."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        entry = zipfile.ZipInfo("programme.toml")
        entry.external_attr = (kind | 0o777) << 16
        archive.writestr(entry, "/etc/passwd")
    with pytest.raises(FolderError, match=message):
        read_upload(out.getvalue())


def test_an_encrypted_archive_is_refused() -> None:
    """An encrypted member is refused by name."""
    data = bytearray(zip_archive("x", POCKET))
    first = data.find(b"PK\1\2")
    data[first + 8] |= 1
    with pytest.raises(FolderError, match=r"'x/.*' is encrypted"):
        read_upload(bytes(data))


def test_a_zip64_archive_is_read() -> None:
    """Archives in the zip64 format are accepted."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in POCKET.items():
            with archive.open(name, "w", force_zip64=True) as member:
                member.write(content)
    assert read_upload(out.getvalue()).files == dict(POCKET)


def test_a_wrong_checksum_is_refused() -> None:
    """Content that does not match its checksum is refused."""
    data = bytearray(zip_archive("x", POCKET))
    first = data.find(b"PK\1\2")
    data[first + 16] ^= 1
    with pytest.raises(FolderError, match=r"programme.toml|damaged"):
        read_upload(bytes(data))


def test_a_member_missing_from_the_directory_is_refused() -> None:
    """An archive with fewer members than its directory declares is refused."""
    data = bytearray(in_folder("x/", **{"x/sources2.csv": b""}))
    end = data.rfind(b"PK\5\6")
    data[end + 10] += 1
    with pytest.raises(FolderError, match=r"declares 6 members and has 5|sources2"):
        read_upload(bytes(data))
