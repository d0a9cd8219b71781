"""TCA: its contract, its answers on planted data, and what it refuses."""

import numpy as np
import pytest
import xarray
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from trialtensor import TCA, load_example, make_tca
from trialtensor.models import DegeneracyWarning
from trialtensor.models.warnings import InterruptedFitWarning, MissingSliceWarning
from trialtensor.solvers import restarts
from trialtensor.solvers.matching import match_components
from trialtensor.solvers.result import StopReason
from trialtensor.testing import check_trial_estimator


def factors_of(model):
    return model.trial_factors_, model.neuron_factors_, model.time_factors_


@pytest.mark.parametrize("solver", ["auto", "full", "als"])
@pytest.mark.parametrize("nonnegative", [False, True, ("neuron", "time")])
def test_contract(solver, nonnegative):
    check_trial_estimator(TCA(2, nonnegative=nonnegative, solver=solver, n_init=2, random_state=0))


@pytest.mark.parametrize("nonnegative", [False, True])
@pytest.mark.parametrize("missing", [None, "entries", "blocks", "tracked", "trial_length"])
def test_planted_components_come_back(nonnegative, missing):
    data = make_tca(
        80, 40, 50, 3, nonnegative=nonnegative, snr=10.0, missing=missing, random_state=2
    )
    model = TCA(3, nonnegative=nonnegative, n_init=5, random_state=0).fit(data.X)
    _, score = match_components(data.factors, factors_of(model))
    assert score > 0.95
    assert model.core_consistency_ > 50


def test_names_of_axes_constrain_only_those():
    X = make_tca(30, 20, 25, 3, snr=1.0, random_state=0).X
    model = TCA(3, nonnegative=["neuron"], n_init=3, random_state=0).fit(X)
    assert model.neuron_factors_.min() >= 0
    assert model.trial_factors_.min() < 0 and model.time_factors_.min() < 0


def test_factors_are_unit_norm_ordered_and_signed():
    X = make_tca(60, 30, 40, 4, snr=5.0, random_state=2).X
    model = TCA(4, random_state=0).fit(X)
    for factor in factors_of(model):
        np.testing.assert_allclose(np.linalg.norm(factor, axis=0), 1)
    assert np.all(np.diff(model.explained_variance_alone_) <= 0)
    assert np.all(np.sum(model.neuron_factors_**3, axis=0) > 0)
    assert np.all(np.sum(model.time_factors_**3, axis=0) > 0)
    expected = np.einsum("r,kr,nr,tr->knt", model.weights_, *factors_of(model))
    np.testing.assert_allclose(model.reconstruct(), expected)


def test_all_restarts_are_told_of():
    X = make_tca(60, 30, 40, 3, snr=1.0, random_state=3).X
    model = TCA(3, n_init=6, random_state=0).fit(X)
    assert len(model.restarts_) == len({r.seed for r in model.restarts_}) == 6
    best, *others = model.restarts_
    assert best.similarity == 1 and best.loss == model.loss_
    for restart in others:
        rebuilt = np.einsum("r,kr,nr,tr->knt", restart.weights, *restart.factors)
        assert np.sum((X - rebuilt) ** 2) == pytest.approx(restart.loss, rel=1e-9)
        assert restart.loss >= model.loss_
        assert restart.explained_variance == pytest.approx(1 - restart.loss / np.sum(X**2))


def test_a_good_start_is_used():
    data = make_tca(40, 20, 30, 2, snr=np.inf, random_state=0)
    first = TCA(2, random_state=0).fit(data.X)
    again = TCA(2, init=first).fit(data.X)
    assert again.n_iter_ <= 5 and len(again.restarts_) == 1
    given = TCA(2, init=data.factors).fit(data.X)
    assert given.explained_variance_ratio_ > 1 - 1e-10


def test_float32_reaches_the_loss_of_float64():
    X = make_tca(60, 30, 40, 3, snr=1.0, random_state=4).X
    single = TCA(3, random_state=0).fit(X.astype(np.float32))
    double = TCA(3, random_state=0).fit(X)
    assert single.trial_factors_.dtype == np.float32
    assert single.loss_ == pytest.approx(double.loss_, rel=1e-5)


def test_counts_are_fitted_as_they_are():
    counts = np.random.default_rng(0).poisson(3.0, (30, 12, 15)).astype(np.uint8)
    model = TCA(1, random_state=0).fit(counts)
    same = TCA(1, random_state=0).fit(counts.astype(float))
    np.testing.assert_array_equal(model.reconstruct(), same.reconstruct())


def test_more_trials_than_were_fitted_are_transformed_by_least_squares():
    data = make_tca(50, 20, 30, 3, snr=10.0, random_state=5)
    model = TCA(3, random_state=0).fit(data.X[:30])
    scores = model.transform(data.X[30:])
    design = np.einsum(
        "r,nr,tr->ntr", model.weights_, model.neuron_factors_, model.time_factors_
    ).reshape(-1, 3)
    expected = np.linalg.lstsq(design, data.X[30:].reshape(20, -1).T, rcond=None)[0].T
    np.testing.assert_allclose(scores, expected)
    rest = data.X[30:] - model.inverse_transform(scores)
    assert model.score(data.X[30:]) == pytest.approx(1 - np.sum(rest**2) / np.sum(data.X[30:] ** 2))


def test_a_classifier_can_follow():
    rng = np.random.default_rng(0)
    labels = rng.integers(2, size=80)
    data = make_tca(80, 20, 25, 2, nonnegative=True, snr=5.0, random_state=0)
    X = data.X + 3 * data.signal.std() * labels[:, None, None] * rng.random((1, 20, 1))
    decoder = make_pipeline(
        TCA(3, nonnegative=True, n_init=2, random_state=0), StandardScaler(), LogisticRegression()
    )
    assert cross_val_score(decoder, X, labels, cv=4).mean() > 0.9
    search = GridSearchCV(decoder, {"tca__n_components": [1, 3]}, cv=3).fit(X, labels)
    assert search.best_params_["tca__n_components"] == 3


def test_labelled_data_keeps_its_coordinates():
    X = make_tca(12, 6, 10, 2, random_state=0).X
    labelled = xarray.DataArray(
        X,
        dims=("trial", "neuron", "time"),
        coords={
            "time": np.linspace(-0.5, 0.4, 10),
            "target": ("trial", np.arange(12) % 3),
            "area": ("neuron", list("aabbcc")),
        },
    )
    factors = TCA(2, random_state=0).fit(labelled).to_xarray()
    assert factors["trial_factors"].dims == ("trial", "component")
    assert factors["target"].dims == ("trial",)
    assert factors["area"].values.tolist() == list("aabbcc")
    np.testing.assert_allclose(factors["time"], np.linspace(-0.5, 0.4, 10))


def test_interrupted_fit_keeps_the_best_so_far(monkeypatch):
    X = make_tca(60, 30, 40, 3, random_state=0).X
    run, calls = restarts._restart, []

    def interrupted(*args):
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return run(*args)

    monkeypatch.setattr(restarts, "_restart", interrupted)
    with pytest.warns(InterruptedFitWarning, match="best result so far was kept"):
        model = TCA(3, random_state=0).fit(X)
    assert model.stop_reason_ is StopReason.INTERRUPTED
    assert len(model.restarts_) == 2
    assert model.loss_ == pytest.approx(np.sum((X - model.reconstruct()) ** 2))


def test_too_few_sweeps_warn():
    X = make_tca(30, 20, 25, 3, random_state=0).X
    with pytest.warns(ConvergenceWarning, match="raise max_iter"):
        TCA(3, max_iter=1, n_init=1, random_state=0).fit(X)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_degenerate_components_warn():
    # The limit of two components that cancel: a classical tensor without a best rank-2 fit.
    a, b = np.eye(2)
    X = sum(np.einsum("i,j,k", *v) for v in [(a, a, b), (a, b, a), (b, a, a)])
    with pytest.warns(DegeneracyWarning, match="cancel"):
        TCA(2, random_state=0, n_init=3, max_iter=2000, init="random").fit(X)


def test_a_trial_and_a_neuron_without_data():
    X = make_tca(30, 20, 25, 2, snr=10.0, random_state=0).X.copy()
    X[4] = np.nan
    X[:, [1, 7]] = np.nan
    with pytest.warns(MissingSliceWarning) as record:
        model = TCA(2, random_state=0).fit(X)
    messages = [str(w.message) for w in record]
    assert "1 of 30 trials have no data (trial 4)" in messages[0]
    assert "2 of 20 neurons have no data (neuron 1, 7)" in messages[1]
    assert np.flatnonzero(np.isnan(model.trial_factors_).any(axis=1)).tolist() == [4]
    assert np.flatnonzero(np.isnan(model.neuron_factors_).any(axis=1)).tolist() == [1, 7]
    assert model.data_summary_["empty_neurons"] == 2
    assert model.data_summary_["missing_pattern"] == "none"
    assert np.isfinite(model.loss_) and model.explained_variance_ratio_ > 0.8


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"n_components": 0}, ["n_components", "at least 1", "0"]),
        ({"n_components": 2.5}, ["n_components", "integer", "2.5"]),
        ({"n_components": 61}, ["n_components", "61", "at most 60"]),
        ({"nonnegative": "nerons"}, ["nonnegative", "'nerons' is no axis", "neuron"]),
        ({"nonnegative": 3}, ["nonnegative", "3"]),
        ({"init": "pca"}, ["init", "'pca'", "svd"]),
        ({"init": (np.ones((3, 2)),) * 3}, ["init", "trial factor", "(12, 2)", "(3, 2)"]),
        ({"init": (np.ones((12, 2)),) * 2}, ["init", "three factor matrices", "2"]),
        ({"n_init": 0}, ["n_init", "at least 1"]),
        ({"max_iter": 0}, ["max_iter"]),
        ({"tol": -1}, ["tol", "-1"]),
        ({"n_jobs": 0}, ["n_jobs", "other than 0"]),
        ({"init": (np.full((12, 2), np.nan), np.ones((6, 2)), np.ones((10, 2)))}, ["NaN", "row 0"]),
        ({"init": TCA(2)}, ["init", "not fitted", "clone"]),
        ({"solver": "sgd"}, ["solver", "'sgd'", "auto"]),
        ({"random_state": "seven"}, ["random_state", "'seven'"]),
    ],
)
def test_bad_parameters_are_named(parameters, words):
    X = np.random.default_rng(0).random((12, 6, 10))
    with pytest.raises(ValueError) as error:
        TCA(**{"n_components": 2, **parameters}).fit(X)
    assert all(word in str(error.value) for word in words), str(error.value)


def test_inverse_transform_wants_one_column_a_component():
    model = TCA(2, random_state=0).fit(np.random.default_rng(0).random((12, 6, 10)))
    with pytest.raises(ValueError, match=r"\(n_trials, 2\)"):
        model.inverse_transform(np.ones((4, 3)))


@pytest.mark.parametrize("scale", [1e-130, 1e130])
def test_units_beyond_the_number_range_are_refused(scale):
    X = make_tca(12, 6, 10, 2, random_state=0).X
    with pytest.raises(ValueError, match="use other units"):
        TCA(2).fit(X * scale)


@pytest.mark.parametrize("scale", [1e-60, 1e60])
def test_units_within_it_change_nothing(scale):
    X = make_tca(30, 12, 10, 2, snr=5.0, missing="tracked", random_state=0).X
    model, scaled = (TCA(2, random_state=0).fit(x) for x in (X, X * scale))
    np.testing.assert_allclose(scaled.trial_factors_, model.trial_factors_, atol=1e-6)


def test_components_that_are_zero_warn():
    X = -make_tca(12, 6, 10, 2, nonnegative=True, snr=100.0, random_state=0).signal
    with pytest.warns(DegeneracyWarning, match="2 of 2 components are zero"):
        TCA(2, nonnegative=True, random_state=0).fit(X)


def test_the_compressed_fit_finds_what_the_full_fit_finds_on_the_example():
    X = np.sqrt(load_example())
    found, full = (
        TCA(5, nonnegative=True, solver=solver, random_state=0).fit(X)
        for solver in ("auto", "full")
    )
    assert found.loss_ <= full.loss_ * (1 + 1e-4)


def test_an_interrupt_at_the_very_end_loses_nothing(monkeypatch):
    from trialtensor.models.tca import outcome

    X = make_tca(30, 20, 25, 2, random_state=0).X
    describe, calls = outcome.describe, []

    def interrupted(*args):
        calls.append(1)
        if len(calls) == 1:
            raise KeyboardInterrupt
        return describe(*args)

    monkeypatch.setattr(outcome, "describe", interrupted)
    with pytest.warns(InterruptedFitWarning):
        model = TCA(2, random_state=0).fit(X)
    assert len(model.restarts_) == 10 and model.stop_reason_ is StopReason.INTERRUPTED


def test_neurons_in_another_order_are_refused():
    X = make_tca(12, 6, 10, 2, random_state=0).X
    labelled = xarray.DataArray(
        X, dims=("trial", "neuron", "time"), coords={"neuron": list("abcdef")}
    )
    model = TCA(2, random_state=0).fit(labelled)
    model.transform(labelled)
    with pytest.raises(ValueError, match=r"neuron 0 is labelled .*'f'.*'a'"):
        model.transform(labelled[:, ::-1])


def test_tensorly_s_plain_tuple_is_a_start():
    data = make_tca(12, 6, 10, 2, snr=np.inf, random_state=0)
    assert TCA(2, init=(np.ones(2), data.factors)).fit(data.X).explained_variance_ratio_ > 0.999


def test_labels_may_be_called_anything():
    X = xarray.DataArray(
        make_tca(12, 6, 10, 2, random_state=0).X,
        dims=("trial", "neuron", "time"),
        coords={"weights": ("trial", np.arange(12)), "a/b": ("neuron", list("a\0bcdef")[1:])},
    )
    dataset = TCA(2, random_state=0).fit(X).to_xarray()
    assert dataset["weights_label"].dims == ("trial",)
