"""Sentences on switching values of a result: values of an assumption at which its mean is zero."""

from collections.abc import Sequence

from octoplan.outcomes.format import digits
from octoplan.outcomes.sensitivity import Sensitivity
from octoplan.scenario import Scenario
from octoplan.scenario.descriptions import describe, row_reference
from octoplan.show.theme import capitalised


def switching_values(scenario: Scenario, sensitivities: Sequence[Sensitivity], subject: str) -> list[str]:
    """Sentences on switching values: values of an assumption at which the mean of a result is zero."""
    sentences = []
    for item in sensitivities:
        if item.switching_value is None:
            continue
        assumption, (low, high) = item.assumption, map(digits, item.p10_p90)
        unit = "" if assumption.unit == "1" else f" {assumption.unit}"
        sentences.append(
            f"{capitalised(subject)} would be zero on average if the {describe(scenario, assumption)} were "
            f"{digits(item.switching_value)} ± {digits(2 * item.switching_value_error, 2)}{unit} (assumed: P10 {low}, "
            f"P90 {high}; {row_reference(assumption)})."
        )
    if sentences or not any(item.distinguishable for item in sensitivities):
        return sentences
    return [f"No single assumption has a switching value between its P1 and P99 at which {subject} would be zero."]
