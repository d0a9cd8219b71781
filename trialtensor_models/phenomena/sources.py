"""What people show, where it is known for sure, and from where."""

from __future__ import annotations

from trialtensor_models.phenomena.rows import People

#: Reach angles of 17 people: 32 trials of baseline, 100 of a 30 degree rotation, 12 of its
#: opposite, 20 of an error clamp; means over people, with the standard error. It is the recording
#: that `trialtensor_models.experiments.people` reads.
SEVENTEEN = (
    "17 people, 30 degree rotation of 100 trials, its opposite, error clamp, means over people and "
    "five trials (two_rate_behaviour.npz)"
)
SAVE = People("> 1", "Zarahn et al. 2008, J Neurophysiol 100: 2537")
SLOWER_WITH_MORE_TARGETS = People("slower", "Krakauer et al. 2000, J Neurosci 20: 8916")
NARROW = People("local", "Krakauer et al. 2000, J Neurosci 20: 8916")


def seventeen(shown: str) -> People:
    """A number of the 17 people."""
    return People(shown, SEVENTEEN)
