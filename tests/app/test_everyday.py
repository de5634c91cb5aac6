"""Names, groups and synonyms of the inputs on the page."""

import pytest

from octoplan.app import panels
from octoplan.app.everyday import OTHER, search_text, synonyms_of, table
from octoplan.scenario import load
from octoplan.scenario.entities import KIND_BY_NAME, KINDS

DECISION_KINDS = {"output", "lines"}


def test_every_kind_of_parameter_has_one_group() -> None:
    """Every kind with parameters is in one group, and a group has only kinds that exist."""
    kinds = [kind for members in table()["groups"].values() for kind in members]
    assert len(kinds) == len(set(kinds))
    assert {kind.name for kind in KINDS if kind.parameters} <= set(kinds) <= set(KIND_BY_NAME) | DECISION_KINDS


def test_every_title_belongs_to_a_parameter_and_differs_from_others() -> None:
    """A title is that of a parameter that exists, and no two parameters share one."""
    titles = table()["titles"]
    names = {f"{kind.name}.{parameter.name}" for kind in KINDS for parameter in kind.parameters}
    assert set(titles) <= names
    assert len(set(titles.values())) == len(titles)


def test_inputs_have_distinct_names_without_ids() -> None:
    """Every input of octopus has a name of its own, a group, and its row."""
    scenario = load("octopus")
    items = [*panels.decisions(scenario), *panels.assumptions(scenario)]
    titles = [item["title"] for item in items]
    assert sorted({title for title in titles if titles.count(title) > 1}) == []
    for item in items:
        assert item["group"] != OTHER
        assert item["line"] > 1
        assert item["name"] not in item["title"]
        assert item["title"][0].isupper()


def test_the_row_of_a_decision_is_its_line() -> None:
    """The line of a decision is that of its values in decisions.toml."""
    scenario = load("octopus")
    lines = scenario.files["decisions.toml"].decode().splitlines()
    for item in panels.decisions(scenario):
        assert lines[item["line"] - 1].startswith(item["name"].partition(".")[2])


@pytest.mark.parametrize(
    ("text", "synonyms"),
    [
        ("Damage by a leaker", {"hit", "money"}), ("Cruise missile", {"jet", "rocket"}),
        ("Trained crews at the start", {"people"}), ("Fixed cost of a plant", {"factory", "money"}),
        ("workers hired each day", {"shift"}),
    ],
)  # fmt: skip
def test_terms_have_everyday_words(text: str, synonyms: set[str]) -> None:
    """A term at the beginning of a word is found by its everyday words."""
    assert synonyms <= set(synonyms_of(text))
    assert all(word in search_text(text) for word in synonyms)


def test_a_term_inside_a_word_has_no_synonyms() -> None:
    """Only the beginning of a word counts: a timeline is no line."""
    assert list(synonyms_of("timeline")) == []


def test_every_synonym_is_for_a_term_that_occurs() -> None:
    """Each term of the table occurs in an input of octopus, so that no entry is without use."""
    scenario = load("octopus")
    items = [*panels.decisions(scenario), *panels.assumptions(scenario)]
    unused = [
        term for term, synonyms in table()["synonyms"].items()
        if not any(set(synonyms) <= set(synonyms_of(item["search"])) for item in items)
    ]  # fmt: skip
    assert unused == []
