"""Names of the inputs that people know, their groups, and the everyday words by which they are found."""

import re
import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from octoplan.scenario import Scenario
from octoplan.scenario.assumptions import Assumption
from octoplan.scenario.descriptions import subject
from octoplan.show.theme import capitalised

OTHER = "Other inputs"
"""Group of the kinds of parameters that no group has."""


@cache
def table() -> Mapping[str, Any]:
    """The file of names, groups and synonyms."""
    return tomllib.loads((files("octoplan.app") / "everyday.toml").read_text("utf-8"))


def group_of(kind: str) -> str:
    """Title of the group of a kind of parameters, such as "Crews and kits" for ``crews``."""
    return next((title for title, kinds in table()["groups"].items() if kind in kinds), OTHER)


def title_of(scenario: Scenario, assumption: Assumption) -> str:
    """Name of an assumption with the titles of its entities, such as "Price of a part (Motor, China)"."""
    text = subject(scenario, assumption)
    name: str | None = table()["titles"].get(f"{assumption.kind}.{assumption.parameter}")
    if name is None:
        return capitalised(text)
    entities = re.search(r" \([^()]*(?:\([^()]*\)[^()]*)*\)$", text) if assumption.entities else None
    return name + (entities[0] if entities else "")


def search_text(*texts: str) -> str:
    """Text in which the words of a search are looked up: the texts, and everyday words for the terms in them.

    >>> "factory" in search_text("Fixed cost of a plant"), "hit" in search_text("Leakers")
    (True, True)
    """
    text = " ".join(filter(None, texts)).lower()
    return " ".join([text, *synonyms_of(text)])


def synonyms_of(text: str) -> Iterable[str]:
    """Everyday words for the terms that begin a word of a text, so that plurals count; each once."""
    words_of_text = f" {re.sub(r'[^a-z0-9]+', ' ', text.lower())}"
    terms = (synonyms for term, synonyms in table()["synonyms"].items() if f" {term}" in words_of_text)
    return dict.fromkeys(synonym for synonyms in terms for synonym in synonyms)
