"""Every public callable of circuits with wrong values: refused by the name of the argument."""

from __future__ import annotations

import inspect
from dataclasses import asdict

import pytest

import trialtensor_models as tm
from tests.trialtensor_models.wrong_values import BAD, NAN, wrong
from trialtensor_models import circuit

BAD |= {
    "anatomy": [3, "small", None, circuit.Anatomy],
    "anatomy or None": [3, "small", circuit.Anatomy],
    "share below 1": [1, -0.1, NAN, "1", None, True],
    "share of excitation": [0, 1, NAN, "1", True],
    "signals": [(), ("none",), ("motor", "motor"), "motor", 3, None],
    "time constants": [0.1, (0.1,), (0.3, 0.1), (0, 1), (NAN, 1), ("a", "b"), None],
    "delay or None": [-1, NAN, "1", True],
    "delay or False": [-1, NAN, "1"],
    "cerebellum": ["no", 3, None, 0.5],
    "rules": ["hebb", 3, None, {"cortex": "local"}, {"cortex": "local", "cerebellum": "odd"}],
    "checkpoints": [1, -1, 1.5, "3", None, [9], [-1], [0.5]],
    "report": [3, "print"],
    "checkpoint": [9, -9, 0.5, "1", None, True],
    "region": ["thalamus", 3, None],
    "granule or None": [0, 0.5, "1", True],
    "step bins or None": [0.05, 0.001, NAN, "1"],
    "trial conditions": [[99], [-1], [0.5], ["a"], 0, [[0]]],
    "trials": [3, None, "a"],
    "lived": [3, None, "a"],
    "output or None": [-1, NAN, "1"],
    "noise or None": [-1, NAN, "1"],
}

TASK = tm.CenterOut(n_targets=4)
SMALL = circuit.Anatomy(n_cortex=12, n_pons=8, ratio=1.0, n_purkinje=1)
TRAINING = circuit.train_jointly(
    TASK, rules="local", anatomy=SMALL, n_iterations=1, checkpoints=2, batch_size=2
)
CIRCUIT = TRAINING.circuit()
TRIALS = CIRCUIT.draw()
FULL = CIRCUIT.run(TRIALS)
SETTING = circuit.Setting(task=TASK)

# Have walks of their own.
ELSEWHERE = {"learn_from_rewards", "push_ahead", "load_course", "load_circuit", "list_packaged"}
CALLS = {
    "Anatomy": (circuit.Anatomy, {}, {
        "n_cortex": "count", "excitatory": "share of excitation", "cerebellum": "flag",
        "n_pons": "count", "sparsity": "share below 1", "ratio": "positive", "n_inputs": "count",
        "coding_level": "within 0 and 1", "expansion": "flag", "n_purkinje": "count",
        "signals": "signals", "feedback_delay": "delay or None", "error_delay": "not negative",
        "nuclear_delay": "not negative", "dt": "positive", "tau": "time constants",
        "noise": "not negative",
    }),
    "Setting": (circuit.Setting, {"task": TASK}, {
        "task": "task", "pushes": "share", "push_size": "not negative", "outcome": "not negative",
        "reversed": "flag",
    }),
    "train_jointly": (
        circuit.train_jointly, {"task": TASK, "rules": "local", "n_iterations": 2}, {
            "task": "task", "anatomy": "anatomy or None", "cerebellum": "cerebellum",
            "sparsity": "share or None", "ratio": "not negative or None",
            "coding_level": "share or None", "feedback_delay": "delay or False", "rules": "rules",
            "checkpoints": "checkpoints", "n_iterations": "count", "batch_size": "count",
            "learning_rate": "positive", "fast_rate": "not negative", "slow_rate": "not negative",
            "cut": "positive count or None",
            "reverse_every": "positive count or None", "pushes": "share", "outcome": "not negative",
            "seed": "place", "path": "not a path", "report": "report",
        },
    ),
    **{
        each.__name__: (each, {"anatomy": SMALL}, {"anatomy": "anatomy"})
        for each in (circuit.dense, circuit.without_expansion, circuit.without_feedback)
    },
    "without_cerebellum": (
        circuit.without_cerebellum, {"anatomy": SMALL}, {"anatomy": "anatomy", "n_inputs": "place"}
    ),
    "n_trained": (
        circuit.n_trained, {"anatomy": SMALL}, {"anatomy": "anatomy", "n_inputs": "place"}
    ),
    "missed": (
        circuit.missed, {"activity": FULL, "trials": TRIALS},
        {"activity": "lived", "trials": "trials"},
    ),
    "internal_error": (
        circuit.internal_error,
        {"full": FULL, "blocked": FULL, "trials": TRIALS, "anatomy": SMALL},
        {"full": "lived", "blocked": "lived", "trials": "trials", "anatomy": "anatomy"},
    ),
    "Training.circuit": (TRAINING.circuit, {}, {"checkpoint": "checkpoint"}),
    "Training.performance": (TRAINING.performance, {}, {"n_repeats": "count", "seed": "place"}),
    "Training.run": (TRAINING.run, {}, {
        "bin_width": "step bins or None", "n_granule": "granule or None", "output": "not negative",
        "seed": "place", "weights": "flag",
    }),
    "Training.save": (TRAINING.save, {"path": "x.h5"}, {"path": "path", "last": "flag"}),
    "Training.load": (circuit.Training.load, {}, {"path": "path"}),
    "Circuit.lesion": (CIRCUIT.lesion, {"region": "pons"}, {
        "region": "region", "scale": "not negative", "fraction": "share or None", "seed": "place",
    }),
    "Circuit.draw": (CIRCUIT.draw, {}, {
        "conditions": "trial conditions", "seed": "place", "noise": "noise or None",
    }),
    "Circuit.complex_spikes": (
        CIRCUIT.complex_spikes, {"trials": TRIALS, "activity": FULL},
        {"trials": "trials", "activity": "lived"},
    ),
    "Circuit.run": (
        CIRCUIT.run, {"trials": TRIALS}, {"trials": "trials", "output": "output or None"}
    ),
}  # fmt: skip
BAD["not a path"] = [3, [], b"a"]


@pytest.mark.parametrize(
    ("call", "valid", "argument", "value"),
    [
        pytest.param(call, valid, argument, value, id=f"{name}-{argument}-{value!r}"[:80])
        for name, (call, valid, kinds) in CALLS.items()
        for argument, value in wrong(kinds)
    ],
)
def test_it_is_refused_by_name(call, valid, argument, value):
    with pytest.raises(ValueError, match=argument):
        call(**{**valid, argument: value})


def test_nothing_is_left_out():
    # Called by their own tests, or made by others only.
    elsewhere = {"Circuit", "Training", "Trials", "REGIONS"}
    walked = {name.split(".")[0] for name in CALLS}
    assert set(circuit.__all__) - ELSEWHERE - elsewhere <= walked


def test_all_arguments_are_walked():
    for name, (call, valid, kinds) in CALLS.items():
        left = set(inspect.signature(call).parameters) - set(kinds) - {"task", "figure", "options"}
        assert not left, name
        assert set(valid) <= set(inspect.signature(call).parameters)
    assert set(asdict(SMALL)) == set(CALLS["Anatomy"][2])
