"""Files and folders are written atomically."""

from pathlib import Path

import pytest

from octoplan.errors import StoreError
from octoplan.outcomes.files import atomic_folder, atomic_write, check_output_folder


def test_missing_parent_folders_are_created(tmp_path: Path) -> None:
    """Missing parent folders are created, and existing folders are used."""
    for name in ("first", "second"):
        with atomic_folder(tmp_path / "deep" / "deeper" / name) as part:
            (part / "file").write_text(name)
        atomic_write(tmp_path / "other" / "deeper" / name, name)
    assert [path.name for path in sorted((tmp_path / "deep" / "deeper").iterdir())] == ["first", "second"]
    assert (tmp_path / "deep" / "deeper" / "second" / "file").read_text() == "second"
    assert (tmp_path / "other" / "deeper" / "second").read_text() == "second"


def test_files_and_folders_can_be_read_by_others(tmp_path: Path) -> None:
    """Files and folders have the usual permissions, not those of a temporary file."""
    with atomic_folder(tmp_path / "folder"):
        pass
    atomic_write(tmp_path / "file", b"content")
    assert (tmp_path / "folder").stat().st_mode & 0o777 == 0o755
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o644


def test_a_path_created_meanwhile_is_reported(tmp_path: Path) -> None:
    """If another process creates the folder first, the message says so and that folder is not changed."""
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


def test_paths_in_use_are_refused(tmp_path: Path) -> None:
    """Files, links and folders with content are refused; an empty folder and a missing path are accepted."""
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
    with pytest.raises(StoreError, match="is a folder; give the path of a file"):
        atomic_write(tmp_path / "empty", "content")
