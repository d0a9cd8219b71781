"""Wrong values for each kind of argument, for the suites that try them all."""

import numpy as np
import xarray as xr

import trialtensor_models as tm
from trialtensor_models import plants
from trialtensor_models.sessions import Block, Row, Schedule

NAN, INF = float("nan"), float("inf")
NOT_NUMBERS = ["1", None, True, [1.0], 1j]
BAD = {
    "count": [0, -1, 1.5, NAN, *NOT_NUMBERS],
    "place": [-1, 1.5, NAN, *NOT_NUMBERS],
    "number": [NAN, INF, *NOT_NUMBERS],
    "positive": [0, -1, NAN, INF, *NOT_NUMBERS],
    "not negative": [-1, NAN, INF, *NOT_NUMBERS],
    "share": [-0.1, 1.1, NAN, *NOT_NUMBERS],
    "within 0 and 1": [0, 1, NAN, *NOT_NUMBERS],
    "flag": [1, 0.5, "yes", None, [True]],
    "name": ["none", 3, None, [], ["serial"]],
    "label": [3.5, b"a", ["a"]],
    "pair": [1, (1,), (1, 2, 3), (1, NAN), ("a", "b"), None],
    "pair above 0": [1, (1,), (1, 0), (1, NAN), ("a", "b"), None],
    "task": [3, "center_out", None, tm.CenterOut],
    "model": [3, "center_out", None, tm.CCRNN, [3]],
    "schedule": [3, "rotate", None, Schedule, Schedule()],
    "plant": [3, "arm", tm.PointMass],
    "weights": [3, np.zeros(3)],
    "network": [3, None],
    "part": [3, None, "cortex"],
    "array": [np.zeros(3), np.zeros((1, 2)), np.zeros((9, 9, 9)), "abc"],
    "wrong ending": [np.zeros(3), np.zeros((2, 1)), "abc"],
    "conditions": [[8], [-1], [0.5], ["a"], 0, [[0]], [NAN]],
    "angles": [np.zeros(3), 1.0, "a"],
    "positive count or None": [0, -1, 1.5, "1", True],
    "not negative or None": [-1, NAN, INF, "1", True],
    "share or None": [-0.1, 1.1, NAN, "1", True],
    "place or None": [-1, 1.5, NAN, "1", True],
    "seeds": [-1, 1.5, NAN, "1", None, True, [], [-1], [0, "a"], 2**200],
    "until": ["one", 3, 0.5, ["zero"]],
    "targets": [(), (-1,), (0.5,), "0", 3, ("a",), [[0]], {0}],
    "strengths": [(), (0,), (-1,), (NAN,), 3, "a", None, ("a",)],
    "turns": [(), (1,), (2, 1), (1, 1), (1, NAN), (0, 200), 3, "ab"],
    "rotations": [(), (1, 1), (0, -0.0), (NAN,), (200,), 3, None, "ab", ("a",)],
    "silenced": [3, ("cortex", 0.5), (("nuclei", 0.5),), (("cortex", 2),), (("cortex",),)],
    "blocks": [3, None, [Block(kind="clamp")], (3,)],
    "rows": [3, None, (3,), (Row(perturbation=plants.Perturbation()),)],
    "dataset": [3, None, xr.DataArray([1])],
    "data array": [3, [1.0], xr.Dataset()],
    "activity": [3, "a", np.zeros((2, 2, 2)), xr.Dataset()],
    "table": [3, "a", None, [1], {}, {"odd": [1]}],
    "path": [3, None, []],
    "function": [3, "print"],
    "side": [0, 2, 0.5, "left", None],
    "sides": [[0], [2], ["left"]],
    "answer": [0, 7, "left", None],
    "places": [[1], [-1]],
    "cells": [1, 3, -1, 5.5, NAN, *NOT_NUMBERS],
    "cells or None": [1, 3, -1, 5.5, NAN, "1", True],
    "class": [3, "arc", int, tm.CenterOut()],
    "perturbation": [3, None, "clamp"],
    "change": [3, "B"],
}  # fmt: skip

BAD |= {
    "empty": [[], ()],
    "models": [[], [3], "ab"],
    "no label": [7, "left", None],
    "wrong task": [3, "match"],
    "bins": [0.015, 0.001, 5.0, *BAD["positive"]],
    "trial": [2, *BAD["place"]],
    "one seed": [s for s in BAD["seeds"] if not isinstance(s, list)] + [[0]],
}


def wrong(kinds):
    """Yield each argument with each value that its kind doesn't allow."""
    for argument, kind in kinds.items():
        for value in BAD[kind]:
            yield argument, value
