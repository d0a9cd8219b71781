"""Masked values are missing, as NaN is, or refused by name, in all functions that take arrays."""

from __future__ import annotations

import importlib
import inspect
import pkgutil

import numpy as np
import pytest
import xarray

import trialtensor_models
from tests.tracking.test_missing_forms import flat
from trialtensor import TCA, CoupledTCA
from trialtensor_models import (
    CCRNN,
    Behaviour,
    CenterOut,
    DelayedMatch,
    EvidenceAccumulation,
    OneStateModel,
    PointMass,
    ReversalLearning,
    RotatedReaching,
    SequenceDrawing,
    TwoLinkArm,
    TwoStateModel,
    TwoStateTrace,
)
from trialtensor_models.analysis import (
    about_conditions,
    changes_by_region,
    compare,
    curves_by_region,
    factor_score,
    learning_patterns,
    learning_score,
    make_exact,
    one_factor_scores,
    region_score,
    subspace_overlap,
    subspace_score,
)
from trialtensor_models.network import CorticalWeights, Versions, Wiring, run_cortex, run_trial
from trialtensor_models.phenomena import Quantity
from trialtensor_models.plants import Perturbation, direction, seen
from trialtensor_models.plasticity import (
    Outcome,
    ReachOutcome,
    carried_error,
    explored_error,
    told_error,
)
from trialtensor_models.sessions import draw_spikes
from trialtensor_models.tasks import toward

RNG = np.random.default_rng(0)
CURVES = RNG.normal(size=(40, 2))
FACTORS = CURVES @ RNG.normal(size=(2, 3)) + 0.1 * RNG.normal(size=(40, 3))
NEURONS = RNG.normal(size=(30, 2))
STRENGTH = NEURONS[:, 0]
TENSOR = RNG.normal(size=(60, 6, 8))
VELOCITY = 0.1 * RNG.normal(size=(4, 10, 2))
SCHEDULE = np.r_[np.zeros(10), np.ones(30)]
COUPLED = CoupledTCA(2, n_init=1, random_state=0).fit({"a": TENSOR[:40, :3], "b": TENSOR[:40, 3:]})
LABELLED = {"trial": np.arange(60), "neuron": np.arange(6), "time": np.arange(8) / 50}
MATCH, ROTATED = DelayedMatch(), RotatedReaching(n_targets=4)
DRAWN = MATCH.draw(np.array([1]), 0.01, np.random.default_rng(0))
MISSED = ReachOutcome(0.0, 0.5)
NOISE = {"noise": 0.1, "random_state": 0}
SHUFFLES = {"n_shuffles": 5, "random_state": 0}
S, T, N_CELLS = 1, 5, 4
WIRING = Wiring(
    W=np.zeros((S, N_CELLS, N_CELLS)),
    W_in=np.ones((S, N_CELLS, 2)),
    b=np.zeros((S, N_CELLS)),
    W_th=np.zeros((S, N_CELLS, 2)),
    W_out=np.ones((S, 2, N_CELLS)),
    P=np.ones((S, 3, N_CELLS)),
    J=np.ones((S, 6, 3)),
    r_mean=np.zeros((S, N_CELLS)),
    sigma=np.ones((S, 1, 1)),
    theta=np.zeros((S, 1, 6)),
    leak=0.1,
    delay=2,
)
VERSIONS = Versions(np.ones(1), np.ones(1), np.ones(1))
STEPS = {"dt": 0.01, "perturbation": Perturbation()}
TRACE = TwoStateModel().simulate(SCHEDULE)


def labelled(X):
    coords = {
        **LABELLED,
        "region": ("neuron", ["cortex"] * 3 + ["nuclei"] * 3),
        "target": ("trial", np.arange(60) % 3),
    }
    return xarray.DataArray(X, dims=("trial", "neuron", "time"), coords=coords)


def exact_of(**states):
    fields = {name: getattr(TRACE, name) for name in TRACE.__dataclass_fields__}
    return make_exact(TwoStateTrace(**(fields | states)), random_state=0).signal


def distances(recording, simulation):
    return compare(recording, simulation, n_components=2, n_shuffles=5).distances


def drawn_by(task):
    return lambda conditions: task.draw(conditions, 0.01, np.random.default_rng(0))


def trial_with(**given):
    arrays = {
        "inputs": np.ones((S, T, 2)),
        "W_PC": np.ones((S, 2, 6)),
        "C": np.zeros((S, 2, N_CELLS)),
        "noise": np.zeros((S, T, N_CELLS)),
    }
    return run_trial(WIRING, versions=VERSIONS, **(arrays | given))


def weights_with(W):
    return CorticalWeights(W, np.zeros((3, 2)), np.zeros((3, 2)), np.zeros((2, 3)), np.zeros(3))


ARM = TwoLinkArm()
ANGLES = RNG.uniform(0.5, 1.5, size=(5, 2))
# What is called, how with one array, and that array.
CALLS = [
    ("Behaviour.of", lambda x: Behaviour.of(x, SCHEDULE).adaptation, CURVES[:, 0]),
    ("Behaviour.of", lambda x: Behaviour.of(CURVES[:, 0], x).perturbation, SCHEDULE + 1),
    ("learning_score", lambda x: learning_score(x, CURVES[:, 0], **SHUFFLES), FACTORS),
    ("learning_score", lambda x: learning_score(FACTORS, x, **SHUFFLES), CURVES[:, 0]),
    ("one_factor_scores", lambda x: one_factor_scores(x, CURVES, **SHUFFLES), FACTORS),
    ("one_factor_scores", lambda x: one_factor_scores(FACTORS, x, **SHUFFLES), CURVES),
    (
        "factor_score",
        lambda x: factor_score((x, NEURONS, NEURONS), (CURVES, NEURONS, NEURONS), **SHUFFLES),
        CURVES + 0.1,
    ),
    (
        "factor_score",
        lambda x: factor_score((CURVES, NEURONS, NEURONS), (CURVES, x, NEURONS), **SHUFFLES),
        NEURONS + 0.1,
    ),
    ("subspace_score", lambda x: subspace_score(x, NEURONS[:, :1], **SHUFFLES), NEURONS + 0.1),
    ("subspace_score", lambda x: subspace_score(NEURONS[:, :1], x, **SHUFFLES), NEURONS + 0.1),
    ("subspace_overlap", lambda x: subspace_overlap(x, NEURONS[:, :1]), NEURONS + 0.1),
    ("subspace_overlap", lambda x: subspace_overlap(NEURONS[:, :1], x), NEURONS + 0.1),
    ("region_score", lambda x: region_score(x, np.arange(30) > 9, **SHUFFLES), NEURONS[:, 0]),
    ("learning_patterns", lambda x: learning_patterns(x, TENSOR[:3], CURVES), FACTORS),
    ("learning_patterns", lambda x: learning_patterns(FACTORS, x, CURVES), TENSOR[:3]),
    ("learning_patterns", lambda x: learning_patterns(FACTORS, TENSOR[:3], x), CURVES),
    ("curves_by_region", lambda x: curves_by_region(COUPLED, x), CURVES),
    ("compare", lambda x: distances(x, TENSOR + 1), TENSOR),
    ("compare", lambda x: distances(TENSOR + 1, x), TENSOR),
    ("about_conditions", lambda x: about_conditions(labelled(x), "target").values, TENSOR),
    ("changes_by_region", lambda x: changes_by_region(labelled(x)).values, TENSOR),
    ("draw_spikes", lambda x: draw_spikes(labelled(x)).values, TENSOR),
    ("make_exact", lambda x: exact_of(fast=x), TRACE.fast),
    ("make_exact", lambda x: exact_of(slow=x), TRACE.slow),
    ("TwoStateModel.simulate", lambda x: TwoStateModel().simulate(x, **NOISE), SCHEDULE),
    ("OneStateModel.simulate", lambda x: OneStateModel().simulate(x, **NOISE), SCHEDULE),
    ("OneStateModel.fit", lambda x: OneStateModel.fit(x, SCHEDULE), TRACE.output),
    ("direction", lambda x: direction(x, VELOCITY), VELOCITY + 0.1),
    ("direction", lambda x: direction(VELOCITY, x), VELOCITY + 0.1),
    ("seen", lambda x: seen(x, VELOCITY, **STEPS), VELOCITY),
    ("seen", lambda x: seen(VELOCITY, x, **STEPS), VELOCITY),
    ("PointMass.move", lambda x: PointMass().move(x, VELOCITY, **STEPS), VELOCITY),
    ("TwoLinkArm.move", lambda x: ARM.move(x, VELOCITY, **STEPS), VELOCITY),
    ("TwoLinkArm.hand", ARM.hand, ANGLES),
    ("TwoLinkArm.jacobian", ARM.jacobian, ANGLES),
    ("TwoLinkArm.inertia", ARM.inertia, ANGLES),
    ("TwoLinkArm.coriolis", lambda x: ARM.coriolis(ANGLES, x), ANGLES + 1),
    ("TwoLinkArm.joint_angles", ARM.joint_angles, ARM.hand(ANGLES)),
    ("toward", lambda x: toward(x, np.ones(4)), VELOCITY),
    ("toward", lambda x: toward(VELOCITY, x), np.arange(4.0)),
    (
        "told_error",
        lambda x: told_error(MATCH, DRAWN, Outcome(1, 1, 1.0, 0.5), x),
        np.ones(DRAWN.desired.shape[1:]),
    ),
    ("explored_error", lambda x: explored_error(MISSED, x, VELOCITY[0]), VELOCITY[0] + 1),
    ("explored_error", lambda x: explored_error(MISSED, VELOCITY[0], x), VELOCITY[0] + 1),
    ("Quantity", lambda x: Quantity(x).mean, np.arange(6.0)),
    ("Quantity", lambda x: Quantity(x).interval, np.arange(6.0)),
    ("CorticalWeights", weights_with, np.ones((3, 3))),
]
# Nothing can be missing here, not even as NaN.
WHOLE = [
    (
        "region_score",
        "inside",
        lambda x: region_score(NEURONS[:, 0], x, **SHUFFLES),
        np.arange(30) > 9,
    ),
    ("make_exact", "trace.epoch", lambda x: exact_of(epoch=x), TRACE.epoch),
    ("CenterOut.draw", "conditions", drawn_by(CenterOut()), np.arange(4)),
    ("DelayedMatch.draw", "conditions", drawn_by(MATCH), np.arange(4)),
    ("RotatedReaching.draw", "conditions", drawn_by(ROTATED), np.arange(4)),
    ("RotatedReaching.targets_of", "conditions", ROTATED.targets_of, np.arange(4)),
    ("RotatedReaching.rotations_of", "conditions", ROTATED.rotations_of, np.arange(4)),
    ("SequenceDrawing.draw", "conditions", drawn_by(SequenceDrawing()), np.arange(4)),
    ("EvidenceAccumulation.draw", "conditions", drawn_by(EvidenceAccumulation()), np.arange(4)),
    ("ReversalLearning.draw", "conditions", drawn_by(ReversalLearning()), np.arange(2)),
    ("run_cortex", "inputs", lambda x: run_cortex(WIRING, x), np.ones((S, T, 2))),
    ("carried_error", "error", lambda x: carried_error(CCRNN(), x, 2), VELOCITY[0]),
    ("run_trial", "inputs", lambda x: trial_with(inputs=x), np.ones((S, T, 2))),
    ("run_trial", "W_PC", lambda x: trial_with(W_PC=x), np.ones((S, 2, 6))),
    ("run_trial", "C", lambda x: trial_with(C=x), np.zeros((S, 2, N_CELLS))),
    ("run_trial", "noise", lambda x: trial_with(noise=x), np.zeros((S, T, N_CELLS))),
]
# Of the public functions, those that take models, configurations and what others have computed.
WITHOUT_ARRAYS = {
    *("simulate", "component_patterns", "plot_model_comparison", "recovery_table"),
    *("score_recovery", "trial_factors", "pretrain", "stack", "take", "answer", "calibrate"),
    *("check_given", "check_draw", "check_is_task", "check_task_members", "check_is_plant"),
    *("chosen", "condition_of", "configuration_of", "direction_of", "labels_of", "next_answer"),
    *(
        "told",
        "target_radius_of",
        "register_task",
        "check_is_simulator",
        "list_simulators",
        "load_simulator",
    ),
    *("check_plant", "check_simulator", "check_task"),
    *("train_jointly", "missed", "internal_error", "n_trained", "dense", "learn_from_rewards"),
    "push_ahead",
    *("without_cerebellum", "without_expansion", "without_feedback"),
    *("load_course", "load_circuit", "list_packaged"),
    *("n_packaged", "compare_theories", "effect", "packaged_problems", "recovery_benchmark"),
    *("markdown", "naive", "one_rate_of", "reach_errors"),
    *("gains_of", "reward_error", "has_choices", "task_from", "cast_of", "measure_all", "table"),
}


def outcome(call, values):
    try:
        return flat(call(values))
    except ValueError as error:
        assert ": " in str(error), "no argument is named"
        return "refused"


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("name", "call", "values"), CALLS)
def test_masked_is_nan(name, call, values):
    gone = np.zeros(values.shape, bool)
    gone.flat[[1, -2]] = True
    nan = np.where(gone, np.nan, values)
    masked = np.ma.masked_array(np.where(gone, -999.0, values), gone)
    expected = outcome(call, nan)
    assert outcome(call, masked) == expected
    assert outcome(call, np.ma.masked_array(values, False)) == outcome(call, values)
    assert expected != outcome(call, values), "the missing values should matter here"


@pytest.mark.parametrize(("name", "argument", "call", "values"), WHOLE)
def test_masked_is_refused_by_name(name, argument, call, values):
    assert flat(call(np.ma.masked_array(values, False))) == flat(call(values))
    gone = np.zeros(values.shape, bool)
    gone.flat[0] = True
    with pytest.raises(ValueError, match=f"^{argument}: 1 of {values.size} entries is masked"):
        call(np.ma.masked_array(values, gone))


def test_a_score_is_that_of_what_is_known():
    gone = np.arange(40) % 5 == 0
    given = np.where(gone[:, None], np.nan, FACTORS)
    found = learning_score(given, CURVES[:, 0], **SHUFFLES).value
    assert found == learning_score(FACTORS[~gone], CURVES[~gone, 0], **SHUFFLES).value
    found = subspace_overlap(np.where(gone[:30, None], np.nan, NEURONS), NEURONS[:, :1] + 0.1)
    assert found == subspace_overlap(NEURONS[~gone[:30]], NEURONS[~gone[:30], :1] + 0.1)


def test_missing_entries_are_no_zeros_in_a_comparison():
    rank_one = 1 + np.outer(np.linspace(0, 1, 60), np.ones(48)).reshape(60, 6, 8)
    gone = RNG.random(rank_one.shape) < 0.2
    given = np.where(gone, np.nan, rank_one)
    found = compare(given, rank_one, n_components=1, n_shuffles=5)
    changes = rank_one - rank_one.mean(axis=0)
    model = TCA(1, random_state=0).fit(changes)
    cosine = np.corrcoef(found.recording.model.trial_factors_[:, 0], model.trial_factors_[:, 0])
    assert abs(cosine[0, 1]) > 0.99


def test_trials_of_no_condition_are_missing():
    X = labelled(TENSOR).assign_coords(
        target=("trial", np.array(["", None, "a", b"b"] * 15, object))
    )
    found = about_conditions(X, "target")
    known = np.isfinite(found.values).all(axis=(1, 2))
    assert known.tolist() == [False, False, True, True] * 15
    np.testing.assert_allclose(found.values[2::4].mean(axis=0), 0, atol=1e-12)


def test_no_function_is_left_out():
    tried = {name for name, *_ in CALLS} | {name for name, *_ in WHOLE}
    found = pkgutil.iter_modules(trialtensor_models.__path__)
    for room in ("trialtensor_models", *(f"trialtensor_models.{each.name}" for each in found)):
        module = importlib.import_module(room)
        for name in getattr(module, "__all__", ()):
            public = getattr(module, name)
            # A phenomenon takes the subjects that are compared, and nothing else.
            if inspect.isfunction(public) and "cast" not in inspect.signature(public).parameters:
                assert name in tried | WITHOUT_ARRAYS, f"{room}.{name}"


def test_spikes_are_drawn_from_labelled_activity():
    from trialtensor_models.sessions.spikes import draw_spikes

    masked = np.ma.masked_array(np.ones((2, 3, 4)), np.zeros((2, 3, 4)))
    with pytest.raises(ValueError, match=r"^activity: expected a DataArray with a time"):
        draw_spikes(masked)
