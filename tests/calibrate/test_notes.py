"""Notes of calibrated rows."""

from dataclasses import replace

import pytest

from octoplan.calibrate.evidence import Learned
from octoplan.calibrate.result_tables import note
from octoplan.scenario import load


@pytest.mark.parametrize("text", ["a rough estimate", "Prior: a rough estimate"])
def test_the_note_of_a_calibrated_row_states_its_prior_once(text: str) -> None:
    """The prior, the observations that inform the row, and the note of the prior, whether or not it says "Prior:"."""
    assumption = replace(load("pocket").assumptions[0], note=text)
    learned = Learned(assumption, (1.0, 2.0, 3.0), (1.5, 2.0, 2.5), 0.5, 0.0, 0.5, ("sorties 2026-02", "kills 2026-02"))
    assert note(learned) == (
        "Calibrated: prior 1.00 to 3.00, median 2.00; informed by sorties 2026-02, kills 2026-02. "
        "Prior: a rough estimate"
    )
    assert "informed by many observations" in note(replace(learned, moved_by=()))
    assert "hardly informed" in note(replace(learned, information=0.0, moved_by=()))
