"""Damaged uploads: the same content, or a refusal in words; never another exception, never other content."""

import io
import random
import zipfile
from collections.abc import Callable

import pytest

from octoplan.app.folders import as_workbook, read_upload, zip_archive
from octoplan.errors import FolderError, ScenarioError
from octoplan.scenario import load
from octoplan.scenario.scenario import read_files

FILES = dict(load("pocket").files)
ZIP, BOOK = zip_archive("pocket", FILES), as_workbook(FILES)
PLAIN_ZIP = io.BytesIO()
with zipfile.ZipFile(PLAIN_ZIP, "w", zipfile.ZIP_STORED) as archive:
    for name, content in FILES.items():
        archive.writestr(name, content)

COUNT = 300
"""Damaged uploads of each kind; 2,000 take half a minute."""


def damaged(data: bytes, numbers: random.Random) -> bytes:
    """The data with some bytes changed, removed, repeated or cut off; half of the time near the zip directory."""
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


def outcome(data: bytes) -> str:
    """What an upload comes to; raises for anything but the same files or a refusal."""
    try:
        files, _ = read_upload(data)
    except FolderError as error:
        return "refused" if error.problems and all(error.problems) else "refused without a word"
    assert files == FILES
    return "same"


@pytest.mark.parametrize("original", [ZIP, PLAIN_ZIP.getvalue(), BOOK], ids=["zip", "stored-zip", "workbook"])
def test_damaged_bytes_give_the_same_files_or_a_refusal(original: bytes) -> None:
    """Whatever bytes of an archive are changed, its content is never replaced by other content."""
    numbers = random.Random(20261122)
    outcomes = [outcome(damaged(original, numbers)) for _ in range(COUNT)]
    assert outcomes.count("refused") > COUNT // 4
    assert set(outcomes) <= {"refused", "same"}


def swap_attribute(xml: str, numbers: random.Random) -> str:
    """XML with a digit, a letter or a sign changed, or a stretch of it removed or doubled."""
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


def repacked(change: Callable[[str], str], part: str) -> bytes:
    """The workbook with the XML of a part changed and all checksums right."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(BOOK)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for member in old.namelist():
            data = old.read(member)
            new.writestr(member, change(data.decode()).encode(errors="surrogatepass") if member == part else data)
    return out.getvalue()


def test_broken_xml_is_refused_or_read() -> None:
    """A workbook with broken XML and right checksums is read as a scenario or refused in words."""
    numbers = random.Random(20261122)
    parts = [name for name in zipfile.ZipFile(io.BytesIO(BOOK)).namelist() if name.startswith("xl/")]
    silent = 0
    for _ in range(COUNT // 2):
        data = repacked(lambda xml: swap_attribute(xml, numbers), numbers.choice(parts))
        try:
            read_files(read_upload(data)[0], "upload")
        except (FolderError, ScenarioError) as error:
            silent += not str(error)
    assert silent == 0
