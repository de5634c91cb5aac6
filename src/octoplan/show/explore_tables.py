"""Tables of an exploration as text."""

from math import isfinite, isnan

from octoplan.explore.findings import Exploration, Findings
from octoplan.explore.impact import AMBER, RATINGS, RED
from octoplan.explore.results import CHANCE, OTHERS, Estimate, Share
from octoplan.outcomes.format import digits, error_text, scaled
from octoplan.scenario.descriptions import row_reference, subject, unit_text
from octoplan.show.explore_text import (
    factor_title,
    first_of,
    interval_text,
    money_scale,
    row_of,
    share_text,
    shares_of,
    short_title,
    with_unit,
)
from octoplan.show.provenance import WEAKEST_FIRST, TableText
from octoplan.show.rounding import number, percent
from octoplan.show.theme import MILLION, capitalised

MAX_FACTORS = 20
"""Maximum number of factors in the table of rankings; ranking.csv has all of them."""


def ranking_table(exploration: Exploration) -> TableText | None:
    """First-order indices of the factors with a distinguishable index of any result; one column for each result."""
    rankings = exploration.findings.rankings
    by_factor: dict[str, dict[str, Share]] = {}
    for ranking in rankings:
        for share in shares_of(ranking):
            by_factor.setdefault(share.name, {}).setdefault(ranking.measure, share)
    if not by_factor:
        return None

    def largest(name: str) -> tuple[bool, float]:
        shares = [share for share in by_factor[name].values() if is_distinguishable(share)]
        return name in (CHANCE, OTHERS), -max(map(first_of, shares), default=0.0)

    chosen = [name for name in by_factor if name in (CHANCE, OTHERS) or largest(name)[1] < 0.0]
    ranked = sorted(chosen, key=largest)
    names = [name for name in ranked if name not in (CHANCE, OTHERS)][:MAX_FACTORS]
    names += [name for name in ranked if name in (CHANCE, OTHERS)]
    rows = [
        (
            capitalised(factor_title(exploration.scenario, name, next(iter(by_factor[name].values())).title)),
            *(ranking_cell(by_factor[name].get(ranking.measure)) for ranking in rankings),
        )
        for name in names
    ]
    return TableText(("factor", *(short_title(ranking.title) for ranking in rankings)), rows)


def is_distinguishable(share: Share) -> bool:
    """True if the first-order index of a factor is distinguishable from zero."""
    return share.first is not None and share.first.sign > 0


def ranking_cell(share: Share | None) -> str:
    """The index of a factor for one result: of chance its total index."""
    if share is None:
        return ""
    if share.name == CHANCE and share.total is not None:
        return share_text(share.total)
    return share_text(share.first) if share.first is not None and is_distinguishable(share) else ""


def switching_table(exploration: Exploration) -> TableText:
    """Switching values, the one nearest to the middle of its range first."""
    scenario, findings = exploration.scenario, exploration.findings
    rows = []
    for item in sorted(findings.switching, key=lambda item: abs(item.quantile - 0.5)):
        row = row_of(scenario, item.name)
        if row is None or not isfinite(item.value.value):
            continue
        p10, p90 = (digits(float(row.quantile(level))) for level in (0.1, 0.9))
        rows.append(
            (
                capitalised(factor_title(scenario, item.name, item.name)), interval_text(item.value), unit_text(row),
                f"{p10} to {p90}", findings.decision_title(item.below), findings.decision_title(item.above),
                f"{percent(item.quantile)} below", row_reference(row),
            )
        )  # fmt: skip
    head = (
        "assumption",
        "switching value",
        "unit",
        "P10 to P90",
        "preferred below",
        "preferred above",
        "futures",
        "row",
    )
    return TableText(head, rows)


def impact_table(exploration: Exploration) -> TableText:
    """Assumptions of red and amber impact, the weakest evidence first; the last cell of a row is the name."""
    scenario = exploration.scenario
    impact = {item.name: item for item in exploration.findings.impacts}
    rated = [row for row in scenario.assumptions if impact[row.name].rating in (RED, AMBER)]
    rated.sort(key=lambda row: (RATINGS.index(impact[row.name].rating), WEAKEST_FIRST.index(row.quality)))
    rows = [
        (
            capitalised(subject(scenario, row)), impact[row.name].rating, row.quality, impact[row.name].reason,
            row_reference(row), row.name,
        )
        for row in rated
    ]  # fmt: skip
    return TableText(("assumption", "impact", "quality", "reason", "row", "name"), rows)


def information_table(exploration: Exploration) -> TableText | None:
    """Values of information, the largest first."""
    findings, information = exploration.findings, exploration.findings.information
    if information is None:
        return None
    size, unit = money_scale(findings, [information.clairvoyant, information.perfect])
    partial = [
        (capitalised(factor_title(exploration.scenario, item.name, item.title)), item.value)
        for item in sorted(information.partial, key=lambda item: -item.value.value)
        if item.value.sign > 0
    ]
    bounds = [("All assumptions", information.perfect), ("All assumptions and chance", information.clairvoyant)]
    rows = [(name, interval_text(value, size)) for name, value in (*partial, *bounds)]
    return TableText(("known before deciding", f"worth, {unit}"), rows)


def trial_table(findings: Findings) -> TableText | None:
    """Values and costs of trials by size."""
    if findings.information is None:
        return None
    trials = findings.information.trials
    size, unit = money_scale(findings, [trial.value for trial in trials])
    rows = [
        (
            t.title,
            f"{t.size:,}",
            interval_text(t.value, size),
            number(t.cost / size),
            number((t.value.value - t.cost) / size),
        )
        for t in trials
    ]
    return TableText(("trial", "size", f"worth, {unit}", f"cost, {unit}", f"worth less cost, {unit}"), rows)


def robustness_table(findings: Findings) -> TableText:
    """The decisions side by side."""
    items = findings.robustness
    size, unit = money_scale(findings, [item.mean for item in items])

    def money(item: Estimate) -> str:
        return interval_text(item, size)

    head = (
        "decision", f"mean net benefit, {unit}", "mean regret", "P90 regret", "largest regret", "worst tenth",
        "better than no programme", "is best", "mean is best",
    )  # fmt: skip
    rows = [
        (
            r.title,
            money(r.mean),
            money(r.regret_mean),
            money(r.regret_p90),
            number(r.regret_max / size),
            money(r.tail),
            share_text(r.satisficing),
            share_text(r.best),
            percent(r.first),
        )
        for r in sorted(items, key=lambda item: -item.mean.value)
    ]
    return TableText(head, rows)


def moved_table(exploration: Exploration) -> TableText:
    """Assumptions that are moved together, for each decision."""
    scenario, rows = exploration.scenario, []
    for item in exploration.findings.info_gap:
        for moved in item.moved:
            row = row_of(scenario, moved.name)
            values = (moved.median, moved.end, moved.critical if item.critical > 0.0 else float("nan"))
            texts = ["" if isnan(value) else digits(value) for value in values]
            name = capitalised(factor_title(scenario, moved.name, moved.name))
            unit = "" if row is None else unit_text(row)
            rows.append((name, exploration.findings.decision_title(item.decision), *texts, unit))
    return TableText(("assumption", "decision", "median", "unfavourable end", "at the critical error", "unit"), rows)


def mix_table(findings: Findings) -> TableText:
    """The purchases of the best mix in order."""
    size, unit = money_scale(findings, [value for item in findings.mix for value in (item.cost, item.net)])
    rows = [
        (
            f"{order}. {item.title}", interval_text(item.cost, size), interval_text(item.net, size),
            interval_text(item.prevented), interval_text(item.per_million, MILLION), "yes" if item.is_clear else "no",
        )
        for order, item in enumerate(findings.mix, 1)
    ]  # fmt: skip
    head = (
        "purchase",
        f"cost, {unit}",
        f"net benefit, {unit}",
        "leakers prevented",
        "net benefit per cost",
        "clearly best",
    )
    return TableText(head, rows)


def sample_size_table(findings: Findings) -> TableText:
    """Standard errors and futures needed."""
    rows = []
    for item in findings.sample_sizes:
        size, unit = scaled(item.unit, [findings.result(item.measure).mean.value])
        errors = (error_text(value / size, unit) for value in (item.standard_error, item.required))
        rows.append((item.title, *(with_unit(text, unit) for text in errors), f"{item.futures:,}", f"{item.needed:,}"))
    return TableText(("result", "standard error", "wanted", "futures", "futures needed"), rows)
