"""Answers of the page: results of a changed scenario and of its baseline over the same futures, as JSON."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import isfinite
from typing import Any

import numpy as np
import plotly.graph_objects as go
import xarray as xr
from plotly.io import to_json
from scipy.special import stdtrit

from octoplan.answer.answer import Answer, ProgrammeResults
from octoplan.app import views
from octoplan.outcomes.intervals import MIN_BLOCKS, QUANTILE_LEVELS, interval, standard_error
from octoplan.outcomes.key_results import month_label
from octoplan.outcomes.main_measures import FIRST_MEASURES, main_keys, main_variant
from octoplan.outcomes.measures import measures
from octoplan.outcomes.run import Run
from octoplan.outcomes.run_results import RunResults
from octoplan.outcomes.sampling import block_of
from octoplan.outcomes.sensitivity import unconfirmed_drivers
from octoplan.outcomes.view import Measure
from octoplan.scenario.arrays import Ints
from octoplan.show.answer import Sentence, note, result_sentences, sentences
from octoplan.show.front import rests_on
from octoplan.show.html import plain_text, without_title
from octoplan.show.theme import GREY
from octoplan.show.threat_flow import leakers_by_day, worst_day

ROUNDING_TOLERANCE = 1e-12
"""Relative difference below which values are regarded as equal, because it can result from the order of summation."""


@dataclass(frozen=True, eq=False)
class Sample:
    """A run with its measures, their quantiles and its charts, each computed when first needed."""

    run: Run

    @cached_property
    def measures(self) -> Mapping[str, Measure]:
        """The measures of the run by key."""
        return {measure.key: measure for measure in measures(self.run)}

    @cached_property
    def quantiles(self) -> Mapping[str, dict[str, Any] | None]:
        """P10, P50, P90 and mean of each measure by key; None if no future has a value."""
        return quantiles(tuple(self.measures.values()), self.run.compiled.names.months)

    @cached_property
    def results(self) -> RunResults:
        """The results from which the answer is computed, with the measures of this sample."""
        results = RunResults(self.run)
        results.__dict__["measures"] = self.measures
        return results

    @cached_property
    def sentences(self) -> tuple[Sentence, ...]:
        """The sentences of the answer that need no simulation of changes; none if every future failed."""
        return result_sentences(ProgrammeResults(self.results))

    @cached_property
    def top_keys(self) -> list[str]:
        """Keys of the ten key results, displayed above every view; the first four are always visible."""
        first = [main_variant(key, self.measures) for key in FIRST_MEASURES]
        return sorted(main_keys(self.measures), key=lambda key: first.index(key) if key in first else len(first))

    @cached_property
    def rests_on(self) -> Mapping[str, tuple[str, ...]]:
        """The red, uncalibrated assumptions on which each top result rests, in words, by key."""
        drivers = unconfirmed_drivers(self.run, {key: self.measures[key].values for key in self.top_keys})
        return {key: rests_on(self.run.scenario, items) for key, items in drivers.items()}

    @cached_property
    def charts_by_view(self) -> dict[str, Sequence[views.CaptionedChart]]:
        """The charts of the views drawn so far."""
        return {}

    def charts(self, view: str) -> Sequence[views.CaptionedChart]:
        """The charts of a view."""
        draw = views.CHARTS_BY_VIEW.get(view)
        if draw is None:
            return ()
        if view not in self.charts_by_view:
            self.charts_by_view[view] = draw(self.run)
        return self.charts_by_view[view]


def answer(baseline: Sample, sample: Sample, view: str, *, first: bool = False) -> dict[str, Any]:
    """Results of a scenario and the comparison with its baseline as JSON data: the top results and the view.

    Args:
        baseline: The baseline, over the same futures.
        sample: The changed scenario.
        view: Name of the view.
        first: If True, only the top results are included.

    """
    run = sample.run
    keys = sample.top_keys if first else list(sample.measures)
    rows = {key: measure_row(baseline, sample, key) for key in keys}
    content: dict[str, Any] = {
        "futures": run.futures,
        "failed": run.failed,
        "top_results": [rows[key] for key in sample.top_keys],
        "rests_on": {} if first else sample.rests_on,
        "charts": [],
        "warnings": sorted(set(map(str, run.scenario.warnings)) - set(map(str, baseline.run.scenario.warnings))),
    }
    if not first:
        content["sentences"] = texts_by_topic(sample.sentences)
        content["results"] = list(rows.values()) if view == "results" else []
        content["charts"] = charts_of_view(view, baseline, sample)
        if view == "sensitivity":
            content["switching_values"] = views.switching_values(run)
        if view == "log":
            content["impacts"] = views.impacts_by_assumption(run)
    return content


def texts_by_topic(parts: Iterable[Sentence]) -> dict[str, str]:
    """Sentences of the answer as JSON data: text by topic."""
    return {sentence.topic: sentence.text for sentence in parts}


def complete_answer(numbers: Answer | None) -> dict[str, Any]:
    """All sentences of an answer by topic, and a note on them, as JSON data; none if every future failed."""
    if numbers is None:
        return {"answer": {}, "note": ""}
    return {"answer": texts_by_topic(sentences(numbers)), "note": note(numbers)}


def measure_row(baseline: Sample, sample: Sample, key: str) -> dict[str, Any]:
    """A measure with its quantiles, those of the baseline, and the mean paired change with its 95 % CI.

    The change is the mean over the futures in which both values are defined; ``change.futures`` is their number.
    """
    measure, other = sample.measures[key], baseline.measures.get(key)
    comparable = other is not None and len(other.values) == len(measure.values) and measure.form != "month"
    return {
        "key": key, "group": measure.group, "title": measure.title, "unit": measure.unit, "form": measure.form,
        "value": sample.quantiles[key], "baseline": baseline.quantiles.get(key),
        "change": paired_change(measure.values, other.values, sample.run.finished_futures)
        if comparable and other
        else None,
    }  # fmt: skip


def paired_change(values: Any, baseline: Any, futures: Ints) -> Mapping[str, float] | None:
    """Mean change against the baseline with the half-width of its 95 % CI, and the number of futures with both values.

    The CI is that of Student's t; its degrees of freedom are those of the blocks of futures if the standard error is
    estimated from them. None if fewer than two futures have both values.

    Args:
        values: (futures,) values of a measure; they may be undefined or infinite.
        baseline: (futures,) values of the baseline.
        futures: (futures,) numbers of the futures.

    """
    values = np.asarray(values, float)
    with np.errstate(invalid="ignore"):
        change = values - np.asarray(baseline, float)
    defined = np.isfinite(change)
    change, blocks = change[defined], block_of(futures[defined])
    if len(change) < 2:
        return None
    if np.abs(change).max() <= ROUNDING_TOLERANCE * np.abs(values[defined]).max():
        change = np.zeros(len(change))
    groups = len(np.unique(blocks))
    quantile = float(stdtrit((groups if groups >= MIN_BLOCKS else len(change)) - 1, 0.975))
    half = quantile * standard_error(change, blocks)
    return finite_or_none({"mean": float(change.mean()), "half": half, "futures": len(change)})


def finite_or_none(numbers: Mapping[str, float]) -> Mapping[str, float] | None:
    """The numbers, or None if any is undefined or infinite, because JSON cannot represent such numbers."""
    return numbers if all(map(isfinite, numbers.values())) else None


def quantiles(measures: Sequence[Measure], months: tuple[str, ...]) -> dict[str, dict[str, Any] | None]:
    """P10, P50, P90 and mean of measures by key; labels of months without a mean; None if no future has a value.

    The quantiles of measures that are finite in all futures are computed together, because one call of
    ``numpy.quantile`` for each would take most of the time of an answer.
    """
    finite = [m for m in measures if m.form != "month" and len(m.values) and np.isfinite(m.values).all()]
    by_key: dict[str, dict[str, Any] | None] = {}
    if finite:
        ordered = np.sort([np.asarray(m.values, float) * scale_of(m) for m in finite], axis=1)
        columns = [*np.quantile(ordered, QUANTILE_LEVELS, axis=1), ordered.mean(axis=1)]
        for measure, *statistics in zip(finite, *(column.tolist() for column in columns), strict=True):
            by_key[measure.key] = dict(zip(("p10", "p50", "p90", "mean"), statistics, strict=True))
    return {m.key: by_key[m.key] if m.key in by_key else quantiles_of_one(m, months) for m in measures}


def scale_of(measure: Measure) -> float:
    """Factor from the values of a measure to its unit: 100 for a chance in per cent, otherwise 1."""
    return 100.0 if measure.form == "chance" else 1.0


def quantiles_of_one(measure: Measure, months: tuple[str, ...]) -> dict[str, Any] | None:
    """P10, P50, P90 and mean of a measure, some values of which may be infinite or undefined."""
    values = interval(np.asarray(measure.values, float) * scale_of(measure), ordinal=measure.form == "month")
    if values.futures == 0:
        return None
    statistics = {"p10": values.p10, "p50": values.p50, "p90": values.p90}
    if measure.form == "month":
        return {name: month_label(value, months) for name, value in statistics.items()}
    return {name: value if isfinite(value) else None for name, value in {**statistics, "mean": values.mean}.items()}


def charts_of_view(view: str, baseline: Sample, sample: Sample) -> list[dict[str, Any]]:
    """The charts of a view as JSON data; line charts also have the lines of the baseline in grey."""
    is_changed = sample.run.scenario.hash != baseline.run.scenario.hash
    baseline_charts = (
        {item.name: item.chart for item in baseline.charts(view)} if is_changed and view in views.OVERLAID_VIEWS else {}
    )
    return [
        chart_data(item, baseline_charts.get(item.name) if item.overlay else None) for item in sample.charts(view)
    ]  # fmt: skip


def chart_data(captioned: views.CaptionedChart, baseline: go.Figure | None = None) -> dict[str, Any]:
    """A chart as JSON data: its plotly figure with the lines of the baseline behind it, and its title as plain text."""
    chart = captioned.chart
    if baseline is not None:
        chart = go.Figure([*baseline_lines(baseline), *chart.data], chart.layout)
    title = chart.layout.title
    return {
        "name": captioned.name, "title": plain_text(title.text), "subtitle": plain_text(title.subtitle.text),
        "note": captioned.note, "figure": json.loads(to_json(without_title(chart), validate=False)),
    }  # fmt: skip


def baseline_lines(chart: go.Figure) -> list[Any]:
    """The lines of a chart as plotly traces in grey, without legend entries."""
    lines = []
    for trace in go.Figure(chart).data:
        if trace.type == "scatter" and trace.mode == "lines" and trace.fill is None:
            trace.update(
                line={"color": GREY, "width": 2, "dash": "dot"}, showlegend=False, hoverinfo="skip", hovertemplate=None
            )
            lines.append(trace)
    return lines


def daily_map(run: Run, tallies: xr.Dataset) -> dict[str, Any]:
    """Data of the map, by day of one future: threats launched, leakers by region, and the day of the largest raid."""
    names, scenario = run.compiled.names, run.scenario
    regions = [
        {"name": scenario.titles.get(f"regions.{name}", name), "tile": list(scenario.tiles[name]), "row": row}
        for row, name in enumerate(names.regions)
        if name in scenario.tiles
    ]
    return {
        "days": [str(day)[:10] for day in tallies["day"].values], "regions": regions,
        "largest_raid": worst_day(tallies), "leaked": leakers_by_day(run, tallies).tolist(),
        "launched": tallies["launched"].values.sum(axis=(1, 2)).tolist(),
    }  # fmt: skip
