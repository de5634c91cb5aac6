"""The report of a run: one HTML page that needs no network, for a screen or for paper.

Its form is the one that reviewers in government ask for: The Aqua Book (2015), The Green Book (2022), the NAO's
Framework to review models (2022) and GAO's Cost Estimating and Assessment Guide (2020).
"""

from collections.abc import Sequence
from html import escape
from pathlib import Path

from octoplan.outcomes.findings import Findings
from octoplan.outcomes.key_results import KeyResults
from octoplan.outcomes.run import Run
from octoplan.outcomes.view import view_of
from octoplan.show import annexes
from octoplan.show import provenance as evidence
from octoplan.show.answer import NET, answer, changes, limits, options, question, rulings
from octoplan.show.frame import listed, paged
from octoplan.show.theme import M

METHOD = (
    (
        "P10, P50 and P90 are quantiles over futures: each future is one draw of everything uncertain. A band from "
        "P10 to P90 is what the assumptions and luck allow, not an error of computation; ± is that error, and shrinks "
        "with more futures."
    ),
    (
        "A future is flown day by day: gates, parts, plants, delivery, crews, weather, raids by region and class, "
        "engagements by layer, and the damage of leakers, which falls back on the plants. docs/background/model.md "
        "has the equations, with their sources."
    ),
    (
        "“Without the programme” means the same futures with its plants shut: the same raids, outages and exchange "
        "rates, other makers' interceptors, crews and kits still there. Added, avoided and saved are differences "
        "future by future."
    ),
    "A ratio is the ratio of sums in each future, then its quantiles; so P50s need not add up; means of sums do.",
    (
        "A month that a future never reaches counts as later than every month of the run: “never” at P90 means that "
        "more than one future in ten does not get there."
    ),
    (
        "Spend is real, at each day's exchange rate, unless marked nominal. A figure is only as good as the rows "
        "behind it: see how many of them are red."
    ),
)


def report(
    run: Run,
    *others: Run,
    labels: Sequence[str] = (),
    plan: Path | None = None,
    nominal: bool = False,
) -> str:
    """The page as text; sections are there for what was run and absent otherwise.

    others
        Further options, simulated on the same raids; ``labels`` names all of them.
    plan
        A folder that ``octoplan plan`` wrote.

    Raises RunError for runs that cannot be compared and for a folder that holds no plan.
    """
    return report_page([Findings(each, nominal) for each in (run, *others)], labels, plan)


def report_page(findings: Sequence[Findings], labels: Sequence[str] = (), plan: Path | None = None) -> str:
    """As ``report``, of runs that are measured already."""
    first_findings, run = findings[0], findings[0].run
    named = tuple(labels) or ("this run", *(f"option {i + 2}" for i in range(len(findings) - 1)))
    table = first_findings.key_results
    finished = first_findings.any_finished
    unit = view_of(run).unit
    gain, kept = first_findings.net_benefit_sensitivity, first_findings.leakers_sensitivity
    parts = [
        ("supply", "Supply", annexes.supply(run) if finished else ""),
        ("defence", "Defence", annexes.defence(first_findings) if finished else ""),
        ("money", "Money", annexes.spending(first_findings) if finished else ""),
        ("plan", "The plan", annexes.plan(plan)),
        ("differences", "The options compared", annexes.differences(findings, named)),
        ("matters", "What matters", annexes.matters(run.scenario, gain, kept, unit)),
        ("failures", "Futures that failed", annexes.failures(run)),
        ("headlines", "Every measure", annexes.every(table)),
        ("log", "The assumption log, quality against impact", evidence.log(run, gain, NET, f"M {unit}", M)),
        ("sources", "Sources", evidence.sources(run)),
        ("method", "Method", listed(METHOD)),
        ("checks", "Checks passed", evidence.checks(run)),
        ("assurance", "Statement of assurance", evidence.statement(run) + rulings(run)),
    ]
    first = (
        f"<h1>{escape(run.scenario.title)}</h1>{facts(run, table)}{question(run)}"
        + (answer(first_findings) if finished else "<p class='failed'>Every future failed: there is no answer.</p>")
        + changes(run, gain, kept, unit)
        + (options(findings, named) if finished else "")
        + limits(run)
        + annexes.contents(parts)
    )
    return paged(
        f"{run.scenario.title}: octoplan report",
        f"<main><div class='front'>{first}</div>{annexes.annexes(parts)}</main>",
    )


def facts(run: Run, table: KeyResults) -> str:
    """One line that says which run this is."""
    known = f" · state of {run.scenario.known_from}" if run.scenario.known_from else ""
    return (
        f"<p class='facts'>{escape(table.period)}{known} · {run.futures:,} futures, {run.failed:,} failed · "
        f"seed {run.seed} · octoplan {escape(run.version)} · scenario {run.scenario.hash[:12]} · "
        f"simulated in {run.wall:,.1f} s</p>"
    )
