"""Write and read ``raids.toml``, the file of a fit, with its record and its posterior as scenario assumptions."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from math import asin, exp, inf, pi, sin
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import norm

from octoplan.raids.fit import Fit, Posterior
from octoplan.raids.process import INITIAL_INTENSITY, PARAMETERS, Floats
from octoplan.raids.read.record import Record
from octoplan.raids.stopped_share import StoppedShare, last_spans, stopped_shares
from octoplan.scenario.report import Report, quoted
from octoplan.scenario.toml_text import Toml, parse_toml

FITTED_PARAMETERS = (*PARAMETERS, INITIAL_INTENSITY)
"""The fitted parameters in the file, in the order of ``Posterior.mean``."""

DISTRIBUTIONS = {"log": "lognormal", "logit": "logitnormal", "identity": "normal"}
"""Distribution of an assumption, by the transform of the parameter to the unconstrained scale."""
PERMITTED_RANGES = {"log": (0.0, inf), "logit": (0.0, 1.0), "identity": (-inf, inf)}
"""Open interval of permitted values, by the transform of the parameter to the unconstrained scale."""
PARAMETER_UNITS = {"raids.wander_time": "day"} | {
    parameter.name: "1/day" for parameter in PARAMETERS if parameter.name.endswith("_mean")
}

FIXED_PARAMETERS = {
    "raids.level": (1.0, "1"),
    "packages.drones.coupling": (0.0, "1"),
    "packages.missiles.coupling": (0.0, "1"),
    "packages.missiles.quiet": (0.0, "1"),
}
"""Value and unit of the raid parameters that are not fitted, whose effect the fitted parameters include."""

LAST_DAY_SALVO_KEY = "salvo_on_the_last_day"


def fit_toml(fit: Fit, record: Record, days: slice, date_of_fit: date) -> str:
    """Return the text of ``raids.toml``.

    Args:
        fit: The fit.
        record: The record that was fitted.
        days: The days of the record that were fitted.
        date_of_fit: Date entered for the assumptions.

    """
    lines = [
        "# The raid process fitted to a record of raids. To draw the raids of a scenario from this fit, put this file",
        "# in the folder of the scenario and add the following line at the top of its programme.toml:",
        '#     raids = "raids.toml"',
        "# low and high are P10 and P90.",
        "",
        *record_table(record, days),
        "",
        *diagnostics_table(fit, record),
        "",
        *stopped_share_tables(last_spans(stopped_shares(record, days))),
    ]
    quantiles = zip(*(fit.posterior.quantiles(probability) for probability in (0.1, 0.5, 0.9)), strict=True)
    for parameter, (low, value, high) in zip(FITTED_PARAMETERS, quantiles, strict=True):
        lines += [
            f"[assumptions.{toml_string(parameter.name)}]",
            f"low = {float(low)!r}",
            f"value = {float(value)!r}",
            f"high = {float(high)!r}",
            f"distribution = {toml_string(DISTRIBUTIONS[parameter.scale])}",
            f"unit = {toml_string(PARAMETER_UNITS.get(parameter.name, '1'))}",
            *source_lines("posterior of the fitted process", date_of_fit),
        ]
    for name, (value, unit) in FIXED_PARAMETERS.items():
        lines += [
            f"[assumptions.{toml_string(name)}]",
            f"value = {value}",
            'distribution = "fixed"',
            f"unit = {toml_string(unit)}",
            *source_lines("not fitted: the fitted parameters include its effect", date_of_fit),
        ]
    return "\n".join([*lines, *correlation_tables(fit.posterior)]) + "\n"


def toml_string(text: str) -> str:
    """Text as a TOML basic string, with quotes."""
    return json.dumps(text, ensure_ascii=False)


def record_table(record: Record, days: slice) -> Iterator[str]:
    """Yield the lines of the table ``[record]``, which identifies the record that was fitted."""
    period = record.days[days]
    yield "[record]"
    yield f"title = {toml_string(f'Record of raids, {record.source}')}"
    yield f"sha256 = {toml_string(record.digest)}"
    yield f"first = {period[0]}"
    yield f"last = {period[-1]}"
    yield f"days = {len(period)}"
    yield f"unknown_days = {int((~record.all_known[days]).sum())}"
    yield f"repairs = {json.dumps([str(correction) for correction in record.corrections], ensure_ascii=False)}"


def diagnostics_table(fit: Fit, record: Record) -> Iterator[str]:
    """Yield the lines of the table ``[diagnostics]``; its warnings begin with the outliers of the record."""
    diagnostics = fit.diagnostics
    drones, missiles = (f"{exp(shift):.6f}" for shift in fit.level_shift)
    warnings = [*map(str, record.outliers), *diagnostics.warnings()]
    yield "[diagnostics]"
    yield f"log_likelihood = {diagnostics.log_likelihood:.6f}"
    yield f"salvo_days = {diagnostics.salvo_days:.3f}"
    yield f"grid_edge_probability = {diagnostics.grid_edge_probability:.3e}"
    yield f"effective_sample_size = {diagnostics.effective_sample_size:.1f}"
    yield f"level_factors = [{drones}, {missiles}]  # on the means of drones and missiles, from the combined forecast"
    yield f"one_day_ahead_p = {diagnostics.pit_p_value:.4f}"
    yield f"{LAST_DAY_SALVO_KEY} = {fit.posterior.salvo_probability:.6f}"
    yield f"warnings = {json.dumps(warnings, ensure_ascii=False)}"


def stopped_share_tables(shares: Sequence[StoppedShare]) -> Iterator[str]:
    """Yield the lines of the tables ``[stopped.CLASS]``; they are for information, and a scenario does not use them."""
    for share in shares:
        yield f"[stopped.{share.klass}]"
        yield f"first = {share.first}"
        yield f"last = {share.last}"
        yield f"days = {share.days}"
        yield f"launched = {share.launched}"
        yield f"stopped = {share.stopped}"
        for name, estimate in (("share", share.share), ("correlation", share.correlation)):
            yield f"{name} = {estimate.value!r}"
            yield f"{name}_95 = [{estimate.low!r}, {estimate.high!r}]"
        yield ""


def source_lines(note: str, date_of_fit: date) -> list[str]:
    """Lines with the source, rating, owner, date and note of an assumption of a fit."""
    return [
        'source = "raids.toml"',
        'quality = "amber"',
        'owner = "intelligence"',
        f"date = {date_of_fit}",
        f"note = {toml_string(note)}",
        "",
    ]


def correlation_tables(posterior: Posterior) -> Iterator[str]:
    """Yield the lines of the tables of Spearman's rank correlations between the parameters.

    The rank correlation is 6/π asin(r/2) for normal variables with correlation r (Pearson 1907).
    """
    names, r = [parameter.name for parameter in FITTED_PARAMETERS], correlation_matrix(posterior.covariance)
    for i, name in enumerate(names):
        yield f"[correlations.{toml_string(name)}]"
        for j in range(i):
            yield f"{toml_string(names[j])} = {6.0 / pi * asin(r[i, j] / 2.0)!r}"
        yield ""


def correlation_matrix(covariance: Floats) -> Floats:
    """Matrix of Pearson's correlations from a covariance matrix, both (n, n)."""
    sd = np.sqrt(np.diag(covariance))
    return np.asarray(covariance / np.outer(sd, sd))


@dataclass(frozen=True)
class StoredFit:
    """A fit read from its file: the posterior, and the first and last fitted day of the record."""

    posterior: Posterior
    first: date
    last: date


def read_fit(path: Path) -> StoredFit:
    """Read the file of a fit written by ``octoplan raids fit``.

    Raises:
        ScenarioError: The file is not a valid fit; all problems are listed by line.
        OSError: The file cannot be read.

    """
    toml = parse_toml(str(path), path.read_bytes())
    report = Report(str(path.parent))
    reader = FitReader(path.name, toml, report)
    posterior = reader.posterior()
    first, last = reader.day("first"), reader.day("last")
    if first > last:
        reader.add_problem("is before record.first", "record", "last")
    if report.problems:
        report.add(
            path.name, 0, "is not a fit written by octoplan; write one with: octoplan raids fit RECORD --out FILE"
        )
    report.raise_problems()
    return StoredFit(posterior, first, last)


@dataclass(frozen=True)
class FitReader:
    """Reader of the values in the file of a fit; a missing or invalid value is reported, and a default is returned."""

    name: str
    toml: Toml
    report: Report

    def add_problem(self, message: str, *path: str) -> None:
        """Report a problem with the value under a path of keys."""
        self.report.add(self.name, self.toml.line(*path), f"{'.'.join(path)} {message}")

    def value(self, *path: str) -> Any:
        """The value under a path of keys; if it is missing, report that and return None."""
        tree: Any = self.toml.tree
        for key in path:
            tree = tree.get(key) if isinstance(tree, dict) else None
        if tree is None:
            self.add_problem("is missing", *path)
        return tree

    def number(self, low: float, high: float, *path: str) -> float:
        """A number strictly between low and high; if it is missing or invalid, report that and return a default."""
        value = self.value(*path)
        if isinstance(value, int | float) and not isinstance(value, bool) and low < value < high:
            return float(value)
        if value is not None:
            self.add_problem(f"is {quoted(value)}, expected a number between {low:g} and {high:g}", *path)
        return 0.5 if high == 1.0 else 1.0

    def day(self, key: str) -> date:
        """A date in the table ``[record]``; if it is missing or invalid, report that and return ``date.min``."""
        value = self.value("record", key)
        if type(value) is date:
            return value
        if value is not None:
            self.add_problem(f"is {quoted(value)}, expected a date such as 2026-01-31", "record", key)
        return date.min

    def posterior(self) -> Posterior:
        """The posterior, computed from the medians, the P10 and P90, and the rank correlations in the file."""
        quantiles = []
        for parameter in FITTED_PARAMETERS:
            keys = ("low", "value", "high")
            values = [
                self.number(*PERMITTED_RANGES[parameter.scale], "assumptions", parameter.name, key) for key in keys
            ]
            if not values[0] < values[2] and not self.report.problems:
                self.add_problem("low must be less than high", "assumptions", parameter.name)
            quantiles.append([float(parameter.to_unconstrained(np.array(value))) for value in values])
        low, mean, high = np.array(quantiles).T
        sd = (high - low) / (2.0 * norm.ppf(0.9))
        r = np.eye(len(FITTED_PARAMETERS))
        for i, row in enumerate(FITTED_PARAMETERS):
            for j, column in enumerate(FITTED_PARAMETERS[:i]):
                spearman = self.number(-1.0, 1.0, "correlations", row.name, column.name)
                r[i, j] = r[j, i] = 2.0 * sin(pi / 6.0 * spearman)
        salvo = self.number(-1e-9, 1.0 + 1e-9, "diagnostics", LAST_DAY_SALVO_KEY)
        return Posterior(mean, r * np.outer(sd, sd), salvo)
