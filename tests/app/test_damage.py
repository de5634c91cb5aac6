"""Damaged uploads give the same content or a refusal with a reason, and never other content or another exception."""

import io
import random
import zipfile
from collections.abc import Callable

import pytest

from octoplan.app.folders import read_upload, zip_archive
from octoplan.errors import FolderError, ScenarioError
from octoplan.scenario import load
from octoplan.scenario.workbook.writing import write_workbook

FILES = dict(load("pocket").files)
ZIP, WORKBOOK = zip_archive("pocket", FILES), write_workbook(FILES)
PLAIN_ZIP = io.BytesIO()
with zipfile.ZipFile(PLAIN_ZIP, "w", zipfile.ZIP_STORED) as archive:
    for name, content in FILES.items():
        archive.writestr(name, content)

UPLOADS = 300
"""Number of damaged uploads of each kind; 2,000 take half a minute."""


def damaged(data: bytes, numbers: random.Random) -> bytes:
    """The data with some bytes changed, removed or repeated, or cut off; in half of the cases in the zip directory."""
    content = bytearray(data)
    directory = data.rfind(b"PK\1\2") if numbers.random() < 0.3 else data.find(b"PK\1\2")
    start = directory if numbers.random() < 0.5 else 0
    for _ in range(numbers.choice((1, 1, 1, 2, 5, 20))):
        position = numbers.randrange(min(start, len(content) - 1), len(content))
        kind = numbers.randrange(5)
        if kind == 0:
            content[position] = numbers.randrange(256)
        elif kind == 1:
            content[position] ^= 1 << numbers.randrange(8)
        elif kind == 2:
            del content[position : position + numbers.randrange(1, 9)]
        elif kind == 3:
            content[position:position] = content[position : position + numbers.randrange(1, 9)]
        elif len(content) > 100 and numbers.random() < 0.2:
            del content[numbers.randrange(100, len(content)) :]
    return bytes(content)


def upload_outcome(data: bytes) -> str:
    """Outcome of an upload: the same files, or a refusal with or without a reason."""
    try:
        files = read_upload(data).files
    except (FolderError, ScenarioError) as error:
        return "refused" if error.problems and all(error.problems) else "refused without a reason"
    assert files == FILES
    return "same"


@pytest.mark.parametrize("undamaged", [ZIP, PLAIN_ZIP.getvalue(), WORKBOOK], ids=["zip", "stored-zip", "workbook"])
def test_damaged_bytes_give_the_same_files_or_a_refusal(undamaged: bytes) -> None:
    """An archive with damaged bytes never yields other content than the original."""
    numbers = random.Random(20261122)
    outcomes = [upload_outcome(damaged(undamaged, numbers)) for _ in range(UPLOADS)]
    assert outcomes.count("refused") > UPLOADS // 4
    assert set(outcomes) <= {"refused", "same"}


def damaged_xml(xml: str, numbers: random.Random) -> str:
    """XML with one character changed, or some characters removed or repeated, or a tag or attribute removed."""
    position = numbers.randrange(len(xml))
    kind = numbers.randrange(4)
    if kind == 0:
        return xml[:position] + numbers.choice("0123456789<>&\"'=/ abcs\ud83d") + xml[position + 1 :]
    if kind == 1:
        return xml[:position] + xml[position + numbers.randrange(1, 40) :]
    if kind == 2:
        end = position + numbers.randrange(1, 40)
        return xml[:end] + xml[position:end] + xml[end:]
    return xml.replace(numbers.choice(('t="s"', 't="inlineStr"', 't="n"', "<v>", 'r="A1"', "<row")), "", 1)


def workbook_with_changed_part(change: Callable[[str], str], part: str) -> bytes:
    """The workbook after a change of the XML of one part, with correct checksums."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(WORKBOOK)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for member in old.namelist():
            data = old.read(member)
            new.writestr(member, change(data.decode()).encode(errors="surrogatepass") if member == part else data)
    return out.getvalue()


def test_broken_xml_is_refused_or_read() -> None:
    """A workbook with broken XML and correct checksums is read as a scenario or refused with a reason."""
    numbers = random.Random(20261122)
    parts = [name for name in zipfile.ZipFile(io.BytesIO(WORKBOOK)).namelist() if name.startswith("xl/")]
    refusals_without_message = 0
    for _ in range(UPLOADS // 2):
        data = workbook_with_changed_part(lambda xml: damaged_xml(xml, numbers), numbers.choice(parts))
        try:
            read_upload(data)
        except (FolderError, ScenarioError) as error:
            refusals_without_message += not str(error)
    assert refusals_without_message == 0
