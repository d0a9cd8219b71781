"""How many components: fit every candidate with entries held out, and compare what they predict."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import joblib
import numpy as np
from sklearn.base import BaseEstimator, clone

from trialtensor.data.validation import check_trial_tensor
from trialtensor.selection.complexity import as_counts, check_fits, n_parameters, no_components
from trialtensor.selection.held_out import Job, check_split, fit_one
from trialtensor.selection.ledger import Ledger, fingerprint
from trialtensor.selection.masks import TimeBlocks

if TYPE_CHECKING:
    import pandas

RULES = ("one-se", "best")


class CrossValidatedSearch(BaseEstimator):
    """Choose the number of components by the error of entries that were held out.

    Every candidate is fitted with entries left out, on several splits and from several seeds; its
    error is that of the left-out entries, as a fraction of their sum of squares. Having no
    components at all is always a candidate, with an error of 1: where nothing predicts better,
    nothing in the data generalises.

    Parameters
    ----------
    estimator : TCA, SliceTCA or another trial estimator
        Its ``n_components`` and ``random_state`` are replaced.
    n_components : iterable
        Candidates: numbers for TCA, triples for SliceTCA.
    splits : splitter of :mod:`trialtensor.selection.masks`, default TimeBlocks()
        Which entries are held out. Neighbouring bins give each other away, so blocks of bins are
        the default.
    n_seeds : int, default 1
        Fits of every candidate on every split, each from its own seed; the one with the lowest
        loss on what was not held out counts.
    rule : {"one-se", "best"}
        "best" takes the candidate with the lowest mean error, "one-se" the one with the fewest
        parameters whose mean error is within one standard error (of the differences between the
        two, over splits) of it.
    refit : bool, default True
        Whether to fit the chosen candidate to all data.
    results : path, optional
        A file that results are added to as they come. A search with the same file, data and
        parameters goes on where the last one stopped.
    n_jobs : int, optional
        Fits at a time, by joblib: processes, or whatever ``joblib.parallel_config`` says
        (dask, ray).
    random_state : int, optional
    verbose : int, default 0
        1 shows a progress bar with the remaining time, on a terminal only.

    Attributes
    ----------
    results_ : pandas.DataFrame
        A row a fit: ``n_components``, ``split``, ``seed``, ``error`` (of held-out entries, 1 for no
        components), ``explained`` (of those fitted), ``stop_reason``.
    table_ : pandas.DataFrame
        A row a candidate, fewest parameters first: ``n_components``, ``n_parameters``, mean
        ``error`` over splits and its standard error ``error_se``, the same of its difference to the
        best candidate, ``above_best`` and ``above_best_se``, and mean ``explained``.
    best_n_components_ : int or tuple
        Lowest mean error.
    one_se_n_components_ : int or tuple
        By the one-standard-error rule.
    n_components_ : int or tuple
        What ``rule`` chose; 0 or (0, 0, 0) where no component generalises.
    best_estimator_ : estimator or None
        Fitted to all data with ``n_components_``; None for no components or without ``refit``.

    References
    ----------
    Owen & Perry 2009, "Bi-cross-validation of the SVD and the nonnegative matrix factorization";
    Breiman et al. 1984 for the one-standard-error rule.

    Examples
    --------
    >>> from trialtensor import TCA, make_tca
    >>> from trialtensor.selection import CrossValidatedSearch, Speckled
    >>> X = make_tca(30, 20, 25, 2, snr=2.0, random_state=0).X
    >>> search = CrossValidatedSearch(TCA(1, n_init=2), range(1, 5), splits=Speckled(n_splits=2))
    >>> search.fit(X).n_components_
    2
    """

    def __init__(
        self,
        estimator: Any,
        n_components: Iterable[Any],
        *,
        splits: Any = None,
        n_seeds: int = 1,
        rule: str = "one-se",
        refit: bool = True,
        results: str | os.PathLike[str] | None = None,
        n_jobs: int | None = None,
        random_state: int | None = None,
        verbose: int = 0,
    ) -> None:
        self.estimator = estimator
        self.n_components = n_components
        self.splits = splits
        self.n_seeds = n_seeds
        self.rule = rule
        self.refit = refit
        self.results = results
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose

    def fit(self, X: Any, y: Any = None, *, mask: Any = None) -> CrossValidatedSearch:
        """Fit all candidates, and the chosen one to all data.

        Parameters
        ----------
        X : (n_trials, n_neurons, n_times) array or xarray.DataArray
            NaN is missing.
        y : ignored
        mask : bool array, optional
            False where missing.

        Raises
        ------
        ValueError
            For an empty grid, candidates or parameters that can't be used, or a ``results`` file of
            another search; before any work is done.
        """
        candidates = self._check()
        values, observed = _as_arrays(X, mask)
        for each in candidates:
            check_fits(each, values.shape)
        splits = list((self.splits or TimeBlocks()).split(values, mask=observed))
        whole = getattr(self.splits, "whole_trials", False)
        for i, (train, test) in enumerate(splits):
            check_split(i, train, test, values.shape, whole)
        jobs = [
            Job(*each)
            for each in itertools.product(
                range(len(candidates)), range(len(splits)), range(self.n_seeds)
            )
        ]
        about = fingerprint(
            values,
            observed,
            [self.estimator.get_params(), candidates, self.splits, self.n_seeds, self.random_state],
        )
        with Ledger.open(self.results, about) as ledger:
            left = [job for job in jobs if job.key not in ledger.rows]
            for job, row in self._run(values, splits, candidates, left, whole):
                ledger.add(job.key, row)
            rows = {job: ledger.rows[job.key] for job in jobs}
        self._store(candidates, values.shape, rows)
        self.best_estimator_ = None
        if self.refit and not no_components(self.n_components_):
            self.best_estimator_ = self._with(self.n_components_, self.random_state)
            self.best_estimator_.fit(X, mask=mask)
        return self

    def _check(self) -> list[Any]:
        candidates = [as_counts(each) for each in self.n_components]
        if not candidates:
            raise ValueError("n_components: the grid is empty; give at least one candidate")
        if len(set(candidates)) < len(candidates):
            raise ValueError(f"n_components: some candidates are given twice: {candidates}")
        if not isinstance(self.n_seeds, int) or self.n_seeds < 1:
            raise ValueError(f"n_seeds: expected an integer of at least 1, got {self.n_seeds!r}")
        if self.splits is not None and not hasattr(self.splits, "split"):
            raise ValueError(
                "splits: expected a splitter of trialtensor.selection, such as TimeBlocks(), or an "
                f"object with such a method split, got {self.splits!r}"
            )
        if self.rule not in RULES:
            raise ValueError(f"rule: expected one of {RULES}, got {self.rule!r}")
        candidates = [each for each in candidates if not no_components(each)]
        if not candidates:
            raise ValueError(
                "n_components: nothing but models without components, which need no search"
            )
        for each in candidates:
            self._with(each, 0).check_parameters()
        return candidates

    def _with(self, n_components: Any, seed: int | None) -> Any:
        return clone(self.estimator).set_params(n_components=n_components, random_state=seed)

    def _run(
        self,
        values: np.ndarray,
        splits: Sequence[tuple[np.ndarray, np.ndarray]],
        candidates: Sequence[Any],
        jobs: Sequence[Job],
        whole_trials: bool,
    ) -> Iterator[tuple[Job, dict[str, Any]]]:
        from tqdm import tqdm

        seeds = np.random.SeedSequence(self.random_state or 0).generate_state(self.n_seeds)
        parallel = joblib.Parallel(n_jobs=self.n_jobs, return_as="generator_unordered")
        # The longest first, so that no process is left alone with one at the end.
        ordered = sorted(
            jobs, key=lambda job: -n_parameters(candidates[job.candidate], values.shape)
        )
        tasks = (
            joblib.delayed(fit_one)(
                job,
                self._with(candidates[job.candidate], int(seeds[job.seed])),
                values,
                *splits[job.split],
                whole_trials,
            )
            for job in ordered
        )
        done = parallel(tasks) if jobs else iter(())
        # disable=None silences the bar where the output is no terminal.
        yield from tqdm(
            done, total=len(jobs), desc="search", unit="fit", disable=None if self.verbose else True
        )

    def _store(
        self, candidates: list[Any], shape: tuple[int, ...], rows: dict[Job, dict[str, Any]]
    ) -> None:
        import pandas

        self.results_ = pandas.DataFrame(
            [
                {
                    "n_components": candidates[job.candidate],
                    "split": job.split,
                    "seed": job.seed,
                    **rows[job],
                }
                for job in sorted(rows)
            ]
        )
        self.table_ = tabulate(self.results_, shape)
        nothing = as_counts([0, 0, 0]) if isinstance(candidates[0], tuple) else 0
        self.best_n_components_ = _choose(self.table_, nothing, 0.0)
        self.one_se_n_components_ = _choose(self.table_, nothing, 1.0)
        self.n_components_ = (
            self.one_se_n_components_ if self.rule == "one-se" else self.best_n_components_
        )


def tabulate(results: pandas.DataFrame, shape: tuple[int, ...]) -> pandas.DataFrame:
    """A row a candidate from a row a fit, fewest parameters first.

    Of several seeds on a split the one that explains most of what was fitted counts: the one
    that a user would keep.
    """
    import pandas

    kept = results.sort_values(["explained", "seed"], ascending=[False, True])
    kept = kept.drop_duplicates(["n_components", "split"])
    errors = kept.pivot(index="split", columns="n_components", values="error")
    explained = kept.pivot(index="split", columns="n_components", values="explained").mean()
    n_splits = len(errors)
    best = errors.mean().idxmin()
    above = errors.sub(errors[best], axis=0)
    spread = {"ddof": 1} if n_splits > 1 else {"ddof": 0}
    table = pandas.DataFrame(
        {
            "n_components": list(errors.columns),
            "n_parameters": [n_parameters(each, shape) for each in errors.columns],
            "error": errors.mean().to_numpy(),
            "error_se": errors.std(**spread).to_numpy() / n_splits**0.5,
            "above_best": above.mean().to_numpy(),
            "above_best_se": above.std(**spread).to_numpy() / n_splits**0.5,
            "explained": explained.to_numpy(),
        }
    )
    return table.sort_values(["n_parameters", "n_components"], ignore_index=True)


def _choose(table: pandas.DataFrame, nothing: Any, n_se: float) -> Any:
    """The smallest candidate within ``n_se`` standard errors of the best; or none at all."""
    errors, se = table["error"].to_numpy(), table["error_se"].to_numpy()
    best = int(errors.argmin())
    if errors[best] + n_se * se[best] >= 1:
        return nothing
    near = table["above_best"].to_numpy() <= n_se * table["above_best_se"].to_numpy()
    return as_counts(table["n_components"].iloc[int(near.argmax())])


def _as_arrays(X: Any, mask: Any) -> tuple[np.ndarray, np.ndarray | None]:
    checked = check_trial_tensor(X, mask=mask)
    return checked.values, checked.observed
