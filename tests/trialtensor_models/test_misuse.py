"""Every public callable of the simulators with wrong values: a ValueError that names the argument.

Each argument has a kind, and each kind its wrong values; nothing may be simulated, written or
trained before the refusal.
"""

from __future__ import annotations

import importlib
import inspect
from dataclasses import replace

import numpy as np
import pytest

import trialtensor_models as tm
from tests.trialtensor_models.wrong_values import NAN, wrong
from trialtensor_models import network, plants, plasticity, sessions, tasks
from trialtensor_models.network import AS_IT_IS
from trialtensor_models.sessions import Block, Row, Run, Schedule, Truth

MODEL = tm.CCRNN.pretrained()
CELLS = MODEL.scale(purkinje=5)
REACH, MATCH = tm.CenterOut(), tm.DelayedMatch()
TASKS = (
    *(REACH, tm.RotatedReaching(n_targets=4, rotations=(-30, 30)), tm.SequenceDrawing()),
    *(MATCH, tm.EvidenceAccumulation(), tm.ReversalLearning()),
)
DRAW = MATCH.draw(np.array([1]), 0.01, np.random.default_rng(0))
RNG = np.random.default_rng(0)
VELOCITY = np.ones((2, 10, 2))
S, T, N, G = 1, 12, 200, 1000
TRIAL = {
    "inputs": np.zeros((S, T, 3)),
    "W_PC": np.zeros((S, 2, G)),
    "C": np.zeros((S, 2, N)),
}
RUN = tm.simulate(MODEL, REACH, Schedule().baseline(2), record="activity")
TIMES = {name: "positive" for name in ("distance", "duration", "stay")}
REACHES = {
    **TIMES,
    "n_targets": "count",
    "first_angle": "number",
    "hold": "positive",
    "target_radius": "positive",
}
ANSWERS = {
    **TIMES,
    "turn": "positive",
    "exploration": "not negative",
    "reward_probability": "share",
    "report": "flag",
}
OPTIONS = {
    "until": "until",
    "ramp": "place",
    "targets": "targets",
    "context": "label",
    "cerebellum": "not negative",
    "learns": "flag",
    "epoch": "label",
}
BLOCK = {"n_trials": "positive count or None", **OPTIONS}
DRAWN = {"conditions": "conditions", "dt": "positive"}
MOVED = {
    "command": "array",
    "desired": "array",
    "perturbation": "perturbation",
    "dt": "positive",
}


def method(thing, name, valid=None, **kinds):
    return f"{type(thing).__name__}.{name}", getattr(thing, name), valid or {}, kinds


def drawn(task):
    valid = {"conditions": np.array([0]), "dt": 0.01, "rng": RNG}
    return method(task, "draw", valid, **DRAWN)


def moved(plant):
    valid = {"desired": VELOCITY, "command": VELOCITY, "dt": 0.01}
    kinds = {k: v for k, v in MOVED.items()}
    return method(plant, "move", valid | {"perturbation": plants.Perturbation()}, **kinds)


# Name, what is called, valid arguments, and the kind of each argument that is made wrong.
CALLS = [
    ("CenterOut", tm.CenterOut, {}, REACHES),
    ("RotatedReaching", tm.RotatedReaching, {}, {**REACHES, "rotations": "rotations"}),
    *(method(tm.RotatedReaching(n_targets=4, rotations=(-30, 30)), name, conditions="conditions")
      for name in ("targets_of", "rotations_of")),
    ("SequenceDrawing", tm.SequenceDrawing, {},
     {"n_sequences": "count", "n_strokes": "count", "seed": "place",
      **{name: "positive" for name in ("distance", "hold", "stroke", "stay")}}),
    ("DelayedMatch", tm.DelayedMatch, {}, {**ANSWERS, "sample": "positive", "delay": "positive",
                                           "test": "positive"}),
    ("EvidenceAccumulation", tm.EvidenceAccumulation, {},
     {**ANSWERS, "strengths": "strengths", "noise": "not negative", "stimulus": "positive"}),
    ("ReversalLearning", tm.ReversalLearning, {},
     {**ANSWERS, "cue": "positive", "n_cues": "count", "turns": "turns"}),
    ("Response", tasks.Response, {}, ANSWERS),
    ("Draw", tasks.Draw, {"inputs": np.ones((2, 5, 3)), "desired": np.ones((2, 5, 2))},
     {"inputs": "array", "desired": "array", "side": "array", "rotation": "array"}),
    *(drawn(task) for task in TASKS),
    *(method(task, "go", dt="positive") for task in TASKS),
    ("condition_of", tasks.condition_of, {"task": REACH, "label": 0}, {"label": "no label"}),
    ("chosen", tasks.chosen, {"task": MATCH, "angle": 1}, {"angle": "number"}),
    ("direction_of", tasks.direction_of, {"task": MATCH, "label": 1}, {"label": "side"}),
    ("next_answer", tasks.next_answer, {"task": MATCH, "side": [1]}, {"side": "sides"}),
    ("register_task", tm.register_task, {}, {"task": "class"}),
    ("task_from", tasks.task_from, {"configuration": {"name": "match"}},
     {"configuration": "network", "task": "wrong task"}),
    ("told", tasks.told, {"task": MATCH, "draw": DRAW}, {"draw": "part"}),
    ("toward", tasks.toward, {"desired": VELOCITY, "degrees": [1, 2]},
     {"desired": "array", "degrees": "array"}),
    ("check_is_task", tasks.check_is_task, {}, {"task": "task"}),
    ("Perturbation", plants.Perturbation, {}, {"rotation": "number", "curl": "number",
                                               "clamp": "flag", "reversed": "flag"}),
    ("PointMass", tm.PointMass, {}, {"mass": "positive", "viscosity": "positive",
                                     "motor_noise": "not negative"}),
    ("TwoLinkArm", tm.TwoLinkArm, {},
     {**{name: "pair above 0" for name in ("lengths", "masses", "centres", "inertias")},
      "start": "pair", "viscosity": "positive", "motor_noise": "not negative"}),
    *(moved(plant) for plant in (tm.PointMass(), tm.TwoLinkArm())),
    *(method(tm.TwoLinkArm(), name, angles="angles") for name in ("hand", "jacobian", "inertia")),
    method(tm.TwoLinkArm(), "joint_angles", position="angles"),
    method(tm.TwoLinkArm(), "coriolis", {"angles": np.ones(2), "speeds": np.ones(2)},
           angles="angles", speeds="angles"),
    ("seen", plants.seen, {"velocity": VELOCITY, "desired": VELOCITY, "dt": 0.01,
                           "perturbation": plants.Perturbation()},
     {"velocity": "array", "desired": "array", "dt": "positive", "perturbation": "perturbation"}),
    ("direction", plants.direction, {"command": VELOCITY, "desired": VELOCITY},
     {"command": "array", "desired": "array"}),
    ("check_is_plant", plants.check_is_plant, {}, {"plant": "plant"}),
    ("CCRNN", tm.CCRNN, {"weights": MODEL.weights},
     {"cortex": "part", "pathways": "part", "cerebellum": "part", "plasticity": "part",
      "weights": "weights", "task": "task", "seed": "place", "silenced": "silenced"}),
    ("Blueprint", network.Blueprint, {}, {"cortex": "part", "task": "task", "seed": "place"}),
    ("Cortex", tm.Cortex, {}, {"n_units": "count", "dt": "positive", "tau": "positive",
                               "noise": "not negative"}),
    ("Pathways", tm.Pathways, {}, {"n_pons": "count", "thalamic_delay": "not negative",
                                   "response_lag": "not negative", "pons_rate": "not negative",
                                   "eligibility": "not negative"}),
    ("Cerebellum", tm.Cerebellum, {}, {"n_granule": "count", "n_inputs": "count",
                                       "coding_level": "within 0 and 1", "even": "flag",
                                       "inhibition": "share", "expansion": "flag",
                                       "output": "not negative", "n_purkinje": "cells"}),
    ("Plasticity", tm.Plasticity, {}, {"A_f": "share", "A_s": "share", "B_f": "not negative",
                                       "B_s": "not negative or None", "teacher": "name",
                                       "error_saturation": "positive count or None"}),
    ("CorticalWeights", network.CorticalWeights,
     {name: getattr(MODEL.weights, name) for name in ("W", "W_in", "W_th", "W_out", "b")},
     {name: "array" for name in ("W", "W_in", "W_th", "W_out")}),
    ("CCRNN.pretrained", tm.CCRNN.pretrained, {}, {"seed": "place", "task": "name",
                                                      "index": "place or None"}),
    ("CCRNN.load", tm.CCRNN.load, {}, {"path": "path"}),
    ("n_packaged", network.n_packaged, {}, {"task": "name"}),
    method(MODEL, "save", path="path"),
    method(MODEL, "pretrain", seed="place", n_iterations="count", batch_size="count",
           learning_rate="positive", rate_penalty="not negative", report="function",
           thalamus="name"),
    method(MODEL, "lesion", {"region": "cortex"}, region="name", scale="share",
           fraction="share or None"),
    method(MODEL, "scale", granule="positive count or None", pons="positive count or None",
           purkinje="cells or None"),
    method(CELLS.purkinje, "weights", {"W_PC": np.zeros((2, G)), "W_LTD": np.zeros((2, G))},
           W_PC="array", W_LTD="array"),
    method(CELLS.purkinje, "simple_spikes", {"granule": np.zeros(G), "weights": np.zeros((5, G))},
           granule="array", weights="array"),
    method(CELLS.purkinje, "nuclei", simple="array"),
    method(CELLS.olive, "complex_spikes", error="wrong ending"),
    method(CELLS.olive, "shared", error="wrong ending"),
    method(MODEL, "with_plasticity", A_f="share", teacher="name"),
    ("pretrain", network.pretrain, {"network": MODEL}, {"network": "network", "seed": "place"}),
    ("run_trial", network.run_trial, {"wiring": MODEL.wiring, "versions": AS_IT_IS, **TRIAL},
     {"wiring": "network", "inputs": "array", "W_PC": "array", "C": "array", "noise": "array",
      "output": "array"}),
    ("run_cortex", network.run_cortex, {"wiring": MODEL.wiring, "inputs": TRIAL["inputs"]},
     {"wiring": "network", "inputs": "array", "C": "array"}),
    ("stack", network.stack, {}, {"wirings": "empty"}),
    ("take", network.take, {"wiring": MODEL.wiring}, {"keep": "places"}),
    ("Critic", plasticity.Critic, {"n_conditions": 2}, {"n_conditions": "count",
                                                        "rate": "not negative",
                                                        "chance": "share"}),
    ("Learner", plasticity.Learner, {}, {"models": "models"}),
    ("answer", plasticity.answer,
     {"task": MATCH, "side": 1, "angle": 1.0, "expected": 0.5, "rng": RNG},
     {"side": "side", "angle": "number"}),
    ("explored_error", plasticity.explored_error,
     {"outcome": plasticity.ReachOutcome(1.0, 0.5), "command": VELOCITY[0], "made": VELOCITY[0]},
     {"command": "array", "made": "array"}),
    ("told_error", plasticity.told_error,
     {"task": MATCH, "draw": DRAW, "outcome": plasticity.Outcome(1, 1, 1.0, 0.5)},
     {"missed": "array"}),
    ("gains_of", plasticity.gains_of, {}, {"model": "network"}),
    ("calibrate", plasticity.calibrate,
     {"wiring": MODEL.wiring, "draw": MODEL.reference_draw(), "dt": 0.01, "lag": 8, "kept": 0.9,
      "even": True},
     {"dt": "positive", "lag": "place", "kept": "share", "even": "flag"}),
    *(method(Schedule(), kind, {"n_trials": 3}, **BLOCK)
      for kind in ("baseline", "clamp", "washout", "reverse")),
    method(Schedule(), "rotate", {"degrees": 30, "n_trials": 3}, degrees="number", **BLOCK),
    method(Schedule(), "curl", {"strength": 13, "n_trials": 3}, strength="number", **BLOCK),
    ("Schedule", Schedule, {}, {"blocks": "blocks"}),
    ("Schedule.from_table", Schedule.from_table, {}, {"table": "table"}),
    ("Block", Block, {"kind": "rotate"},
     {"kind": "name", "size": "number", "n_trials": "count", "rows": "rows", **OPTIONS}),
    ("Row", Row, {"perturbation": plants.Perturbation()},
     {"perturbation": "perturbation", "condition": "place or None", "context": "label",
      "cerebellum": "not negative", "learns": "flag"}),
    ("simulate", tm.simulate, {"model": MODEL, "task": REACH, "schedule": Schedule().baseline(1)},
     {"model": "model", "task": "task", "schedule": "schedule", "seed": "seeds",
      "plant": "plant", "record": "name", "bin_width": "bins", "n_granule": "place or None",
      "outcome": "not negative"}),
    ("draw_spikes", sessions.draw_spikes, {"activity": RUN.activity},
     {"activity": "activity", "rate_scale": "positive", "bin_width": "bins", "seed": "place"}),
    ("Run", Run, {"activity": None, "behaviour": RUN.behaviour, "truth": RUN.truth},
     {"activity": "activity", "behaviour": "dataset", "truth": "part"}),
    ("Truth", Truth, {"schedule": RUN.truth.schedule, "fast": RUN.truth.fast,
                      "slow": RUN.truth.slow},
     {"schedule": "dataset", "fast": "data array", "slow": "data array"}),
    method(RUN, "spikes", rate_scale="positive", bin_width="bins", seed="place"),
    method(RUN, "save", {"path": "never.nc"}, path="path", exact="flag"),
    method(RUN, "film", {"path": "never.gif"}, n_frames="count", fps="positive", window="count"),
    ("Run.load", Run.load, {}, {"path": "path"}),
    method(RUN.truth, "delta_W", trial="trial"),
    ("CCRNNSimulator", tm.CCRNNSimulator, {}, {"model": "part", "task": "task",
                                               "schedule": "schedule", "plant": "plant",
                                               "record": "name", "outcome": "not negative"}),
    method(tm.CCRNNSimulator(), "simulate", seed="one seed"),
    ("load_simulator", tm.load_simulator, {}, {"name": "name"}),
    ("TwoStateModel", tm.TwoStateModel, {}, {"A_f": "share", "B_f": "not negative",
                                             "A_s": "share", "B_s": "not negative",
                                             "form": "name"}),
    ("OneStateModel", tm.OneStateModel, {}, {"A": "share", "B": "not negative"}),
]  # fmt: skip
# Values that an argument takes all the same.
FINE = {("Plasticity", "error_saturation"): [1.5]}
# What an error may call the argument instead.
ALSO = {"inputs": ["desired"], "label": ["target"], "size": ["degrees"]}
CASES = [
    pytest.param(call, valid, argument, value, id=f"{name}-{argument}-{value!r:.30}")
    for name, call, valid, kinds in CALLS
    for argument, value in wrong(kinds)
    if repr(value) not in map(repr, FINE.get((name, argument), ()))
]


@pytest.fixture(autouse=True)
def nothing_is_done(monkeypatch):
    """No trial is run, and nothing is trained or written."""

    def fail(*_, **__):
        pytest.fail("the work had begun")

    monkeypatch.setattr("trialtensor_models.sessions.simulation._run_sessions", fail)
    monkeypatch.setattr("trialtensor_models.network.pretraining._train", fail)
    monkeypatch.setattr("trialtensor_models.sessions.run.write_groups", fail)


@pytest.mark.parametrize(("call", "valid", "argument", "value"), CASES)
def test_it_is_refused_by_name(call, valid, argument, value, recwarn):
    with pytest.raises(ValueError) as refused:
        call(**{**valid, argument: value})
    said = str(refused.value)
    assert said.isprintable() and ":" in said
    head = said.split(":")[0]
    assert any(each in head for each in (argument, *ALSO.get(argument, ()))), said
    assert not recwarn.list


# Results of other functions, checks themselves, and what takes no values.
NO_VALUES = {
    *("Run", "Truth", "RateTrace", "TwoStateTrace", "UnstableDynamicsError", "list_simulators"),
    *("Movement", "Activity", "Versions", "Wiring", "Gains", "Outcome", "ReachOutcome"),
    *("SimulatorEntry", "target_radius_of"),
    *("PurkinjeCells", "Olive", "carried_error"),
    *("ChoiceTask", "Task", "Plant", "Simulator", "Teacher", "Record"),
    *(
        "check_given",
        "check_draw",
        "check_is_task",
        "check_task_members",
        "check_is_plant",
        "check_is_simulator",
    ),
    *("check_plant", "check_simulator", "check_task"),  # see testing/test_suites.py
    *("configuration_of", "has_choices", "labels_of", "reward_error"),
}
ROOMS = ("tasks", "plants", "network", "plasticity", "sessions", "simulators", "testing")


@pytest.mark.parametrize("room", ROOMS)
def test_no_callable_is_left_out(room):
    module = importlib.import_module(f"trialtensor_models.{room}")
    tried = {name for name, *_ in CALLS} | NO_VALUES
    public = {name for name in module.__all__ if callable(getattr(module, name))}
    assert sorted(public - tried) == []


@pytest.mark.parametrize(("name", "call", "valid", "kinds"), CALLS, ids=[c[0] for c in CALLS])
def test_every_argument_is_walked(name, call, valid, kinds):
    known = set(inspect.signature(call).parameters)
    assert {a for a in kinds if "options" not in known and "changes" not in known} <= known
    left = known - set(kinds) - {"options", "changes", "rng", "trial"}
    # Given as they should be, or not asked to be anything but what others have made.
    free = {"found", "task", "target", "b", *UNWALKED.get(name, ())}
    assert left <= set(valid) | free


UNWALKED = {
    "Blueprint": ("pathways", "cerebellum", "plasticity", "weights", "silenced"),  # as CCRNN
    "pretrain": (
        "n_iterations",
        "batch_size",
        "learning_rate",
        "rate_penalty",
        "report",
        "thalamus",
    ),
    "Truth": (
        *("C", "W_th", "W_PC", "W_LTD", "purkinje", "olive"),
        *("counterfactual", "subspaces", "region", "configuration"),
    ),
}


def test_a_plant_of_nonsense_is_named_with_the_trial():
    class Lost(tm.PointMass):
        def move(self, command, desired, perturbation, dt):
            movement = super().move(command, desired, perturbation, dt)
            return replace(movement, hand=movement.hand * NAN)

    check = sessions.simulation_checks.check_moved
    movement = Lost().move(VELOCITY, VELOCITY, plants.Perturbation(), 0.01)
    with pytest.raises(ValueError, match=r"plant: hand of Lost should be finite, .* on trial 3"):
        check(movement, VELOCITY.shape, Lost(), "trial 3")
    with pytest.raises(ValueError, match=r"plant: Lost.move should return a Movement, got None"):
        check(None, VELOCITY.shape, Lost(), "trial 3")


def test_parts_of_a_trial_that_are_shorter_than_a_step_are_named():
    with pytest.raises(ValueError, match=r"duration: 0.001 s is less than half a step of 0.01 s"):
        tm.simulate(MODEL, tm.CenterOut(duration=0.001), Schedule().baseline(1))
    with pytest.raises(ValueError, match=r"task: a trial of center_out has 0.06 s, expected more"):
        short = tm.CenterOut(hold=0.02, duration=0.02, stay=0.02)
        tm.simulate(replace(MODEL, task=short), short, Schedule().baseline(1))


def test_unknown_options_list_what_there_is():
    with pytest.raises(ValueError, match="target: a block takes until, ramp, targets, context"):
        Schedule().rotate(30, 10, target=(0,))
    with pytest.raises(ValueError, match=r"changes: expected one of 'A_f', 'B_f', .* got 'B'"):
        MODEL.with_plasticity(B=1)
