"""The output of ``make demo`` in the README agrees with runs of the scenario."""

import importlib.util
import re
from itertools import pairwise
from pathlib import Path
from types import ModuleType

import pytest

import octoplan as op
from octoplan.outcomes.format import scaled

ROOT = Path(__file__).parents[2]
FUTURES = 16
SCALES = {"bn": 1e9, "M": 1e6, "k": 1e3}
SIGMAS = 6.0


@pytest.fixture(scope="module")
def readme() -> ModuleType:
    """The module ``docs/readme.py``."""
    spec = importlib.util.spec_from_file_location("readme", ROOT / "docs" / "readme.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def table_rows(text: str) -> dict[tuple[str, str], list[str]]:
    """The figures of a printed table, and the unit, by group and measure; lines of a wrapped name are joined."""
    rows: dict[tuple[str, str], list[str]] = {}
    group, measure = "", ""
    for previous, line in pairwise(text[text.index(" ────") :].splitlines()):
        cells = re.split(r" {2,}", line.strip())
        if len(cells) > 1:
            measure = cells[0]
            rows[group, measure] = cells[1:]
        elif line.startswith(" ") and previous.strip(" ─"):
            figures = rows.pop((group, measure))
            measure += f" {cells[0]}"
            rows[group, measure] = figures
        elif line.startswith(" "):
            group = cells[0]
        elif line:
            break
    return rows


def number(figure: str) -> float:
    return float(figure.replace(",", "").replace("∞", "inf"))


def test_the_block_agrees_with_a_small_run(readme: ModuleType) -> None:
    """Every measure of a run of a few futures is in the block, with its unit, and means agree within sampling error."""
    block = table_rows(readme.block())
    results = op.simulate(op.load("octopus"), FUTURES, 1).key_results()
    compared = 0
    for row in results:
        if row.form == "amount" and row.interval.mean == 0 == row.interval.p90:
            continue
        *figures, unit = block[row.group, row.measure]
        if row.form == "month":
            continue
        _, plain = scaled(row.unit, ())
        prefix = unit.removesuffix(plain).strip()
        if not plain:
            figures, prefix = [*figures, unit], ""
        factor = SCALES[prefix] if prefix else 1.0
        mean, error = number(figures[-2]), number(figures[-1]) if figures[-1] != "–" else float("inf")
        expected, small = row.interval.mean, row.interval.se_mean
        assert mean * factor == pytest.approx(expected, abs=SIGMAS * (small + error * factor), rel=1e-3), row.measure
        compared += 1
    assert compared > len(block) / 2
    assert "run folder  runs/demo\nreport      runs/demo/report.html\n" in readme.block()


@pytest.mark.slow
def test_the_block_is_the_output_of_the_command(readme: ModuleType) -> None:
    """Line by line; it takes a minute on two cores."""
    assert readme.demo_output().splitlines() == readme.block().splitlines()
