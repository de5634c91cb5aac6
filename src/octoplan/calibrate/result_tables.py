"""The results of a calibration as tables, and the notes of its posterior rows."""

import json
from collections.abc import Sequence

import numpy as np

from octoplan.calibrate.evidence import Evidence, Learned
from octoplan.outcomes.format import digits
from octoplan.tables import Cell, Column, Table

QUANTILE_COLUMNS = tuple(
    Column(f"{state}_{name}", "number", f"{text} of the {state}")
    for state in ("prior", "posterior")
    for name, text in (("p10", "10th percentile"), ("p50", "median"), ("p90", "90th percentile"))
)
PRIOR_NOTE = "Prior: "
"""Beginning of the part of a note that is the note of the prior; many notes of priors begin so already."""


def number(value: float) -> float | None:
    """A cell of a table: None for an undefined number."""
    return None if np.isnan(value) else float(value)


def learned_table(evidence: Evidence) -> Table:
    """Prior and posterior of each uncertain assumption, the most informed first."""
    columns = (
        Column("assumption", "string", "name of the row of assumptions.csv"),
        Column("unit", "string", "unit of the quantiles"),
        *QUANTILE_COLUMNS,
        Column("information", "number", "Kullback-Leibler divergence of the posterior from the prior", "nat"),
        Column("shift", "number", "change of the mean in prior standard deviations"),
        Column("narrowing", "number", "posterior over prior standard deviation"),
        Column("informed", "integer", "1 if the observations inform the assumption, otherwise 0"),
        Column("moved_by", "string", "observations with the largest influence, the largest first"),
    )
    rows = [
        (
            row.assumption.name, row.assumption.unit.replace("money", row.assumption.currency or "money"), *row.prior,
            *row.posterior, row.information, row.shift, row.narrowing, int(row.is_informed), "; ".join(row.moved_by),
        )
        for row in evidence.learned
    ]  # fmt: skip
    return Table.from_rows(
        "assumptions", "Prior and posterior of each uncertain assumption", columns, rows, ("assumption",)
    )


def comparison_table(evidence: Evidence) -> Table:
    """Observations and their bands."""
    columns = (
        Column("observation", "string", "measure and period"),
        Column("unit", "string", "unit of the figures in the row"),
        Column("used", "integer", "1 if it is used, 0 if it is held out"),
        Column("observed", "number", "observed value"),
        Column("sd", "number", "standard deviation of its error"),
        *QUANTILE_COLUMNS,
        Column("inside", "integer", "1 if the observed value lies between P10 and P90 of the posterior, otherwise 0"),
        Column("probability", "number", "probability of the value given the prior and the other observations"),
        Column("explained", "number", "leave-one-out coefficient of determination of the emulator"),
        Column("source", "string", "source of the observation"),
    )
    rows: list[Sequence[Cell]] = [
        (
            row.target.label, row.target.key.measure.unit, int(row.target.used), row.target.value, row.target.sd,
            *map(number, (*row.prior, *row.posterior)), int(row.is_inside), number(row.probability),
            number(row.explained), row.target.source,
        )
        for row in evidence.comparisons
    ]  # fmt: skip
    return Table.from_rows("observations", "Observations and simulated quantiles", columns, rows)


def pair_table(evidence: Evidence) -> Table:
    """Pairs of assumptions that the observations do not distinguish."""
    columns = (
        Column("first", "string", "name of an assumption"),
        Column("second", "string", "name of an assumption"),
        Column("correlation", "number", "posterior correlation of their scores"),
    )
    rows = [(pair.first.name, pair.second.name, pair.correlation) for pair in evidence.not_separated]
    return Table.from_rows("pairs", "Assumptions that are not distinguished", columns, rows)


def method(evidence: Evidence, version: str, raids: str) -> str:
    """How the posterior was computed, as JSON: seed, waves, diagnostics and version."""
    inference = evidence.inference
    content = {
        "version": version,
        "seed": evidence.setup.seed,
        "raids": raids,
        "scenario": evidence.setup.scenario.hash,
        "futures": [len(wave.scores) for wave in inference.waves],
        "failed": [wave.failed for wave in inference.waves],
        "pareto_k": [k if np.isfinite(k) else None for k in inference.pareto_k],
        "r_hat": inference.r_hat if np.isfinite(inference.r_hat) else None,
        "effective_draws": inference.effective_draws,
        "informed": [row.assumption.name for row in evidence.informed],
        "not_used": list(evidence.setup.unused),
    }
    return json.dumps(content, indent=2) + "\n"


def note(learned: Learned) -> str:
    """The note of a posterior row: its prior, the observations that inform it most, and the note of the prior."""
    low, middle, high = (digits(value) for value in learned.prior)
    if learned.moved_by:
        moved = f"informed by {', '.join(learned.moved_by)}"
    elif learned.is_informed:
        moved = "informed by many observations, each with a small influence"
    else:
        moved = "hardly informed; drawn jointly with informed rows"
    prior_note = learned.assumption.note.removeprefix(PRIOR_NOTE)
    return f"Calibrated: prior {low} to {high}, median {middle}; {moved}. {PRIOR_NOTE}{prior_note}"
