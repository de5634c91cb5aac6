"""The glossary: distinct terms in plain words, without terms that must not be used."""

import re

import pytest

from octoplan.show.glossary import Term, glossary
from tests.test_words import PHRASES

REQUIRED = {"leakers", "kits", "crews", "engagements", "decoys", "counterfactual", "P10 to P90", "net benefit"}


def test_no_form_belongs_to_two_terms() -> None:
    """Every printed form has one meaning, and the terms that the page needs most are there."""
    forms = [form.lower() for term in glossary() for form in term.forms]
    assert len(forms) == len(set(forms))
    assert {term.name for term in glossary()} >= REQUIRED


@pytest.mark.parametrize("term", glossary(), ids=lambda term: term.name)
def test_a_meaning_is_a_short_sentence_without_banned_terms(term: Term) -> None:
    """A meaning has a full stop, fits on a few lines, and no form or meaning has a term that must not be used."""
    assert term.meaning.endswith(".")
    assert 20 < len(term.meaning) < 200
    for text in (*term.forms, term.meaning):
        assert [pattern.pattern for pattern, _ in PHRASES if pattern.search(text)] == []
        assert re.sub(r"\s+", " ", text) == text
