"""Checks that every model passes, whether ours or from other packages.

``check_trial_estimator`` is the contract of an estimator: scikit-learn's ``check_estimator`` skips
almost everything for three-dimensional input. ``check_everywhere`` takes a model through everything
public that asks for one: it works there, or is refused in one sentence that names it.
"""

from __future__ import annotations

import pickle
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, KFold, cross_val_score

from trialtensor.data import make_tca
from trialtensor.models import kinds, load
from trialtensor.testing.everywhere import CONDITIONS, Cell, check_everywhere, consumers


def check_trial_estimator(estimator: Any) -> None:
    """Check that an estimator meets the contract of this package.

    Parameters
    ----------
    estimator : unfitted estimator
        With a fixed ``random_state`` and parameters that suit non-negative data of
        24 trials x 12 neurons x 15 bins.

    Raises
    ------
    AssertionError
        Naming the check that failed.

    Examples
    --------
    >>> from trialtensor import TCA
    >>> check_trial_estimator(TCA(2, n_init=2, random_state=0))
    """
    for check in CHECKS:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                check(clone(estimator), _data())
        except AssertionError as error:
            raise AssertionError(f"{check.__name__}: {error}") from error


def _data() -> np.ndarray:
    data = make_tca(24, 12, 15, 2, nonnegative=True, snr=20.0, random_state=0)
    return np.asarray(data.X, dtype=float)


def _raises(error: type[Exception], call: Callable[[], Any], *words: str) -> None:
    try:
        call()
    except error as raised:
        missing = [word for word in words if word not in str(raised)]
        assert not missing, f"message {str(raised)!r} does not say {missing}"
    else:
        raise AssertionError(f"no {error.__name__} was raised")


def check_parameters(estimator: Any, X: np.ndarray) -> None:
    """Check that constructor arguments are stored unchanged and survive fitting."""
    before = estimator.get_params()
    estimator.fit(X)
    after = estimator.get_params()
    assert all(before[name] is after[name] for name in before), "fit changed a parameter"
    assert clone(estimator).get_params() == before, "clone lost a parameter"
    assert not hasattr(clone(estimator), "loss_"), "clone kept what was learned"


def check_not_fitted(estimator: Any, X: np.ndarray) -> None:
    """Check that methods which need a fit raise an error before it."""
    _raises(NotFittedError, lambda: estimator.transform(X))
    _raises(NotFittedError, estimator.reconstruct)


def check_input_untouched(estimator: Any, X: np.ndarray) -> None:
    """Check that no method changes a byte of the data."""
    X[0, 0, 0] = np.nan
    original = X.tobytes()
    estimator.fit(X)
    estimator.transform(X)
    estimator.score(X)
    assert X.tobytes() == original, "the input was modified"


def check_repeatable(estimator: Any, X: np.ndarray) -> None:
    """Check that the same seed gives identical bits."""
    first, again = clone(estimator).fit(X), clone(estimator).fit(X)
    assert first.reconstruct().tobytes() == again.reconstruct().tobytes(), "bits differ"


def check_transform(estimator: Any, X: np.ndarray) -> None:
    """Check that transforming the training trials gives the result of fit_transform."""
    learned = clone(estimator).fit_transform(X)
    transformed = estimator.fit(X).transform(X)
    np.testing.assert_allclose(transformed, learned, rtol=1e-6, atol=1e-9)
    assert transformed.shape == (len(X), len(estimator.get_feature_names_out()))
    told = estimator.reconstruct()
    np.testing.assert_allclose(
        estimator.inverse_transform(transformed), told, rtol=1e-6, atol=1e-8 * np.abs(told).max()
    )
    assert abs(estimator.score(X) - estimator.explained_variance_ratio_) < 1e-6


def check_loss(estimator: Any, X: np.ndarray) -> None:
    """Check that the loss is the residual sum of squares, and never rises."""
    estimator.fit(X)
    error = float(np.nansum(estimator.residuals(X) ** 2))
    assert abs(error - estimator.loss_) <= 1e-8 * error, "loss_ is not the squared error"
    history = estimator.loss_history_
    assert np.all(np.diff(history) <= 1e-12 * np.sum(X**2)), "the loss rose"
    assert estimator.stop_reason_.advice


def check_missing(estimator: Any, X: np.ndarray) -> None:
    """Check that NaN, a mask, and a mask over garbage give the same result."""
    observed = np.random.default_rng(0).random(X.shape) < 0.8
    with_nan = clone(estimator).fit(np.where(observed, X, np.nan))
    masked = clone(estimator).fit(X, mask=observed)
    garbage = clone(estimator).fit(np.where(observed, X, np.inf), mask=observed)
    for other in (masked, garbage):
        assert with_nan.loss_ == other.loss_, "missing entries changed the loss"
        assert with_nan.reconstruct().tobytes() == other.reconstruct().tobytes()


def check_empty_slices(estimator: Any, X: np.ndarray) -> None:
    """Check that an empty trial or neuron gets NaN, and doesn't affect the others."""
    holed = X.copy()
    holed[3] = np.nan
    holed[:, 5] = np.nan
    whole = np.delete(np.delete(X, 3, axis=0), 5, axis=1)
    model = clone(estimator).fit(holed)
    rebuilt = model.reconstruct()
    assert np.isnan(rebuilt[3]).all() and np.isnan(rebuilt[:, 5]).all(), "values were invented"
    rest = np.delete(np.delete(rebuilt, 3, axis=0), 5, axis=1)
    np.testing.assert_allclose(rest, clone(estimator).fit(whole).reconstruct())
    assert np.isnan(model.transform(holed)[3]).all()


def check_scale(estimator: Any, X: np.ndarray) -> None:
    """Check that other units give the same model."""
    model = clone(estimator).fit(X)
    for factor in (1e-6, 1e6):
        scaled = clone(estimator).fit(X * factor)
        rebuilt = model.reconstruct()
        np.testing.assert_allclose(
            scaled.reconstruct() / factor, rebuilt, rtol=1e-4, atol=1e-6 * np.abs(rebuilt).max()
        )


def check_float32(estimator: Any, X: np.ndarray) -> None:
    """Check that float32 stays float32."""
    estimator.fit(X.astype(np.float32))
    assert estimator.reconstruct().dtype == np.float32
    assert estimator.transform(X.astype(np.float32)).dtype == np.float32


def check_labelled(estimator: Any, X: np.ndarray) -> None:
    """Check that labelled data is read by dimension name."""
    import xarray

    labelled = xarray.DataArray(X.transpose(2, 0, 1), dims=("bin", "epoch", "unit"))
    model, bare = clone(estimator).fit(labelled), clone(estimator).fit(X)
    assert model.reconstruct().tobytes() == bare.reconstruct().tobytes()
    assert {"trial", "neuron", "time"} <= set(model.to_xarray().dims)


def check_files(estimator: Any, X: np.ndarray) -> None:
    """Check that pickling, and saving and loading, preserve the model."""
    estimator.fit(X)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.h5"
        estimator.save(path)
        known = type(estimator) in kinds()
        assert known, "its kind isn't registered (trialtensor.models.register), so no file opens"
        copies = [load(path), pickle.loads(pickle.dumps(estimator))]
    for copy in copies:
        assert copy.get_params() == estimator.get_params()
        np.testing.assert_array_equal(copy.reconstruct(), estimator.reconstruct())
        np.testing.assert_array_equal(copy.transform(X), estimator.transform(X))
        assert copy.stop_reason_ is estimator.stop_reason_


def check_sklearn(estimator: Any, X: np.ndarray) -> None:
    """Check that cross-validation, grid search and labelled output work on trials."""
    folds = KFold(3, shuffle=True, random_state=0)
    scores = cross_val_score(clone(estimator), X, cv=folds)
    assert np.isfinite(scores).all()
    search = GridSearchCV(estimator, {"n_components": [estimator.n_components]}, cv=folds)
    assert np.isclose(search.fit(X).best_score_, scores.mean())
    frame = clone(estimator).set_output(transform="pandas").fit(X).transform(X)
    assert list(frame.columns) == list(estimator.fit(X).get_feature_names_out())


def check_bad_input(estimator: Any, X: np.ndarray) -> None:
    """Check that invalid input is refused by name, before any work."""
    _raises(ValueError, lambda: estimator.fit(X[0]), "n_trials, n_neurons, n_times")
    _raises(ValueError, lambda: estimator.fit(np.where(X.max() == X, np.inf, X)), "infinite")
    _raises(ValueError, lambda: estimator.fit(X, mask=np.ones(3, bool)), "mask")
    _raises(ValueError, lambda: estimator.fit(X * 0), "zero")
    estimator.fit(X)
    _raises(ValueError, lambda: estimator.transform(X[:, :-1]), "neurons")


CHECKS: tuple[Callable[[Any, np.ndarray], None], ...] = (
    check_parameters,
    check_not_fitted,
    check_input_untouched,
    check_repeatable,
    check_transform,
    check_loss,
    check_missing,
    check_empty_slices,
    check_scale,
    check_float32,
    check_labelled,
    check_files,
    check_sklearn,
    check_bad_input,
)

__all__ = [
    "CHECKS",
    "CONDITIONS",
    "Cell",
    "check_everywhere",
    "check_trial_estimator",
    "consumers",
    *(check.__name__ for check in CHECKS),
]
