"""Limiting factors are declared in one table; measures, charts and summary include a new one without other changes."""

from dataclasses import replace

import numpy as np
import pytest

import octoplan as op
from octoplan.campaign.tally import axis_labels
from octoplan.outcomes.measures import measures
from octoplan.scenario import limiting_factors
from octoplan.scenario.limiting_factors import Constraint, LimitingFactor, reported_constraints
from octoplan.show.supply_charts import plant_limits

ENERGY = LimitingFactor(
    "energy", "energy", constraints=(Constraint("energy", "plant", "MWh", "one more MWh", "{item}"),)
)


def test_measures_and_charts_include_a_new_limiting_factor(monkeypatch: pytest.MonkeyPatch) -> None:
    """For a plant limited by energy on every day, the measures and the chart name energy."""
    run = op.simulate(op.load("pocket"), 4)
    column = len(limiting_factors.PLANT_LIMITS)
    days = np.insert(run.data["plant_limit"].values, column, 0, axis=3)
    days[..., column] = days.sum(axis=3)
    days[..., :column] = days[..., column + 1 :] = 0
    monkeypatch.setattr(limiting_factors, "PLANT_LIMITS", (*limiting_factors.PLANT_LIMITS, ENERGY))
    labels = axis_labels(run.scenario.names)["limit"]
    assert labels[column] == "energy"
    data = run.data.drop_vars(["plant_limit", "limit"])
    data["plant_limit"] = (("future", "month", "plant", "limit"), days)
    limited = replace(run, data=data.assign_coords(limit=list(labels)))
    shares = {m.title: m.values for m in measures(limited) if m.key.startswith("plants/")}
    assert shares["plant-days limited by energy"] == pytest.approx(np.full(4, 100.0))
    assert "largest cause: energy (100 %)" in plant_limits(limited).layout.title.text
    assert "energy" in [constraint.name for constraint in reported_constraints()]


def test_constants_are_the_rows_of_the_table() -> None:
    """The constant of each limiting factor, which kernels use as a column, is its row in the table."""
    plants = ("OUTPUT_AS_PLANNED", "NO_OUTPUT_PLANNED", "LIMITED_BY_GATE", "LIMITED_BY_STRIKE", "LIMITED_BY_LINE",
              "LIMITED_BY_LABOUR")  # fmt: skip
    nights = (
        "NO_LIMITING_FACTOR", "LIMITED_BY_INTERCEPTORS", "LIMITED_BY_CREWS", "LIMITED_BY_ENGAGEMENT_WINDOW",
    )  # fmt: skip
    for factors, names in ((limiting_factors.PLANT_LIMITS, plants), (limiting_factors.NIGHT_LIMITS, nights)):
        assert len(factors) == len(names)
        for row, name in enumerate(names):
            assert getattr(limiting_factors, name) == row
            assert not factors[row].is_limiting or name == f"LIMITED_BY_{factors[row].name.upper()}"
