"""The findings of an exploration as tables: one table for each kind of result."""

from collections.abc import Sequence
from math import isfinite, isinf, isnan

from octoplan.explore.findings import Exploration, Findings
from octoplan.explore.results import Estimate, Information, Limit, Share
from octoplan.scenario import Scenario
from octoplan.tables import Cell, Column, Table

ESTIMATE_NOTES = (("", "estimate"), ("_low", "lower end of its 95 % interval"), ("_high", "upper end of it"))


def tables(exploration: Exploration) -> tuple[Table, ...]:
    """All tables with at least one row, by kind of result."""
    findings, scenario = exploration.findings, exploration.scenario
    all_tables = (
        result_table(findings), ranking_table(findings), convergence_table(findings), tornado_table(findings, scenario),
        switching_table(findings, scenario), impact_table(findings, scenario), information_table(findings),
        trial_table(findings), box_table(findings), limit_table(findings, scenario), leaf_table(findings, scenario),
        robustness_table(findings), info_gap_table(findings), mix_table(findings), sample_size_table(findings),
    )  # fmt: skip
    return tuple(table for table in all_tables if len(table))


def number(value: float) -> Cell:
    """A number as a cell: None if it is undefined, and a text if it is infinite."""
    return None if isnan(value) else value if isfinite(value) else "inf" if value > 0.0 else "-inf"


def cells(item: Estimate | None) -> tuple[Cell, Cell, Cell]:
    """An estimate and the ends of its interval."""
    return (None, None, None) if item is None else (number(item.value), number(item.low), number(item.high))


def columns_of(name: str, description: str, unit: str = "") -> tuple[Column, ...]:
    """Columns of an estimate and of the ends of its interval."""
    return tuple(Column(f"{name}{end}", "number", f"{description}: {note}", unit) for end, note in ESTIMATE_NOTES)


def texts(*names: str) -> tuple[Column, ...]:
    """Columns of text."""
    return tuple(Column(name, "string") for name in names)


def unit_of(scenario: Scenario, name: str) -> str:
    """Unit of the assumption with a name, with its currency."""
    row = scenario.assumptions[scenario.columns.index(name)]
    return row.unit.replace("money", row.currency or "money")


def result_table(findings: Findings) -> Table:
    """The results explored."""
    columns = (*texts("measure", "title", "unit"), *columns_of("mean", "mean over futures"))
    columns = (*columns, Column("p10", "number", "10th percentile"), Column("p90", "number", "90th percentile"))
    rows = [(r.key, r.title, r.unit, *cells(r.mean), number(r.p10), number(r.p90)) for r in findings.results]
    return Table.from_rows("results", "Results explored", columns, rows, ("measure",))


def ranking_table(findings: Findings) -> Table:
    """Shares of variance of each result: given-data and designed."""
    columns = (
        *texts("measure", "sample", "factor", "title"),
        *columns_of("first_order", "first-order index"), *columns_of("total", "total index"),
        *columns_of("shapley", "Shapley effect"),
        Column("correlated", "integer", "1 if the factor is correlated with others, otherwise 0"),
        Column("futures", "integer", "futures of the run from which it is estimated"),
        Column("excluded", "integer", "futures in which the result is undefined, or that failed"),
    )  # fmt: skip
    rows = [
        (ranking.measure, sample, *share_cells(share), ranking.futures, ranking.excluded)
        for ranking in findings.rankings
        for sample, shares in (("run", ranking.from_run), ("designed", ranking.designed))
        for share in shares
    ]
    return Table.from_rows("ranking", "Shares of the variance of each result", columns, rows)


def share_cells(share: Share) -> tuple[Cell, ...]:
    """Cells of one factor of a ranking."""
    indices = (*cells(share.first), *cells(share.total), *cells(share.shapley))
    return share.name, share.title, *indices, int(share.is_correlated)


def convergence_table(findings: Findings) -> Table:
    """Indices by number of futures."""
    columns = (*texts("measure", "factor"), Column("futures", "integer", "futures"))
    columns = (*columns, *columns_of("first_order", "first-order index"), *columns_of("total", "total index"))
    rows = []
    for ranking in findings.rankings:
        for item in ranking.convergence:
            totals: Sequence[Estimate | None] = item.total or (None,) * len(item.futures)
            for futures, first, total in zip(item.futures, item.first, totals, strict=True):
                rows.append((ranking.measure, item.name, futures, *cells(first), *cells(total)))
    return Table.from_rows("convergence", "Indices by number of futures", columns, rows)


def tornado_table(findings: Findings, scenario: Scenario) -> Table:
    """Results with one assumption at its P10 and at its P90."""
    columns = (
        *texts("measure", "unit", "assumption", "assumption_unit"),
        Column("p10", "number", "P10 of the assumption"), Column("p90", "number", "P90 of the assumption"),
        *columns_of("at_p10", "mean with the assumption at its P10"), *columns_of("at_p90", "the same at its P90"),
        *columns_of("difference", "paired difference, P90 less P10"),
    )  # fmt: skip
    rows = [
        (
            bar.measure,
            findings.result(bar.measure).unit,
            bar.name,
            unit_of(scenario, bar.name),
            *map(number, bar.ends),
            *cells(bar.low),
            *cells(bar.high),
            *cells(bar.difference),
        )
        for bar in findings.tornado
    ]
    return Table.from_rows("tornado", "Results at P10 and P90 of each assumption", columns, rows)


def switching_table(findings: Findings, scenario: Scenario) -> Table:
    """Switching values."""
    columns = (
        *texts("assumption", "unit"), *columns_of("value", "value at which the preferred decision changes"),
        Column("quantile", "number", "quantile of the draws at which it lies"), *texts("below", "above"),
    )  # fmt: skip
    rows = [
        (s.name, unit_of(scenario, s.name), *cells(s.value), number(s.quantile), s.below, s.above)
        for s in findings.switching
    ]
    return Table.from_rows("switching", "Values at which the preferred decision changes", columns, rows)


def impact_table(findings: Findings, scenario: Scenario) -> Table:
    """Impact of each assumption, next to the quality of its evidence."""
    quality = {row.name: row.quality for row in scenario.assumptions}
    rows = [(impact.name, impact.rating, quality[impact.name], impact.reason) for impact in findings.impacts]
    columns = texts("assumption", "impact", "quality", "reason")
    return Table.from_rows("impact", "Impact and quality of each assumption", columns, rows, ("assumption",))


def information_table(findings: Findings) -> Table:
    """Values of perfect information."""
    information = findings.information
    rows: list[Sequence[Cell]] = []
    if information is not None:
        rows = [
            ("perfect", "all assumptions", findings.money, *cells(information.perfect)),
            ("clairvoyance", "all assumptions and chance", findings.money, *cells(information.clairvoyant)),
            *((item.name, item.title, findings.money, *cells(item.value)) for item in information.partial),
        ]
    columns = (
        *texts("name", "title", "unit"),
        *columns_of("value", "expected value of perfect information", findings.money),
    )
    return Table.from_rows("information", f"Value of information, {findings.money}", columns, rows)


def trial_table(findings: Findings) -> Table:
    """Values of trials by size."""
    trials: tuple[Information, ...] = () if findings.information is None else findings.information.trials
    columns = (
        *texts("trial", "title", "unit"), Column("size", "integer", "sorties or months"),
        *columns_of("value", "expected value of sample information", findings.money),
        Column("cost", "number", "cost of the trial", findings.money),
    )  # fmt: skip
    rows = [(item.name, item.title, findings.money, item.size, *cells(item.value), item.cost) for item in trials]
    return Table.from_rows("trials", f"Value of trials, {findings.money}", columns, rows)


def box_table(findings: Findings) -> Table:
    """Boxes of the peeling trajectories."""
    columns = (
        *texts("requirement"), Column("step", "integer", "step of the trajectory"),
        Column("chosen", "integer", "1 if it is the box described, otherwise 0"),
        Column("limits", "integer", "number of assumptions restricted"),
        *(Column(name, "number", note) for name, note in BOX_NOTES),
        *columns_of("held_out_coverage", "coverage in held-out futures"),
        *columns_of("held_out_density", "density in held-out futures"),
    )  # fmt: skip
    rows = [
        (
            d.requirement, step, int(step == d.chosen), len(box.limits), box.coverage, box.density, box.mass,
            *cells(box.held_out_coverage), *cells(box.held_out_density),
        )
        for d in findings.discoveries
        for step, box in enumerate(d.trajectory)
    ]  # fmt: skip
    return Table.from_rows("boxes", "Boxes in which a requirement is missed", columns, rows)


BOX_NOTES = (
    ("coverage", "share of all cases that lie in the box"), ("density", "share of the futures in it that are cases"),
    ("mass", "share of all futures that lie in it"),
)  # fmt: skip


def limit_table(findings: Findings, scenario: Scenario) -> Table:
    """Limits of every box."""
    columns = (
        *texts("requirement"), Column("step", "integer", "step of the trajectory"), *texts("assumption", "unit"),
        Column("low", "number", "lower bound"), Column("high", "number", "upper bound"),
        Column("p_value", "number", "quasi-p-value"), Column("reproduced", "number", "share of resamples"),
    )  # fmt: skip
    rows = [
        (discovery.requirement, step, *limit_cells(limit, scenario))
        for discovery in findings.discoveries
        for step, box in enumerate(discovery.trajectory)
        for limit in box.limits
    ]
    return Table.from_rows("limits", "Limits of the boxes", columns, rows)


def limit_cells(limit: Limit, scenario: Scenario) -> tuple[Cell, ...]:
    """Cells of a limit of a box or leaf; a bound that does not restrict is empty."""
    ends = (None if isinf(end) else end for end in (limit.low, limit.high))
    return limit.name, unit_of(scenario, limit.name), *ends, number(limit.p_value), number(limit.reproduced)


def leaf_table(findings: Findings, scenario: Scenario) -> Table:
    """Leaves of the classification trees."""
    columns = (
        *texts("requirement"), Column("leaf", "integer", "number of the leaf"),
        Column("futures", "integer", "futures in the leaf"),
        Column("density", "number", "share of them that are cases"),
        Column("coverage", "number", "share of all cases that they are"), *texts("assumption", "unit"),
        Column("low", "number", "lower bound"), Column("high", "number", "upper bound"),
    )  # fmt: skip
    rows = []
    for discovery in findings.discoveries:
        for number_of_leaf, leaf in enumerate(discovery.leaves, 1):
            head = (discovery.requirement, number_of_leaf, leaf.futures, leaf.density, leaf.coverage)
            rows += [(*head, *limit_cells(limit, scenario)[:4]) for limit in leaf.limits]
            rows += [(*head, None, None, None, None)] if not leaf.limits else []
    return Table.from_rows("leaves", "Leaves of the classification trees", columns, rows)


def robustness_table(findings: Findings) -> Table:
    """The decisions side by side."""
    money = findings.money
    columns = (
        *texts("decision", "title", "unit"), *columns_of("mean", "mean net benefit", money),
        *columns_of("regret_mean", "mean regret", money), *columns_of("regret_p90", "P90 of the regret", money),
        Column("regret_max", "number", "largest regret", money),
        *columns_of("satisficing", "share of futures in which the requirement is met"),
        *columns_of("tail", "mean net benefit in the worst tenth of futures", money),
        *columns_of("best", "share of futures in which it is best"),
        Column("first", "number", "share of resamples in which its mean is the best"),
    )  # fmt: skip
    rows = [
        (
            r.name, r.title, money, *cells(r.mean), *cells(r.regret_mean), *cells(r.regret_p90), number(r.regret_max),
            *cells(r.satisficing), *cells(r.tail), *cells(r.best), number(r.first),
        )
        for r in findings.robustness
    ]  # fmt: skip
    return Table.from_rows("robustness", f"Decisions over all futures, {money}", columns, rows, ("decision",))


def info_gap_table(findings: Findings) -> Table:
    """Results by horizon of error."""
    columns = (
        *texts("decision", "unit"), Column("horizon", "number", "share of the way to the unfavourable end"),
        *columns_of("result", "mean result"), Column("critical", "number", "largest horizon without a miss"),
    )  # fmt: skip
    rows = [
        (item.decision, findings.money, horizon, *cells(result), number(item.critical))
        for item in findings.info_gap
        for horizon, result in zip(item.horizon, item.result, strict=True)
    ]
    return Table.from_rows("info-gap", "Mean result by error of the assumptions", columns, rows)


def mix_table(findings: Findings) -> Table:
    """Purchases of the best mix."""
    columns = (
        Column("order", "integer", "order of the purchase"), *texts("purchase", "title", "unit"),
        *columns_of("cost", "cost", findings.money), *columns_of("prevented", "leakers prevented"),
        *columns_of("net", "net benefit", findings.money), *columns_of("per_million", "per million of cost"),
        Column("clear", "integer", "1 if it is clearly better than every other purchase of the step, otherwise 0"),
    )  # fmt: skip
    rows = [
        (
            order, item.key, item.title, findings.money, *cells(item.cost), *cells(item.prevented), *cells(item.net),
            *cells(item.per_million), int(item.is_clear),
        )
        for order, item in enumerate(findings.mix, 1)
    ]  # fmt: skip
    return Table.from_rows("mix", "What to buy, in order", columns, rows)


def sample_size_table(findings: Findings) -> Table:
    """Futures needed."""
    columns = (
        *texts("measure", "title", "unit"), Column("standard_error", "number", "standard error of the mean"),
        Column("futures", "integer", "futures of the run"), Column("required", "number", "standard error wanted"),
        Column("needed", "integer", "futures needed for it"),
    )  # fmt: skip
    rows = [
        (s.measure, s.title, s.unit, number(s.standard_error), s.futures, number(s.required), s.needed)
        for s in findings.sample_sizes
    ]
    return Table.from_rows("sample-size", "Futures needed", columns, rows, ("measure",))
