"""What makes tensors of recordings refuses wrong arguments by name, in one line."""

import re
import warnings
from functools import partial

import numpy as np
import pandas
import pytest
import xarray

import trialtensor as tt
from trialtensor import events, io, preparation
from trialtensor.events import rows_where

NAN, INF = float("nan"), float("inf")
TRIALS = pandas.DataFrame({"cue": [0.0, 1.0, 2.0], "side": ["l", "r", "l"]})
CUT = {"trials": TRIALS, "align_to": "cue", "window": (0, 0.5)}
X = xarray.DataArray(
    np.random.default_rng(0).poisson(3.0, (20, 4, 10)).astype(float),
    dims=("trial", "neuron", "time"),
    coords={
        "time": 0.1 * np.arange(10),
        "neuron": list("wxyz"),
        "area": ("neuron", list("aabb")),
        "side": ("trial", ["l", "r"] * 10),
        "go": ("trial", np.full(20, 0.3)),
        "stop": ("trial", np.full(20, 0.6)),
    },
)
JOINED = tt.concat_sessions({"mon": X, "tue": X})
SIGNAL = tt.Traces("dff", None, lambda: np.ones((100, 3)), rate=20.0)


class Strange:
    pass


WRONG = (None, 5, "x", Strange(), True)
WINDOWS = (1, (1,), (1, 0), ("a", "b"), (NAN, 1), (0, INF), "0,1", (0, 0), True)
SIZES = (-1, "x", NAN, True, INF, [0.1])
NAMES = ("nosuch", 3, None, True)
FLAGS = ("yes", 2, None, 1.0)
NUMBERS = ("x", NAN, True)


def _loading():
    return np.ones((9, 2))


def _prepared(transformer, **given):
    return transformer(**given).fit_transform(X)


# What else each needs, and the arguments that are wrong.
CASES = {
    tt.bin_spikes: (
        {"units": [[0.1, 1.2], [1.4]], "bin_size": 0.1, **CUT},
        {
            "units": (*WRONG, [["a"]], [], {}),
            "trials": (5, "x", Strange(), {}, None),
            "align_to": (*NAMES, ["cue"], "side"),
            "window": (None, *WINDOWS),
            "bin_size": (None, 0, *SIZES),
            "dtype": ("nosuch", str, complex, object, 5),
        },
    ),
    tt.cut_traces: (
        {"traces": SIGNAL, **CUT},
        {
            "traces": WRONG,
            "trials": (5, "x", Strange(), {}, None),
            "align_to": (*NAMES, "side"),
            "window": (None, *WINDOWS),
            "bin_size": (0, *SIZES),
            "how": ("nosuch", 3, True),
        },
    ),
    tt.Units: (
        {"table": pandas.DataFrame(index=[0, 1]), "load": _loading},
        {"table": WRONG[1:], "load": WRONG, "observed": (5, "x", True)},
    ),
    tt.Traces: (
        {"name": "dff", "table": None, "load": _loading, "rate": 1.0},
        {
            "name": (None, 5),
            "table": (5, "x", True),
            "load": WRONG,
            "rate": (0, *SIZES),
            "start": (None, INF, *NUMBERS),
            "n_samples": (-1, "x", 1.5, True),
        },
    ),
    tt.align_trials: (
        {"X": X, "to": "go"},
        {"X": WRONG, "to": (*NAMES, "side", []), "window": WINDOWS},
    ),
    tt.unalign_trials: ({}, {"X": (*WRONG, X)}),
    tt.unpad_trials: ({}, {"X": (*WRONG, X)}),
    tt.pad_trials: (
        {"trials": [np.ones((3, 4)), np.ones((3, 5))]},
        {
            "trials": (*WRONG, [], [np.ones(3)], [np.ones((3, 4)), np.ones((2, 5))]),
            "align": NAMES,
            "bin_size": (0, *SIZES),
        },
    ),
    tt.concat_sessions: (
        {"sessions": {"mon": X, "tue": X}},
        {
            "sessions": (*WRONG, [], [5]),
            "registry": WRONG[1:],
            "n_components": (0, 1.5, "3", True, -1),
            "remove_offsets": ("nosuch", 3, True),
            "resample": FLAGS,
        },
    ),
    tt.split_sessions: ({"X": JOINED}, {"X": (*WRONG, X), "restore_offsets": FLAGS}),
    tt.session_links: ({}, {"X": (*WRONG, X)}),
    rows_where: ({"table": TRIALS, "expression": "side == 'l'"}, {"table": WRONG}),
    tt.to_layout: (
        {"X": X, "tool": "cebra"},
        {"X": WRONG, "tool": NAMES, "by": ("nosuch", 5, True), "missing": ("nosuch", 3, True)},
    ),
    tt.from_layout: ({"layout": tt.to_layout(X, "cebra")}, {"tool": ("nosuch", "dsa", 3, True)}),
    tt.open_session: ({}, {"source": (None, 5, Strange(), True, {}, b"x")}),
    partial(_prepared, tt.Smooth): (
        {"width": 0.1},
        {"width": (None, *SIZES), "unit": NAMES, "fill": FLAGS},
    ),
    partial(_prepared, tt.SoftNormalize): (
        {},
        {"constant": (None, *SIZES), "by": ("nosuch", 5, True)},
    ),
    partial(_prepared, tt.SquareRoot): ({}, {"kind": NAMES}),
    partial(_prepared, tt.SubtractBaseline): (
        {"window": (0, 0.2)},
        {"window": (None, *WINDOWS), "each": NAMES},
    ),
    partial(_prepared, tt.SubtractConditionMean): ({}, {"by": ("nosuch", 5, True, Strange())}),
    partial(_prepared, tt.SelectNeurons): (
        {},
        {
            **dict.fromkeys(("min_rate", "max_rate", "min_mean", "max_mean"), NUMBERS),
            "min_presence": (2, -1, *NUMBERS),
            "where": ("area == 'a'", 5, {"nosuch": 1}, True),
            "bin_size": (0, *SIZES),
        },
    ),
    partial(_prepared, tt.TimeWarp): (
        {"landmarks": ["go", "stop"]},
        {
            "landmarks": (None, 5, "x", [], True, ["nosuch", "go"]),
            "template": (5, "x", True, [1, 0], [NAN, 1]),
            "times": ("nosuch", 5, True),
            "oversample": ("x", 0, 1.5, True, -1),
            "how": NAMES,
        },
    ),
    tt.compare_transforms: (
        {"X": X, "n_components": 1},
        {"X": WRONG, "n_components": (0, "x", 1.5, True, None, [])},
    ),
}


def _called(call):
    return call.args[0].__name__ if isinstance(call, partial) else call.__qualname__


@pytest.mark.parametrize(
    ("call", "name"),
    [(call, name) for call, (_, wrong) in CASES.items() for name in wrong],
    ids=lambda each: each if isinstance(each, str) else _called(each),
)
def test_it_is_refused_by_name(call, name):
    given, wrong = CASES[call]
    for value in wrong[name]:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            with pytest.raises(ValueError) as refused:
                call(**{**given, name: value})
        text = str(refused.value)
        assert re.match(rf"{name}\b", text) and "\n" not in text, (value, text)


def test_everything_public_is_tried():
    tried = {_called(call) for call in CASES}
    public = {*events.__all__, *preparation.__all__, "open_session", "to_layout", "from_layout"}
    assert {"to_layout", "from_layout"} <= {*io.__all__}
    # Results, a base class and a warning.
    assert public - tried == {"SessionLinks", "SessionLinkWarning", "TrialTransformer", "ZScore"}
