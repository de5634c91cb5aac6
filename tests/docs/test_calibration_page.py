"""The block of docs/background/calibration.md that docs/calibration.py writes agrees with octopus."""

import re
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

import octoplan as op
from octoplan.scenario import Scenario
from octoplan.scenario.calibrated import with_priors
from tests.docs.scripts import docs_script

FUTURES = 64
SIGMAS = 5.0


@pytest.fixture(scope="module")
def calibration() -> ModuleType:
    """The module ``docs/calibration.py``."""
    return docs_script("calibration")


@pytest.fixture(scope="module")
def octopus() -> Scenario:
    return op.load("octopus")


def rows(module: ModuleType, heading: str) -> list[list[str]]:
    """The cells of the table of the page whose first heading begins with ``heading``, without its headings."""
    match = module.MARK.search(module.PAGE.read_text("utf-8"))
    assert match is not None
    lines = match[0].splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith(f"| {heading} |"))
    table = lines[start + 2 :]
    end = next((i for i, line in enumerate(table) if not line.startswith("|")), len(table))
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in table[:end]]


def figures(cell: str) -> list[float]:
    """The numbers of a cell such as "0.412 (0.200 to 0.650)"."""
    return [float(text.replace(",", "")) for text in re.findall(r"-?\d[\d,]*\.?\d*", cell)]


def test_the_ranges_are_those_of_octopus(calibration: ModuleType, octopus: Scenario) -> None:
    """Each row of the table of assumptions has the quantiles of the prior and of the posterior of the scenario."""
    before = {assumption.name: assumption for assumption in with_priors(octopus).assumptions}
    after = {assumption.name: assumption for assumption in octopus.assumptions}
    table = rows(calibration, "assumption")
    assert len(table) == calibration.MOST_ASSUMPTIONS
    for name, *cells, _ in table:
        row = re.search(r"`(.+)`", name)
        assert row is not None
        for cell, assumption in zip(cells, (before[row[1]], after[row[1]]), strict=True):
            middle, low, high = figures(cell)
            factor = 1e6 if cell.endswith(" M") else 1e3 if cell.endswith(" k") else 1.0
            expected = assumption.marginal.quantile(np.array([0.1, 0.5, 0.9]))
            assert np.array([low, middle, high]) * factor == pytest.approx(expected, rel=0.03, abs=0.005), row[1]
        assert after[row[1]].is_calibrated


def test_every_observation_is_in_the_table(calibration: ModuleType, octopus: Scenario) -> None:
    """The table has the observed value of each row of ``observations.csv``, and its bands hold their medians."""
    table = rows(calibration, "observation")
    values = [figures(row[2])[0] * (1e9 if row[1].startswith("bn") else 1.0) for row in table]
    for observation in octopus.observations:
        assert any(value == pytest.approx(observation.value, rel=0.005) for value in values), observation.measure
    for row in table:
        low, high = figures(row[4])
        assert (low <= figures(row[2])[0] <= high) == (row[5] == "yes"), row[0]


def test_the_answer_agrees_with_a_small_run(calibration: ModuleType, octopus: Scenario) -> None:
    """Means of the key results of the calibrated scenario agree with those of a run of fewer futures."""
    results = op.simulate(octopus, FUTURES, 1).key_results()
    by_name = {row[0]: row[-1] for row in rows(calibration, "")}
    compared = {
        "leakers prevented by the programme, excluding decoys": ("leakers-prevented/excluding-decoys", 1.0),
        "drones stopped, %": ("stopped/drones", 1.0),
        "kills by interceptors a month": ("kills", 24.0),
        "cost of the programme, M GBP": ("programme/cost", 1e6),
        "damage avoided by the programme, M GBP": ("damage/avoided", 1e6),
    }
    for name, (key, divisor) in compared.items():
        estimate, (mean, half_width, *_) = results[key].interval, figures(by_name[name])
        error = np.hypot(estimate.se_mean / divisor, half_width / 1.96)
        assert mean == pytest.approx(estimate.mean / divisor, abs=SIGMAS * error), name


def test_text_of_estimates_and_labels(calibration: ModuleType, octopus: Scenario) -> None:
    """A mean has its 95 % half-width and P10 to P90; the label of an observation is in words."""
    estimate = {"mean": 1234.5, "se_mean": 10.0, "p10": -3.0, "p90": 2000.0}
    assert calibration.estimate_text(estimate) == "1,234 ± 20 (-3.00 to 2,000)"
    assert calibration.label_text(octopus, "stopped/cruise 2026-02") == "share stopped, cruise missile, Feb 2026"
    assert calibration.label_text(octopus, "kills 2025-11 to 2026-01") == "kills, Nov 2025 to Jan 2026"
    assert calibration.label_text(octopus, "stock/other 2026-01-20").endswith(", 2026-01-20")


def test_only_the_block_is_replaced(calibration: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The text around the block is kept, and a page without a block is refused."""
    page = tmp_path / "calibration.md"
    text = calibration.PAGE.read_text("utf-8")
    page.write_text(text, "utf-8")
    monkeypatch.setattr(calibration, "PAGE", page)
    calibration.write("new\n")
    head, tail = calibration.MARK.sub("|", text).split("|")[0], text[text.index("<!-- end of calibration -->") :]
    assert page.read_text("utf-8").startswith(head)
    assert page.read_text("utf-8").endswith(f"new\n{tail}")
    page.write_text("no block", "utf-8")
    with pytest.raises(ValueError, match="has no block"):
        calibration.write("new\n")
