"""Fits for each number of components, which share what they can."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from trialtensor.data.notices import warn
from trialtensor.models.base import TrialEstimator
from trialtensor.models.parameters import check_jobs, check_verbose, generator
from trialtensor.models.progress import progress
from trialtensor.models.warnings import InterruptedFitWarning
from trialtensor.selection.complexity import candidates_of, size_of, with_counts
from trialtensor.selection.components import check_options
from trialtensor.solvers.parallel import in_parallel
from trialtensor.solvers.result import StopReason


def fit_ranks(
    estimator: TrialEstimator,
    n_components: Iterable[Any],
    X: Any,
    *,
    mask: Any = None,
    n_jobs: int | None = None,
    random_state: Any = None,
    verbose: int = 0,
    **fit_options: Any,
) -> list[Any]:
    """Fit a model for every number of components.

    The models are those of fits one by one, up to the tolerance of the estimator. TCA checks the
    data once and, if nothing is missing, compresses it once for all restarts of all fits.

    Parameters
    ----------
    estimator : model of any kind
        Its ``n_components`` is replaced.
    n_components : iterable
        Triples for SliceTCA, numbers for all others. No components can't be fitted, and is left
        out.
    X, mask : as for ``fit``
    n_jobs : int, optional
        Parallel fits, each a joblib process.
    random_state : int, Generator or None
        Seeds every fit; by default that of the estimator.
    verbose : int
        1 shows a progress bar, on a terminal only.
    **fit_options
        Further arguments of ``fit``, such as ``blocks=``.

    Returns
    -------
    list of fitted models
        In the order of ``n_components``. After Ctrl-C, those that had finished or begun, with a
        warning that names the others.

    Raises
    ------
    ValueError
        For parameters or data that can't be used, before any work is done.

    Examples
    --------
    >>> from trialtensor import TCA, make_tca
    >>> from trialtensor.selection import fit_ranks
    >>> X = make_tca(30, 20, 25, 2, snr=2.0, random_state=0).X
    >>> models = fit_ranks(TCA(1, random_state=0), range(1, 4), X)
    >>> [model.n_components for model in models]
    [1, 2, 3]
    >>> [round(float(model.explained_variance_ratio_), 1) for model in models]
    [0.5, 0.7, 0.7]
    """
    check_options(estimator, fit_options, "estimator")
    check_jobs(n_jobs), check_verbose(verbose)
    if random_state is not None:
        generator(random_state)
    seed = getattr(estimator, "random_state", None) if random_state is None else random_state
    counts = candidates_of(estimator, n_components)
    if not counts:
        raise ValueError("n_components: expected at least one number of components above zero")
    models = [with_counts(estimator, each, seed) for each in counts]
    done: dict[int, Any] = {}
    fits = each_fit(models, X, mask, fit_options, n_jobs=n_jobs)
    try:
        for place, model in progress(len(models), verbose, over=fits, what="fits"):
            done[place] = model
            if model.stop_reason_ is StopReason.INTERRUPTED:
                break
    except KeyboardInterrupt:
        if not done:
            raise
    left = [str(each) for place, each in enumerate(counts) if place not in done]
    if left:
        warn(f"interrupted: not fitted for n_components {', '.join(left)}", InterruptedFitWarning)
    return [done[place] for place in sorted(done)]


def each_fit(
    models: Sequence[TrialEstimator],
    X: Any,
    mask: Any,
    options: Mapping[str, Any],
    *,
    n_jobs: int | None = None,
) -> Iterator[tuple[int, Any]]:
    """Yield place and model of every fit as it finishes, in order without parallel processes.

    Parameters
    ----------
    models : sequence of estimators
        They differ in ``n_components`` only; fitted in place.
    X, mask : as for ``fit``
    options : dict
        Further arguments of ``fit``.
    n_jobs : int, optional
    """
    largest = max(models, key=lambda model: size_of(model.n_components))
    shared = largest._shared_data(X, mask=mask, **options)
    given = {"X": X, "mask": mask, **options} if shared is None else {"shared": shared}
    if shared is None:
        for model in models:
            model.check_data(X, mask=mask, **options)
    places = range(len(models))
    if n_jobs in (None, 1):
        yield from (_fit(place, models[place], given) for place in places)
        return
    # The longest first, so that no process is left alone with one at the end.
    ordered = sorted(places, key=lambda place: -size_of(models[place].n_components))
    each = ((place, models[place], given) for place in ordered)
    yield from in_parallel(_fit, each, n_jobs=n_jobs, ordered=False)


def _fit(place: int, model: Any, given: Mapping[str, Any]) -> tuple[int, Any]:
    if "shared" in given:
        return place, model._fit_shared(given["shared"])
    return place, model.fit(**given)
