"""The page of an exploration: its conclusion in words, charts and tables, and how to read them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from octoplan.explore.findings import Exploration, Findings
from octoplan.show import explore_tables as tables
from octoplan.show.discovery import (
    PAIR_CAPTION,
    TRADE_OFF_CAPTION,
    TREE_CAPTION,
    leaf_table,
    pair_plot,
    sentences,
    trade_off,
)
from octoplan.show.explore_charts import main_charts
from octoplan.show.explore_text import NET_BENEFIT, Topic, conclusion
from octoplan.show.html import PageFigure, render
from octoplan.show.provenance import TableText, quality_matrix, row_anchor
from octoplan.show.tornado import SIMULATED_CAPTION, measure_tornado


class CaptionedTable(NamedTuple):
    """A table with its caption, and identifiers of its rows if links lead to them."""

    text: TableText
    caption: str
    anchors: Sequence[str] | None = None


@dataclass(frozen=True)
class Section:
    """A section of the page: name for links, title, sentences, figures and tables."""

    name: str
    title: str
    sentences: Sequence[str] = ()
    figures: Sequence[PageFigure] = ()
    tables: Sequence[CaptionedTable] = ()

    @property
    def is_empty(self) -> bool:
        """True if the section has nothing to show."""
        return not (self.sentences or self.figures or self.tables)


@dataclass(frozen=True)
class Content:
    """Content of an exploration for a page: the conclusion, notes, and sections."""

    conclusion: Sequence[Topic]
    notes: Sequence[str]
    sections: Sequence[Section]


def page(exploration: Exploration) -> str:
    """The page ``explore.html`` as HTML text."""
    return render(
        "explore.html",
        title=f"Exploration: {exploration.scenario.title}",
        details=details(exploration.findings),
        content=content(exploration),
        method=method(exploration.findings),
    )


def details(findings: Findings) -> str:
    """One line that identifies the exploration."""
    failed = f", {findings.failed:,} failed" if findings.failed else ""
    return (
        f"{findings.futures:,} futures{failed} · seed {findings.seed} · scenario {findings.scenario_hash[:12]} · "
        f"octoplan {findings.version}"
    )


def content(exploration: Exploration) -> Content:
    """The conclusion, the notes, and the sections with content."""
    present = [section for section in sections(exploration) if not section.is_empty]
    return Content(conclusion(exploration), exploration.findings.notes, present)


def sections(exploration: Exploration) -> Iterator[Section]:
    """Yield all sections of the page in order."""
    findings = exploration.findings
    figures = {
        name: PageFigure(f"explore-{name}", chart, caption)
        for name, (chart, caption) in main_charts(exploration).items()
    }

    def figures_of(*names: str) -> list[PageFigure]:
        return [figure for name, figure in figures.items() if name in names]

    yield Section(
        "rank", "Main drivers: shares of the variance", [r.note for r in findings.rankings[:1] if r.note],
        figures_of("rank", "convergence"), captioned(tables.ranking_table(exploration), RANKING_CAPTION),
    )  # fmt: skip
    yield Section("tornado", "One assumption at a time: tornado", (), tornados(exploration))
    yield Section(
        "switching", "What would change the decision: switching values", (), (),
        captioned(tables.switching_table(exploration), SWITCHING_CAPTION),
    )  # fmt: skip
    yield impact_section(exploration)
    trials = [name for name in figures if name.startswith("trial-")]
    yield Section(
        "information", "What is worth finding out: value of information", (), figures_of("information", *trials),
        [
            *captioned(tables.information_table(exploration), INFORMATION_CAPTION),
            *captioned(tables.trial_table(findings), TRIAL_CAPTION),
        ],
    )  # fmt: skip
    yield from discovery_sections(exploration)
    yield Section(
        "robustness", "Which decision is robust", (), figures_of("regret"),
        captioned(tables.robustness_table(findings), ROBUSTNESS_CAPTION),
    )  # fmt: skip
    yield Section(
        "info-gap", "How wrong may the assumptions be (info-gap)", (), figures_of("info-gap"),
        captioned(tables.moved_table(exploration), MOVED_CAPTION),
    )  # fmt: skip
    yield Section(
        "mix",
        "What to buy next: the best mix",
        (),
        figures_of("mix"),
        captioned(tables.mix_table(findings), MIX_CAPTION),
    )
    yield Section(
        "sample-size", "How many futures are enough", (), (),
        captioned(tables.sample_size_table(findings), SAMPLE_CAPTION),
    )  # fmt: skip


def tornados(exploration: Exploration) -> list[PageFigure]:
    """Tornados of the main result and of the first others; tornado.csv has all."""
    findings = exploration.findings
    order = sorted(findings.results, key=lambda result: result.key != NET_BENEFIT)
    charts = [(r.key, measure_tornado(exploration.scenario, findings.tornado, r)) for r in order]
    present = [(key, chart) for key, chart in charts if chart is not None][:MAX_TORNADOS]
    captions = [SIMULATED_CAPTION, *["As in the chart above."] * (MAX_TORNADOS - 1)]
    return [
        PageFigure(f"explore-tornado-{key.replace('/', '-')}", chart, caption)
        for (key, chart), caption in zip(present, captions, strict=False)
    ]


def impact_section(exploration: Exploration) -> Section:
    """Impact and quality: where evidence is needed most."""
    scenario = exploration.scenario
    impact = {item.name: item for item in exploration.findings.impacts}
    if not impact:
        return Section("impact", "Where evidence is needed most: quality and impact")
    matrix = quality_matrix(scenario.assumptions, impact)
    rated = tables.impact_table(exploration)
    anchors = [row_anchor(row[-1]) for row in rated.rows]
    captioned_tables = [CaptionedTable(matrix, MATRIX_CAPTION)]
    captioned_tables += [CaptionedTable(rated, IMPACT_CAPTION, anchors)] if rated.rows else []
    return Section("impact", "Where evidence is needed most: quality and impact", (), (), captioned_tables)


def discovery_sections(exploration: Exploration) -> Iterator[Section]:
    """Yield a section for each requirement: where it is missed."""
    findings, scenario = exploration.findings, exploration.scenario
    for number, (discovery, points) in enumerate(zip(findings.discoveries, findings.points, strict=True), 1):
        charts = (
            ("trade-off", trade_off(discovery), TRADE_OFF_CAPTION),
            ("pairs", pair_plot(scenario, discovery, points), PAIR_CAPTION),
        )
        figures = [PageFigure(f"explore-{n}-{number}", chart, text) for n, chart, text in charts if chart is not None]
        title = f"Where {discovery.missed_text}"
        leaves = captioned(leaf_table(scenario, discovery), TREE_CAPTION)
        yield Section(f"discovery-{number}", title, sentences(scenario, discovery), figures, leaves)


MAX_TORNADOS = 4
"""Maximum number of tornados on the page."""
MATRIX_CAPTION = "Number of assumptions by quality of their evidence and impact."
IMPACT_CAPTION = (
    "Assumptions of red and amber impact. Red: the assumption can change the decision between its P10 and P90, or "
    "knowing it is worth something. Amber: its effect on a result is distinguishable from zero and at least a tenth of "
    "the largest. The copy of assumptions.csv in the folder of the exploration has the impact of every assumption."
)
RANKING_CAPTION = (
    "Share of the variance of each result that knowing the factor would remove (first-order index), with its 95 % "
    "confidence interval; empty where it is not distinguishable from zero."
)
SWITCHING_CAPTION = (
    "Value of each assumption, the others as drawn, at which another decision is preferred on average, with its 95 % "
    "confidence interval. Share of futures: those beyond the value."
)
INFORMATION_CAPTION = "Expected value of perfect information with its 95 % confidence interval, the largest first."
TRIAL_CAPTION = "Expected value of the result of each trial (expected value of sample information), less its cost."
ROBUSTNESS_CAPTION = (
    "Net benefit and regret with 95 % confidence intervals. Worst tenth: mean over the tenth of futures with the "
    "smallest net benefit (conditional value at risk). Mean is best: share of resamples of the futures in which the "
    "decision has the largest mean."
)
MOVED_CAPTION = (
    "The assumptions that are moved together, and their values where the decision first costs more than it avoids on "
    "average; empty if it does at no error examined, or at the medians."
)
MIX_CAPTION = "Purchases in order, with 95 % confidence intervals from paired futures."
SAMPLE_CAPTION = "Standard error of the mean of each key result, the one wanted, and the number of futures for it."


def captioned(table: TableText | None, caption: str) -> list[CaptionedTable]:
    """A table with its caption; nothing if it has no rows."""
    return [CaptionedTable(table, caption)] if table is not None and table.rows else []


def method(findings: Findings) -> list[tuple[str, str]]:
    """Names and values: futures, decisions and identity."""
    decisions = "; ".join(decision.title for decision in findings.decisions)
    return [
        ("futures of the run", f"{findings.futures:,}, in blocks of 8 (Latin hypercube)"),
        ("futures that failed", f"{findings.failed:,}; excluded from every estimate"),
        *([("decisions compared", decisions)] if decisions else []),
        ("intervals", "95 %, from the bootstrap of whole blocks of futures unless stated otherwise"),
        ("seed", f"{findings.seed}"),
    ]
