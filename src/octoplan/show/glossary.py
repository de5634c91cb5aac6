"""The glossary: terms of the trade with their meaning, for the page and the documentation."""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files


@dataclass(frozen=True)
class Term:
    """A term: the forms in which it is printed, the first of which is its name, and its meaning."""

    forms: tuple[str, ...]
    meaning: str

    @property
    def name(self) -> str:
        """The first form of the term."""
        return self.forms[0]


@cache
def glossary() -> tuple[Term, ...]:
    """All terms, in the order of their names.

    >>> next(term.meaning for term in glossary() if term.name == "sorties")
    'One launch of one interceptor.'
    """
    text = (files("octoplan.show") / "glossary.toml").read_text("utf-8")
    terms = (Term(tuple(entry["forms"]), entry["meaning"]) for entry in tomllib.loads(text)["term"])
    return tuple(sorted(terms, key=lambda term: term.name.lower()))
