"""Content of the annexes of a report; annexes without content are omitted."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from octoplan.answer.answer import Answer
from octoplan.errors import RunError
from octoplan.outcomes.compare import compare_results, comparison_tables
from octoplan.outcomes.finance import CONFIDENCE_LEVELS, CostEstimate
from octoplan.outcomes.format import ResultTable, digits
from octoplan.outcomes.intervals import interval
from octoplan.outcomes.run import Run
from octoplan.outcomes.run_results import RunResults
from octoplan.outcomes.view import view_of
from octoplan.show.charts import CHARTS, page_figures
from octoplan.show.front import LEAKERS_PREVENTED, NET_BENEFIT
from octoplan.show.html import PageFigure
from octoplan.show.marginal_chart import CAPTION as MILLION_CAPTION
from octoplan.show.marginal_chart import marginal_million
from octoplan.show.money_charts import cost_s_curve, spend
from octoplan.show.provenance import TableText
from octoplan.show.sensitivity import switching_values
from octoplan.show.series import month_total
from octoplan.show.theme import MILLION
from octoplan.show.threat_flow import threat_flow_on_day, worst_day
from octoplan.show.tornado import CAPTION, MAX_ASSUMPTIONS, tornado

DAY_CAPTION = "Counts of the day on which most threats are launched in the first finished future; other futures differ."


def supply(run: Run) -> list[PageFigure]:
    """Charts of deliveries, production by plant, limiting factors of the plants, and stock."""
    return page_figures(run, "deliveries", "production", "plant-limits", "stock")


def defence(results: RunResults) -> list[PageFigure]:
    """Charts of threats by outcome, region and month, of limiting factors, of kills per sortie, and of crews.

    Without raids, the chart of crews alone.
    """
    if not month_total(results.run, "launched").any():
        return page_figures(results.run, "crews")
    run, days = results.run, results.daily_tallies
    figures = page_figures(run, "waterfall", "threat-flow")
    if days is not None:
        flow = threat_flow_on_day(run, days, worst_day(days))
        figures.append(PageFigure("threat-flow-on-day", flow, DAY_CAPTION))
    return figures + page_figures(
        run, "leakers-by-region", "damage-by-region", "stopped-share", "night-limits", "kills-per-sortie", "crews"
    )


class MoneyAnnex(NamedTuple):
    """Content of the annex on money: tables of contingency and optimism bias, and figures."""

    contingency: TableText | None
    bias: TableText | None
    figures: list[PageFigure]


def money(results: RunResults) -> MoneyAnnex:
    """Content of the annex on money; the tables are None if there is no cost estimate."""
    run, estimate, unit = results.run, results.cost_estimate, view_of(results.run).unit
    figures = [
        PageFigure("spend", spend(run, nominal=results.nominal), CHARTS["spend"].caption),
        *page_figures(run, "cost-and-benefit", "cost-effectiveness", "present-values", "cost-per-kill"),
    ]
    if estimate is None:
        return MoneyAnnex(None, None, figures)
    caption = (
        "The point estimate has every assumption at its median and no optimism bias; it is the mean of "
        f"{results.run_at_medians.futures} futures, which differ by chance events. In brackets: the contingency, the "
        "amount to add to the point estimate so that the total is not exceeded in that share of futures."
    )
    s_curve = PageFigure("cost-s-curve", cost_s_curve(estimate, unit), caption)
    return MoneyAnnex(contingency(estimate, unit), optimism_bias(estimate, unit), [s_curve, *figures])


def with_marginal_million(annex: MoneyAnnex, answer: Answer) -> MoneyAnnex:
    """The annex on money with the chart of the marginal million after that of the spend, if a change was tested."""
    million = marginal_million(answer)
    if million is None:
        return annex
    after_spend = [figure.name for figure in annex.figures].index("spend") + 1
    chart = PageFigure("marginal-million", million, MILLION_CAPTION)
    return annex._replace(figures=[*annex.figures[:after_spend], chart, *annex.figures[after_spend:]])


def contingency(estimate: CostEstimate, unit: str) -> TableText:
    """Table of the point estimate with its percentile, and of the contingency at each level of confidence."""
    point = estimate.point_estimate
    rows = [
        (
            "point estimate, assumptions at medians",
            f"{point / MILLION:,.1f}",
            "",
            f"not exceeded in {100 * estimate.confidence_level:.0f} % of futures",
        )
    ]
    for level in CONFIDENCE_LEVELS:
        amount = estimate.contingency(level)
        share = f"{100 * amount / point:+,.0f} % of the point estimate" if point > 0 else ""
        rows.append((f"P{100 * level:.0f}", f"{(point + amount) / MILLION:,.1f}", f"{amount / MILLION:+,.1f}", share))
    return TableText((f"cost of the programme, M {unit}", "cost", "contingency", ""), rows)


def optimism_bias(estimate: CostEstimate, unit: str) -> TableText:
    """Table of the programme's cost with and without optimism bias."""
    rows = [
        (name, *(f"{v / MILLION:,.1f}" for v in (i.p10, i.p50, i.p90, i.mean)), digits(i.se_mean / MILLION, 2))
        for name, i in (
            ("with optimism bias", interval(estimate.values)),
            ("without optimism bias", interval(estimate.values_without_bias)),
        )
    ]
    head = (f"cost of the programme, M {unit}", "P10", "P50", "P90", "mean", "standard error of the mean")
    return TableText(head, rows)


class PlanAnnex(NamedTuple):
    """Content of the annex on a plan: summary, sentences by heading, and path of the plan folder."""

    summary: str
    lists: list[tuple[str, list[str]]]
    folder: str


def plan(folder: Path | None) -> PlanAnnex | None:
    """Content of a plan folder written by ``octoplan plan``. Raises RunError if the folder is not a plan folder."""
    if folder is None:
        return None
    try:
        evidence: dict[str, Any] = json.loads((folder / "evidence.json").read_text("utf-8"))
        summary = (folder / "summary.txt").read_text("utf-8")
    except (OSError, ValueError) as error:
        raise RunError(f"{folder} is not a plan folder ({error}); octoplan plan writes plan folders") from error
    lists = (
        ("Goals not met", evidence.get("not_met")),
        ("Limiting factors", evidence.get("limiting_factors")),
        ("Shortfalls against the target", evidence.get("short")),
        ("Switching values of the cheapest share", (evidence.get("frontier") or {}).get("switching_values")),
        ("Remedies", evidence.get("remedies")),
        ("Remarks", evidence.get("remarks")),
    )
    return PlanAnnex(summary, [(title, lines) for title, lines in lists if lines], str(folder))


class SensitivityAnnex(NamedTuple):
    """Content of the annex on sensitivity: tornados, and sentences on switching values."""

    figures: list[PageFigure]
    switching_values: list[str]


def sensitivity(results: RunResults) -> SensitivityAnnex | None:
    """Tornados and switching values of net benefit and leakers prevented; None if there are too few futures."""
    scenario, unit = results.run.scenario, view_of(results.run).unit
    net, leakers = results.net_benefit_sensitivity, results.leakers_sensitivity
    figures = []
    if net:
        chart = tornado(scenario, net, NET_BENEFIT, f"M {unit}", size=MILLION)
        figures.append(PageFigure("tornado-net-benefit", chart, CAPTION))
    if leakers:
        chart = tornado(scenario, leakers, LEAKERS_PREVENTED, "")
        figures.append(PageFigure("tornado-leakers-prevented", chart, CAPTION))
    sentences = [
        *switching_values(scenario, net, NET_BENEFIT),
        *switching_values(scenario, leakers, LEAKERS_PREVENTED),
    ]
    return SensitivityAnnex(figures, sentences[: 2 * MAX_ASSUMPTIONS]) if figures else None


def differences(results: Sequence[RunResults], labels: Sequence[str]) -> list[ResultTable]:
    """Tables of paired differences between the other runs and the first."""
    return comparison_tables(compare_results(results, labels)) if len(results) > 1 else []


def failures(run: Run) -> list[str]:
    """Sentences with the number and the error of each failed future."""
    return [f"future {future}: {text}" for future, text in sorted(run.messages.items())]
