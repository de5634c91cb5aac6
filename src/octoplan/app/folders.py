"""Scenario folders as zip archives or workbooks, for upload and download; uploads are not written to disk."""

import io
import zipfile
from collections.abc import Mapping
from pathlib import PurePosixPath

from octoplan.app import workbook
from octoplan.app.archives import members
from octoplan.errors import FolderError
from octoplan.scenario.files import MAX_BYTES, OPTIONAL_FILES, REQUIRED_FILES
from octoplan.scenario.report import did_you_mean

README = "README.md"
SCENARIO_FILES = (*REQUIRED_FILES, *OPTIONAL_FILES)
"""Names of the files of a scenario; a README may be in the folder but is not part of the scenario."""

SYSTEM_FILES = frozenset({".ds_store", "desktop.ini", "thumbs.db", "ehthumbs.db", "icon\r", ".localized", ".directory"})
"""Files that file managers add to folders and archives."""
MAC_FOLDER, MAC_PREFIX, LOCK_PREFIXES = "__MACOSX", "._", ("~$", ".~lock.")

OLD_EXCEL = b"\xd0\xcf\x11\xe0"


def read_upload(data: bytes) -> tuple[dict[str, bytes], list[str]]:
    """Files of an uploaded scenario, a zip archive or a workbook, and remarks on how they were read.

    If the upload has a README, it is included.

    Raises:
        FolderError: The upload is not a complete scenario folder; the message names every reason.

    """
    if data.startswith(OLD_EXCEL):
        raise FolderError("the file is an .xls workbook or has a password; save it as .xlsx without a password")
    contents = members(data)
    if "xl/workbook.xml" in contents:
        files, remarks = workbook.read_workbook(contents, (*SCENARIO_FILES, README))
    else:
        files, remarks = folder_files(contents), []
    check_files(files)
    return files, remarks


def folder_files(contents: Mapping[str, bytes]) -> dict[str, bytes]:
    """Files of a zip archive that contains one scenario folder; files added by file managers are ignored."""
    if foreign := next((description for name, description in OTHER_FORMATS.items() if name in contents), None):
        raise FolderError(f"the file is {foreign}; save it as .xlsx, or zip the scenario folder")
    names = [name for name in contents if not added_by_system(name)]
    problems = [problem for name in names if (problem := path_problem(name))]
    folders = sorted({str(PurePosixPath(name).parent) for name in names})
    if not names:
        problems.append("the archive holds no file")
    elif len(folders) > 1 and not problems:
        locations = " and ".join("its top level" if folder == "." else repr(folder) for folder in folders[:4])
        problems.append(f"the archive holds files in {locations}; zip one scenario folder")
    if problems:
        raise FolderError(*problems)
    return {PurePosixPath(name).name: contents[name] for name in names}


OTHER_FORMATS = {
    "xl/workbook.bin": "an .xlsb workbook",
    "content.xml": "an OpenDocument file",
    "word/document.xml": "a Word document",
}
"""Members that identify zip archives in other formats."""


def added_by_system(name: str) -> bool:
    """True if a file was added by a file manager or an office program."""
    path = PurePosixPath(name)
    if MAC_FOLDER in path.parts[:-1]:
        return True
    return path.name.lower() in SYSTEM_FILES or path.name.startswith((MAC_PREFIX, *LOCK_PREFIXES))


def path_problem(name: str) -> str:
    """The problem with the path of a member; empty if it is that of a scenario file."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\\" in name or len(path.parts) > 2:
        return f"{name!r} lies outside a scenario folder"
    if path.name not in (*SCENARIO_FILES, README):
        return f"{name!r} is not a file of a scenario; {did_you_mean(path.name, (*SCENARIO_FILES, README))}"
    return ""


def check_files(files: Mapping[str, bytes]) -> None:
    """Check the files of a scenario. Raises FolderError if a required file is missing or a file is too large."""
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
    """A zip archive with one folder that contains the files."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(f"{folder}/{name}"), data, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def as_workbook(files: Mapping[str, bytes]) -> bytes:
    """A workbook with one sheet for each file."""
    return workbook.write_workbook(files)
