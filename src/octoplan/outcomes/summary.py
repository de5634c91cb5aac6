"""One sentence on a run: what goes wrong first, and what the programme adds, from the headlines alone."""

from collections.abc import Mapping
from math import isfinite

from octoplan.outcomes.key_results import KeyResult

SMALL = 0.05
"""Share of the leakers below which what the programme adds is called little."""

LIMITS = ("crews", "interceptors", "windows")
PLANTS = {
    "plants/gate": "gates not passed",
    "plants/strike": "strikes and power cuts",
    "plants/line": "the lines",
    "plants/labour": "labour",
}


def summary(rows: Mapping[str, KeyResult]) -> str:
    """What bound most region-nights, what held most plant-days back, and what the programme adds."""
    clauses = [clause for clause in (nights(rows), plants(rows), adds(rows)) if clause]
    sentence = "; ".join(clauses)
    return sentence[:1].upper() + sentence[1:] + "." if sentence else ""


def limits(rows: Mapping[str, KeyResult]) -> dict[str, float]:
    """Mean share of each limit among the region-nights that were bound at all; empty if none were."""
    means = {limit: rows[f"nights/{limit}"].interval.mean for limit in LIMITS if f"nights/{limit}" in rows}
    total = sum(means.values())
    return {limit: mean / total for limit, mean in means.items()} if isfinite(total) and total > 0 else {}


def first(rows: Mapping[str, KeyResult]) -> str:
    """The limit that binds most, or nothing."""
    found = limits(rows)
    return max(found, key=lambda limit: found[limit]) if found else ""


def nights(rows: Mapping[str, KeyResult]) -> str:
    found, top = limits(rows), first(rows)
    if not top:
        return "nothing that interceptors could engage got past them"
    rest = ", ".join(f"{limit} {100 * share:.0f} %" for limit, share in found.items() if limit != top)
    what = {"crews": "crews go wrong first: they", "interceptors": "interceptors run short first: they"}.get(
        top, "time to engage runs short first: windows"
    )
    return f"{what} bound {100 * found[top]:.0f} % of the region-nights on which threats got past ({rest})"


def plants(rows: Mapping[str, KeyResult]) -> str:
    lost = {word: rows[key].interval.mean for key, word in PLANTS.items() if key in rows}
    lost |= {f"the part {k.split('/')[-1]}": r.interval.mean for k, r in rows.items() if k.startswith("plants/part/")}
    lost = {word: mean for word, mean in lost.items() if isfinite(mean)}
    if not lost or max(lost.values()) < 100 * SMALL:
        return ""
    worst = max(lost, key=lambda word: lost[word])
    return f"plants are held back most by {worst} ({lost[worst]:.0f} % of plant-days)"


def adds(rows: Mapping[str, KeyResult]) -> str:
    real = "/real" if "added/real" in rows else ""
    added, leaked = rows[f"added{real}"].interval, rows[f"leaked{real}"].interval
    before = leaked.mean + added.mean
    if not isfinite(before) or before <= 0:
        return ""
    share = added.mean / before
    text = (
        f"the programme keeps {added.p50:,.0f} (P10 {added.p10:,.0f}, P90 {added.p90:,.0f}) threats from their "
        f"targets, {100 * share:.1f} % of the leakers{', decoys left out' if real else ''}"
    )
    tail = {
        "crews": "more units add little until crews and kits grow",
        "interceptors": "more units would stop more",
        "windows": "more units add little: time to engage and then crews are what is short",
    }.get(first(rows), "")
    return f"{text}, and {tail}" if tail else text
