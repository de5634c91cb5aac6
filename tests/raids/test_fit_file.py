"""The file of a fit: written and read back, and refused by line where it is not one."""

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
def fitted() -> Fit:
    return fit(simulated(90, 21))


@pytest.fixture(scope="module")
def text(fitted: Fit) -> str:
    return fit_toml(fitted, record(), DAYS, date(2026, 1, 2))


@pytest.mark.parametrize("start", ["", "\ufeff"])
def test_a_fit_is_read_back(tmp_path: Path, fitted: Fit, text: str, start: str) -> None:
    """The posterior and period in the file are those that were written, with or without a byte order mark."""
    path = tmp_path / "raids.toml"
    path.write_text(start + text, "utf-8", newline="\r\n")
    stored = read_fit(path)
    assert stored.posterior.mean == pytest.approx(fitted.posterior.mean, rel=1e-9, abs=1e-9)
    assert stored.posterior.covariance == pytest.approx(fitted.posterior.covariance, rel=1e-7, abs=1e-9)
    assert stored.posterior.salvo_probability == pytest.approx(fitted.posterior.salvo_probability, abs=1e-6)
    assert (stored.first, stored.last) == (date(2025, 8, 3), date(2025, 10, 31))


def test_outliers_of_the_record_are_among_the_warnings(fitted: Fit) -> None:
    """A count that may be an error is in the file of the fit, with its line."""
    outlier = Outlier(date(2025, 8, 9), "drones", 15_000, 199, "record.csv:8")
    tree = tomllib.loads(fit_toml(fitted, replace(record(), outliers=(outlier,)), DAYS, date(2026, 1, 2)))
    assert tree["diagnostics"]["warnings"][0].startswith("record.csv:8: 15,000 drones launched on 2025-08-09")


@pytest.mark.parametrize(
    ("pattern", "replacement", "problem"),
    [
        (r"first = 2025-08-03", 'first = "then"', "record.first is 'then', expected a date"),
        (r"first = 2025-08-03", "first = 2026-08-03", "record.last ends before it begins"),
        (r"last = 2025-10-31\ndays", "days", "record.last is missing"),
        (r"value = [0-9.e-]+", "value = -1", "assumptions.raids.salvo_share.value is -1, expected a number between 0"),
        (r"value = [0-9.e-]+", 'value = "much"', "is 'much', expected a number"),
        (r"value = [0-9.e-]+", "value = nan", "is nan, expected a number"),
        (r"low = [0-9.e-]+", "low = 0.999999", "assumptions.raids.salvo_share has a low that is not below its high"),
        (r'\n"raids.salvo_share" = [0-9.e-]+', '\n"raids.salvo_share" = 2', "is 2, expected a number between -1 and 1"),
        (r"salvo_on_the_last_day = .*", "", "diagnostics.salvo_on_the_last_day is missing"),
    ],
)
def test_impossible_values_are_refused(tmp_path: Path, text: str, pattern: str, replacement: str, problem: str) -> None:
    """A value that is missing or impossible is refused with its line and what would be possible."""
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
    """An empty file, another encoding, a table, and TOML that is not a fit are refused."""
    path = tmp_path / "raids.toml"
    path.write_bytes(content)
    with pytest.raises(ScenarioError) as raised:
        read_fit(path)
    assert problem in str(raised.value)


def test_fitted_numbers_are_in_the_order_of_the_posterior(fitted: Fit, text: str) -> None:
    """Each assumption has the P10, P50 and P90 of its place in the posterior."""
    tree = tomllib.loads(text)["assumptions"]
    for key, probability in (("low", 0.1), ("value", 0.5), ("high", 0.9)):
        values = [tree[parameter.name][key] for parameter in FITTED_PARAMETERS]
        assert values == fitted.posterior.quantiles(probability).tolist()
