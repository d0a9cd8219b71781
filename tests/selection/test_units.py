"""Scores and tests don't depend on the unit of the data, or the unit is refused."""

import warnings

import numpy as np
import pytest

import trialtensor as tt
from trialtensor.alignment import match_fits
from trialtensor.data import transform_values
from trialtensor.selection import (
    CrossValidatedSearch,
    Speckled,
    component_test,
    factor_match_score,
    residual_report,
)
from trialtensor_models import TwoStateModel, analysis

RNG = np.random.default_rng(0)
X = tt.make_tca(40, 8, 10, 2, snr=3.0, random_state=0).X
A, C, N = RNG.normal(size=(40, 2)), RNG.normal(size=40), RNG.normal(size=(30, 2))
OTHER = N + RNG.normal(size=(30, 2))
MODEL = tt.TCA(2, n_init=3, random_state=0).fit(X)
FACTORS = [MODEL.trial_factors_, MODEL.neuron_factors_, MODEL.time_factors_]
QUICK = {"n_shuffles": 5, "random_state": 0}


def _fit(unit):
    return tt.TCA(2, n_init=3, random_state=0).fit(X * unit)


def _tested(unit):
    one = tt.TCA(2, n_init=1, random_state=0)
    found = component_test(one, X * unit, n_permutations=9, random_state=0)
    return [*found.statistic, *found.p_values]


def _searched(unit):
    search = CrossValidatedSearch(tt.TCA(1, n_init=1), [1, 2], splits=Speckled(n_splits=2))
    return search.set_params(random_state=0, refit=False).fit(X * unit).table_["error"]


def _given(*units):
    return tt.from_tensorly((None, [f * u for f, u in zip(FACTORS, units, strict=True)]))


RESULTS = {
    "score": lambda u: MODEL.score(X * u),
    "transform": lambda u: MODEL.transform(X * u) / u,
    "fit": lambda u: _fit(u).explained_variance_ratio_,
    "components": lambda u: [c.explained_variance_alone for c in _fit(u).fitted_.components],
    "component_test": _tested,
    "search": _searched,
    "residual_report": lambda u: residual_report(_fit(u), X * u).trial_outlyingness,
    "match_fits": lambda u: match_fits([_fit(u), MODEL], n_null=5).congruence,
    "from_tensorly": lambda u: factor_match_score(_given(u, 1, 1), MODEL),
    "from_tensorly_all": lambda u: factor_match_score(_given(u, u, u), MODEL),
    "from_tensorly_balanced": lambda u: factor_match_score(_given(u, 1 / u, 1), MODEL),
    "factor_match_score": lambda u: factor_match_score([f * u for f in FACTORS], FACTORS),
    "zscore": lambda u: transform_values(X * u, "zscore"),
    "sqrt": lambda u: transform_values(np.abs(X) * u, "sqrt") / u**0.5,
    "learning_score": lambda u: analysis.learning_score(A * u, C, **QUICK).value,
    "learning_score_curve": lambda u: analysis.learning_score(A, C * u, **QUICK).value,
    "one_factor_scores": lambda u: [
        s.value for s in analysis.one_factor_scores(A * u, A[:, ::-1] + OTHER[0], **QUICK)
    ],
    "factor_score": lambda u: analysis.factor_score([A * u] * 3, (A,) * 3, **QUICK).value,
    "subspace_score": lambda u: analysis.subspace_score(N * u, OTHER, **QUICK).value,
    "region_score": lambda u: analysis.region_score(C * u, C + A[:, 0] > 0, **QUICK).value,
    "simulate": lambda u: TwoStateModel().simulate(np.ones(20) * u).output / u,
}


@pytest.mark.parametrize(
    "unit", [1e-300, 1e-160, 1e-95, 1e-40, 1e-10, 1e10, 1e40, 1e95, 1e155, 1e300]
)
@pytest.mark.parametrize("name", RESULTS)
def test_every_unit_is_right_or_refused(name, unit):
    expected = RESULTS[name](1.0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            found = RESULTS[name](unit)
        except ValueError as error:
            assert "use other units" in str(error)
            assert not 1e-30 < unit < 1e30
            return
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-8)


def test_a_constant_curve_has_no_score():
    score = analysis.learning_score(A, np.full(40, 0.1), **QUICK)
    assert np.isnan(score.value) and np.isnan(score.p_value)
