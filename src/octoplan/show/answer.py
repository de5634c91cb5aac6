"""The first pages of a report: the question, the answer with its range, what would change it, the options,
the limits.
"""

from collections.abc import Sequence
from html import escape
from math import isnan

import numpy as np

from octoplan.outcomes.findings import Findings
from octoplan.outcomes.format import digits, scaled
from octoplan.outcomes.intervals import Interval, interval
from octoplan.outcomes.key_results import KeyResults, month_label
from octoplan.outcomes.run import Run
from octoplan.outcomes.sensitivity import Sensitivity
from octoplan.outcomes.view import view_of
from octoplan.show.frame import listed, table
from octoplan.show.provenance import describe, row_reference
from octoplan.show.sensitivity import sentence, switching
from octoplan.show.theme import M

NET, FEWER = "the net benefit", "the number of leakers kept from a target"
QUESTION = "What does the programme, as decided here, add to the defence, what does it cost, and what is short?"

KEYS = (
    ("made", "supply"), ("reach/2000", "supply"), ("kills", "defence"), ("leaked/real", "defence"),
    ("added/real", "defence"), ("programme/cost", "money"), ("damage/avoided", "money"), ("cost/kill", "money"),
    ("spend", "money"),
)  # fmt: skip
"""Measures of the answer, with the annex that takes each apart."""

LIMITS = (
    "The grain is a day and a region: nothing here says where in a region, or when in a night.",
    "Everything believed is a draw from a stated range; what is in no range is in no result.",
    "A difference smaller than twice its standard error may be luck, and is called so.",
)
NAMED = 3
"""Assumptions that are named among what would change the answer."""


def question(run: Run) -> str:
    """The question, its scope, and who answers for what."""
    told = run.scenario.programme.governance
    people = (("commissioned by", told.commissioner), ("analyst", told.analyst), ("assured by", told.assurer),
              ("approved by", told.approver))  # fmt: skip
    named = "; ".join(f"{role}: {name or 'not named'}" for role, name in people)
    scope = f"<p>{escape(told.scope)}</p>" if told.scope else ""
    until = f" Not to be used after {told.sunset} without a review." if told.sunset else ""
    return (
        f"<h2 id='question'>The question</h2><p class='question'>{escape(told.question or QUESTION)}</p>{scope}"
        f"<p class='small'>{escape(named)}.{until}</p>"
    )


def answer(findings: Findings) -> str:
    """The summary, and the figures it rests on, each with the annex that explains it."""
    run, key_results = findings.run, findings.key_results
    rows = []
    for key, annex in KEYS:
        there = key if key in key_results else key.removesuffix("/real")
        if there in key_results:
            rows.append(measure_row(key_results, there, annex))
    gain = interval(findings.net_benefit)
    rows.append(net_row(gain, view_of(run).unit))
    head = "".join(f"<th scope='col'>{name}</th>" for name in ("", "P10", "P50", "P90", "± P50", "unit"))
    return (
        f"<h2 id='answer'>The answer</h2><p class='verdict'>{escape(key_results.summary)}</p>"
        f"<div class='wide' tabindex='0'><table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
        "</div><p class='small'>P10, P50 and P90 over futures; ± is one standard error of P50. Net benefit is damage "
        "avoided less the programme's cost, undiscounted.</p>"
    )


def measure_row(key_results: KeyResults, key: str, annex: str) -> str:
    """One measure as a row that leads to its annex."""
    row = key_results[key]
    i = row.interval
    if row.form == "month":
        cells = [month_label(v, key_results.months) if not isnan(v) else "–" for v in (i.p10, i.p50, i.p90)]
        unit, error = "month", f"{digits(i.se_p50, 2)} months"
    else:
        size, unit = scaled(row.unit, (i.p10, i.p50, i.p90))
        cells, error = [digits(v / size) for v in (i.p10, i.p50, i.p90)], digits(i.se_p50 / size, 2)
    return linked(row.measure, annex, [*cells, error, unit])


def net_row(gain: Interval, unit: str) -> str:
    cells = [digits(v / M) for v in (gain.p10, gain.p50, gain.p90)]
    return linked("net benefit: damage avoided less cost", "money", [*cells, digits(gain.se_p50 / M, 2), f"M {unit}"])


def linked(title: str, annex: str, cells: Sequence[str]) -> str:
    data = "".join(f"<td>{escape(cell)}</td>" for cell in cells)
    return f"<tr><th scope='row'><a href='#{annex}'>{escape(title)}</a></th>{data}</tr>"


def changes(run: Run, gain: Sequence[Sensitivity], kept: Sequence[Sensitivity], unit: str) -> str:
    """What would change the answer: the widest swings beyond luck, and the values at which it turns."""
    lines = []
    for what, swings, size, unit_of in ((NET, gain, M, f"M {unit}"), (FEWER, kept, 1.0, "leakers")):
        for each in [one for one in swings if one.sure][:NAMED]:
            ends = f"{round(each.low / size):,} (where it is low) to {round(each.high / size):,} (where it is high)"
            if abs(each.size) / size < NAMED:
                ends = f"{digits(each.low / size)} (where it is low) to {digits(each.high / size)} (where it is high)"
            lines.append(
                f"{sentence(describe(run.scenario, each.assumption))} moves {what} on average from {ends}, {unit_of}; "
                f"rated {each.assumption.quality}, {row_reference(each.assumption)}."
            )
        lines += switching(run.scenario, swings, what)[:NAMED]
    if not lines:
        return ""
    return f"<h2 id='changes'>What would change it</h2>{listed(lines)}"


def options(findings: Sequence[Findings], labels: Sequence[str]) -> str:
    """The options side by side: each run with its programme, and the first without."""
    first = findings[0]
    view = view_of(first.run)
    head = ["", *labels, "without the programme"]
    found = [each.measures for each in findings]
    rows = []
    for title, unit, size, key, base in (
        ("good units made", "units", 1.0, "made", None),
        ("leakers, decoys left out", "threats", 1.0, "leaked/real", first.leakers_prevented),
        ("damage by leakers", f"M {view.unit}", M, "damage", None),
        ("cost of the programme", f"M {view.unit}", M, "programme/cost", None),
    ):
        there = key if key in found[0] else key.removesuffix("/real")
        values = [each[there].values for each in found]
        cells = [ranged(v, size) for v in values]
        without = {
            "made": np.zeros(1), "leaked/real": values[0] + (base if base is not None else 0.0),
            "damage": values[0] + found[0]["damage/avoided"].values, "programme/cost": np.zeros(1),
        }[key]  # fmt: skip
        rows.append((f"{title}, {unit}", *cells, ranged(without, size)))
    rows.append((f"damage avoided less cost, M {view.unit}", *(ranged(each.net_benefit, M) for each in findings), "0"))
    note = "P50 (P10 to P90) over futures."
    if len(findings) > 1:
        note += " The options met the same raids; their differences are in the annex."
    return (
        f"<h2 id='options'>The options side by side</h2>{table(head, rows, css='options')}<p class='small'>{note}</p>"
    )


def ranged(values: np.ndarray, size: float) -> str:
    """P50 (P10 to P90) of some values."""
    finite = values[np.isfinite(values)] / size
    if not len(finite):
        return "–"
    p10, p50, p90 = (digits(float(q)) for q in np.quantile(finite, (0.1, 0.5, 0.9)))
    return p50 if p10 == p50 == p90 else f"{p50} ({p10} to {p90})"


def limits(run: Run) -> str:
    """What it must not be used for, and what no number carries."""
    told = run.scenario.programme.governance
    weak = sum(assumption.quality == "red" for assumption in run.scenario.assumptions)
    share = f"{weak:,} of {len(run.scenario.assumptions):,} numbers are rated red: estimates that nobody has confirmed."
    body = f"<h2 id='limits'>The limits</h2>{listed((share, *LIMITS))}"
    if told.not_for:
        body += f"<h3>It must not be used for</h3>{listed(told.not_for)}"
    if told.unquantified:
        body += f"<h3>What no number here carries</h3>{listed(told.unquantified)}"
    return body


def rulings(run: Run) -> str:
    """The log of decisions taken."""
    log = run.scenario.programme.governance.log
    rows = [(str(each.date), each.decision, each.by, each.why) for each in log]
    return f"<h3>Decisions taken</h3>{table(('date', 'decision', 'by', 'why'), rows)}" if rows else ""
