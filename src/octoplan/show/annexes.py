"""The annexes of a report: a section for each thing that was run, and none for what was not."""

import json
from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path

import numpy as np
import plotly.graph_objects as go

from octoplan.errors import RunError
from octoplan.outcomes.compare import compare_findings, comparison_tables
from octoplan.outcomes.finance import LEVELS
from octoplan.outcomes.findings import Findings
from octoplan.outcomes.format import digits
from octoplan.outcomes.intervals import interval
from octoplan.outcomes.key_results import KeyResults, html_table
from octoplan.outcomes.run import Run
from octoplan.outcomes.sensitivity import Sensitivity
from octoplan.outcomes.view import view_of
from octoplan.scenario import Scenario
from octoplan.show import layers, money
from octoplan.show.answer import FEWER, NET
from octoplan.show.charts import CHARTS, spend
from octoplan.show.frame import framed, listed, section, table
from octoplan.show.sensitivity import METHOD, SHOWN, switching, tornado
from octoplan.show.theme import M

Figure = tuple[str, go.Figure | None, str]

FAN = "Units that reach a region, by month, over futures; dashed are the two rates that were announced in public."
FLOW = "Means over futures and the whole period; decoys are a class of their own."
PLANE = "A point a future. Left of the line more leak than without the programme, mostly by luck."
RATES = "Real terms, discounted to the start; 3.5 % is the Green Book's standard rate, 1.5 % its rate for health."
KILL = (
    "Interceptors with their crews and kits, all makers, over all kills; missiles as the layer named for comparison "
    "would need them for the same kills."
)
NIGHT = "The day with most launched in the first finished future: counts, not places. Other futures have other days."


def drawn(figures: Iterable[Figure]) -> str:
    return "".join(framed(name, made, note) for name, made, note in figures if made is not None)


def charted(run: Run, *names: str) -> list[Figure]:
    return [(name, CHARTS[name][0](run), CHARTS[name][1]) for name in names]


def supply(run: Run) -> str:
    """Deliveries against the announced rates, by plant, what bound, and stocks."""
    return drawn([("fan", layers.fan(run), FAN), *charted(run, "production", "plants", "stock")])


def defence(findings: Findings) -> str:
    """From launched to stopped or leaked: over all futures, on one day, by region, month and limit."""
    run, days = findings.run, findings.days
    figures: list[Figure] = [("flow", layers.flow(run), FLOW)]
    if days is not None:
        figures.append(("night", layers.night(run, days, layers.worst_day(days)), NIGHT))
    return drawn([*figures, *charted(run, "leakers", "stopped", "nights", "sorties", "crews")])


def spending(findings: Findings) -> str:
    """The S-curve with contingency, optimism bias, spend, the plane, discount rates and cost a kill."""
    run, found = findings.run, findings.cost_estimate
    unit = view_of(run).unit
    figures: list[Figure] = []
    body = ""
    if found is not None:
        note = (
            "The central estimate has every assumption at its median and no optimism bias, mean of "
            f"{findings.medians.futures} futures. In brackets what must be added to it to stay within the sum in that "
            "share of futures."
        )
        figures.append(("scurve", money.scurve(found, unit), note))
        body = contingency(found.point, [found.contingency(level) for level in LEVELS], found.percentile, unit)
        body += bias(found.values, found.without_bias, unit)
    figures += [
        ("spend", spend(run, nominal=findings.nominal), CHARTS["spend"][1]),
        ("plane", money.plane(run), PLANE),
        ("discounted", money.discounted(run), RATES),
        ("kill", money.kill(run), KILL),
    ]
    return body + drawn(figures)


def contingency(point: float, added: Sequence[float], percentile: float, unit: str) -> str:
    """The point estimate's percentile, and what must be added for each level of confidence."""
    rows = [
        ("all assumptions at their medians", f"{point / M:,.1f}", "", f"kept in {100 * percentile:.0f} % of futures")
    ]
    rows += [
        (f"P{100 * level:.0f}", f"{(point + more) / M:,.1f}", f"{more / M:+,.1f}",
         f"{100 * more / point:+,.0f} % of the central estimate" if point > 0 else "")
        for level, more in zip(LEVELS, added, strict=True)
    ]  # fmt: skip
    return table((f"cost of the programme, M {unit}", "cost", "contingency", ""), rows, css="log")


def bias(with_it: np.ndarray, without: np.ndarray, unit: str) -> str:
    """The programme's cost with optimism bias on and off."""
    rows = [
        (name, *(f"{v / M:,.1f}" for v in (i.p10, i.p50, i.p90, i.mean)), digits(i.se_mean / M, 2))
        for name, i in (("optimism bias on", interval(with_it)), ("optimism bias off", interval(without)))
    ]
    return table((f"cost of the programme, M {unit}", "P10", "P50", "P90", "mean", "± mean"), rows, css="log")


def plan(folder: Path | None) -> str:
    """What ``octoplan plan`` wrote of a plan: its summary, what binds, what falls short, where the choice turns."""
    if folder is None:
        return ""
    try:
        said = json.loads((folder / "evidence.json").read_text("utf-8"))
        summary = (folder / "summary.txt").read_text("utf-8")
    except (OSError, ValueError) as error:
        raise RunError(f"{folder} is no folder of a plan ({error}); octoplan plan writes one") from error
    parts = [f"<pre class='lines'>{escape(summary)}</pre>"]
    for title, lines in (
        ("What binds", said.get("binding")), ("Short of the target", said.get("short")),
        ("Where the choice of the split turns", (said.get("frontier") or {}).get("breaks")),
        ("Remarks", said.get("remarks")),
    ):  # fmt: skip
        if lines:
            parts.append(f"<h3>{escape(title)}</h3>{listed(lines, most=SHOWN)}")
    parts.append(
        f"<p class='small'>Month by month, with figures: plan.html and plan.xlsx in {escape(str(folder))}.</p>"
    )
    return "".join(parts)


def matters(scenario: Scenario, gain: Sequence[Sensitivity], kept: Sequence[Sensitivity], unit: str) -> str:
    """Tornados of the net benefit and of the leakers kept from a target, and switching values."""
    if not gain and not kept:
        return ""
    figures: list[Figure] = []
    if gain:
        figures.append(("tornado-net", tornado(scenario, gain, NET, f"M {unit}", size=M), METHOD))
    if kept:
        figures.append(("tornado-kept", tornado(scenario, kept, FEWER, "leakers"), METHOD))
    turns = [*switching(scenario, gain, NET), *switching(scenario, kept, FEWER)]
    words = f"<h3>Switching values</h3>{listed(turns, most=2 * SHOWN)}" if turns else ""
    return drawn(figures) + words


def differences(findings: Sequence[Findings], labels: Sequence[str]) -> str:
    """Differences of further runs from the first, future by future."""
    if len(findings) < 2:
        return ""
    return "".join(
        table(result.head, [cells for _, rows in result.sections for cells in rows], caption=result.title)
        + f"<p class='small'>{escape(result.note)}</p>"
        for result in comparison_tables(compare_findings(findings, labels))
    )


def failures(run: Run) -> str:
    """The failed futures with their errors."""
    if not run.failed:
        return ""
    lines = [f"future {future}: {text}" for future, text in sorted(run.messages.items())]
    return (
        f"<p class='failed'>{run.failed:,} of {run.futures:,} futures failed and count nowhere.</p>"
        f"{listed(lines, most=SHOWN)}"
    )


def every(key_results: KeyResults) -> str:
    return f"<div class='wide' tabindex='0'>{html_table(key_results)}</div>"


def annexes(parts: Iterable[tuple[str, str, str]]) -> str:
    """Name, title and body of each, lettered; empty ones are left out."""
    there = [part for part in parts if part[2]]
    return "".join(section(name, f"Annex {chr(65 + i)}. {title}", body) for i, (name, title, body) in enumerate(there))


def contents(parts: Iterable[tuple[str, str, str]]) -> str:
    """Links to the annexes that are there."""
    there = [part for part in parts if part[2]]
    links = " · ".join(f"<a href='#{name}'>{chr(65 + i)} {escape(t)}</a>" for i, (name, t, _) in enumerate(there))
    return f"<p class='small'>Annexes: {links}</p>"
