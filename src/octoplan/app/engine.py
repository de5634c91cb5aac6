"""The answer to a move: the changed scenario beside its own, on the same futures, few at once, more while it rests."""

import json
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import asdict, replace
from math import isfinite
from threading import Lock
from typing import Any

import numpy as np
import plotly.graph_objects as go

from octoplan.outcomes.intervals import interval
from octoplan.outcomes.measures import Measure, measures, month_label
from octoplan.outcomes.run import Run, simulate
from octoplan.scenario import Scenario
from octoplan.show.charts import CHARTS
from octoplan.show.theme import GREY

STEPS = (2, 8, 32, 128)
"""Futures of each answer to a move; the first leaves out the counterfactual, which would double its time."""

SEED = 1
WIDE = 1.96

HEADS = (
    "leaked/real", "damage", "kills", "made", "reach/2000", "spend", "programme/cost", "added/real", "damage/avoided",
    "cost/kill",
)  # fmt: skip
"""Measures of the strip above every view, as far as a run has them."""

VIEWS = {
    "supply": ("production", "stock", "plants"),
    "defence": ("leakers", "stopped", "sorties", "nights", "crews"),
    "money": ("spend",),
}
"""Figures of each view that shows some."""


class Superseded(Exception):
    """A newer move made this answer worthless."""


class Engine:
    """Flies what pages ask for on one executor; runs without a change are kept."""

    def __init__(self, executor: Executor) -> None:
        self.executor = executor
        self.kept: dict[str, Run] = {}
        self.lock = Lock()

    def flown(self, scenario: Scenario, futures: int, stop: Callable[[], bool]) -> Run:
        """A run of so many futures, failed ones counted. Raises Superseded as soon as ``stop`` says so."""

        def told(_done: int, _total: int) -> None:
            if stop():
                raise Superseded

        return simulate(
            scenario, futures, SEED, executor=self.executor, keep_going=True, counterfactual=futures > STEPS[0],
            batch=max(1, min(4, futures // 8)), progress=told,
        )  # fmt: skip

    def own(self, scenario: Scenario, futures: int) -> Run:
        """The scenario as it stands, from what was flown before where that is enough."""
        with self.lock:
            found = self.kept.get(scenario.hash)
            if found is None or found.futures < futures:
                found = self.flown(scenario, max(futures, STEPS[1]), lambda: False)
                self.kept[scenario.hash] = found
        return first(found, futures)


def first(run: Run, futures: int) -> Run:
    """The first futures of a run: the same as a run of so many."""
    few = slice(0, futures)
    messages = {future: words for future, words in run.messages.items() if future < futures}
    return replace(
        run, data=run.data.isel(future=few), baseline=run.baseline.isel(future=few),
        beliefs=run.beliefs.isel(future=few), status=run.status[few], messages=messages,
    )  # fmt: skip


def answer(own: Run, other: Run, view: str) -> dict[str, Any]:
    """Both runs as plain data: every measure with its difference, and from the second step on the view's figures."""
    before = {measure.key: measure for measure in measures(own)}
    rows = [row(before.get(each.key), each, other) for each in measures(other)]
    told: dict[str, Any] = {
        "futures": other.futures,
        "failed": other.failed,
        "heads": [one for key in HEADS for one in rows if one["key"] == key and one["after"] is not None],
        "figures": [],
    }
    if other.futures > STEPS[0]:
        told["verdict"] = other.headlines().verdict
        told["rows"] = rows if view == "headlines" else []
        told["figures"] = [drawn(name, own, other) for name in VIEWS.get(view, ())]
    return told


def row(before: Measure | None, after: Measure, run: Run) -> dict[str, Any]:
    """A measure before and after, and the mean difference with its 95 % interval, future by future."""
    months = run.compiled.names.months
    found: dict[str, Any] = {
        "key": after.key, "group": after.group, "title": after.title, "unit": after.unit, "form": after.form,
        "after": quantiles(after, months), "before": None if before is None else quantiles(before, months),
        "difference": None,
    }  # fmt: skip
    if before is not None and len(before.values) == len(after.values) and after.form != "month":
        gone = np.asarray(after.values, float) - np.asarray(before.values, float)
        gone = gone[np.isfinite(gone)]
        if len(gone) > 1:
            each = interval(gone)
            found["difference"] = {"mean": each.mean, "half": WIDE * each.se_mean, "futures": len(gone)}
    return found


def quantiles(measure: Measure, months: tuple[str, ...]) -> dict[str, Any] | None:
    """P10, P50, P90 of a measure; months by their label; None where no future defines it."""
    scale = 100.0 if measure.form == "chance" else 1.0
    found = interval(np.asarray(measure.values, float) * scale, ordinal=measure.form == "month")
    if found.futures == 0:
        return None
    points = {name: asdict(found)[name] for name in ("p10", "p50", "p90", "mean")}
    if measure.form == "month":
        return {name: month_label(value, months) for name, value in points.items() if name != "mean"}
    return {name: value if isfinite(value) else None for name, value in points.items()}


def drawn(name: str, own: Run, other: Run) -> dict[str, Any]:
    """A figure of the changed run with that of the own one in grey behind it, its title and what to read in it."""
    chart, note = CHARTS[name]
    made = chart(other)
    if other.scenario.hash != own.scenario.hash:
        made = go.Figure([*ghosts(chart(own)), *made.data], made.layout)
    title = made.layout.title
    words = {"title": title.text, "also": title.subtitle.text or "", "note": note, "name": name}
    made.update_layout(title=None, margin={"t": max(30, made.layout.margin.t - 26)}, autosize=True)
    return {**words, "figure": json.loads(made.to_json())}


def ghosts(figure: go.Figure) -> list[Any]:
    """The lines of a figure in grey, without names."""
    found = []
    for trace in figure.data:
        if trace.type == "scatter" and trace.mode == "lines" and trace.fill is None:
            trace.update(
                line={"color": GREY, "width": 2, "dash": "dot"}, showlegend=False, hoverinfo="skip", hovertemplate=None
            )
            found.append(trace)
    return found
