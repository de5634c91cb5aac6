"""The summary of a run in one sentence: what limits defence and output, and what the programme adds."""

from collections.abc import Mapping
from math import isfinite

from octoplan.outcomes.key_results import KeyResult
from octoplan.scenario import limiting_factors
from octoplan.scenario.limiting_factors import LimitingFactor

SMALL = 0.05
"""Share of the leakers below which what the programme adds is called little."""


def summary(rows: Mapping[str, KeyResult]) -> str:
    """The limiting factors of most region-nights and most plant-days, and what the programme adds."""
    clauses = [clause for clause in (nights(rows), plants(rows), adds(rows)) if clause]
    sentence = "; ".join(clauses)
    return sentence[:1].upper() + sentence[1:] + "." if sentence else ""


def night_shares(rows: Mapping[str, KeyResult]) -> list[tuple[float, LimitingFactor]]:
    """Mean share of each factor among the region-nights with a limiting factor, largest first; empty without any."""
    found = ((rows.get(f"nights/{factor.name}"), factor) for factor in limiting_factors.NIGHT_LIMITS if factor.limits)
    means = [(row.interval.mean, factor) for row, factor in found if row is not None]
    total = sum(mean for mean, _ in means)
    if not isfinite(total) or total <= 0:
        return []
    return sorted(((mean / total, factor) for mean, factor in means), key=lambda pair: -pair[0])


def nights(rows: Mapping[str, KeyResult]) -> str:
    """What limits the defence of the regions."""
    shares = night_shares(rows)
    if not shares:
        return "no threat that interceptors could engage passed them"
    share, factor = shares[0]
    others = ", ".join(f"{other.title} {100 * part:.0f} %" for part, other in shares[1:])
    return (
        f"defence is limited most often by {factor.title}: {100 * share:.0f} % of the region-nights on which threats "
        f"passed the interceptors ({others})"
    )


def plants(rows: Mapping[str, KeyResult]) -> str:
    """What limits the output of the plants, where that is more than a little."""
    lost = {}
    for factor in limiting_factors.PLANT_LIMITS:
        if factor.limits and (row := rows.get(f"plants/{factor.name}")) is not None:
            lost[factor.title] = row.interval.mean
    part = limiting_factors.PART_LIMIT
    for key, row in rows.items():
        if key.startswith(f"plants/{part.name}/"):
            lost[f"{part.title} {key.split('/')[-1]}"] = row.interval.mean
    lost = {title: mean for title, mean in lost.items() if isfinite(mean)}
    if not lost or max(lost.values()) < 100 * SMALL:
        return ""
    worst = max(lost, key=lambda title: lost[title])
    return f"output of the plants is limited most often by {worst} ({lost[worst]:.0f} % of plant-days)"


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
    shares = night_shares(rows)
    consequence = shares[0][1].consequence if shares else ""
    return f"{text}, and {consequence}" if consequence else text
