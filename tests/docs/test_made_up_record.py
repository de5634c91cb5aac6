"""The made-up record of raids of the guide is what its script writes, and covers what the guide does with it."""

from octoplan.raids.read.readers import read
from tests.docs.scripts import docs_script


def test_the_record_is_drawn_with_the_documented_seed() -> None:
    """The file is the output of the script."""
    script = docs_script("made_up_record")
    assert script.RECORD.read_text("utf-8") == script.text()


def test_the_record_can_be_read_without_corrections() -> None:
    """It has every day from the first to the last, and no weapon more destroyed than launched."""
    script = docs_script("made_up_record")
    record = read(script.RECORD)
    assert (str(record.days[0]), str(record.days[-1])) == (str(script.FIRST), str(script.LAST))
    assert len(record) == (script.LAST - script.FIRST).days + 1
    assert not record.corrections
    assert not record.outliers
    assert record.all_known.all()
