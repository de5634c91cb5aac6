"""Simulation of a changed scenario and its baseline over the same futures, first over a few and then over more."""

import json
from collections.abc import Mapping, MutableMapping
from concurrent.futures import Executor
from dataclasses import asdict, replace
from math import isfinite
from threading import Lock
from typing import Any, TypeVar

import numpy as np
import plotly.graph_objects as go
import xarray as xr

from octoplan.app import views
from octoplan.outcomes.daily import daily_tallies
from octoplan.outcomes.intervals import interval
from octoplan.outcomes.key_results import month_label
from octoplan.outcomes.measures import main_variant, measures, tabulate
from octoplan.outcomes.run import Run
from octoplan.outcomes.simulate import simulate
from octoplan.outcomes.view import Measure
from octoplan.scenario import Scenario
from octoplan.scenario.arrays import Ints
from octoplan.show.html import plain_text, without_title
from octoplan.show.theme import GREY
from octoplan.show.threat_flow import leakers_by_day, worst_day

FUTURES_OF_ANSWERS, FUTURES_OF_FURTHER_ANSWERS = (2, 8, 32, 128), (512,)
"""Numbers of futures of successive answers; the second list is for views that need more futures. The first answer omits
the counterfactual, which halves its time."""

SEED = 1
Z95 = 1.96
"""Standard errors on each side of a 95 % confidence interval."""
MAX_DAILY_RUNS, MAX_BASELINES = 4, 12
"""Maximum number of cached daily runs, and of cached baselines with their measures."""
ROUNDING_TOLERANCE = 1e-12
"""Relative difference below which values are regarded as equal, because it can result from the order of summation."""

TOP_RESULTS = (
    "leakers", "damage", "kills", "made", "reach", "spend", "programme/cost", "leakers-prevented", "damage/avoided",
    "cost/kill",
)  # fmt: skip
"""Keys of the measures displayed above every view, if the run has them."""

Baseline = tuple[Run, Mapping[str, Measure]]
"""A run of the baseline and its measures by key."""

K = TypeVar("K")
V = TypeVar("V")


class Superseded(Exception):
    """Raised if a newer change has made an answer obsolete."""


class Engine:
    """Simulates scenarios for the page on one executor, and caches runs of baselines.

    Attributes:
        baseline_runs: The longest run of each baseline, by hash of the scenario.
        baseline_samples: Runs of fewer futures with their measures, by hash and number of futures.
        daily_runs: Runs of one future with their daily tallies, by hash.

    """

    def __init__(self, executor: Executor) -> None:
        self.executor = executor
        self.baseline_runs: dict[str, Run] = {}
        self.baseline_samples: dict[tuple[str, int], Baseline] = {}
        self.daily_runs: dict[str, tuple[Run, xr.Dataset]] = {}
        self.lock = Lock()

    def simulate(self, scenario: Scenario, futures: int, halt: Ints) -> Run:
        """Simulate a scenario. Raises Superseded if ``halt``, (1,), becomes nonzero during the simulation."""

        def progress(_done: int, _total: int) -> None:
            if halt[0]:
                raise Superseded

        run = simulate(
            scenario, futures, SEED, executor=self.executor, keep_going=True, batch=1,
            counterfactual=futures > FUTURES_OF_ANSWERS[0], halt=halt, progress=progress,
        )  # fmt: skip
        progress(futures, futures)
        return run

    def baseline(self, scenario: Scenario, futures: int) -> Baseline:
        """A run of the baseline over ``futures`` futures, from a cached run if it has enough, and its measures."""
        run = self.baseline_runs.get(scenario.hash)
        if run is None or run.futures < futures:
            with self.lock:
                run = self.baseline_runs.get(scenario.hash)
                if run is None or run.futures < futures:
                    run = self.simulate(scenario, max(futures, FUTURES_OF_ANSWERS[1]), np.zeros(1, np.int64))
                    self.baseline_runs[scenario.hash] = run
                    trim(self.baseline_runs, MAX_BASELINES)
        key = scenario.hash, futures
        baseline = self.baseline_samples.get(key)
        if baseline is None:
            sample = first_futures(run, futures)
            baseline = sample, {measure.key: measure for measure in measures(sample)}
            with self.lock:
                self.baseline_samples[key] = baseline
                trim(self.baseline_samples, MAX_BASELINES)
        return baseline

    def daily_run(self, scenario: Scenario) -> tuple[Run, xr.Dataset]:
        """A run of one future of a scenario, and its daily tallies."""
        run_and_tallies = self.daily_runs.get(scenario.hash)
        if run_and_tallies is None:
            run = simulate(scenario, 1, SEED, executor=self.executor, counterfactual=False)
            run_and_tallies = run, daily_tallies(run, 0)
            with self.lock:
                self.daily_runs[scenario.hash] = run_and_tallies
                trim(self.daily_runs, MAX_DAILY_RUNS)
        return run_and_tallies


def trim(cache: MutableMapping[K, V], size: int) -> None:
    """Delete the oldest entries of a cache until at most ``size`` remain."""
    while len(cache) > size:
        del cache[next(iter(cache))]


def first_futures(run: Run, futures: int) -> Run:
    """The first ``futures`` futures of a run, identical to a run of that many futures."""
    first = slice(0, futures)
    return replace(
        run, data=run.data.isel(future=first), counterfactual=run.counterfactual.isel(future=first),
        assumptions=run.assumptions.isel(future=first), status=run.status[first],
        messages={future: message for future, message in run.messages.items() if future < futures},
    )  # fmt: skip


def answer(baseline: Baseline, run: Run, view: str) -> dict[str, Any]:
    """A run and its comparison with the baseline as JSON data: the top results, and after the first answer the view."""
    baseline_run, baseline_measures = baseline
    is_first_answer = run.futures <= FUTURES_OF_ANSWERS[0]
    run_measures = measures(run)
    top_keys = [main_variant(key, (measure.key for measure in run_measures)) for key in TOP_RESULTS]
    rows = [
        measure_row(baseline_measures.get(measure.key), measure, run)
        for measure in run_measures
        if not is_first_answer or measure.key in top_keys
    ]
    by_key = {row["key"]: row for row in rows if row["value"] is not None}
    content: dict[str, Any] = {
        "futures": run.futures,
        "failed": run.failed,
        "top_results": [by_key[key] for key in top_keys if key in by_key],
        "charts": [],
        "warnings": sorted(set(map(str, run.scenario.warnings)) - set(map(str, baseline_run.scenario.warnings))),
    }
    if not is_first_answer:
        content["summary"] = tabulate(run, run_measures).summary
        content["results"] = rows if view == "results" else []
        content["charts"] = charts_of_view(view, baseline_run, run)
        if view == "sensitivity":
            content["switching_values"] = views.switching_values(run)
        if view == "log":
            content["impacts"] = views.impacts_by_assumption(run)
    return content


def measure_row(baseline: Measure | None, measure: Measure, run: Run) -> dict[str, Any]:
    """A measure with its quantiles, those of the baseline, and the mean paired change with its 95 % CI.

    The change is the mean over the futures in which both values are defined; ``change.futures`` is their number.
    """
    months = run.compiled.names.months
    row: dict[str, Any] = {
        "key": measure.key, "group": measure.group, "title": measure.title, "unit": measure.unit, "form": measure.form,
        "value": quantiles(measure, months), "baseline": None if baseline is None else quantiles(baseline, months),
        "change": None,
    }  # fmt: skip
    if baseline is not None and len(baseline.values) == len(measure.values) and measure.form != "month":
        values = np.asarray(measure.values, float)
        with np.errstate(invalid="ignore"):
            change = values - np.asarray(baseline.values, float)
        defined = np.isfinite(change)
        if not defined.any():
            return row
        if np.abs(change[defined]).max() <= ROUNDING_TOLERANCE * np.abs(values[defined]).max():
            change[defined] = 0.0
        paired = interval(np.where(defined, change, np.nan), futures=run.finished_futures)
        half_width = {"mean": paired.mean, "half": Z95 * paired.se_mean, "futures": paired.futures}
        row["change"] = finite_or_none(half_width) if paired.futures > 1 else None
    return row


def finite_or_none(numbers: Mapping[str, float]) -> Mapping[str, float] | None:
    """The numbers, or None if any is undefined or infinite, because JSON cannot represent such numbers."""
    return numbers if all(map(isfinite, numbers.values())) else None


def quantiles(measure: Measure, months: tuple[str, ...]) -> dict[str, Any] | None:
    """P10, P50, P90 and mean of a measure; labels of months without a mean; None if no future has a value."""
    scale = 100.0 if measure.form == "chance" else 1.0
    summary = interval(np.asarray(measure.values, float) * scale, ordinal=measure.form == "month")
    if summary.futures == 0:
        return None
    statistics = {name: asdict(summary)[name] for name in ("p10", "p50", "p90", "mean")}
    if measure.form == "month":
        return {name: month_label(value, months) for name, value in statistics.items() if name != "mean"}
    return {name: value if isfinite(value) else None for name, value in statistics.items()}


def charts_of_view(view: str, baseline: Run, run: Run) -> list[dict[str, Any]]:
    """The charts of a view as JSON data; line charts also have the lines of the baseline in grey."""
    draw = views.CHARTS_BY_VIEW.get(view)
    if draw is None:
        return []
    is_changed = run.scenario.hash != baseline.scenario.hash
    baseline_charts = (
        {item.name: item.chart for item in draw(baseline)} if is_changed and view in views.OVERLAID_VIEWS else {}
    )
    return [chart_data(item, baseline_charts.get(item.name) if item.overlay else None) for item in draw(run)]


def chart_data(captioned: views.CaptionedChart, baseline: go.Figure | None = None) -> dict[str, Any]:
    """A chart as JSON data: its plotly figure with the lines of the baseline behind it, and its title as plain text."""
    chart = captioned.chart
    if baseline is not None:
        chart = go.Figure([*baseline_lines(baseline), *chart.data], chart.layout)
    title = chart.layout.title
    return {
        "name": captioned.name, "title": plain_text(title.text), "subtitle": plain_text(title.subtitle.text),
        "note": captioned.note, "figure": json.loads(without_title(chart).to_json()),
    }  # fmt: skip


def baseline_lines(chart: go.Figure) -> list[Any]:
    """The lines of a chart as plotly traces in grey, without legend entries."""
    lines = []
    for trace in chart.data:
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
