"""The fit of the raid process: it finds what was put in, and says what it could not know."""

import numpy as np
import pytest

from octoplan.errors import FitError
from octoplan.raids.fit import fit
from octoplan.raids.process import COORDINATES
from tests.raids.test_process import TRUTH, simulated


def test_a_fit_is_a_function_of_its_record() -> None:
    """The same days give the same fit, to the last bit, on one thread or two."""
    counts = simulated(60, 11)
    one, two = fit(counts), fit(counts, threads=2)
    assert np.array_equal(one.posterior.mean, two.posterior.mean)
    assert np.array_equal(one.posterior.covariance, two.posterior.covariance)


def test_two_years_bring_the_parameters_back() -> None:
    """Every true parameter lies within four posterior standard deviations, and the record has taught most of them."""
    found = fit(simulated(730, 12), threads=2)
    sd = np.sqrt(np.diag(found.posterior.covariance))
    for i, c in enumerate(COORDINATES):
        assert abs(found.mode[i] - c.fitted(np.array(TRUTH[c.name]))) < 4 * sd[i], c.name
    assert np.median(found.diagnostics.learned) > 0.9
    assert not found.diagnostics.warnings()
    assert found.diagnostics.salvo_days == pytest.approx(730 * 0.15, rel=0.35)


def test_salvo_days_are_told_apart() -> None:
    """Days far above the others are salvo days with near certainty, ordinary ones are not."""
    counts = simulated(120, 13)
    found = fit(counts)
    assert (found.salvo[counts[:, 0] > 450] > 0.9).all()
    assert (found.salvo[(counts[:, 0] > 0) & (counts[:, 0] < 150)] < 0.5).all()


def test_a_record_without_salvos_says_so() -> None:
    """With no salvo in the record the share and size of salvos rest on the prior, and the fit warns."""
    rng = np.random.default_rng(14)
    found = fit(np.column_stack([rng.poisson(100, 90), rng.poisson(1, 90)]))
    assert any("salvo" in said for said in found.diagnostics.warnings())


@pytest.mark.parametrize(
    ("counts", "words"),
    [
        (np.ones((10, 2), np.int64), "10 known days are too few"),
        (np.full((40, 2), -3), "-3 cannot be a count"),
        (np.zeros((40, 2), np.int64), "no drone was launched"),
    ],
)
def test_what_cannot_be_fitted_is_refused(counts: np.ndarray[tuple[int, int], np.dtype[np.int64]], words: str) -> None:
    """Too few days, negative counts and a record without raids are errors that say so."""
    with pytest.raises(FitError, match=words):
        fit(counts)
