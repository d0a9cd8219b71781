"""A score for scikit-learn's searches that doesn't choose too many components."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from trialtensor import (
    TCA,
    CoupledTCA,
    SelectNeurons,
    SliceTCA,
    Smooth,
    SquareRoot,
    TrialVaryingDynamics,
    make_tca,
)
from trialtensor.selection import HeldOutScore, Speckled, WholeTrials

GRID = {"n_components": [1, 2, 3, 4, 5]}
MODEL = TCA(1, n_init=2, random_state=0)


def _search(X, **options):
    return GridSearchCV(MODEL, GRID, cv=3, **options).fit(X)


@pytest.mark.parametrize("seed", range(3))
def test_noise(seed):
    X = np.random.default_rng(seed).normal(size=(30, 12, 20))
    assert _search(X).best_params_ == {"n_components": 5}, "why this scorer exists"
    found = _search(X, scoring=HeldOutScore())
    assert found.best_params_ == {"n_components": 1} and found.best_score_ < 0


@pytest.mark.parametrize("splits", [None, Speckled(n_splits=2)])
def test_planted_components(splits):
    X = make_tca(40, 15, 20, 3, snr=1.0, random_state=1).X
    found = _search(X, scoring=HeldOutScore(splits))
    assert found.best_params_ == {"n_components": 3}
    assert 0.3 < found.best_score_ < 0.5, "half of the sum of squares is noise"


def test_a_perfect_model_scores_one_and_missing_entries_are_left_out():
    data = make_tca(40, 15, 20, 2, snr=np.inf, random_state=0)
    X = data.X.copy()
    X[:5, 3, :7] = np.nan
    model = TCA(2, n_init=3, random_state=0).fit(X[:30])
    assert HeldOutScore()(model, X[30:]) == pytest.approx(1, abs=1e-6)
    X[:5, 4] = np.nan
    assert HeldOutScore()(model, X[:10]) == pytest.approx(1, abs=1e-6)
    assert HeldOutScore()(model, data.X[30:] * 1e60) == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize(
    "model", [SliceTCA((1, 0, 1), n_init=1), TrialVaryingDynamics(1, n_init=1, random_state=0)]
)
def test_other_kinds(model):
    X = make_tca(40, 8, 20, 1, snr=5.0, random_state=0).X
    scores = cross_val_score(model, X, scoring=HeldOutScore(), cv=3)
    assert np.isfinite(scores).all() and (scores <= 1).all()


def test_what_is_refused():
    X = make_tca(30, 8, 12, 1, random_state=0).X
    model = clone(MODEL).fit(X)
    with pytest.raises(ValueError, match=r"splits: WholeTrials\(.*TimeBlocks\(\)"):
        HeldOutScore(WholeTrials())(model, X)
    with pytest.raises(ValueError, match=r"estimator: .* got PCA"):
        HeldOutScore()(PCA(2), X)
    filling = make_pipeline(FunctionTransformer(np.nan_to_num), model)
    with pytest.raises(ValueError, match=r"estimator: a step of the Pipeline fills missing"):
        HeldOutScore()(filling, X)
    regions = {"a": X[:, :4], "b": X[:, 4:]}
    coupled = CoupledTCA(1, n_init=1, random_state=0).fit(regions)
    with pytest.raises(ValueError, match=r"X: .* CoupledTCA; use CrossValidatedSearch"):
        HeldOutScore()(coupled, regions)


def test_dynamics_with_missing_entries():
    """NaN is not a score, and what is behind it has no say."""
    rng = np.random.default_rng(0)
    X = np.zeros((30, 4, 40))
    W = np.linalg.qr(rng.normal(size=(4, 4)))[0] * 0.98
    X[:, :, 0] = rng.normal(size=(30, 4))
    for t in range(1, 40):
        X[:, :, t] = X[:, :, t - 1] @ W.T
    model = TrialVaryingDynamics(4, n_init=2, random_state=0).fit(X)
    assert HeldOutScore()(model, X) > 0.99
    X[rng.random(X.shape) < 0.05] = np.nan
    assert 0.99 < HeldOutScore()(model, X) <= 1


@pytest.mark.parametrize("kind", [TCA(2, n_init=2), TrialVaryingDynamics(1, n_init=1)])
def test_a_pipeline_is_scored_as_its_model_on_what_reaches_it(kind):
    rng = np.random.default_rng(0)
    X = rng.poisson(3.0, (30, 8, 16)).astype(float)
    X[2], X[4, 1] = np.nan, np.nan
    model = clone(kind).set_params(random_state=0).fit(np.sqrt(X))
    expected = HeldOutScore()(model, np.sqrt(X))
    assert HeldOutScore()(make_pipeline(model), np.sqrt(X)) == expected
    for step in (FunctionTransformer(np.sqrt), SquareRoot()):
        step.fit(X)
        found = HeldOutScore()(make_pipeline(step, model), X)
        assert found == pytest.approx(expected, abs=1e-12)


def test_components_of_a_pipeline():
    """Smoothing makes noise look like structure, but not across what is held out."""
    rng = np.random.default_rng(0)
    effects = make_tca(40, 15, 24, 2, snr=4.0, random_state=1).X
    for X, best in ((rng.normal(size=effects.shape), 1), (effects, 2)):
        X[:, 3] = 0.0
        pipeline = make_pipeline(SelectNeurons(min_mean=-0.5), Smooth(1.0, unit="bins"), MODEL)
        grid = {"tca__n_components": [1, 2, 3]}
        found = GridSearchCV(pipeline, grid, cv=3, scoring=HeldOutScore(), error_score="raise")
        found.fit(X)
        assert found.best_params_ == {"tca__n_components": best}
        assert (found.best_score_ > 0) == (best == 2)
