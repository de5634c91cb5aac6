"""Files and folders are written whole or not at all, wherever they are put."""

from pathlib import Path

import pytest

from octoplan.errors import StoreError
from octoplan.outcomes.files import atomic_folder, atomic_write, check_output_folder


def test_folders_on_the_way_are_made(tmp_path: Path) -> None:
    """Missing parents are made, and existing ones are used."""
    for name in ("first", "second"):
        with atomic_folder(tmp_path / "deep" / "deeper" / name) as part:
            (part / "file").write_text(name)
        atomic_write(tmp_path / "other" / "deeper" / name, name)
    assert [path.name for path in sorted((tmp_path / "deep" / "deeper").iterdir())] == ["first", "second"]
    assert (tmp_path / "deep" / "deeper" / "second" / "file").read_text() == "second"
    assert (tmp_path / "other" / "deeper" / "second").read_text() == "second"


def test_files_and_folders_can_be_read_by_others(tmp_path: Path) -> None:
    """They have the usual permissions, not those of a temporary file."""
    with atomic_folder(tmp_path / "folder"):
        pass
    atomic_write(tmp_path / "file", b"content")
    assert (tmp_path / "folder").stat().st_mode & 0o777 == 0o755
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o644


def test_a_path_that_is_taken_meanwhile_is_named(tmp_path: Path) -> None:
    """Another process that writes the same folder first is reported as such, and its folder is left alone."""
    path = tmp_path / "run"

    def write() -> None:
        with atomic_folder(path) as part:
            (part / "file").write_text("ours")
            path.mkdir()
            (path / "file").write_text("theirs")

    with pytest.raises(StoreError, match=r"run was created by another process during the run"):
        write()
    assert (path / "file").read_text() == "theirs"
    assert [entry.name for entry in tmp_path.iterdir()] == ["run"]


def test_what_is_no_folder_is_refused(tmp_path: Path) -> None:
    """Files, links and folders with content are in use; an empty folder and a missing path are not."""
    (tmp_path / "file").write_text("content")
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    for name in ("file", "link"):
        with pytest.raises(StoreError, match="exists and is not a folder; choose another path with --out"):
            check_output_folder(tmp_path / name)
    with pytest.raises(StoreError, match="exists and is not empty"):
        check_output_folder(tmp_path)
    check_output_folder(tmp_path / "empty")
    check_output_folder(tmp_path / "missing")
    with pytest.raises(StoreError, match="is a folder; name a file"):
        atomic_write(tmp_path / "empty", "content")
