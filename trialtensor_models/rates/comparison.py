"""Which theory predicts behaviour best, and which as well as the best."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy.stats import t as t_distribution

from trialtensor.data.parameters import check_instance, check_share, some_of
from trialtensor_models.rates.behaviour import Behaviour
from trialtensor_models.rates.held_out import HeldOut, held_out
from trialtensor_models.rates.theories import TheoryModel, model_of
from trialtensor_models.rates.theory_fits import TheoryFit, fit_theory
from trialtensor_models.rates.theory_specs import SPECS

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True, eq=False, repr=False)
class TheoryComparison:
    """Theories, ranked by how well they predict what they weren't fitted to.

    Attributes
    ----------
    table : DataFrame
        A row a theory, the best first: n_parameters; log_likelihood and bic of the fit to all;
        ``subjects``, the mean log density of a subject by fits to the others, ``subjects_gap`` how
        much less that is than of the best, with its standard error ``subjects_se`` over subjects;
        ``trials``, ``trials_gap``, ``trials_se`` the same of held-out runs of trials (over runs
        for fewer than five subjects); ``tied``, whether the gap isn't significant; ``same_as``,
        the theory that expects exactly the same of these trials.
    fits : dict of str to TheoryFit
    scores : dict of str to HeldOut
    by : {"subjects", "trials"}
        What the ranking goes by.
    level : float
        Of the test of gaps.
    behaviour : Behaviour
    """

    table: pd.DataFrame
    fits: Mapping[str, TheoryFit]
    scores: Mapping[str, HeldOut]
    by: str
    level: float
    behaviour: Behaviour

    @property
    def best(self) -> str:
        """The theory with the best predictions."""
        return str(self.table.index[0])

    @property
    def tied(self) -> tuple[str, ...]:
        """All theories that may be the best one; one only if the behaviour decides."""
        return tuple(self.table.index[self.table["tied"]])

    @property
    def models(self) -> dict[str, TheoryModel]:
        """The theories with their fitted parameters, to simulate with."""
        return {name: model_of(fit) for name, fit in self.fits.items()}

    @property
    def verdict(self) -> str:
        """The result in a sentence."""
        if len(self.tied) == 1:
            return f"{self.best} predicts held-out {self.by} best"
        return f"a tie of {' and '.join(self.tied)}: held-out {self.by} don't tell them apart"

    def __repr__(self) -> str:
        """Show the verdict."""
        return f"TheoryComparison({self.verdict}; {len(self.table)} theories, {self.behaviour!r})"

    def plot(self, *, figure: Any = None) -> Figure:
        """Draw behaviour with every theory, and the ranking; see `plot_theories`.

        Parameters
        ----------
        figure : Figure or SubFigure, optional
            Drawn into; by default a new one.
        """
        from trialtensor_models.rates.theory_figure import plot_theories

        return plot_theories(self.behaviour, self.fits, self.table, self.scores, self.by, figure)


def compare_theories(
    behaviour: Behaviour, theories: Sequence[str] | None = None, *, level: float = 0.95
) -> TheoryComparison:
    """Fit theories to behaviour and rank them by what they predict.

    From five subjects on, each is predicted by the parameters that fit the others, and log
    densities are summed by subject; a theory is tied with the best one if a t
    test of the paired differences isn't significant. For fewer, runs of eight trials are held out
    instead (every fifth run at once), and differences are paired by run. Both are in the table.

    Parameters
    ----------
    behaviour : Behaviour
    theories : sequence of str, optional
        Of "one-rate", "two-state", "two-state, serial", "gated slow states", "context inference";
        all by default.
    level : float
        Of the test; the two-sided confidence.

    Returns
    -------
    TheoryComparison

    Raises
    ------
    ValueError
        For unknown theories, or none.

    Notes
    -----
    What behaviour can't tell: the serial from the parallel form, ever; gated slow states from the
    two-state model without at least two cues. Such theories are fitted once, and the table says
    whose predictions they share. Theories with one rate and with two differ only where a
    schedule reverses and clamps.

    Examples
    --------
    >>> from trialtensor_models.rates import TwoStateModel
    >>> trials = np.r_[np.zeros(10), np.ones(80), -np.ones(12), np.full(40, np.nan)]
    >>> y = [TwoStateModel().simulate(trials, noise=0.1, random_state=i).shown for i in range(6)]
    >>> found = compare_theories(Behaviour.of(y, trials), ["one-rate", "two-state"])
    >>> found.verdict
    'two-state predicts held-out subjects best'
    """
    check_share("level", level)
    check_instance("behaviour", behaviour, Behaviour, "a Behaviour")
    names, same = _rivals(theories, behaviour)
    fits = {name: fit_theory(SPECS[name], behaviour) for name in names}
    scores = {name: held_out(SPECS[name], behaviour, fits[name]) for name in names}
    by = "trials" if scores[names[0]].subjects is None else "subjects"
    table = _table(fits, scores, by, level)
    for name, twin in same.items():
        table.loc[name] = table.loc[twin]
        table.loc[name, "same_as"] = twin
    order = table.sort_values(by, ascending=False, kind="stable").index
    return TheoryComparison(table.loc[order], fits, scores, by, level, behaviour)


def _rivals(
    theories: Sequence[str] | None, behaviour: Behaviour
) -> tuple[list[str], dict[str, str]]:
    """Theories to fit, and those that expect the same as one of them."""
    names = some_of("theories", theories, SPECS)
    if not names or len(set(names)) < len(names):
        raise ValueError(
            f"theories: expected some of {', '.join(map(repr, SPECS))}, got {theories!r}"
        )
    same = {}
    for name in names:
        alike = name in ("two-state, serial", "gated slow states") and "two-state" in names
        if alike and not (SPECS[name].gated and len(np.unique(behaviour.cues)) > 1):
            same[name] = "two-state"
    return [name for name in names if name not in same], same


def _table(
    fits: Mapping[str, TheoryFit], scores: Mapping[str, HeldOut], by: str, level: float
) -> pd.DataFrame:
    rows = pd.DataFrame(
        {
            "n_parameters": [len(fit.parameters) for fit in fits.values()],
            "log_likelihood": [fit.log_likelihood for fit in fits.values()],
            "bic": [fit.bic for fit in fits.values()],
        },
        index=pd.Index(fits, name="theory"),
    )
    for what in ("subjects", "trials"):
        found = [getattr(score, what) for score in scores.values()]
        rows[[what, f"{what}_gap", f"{what}_se"]] = (
            np.full((len(rows), 3), np.nan) if found[0] is None else _gaps(np.array(found))
        )
    gap, error = rows[f"{by}_gap"], rows[f"{by}_se"]
    n = len(getattr(next(iter(scores.values())), by))
    rows["tied"] = gap <= t_distribution.ppf((1 + level) / 2, n - 1) * error
    rows["same_as"] = ""
    return rows


def _gaps(scores: np.ndarray) -> np.ndarray:
    """Mean score, mean gap to the best theory, and its standard error, a row a theory."""
    means = scores.mean(axis=1)
    gaps = scores[means.argmax()] - scores
    error = gaps.std(axis=1, ddof=1) / np.sqrt(scores.shape[1])
    return np.column_stack([means, gaps.mean(axis=1), error])
