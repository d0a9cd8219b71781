"""Subjects whose curves are known, for rows to be measured on."""

from types import SimpleNamespace

import numpy as np

from trialtensor_models.phenomena import Cast, Curve


def curve(adaptation, block=None, *, fast=None, slow=None, learned=None):
    """A curve with everything that isn't given split in halves."""
    adaptation = np.asarray(adaptation, float)
    block = np.zeros(len(adaptation), int) if block is None else np.asarray(block)
    fast = adaptation / 2 if fast is None else np.asarray(fast, float)
    slow = adaptation - fast if slow is None else np.asarray(slow, float)
    return Curve(adaptation, adaptation, fast, slow, block, np.zeros(len(block)), learned)


class Planted:
    """Cortices with these curves; ``by_schedule(schedule, setting)`` makes them."""

    def __init__(self, by_schedule, repeats=1, **more):
        self.by_schedule = by_schedule if callable(by_schedule) else lambda *_: by_schedule
        self.repeats = repeats
        vars(self).update(more)

    def curves(self, schedule, setting=None):
        return self.by_schedule(schedule, setting)

    def by_cortex(self, values, over=np.mean):
        return np.array([over(part) for part in np.reshape(list(values), (-1, self.repeats))])


def cast_with(by_schedule, repeats=1, **more):
    planted = Planted(by_schedule, repeats, **more)
    return Cast(planted, {"untrained": planted}, {"two-state": planted})


def cast_of_curves(*curves):
    return cast_with(list(curves))


def knowing(**what):
    """Something learned that answers as told."""
    answers = {
        "adaptation": lambda offset=0.0: {0.0: 1.0, 22.5: 0.8, 45.0: 0.5, 90.0: 0.0}[offset],
        "directions": lambda: {"early": 0.8, "peak": 0.75, "end": 0.8},
        "drift": lambda: 0.5,
        "nuclei_match": lambda: 0.95,
    }
    return SimpleNamespace(**(answers | what))
