"""The report of a run: a self-contained HTML page for screen and paper.

The report follows guidance for government analysis: The Aqua Book (2015), The Green Book (2022), the NAO's
Framework to review models (2022) and GAO's Cost Estimating and Assessment Guide (2020).
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from octoplan.answer.answer import Answer
from octoplan.answer.answer_file import ANSWER_FILE, answer_text
from octoplan.errors import RunError
from octoplan.explore.findings import Exploration
from octoplan.outcomes.key_results import result_table
from octoplan.outcomes.run import Run
from octoplan.outcomes.run_results import RunResults, over_common_futures
from octoplan.outcomes.store import REPORT_FILE
from octoplan.outcomes.view import view_of
from octoplan.show import annexes, front, provenance
from octoplan.show.answer import note, sentences
from octoplan.show.charts import page_figures
from octoplan.show.explore_page import Content, content
from octoplan.show.html import css_text, render
from octoplan.show.options import crews_and_kits_note, options, other_defences_note

ANNEX_TITLES = {
    "supply": "Supply",
    "defence": "Defence",
    "money": "Cost and benefit",
    "plan": "Plan",
    "differences": "Differences between the options",
    "sensitivity": "Sensitivity analysis",
    "explore": "Exploration: main drivers, failures and value of information",
    "failures": "Failed futures",
    "measures": "All measures",
    "log": "Assumptions log: quality and impact",
    "sources": "Sources",
    "method": "Method",
    "checks": "Verification checks",
    "assurance": "Statement of assurance",
}
"""Titles of the annexes by name, in the order of the report."""
UNCONDITIONAL_ANNEXES = ("method",)
"""Annexes whose text does not depend on the run."""


def report(
    run: Run,
    *others: Run,
    labels: Sequence[str] = (),
    plan: Path | None = None,
    nominal: bool = False,
    answer: Answer | None = None,
    exploration: Exploration | None = None,
) -> str:
    """The report as the text of an HTML page; annexes without content are omitted.

    others
        Further options, simulated under the same raids; ``labels`` names all of them.
    plan
        Plan folder written by ``octoplan plan``, for the annex on the plan.
    nominal
        If True, money is nominal, inflated by the assumed inflation of the reporting currency.
    answer
        The answer of the run, as numbers; without one, the first page has key results only.
    exploration
        An exploration of the scenario of the first run, for the annex on it.

    Raises RunError if the runs cannot be compared, or the folder is not a plan folder.
    """
    results = [RunResults(option, nominal) for option in (run, *others)]
    return report_page(results, labels, plan, answer=answer, exploration=exploration)


def report_page(
    results: Sequence[RunResults], labels: Sequence[str] = (), plan: Path | None = None, *,
    answer: Answer | None = None, contents: Mapping[str, Any] | None = None, exploration: Exploration | None = None,
) -> str:  # fmt: skip
    """The report of runs whose measures have been computed, with the answer of the first run; see ``report``.

    contents
        The annexes of these runs (``annex_contents``) if they have been drawn.
    """
    names = tuple(labels) or ("this run", *(f"option {i + 2}" for i in range(len(results) - 1)))
    results = over_common_futures(results)
    first, run = results[0], results[0].run
    contents = annex_contents(results, names, plan) if contents is None else contents
    if exploration is not None:
        contents = {**contents, "explore": exploration_annex(run, exploration)}
    if answer is not None:
        contents = {**contents, "money": annexes.with_marginal_million(contents["money"], answer)}
    present = [name for name in ANNEX_TITLES if contents.get(name) or name in UNCONDITIONAL_ANNEXES]
    return render(
        "report.html",
        title=f"{run.scenario.title}: octoplan report",
        run=run,
        scenario=run.scenario,
        governance=run.scenario.programme.governance,
        period=front.period(run),
        details=details(first),
        reading=front.reading(run),
        question=run.scenario.programme.governance.question or front.QUESTION,
        people=front.people(run),
        proposal=front.proposal(run),
        running_header=running_header(first),
        answer=front.answer_parts(answer),
        answer_note=note(answer) if answer is not None else "",
        key_results=front.answer_rows(first) if first.has_finished_futures else [],
        first_chart=page_figures(run, "deliveries-and-leakers")[0] if first.has_finished_futures else None,
        changes=front.changes(first),
        options=options(results, names) if first.has_finished_futures else None,
        defences_note=other_defences_note(run) if first.has_finished_futures else "",
        crews_note=crews_and_kits_note(first) if first.has_finished_futures else "",
        several=len(results) > 1,
        limitations=front.limitations(run),
        letters={name: (chr(65 + i), ANNEX_TITLES[name]) for i, name in enumerate(present)},
        net_benefit=front.NET_BENEFIT,
        leakers_prevented=front.LEAKERS_PREVENTED,
        **{name: contents.get(name) for name in ANNEX_TITLES},
    )


def exploration_annex(run: Run, exploration: Exploration) -> Content:
    """The annex on an exploration. Raises RunError if it is one of another scenario."""
    if exploration.findings.scenario_hash != run.scenario.hash:
        raise RunError(
            f"the exploration is one of another scenario ({exploration.findings.scenario_hash[:12]}) than that of the "
            f"run ({run.scenario.hash[:12]}); explore the run"
        )
    return content(exploration)


def running_header(results: RunResults) -> dict[str, str]:
    """Strings of a style sheet for each printed page: the programme, the date of the report, and, below, the run."""
    today = datetime.now(UTC).date()
    texts = {
        "left": results.run.scenario.title,
        "right": f"Report of {today.day} {today:%B %Y}",
        "below": details(results),
    }
    return {box: css_text(text) for box, text in texts.items()}


def run_pages(
    results: RunResults, answer: Answer | None, contents: Mapping[str, Any] | None = None
) -> dict[str, str]:  # fmt: skip
    """The files of a run folder for readers, by name: the report and, unless every future failed, the answer.

    contents
        The annexes of the run (``annex_contents``) if they have been drawn.
    """
    pages = {REPORT_FILE: report_page([results], answer=answer, contents=contents)}
    if answer is not None:
        pages[ANSWER_FILE] = answer_text(answer, [(part.topic, part.text) for part in sentences(answer)])
    return pages


def annex_contents(
    results: Sequence[RunResults], labels: Sequence[str] = (), plan: Path | None = None
) -> Mapping[str, Any]:  # fmt: skip
    """Content of each annex by name, without what needs the answer; None or missing if the annex is omitted."""
    first, run = results[0], results[0].run
    net = first.net_benefit_sensitivity
    impact = provenance.impacts(run, first.net_benefit, net, first.leakers_sensitivity)
    log = provenance.assumptions_log(run, net, impact, f"M {view_of(run).unit}")
    simulated = (
        {"supply": annexes.supply(run), "defence": annexes.defence(first), "money": annexes.money(first)}
        if first.has_finished_futures
        else {}
    )
    used_sources = provenance.sources(run)
    return {
        **simulated,
        "plan": annexes.plan(plan),
        "differences": annexes.differences(results, labels),
        "sensitivity": annexes.sensitivity(first),
        "failures": annexes.failures(run) if run.failed else None,
        "measures": result_table(first.key_results),
        "log": {
            "detected": bool(net),
            "reasons": provenance.impact_reasons(run.scenario, impact),
            "matrix": provenance.quality_matrix(run.scenario.assumptions, impact),
            "calibrated": provenance.calibrated_assumptions(run),
            "rows": log,
            "anchors": [provenance.row_anchor(row[0]) for row in log.rows],
        },
        "sources": used_sources if used_sources.rows else None,
        "checks": provenance.checks(run),
        "assurance": provenance.identification(first),
    }


def details(results: RunResults) -> str:
    """One line that identifies the run."""
    run = results.run
    state = f"state of {run.scenario.known_from} · " if run.scenario.known_from else ""
    failed = f", {run.failed:,} failed" if run.failed else ""
    return (
        f"{state}{run.futures:,} futures{failed} · seed {run.seed} · scenario {run.scenario.hash[:12]} · "
        f"octoplan {run.version}"
    )
