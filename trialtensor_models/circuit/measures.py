"""How well a circuit does, and what its nuclei tell of what cortex misses."""

from __future__ import annotations

import numpy as np

from trialtensor.data.parameters import check_instance
from trialtensor_models.circuit.anatomy import Anatomy
from trialtensor_models.circuit.dynamics import TONIC, Activity
from trialtensor_models.circuit.olive import late
from trialtensor_models.circuit.trials import Trials
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
        The largest cosine with the residual of other conditions (conditions moved round): what a
        message that only tells the time would have.
    share : float
        Of the residual that the nuclei take away: 1 is all of it, below 0 they do harm.
    """
    check_instance("full", full, Activity, "an Activity")
    check_instance("blocked", blocked, Activity, "an Activity")
    check_instance("trials", trials, Trials, "Trials")
    check_instance("anatomy", anatomy, Anatomy, "an Anatomy")
    own = anatomy.module == "motor"
    message = (full.nuclei[..., own] - TONIC) @ anatomy.directions[own]
    lag = max(1, anatomy.steps(anatomy.nuclear_delay + 0.04))
    told = late(message, lag)
    residual = trials.wanted.swapaxes(0, 1) - blocked.command
    B = residual.shape[1]
    others = [_cosine(told, np.roll(residual, k, axis=1)) for k in range(1, B)]
    left = trials.wanted.swapaxes(0, 1) - full.command
    share = 1 - (left**2).sum() / max(float((residual**2).sum()), 1e-12)
    return _cosine(told, residual), max(others, default=0.0), float(share)


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
    angle = np.rad2deg(np.arctan2(-end[:, 0], end[:, 1]))
    return np.array([chosen(task, float(each)) for each in angle])
