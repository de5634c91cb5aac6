"""The answer to a move: the changed scenario beside its own, on the same futures, few at once, more while it rests."""

import json
from collections.abc import Mapping
from concurrent.futures import Executor
from dataclasses import asdict, replace
from math import isfinite
from threading import Lock
from typing import Any

import numpy as np
import plotly.graph_objects as go
import xarray as xr

from octoplan.app import views
from octoplan.outcomes.daily import daily_tallies
from octoplan.outcomes.intervals import interval
from octoplan.outcomes.key_results import month_label
from octoplan.outcomes.measures import measures, tabulate
from octoplan.outcomes.run import Run
from octoplan.outcomes.simulate import simulate
from octoplan.outcomes.view import Measure
from octoplan.scenario import Scenario
from octoplan.scenario.arrays import Ints
from octoplan.show import layers
from octoplan.show.frame import untitled
from octoplan.show.theme import GREY

STEPS, MORE = (2, 8, 32, 128), (512,)
"""Futures of each answer to a move, and more for views that need them; the first leaves out the counterfactual,
which would double its time."""

SEED = 1
WIDE = 1.96
TOLD = 4
"""Scenarios of which a future is kept day by day."""
ROUNDING = 1e-12
"""Of a measure: a smaller difference is that of sums in another order."""
BEFORE = 12
"""Samples of scenarios as they stand whose measures are kept."""

HEADS = (
    "leaked/real", "damage", "kills", "made", "reach/2000", "spend", "programme/cost", "added/real", "damage/avoided",
    "cost/kill",
)  # fmt: skip
"""Measures of the strip above every view, as far as a run has them."""


Own = tuple[Run, Mapping[str, Measure]]


class Superseded(Exception):
    """A newer move made this answer worthless."""


class Engine:
    """Flies what pages ask for on one executor; runs without a change are kept."""

    def __init__(self, executor: Executor) -> None:
        self.executor = executor
        self.kept: dict[str, Run] = {}
        self.before: dict[tuple[str, int], Own] = {}
        self.told: dict[str, tuple[Run, xr.Dataset]] = {}
        self.lock = Lock()

    def flown(self, scenario: Scenario, futures: int, halt: Ints) -> Run:
        """A run of so many futures, failed ones counted. Raises Superseded as soon as ``halt`` is set."""

        def told(_done: int, _total: int) -> None:
            if halt[0]:
                raise Superseded

        run = simulate(
            scenario, futures, SEED, executor=self.executor, keep_going=True, counterfactual=futures > STEPS[0],
            batch=1, halt=halt, progress=told,
        )  # fmt: skip
        told(futures, futures)
        return run

    def own(self, scenario: Scenario, futures: int) -> Own:
        """The scenario as it stands, from what was flown before where that is enough."""
        found = self.kept.get(scenario.hash)
        if found is None or found.futures < futures:
            with self.lock:
                found = self.kept.get(scenario.hash)
                if found is None or found.futures < futures:
                    found = self.flown(scenario, max(futures, STEPS[1]), np.zeros(1, np.int64))
                    self.kept[scenario.hash] = found
        return self.seen(found, futures)

    def seen(self, run: Run, futures: int) -> Own:
        """The first futures of a kept run, with their measures."""
        key = run.scenario.hash, futures
        if key not in self.before:
            few = first(run, futures)
            self.before[key] = few, {measure.key: measure for measure in measures(few)}
            trim(self.before, BEFORE)
        return self.before[key]

    def days(self, scenario: Scenario) -> tuple[Run, xr.Dataset]:
        """The first future of a scenario, and the same day by day; the last few are kept."""
        found = self.told.get(scenario.hash)
        if found is None:
            run = simulate(scenario, 1, SEED, executor=self.executor, counterfactual=False)
            found = run, daily_tallies(run, 0)
            self.told[scenario.hash] = found
            trim(self.told, TOLD)
        return found


def trim(kept: dict[Any, Any], most: int) -> None:
    """Drop what was put in first until at most so many are left."""
    while len(kept) > most:
        kept.pop(next(iter(kept)))


def first(run: Run, futures: int) -> Run:
    """The first futures of a run: the same as a run of so many."""
    few = slice(0, futures)
    messages = {future: words for future, words in run.messages.items() if future < futures}
    return replace(
        run, data=run.data.isel(future=few), counterfactual=run.counterfactual.isel(future=few),
        assumptions=run.assumptions.isel(future=few), status=run.status[few], messages=messages,
    )  # fmt: skip


def answer(base: Own, other: Run, view: str) -> dict[str, Any]:
    """Both runs as plain data: every measure with its difference, and from the second step on the view's figures."""
    own, before = base
    quick = other.futures <= STEPS[0]
    computed = measures(other)
    every = [each for each in computed if not quick or each.key in HEADS]
    rows = [row(before.get(each.key), each, other) for each in every]
    told: dict[str, Any] = {
        "futures": other.futures,
        "failed": other.failed,
        "heads": [one for key in HEADS for one in rows if one["key"] == key and one["after"] is not None],
        "figures": [],
    }
    if not quick:
        told["verdict"] = tabulate(other, computed).summary
        told["rows"] = rows if view == "headlines" else []
        told["figures"] = figures(view, own, other)
        if view == "matters":
            told["lines"] = views.turns(other)
        if view == "log":
            told["impacts"] = views.logged(other)
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
        with np.errstate(invalid="ignore"):
            gone = np.asarray(after.values, float) - np.asarray(before.values, float)
        gone = gone[np.isfinite(gone)]
        if len(gone) and np.abs(gone).max() <= ROUNDING * np.abs(np.asarray(after.values, float)).max():
            gone = np.zeros(len(gone))
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


def figures(view: str, own: Run, other: Run) -> list[dict[str, Any]]:
    """The figures of a view, those of the own scenario in grey behind where that can be read."""
    make = views.FIGURES.get(view)
    if make is None:
        return []
    moved = other.scenario.hash != own.scenario.hash
    behind = {each.name: each.chart for each in make(own)} if moved and view in views.GHOSTED else {}
    return [drawn(each, behind.get(each.name) if each.ghost else None) for each in make(other)]


def drawn(each: views.Figure, behind: go.Figure | None) -> dict[str, Any]:
    """A figure of a view, with the scenario's own drawn behind it."""
    made = each.chart if behind is None else go.Figure([*ghosts(behind), *each.chart.data], each.chart.layout)
    return shown(each.name, made, each.note)


def shown(name: str, made: go.Figure, note: str) -> dict[str, Any]:
    """A figure as plain data, its title and what to read in it apart."""
    title, also, bare = untitled(made)
    return {"name": name, "title": title, "also": also, "note": note, "figure": json.loads(bare.to_json())}


def replay(run: Run, days: xr.Dataset) -> dict[str, Any]:
    """A future day by day: leakers by region on their squares, and the day with most launched."""
    names, scenario = run.compiled.names, run.scenario
    regions = [
        {"name": scenario.titles.get(f"regions.{name}", name), "tile": list(scenario.tiles[name]), "row": row}
        for row, name in enumerate(names.regions)
        if name in scenario.tiles
    ]
    return {
        "days": [str(day)[:10] for day in days["day"].values], "regions": regions, "worst": layers.worst_day(days),
        "leaked": layers.by_day(run, days).tolist(), "launched": days["launched"].values.sum(axis=(1, 2)).tolist(),
    }  # fmt: skip


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
