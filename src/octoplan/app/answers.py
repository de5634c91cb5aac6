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

from octoplan.answer.answer import Answer, ProgrammeResults
from octoplan.answer.totals import KEPT, Totals, totals
from octoplan.app import views
from octoplan.app.paired import effects, paired_change
from octoplan.outcomes.intervals import QUANTILE_LEVELS, interval
from octoplan.outcomes.key_results import month_label
from octoplan.outcomes.main_measures import FIRST_MEASURES, main_keys, main_variant
from octoplan.outcomes.measures import measures
from octoplan.outcomes.run import Run
from octoplan.outcomes.run_results import RunResults
from octoplan.outcomes.sensitivity import unconfirmed_drivers
from octoplan.outcomes.view import Measure
from octoplan.show.answer import Sentence, note, result_sentences, sentences
from octoplan.show.front import rests_on
from octoplan.show.html import plain_text, without_title
from octoplan.show.theme import GREY
from octoplan.show.threat_flow import leakers_by_day, worst_day


@dataclass(frozen=True, eq=False)
class Sample:
    """A run with its measures, their quantiles and its charts, each computed when first needed."""

    run: Run

    @cached_property
    def measures(self) -> Mapping[str, Measure]:
        """The measures of the run by key."""
        return {measure.key: measure for measure in measures(self.run)}

    @cached_property
    def totals(self) -> Totals:
        """Totals of each future from which the effects of changes are computed."""
        tally = {name: self.run.data[name].values for name in KEPT}
        return totals(self.run.compiled, self.run.assumptions.values, tally)

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


def effects_of_changes(baseline: Sample, sample: Sample) -> dict[str, Any]:
    """The paired effects of the changes on the main results as JSON data; none if nothing is changed.

    Args:
        baseline: The baseline, over the same futures.
        sample: The changed scenario.

    """
    run, other = sample.run, baseline.run
    finished = np.flatnonzero((run.status == 0) & (other.status == 0))
    is_changed = run.scenario.hash != other.scenario.hash
    return {
        "levels": run.futures, "failed": run.failed,
        "effects": effects(baseline.totals, sample.totals, finished, run.scenario.currency) if is_changed else [],
        "warnings": sorted(set(map(str, run.scenario.warnings)) - set(map(str, other.scenario.warnings))),
    }  # fmt: skip


def answer(
    baseline: Sample, sample: Sample, view: str, of_view: tuple[Sample, Sample] | None = None
) -> dict[str, Any]:  # fmt: skip
    """Results of a scenario and the comparison with its baseline as JSON data: the top results and the view.

    The sentences and the top results are over the same futures in every view; the content of a view on the effects of
    the assumptions may be over more.

    Args:
        baseline: The baseline, over the same futures.
        sample: The changed scenario.
        view: Name of the view.
        of_view: The baseline and the changed scenario over the futures of the view, if these are more.

    """
    base_of_view, sample_of_view = of_view or (baseline, sample)
    rows = {key: measure_row(baseline, sample, key) for key in sample.measures}
    content: dict[str, Any] = {
        "top_results": [rows[key] for key in sample.top_keys],
        "rests_on": sample.rests_on,
        "sentences": texts_by_topic(sample.sentences),
        "results": list(rows.values()) if view == "results" else [],
        "charts": charts_of_view(view, base_of_view, sample_of_view),
    }
    if view == "sensitivity":
        content["switching_values"] = views.switching_values(sample_of_view.run)
    if view == "log":
        content["impacts"] = views.impacts_by_assumption(sample_of_view.run)
    return content


def texts_by_topic(parts: Iterable[Sentence]) -> dict[str, str]:
    """Sentences of the answer as JSON data: text by topic."""
    return {sentence.topic: sentence.text for sentence in parts}


def complete_answer(numbers: Answer | None) -> dict[str, Any]:
    """All sentences of an answer by topic, a note on them, and the chart of the marginal million, as JSON data.

    There are none if every future failed.
    """
    if numbers is None:
        return {"answer": {}, "note": "", "charts": []}
    charts = [chart_data(item) for item in views.answer_charts(numbers)]
    return {"answer": texts_by_topic(sentences(numbers)), "note": note(numbers), "charts": charts}


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
    title, content = captioned.chart.layout.title, without_title(captioned.chart)
    lines = baseline_lines(baseline) if baseline is not None else []
    figure = to_json({**content, "data": [*lines, *content["data"]]}, validate=False)
    return {
        "name": captioned.name, "title": plain_text(title.text), "subtitle": plain_text(title.subtitle.text),
        "note": captioned.note, "figure": json.loads(figure),
    }  # fmt: skip


def baseline_lines(chart: go.Figure) -> list[dict[str, Any]]:
    """The lines of a chart as plotly traces in grey, without legend entries."""
    grey = {"color": GREY, "width": 2, "dash": "dot"}
    return [
        {key: value for key, value in trace.items() if key != "hovertemplate"}
        | {"line": {**trace.get("line", {}), **grey}, "showlegend": False, "hoverinfo": "skip"}
        for trace in chart.to_dict()["data"]
        if trace["type"] == "scatter" and trace.get("mode") == "lines" and "fill" not in trace
    ]


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
