"""How well a theory predicts movements that it wasn't fitted to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trialtensor_models.rates.behaviour import Behaviour
from trialtensor_models.rates.theory_fits import MIN_SUBJECTS, TheoryFit, fit_theory
from trialtensor_models.rates.theory_specs import TheorySpec

RUN = 8  # trials in a row that are held out together
N_FOLDS = 5
MOST_FOLDS = 20  # of subjects: up to as many, each is left out on its own


@dataclass(frozen=True, eq=False)
class HeldOut:
    """Log densities of held-out movements, summed by unit.

    Attributes
    ----------
    subjects : (n_subjects,) array, or None
        Of each subject, by fits to the other ones. None for fewer than five.
    trials : (n_units,) array
        Of runs of trials, by fits to the other trials of all subjects; summed by subject, or for
        fewer than five by run.
    """

    subjects: np.ndarray | None
    trials: np.ndarray


def held_out(spec: TheorySpec, behaviour: Behaviour, fit: TheoryFit) -> HeldOut:
    """Predict every subject from the others, and every run of trials from the other ones.

    Parameters
    ----------
    spec : TheorySpec
    behaviour : Behaviour
    fit : TheoryFit
        To all of it, from which the fits to parts start.

    Returns
    -------
    HeldOut
    """
    several = behaviour.n_subjects >= MIN_SUBJECTS
    subjects = _by_subjects(spec, behaviour, fit) if several else None
    density = _by_trials(spec, behaviour, fit)
    if several:
        return HeldOut(subjects, np.nansum(density, axis=1))
    runs = run_numbers(density.shape[1])
    sums = np.array([np.nansum(density[:, runs == run]) for run in np.unique(runs)])
    seen = np.array([np.isfinite(density[:, runs == run]).any() for run in np.unique(runs)])
    return HeldOut(None, sums[seen])


def run_numbers(n_trials: int) -> np.ndarray:
    """Which run each trial belongs to, (n_trials,)."""
    return np.arange(n_trials) // RUN


def _by_subjects(spec: TheorySpec, behaviour: Behaviour, fit: TheoryFit) -> np.ndarray:
    n = behaviour.n_subjects
    scores = np.empty(n)
    for out in np.array_split(np.arange(n), min(n, MOST_FOLDS)):
        rest = behaviour.take(np.setdiff1d(np.arange(n), out))
        part = fit_theory(spec, rest, starts=[fit.parameters], intervals=False)
        scores[out] = np.nansum(part.log_density(behaviour.take(out)), axis=1)
    return scores


def _by_trials(spec: TheorySpec, behaviour: Behaviour, fit: TheoryFit) -> np.ndarray:
    """Hold out every fifth run at once."""
    density = np.full(behaviour.adaptation.shape, np.nan)
    fold = run_numbers(behaviour.adaptation.shape[1]) % N_FOLDS
    for each in range(N_FOLDS):
        out = fold == each
        rest = behaviour.without(out)
        part = fit_theory(spec, rest, starts=[fit.parameters], intervals=False)
        density[:, out] = part.log_density(behaviour)[:, out]
    return density
