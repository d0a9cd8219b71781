"""Every public function refuses parameters of the wrong kind, by name, before any work."""

import inspect
import warnings

import numpy as np
import pytest
from matplotlib.figure import Figure
from sklearn.base import clone

import trialtensor as tt
import trialtensor_models as models
from trialtensor import alignment, data, plotting, selection, tracking
from trialtensor_models import analysis, network, sessions
from trialtensor_models.plasticity import Critic
from trialtensor_models.sessions import Schedule

X = tt.make_tca(80, 12, 12, 2, snr=3.0, random_state=0).X
TCA = tt.TCA(2, n_init=2, random_state=0).fit(X)
STEP = np.r_[np.zeros(40), np.ones(40)] + 0.1 * np.random.default_rng(0).normal(size=80)
LABELS = np.repeat(["a", "b"], 40)
TRACE = models.TwoStateModel().simulate(np.ones(30))
EXACT = analysis.make_exact(TRACE, random_state=0)
COLUMNS = np.random.default_rng(0).normal(size=(30, 2))
HALVES = {"early": np.arange(40), "late": np.arange(40, 80)}

# What else each function needs.
CALLS = {
    data.make_tca: {},
    data.make_slicetca: {},
    data.make_parafac2: {},
    data.make_mask: {"shape": (20, 10, 10)},
    tt.TCA: {"n_components": 2},
    tt.SliceTCA: {"n_components": (1, 1, 1)},
    tt.Parafac2: {"n_components": 2},
    tt.CoupledTCA: {"n_components": 2},
    tt.TrialVaryingDynamics: {"n_components": 2},
    selection.CrossValidatedSearch: {"estimator": TCA, "n_components": [1, 2]},
    selection.Speckled: {},
    selection.TimeBlocks: {},
    selection.TrialsByNeurons: {},
    selection.WholeTrials: {},
    selection.bootstrap: {"model": TCA, "X": X},
    selection.component_test: {"model": TCA, "X": X},
    selection.fit_ranks: {"estimator": clone(TCA), "n_components": [1], "X": X},
    selection.compare_transforms: {"X": X, "n_components": 1},
    selection.restart_profile: {"estimator": clone(TCA), "n_components": [1], "X": X},
    selection.stability: {"model": TCA},
    alignment.match_fits: {"fits": [TCA, TCA]},
    tracking.transitions: {"values": STEP},
    tracking.change_points: {"values": STEP},
    tracking.smooth_curve: {"values": STEP},
    tracking.learning_curve: {"values": STEP},
    tracking.block_contrasts: {"values": STEP, "labels": LABELS},
    tracking.relate: {"component": STEP, "behaviour": STEP},
    tracking.track: {"model": STEP},
    tracking.two_rate_fit: {"y": STEP, "perturbation": np.ones(80)},
    tracking.one_rate_fit: {"y": STEP, "perturbation": np.ones(80)},
    tracking.pattern_change: {"X": X, **HALVES},
    tracking.subspace_drift: {"X": X},
    tracking.trial_similarity: {"X": X},
    plotting.plot_factors: {"model": TCA},
    plotting.factor_grid: {},
    plotting.slice_grid: {},
    plotting.save_figure: {"drawn": Figure(), "path": "never.png"},
    models.simulate: {
        "model": models.CCRNN.pretrained(),
        "task": models.CenterOut(),
        "schedule": Schedule().baseline(1),
    },
    models.CenterOut: {},
    models.ReversalLearning: {},
    models.EvidenceAccumulation: {},
    models.DelayedMatch: {},
    models.PointMass: {},
    models.TwoStateModel: {},
    models.OneStateModel: {},
    network.Cortex: {},
    network.Pathways: {},
    network.Cerebellum: {},
    network.Plasticity: {},
    network.Blueprint: {},
    network.pretrain: {"network": network.Blueprint()},
    models.CCRNN.pretrained: {},
    Critic: {"n_conditions": 2},
    analysis.compare: {"recording": X, "simulation": X},
    analysis.make_exact: {"trace": TRACE},
    analysis.score_recovery: {"model": tt.TCA(3, n_init=2).fit(EXACT.activity), "truth": EXACT},
    analysis.learning_score: {"trial_factors": COLUMNS, "curve": COLUMNS[:, 0]},
    analysis.one_factor_scores: {"trial_factors": COLUMNS, "curves": COLUMNS},
    analysis.factor_score: {"found": (COLUMNS,) * 3, "planted": (COLUMNS,) * 3},
    analysis.subspace_score: {"found": COLUMNS, "planted": COLUMNS},
    analysis.region_score: {"strength": COLUMNS[:, 0], "inside": COLUMNS[:, 1] > 0},
    sessions.draw_spikes: {
        "activity": models.simulate(
            models.CCRNN.pretrained(), models.CenterOut(), Schedule().baseline(1)
        ).activity
    },
    Schedule().baseline: {},
    Schedule().clamp: {},
    Schedule().rotate: {"degrees": 30, "n_trials": 2},
    Schedule().curl: {"strength": 10, "n_trials": 2},
}  # fmt: skip
WHOLE = {
    "n_trials", "n_neurons", "n_times", "n_components", "n_private", "n_init", "max_iter",
    "n_seeds", "n_splits",
    "length", "guard", "n_samples", "block", "n_permutations", "n_null", "n_bootstrap", "min_size",
    "gap", "max_lead", "n_units", "n_windows", "n_dims", "max_components", "n_granule", "n_targets",
    "n_pons", "n_inputs", "n_iterations", "batch_size", "n_shuffles", "seed", "n_jobs",
    "reference", "n_conditions", "ramp", "max_transitions", "n_draws",
}  # fmt: skip
SEEDS = {"random_state"}
NUMBERS = {
    "tol", "missing_weight", "fraction", "missing_fraction", "collinearity", "overlap", "snr",
    "alpha", "level", "bandwidth", "bin_width", "rate_scale", "distance", "hold", "duration",
    "stay", "turn", "exploration", "reward_probability", "noise", "cue", "stimulus", "sample",
    "delay", "test", "mass", "viscosity", "motor_noise", "A", "B", "A_f", "B_f", "A_s", "dt", "tau",
    "coding_level", "output", "thalamic_delay", "response_lag", "pons_rate", "learning_rate",
    "rate_penalty", "rate", "degrees", "strength", "first_angle",
}  # fmt: skip
FLAGS = {"nonnegative", "balanced", "refit", "detrend", "scale", "offset", "report", "weights"}
NAMES = {
    "init", "gauge", "shared", "varying", "solver", "rule", "null", "form", "kind", "missing",
    "structure",
    "record", "teacher", "axes",
}  # fmt: skip
# None has a meaning of its own, or the name one of another kind here.
OPTIONAL = {
    "n_jobs", "gap", "max_lead", "max_components", "bandwidth", "missing", "random_state",
    "n_granule", "B_s",
}  # fmt: skip
ELSEWHERE = {
    ("factor_grid", "n_components"), ("pretrain", "report"), ("plot_factors", "axes"),
    ("factor_grid", "axes"), ("TCA", "init"), ("SliceTCA", "init"), 
    ("make_exact", "n_neurons"), ("region_score", "strength"),
    # True, False, or a number that is known.
    ("two_rate_fit", "scale"), ("one_rate_fit", "scale"),
}  # fmt: skip


def _cases():
    kinds = (
        (WHOLE, (1.5, True, "3", None, -1, 2.0, float("nan"))),
        (SEEDS, (1.5, True, "3", -1)),
        (NUMBERS, ("3", None, float("nan"), True, -float("inf"))),
        (FLAGS, ("yes", 2)),
        (NAMES, ("nosuch", 3)),
    )
    for call in CALLS:
        for name, parameter in inspect.signature(call).parameters.items():
            if (call.__name__, name) in ELSEWHERE:
                continue
            for names, values in kinds:
                if name in names:
                    for value in values:
                        if value is None and (name in OPTIONAL or parameter.default is None):
                            continue
                        if (name, value) == ("n_jobs", -1):
                            continue
                        yield pytest.param(call, name, value, id=f"{call.__name__}-{name}-{value}")
            if name == "options":
                for value in (1.5, True, "3", -1, None):
                    yield pytest.param(call, "ramp", value, id=f"{call.__name__}-ramp-{value}")


def _attempt(call, given):
    """Call, and let what only stores its parameters look at them."""
    made = call(**given)
    if isinstance(made, tt.TCA):
        made.check_data(X)  # which names of axes there are, the data say
    elif hasattr(made, "check_parameters"):
        made.check_parameters()
    elif isinstance(made, selection.CrossValidatedSearch):
        made.fit(X)


@pytest.mark.parametrize(("call", "name", "value"), list(_cases()))
def test_it_is_refused_by_name(call, name, value):
    given = CALLS[call] | {name: value}
    if name not in ("n_trials", "degrees", "strength") and call.__name__ in ("baseline", "clamp"):
        given["n_trials"] = 2
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ValueError, match=rf"^{name}\b"):
            _attempt(call, given)


@pytest.mark.parametrize(
    ("call", "given"),
    [
        (tt.make_tca, {"n_trials": np.int64(12), "n_components": np.int8(2)}),
        (tt.make_tca, {"random_state": np.int64(3)}),
        (tracking.change_points, {"values": STEP, "min_size": np.int32(5)}),
        (tracking.relate, {"component": STEP, "behaviour": STEP, "n_null": np.int64(19)}),
        (tracking.trial_similarity, {"X": X, "n_windows": np.uint8(10)}),
        (selection.Speckled, {"n_splits": np.int64(3), "random_state": np.int64(0)}),
        (tt.TCA, {"n_components": np.int64(2), "n_init": np.int64(3), "verbose": True}),
        (models.CenterOut, {"n_targets": np.int64(4)}),
    ],
)  # fmt: skip
def test_whole_numbers_of_numpy_are_whole_numbers(call, given):
    _attempt(call, given)


def test_every_name_of_an_integer_is_among_those_tried():
    """A new function with a count must be tried as well."""
    missed = set()
    for package in (data, selection, tracking, alignment, plotting, sessions, analysis, network):
        for name in package.__all__:
            call = getattr(package, name)
            if not inspect.isfunction(call):
                continue
            for parameter in inspect.signature(call).parameters.values():
                is_count = "int" in str(parameter.annotation).replace("Interval", "").split("[")[0]
                if is_count and call not in CALLS and isinstance(parameter.default, int):
                    missed.add(name)
    assert missed <= {"check_trial_tensor"}
