"""The card of a calibration: how much the observations inform, and the most informed assumptions."""

from octoplan.calibrate.evidence import Evidence
from octoplan.cards import Card
from octoplan.show.calibration import contradictions, summary
from octoplan.show.calibration_text import named_with_unit, quantiles_text

MAX_ASSUMPTIONS = 8
"""Largest number of assumptions on the card."""


def calibration_card(evidence: Evidence) -> Card:
    """The card of a calibration."""
    scenario = evidence.setup.scenario
    rows = tuple(
        (
            named_with_unit(scenario, row.assumption),
            quantiles_text(row.prior),
            quantiles_text(row.posterior),
            row.moved_by[0] if row.moved_by else "many observations",
        )
        for row in evidence.informed[:MAX_ASSUMPTIONS]
    )
    return Card(
        f"Calibration of {scenario.title}",
        (*summary(evidence), *(f"Contradicts the prior: {text}." for text in contradictions(evidence))),
        rows,
        ("assumption", "prior P50 (P10 to P90)", "posterior", "informed most by") if rows else (),
        f"{evidence.inference.effective_draws:,.0f} effective draws. All rows: tables.",
    )
