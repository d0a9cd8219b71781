"""Sessions of the packaged network: reaches, bits, truth, files and refusals."""

from dataclasses import replace

import h5py
import numpy as np
import pytest
import xarray as xr

import trialtensor as tt
from trialtensor_models import (
    CCRNN,
    CenterOut,
    Cerebellum,
    Cortex,
    PointMass,
    Schedule,
    TwoLinkArm,
    UnstableDynamicsError,
    simulate,
)
from trialtensor_models.network import CorticalWeights, n_packaged
from trialtensor_models.plasticity import gains_of, learner
from trialtensor_models.training.reaching import reach_errors

QUIET = PointMass(motor_noise=0.0)
SHORT = Schedule().baseline(2).rotate(30, 4).clamp(2)


@pytest.fixture(scope="session")
def model():
    return CCRNN.pretrained()


@pytest.fixture(scope="session")
def run(model):
    return simulate(model, CenterOut(), SHORT, seed=3)


def noiseless(model):
    return replace(model, cortex=replace(model.cortex, noise=0.0))


@pytest.mark.parametrize("seed", range(n_packaged("center_out")))
@pytest.mark.parametrize("plant", [QUIET, TwoLinkArm(motor_noise=0.0)])
def test_reaches(seed, plant):
    for first_angle in (0.0, 11.25, 5.6):
        degrees, share = reach_errors(noiseless(CCRNN.pretrained(seed)), plant, first_angle)
        assert degrees < 2 and share < 0.05


def test_same_seed_same_bits_alone_or_side_by_side(model, run):
    again = simulate(model, CenterOut(), SHORT, seed=3)
    beside = simulate(model, CenterOut(), SHORT, seed=[5, 3])[1]
    for other in (again, beside):
        xr.testing.assert_identical(run.activity, other.activity)
        xr.testing.assert_identical(run.behaviour, other.behaviour)
        np.testing.assert_array_equal(run.truth.C, other.truth.C)
    different = simulate(model, CenterOut(), SHORT, seed=4)
    assert not np.array_equal(run.activity, different.activity)


def test_global_random_state_is_left_alone(model):
    before = np.random.get_state()[1].copy()
    simulate(model, CenterOut(), Schedule().baseline(1), record="behaviour")
    np.testing.assert_array_equal(before, np.random.get_state()[1])


def test_seeds_may_end_at_different_trials(model):
    schedule = Schedule().rotate(30, 12).rotate(-30, until="zero").clamp(3)
    runs = simulate(model, CenterOut(n_targets=1), schedule, seed=range(3), record="behaviour")
    for run in runs:
        kinds = run.behaviour["epoch"].values
        assert list(kinds[-3:]) == ["clamp"] * 3
        adaptation = run.behaviour["adaptation"].values[run.behaviour["block"].values == 1]
        assert adaptation[-1] <= 0 and (adaptation[:-1] > 0).all()


def test_activity_is_labelled_and_goes_straight_into_a_model(run):
    assert run.activity.dims == ("trial", "neuron", "time")
    assert run.activity.sizes == {"trial": 8, "neuron": 442, "time": 45}
    assert set(run.activity["region"].values) == {"cortex", "pons", "granule", "nuclei"}
    assert list(run.activity["epoch"].values) == ["baseline"] * 2 + ["rotate"] * 4 + ["clamp"] * 2
    fitted = tt.TCA(2, n_init=1, random_state=0).fit(run.activity)
    assert fitted.trial_factors_.shape == (8, 2)


def test_truth_adds_up(model, run):
    truth = run.truth
    # Nothing is learned before the first trial, and every change of W lies in the thalamic plane.
    assert (truth.C[0] == 0).all() and (truth.W_PC[0] == 0).all()
    assert np.linalg.matrix_rank(truth.delta_W(7)) == 2
    inside = truth.subspaces["thalamic"] @ truth.subspaces["thalamic"].T @ truth.delta_W(7)
    np.testing.assert_allclose(inside, truth.delta_W(7), atol=1e-9)
    np.testing.assert_allclose(model.wiring.W_out[0] @ truth.subspaces["output_null"], 0, atol=1e-9)
    cortex = run.activity["region"].values == "cortex"
    naive = truth.counterfactual["neither"].values[:, cortex]
    # Same noise: before anything is learned the counterfactuals are the trial itself.
    np.testing.assert_array_equal(naive[0], run.activity.values[0, cortex])
    assert np.abs(naive[5] - run.activity.values[5, cortex]).max() > 0.01
    assert float(np.abs(truth.fast[0])) < 1e-9 and float(np.abs(truth.slow[0])) < 1e-9


def test_fast_and_slow_are_what_a_block_removes_and_leaves(model):
    quiet = noiseless(model)
    schedule = Schedule().rotate(30, 10).clamp(1, learns=False).clamp(1, learns=False, cerebellum=0)
    run = simulate(quiet, CenterOut(n_targets=1), schedule, plant=QUIET, record="behaviour")
    adaptation = run.behaviour["adaptation"].values
    naive = float(adaptation[0])
    np.testing.assert_allclose(adaptation[11], run.truth.slow[11] + naive, atol=1e-9)
    np.testing.assert_allclose(
        adaptation[10], run.truth.slow[10] + run.truth.fast[10] + naive, atol=1e-9
    )


def test_probes_leave_no_trace(model):
    run = simulate(
        model, CenterOut(), Schedule().rotate(30, 3, learns=False).baseline(1), record="behaviour"
    )
    assert (run.truth.C == 0).all() and (run.truth.W_PC == 0).all()


def test_weights_are_stored_factored(run):
    # 1,000 trials: 9.6 MB, where the dense changes of W alone would be 160 MB.
    assert run.truth.nbytes / 8 == 4 * (2 * 200 + 2 * 1000)


@pytest.mark.slow
@pytest.mark.parametrize("plant", [QUIET, TwoLinkArm(motor_noise=0.0)])
def test_curl_field_is_learned_with_opposite_after_effects(model, plant):
    schedule = Schedule().baseline(1).curl(13, 80).washout(1)
    run = simulate(model, CenterOut(n_targets=1), schedule, plant=plant, record="behaviour")
    deviation = run.behaviour["deviation"].values
    assert deviation[1] < -0.01
    assert abs(deviation[80]) < 0.5 * abs(deviation[1])
    assert deviation[81] > 0.005


def test_lesion_of_the_nuclei_scales_what_they_send(model):
    half = model.lesion("nuclei", scale=0.5).lesion("nuclei", scale=0.5)
    assert half.cerebellum.output == 0.25
    assert gains_of(half) is gains_of(model)
    blocked = simulate(
        model.lesion("nuclei"), CenterOut(), Schedule().rotate(30, 3), record="behaviour"
    )
    np.testing.assert_allclose(blocked.truth.fast, 0, atol=1e-9)
    assert (blocked.truth.C == 0).all()


def test_lesion_of_units_silences_them(model):
    lesioned = model.lesion("granule", fraction=0.3)
    run = simulate(lesioned, CenterOut(), Schedule().baseline(8), n_granule=None)
    granule = run.activity.values[:, run.activity["region"].values == "granule"]
    intact = simulate(model, CenterOut(), Schedule().baseline(8), n_granule=None)
    before = intact.activity.values[:, intact.activity["region"].values == "granule"]
    silent, silent_before = ((part == 0).all((0, 2)).mean() for part in (granule, before))
    assert silent >= 0.3 > silent_before


def test_other_sizes(model):
    small = model.scale(granule=300, pons=20)
    run = simulate(small, CenterOut(), Schedule().rotate(30, 2), n_granule=None)
    assert run.activity.sizes["neuron"] == 200 + 20 + 300 + 2


def test_spikes(run):
    spikes = run.spikes(rate_scale=50, bin_width=0.06, seed=1)
    assert spikes.sizes == {"trial": 8, "neuron": 442, "time": 15}
    assert spikes.dtype.kind == "i" and (spikes >= 0).all()
    cortex = spikes["region"].values == "cortex"
    expected = run.activity.values[:, cortex].mean() * 50 * 0.06
    assert abs(spikes.values[:, cortex].mean() / expected - 1) < 0.05


def test_network_survives_its_file(model, tmp_path):
    path = tmp_path / "network.h5"
    model.lesion("pons", fraction=0.1).save(path)
    back = CCRNN.load(path)
    assert back.silenced == (("pons", 0.1),)
    for name in ("W", "W_in", "W_th", "W_out", "b"):
        np.testing.assert_array_equal(getattr(back.weights, name), getattr(model.weights, name))
    with h5py.File(path, "a") as file:
        file.attrs["format_version"] = 99
    with pytest.raises(ValueError, match="is a network of version 99, this package reads version"):
        CCRNN.load(path)
    path.write_bytes(b"no")
    with pytest.raises(ValueError, match="is not a complete network"):
        CCRNN.load(path)


def test_unstable_dynamics_are_named(model, monkeypatch):
    wild = replace(model, weights=replace_weights(model.weights, W=model.weights.W * 8))
    # Gains can't be measured on such a network: it takes those of the one that it came from.
    monkeypatch.setattr(learner, "gains_of", lambda _: gains_of(model))
    with pytest.raises(
        UnstableDynamicsError, match=r"cortex: activity grew .* on trial 0 \(block 0"
    ):
        simulate(wild, CenterOut(), Schedule().baseline(1))


def replace_weights(weights, **changes):
    arrays = {name: getattr(weights, name) for name in ("W", "W_in", "W_th", "W_out", "b")}
    return CorticalWeights(**{**arrays, **changes})


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda m: simulate(m, CenterOut(), Schedule()), "schedule: it has no trials"),
        (
            lambda m: simulate(m, CenterOut(), Schedule().clamp(1, targets=(8,))),
            r"targets: expected conditions from 0 to 7, got \(8,\)",
        ),
        (lambda m: simulate(m, CenterOut(), SHORT, seed=[]), "seed: expected at least one"),
        (
            lambda m: simulate([m, m], CenterOut(), SHORT, seed=[1]),
            "model: expected one, or one for each of 1 seeds, got 2",
        ),
        (lambda m: m.lesion("striatum"), "region: expected one of .*, got 'striatum'"),
        (lambda m: replace(m, cortex=Cortex(n_units=50)), "weights: they are for 200 cortical"),
        (lambda m: replace(m, cerebellum=Cerebellum(n_inputs=50)), "n_inputs: a granule cell"),
        (lambda m: CCRNN().wiring, "weights: the network has none"),
        (lambda m: CCRNN.pretrained(task="chess"), "task: there are networks for"),
        (lambda m: m.with_plasticity(A_f=2), "A_f: expected a number from 0 to 1"),
        (lambda m: m.with_plasticity(teacher="none"), "teacher: expected one of"),
        (lambda m: CenterOut(n_targets=0), "n_targets: expected an integer of at least 1"),
    ],
)
def test_bad_input(model, call, message):
    with pytest.raises(ValueError, match=message):
        call(model)
