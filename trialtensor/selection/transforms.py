"""Which transform of the data lets a model predict held-out entries best."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import clone
from sklearn.pipeline import make_pipeline

from trialtensor.data.more_axes import axes_of, three_axes_only
from trialtensor.data.parameters import SEEDS, check_choice, check_whole
from trialtensor.data.shown import OneLine
from trialtensor.data.validation import as_trial_tensor
from trialtensor.models.base import TrialEstimator
from trialtensor.models.parameters import check_jobs
from trialtensor.models.tca import TCA
from trialtensor.preparation import SoftNormalize, SquareRoot
from trialtensor.selection.complexity import Counts, all_counts, as_counts, with_counts
from trialtensor.selection.splitting import check_split, default_splits
from trialtensor.selection.transform_errors import LOSSES, held_out_error, is_counts
from trialtensor.solvers.parallel import in_parallel

if TYPE_CHECKING:
    import pandas
    import xarray

# The constant of soft normalisation, as a share of the median range of the neurons.
_SOFT = 0.1


@dataclass(frozen=True, eq=False, repr=False)
class TransformComparison(OneLine):
    """Held-out errors under several transforms, on one scale.

    Attributes
    ----------
    table : pandas.DataFrame
        A row for each transform, in the order given: ``transform``, the ``n_components`` with the
        lowest error under it, mean ``error`` over splits and its standard error ``error_se``, and
        the same for its difference from the best transform, ``above_best`` and ``above_best_se``.
        An error of 1 is that of each neuron's mean.
    chosen : str
        The first transform whose error is within one standard error (of the differences over
        splits) of the lowest: a more elaborate one has to earn its place.
    best : str
        The one with the lowest error.
    loss : str
        What errors were measured by, "poisson" or "squared".
    transformer : transformer or None
        Unfitted, of ``chosen``, for a `Pipeline`; None for no transform.
    results : pandas.DataFrame
        A row for each fit: ``transform``, ``n_components``, ``split``, ``error``.
    """

    table: pandas.DataFrame
    chosen: str
    best: str
    loss: str
    transformer: Any
    results: pandas.DataFrame


def compare_transforms(
    X: Any,
    n_components: Any,
    *,
    mask: Any = None,
    transforms: Mapping[str, Any] | None = None,
    estimator: Any = None,
    splits: Any = None,
    loss: str = "auto",
    n_jobs: int | None = None,
    random_state: int | None = 0,
) -> TransformComparison:
    """Choose a transform of the data: square root or not, normalise or not.

    Errors of transformed data can't be compared, since each transform has its own units. Here a
    model is fitted to transformed data with entries held out, its predictions of these are
    transformed back to the units of the data, and their error is measured there, the same way for
    all. Back in these units a prediction is an expected value: that of a square is larger than the
    square of the mean, by the spread of the residuals of each neuron ("smearing", Duan 1983).
    Each neuron's error is relative to that of its own mean over the entries fitted, and all neurons
    count alike.

    Parameters
    ----------
    X : (n_trials, n_neurons, n_times) array or xarray.DataArray
        NaN is missing.
    n_components : int, or iterable of numbers
        Several: each transform is compared with the number that suits it best.
    mask : bool array of the shape of ``X``, optional
        False where missing.
    transforms : dict, optional
        Name -> transformer of `trialtensor.preparation`, or pipeline of these, with an inverse;
        None for no transform. Simplest first. By default "none", "sqrt", "normalize" (soft, with a
        tenth of the median range as constant) and "sqrt, normalize"; those with square roots only
        if no value is negative.
    estimator : model, optional
        ``TCA(1, n_init=3)`` by default; its ``n_components`` and ``random_state`` are replaced.
    splits : splitter of :mod:`trialtensor.selection.masks`, optional
        ``TimeBlocks()`` by default. Not ``WholeTrials()``.
    loss : {"auto", "poisson", "squared"}, default "auto"
        "poisson": deviance of counts, in which a prediction below 5 % of a neuron's mean counts as
        that. "squared": squared errors. "auto": "poisson" for whole numbers that aren't negative.
    n_jobs : int, optional
        Parallel fits, by joblib.
    random_state : int, optional

    Returns
    -------
    TransformComparison

    Raises
    ------
    ValueError
        For parameters or data that can't be used; before any fit.

    References
    ----------
    Duan 1983, "Smearing estimate: a nonparametric retransformation method"; Breiman et al. 1984 for
    the one-standard-error rule.

    Examples
    --------
    >>> import numpy as np
    >>> from trialtensor import make_tca
    >>> from trialtensor.selection import compare_transforms
    >>> X = 9 + make_tca(30, 15, 25, 1, snr=2.0, random_state=0).X
    >>> found = compare_transforms(X, [1, 2, 3])
    >>> found.chosen, found.loss
    ('none', 'squared')
    """
    model = TCA(1, n_init=3) if estimator is None else estimator
    _check_one_array(X, model)
    three_axes_only(f"compare_transforms of {type(model).__name__}", axes_of(X))
    labelled = as_trial_tensor(X, mask=mask, many=False)
    counts = _candidates(n_components)
    if random_state is not None:
        check_whole("random_state", random_state, 0, SEEDS)
    check_jobs(n_jobs)
    check_choice("loss", loss, ("auto", *LOSSES))
    _check_model(model, counts, splits)
    given = default_transforms(labelled) if transforms is None else _checked(transforms, labelled)
    kind = loss if loss != "auto" else ("poisson" if is_counts(labelled.to_numpy()) else "squared")
    if kind == "poisson" and np.nanmin(labelled.to_numpy()) < 0:
        raise ValueError("loss: 'poisson' needs counts, but some values are negative")
    drawn = _splits(default_splits(model) if splits is None else splits, labelled)
    seed = 0 if random_state is None else random_state
    jobs = list(itertools.product(given, counts, range(len(drawn))))
    tasks = (
        (labelled, _copy(given[name]), with_counts(model, n, seed), *drawn[split], kind)
        for name, n, split in jobs
    )
    errors = list(in_parallel(held_out_error, tasks, n_jobs=n_jobs))
    return _summary(jobs, errors, given, kind)


def default_transforms(X: xarray.DataArray) -> dict[str, Any]:
    """Return the transforms to compare: none, square root, soft normalisation, both.

    Parameters
    ----------
    X : xarray.DataArray
        A labelled trial tensor.
    """
    rooted = not (X.to_numpy() < 0).any()
    found: dict[str, Any] = {"none": None}
    if rooted:
        found["sqrt"] = SquareRoot()
    found["normalize"] = _soft(X)
    if rooted:
        found["sqrt, normalize"] = make_pipeline(SquareRoot(), _soft(SquareRoot().fit_transform(X)))
    return found


def _soft(X: xarray.DataArray) -> SoftNormalize:
    ranges = SoftNormalize(0.0).fit(X).range_
    return SoftNormalize(float(_SOFT * np.median(ranges)))


def _candidates(n_components: Any) -> list[Counts]:
    several = isinstance(n_components, Iterable) and not isinstance(n_components, (str, tuple))
    counts = all_counts(n_components) if several else [as_counts(n_components)]
    if not counts:
        raise ValueError("n_components: expected at least one number, got none")
    return list(dict.fromkeys(counts))


def _check_one_array(X: Any, model: Any) -> None:
    """Refuse several arrays, by the name of the model that takes them."""
    listed = isinstance(X, (list, tuple)) and any(np.ndim(each) == 3 for each in X)
    if isinstance(X, Mapping) or listed:
        raise ValueError(
            f"X: expected one array to compare transforms of, got {len(X)} for "
            f"{type(model).__name__}; compare them one by one"
        )


def _check_model(model: Any, counts: Sequence[Counts], splits: Any) -> None:
    if not isinstance(model, TrialEstimator):
        raise ValueError(f"estimator: expected a model of trialtensor, got {type(model).__name__}")
    if not type(model).describes_entries:
        raise ValueError(
            f"estimator: {type(model).__name__} predicts a bin from the one before it, so that "
            "single entries can't be held out; expected a model such as TCA"
        )
    for each in counts:
        with_counts(model, each, 0).check_parameters()
    text = isinstance(splits, (str, bytes))
    if splits is not None and (text or not hasattr(splits, "split")):
        raise ValueError(
            "splits: expected a splitter of trialtensor.selection, such as TimeBlocks(), got "
            f"{splits!r}"
        )
    if getattr(splits, "whole_trials", False):
        raise ValueError(
            f"splits: {splits!r} leaves nothing of a trial to fit to; use TimeBlocks(), Speckled() "
            "or TrialsByNeurons()"
        )


def _checked(transforms: Any, X: xarray.DataArray) -> dict[str, Any]:
    """Refuse transforms that can't be compared: those without an inverse, or of another shape."""
    if not isinstance(transforms, Mapping) or not transforms:
        raise ValueError(
            "transforms: expected a dict of names and transformers, such as {'none': None, "
            f"'sqrt': SquareRoot()}}, got {transforms!r}"
        )
    for name, each in transforms.items():
        if each is None:
            continue
        if not hasattr(each, "inverse_transform") or not hasattr(each, "transform"):
            raise ValueError(
                f"transforms: {name!r} has no inverse_transform, so that its predictions can't be "
                "compared in the units of the data"
            )
        shape = np.shape(clone(each).fit(X).transform(X))
        if shape != X.shape:
            raise ValueError(
                f"transforms: {name!r} gives shape {shape} for data of {X.shape}; expected one "
                "that keeps all entries"
            )
    return {str(name): each for name, each in transforms.items()}


def _splits(splitter: Any, X: xarray.DataArray) -> list[tuple[np.ndarray, np.ndarray]]:
    drawn = []
    for number, masks in enumerate(splitter.split(X.to_numpy())):
        train, test = (np.asarray(mask) for mask in masks)
        check_split(number, train, test, X.shape, False)
        drawn.append((train, test))
    return drawn


def _copy(transformer: Any) -> Any:
    return None if transformer is None else clone(transformer)


def _summary(
    jobs: Sequence[tuple[str, Counts, int]],
    errors: Sequence[float],
    given: Mapping[str, Any],
    loss: str,
) -> TransformComparison:
    import pandas

    results = pandas.DataFrame(jobs, columns=["transform", "n_components", "split"])
    results["error"] = errors
    means = results.groupby(["transform", "n_components"])["error"].mean()
    counts = {name: means[name].idxmin() for name in given}
    by_split = {
        name: results[(results["transform"] == name) & (results["n_components"] == counts[name])]
        .set_index("split")["error"]
        .to_numpy()
        for name in given
    }
    best = min(given, key=lambda name: by_split[name].mean())
    rows = []
    for name, own in by_split.items():
        above = own - by_split[best]
        rows.append((name, counts[name], own.mean(), _se(own), above.mean(), _se(above)))
    columns = ["transform", "n_components", "error", "error_se", "above_best", "above_best_se"]
    table = pandas.DataFrame(rows, columns=columns)
    near = table["above_best"] <= table["above_best_se"]
    chosen = str(table["transform"][near].iloc[0])
    return TransformComparison(table, chosen, best, loss, _copy(given[chosen]), results)


def _se(values: np.ndarray) -> float:
    n = len(values)
    return float(values.std(ddof=1) / n**0.5) if n > 1 else 0.0
