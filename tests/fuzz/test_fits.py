"""Some of the random fits of ``python -m benchmarks.fuzz_fits``, which tries thousands."""

import numpy as np
import pytest

from benchmarks.fuzz_fits.cases import draw
from benchmarks.fuzz_fits.laws import broken_laws
from benchmarks.fuzz_fits.trying import try_fits
from trialtensor import TCA


@pytest.mark.parametrize("first", [3000, 3020, 3040, 3060])
def test_random_fits_keep_every_law(first):
    counts, lines = try_fits(range(first, first + 20))
    assert not lines, "\n".join(lines)
    # Most cases are fits, and not all of them are refused.
    assert counts["kept every law"] >= 15


def test_every_kind_of_case_is_drawn():
    cases = [draw(seed) for seed in range(100)]
    assert len({type(case.model) for case in cases}) == 5
    assert {case.values[0].dtype.kind for case in cases} >= {"f", "i", "u"}
    assert 30 < sum(case.seen is None for case in cases) < 70


def test_a_broken_law_is_found(monkeypatch):
    """A model whose residuals and trial factors aren't its own is caught."""
    case = next(each for each in map(draw, range(100)) if isinstance(each.model, TCA))
    assert not list(broken_laws(case))
    monkeypatch.setattr(TCA, "residuals", lambda _, X: 2 * np.asarray(X))
    monkeypatch.setattr(TCA, "transform", lambda self, _: 1 + self.trial_factors_)
    told = " ".join(broken_laws(case))
    assert "loss is the residual" in told and "transform of training data" in told
