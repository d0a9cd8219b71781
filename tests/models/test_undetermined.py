"""Fits say where the data don't determine what they say about missing entries."""

import warnings
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

import trialtensor
from trialtensor import TCA, CoupledTCA, Parafac2, SliceTCA, make_tca
from trialtensor.data import make_mask
from trialtensor.models import DegeneracyWarning, UndeterminedWarning
from trialtensor.models.tca import outcome
from trialtensor.models.undetermined import Judged, disagreement, findings
from trialtensor.models.warnings import _about_zeros
from trialtensor.solvers.determination import Determination, determination
from trialtensor.solvers.result import SolverResult, StopReason
from trialtensor.solvers.runs import RestartResult


def warnings_of(fit):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model = fit()
    return model, [str(w.message) for w in caught if w.category is UndeterminedWarning]


def planted(kind, fraction, seed=0, snr=2.0):
    X = make_tca(60, 25, 30, 3, snr=snr, random_state=seed).X
    return X, make_mask(X.shape, kind, fraction, random_state=seed)


@pytest.mark.parametrize("kind", ["entries", "tracked", "trial_length", "blocks"])
def test_nothing_is_said_of_what_is_determined(kind):
    for seed in range(3):
        X, mask = planted(kind, 0.5, seed)
        _, said = warnings_of(lambda: TCA(3, random_state=0).fit(X, mask=mask))  # noqa: B023
        assert said == []


def test_trials_with_no_neurons_in_common_are_named():
    X, mask = planted("tracked", 0.9)
    model, said = warnings_of(lambda: TCA(3, random_state=0).fit(X, mask=mask))
    (groups,) = [each for each in said if "fall into" in each]
    assert "10 groups" in groups and "trials 0 to 5; 6 to 11" in groups
    assert model.groups_by_neuron_.tolist() == np.repeat(np.arange(10), 6).tolist()


def test_two_sessions_of_other_neurons(tmp_path):
    X, _ = planted("entries", 0.1)
    X = X.copy()
    X[:30, 12:], X[30:, :12] = np.nan, np.nan
    model, said = warnings_of(lambda: TCA(3, random_state=0).fit(X))
    assert any("trials 0 to 29; 30 to 59" in each for each in said)
    model.save(tmp_path / "model.h5")
    again = trialtensor.load(tmp_path / "model.h5")
    assert findings(again.fitted_) == findings(model.fitted_) != []
    _, said = warnings_of(lambda: CoupledTCA(3, n_init=3, groups=[0, 1] * 12 + [0]).fit(X))
    assert any("fall into 2 groups" in each for each in said)


def test_datasets_with_trials_of_their_own_are_named():
    X, _ = planted("entries", 0.1)
    first, second = X[:30].copy(), X[30:]
    first[:15, 12:], first[15:, :12] = np.nan, np.nan
    model, said = warnings_of(
        lambda: CoupledTCA(3, n_init=3, shared="time").fit({"a": first, "b": second})
    )
    (groups,) = [each for each in said if "fall into" in each]
    assert groups.startswith("the trials of a fall into 2 groups")
    assert model.groups_by_neuron_["a"].tolist() == [0] * 15 + [1] * 15
    assert not model.groups_by_neuron_["b"].any()


def test_slices_far_beyond_the_data_are_no_secret():
    X, mask = planted("entries", 0.8)
    fit = SliceTCA((1, 1, 1), n_init=1, init="random", missing_weight=0, random_state=0)
    model, said = warnings_of(lambda: fit.fit(X, mask=mask))
    told, seen = np.abs(model.reconstruct()), np.abs(X[mask]).max()
    assert model.largest_missing_ == pytest.approx(np.nanmax(told[~mask]) / seen, rel=1e-6)
    assert bool(said) == (model.largest_missing_ > 4) == True  # noqa: E712


def test_a_block_of_zeros_is_no_infinity():
    X, _ = planted("entries", 0.1)
    X = X.copy()
    X[:30] = 0
    X[3, 4, 5] = np.nan
    model, said = warnings_of(
        lambda: Parafac2(2, n_init=2, random_state=0).fit(X, blocks=np.arange(60) // 30)
    )
    assert said == [] and model.largest_missing_ < 1


def test_a_few_entries_of_a_silent_neuron_are_nothing_to_warn_of():
    X = make_tca(24, 8, 12, 2, nonnegative=True, snr=4, random_state=0).X
    X[:, 2] *= 0.01
    X[5, 2, 3:6] = np.nan
    _, said = warnings_of(lambda: TCA(2, random_state=0).fit(X))
    assert said == []


def test_little_signal_and_much_missing_is_noise():
    X, mask = planted("entries", 0.95, snr=0.1)
    model, said = warnings_of(lambda: TCA(3, random_state=0).fit(X, mask=mask))
    told = model.reconstruct()
    known = ~mask & np.isfinite(told)
    # Indeed worse than to predict nothing.
    assert np.sum((X - told)[known] ** 2) > np.sum(X[known] ** 2)
    assert said


def test_what_is_mostly_noise_is_said():
    data = make_tca(60, 12, 15, 2, snr=0.3, random_state=0)
    mask = make_mask(data.X.shape, "blocks", 0.95, random_state=0)
    _, said = warnings_of(lambda: TCA(2, random_state=0).fit(data.X, mask=mask))
    assert any("is noise (least determined: trials" in each for each in said)


def test_a_trial_of_which_almost_nothing_was_seen_is_known_as_such():
    X, _ = planted("entries", 0.1, snr=5.0)
    mask = np.ones(X.shape, bool)
    mask[7] = False
    mask[7, 3, 4] = True
    model, _ = warnings_of(lambda: TCA(3, n_init=3, random_state=0).fit(X, mask=mask))
    assert np.argmax(model.trial_undetermined_) == 7
    assert model.trial_undetermined_[7] > 0.3
    assert np.delete(model.trial_undetermined_, 7).max() < 0.01


def test_complete_data_has_no_such_arrays():
    X, _ = planted("entries", 0.1)
    model = TCA(2, n_init=2, random_state=0).fit(X)
    assert not hasattr(model, "trial_undetermined_") and findings(model.fitted_) == []


def test_a_component_that_the_ridge_has_shrunk_to_nothing():
    """It comes back, or numbers stay finite and the warning names the reason."""
    X = make_tca(24, 8, 12, 2, nonnegative=True, snr=4.0, random_state=0).X
    mask, trials = np.zeros(X.shape, bool), np.arange(24)
    mask[trials, trials % 8, 5 * trials % 12] = True
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        # A component left at 1e-170 has a square of zero.
        fitted = outcome._trial_ridge(None, best_with([1.0, 1e-85]), judged())
        model = TCA(2, n_init=3, random_state=0).fit(X, mask=mask)
    assert fitted.tolist() == [2.0, 0.0]
    assert np.isfinite(model.trial_ridge_).all()
    assert not [each for each in caught if issubclass(each.category, RuntimeWarning)]
    assert not [each for each in caught if issubclass(each.category, DegeneracyWarning)]
    dead = SimpleNamespace(number=lambda _: 0.1, n_zero=1, components=(0, 1))
    assert "1 of 2 components are zero, and the observed entries may not" in _about_zeros(dead)


def best_with(sizes):
    ones = np.ones((1, len(sizes)))
    factors = (ones, ones * sizes, ones * sizes)
    return SolverResult(factors, 1.0, np.array([1.0]), 1, StopReason.CONVERGED)


def judged():
    return Judged(Determination({}, 0.0), (2.0,) * 3)


def test_restarts_that_say_nothing_do_not_differ():
    """Rounding errors of different size about missing entries that are zero."""
    missing = np.array([False, True])

    def apart(first, second):
        found = [
            RestartResult(i, replace(best_with([1.0]), factors=np.array([3.0, said])))
            for i, said in enumerate((first, second))
        ]
        return disagreement(found, 1, lambda told, _: told, lambda _: missing, [None])

    assert apart(1e-22, 1e-6) < 1e-6
    assert apart(1e-22, 2.0) > 1
    assert apart(1.0, 2.0) == pytest.approx(1)


@pytest.mark.parametrize("blocks", [None, np.repeat(np.arange(4), 6)])
def test_a_silent_block_with_missing_entries(blocks):
    X = make_tca(24, 8, 12, 2, nonnegative=True, snr=4.0, random_state=0).X.copy()
    X[:6] = 0
    X[:6][np.random.default_rng(0).random((6, 8, 12)) < 0.5] = np.nan
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UndeterminedWarning)
        model = Parafac2(2, n_init=2, random_state=0).fit(X, blocks=blocks)
    assert model.largest_missing_ < 1e-9
    assert np.abs(model.reconstruct()[:6]).max() < 1e-9


def test_the_noise_of_predictions_by_simulation():
    """Rows solved again and again from new noise scatter as the formula says."""
    rng = np.random.default_rng(0)
    design, row = rng.standard_normal((40, 3)), np.array([1.0, -2.0, 0.5])
    seen = np.arange(40) < 8
    observed, everything = design[seen].T @ design[seen], design.T @ design
    ridge, noise = 0.7, 0.3
    answers = np.linalg.solve(
        observed + ridge * np.eye(3),
        design[seen].T @ (design[seen] @ row + noise**0.5 * rng.standard_normal((20000, 8))).T,
    ).T
    scatter = np.sum(np.var(answers @ design[~seen].T, axis=0))
    found = determination(
        {0: observed[None]}, {0: everything[None]}, [row[None]], {0: np.array([ridge])}, noise, 4.0
    )
    predicted = np.sum((design[~seen] @ row) ** 2)
    assert found.noise_share == pytest.approx(min(scatter / predicted, 1), rel=0.03)


def test_rows_without_missing_entries_are_known():
    X = make_tca(40, 12, 16, 2, snr=2.0, random_state=0).X
    X[:30, :, 10:] = np.nan
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = TCA(2, n_init=2, random_state=0).fit(X)
    assert np.all(model.trial_undetermined_[30:] == 0)
    assert np.all(model.trial_undetermined_[:30] > 0)
    assert np.all(model.time_undetermined_[:10] == 0)
