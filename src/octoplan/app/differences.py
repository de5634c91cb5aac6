"""What an uploaded scenario is, and what differs from the scenario that the page was started with."""

from collections.abc import Iterator, Mapping
from typing import Any

from octoplan.app.everyday import title_of
from octoplan.app.panels import decision_title
from octoplan.scenario import Scenario
from octoplan.scenario.assumptions import Assumption
from octoplan.scenario.changes import leaves
from octoplan.scenario.files import ASSUMPTIONS, DECISIONS, PROGRAMME
from octoplan.scenario.report import quoted
from octoplan.scenario.toml_text import parse_toml

MAX_DIFFERENCES = 30
"""Maximum number of differences that are listed; the number of further ones is stated."""
MAX_TEXT = 80
"""Maximum number of characters of a value in a difference."""


def upload_summary(upload: Scenario, served: Scenario) -> dict[str, Any]:
    """An upload as JSON data: what was loaded, and what differs from the scenario that the page was started with."""
    names = upload.names
    counts = ((len(names.plants), "plant"), (len(names.regions), "region"), (len(upload.assumptions), "assumption"))
    content = ", ".join(f"{number:,} {word}{'' if number == 1 else 's'}" for number, word in counts)
    sentences = list(differences(served, upload))
    more = [f"and {len(sentences) - MAX_DIFFERENCES:,} more differences"] if len(sentences) > MAX_DIFFERENCES else []
    return {
        "loaded": f"{upload.title}: {names.months[0]} to {names.months[-1]}, {content}",
        "served": served.title,
        "differences": sentences[:MAX_DIFFERENCES] + more,
    }


def differences(baseline: Scenario, other: Scenario) -> Iterator[str]:
    """Yield a sentence for each decision, assumption and entry of the programme that differs, and for other files.

    Comments and the layout of files do not count as differences. Decisions and assumptions are named as on the page.
    """
    decisions, other_decisions = values_of(baseline, DECISIONS), values_of(other, DECISIONS)
    titles = {name: decision_title(s, name) for s in (baseline, other) for name in (*decisions, *other_decisions)}
    yield from table_differences("decision", decisions, other_decisions, titles)
    rows, other_rows = ({row.name: assumption_text(row) for row in s.assumptions} for s in (baseline, other))
    titles = {row.name: title_of(s, row) for s in (baseline, other) for row in s.assumptions}
    yield from table_differences("assumption", rows, other_rows, titles)
    yield from table_differences("programme", values_of(baseline, PROGRAMME), values_of(other, PROGRAMME), {})
    for name in sorted({*baseline.files, *other.files} - {DECISIONS, ASSUMPTIONS, PROGRAMME}):
        if baseline.files.get(name) != other.files.get(name):
            state = "is new" if name not in baseline.files else "is missing" if name not in other.files else "differs"
            yield f"{name} {state}"


def values_of(scenario: Scenario, file: str) -> dict[str, str]:
    """The values of a TOML file of a scenario as text, by path."""
    return {".".join(path): value_text(value) for path, value in leaves(parse_toml(file, scenario.files[file]).tree)}


def value_text(value: Any) -> str:
    """A value as text, shortened if it is long."""
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return text if len(text) <= MAX_TEXT else text[: MAX_TEXT - 1] + "…"


def assumption_text(row: Assumption) -> str:
    """P10, P50 and P90 of an assumption with its unit; its value alone if it has no range."""
    p10, p50, p90 = (f"{float(row.quantile(level)):.4g}" for level in (0.1, 0.5, 0.9))
    unit = "" if row.unit == "1" else f" {row.unit}"
    return f"{p50}{unit}" if row.is_fixed else f"{p50} ({p10} to {p90}){unit}"


def table_differences(
    kind: str, values: Mapping[str, str], others: Mapping[str, str], titles: Mapping[str, str]
) -> Iterator[str]:
    """Yield a sentence for each name whose value differs, is new, or is missing; with its title if it has one."""
    for name in sorted({*values, *others}):
        title = titles.get(name, name)
        text = f"{kind} {name}" if title == name else f"{kind} “{title}”"
        if name not in values:
            yield f"{text} is new: {others[name]}"
        elif name not in others:
            yield f"{text} is missing; it was {quoted(values[name])}"
        elif values[name] != others[name]:
            yield f"{text}: {values[name]} → {others[name]}"
