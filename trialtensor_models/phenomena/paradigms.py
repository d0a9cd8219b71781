"""Sequences of trials that several phenomena share, so that each is simulated once."""

from trialtensor_models.phenomena.learned import ROTATION
from trialtensor_models.sessions import Schedule

LEARNING = 160
NULL = 200
N_FIRST = 10

learning = Schedule().rotate(ROTATION, LEARNING)

# Blocks 0 to 2: learn, wash out, learn again.
washout = learning.washout(NULL).rotate(ROTATION, N_FIRST)

# Learn, counter-perturbation until nothing shows, then an error clamp, or learn again.
recovery = learning.rotate(-ROTATION, 40, until="zero").clamp(60)
relearning = learning.rotate(-ROTATION, 40, until="zero").rotate(ROTATION, N_FIRST)

# Learn, then two probes with the cerebellum blocked that leave no trace, then the opposite.
opposite = learning.rotate(ROTATION, 2, cerebellum=0.0, learns=False).rotate(-ROTATION, 20)

retention = learning.clamp(51)

# Without a slow process: to the plateau, to zero, and into the clamp.
alone = Schedule().rotate(ROTATION, 60).rotate(-ROTATION, 20, until="zero").clamp(20)

# Nothing is forgotten here, so that what moves from one region to the other stays.
consolidation = Schedule().rotate(ROTATION, 300)

N_PAIRS = 40


def opposite_at(step: int) -> Schedule:
    """Opposite rotations at two of 16 targets, in turns.

    Parameters
    ----------
    step : int
        Targets from the one to the other, 22.5 degrees each.

    Returns
    -------
    Schedule
        Blocks of one trial; even ones turn counter-clockwise.
    """
    schedule = Schedule()
    for _ in range(N_PAIRS):
        schedule = schedule.rotate(ROTATION, 1, targets=(0,))
        schedule = schedule.rotate(-ROTATION, 1, targets=(step,))
    return schedule
