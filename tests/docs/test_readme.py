"""The output of ``make demo`` in the README agrees with runs of the scenario."""

import re
from types import ModuleType

import pytest

import octoplan as op
from octoplan.outcomes.run_results import RunResults
from octoplan.show.front import answer_rows
from tests.docs.scripts import docs_script

FUTURES = 16
SCALES = {"bn": 1e9, "M": 1e6, "k": 1e3}
SIGMAS = 6.0


@pytest.fixture(scope="module")
def readme() -> ModuleType:
    """The module ``docs/readme.py``."""
    return docs_script("readme")


def table_rows(text: str) -> dict[str, list[str]]:
    """P10, P50, P90, standard error and unit of a printed table, by measure."""
    lines = text[text.index(" ────") :].splitlines()[1:]
    rows = (re.split(r" {2,}", line.strip()) for line in lines)
    return {cells[0]: cells[1:] for cells in rows if len(cells) == 6}


def number(figure: str) -> float:
    return float(figure.replace(",", ""))


def test_the_block_agrees_with_a_small_run(readme: ModuleType) -> None:
    """The medians of the key results of a small run are those of the block, within sampling error, in its units."""
    block = table_rows(readme.block())
    rows = answer_rows(RunResults(op.simulate("octopus", FUTURES, 1)))
    assert [row.title for row in rows] == list(block)
    compared = 0
    for row in rows:
        figures, other = block[row.title], row.cells
        if figures[-1] == "month":
            continue
        scales = [SCALES.get(unit.split()[0], 1.0) for unit in (figures[-1], other[-1])]
        middle, error = (number(figures[i]) * scales[0] for i in (1, 3))
        small, small_error = (number(other[i]) * scales[1] for i in (1, 3))
        assert small == pytest.approx(middle, abs=SIGMAS * (small_error + error)), row.title
        compared += 1
    assert compared == len(block) - 1
    assert "run folder  runs/demo\nreport      runs/demo/report.html\n" in readme.block()


def test_the_answer_at_the_top_is_that_of_the_output(readme: ModuleType) -> None:
    """About ten lines of the block below stand before the links for readers; the first screen has the two commands."""
    answer = readme.answer_block()
    assert answer == readme.answer_of(readme.block())
    assert 6 <= len(answer.splitlines()) <= 14
    first_screen = readme.README.read_text("utf-8").partition("| you are | begin with |")[0]
    assert all(text in first_screen for text in ("make demo ", "make test ", "first-view.jpg", answer))


def test_links_of_the_readme_exist(readme: ModuleType) -> None:
    """Every file that the README links or shows is in the repository."""
    links = re.findall(r"\]\(([^)#:]+)[^):]*\)", readme.README.read_text("utf-8"))
    assert len(links) > 20
    assert not [link for link in links if not (readme.README.parent / link).exists()]


@pytest.mark.slow
def test_the_block_is_the_output_of_the_command(readme: ModuleType) -> None:
    """Line by line; it takes a minute on two cores."""
    assert readme.demo_output().splitlines() == readme.block().splitlines()
