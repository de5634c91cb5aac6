"""Summary of a run: the most frequent limiting factors of defence and output, and the leakers prevented."""

from collections.abc import Mapping
from math import isfinite

from octoplan.outcomes.format import digits
from octoplan.outcomes.key_results import KeyResult
from octoplan.scenario import limiting_factors
from octoplan.scenario.limiting_factors import LimitingFactor

MIN_LIMITED_PLANT_DAYS = 5.0
"""Minimum share of plant-days, in per cent, for a limiting factor of the plants to be mentioned."""


def summary(rows: Mapping[str, KeyResult]) -> str:
    """Sentences on the defence, the plants and the programme, from the key results of the whole run."""
    clauses = [clause for clause in (defence_clause(rows), plant_clause(rows), programme_clause(rows)) if clause]
    return " ".join(f"{clause[:1].upper()}{clause[1:]}." for clause in clauses)


def limiting_factor_shares(rows: Mapping[str, KeyResult]) -> list[tuple[float, LimitingFactor]]:
    """Limiting factors of the defence by share of region-nights with a limiting factor, in descending order."""
    means = [
        (rows[f"nights/{factor.name}"].interval.mean, factor)
        for factor in limiting_factors.NIGHT_LIMITS
        if factor.is_limiting and f"nights/{factor.name}" in rows
    ]
    total = sum(mean for mean, _ in means)
    if not isfinite(total) or total <= 0:
        return []
    return sorted(((mean / total, factor) for mean, factor in means), key=lambda pair: -pair[0])


def defence_clause(rows: Mapping[str, KeyResult]) -> str:
    """A clause on the most frequent limiting factor of the defence."""
    nights = [row.interval for key, row in rows.items() if key.startswith("nights/")]
    if not any(interval.futures for interval in nights):
        return "no threat that interceptors can engage was launched"
    shares = limiting_factor_shares(rows)
    if not shares:
        return "no threat that interceptors could engage passed them"
    share, factor = shares[0]
    rest = ", ".join(f"{factor.label} {100 * part:.0f} %" for part, factor in shares[1:])
    return (
        f"defence is limited most often by {factor.title}: {100 * share:.0f} % of the region-nights on which threats "
        f"passed the interceptors ({rest})"
    )


def plant_clause(rows: Mapping[str, KeyResult]) -> str:
    """A clause on the most frequent limiting factor of the plants; empty if its share is too small."""
    shares = {}
    for factor in limiting_factors.PLANT_LIMITS:
        if factor.is_limiting and (row := rows.get(f"plants/{factor.name}")) is not None:
            shares[factor.title] = row.interval.mean
    part = limiting_factors.PART_LIMIT
    for key, row in rows.items():
        if key.startswith(f"plants/{part.name}/"):
            shares[f"{part.title} {key.split('/')[-1]}"] = row.interval.mean
    shares = {title: mean for title, mean in shares.items() if isfinite(mean)}
    if not shares or max(shares.values()) < MIN_LIMITED_PLANT_DAYS:
        return ""
    factor_title = max(shares, key=lambda title: shares[title])
    return f"output of the plants is limited most often by {factor_title} ({shares[factor_title]:.0f} % of plant-days)"


def programme_clause(rows: Mapping[str, KeyResult]) -> str:
    """A clause on the leakers prevented: quantiles, and share of the leakers without the programme."""
    key = "leakers-prevented/excluding-decoys"
    without_decoys = key in rows
    prevented = rows[key if without_decoys else "leakers-prevented"].interval
    leakers = rows["leakers/excluding-decoys" if without_decoys else "leakers"].interval
    without = leakers.mean + prevented.mean
    if not isfinite(without) or without <= 0:
        return ""
    return (
        f"the programme prevents {digits(prevented.p50)} leakers (P10 {digits(prevented.p10)}, P90 "
        f"{digits(prevented.p90)}){', excluding decoys' if without_decoys else ''}: on average "
        f"{100 * prevented.mean / without:.1f} % of those without it"
    )
