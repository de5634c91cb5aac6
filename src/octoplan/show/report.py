"""The report of a run: one HTML page that needs no network, for a screen or for paper."""

from collections import Counter
from html import escape

from octoplan.outcomes.measures import Headlines
from octoplan.outcomes.run import Run
from octoplan.show.charts import CHARTS, spend
from octoplan.show.frame import framed, paged
from octoplan.show.tables import html_table

READ = (
    (
        "P10, P50 and P90 are quantiles over futures: each future is one draw of everything uncertain. A band from "
        "P10 to P90 is what the beliefs and luck allow, not an error of computation; ± is that error, and shrinks "
        "with more futures."
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


def report(run: Run, headlines: Headlines | None = None, *, nominal: bool = False) -> str:
    """The page as text: verdict, headlines, charts with what to read in them, the assumption log in brief, facts."""
    table = run.headlines(nominal=nominal) if headlines is None else headlines
    charts = (
        (name, spend(run, nominal=nominal) if name == "spend" else chart(run), note)
        for name, (chart, note) in CHARTS.items()
    )
    figures = "".join(framed(name, made, note) for name, made, note in charts)
    title = escape(run.scenario.title)
    reading = "".join(f"<li>{escape(line)}</li>" for line in READ)
    return paged(
        f"{run.scenario.title}: octoplan report",
        f"<h1>{title}</h1>{facts(run, table)}"
        f"<p class='verdict'>{escape(table.verdict)}</p>{failures(run)}"
        f"<h2>Headlines</h2>{html_table(table)}"
        f"<h2>Charts</h2>{figures}<h2>How to read this</h2><ul>{reading}</ul>"
        f"<h2>What the figures rest on</h2>{assumptions(run)}",
    )


def facts(run: Run, table: Headlines) -> str:
    """One line that says which run this is."""
    known = f" · state of {run.scenario.known_from}" if run.scenario.known_from else ""
    return (
        f"<p class='facts'>{escape(table.period)}{known} · {run.futures:,} futures, {run.failed:,} failed · "
        f"seed {run.seed} · octoplan {escape(run.version)} · scenario {run.scenario.hash[:12]} · "
        f"simulated in {run.wall:,.1f} s</p>"
    )


def failures(run: Run) -> str:
    """The failed futures with their errors, the first ten."""
    if not run.failed:
        return ""
    rows = "".join(f"<li>future {f}: {escape(text)}</li>" for f, text in sorted(run.messages.items())[:10])
    return f"<p class='failed'>{run.failed:,} of {run.futures:,} futures failed and count nowhere:</p><ul>{rows}</ul>"


def assumptions(run: Run) -> str:
    """The assumption log in brief: rows by quality, unsourced, uncertain, oldest and newest."""
    beliefs = run.scenario.beliefs
    quality = Counter(belief.quality for belief in beliefs)
    dates = [belief.date for belief in beliefs]
    rows = (
        ("numbers believed (rows)", f"{len(beliefs):,}"),
        *((f"rated {name}", f"{quality[name]:,}") for name in ("green", "amber", "red")),
        ("without a source", f"{sum(not belief.sources for belief in beliefs):,}"),
        ("with a range", f"{sum(not belief.known for belief in beliefs):,}"),
        ("dated", f"{min(dates)} to {max(dates)}" if dates else "never"),
    )
    body = "".join(f"<tr><th scope='row'>{escape(k)}</th><td>{escape(v)}</td></tr>" for k, v in rows)
    return (
        f"<table class='log'>{body}</table><p class='small'>Every number stands in scenario/assumptions.csv of the run "
        "folder, with its source, rating, owner, date and note.</p>"
    )
