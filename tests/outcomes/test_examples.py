"""The examples in the docstrings of the public functions."""

import doctest
from types import ModuleType

import numpy as np
import pytest

from octoplan import api
from octoplan.outcomes import compare, format, intervals, main_measures, raids  # noqa: A004 (a module of the package)


@pytest.mark.parametrize("module", [api, compare, format, intervals, main_measures, raids], ids=lambda m: m.__name__)
def test_examples(module: ModuleType) -> None:
    """Every module has examples, and each gives the printed result."""
    results = doctest.testmod(module, extraglobs={"np": np})
    assert results.attempted > 0
    assert results.failed == 0
