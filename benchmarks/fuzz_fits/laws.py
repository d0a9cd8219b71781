"""Laws that hold for any fit, whatever the model, its options and its data."""

import tempfile
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.base import clone

import trialtensor
from benchmarks.fuzz_fits.cases import Case
from trialtensor import TCA, CoupledTCA, Parafac2, SliceTCA, TrialVaryingDynamics
from trialtensor.solvers.result import StopReason

# Allowed differences, relative to the sum of squares of the data, by the bits of its numbers.
ROUNDING = {32: 1e-4, 64: 1e-10}


class RefusedError(Exception):
    """The data or the options were refused by name, which is right."""


def fitted(case: Case, X: Any = None, mask: Any = None) -> Any:
    """Fit a copy of the model; a warning of numpy's is a fault.

    Parameters
    ----------
    case : Case
    X, mask : other data than those of the case, optional
    """
    model = clone(case.model)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.filterwarnings("error", category=RuntimeWarning)
        try:
            return model.fit(case.X if X is None else X, mask=mask, **case.options)
        except ValueError as error:
            if type(error) is not ValueError or ": " not in str(error):
                raise
            raise RefusedError(str(error)) from error


def broken_laws(case: Case) -> Iterator[str]:
    """Yield a line for each law that a fit breaks.

    Parameters
    ----------
    case : Case

    Raises
    ------
    RefusedError
        If the fit itself was refused by name.
    """
    model = fitted(case)
    for law in LAWS:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            said = law(case, model)
        if said:
            yield f"{law.__name__[1:].replace('_', ' ')}: {said}"


def _numbers_are_finite(case: Case, model: Any) -> str:
    """Nothing is infinite, and only rows of trials, neurons or bins without any data are NaN."""
    bad = [name for name, each in _arrays(model) if each.dtype.kind == "f" and np.isinf(each).any()]
    # Others have arrays of pairs, such as slices, of which some may be missing as a whole.
    by_axis = isinstance(model, TCA | CoupledTCA)
    if case.seen is None or (by_axis and all(map(_every_slice_is_seen, case.seen))):
        told = _as_list(model.reconstruct())
        bad += ["reconstruct()"] * (not all(np.isfinite(each).all() for each in told))
    return ", ".join(bad)


def _loss_is_the_residual(case: Case, model: Any) -> str:
    if isinstance(model, CoupledTCA) and model.balanced:
        return ""  # in units of each dataset: the next law looks at those
    residual = _sum_of_squares(model.residuals(case.X))
    return _differ(residual, model.loss_, case)


def _explained_variance_is_that_of_the_loss(case: Case, model: Any) -> str:
    if not isinstance(model, CoupledTCA):
        if isinstance(model, TrialVaryingDynamics):
            return ""  # of the steps, which are fewer than the bins
        told = 1 - model.explained_variance_ratio_
        return _differ(told * case.energy(), model.loss_, case)
    residuals = model.residuals(case.X)
    shares = [
        1 - _sum_of_squares(residuals[name]) / _sum_of_squares(case.X[name]) for name in case.names
    ]
    apart = np.max(np.abs(shares - model.explained_variance_by_dataset_))
    return f"{shares} and {model.explained_variance_by_dataset_}" if apart > 1e-6 else ""


def _loss_never_rises(case: Case, model: Any) -> str:
    history = model.loss_history_
    rise = float(np.max(np.diff(history), initial=0))
    limit = _tolerance(case) * max(float(history[0]), case.energy())
    return f"by {rise:g}" if rise > limit else ""


def _same_seed_same_bits(case: Case, model: Any) -> str:
    return _different_arrays(model, fitted(case))


def _masked_garbage_changes_nothing(case: Case, model: Any) -> str:
    if case.seen is None:
        return ""
    rng = np.random.default_rng(case.seed)
    dirty = []
    for x, seen in zip(case.values, case.seen, strict=True):
        garbage = 7 if x.dtype.kind in "iu" else rng.choice([np.nan, np.inf, -1e30, 7.0])
        dirty.append(np.where(seen, x, np.asarray(garbage, dtype=x.dtype)))
    return _different_arrays(model, fitted(case, case.form(dirty), case.mask))


def _transform_of_training_data(case: Case, model: Any) -> str:
    """The trial factors of the training trials are those of the fit."""
    if isinstance(model, Parafac2) and not case.options:
        return ""  # every trial is a block of its own, with a pattern that is fitted anew
    again = model.transform(case.X, **case.options)
    if isinstance(model, SliceTCA):
        if model.stop_reason_ is StopReason.MAX_ITER:
            return ""  # the sweeps had more to gain, and transform gains it
        # What a component without weight has as a slice says nothing.
        told, known = _told(case, model, again), _told(case, model, model.training_features())
        limit = _limit(case, 1e-2 if _by_sweeps(case, model) else 1e-6)
        return _apart(told, known, limit)
    known = _as_list(model.training_features())
    found = [
        _apart(new * _sizes(model, new), old * _sizes(model, new), _limit(case, 1e-5))
        for new, old in zip(_as_list(again), known, strict=True)
    ]
    return ", ".join(filter(None, found))


def _units_do_not_matter(case: Case, model: Any) -> str:
    """Data times a power of two is fitted the same, until rounding has had time to grow.

    Where much is missing, or components cancel, it soon has, and fits can end elsewhere; a
    PARAFAC2 has the sweeps on its core behind it, and dynamics a basis of states, when the first
    loss is known.
    """
    if case.values[0].dtype.kind in "iu":
        return ""
    # The cube root of this one is a power of two, too, as scales of three factors are.
    scaled = fitted(case.changed(lambda x: np.ldexp(x, 24).astype(x.dtype)))
    same_restart = scaled.restarts_[0].seed == model.restarts_[0].seed
    if same_restart and not isinstance(model, Parafac2 | TrialVaryingDynamics):
        first, other = np.ldexp(scaled.loss_history_[:1], -48), model.loss_history_[:1]
        apart = float(np.abs(first - other).max(initial=0))
        if apart > _limit(case, 1e-5) * case.energy():
            return f"the first losses differ by {apart / case.energy():g}"
    apart = abs(scaled.explained_variance_ratio_ - model.explained_variance_ratio_)
    limit = 1e-2 if case.seen is None else 0.2
    return f"explained variance differs by {apart:g}" if apart > limit else ""


def _permuted_trials_are_transformed_the_same(case: Case, model: Any) -> str:
    """And so are trials of which there are only some."""
    if isinstance(model, CoupledTCA) and model.shared == "time":
        return ""
    if isinstance(model, Parafac2) and not case.options:
        return ""  # every trial is a block of its own
    rng = np.random.default_rng(case.seed)
    order = rng.permutation(len(case.values[0]))[: max(1, len(case.values[0]) // 2)]
    pick = {name: np.asarray(each)[order] for name, each in case.options.items()}
    X = case.X
    some = {k: v[order] for k, v in X.items()} if isinstance(X, dict) else X[order]
    whole = np.asarray(model.transform(X, **case.options))[order]
    try:
        part = np.asarray(model.transform(some, **pick))
    except ValueError as error:
        return "" if np.isnan(whole).all() else f"refused: {error}"
    limit = _limit(case, 1e-3 if _by_sweeps(case, model) else 1e-6)
    if isinstance(model, SliceTCA):
        return _apart(_told(case, model, part), _told(case, model, whole), limit)
    return _apart(part * _sizes(model, part), whole * _sizes(model, whole), limit)


def _saved_and_loaded_is_the_same(case: Case, model: Any) -> str:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.h5"
        model.save(path)
        loaded = trialtensor.load(path)
    if said := _different_arrays(model, loaded):
        return said
    both = [_as_list(each.transform(case.X, **case.options)) for each in (model, loaded)]
    same = all(np.array_equal(a, b, equal_nan=True) for a, b in zip(*both, strict=True))
    return "" if same else "transforms otherwise"


def _input_is_left_alone(case: Case, model: Any) -> str:
    X = case.X
    before = [each.tobytes() for each in _as_list(X)]
    fitted(case, X)
    same = before == [each.tobytes() for each in _as_list(X)]
    return "" if same else "changed"


LAWS: tuple[Callable[[Case, Any], str], ...] = (
    _numbers_are_finite,
    _loss_is_the_residual,
    _explained_variance_is_that_of_the_loss,
    _loss_never_rises,
    _same_seed_same_bits,
    _masked_garbage_changes_nothing,
    _transform_of_training_data,
    _units_do_not_matter,
    _permuted_trials_are_transformed_the_same,
    _saved_and_loaded_is_the_same,
    _input_is_left_alone,
)


def _as_list(arrays: Any) -> list[np.ndarray]:
    if isinstance(arrays, dict):
        return list(arrays.values())
    return list(arrays) if isinstance(arrays, list | tuple) else [np.asarray(arrays)]


def _sum_of_squares(arrays: Any) -> float:
    return sum(float(np.nansum(each.astype(np.float64) ** 2)) for each in _as_list(arrays))


def _tolerance(case: Case) -> float:
    return ROUNDING[32 if case.values[0].dtype == np.float32 else 64]


def _differ(value: float, expected: float, case: Case) -> str:
    apart = abs(value - expected)
    wrong = not apart <= _tolerance(case) * case.energy() + 1e-6 * abs(expected)
    return f"{value:g}, but {expected:g}" if wrong else ""


def _every_slice_is_seen(seen: np.ndarray) -> bool:
    return all(seen.any(axis=axes).all() for axes in ((1, 2), (0, 2), (0, 1)))


def _limit(case: Case, limit: float) -> float:
    return max(limit, 1e-2) if case.values[0].dtype == np.float32 else limit


def _by_sweeps(case: Case, model: Any) -> bool:
    """SliceTCA finds what isn't linear by sweeps, which stop when all trials together are done."""
    return isinstance(model, SliceTCA) and (model.nonnegative or case.seen is not None)


def _told(case: Case, model: Any, features: Any) -> np.ndarray:
    """Return what features say, in units of the data."""
    return np.asarray(model.inverse_transform(features)) / np.sqrt(case.energy())


def _apart(new: np.ndarray, old: np.ndarray, limit: float) -> str:
    if not np.array_equal(np.isnan(new), np.isnan(old)):
        return "NaN elsewhere"
    apart = float(np.nan_to_num(np.abs(new - old)).max(initial=0))
    return f"off by {apart:g}" if apart > limit else ""


def _sizes(model: Any, features: np.ndarray) -> np.ndarray:
    """Return the size of each component, so that one of weight zero has no say."""
    n_features = features.shape[-1]
    weights = getattr(model, "weights_", None)
    if weights is None:
        return np.ones(n_features)
    sizes = np.abs(np.atleast_2d(weights)).max(axis=0)
    if len(sizes) != n_features or sizes.max() == 0:
        return np.ones(n_features)
    return sizes / sizes.max()


def _arrays(model: Any) -> Iterator[tuple[str, np.ndarray]]:
    """Yield the fitted arrays, those of several datasets one by one."""
    for name, each in model.fitted_.arrays.items():
        values = each.values
        for key, value in values.items() if isinstance(values, dict) else [("", values)]:
            yield f"{name} {key}".strip(), np.asarray(value)


def _different_arrays(one: Any, other: Any) -> str:
    mine, its = dict(_arrays(one)), dict(_arrays(other))
    if set(mine) != set(its):
        return f"arrays {sorted(set(mine) ^ set(its))}"
    different = [name for name, each in mine.items() if not _same_bits(each, its[name])]
    different += ["loss_"] * (one.loss_ != other.loss_)
    return ", ".join(different)


def _same_bits(one: np.ndarray, other: np.ndarray) -> bool:
    if one.dtype.kind in "OU":
        return one.tolist() == other.tolist()
    return one.dtype == other.dtype and one.tobytes() == other.tobytes()
