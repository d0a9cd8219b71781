"""How well a circuit does, and what its nuclei tell of what cortex misses."""

from __future__ import annotations

import numpy as np

from trialtensor.data.parameters import check_instance
from trialtensor_models.circuit.anatomy import Anatomy
from trialtensor_models.circuit.dynamics import TONIC, Activity
from trialtensor_models.circuit.local_rules import CORTICAL_LAG
from trialtensor_models.circuit.olive import late
from trialtensor_models.circuit.trials import Trials, angles_of
from trialtensor_models.tasks import ChoiceTask, chosen


def missed(activity: Activity, trials: Trials) -> np.ndarray:
    """Find what share of the wanted command each trial misses.

    Parameters
    ----------
    activity : Activity
    trials : Trials

    Returns
    -------
    (B,) array
        Sum of squares of the error, over that of the wanted command in the mean trial: 0 is
        perfect, 1 is no better than not to move.
    """
    check_instance("activity", activity, Activity, "an Activity")
    check_instance("trials", trials, Trials, "Trials")
    wanted = trials.wanted.swapaxes(0, 1)
    size = (wanted**2).sum((0, 2)).mean()
    return ((wanted - activity.command) ** 2).sum((0, 2)) / max(float(size), 1e-12)


def internal_error(
    full: Activity, blocked: Activity, trials: Trials, anatomy: Anatomy
) -> tuple[float, float, float]:
    """Compare what the nuclei say with what cortex misses by itself.

    Parameters
    ----------
    full, blocked : Activity
        Of the same trials with the nuclei, and without what they send.
    trials : Trials
    anatomy : Anatomy

    Returns
    -------
    cosine : float
        Of the message of the nuclei (their directions, weighted by their rates) and of cortex's
        residual error, which follows it by the time that cortex takes.
    shuffled : float
        The largest cosine with the residual of other trials (conditions moved round), of those that
        ask for another command: what a message that only tells the time would have. NaN if all
        trials ask for the same.
    share : float
        Of the residual that the nuclei take away: 1 is all of it, below 0 they do harm.
    """
    check_instance("full", full, Activity, "an Activity")
    check_instance("blocked", blocked, Activity, "an Activity")
    check_instance("trials", trials, Trials, "Trials")
    check_instance("anatomy", anatomy, Anatomy, "an Anatomy")
    own = anatomy.module == "motor"
    message = (full.nuclei[..., own] - TONIC) @ anatomy.directions[own]
    told = late(message, anatomy.steps(anatomy.nuclear_delay + CORTICAL_LAG))
    residual = trials.wanted.swapaxes(0, 1) - blocked.command
    others = [_cosine(told[:, one], residual[:, two]) for one, two in _others(trials)]
    left = trials.wanted.swapaxes(0, 1) - full.command
    share = 1 - (left**2).sum() / max(float((residual**2).sum()), 1e-12)
    return _cosine(told, residual), max(others, default=np.nan), float(share)


def _others(trials: Trials) -> list[tuple[np.ndarray, np.ndarray]]:
    """Trials, and as many others that ask for something else, for every way to move them round."""
    flat = trials.wanted.reshape(len(trials.wanted), -1)
    _, kind = np.unique(flat.round(9), axis=0, return_inverse=True)
    kind, place = kind.ravel(), np.arange(len(flat))
    pairs = [(place, np.roll(place, k)) for k in range(1, len(place))]
    pairs = [(one[differ], two[differ]) for one, two in pairs
             if (differ := kind[one] != kind[two]).any()]  # fmt: skip
    return pairs


def _cosine(a: np.ndarray, b: np.ndarray) -> float:
    size = np.sqrt((a**2).sum() * (b**2).sum())
    return float((a * b).sum() / size) if size > 0 else 0.0


def choices(activity: Activity, trials: Trials, task: ChoiceTask) -> np.ndarray:
    """Find the answer that is nearest to where the hand ended, of each trial.

    Parameters
    ----------
    activity : Activity
    trials : Trials
    task : task with choices

    Returns
    -------
    (B,) int array
    """
    end = activity.hand[min(trials.outcome, len(activity.hand)) - 1]
    return np.array([chosen(task, float(each)) for each in angles_of(end)])
