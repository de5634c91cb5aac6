"""The file of a fit: it is read as written, and invalid values are reported with their line."""

import re
import tomllib
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from octoplan.errors import ScenarioError
from octoplan.raids.fit import Fit, fit
from octoplan.raids.fit_file import FITTED_PARAMETERS, fit_toml, read_fit
from octoplan.raids.read.record import Outlier
from tests.raids.test_process import simulated
from tests.scenario.test_raids import record

DAYS = slice(0, 90)


@pytest.fixture(scope="module")
def process_fit() -> Fit:
    return fit(simulated(90, 21))


@pytest.fixture(scope="module")
def text(process_fit: Fit) -> str:
    return fit_toml(process_fit, record(), DAYS, date(2026, 1, 2))


@pytest.mark.parametrize("start", ["", "\ufeff"])
def test_a_fit_is_read_back(tmp_path: Path, process_fit: Fit, text: str, start: str) -> None:
    """The posterior and the period are read as written, with or without a byte order mark."""
    path = tmp_path / "raids.toml"
    path.write_text(start + text, "utf-8", newline="\r\n")
    stored = read_fit(path)
    assert stored.posterior.mean == pytest.approx(process_fit.posterior.mean, rel=1e-9, abs=1e-9)
    assert stored.posterior.covariance == pytest.approx(process_fit.posterior.covariance, rel=1e-7, abs=1e-9)
    assert stored.posterior.salvo_probability == pytest.approx(process_fit.posterior.salvo_probability, abs=1e-6)
    assert (stored.first, stored.last) == (date(2025, 8, 3), date(2025, 10, 31))


def test_outliers_of_the_record_are_among_the_warnings(process_fit: Fit) -> None:
    """The warnings in the file of a fit begin with the outliers of the record, with their lines."""
    outlier = Outlier(date(2025, 8, 9), "drones", 15_000, 199, "record.csv:8")
    tree = tomllib.loads(fit_toml(process_fit, replace(record(), outliers=(outlier,)), DAYS, date(2026, 1, 2)))
    assert tree["diagnostics"]["warnings"][0].startswith("record.csv:8: 15,000 drones launched on 2025-08-09")


@pytest.mark.parametrize(
    ("pattern", "replacement", "problem"),
    [
        (r"first = 2025-08-03", 'first = "then"', "record.first is 'then', expected a date"),
        (r"first = 2025-08-03", "first = 2026-08-03", "record.last is before record.first"),
        (r"last = 2025-10-31\ndays", "days", "record.last is missing"),
        (r"value = [0-9.e-]+", "value = -1", "assumptions.raids.salvo_share.value is -1, expected a number between 0"),
        (r"value = [0-9.e-]+", 'value = "much"', "is 'much', expected a number"),
        (r"value = [0-9.e-]+", "value = nan", "is nan, expected a number"),
        (r"low = [0-9.e-]+", "low = 0.999999", "assumptions.raids.salvo_share low must be less than high"),
        (r'\n"raids.salvo_share" = [0-9.e-]+', '\n"raids.salvo_share" = 2', "is 2, expected a number between -1 and 1"),
        (r"salvo_on_the_last_day = .*", "", "diagnostics.salvo_on_the_last_day is missing"),
    ],
)
def test_invalid_values_are_refused(tmp_path: Path, text: str, pattern: str, replacement: str, problem: str) -> None:
    """A missing or invalid value is reported with its line and the expected value."""
    changed = re.sub(pattern, replacement, text, count=1)
    assert changed != text
    path = tmp_path / "raids.toml"
    path.write_text(changed, "utf-8")
    with pytest.raises(ScenarioError) as raised:
        read_fit(path)
    assert problem in str(raised.value)
    assert "write one with: octoplan raids fit" in str(raised.value)
    assert all(item.line >= 0 for item in raised.value.problems)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "is empty"),
        ("a = 1".encode("utf-16"), "is UTF-16 text"),
        ('title = "Дрони"'.encode("cp1251"), "is not UTF-8 text"),
        (b"date,class\n", ":1: is not valid TOML"),
        (b"a = 1\n", "assumptions.raids.salvo_share.low is missing"),
        (b"assumptions = 3\nrecord = []\n", "assumptions.raids.salvo_share.low is missing"),
    ],
)
def test_a_file_that_is_not_a_fit_is_refused(tmp_path: Path, content: bytes, problem: str) -> None:
    """An empty file, a file in another encoding, a CSV table, and TOML that is not a fit are refused."""
    path = tmp_path / "raids.toml"
    path.write_bytes(content)
    with pytest.raises(ScenarioError) as raised:
        read_fit(path)
    assert problem in str(raised.value)


def test_quantiles_are_in_the_order_of_the_posterior(process_fit: Fit, text: str) -> None:
    """Each assumption has the P10, P50 and P90 of its parameter in the posterior."""
    tree = tomllib.loads(text)["assumptions"]
    for key, probability in (("low", 0.1), ("value", 0.5), ("high", 0.9)):
        values = [tree[parameter.name][key] for parameter in FITTED_PARAMETERS]
        assert values == process_fit.posterior.quantiles(probability).tolist()
