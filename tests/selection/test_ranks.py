"""Fits for every number of components are those of fits one by one, at the cost of fewer."""

import warnings

import numpy as np
import pytest

from trialtensor import TCA, CoupledTCA, Parafac2, SliceTCA, TrialVaryingDynamics, make_tca
from trialtensor.models.warnings import InterruptedFitWarning
from trialtensor.selection import fit_ranks, restart_profile
from trialtensor.solvers import compression, restarts
from trialtensor.solvers.result import StopReason
from trialtensor.solvers.runs import mark_interrupted

X = make_tca(40, 50, 30, 3, snr=2.0, random_state=0).X


def holed(pattern):
    """Leave nothing out, whole cells of trial x neuron, or entries."""
    rng = np.random.default_rng(0)
    shape = {"none": (1, 1, 1), "tracked": (*X.shape[:2], 1), "entries": X.shape}[pattern]
    return np.where((rng.random(shape) < 0.2) & (pattern != "none"), np.nan, X)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("pattern", ["none", "tracked", "entries"])
@pytest.mark.parametrize("options", [{}, {"nonnegative": True}, {"solver": "full"}])
def test_losses_are_those_of_fits_one_by_one(pattern, options):
    data = holed(pattern)
    if options.get("nonnegative"):
        data = np.abs(data)
    model = TCA(1, n_init=3, random_state=0, tol=1e-8, **options)
    for shared in fit_ranks(model, [3, 1, 2], data):
        alone = TCA(shared.n_components, n_init=3, random_state=0, tol=1e-8, **options).fit(data)
        assert shared.loss_ == pytest.approx(alone.loss_, rel=1e-5)
        assert len(shared.restarts_) == 3
        assert shared.data_summary_ == alone.data_summary_


def test_models_are_in_the_order_asked_for_and_no_components_are_left_out():
    found = fit_ranks(TCA(9, n_init=2), [2, 0, 1], X, random_state=0)
    assert [model.trial_factors_.shape[1] for model in found] == [2, 1]
    assert [model.random_state for model in found] == [0, 0]


def test_large_complete_data_is_compressed_once(monkeypatch):
    monkeypatch.setattr(restarts, "_SMALL", 0)
    passes = []
    leading = compression.leading_basis

    def counted(data, *where):
        passes.append(data.size)
        return leading(data, *where)

    monkeypatch.setattr(compression, "leading_basis", counted)
    found = fit_ranks(TCA(1, n_init=4, random_state=0), range(1, 5), X)
    # Once for all four, and once for each smaller core at most.
    assert passes.count(X.size) == 1
    explained = [model.explained_variance_ratio_ for model in found]
    assert explained == sorted(explained)
    assert all(model.restarts_[0].on_full_data for model in found)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("model", "grid", "options"),
    [
        (SliceTCA((1, 0, 0), n_init=2, random_state=0), [(1, 0, 0), (1, 1, 0)], {}),
        (
            Parafac2(1, n_init=2, max_iter=20, random_state=0),
            [1, 2],
            {"blocks": np.arange(40) // 20},
        ),
        (TrialVaryingDynamics(1, n_init=2, max_iter=20, random_state=0), [1, 2], {}),
    ],
)
def test_other_kinds_are_fitted_one_by_one(model, grid, options):
    found = fit_ranks(model, grid, X, **options)
    for each, counts in zip(found, grid, strict=True):
        alone = type(model)(**{**model.get_params(), "n_components": counts}).fit(X, **options)
        assert each.loss_ == alone.loss_


def test_several_datasets():
    found = fit_ranks(CoupledTCA(1, n_init=1, random_state=0), [1, 2], {"a": X, "b": X[:, :9]})
    assert found[1].loss_ < found[0].loss_


@pytest.mark.slow
def test_parallel_fits_are_the_same():
    alone = fit_ranks(TCA(1, n_init=2, random_state=0), [1, 2], X)
    together = fit_ranks(TCA(1, n_init=2, random_state=0), [1, 2], X, n_jobs=2)
    assert [m.loss_ for m in together] == pytest.approx([m.loss_ for m in alone], rel=1e-12)
    assert [m.n_components for m in together] == [1, 2]


def test_given_factors_fit_one_number_of_components_only():
    fitted = TCA(2, n_init=1, random_state=0).fit(X)
    start = [fitted.trial_factors_ * fitted.weights_, fitted.neuron_factors_, fitted.time_factors_]
    (found,) = fit_ranks(TCA(2, init=start), [2], X)
    assert found.loss_ == pytest.approx(fitted.loss_, rel=1e-6)
    with pytest.raises(ValueError, match="init"):
        fit_ranks(TCA(2, init=start), [2, 3], X)


def test_what_cannot_be_fitted_is_refused_before_any_fit(monkeypatch):
    def never(*_):
        raise AssertionError("a fit began")

    monkeypatch.setattr(TCA, "_solve", never)
    tiny = X[:2, :2, :2]
    with pytest.raises(ValueError, match="at most 4 components"):
        fit_ranks(TCA(1), [1, 5], tiny)
    with pytest.raises(ValueError, match="at least one"):
        fit_ranks(TCA(1), [0], tiny)
    with pytest.raises(ValueError, match="n_jobs"):
        fit_ranks(TCA(1), [1], tiny, n_jobs=0)
    with pytest.raises(ValueError, match="blocks"):
        fit_ranks(TCA(1), [1], tiny, blocks=[0, 0])
    with pytest.raises(ValueError, match="estimator"):
        fit_ranks("tca", [1], tiny)


@pytest.mark.parametrize("when", ["between", "within", "first"])
def test_ctrl_c_keeps_what_has_finished(monkeypatch, when):
    solve = TCA._solve

    def interrupted(self, data, starts, on_restart):
        if self.n_components == 1 and when == "first":
            raise KeyboardInterrupt
        if self.n_components == 3 and when == "between":
            raise KeyboardInterrupt
        if self.n_components == 3:
            return mark_interrupted(solve(self, data, starts, on_restart))
        return solve(self, data, starts, on_restart)

    monkeypatch.setattr(TCA, "_solve", interrupted)
    model = TCA(1, n_init=2, random_state=0)
    if when == "first":
        with pytest.raises(KeyboardInterrupt):
            fit_ranks(model, range(1, 6), X)
        return
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        found = fit_ranks(model, range(1, 6), X)
    finished = [m.n_components for m in found]
    assert finished == ([1, 2] if when == "between" else [1, 2, 3])
    said = [str(w.message) for w in caught if w.category is InterruptedFitWarning]
    assert any(("3, 4, 5" if when == "between" else " 4, 5") in each for each in said)
    if when == "within":
        assert found[-1].stop_reason_ is StopReason.INTERRUPTED


def test_a_profile_reports_the_same_fits():
    model = TCA(1, n_init=3)
    profile = restart_profile(model, [1, 2], X, random_state=0)
    fits = fit_ranks(model, [1, 2], X, random_state=0)
    expected = [m.explained_variance_ratio_ for m in fits]
    assert profile["explained"].tolist() == pytest.approx(expected, rel=1e-12)
    assert profile["n_components"].tolist() == [1, 2]
