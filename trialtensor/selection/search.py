"""Cross-validation: fit every candidate with entries held out, and compare predictions."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import BaseEstimator

from trialtensor.data.elsewhere import kind_of
from trialtensor.data.in_notebooks import summary_html
from trialtensor.models.layout import Layout
from trialtensor.models.memory import check_memory
from trialtensor.models.parameters import (
    REPEATS,
    SEEDS,
    check_choice,
    check_flag,
    check_jobs,
    check_verbose,
    check_whole,
)
from trialtensor.models.progress import progress
from trialtensor.models.summary import said_by
from trialtensor.selection.complexity import (
    Counts,
    all_counts,
    candidates_of,
    nothing_like,
    size_of,
    with_counts,
)
from trialtensor.selection.components import check_options
from trialtensor.selection.drawn import Draw
from trialtensor.selection.held_out import Job, fit_one
from trialtensor.selection.in_passes import InPasses
from trialtensor.selection.ledger import Ledger, fingerprint
from trialtensor.selection.splitting import Split, default_splits, draw_splits
from trialtensor.selection.table import choose, tabulate
from trialtensor.solvers.parallel import in_parallel

if TYPE_CHECKING:
    pass

RULES = ("one-se", "best")


class CrossValidatedSearch(BaseEstimator):
    """Choose the number of components by the error of held-out entries.

    Every candidate is fitted with entries held out, on several splits and from several seeds; its
    error is that of the held-out entries, as a fraction of their sum of squares. No components is
    always a candidate, with an error of 1: if none predicts better, no component generalises.

    Parameters
    ----------
    estimator : model of any kind
        Its ``n_components`` and ``random_state`` are replaced.
    n_components : iterable
        Candidates: triples for SliceTCA, numbers for all others.
    splits : splitter of :mod:`trialtensor.selection.masks`, optional
        How to hold out entries. Neighbouring bins predict each other, so the default is blocks of
        bins, ``TimeBlocks()``. For dynamics, which predict a bin from the one before it, only
        ``WholeTrials()``, the default, can be used: trial factors are then fitted to half of a
        trial's bins, and errors are those in the other half.
    n_seeds : int, default 1
        Fits of every candidate on every split, each from its own seed; the one with the lowest
        loss on the fitted entries counts.
    rule : {"one-se", "best"}
        "best" takes the candidate with the lowest mean error, "one-se" the one with the fewest
        parameters whose mean error is within one standard error (of the differences between the
        two, over splits) of it.
    refit : bool, default True
        Whether to fit the chosen candidate to all data.
    results : path, optional
        A file to which results are appended as they arrive. A search with the same file, data and
        parameters, model class and version of this package resumes where the last one stopped;
        for any other, it is refused. One process at a time can write to it.
    n_jobs : int, optional
        Parallel fits, by joblib: processes, or the backend set by ``joblib.parallel_config``
        (dask, ray).
    random_state : int, optional
    verbose : int, default 0
        1 shows a progress bar with the remaining time, on a terminal only.

    Attributes
    ----------
    results_ : pandas.DataFrame
        One row per fit: ``n_components``, ``split``, ``seed``, ``error`` (of held-out entries, 1
        for no components), ``explained`` (of fitted entries), ``stop_reason``.
    table_ : pandas.DataFrame
        One row per candidate, fewest parameters first: ``n_components``, ``n_parameters``, mean
        ``error`` over splits and its standard error ``error_se``, the same for its difference from
        the best candidate, ``above_best`` and ``above_best_se``, and mean ``explained``.
    best_n_components_ : int or tuple
        Lowest mean error.
    one_se_n_components_ : int or tuple
        Choice of the one-standard-error rule.
    n_components_ : int or tuple
        Choice by ``rule``; 0 or (0, 0, 0) if no component generalises.
    best_estimator_ : estimator or None
        Fitted to all data with ``n_components_``; None for no components or without ``refit``.
    data_said_ : dict
        What the data says of itself, such as how it was made; pages show it.

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

    def _html_repr(self) -> str:
        """Return what notebooks show: the table of candidates; before it, the diagram."""
        if not hasattr(self, "table_"):
            return str(super()._html_repr())
        return summary_html(
            type(self).__name__,
            {
                "Chosen": f"{self.n_components_} components, by the rule {self.rule}",
                "Lowest error": f"{self.best_n_components_} components",
            },
            notes=["trialtensor.write_search_report(search, path) writes a page."],
            tables={"Candidates": self.table_.set_index("n_components")},
            max_rows=20,
        )

    def fit(
        self, X: Any, y: Any = None, *, mask: Any = None, **fit_options: Any
    ) -> CrossValidatedSearch:
        """Fit all candidates, and the chosen one to all data.

        Parameters
        ----------
        X : in any form that the estimator can be fitted to
            NaN is missing. Data that TCA and SliceTCA read in blocks is searched so, too; of it,
            only the splitters of this package hold out anything.
        y : ignored
        mask : in the form of ``X``, optional
            False where missing.
        **fit_options
            Further arguments of the estimator's ``fit``, such as ``blocks=``.

        Raises
        ------
        ValueError
            For an empty grid, candidates, splits or parameters that can't be used, or a
            ``results`` file of another search; before any work is done.
        """
        candidates = self._check(fit_options)
        splitter = default_splits(self.estimator) if self.splits is None else self.splits
        layout, splits = self._prepare(X, mask, candidates, splitter, fit_options)
        jobs = [
            Job(*each)
            for each in itertools.product(
                range(len(candidates)), range(len(splits)), range(self.n_seeds)
            )
        ]
        about = self._about(layout, candidates, fit_options)
        with Ledger.open(self.results, about, self._class()) as ledger:
            left = [job for job in jobs if job.key not in ledger.rows]
            whole = bool(getattr(splitter, "whole_trials", False))
            for job, row in self._run(layout, splits, candidates, left, fit_options, whole):
                ledger.add(job.key, row)
            rows = {job: ledger.rows[job.key] for job in jobs}
        chosen = self._store(candidates, rows)
        self.data_said_ = said_by(X)
        self.best_estimator_ = None
        if self.refit and chosen is not None:
            self.best_estimator_ = self._with(chosen, self.random_state)
            self.best_estimator_.fit(X, mask=mask, **fit_options)
        return self

    def _prepare(
        self,
        X: Any,
        mask: Any,
        candidates: Sequence[Counts],
        splitter: Any,
        options: Mapping[str, Any],
    ) -> tuple[Layout | InPasses, Sequence[Split | Draw]]:
        """Check the data, and draw the splits."""
        models = [self._with(each, 0) for each in candidates]
        data = InPasses.of(type(self.estimator), X, mask)
        if data is not None:
            data.check(models, splitter, self.n_jobs)
            return data, data.splits(splitter)
        if kind_of(X) is not None:
            # It is about to be read into memory.
            check_memory(type(self.estimator), X, mask, loaded=True)
        layout = self.estimator.layout(X, mask)
        for model in models:
            model.check_data(X, mask=mask, **options)
        smallest = self._with(min(candidates, key=size_of), 0)
        return layout, draw_splits(splitter, smallest, layout, options)

    def _check(self, fit_options: Mapping[str, Any]) -> list[Counts]:
        check_options(self.estimator, fit_options, "estimator")
        given = all_counts(self.n_components)
        if not given:
            raise ValueError("n_components: the grid is empty; give at least one candidate")
        if len(set(given)) < len(given):
            raise ValueError(f"n_components: some candidates are given twice: {given}")
        check_whole("n_seeds", self.n_seeds, 1, REPEATS)
        check_jobs(self.n_jobs), check_verbose(self.verbose), check_flag("refit", self.refit)
        if self.random_state is not None:
            check_whole("random_state", self.random_state, 0, SEEDS)
        text = isinstance(self.splits, (str, bytes))  # which can be split, but not like this
        if self.splits is not None and (text or not hasattr(self.splits, "split")):
            raise ValueError(
                "splits: expected a splitter of trialtensor.selection, such as TimeBlocks(), or an "
                f"object with such a method split, got {self.splits!r}"
            )
        check_choice("rule", self.rule, RULES)
        candidates = candidates_of(self.estimator, given)
        if not candidates:
            raise ValueError(
                "n_components: nothing but models without components, which need no search"
            )
        for each in candidates:
            self._with(each, 0).check_parameters()
        return candidates

    def _with(self, n_components: Counts, seed: int | None) -> Any:
        return with_counts(self.estimator, n_components, seed)

    def _about(
        self, layout: Layout | InPasses, candidates: list[Counts], options: Mapping[str, Any]
    ) -> str:
        """Return a hash of the data and of all parameters that affect results."""
        return fingerprint(
            *_content(layout),
            [
                self._class(),
                self.estimator.get_params(),
                candidates,
                self.splits,
                self.n_seeds,
                self.random_state,
                dict(options),
            ],
        )

    def _class(self) -> str:
        kind = type(self.estimator)
        return f"{kind.__module__}.{kind.__qualname__}"

    def _run(
        self,
        layout: Layout | InPasses,
        splits: Sequence[Split | Draw],
        candidates: Sequence[Counts],
        jobs: Sequence[Job],
        options: Mapping[str, Any],
        whole_trials: bool,
    ) -> Iterator[tuple[Job, dict[str, Any]]]:
        seeds = np.random.SeedSequence(self.random_state or 0).generate_state(self.n_seeds)
        # The longest first, so that no process is left alone with one at the end.
        ordered = sorted(jobs, key=lambda job: -size_of(candidates[job.candidate]))
        tasks = (
            (
                job,
                self._with(candidates[job.candidate], int(seeds[job.seed])),
                layout,
                splits[job.split],
                options,
                whole_trials,
            )
            for job in ordered
        )
        done = in_parallel(fit_one, tasks, n_jobs=self.n_jobs, ordered=False) if jobs else iter(())
        yield from progress(len(jobs), self.verbose, over=done, what="search")

    def _store(self, candidates: list[Counts], rows: dict[Job, dict[str, Any]]) -> Counts | None:
        """Set the results; return the chosen candidate, None for no components."""
        import pandas

        whole = pandas.DataFrame(
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
        sizes = whole.groupby("n_components")["n_parameters"].max()
        self.results_ = whole.drop(columns="n_parameters")
        self.table_ = tabulate(self.results_, dict(sizes))
        nothing = nothing_like(candidates[0])
        best, one_se = (choose(self.table_, n_se) for n_se in (0.0, 1.0))
        chosen = one_se if self.rule == "one-se" else best
        self.best_n_components_ = nothing if best is None else best
        self.one_se_n_components_ = nothing if one_se is None else one_se
        self.n_components_ = nothing if chosen is None else chosen
        return chosen


def _content(layout: Layout | InPasses) -> tuple[Any, Any]:
    """Return what tells the data from other data: values, and which are observed."""
    if isinstance(layout, InPasses):
        return layout.content(), None
    labels = {} if layout.labelled is None else layout.labelled.coords
    named = {str(name): each.values for name, each in labels.items()}
    return [layout.values, layout.names, named], layout.observed
