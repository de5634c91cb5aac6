"""A scenario folder as one zip archive, in and out; an archive from outside is read, never run or written to disk."""

import io
import zipfile
from collections.abc import Mapping
from pathlib import PurePosixPath

from octoplan.app import workbook
from octoplan.app.archives import members
from octoplan.errors import FolderError
from octoplan.scenario.files import MOST_BYTES, OPTIONAL, REQUIRED
from octoplan.scenario.report import did_you_mean

README = "README.md"
SCENARIO_FILES = (*REQUIRED, *OPTIONAL)
"""The files of a scenario. A README may accompany them; as on disk, it is not part of the scenario."""

SYSTEM_FILES = frozenset({".ds_store", "desktop.ini", "thumbs.db", "ehthumbs.db", "icon\r", ".localized", ".directory"})
"""What file managers add to folders and archives."""
MAC_FOLDER, MAC_PREFIX, LOCK_PREFIXES = "__MACOSX", "._", ("~$", ".~lock.")

OLD_EXCEL = b"\xd0\xcf\x11\xe0"


def read_upload(data: bytes) -> tuple[dict[str, bytes], list[str]]:
    """The files of an uploaded scenario, a zip archive or a workbook, and remarks on how they were read.

    A README is among the files where the upload has one.

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
    """The files of the one folder that an archive holds, or of its top level; files of the system are skipped."""
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
"""Members by which other kinds of zip archive are known."""


def added_by_system(name: str) -> bool:
    """True for files that Finder, Explorer or an office program add to those of the user."""
    path = PurePosixPath(name)
    if MAC_FOLDER in path.parts[:-1]:
        return True
    return path.name.lower() in SYSTEM_FILES or path.name.startswith((MAC_PREFIX, *LOCK_PREFIXES))


def path_problem(name: str) -> str:
    """Why a member is not accepted; empty for a file of a scenario, at the top level or in one folder."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\\" in name or len(path.parts) > 2:
        return f"{name!r} lies outside a scenario folder"
    if path.name not in (*SCENARIO_FILES, README):
        return f"{name!r} is not a file of a scenario; {did_you_mean(path.name, (*SCENARIO_FILES, README))}"
    return ""


def check_files(files: Mapping[str, bytes]) -> None:
    """Raise FolderError for a required file that is missing, and for one that is too large."""
    problems = [f"{name} is missing; a scenario needs {', '.join(REQUIRED)}" for name in REQUIRED if name not in files]
    problems += [
        f"{name} has {len(data):,} bytes; a file of a scenario may have at most {MOST_BYTES:,}"
        for name, data in files.items()
        if len(data) > MOST_BYTES
    ]
    if problems:
        raise FolderError(*problems)


def zip_archive(folder: str, files: Mapping[str, bytes]) -> bytes:
    """The files as a zip archive that holds one folder."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(f"{folder}/{name}"), data, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def as_workbook(files: Mapping[str, bytes]) -> bytes:
    """The files as a workbook with a sheet for each."""
    return workbook.write_workbook(files)
