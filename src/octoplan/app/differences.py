"""What an uploaded scenario is, and what differs from the scenario that the page was started with."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from octoplan.app.everyday import title_of
from octoplan.app.panels import decision_title
from octoplan.scenario import Scenario
from octoplan.scenario.assumptions import Assumption
from octoplan.scenario.changes import leaves
from octoplan.scenario.entities import KIND_BY_NAME
from octoplan.scenario.files import ASSUMPTIONS, DECISIONS, PROGRAMME
from octoplan.scenario.report import quoted
from octoplan.scenario.toml_text import parse_toml

MAX_DIFFERENCES = 30
"""Maximum number of differences that are listed; the number of further ones is stated."""
MAX_TEXT = 80
"""Maximum number of characters of a value in a difference."""

Values = Mapping[str, tuple[str, str]]
"""Values by name: as they are compared, and as they are printed."""


@dataclass(frozen=True)
class ScenarioDifference:
    """A difference between two scenarios: a sentence, and the name of what differs in its file."""

    text: str
    name: str


def upload_summary(upload: Scenario, served: Scenario) -> dict[str, Any]:
    """An upload as JSON data: what was loaded, and what differs from the scenario that the page was started with."""
    names = upload.names
    counts = ((len(names.plants), "plant"), (len(names.regions), "region"), (len(upload.assumptions), "assumption"))
    content = ", ".join(f"{number:,} {word}{'' if number == 1 else 's'}" for number, word in counts)
    items = list(differences(served, upload))
    more = (
        [ScenarioDifference(f"and {len(items) - MAX_DIFFERENCES:,} more differences", "")]
        if items[MAX_DIFFERENCES:]
        else []
    )
    return {
        "loaded": f"{upload.title}: {names.months[0]} to {names.months[-1]}, {content}",
        "served": served.title,
        "differences": [asdict(item) for item in items[:MAX_DIFFERENCES] + more],
    }


def differences(baseline: Scenario, other: Scenario) -> Iterator[ScenarioDifference]:
    """Yield each decision, assumption and entry of the programme that differs, and other files.

    Comments and the layout of files do not count as differences. Decisions and assumptions are named as on the page,
    entries of the programme by the titles of their entities.
    """
    yield from file_differences("decision", DECISIONS, baseline, other)
    yield from assumption_differences(baseline, other)
    yield from file_differences("programme", PROGRAMME, baseline, other)
    for name in sorted({*baseline.files, *other.files} - {DECISIONS, ASSUMPTIONS, PROGRAMME}):
        if baseline.files.get(name) != other.files.get(name):
            state = "is new" if name not in baseline.files else "is missing" if name not in other.files else "differs"
            yield ScenarioDifference(f"{name} {state}", name)


def file_differences(kind: str, file: str, baseline: Scenario, other: Scenario) -> Iterator[ScenarioDifference]:
    """Yield each value of a TOML file that differs."""
    both = (baseline, other)
    first, second = (values_of(scenario, file) for scenario in both)
    titles = {name: path_title(s, name) for s, values in zip(both, (first, second), strict=True) for name in values}
    yield from table_differences(kind, file, first, second, titles)


def values_of(scenario: Scenario, file: str) -> Values:
    """The values of a TOML file of a scenario by dotted path: as in the file, and with titles in place of names."""
    tree = leaves(parse_toml(file, scenario.files[file]).tree)
    return {".".join(path): (str(value), value_text(with_entity_titles(scenario, path, value))) for path, value in tree}


def assumption_differences(baseline: Scenario, other: Scenario) -> Iterator[ScenarioDifference]:
    """Yield each assumption that differs."""
    both = (baseline, other)
    first, second = (
        {row.name: (text := assumption_text(row), text) for row in scenario.assumptions} for scenario in both
    )
    titles = {row.name: title_of(scenario, row) for scenario in both for row in scenario.assumptions}
    yield from table_differences("assumption", ASSUMPTIONS, first, second, titles)


def path_title(scenario: Scenario, path: str) -> str:
    """Title of a decision or of a value of the programme by its dotted path; the path itself if nothing has a title.

    >>> from octoplan import load
    >>> path_title(load("octopus"), "plants.uk-1.country")
    'plants › UK, first commercial plant › country'
    """
    title = decision_title(scenario, path)
    if title != path:
        return title
    section, *keys = path.split(".")
    by_name = {name.partition(".")[2]: text for name, text in reversed(list(scenario.titles.items()))}
    titles = [scenario.titles.get(f"{section}.{key}", by_name.get(key, key)) for key in keys]
    return path if titles == keys else " › ".join((section, *titles))


def with_entity_titles(scenario: Scenario, path: Sequence[str], value: Any) -> Any:
    """A value of ``programme.toml``, in which names of entities are replaced by their titles."""
    kind = KIND_BY_NAME.get(path[0])
    links = {link.name: link.domain for link in kind.links} if kind else {}
    section = links.get(path[-1])
    if isinstance(value, list):
        return [scenario.titles.get(f"{section}.{item}", item) for item in value]
    return scenario.titles.get(f"{section}.{value}", value)


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
    kind: str, file: str, values: Values, others: Values, titles: Mapping[str, str]
) -> Iterator[ScenarioDifference]:
    """Yield each name of a file whose value differs, is new, or is missing; with its title if it has one."""
    for name in sorted({*values, *others}):
        title = titles.get(name, name)
        text = f"{kind} {name}" if title == name else f"{kind} “{title}”"
        if name not in values:
            text = f"{text} is new: {others[name][1]}"
        elif name not in others:
            text = f"{text} is missing; it was {quoted(values[name][1])}"
        elif values[name][0] != others[name][0]:
            text = f"{text}: {values[name][1]} → {others[name][1]}"
        else:
            continue
        yield ScenarioDifference(text, f"{file}: {name}")
