"""Scenario folders as zip archives or workbooks, for upload and download; uploads are not written to disk."""

import io
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import PurePosixPath

from octoplan.errors import FolderError, Problem
from octoplan.scenario.archives import MAX_ARCHIVE_BYTES, read_members
from octoplan.scenario.files import MAX_BYTES, OPTIONAL_FILES, REQUIRED_FILES
from octoplan.scenario.loading import OLE_SIGNATURE, WORKBOOK_MEMBER, workbook_scenario
from octoplan.scenario.report import did_you_mean
from octoplan.scenario.scenario import Scenario, read_files

README = "README.md"
SCENARIO_FILES = (*REQUIRED_FILES, *OPTIONAL_FILES)
"""Names of the files of a scenario; a README may be in the folder but is not part of the scenario."""

EXPECTED = "upload the folder of a scenario as .zip, or a workbook that octoplan wrote"
"""Second half of the message for a file of another kind."""

SYSTEM_FILES = frozenset({".ds_store", "desktop.ini", "thumbs.db", "ehthumbs.db", "icon\r", ".localized", ".directory"})
"""Files that file managers add to folders and archives."""
MAC_FOLDER, MAC_PREFIX, LOCK_PREFIXES = "__MACOSX", "._", ("~$", ".~lock.")
"""Folder and name prefix of files added by macOS, and name prefixes of the lock files of office programs."""


def read_upload(data: bytes) -> Scenario:
    """Read and check an uploaded scenario: a zip archive or a workbook.

    Raises:
        FolderError: The upload is not a complete scenario folder; the message gives every reason.
        ScenarioError: The scenario is invalid; the message lists every problem, of a workbook by sheet and cell.

    """
    if not data:
        raise FolderError(f"the file is empty; {EXPECTED}")
    if data.startswith(OLE_SIGNATURE):
        return workbook_scenario(data, "")
    if len(data) <= MAX_ARCHIVE_BYTES and not zipfile.is_zipfile(io.BytesIO(data)):
        raise FolderError(f"the file is not a zip archive or an .xlsx workbook, or is not complete; {EXPECTED}")
    members = read_members(data)
    if WORKBOOK_MEMBER in members:
        return workbook_scenario(data, "")
    files = folder_files(members)
    check_files(files)
    has_readme = files.pop(README, None) is not None
    scenario = read_files(files, "upload")
    if not has_readme:
        return scenario
    note = Problem(README, 0, "is not part of a scenario; it was not read")
    return replace(scenario, warnings=(note, *scenario.warnings))


def folder_files(members: Mapping[str, bytes]) -> dict[str, bytes]:
    """Files of a zip archive that contains one scenario folder; files added by file managers are ignored."""
    if other_format := next((description for name, description in OTHER_FORMATS.items() if name in members), None):
        raise FolderError(f"the file is {other_format}; save it as .xlsx, or zip the scenario folder")
    names = [name for name in members if not is_system_file(name)]
    problems = [problem for name in names if (problem := path_problem(name))]
    folders = sorted({str(PurePosixPath(name).parent) for name in names})
    if not names:
        problems.append("the archive contains no file")
    elif len(folders) > 1 and not problems:
        locations = " and ".join("its top level" if folder == "." else repr(folder) for folder in folders[:4])
        problems.append(f"the archive has files in {locations}; zip a single scenario folder")
    if problems:
        raise FolderError(*problems)
    return {PurePosixPath(name).name: members[name] for name in names}


OTHER_FORMATS = {
    "xl/workbook.bin": "an .xlsb workbook",
    "content.xml": "an OpenDocument file",
    "word/document.xml": "a Word document",
}
"""Members that identify zip archives in other formats."""


def is_system_file(name: str) -> bool:
    """True if a file was added by a file manager or an office program."""
    path = PurePosixPath(name)
    if MAC_FOLDER in path.parts[:-1]:
        return True
    return path.name.lower() in SYSTEM_FILES or path.name.startswith((MAC_PREFIX, *LOCK_PREFIXES))


def path_problem(name: str) -> str:
    """Reason why the path of a member is refused; empty if it is the path of a scenario file."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\\" in name or len(path.parts) > 2:
        return f"{name!r} lies outside a scenario folder"
    if path.name not in (*SCENARIO_FILES, README):
        return f"{name!r} is not a file of a scenario; {did_you_mean(path.name, (*SCENARIO_FILES, README))}"
    return ""


def check_files(files: Mapping[str, bytes]) -> None:
    """Check that no required file is missing and no file is too large. Raises FolderError otherwise."""
    problems = [
        f"{name} is missing; a scenario needs {', '.join(REQUIRED_FILES)}"
        for name in REQUIRED_FILES
        if name not in files
    ]
    problems += [
        f"{name} has {len(data):,} bytes; a file of a scenario may have at most {MAX_BYTES:,}"
        for name, data in files.items()
        if len(data) > MAX_BYTES
    ]
    if problems:
        raise FolderError(*problems)


def zip_archive(folder: str, files: Mapping[str, bytes]) -> bytes:
    """A zip archive of the files in a folder with the given name."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(f"{folder}/{name}"), data, zipfile.ZIP_DEFLATED)
    return out.getvalue()
