"""The files of a calibrated scenario, and the scenario with its priors.

A calibrated folder has the joint draws of the calibrated rows (``posterior.csv``), these rows as they were before
(``prior.csv``), and the correlations among them as they were before (``prior-correlations.csv``). In
``assumptions.csv`` and ``correlations.csv`` they have summaries of the joint draws.
"""

from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np

from octoplan.errors import CalibrationError
from octoplan.scenario.arrays import Floats
from octoplan.scenario.assumption_log import SIGNIFICANT_DIGITS
from octoplan.scenario.assumptions import ASSUMPTION_COLUMNS, Assumption
from octoplan.scenario.correlations import CORRELATION_COLUMNS, is_summary, realised_correlations
from octoplan.scenario.csv_text import csv_text, replace_rows, row_dicts
from octoplan.scenario.distributions import POSTERIOR_DISTRIBUTION, Sample, is_constant
from octoplan.scenario.files import ASSUMPTIONS, CORRELATIONS, POSTERIOR, PRIOR, PRIOR_CORRELATIONS, RAID_FIT
from octoplan.scenario.posterior import MIN_LINES
from octoplan.scenario.report import did_you_mean
from octoplan.scenario.scenario import Scenario, read_files

DRAW_DIGITS = 6
"""Significant digits of the draws in ``posterior.csv``."""
MIN_CORRELATION = 0.3
"""Absolute value from which a rank correlation of the joint draws is written to ``correlations.csv``."""
MAX_CORRELATION = 0.999
"""Largest absolute value of a rank correlation that is written."""
INFORMED_SHIFT = 0.08
"""Change of the median, in units of the range from P10 to P90 of the prior, from which on a row is informed."""
INFORMED_RANGE = 0.875
"""Range from P10 to P90, in units of that of the prior, up to which a row is informed."""
SUMMARY_NOTE = f"from the joint draws of {POSTERIOR}"
"""Note of the rank correlations of the joint draws."""


def calibrated_files(
    scenario: Scenario, names: Sequence[str], draws: Floats, notes: Mapping[str, str]
) -> dict[str, bytes]:
    """The files that change in the folder of a scenario when some of its assumptions are calibrated.

    The rows state the P10, median and P90 of the draws, in the unit of the parameter; money is at the price base of
    the scenario. If rows are calibrated already, their prior remains the original one.

    Args:
        scenario: The scenario, with the priors or calibrated before.
        names: Names of the calibrated rows. They include the rows that are calibrated already, and every row that is
            correlated with one of them (``rows_correlated_with``).
        draws: (lines, names) equally likely joint draws in the units of ``entities``, money at the price base of the
            scenario, as ``Scenario.quantiles`` returns them.
        notes: Note of each row, by name; a row without one keeps its note.

    Returns:
        ``assumptions.csv``, ``prior.csv``, ``posterior.csv``, and if there are pairs of rows ``correlations.csv`` and
        ``prior-correlations.csv``.

    Raises:
        CalibrationError: If a name or the array of draws is not as required.

    """
    _check(scenario, names, draws)
    rows = {row["name"]: row for row in row_dicts(scenario.files[ASSUMPTIONS])}
    by_name = {assumption.name: assumption for assumption in scenario.assumptions}
    samples = {name: Sample(tuple(_rounded(draws[:, i]))) for i, name in enumerate(names)}
    changed = {
        name: {**rows[name], **_cells(scenario, by_name[name], samples[name]), "note": notes.get(name, row_note)}
        for name in names
        for row_note in (rows[name]["note"],)
    }
    earlier = {row["name"]: row for row in _rows(scenario, PRIOR)}
    priors = [earlier[name] if by_name[name].is_calibrated else rows[name] for name in names]
    lines = zip(*(sample.values for sample in samples.values()), strict=True)
    texts = {
        ASSUMPTIONS: replace_rows(scenario.files[ASSUMPTIONS], "name", changed),
        PRIOR: csv_text([ASSUMPTION_COLUMNS, *([row[c] for c in ASSUMPTION_COLUMNS] for row in priors)]),
        POSTERIOR: csv_text([names, *([f"{x:.{DRAW_DIGITS}g}" for x in line] for line in lines)]),
        **_correlation_files(scenario, names, draws),
    }
    return {name: text.encode() for name, text in texts.items()}


def rows_correlated_with(scenario: Scenario, names: Sequence[str]) -> tuple[str, ...]:
    """The rows that must be calibrated together with some rows, in the order of the assumptions.

    These are the rows themselves, the rows that are calibrated already, and all rows that correlations connect with
    them.
    """
    posterior = {assumption.name for assumption in scenario.assumptions if assumption.is_calibrated}
    connected = {*names, *posterior}
    pairs = [{c.a, c.b} for c in realised_correlations(scenario.correlations, scenario.posterior_columns)]
    while wider := {name for pair in pairs if pair & connected for name in pair} - connected:
        connected |= wider
    return tuple(assumption.name for assumption in scenario.assumptions if assumption.name in connected)


def is_informed(scenario: Scenario, assumption: Assumption) -> bool:
    """True if calibration moved the median of an assumption, or narrowed its range, noticeably.

    A row with joint draws can be calibrated only because it is correlated with informed rows.
    """
    prior = scenario.prior_of(assumption)
    if prior is None:
        return False
    low, middle, high = assumption.quantile(np.array([0.1, 0.5, 0.9]))
    prior_low, prior_middle, prior_high = prior.quantile(np.array([0.1, 0.5, 0.9]))
    prior_range = prior_high - prior_low
    return bool(
        abs(middle - prior_middle) >= INFORMED_SHIFT * prior_range or high - low <= INFORMED_RANGE * prior_range
    )


def with_priors(scenario: Scenario) -> Scenario:
    """The scenario with the calibrated rows and the correlations among them as they were before calibration.

    A row that was edited after calibration remains as edited.

    Example:
        >>> import octoplan as op
        >>> pocket = op.load("pocket")
        >>> with_priors(pocket) is pocket
        True

    """
    posterior = {assumption.name for assumption in scenario.assumptions if assumption.is_calibrated}
    files = {name: data for name, data in scenario.files.items() if name not in (POSTERIOR, PRIOR, PRIOR_CORRELATIONS)}
    if POSTERIOR not in scenario.files:
        return scenario
    before = {row["name"]: row for row in _rows(scenario, PRIOR) if row["name"] in posterior}
    text = replace_rows(scenario.files[ASSUMPTIONS], "name", before)
    marginals = {a.name: scenario.priors[a.name].marginal if a.name in posterior else a.marginal
                 for a in scenario.assumptions}  # fmt: skip
    pairs = [row for row in _rows(scenario, CORRELATIONS) if not _is_summary(scenario, row)]
    pairs += [row for row in _rows(scenario, PRIOR_CORRELATIONS)
              if not (is_constant(marginals[row["a"]]) or is_constant(marginals[row["b"]]))]  # fmt: skip
    files[ASSUMPTIONS] = text.encode()
    if CORRELATIONS in files:
        files[CORRELATIONS] = _correlation_text(pairs).encode()
    return read_files(files, scenario.title)


def _is_summary(scenario: Scenario, row: Mapping[str, str]) -> bool:
    """True if a row of ``correlations.csv`` summarises joint draws."""
    return is_summary(row["a"], row["b"], scenario.posterior_columns)


def _rows(scenario: Scenario, file: str) -> list[dict[str, str]]:
    """The rows of a CSV file of a scenario; empty if it has no such file."""
    return row_dicts(scenario.files[file]) if file in scenario.files else []


def _check(scenario: Scenario, names: Sequence[str], draws: Floats) -> None:
    """Raise ``CalibrationError`` if the names or draws of a calibration are not as required."""
    rows = [row["name"] for row in _rows(scenario, ASSUMPTIONS)]
    for name in names:
        if name not in rows and name not in scenario.columns:
            raise CalibrationError(f"there is no row {name!r} in {ASSUMPTIONS}; {did_you_mean(name, rows)}")
    fitted = [a.name for a in scenario.assumptions if a.name in names and not a.file.endswith(ASSUMPTIONS)]
    if fitted:
        raise CalibrationError(f"{', '.join(fitted)} cannot be calibrated, because {RAID_FIT} supplies the row")
    if len(set(names)) < len(names) or not names:
        raise CalibrationError("each calibrated row must be named once")
    if draws.shape != (len(draws), len(names)) or len(draws) < MIN_LINES:
        raise CalibrationError(
            f"draws have shape {draws.shape}; expected at least {MIN_LINES} lines of {len(names)} draws"
        )
    if not np.isfinite(draws).all():
        raise CalibrationError("draws are not finite")
    if missing := [name for name in rows_correlated_with(scenario, names) if name not in names]:
        raise CalibrationError(
            f"{', '.join(missing)} must be calibrated too: they are correlated with a calibrated row, or calibrated "
            "already"
        )


def _rounded(values: Floats) -> list[float]:
    """Draws as they are written to ``posterior.csv``."""
    return [float(f"{value:.{DRAW_DIGITS}g}") for value in values.tolist()]


def _cells(scenario: Scenario, assumption: Assumption, sample: Sample) -> dict[str, str]:
    """New cells of a calibrated row, except its note."""
    quantiles = (float(q) for q in sample.quantile(np.array([0.1, 0.5, 0.9])))
    low, value, high = (f"{float(f'{q:.{SIGNIFICANT_DIGITS}g}'):.15g}" for q in quantiles)
    return {
        "low": low,
        "value": value,
        "high": high,
        "distribution": POSTERIOR_DISTRIBUTION,
        "unit": assumption.unit,
        "price_base": str(scenario.price_base) if assumption.currency else "",
    }


def _correlation_files(scenario: Scenario, names: Sequence[str], draws: Floats) -> dict[str, str]:
    """``correlations.csv`` with the rank correlations of the draws, and the earlier correlations of the same rows."""
    from scipy.stats import rankdata  # takes long to import

    ranks = rankdata(draws, axis=0)
    summaries: list[dict[str, str]] = []
    for i, j in combinations(range(len(names)), 2):
        if np.ptp(ranks[:, i]) == 0 or np.ptp(ranks[:, j]) == 0:
            continue
        rank = float(np.corrcoef(ranks[:, i], ranks[:, j])[0, 1])
        if abs(rank) >= MIN_CORRELATION:
            text = f"{np.clip(rank, -MAX_CORRELATION, MAX_CORRELATION):.3g}"
            summaries.append({"a": names[i], "b": names[j], "rank_correlation": text, "note": SUMMARY_NOTE})
    stated = [row for row in _rows(scenario, CORRELATIONS) if not _is_summary(scenario, row)]
    earlier = _rows(scenario, PRIOR_CORRELATIONS)
    priors = [row for row in [*earlier, *stated] if row["a"] in names and row["b"] in names]
    remaining = [row for row in stated if row not in priors]
    files = {}
    if remaining or summaries or CORRELATIONS in scenario.files:
        files[CORRELATIONS] = _correlation_text(remaining + summaries)
    if priors or PRIOR_CORRELATIONS in scenario.files:
        files[PRIOR_CORRELATIONS] = _correlation_text(priors)
    return files


def _correlation_text(rows: Sequence[Mapping[str, str]]) -> str:
    """The text of ``correlations.csv`` with the rows."""
    return csv_text([CORRELATION_COLUMNS, *([row.get(column, "") for column in CORRELATION_COLUMNS] for row in rows)])
