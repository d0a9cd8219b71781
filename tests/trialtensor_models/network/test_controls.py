"""Controls, each against its definition."""

from dataclasses import replace

import numpy as np
import pytest

from trialtensor_models import CCRNN, CenterOut, Schedule, simulate
from trialtensor_models.network import AS_IT_IS, run_cortex, run_trial
from trialtensor_models.plasticity import gains_of

ONE = CenterOut(n_targets=1)
LEARN = Schedule().rotate(30, 12)


def end_errors(model):
    """Share of the distance by which noiseless reaches to 16 targets miss."""
    draw = model.reference_draw()
    command = run_cortex(model.wiring, draw.inputs)[1]
    missed = (command.sum(1) - draw.desired.sum(1)) * model.cortex.dt
    return np.linalg.norm(missed, axis=1) / 0.1


MADE = {
    "untrained": CCRNN.untrained,
    "no recurrence": lambda: CCRNN.pretrained().without_recurrence(),
    "no expansion": lambda: CCRNN.pretrained().without_expansion(),
    "cerebellum": lambda: CCRNN.pretrained().cerebellum_only(),
    "cortex": lambda: CCRNN.pretrained().cortex_only(),
    "several": lambda: CCRNN.untrained(1).without_recurrence().without_expansion(),
}


@pytest.mark.parametrize("make", MADE.values(), ids=MADE)
def test_control_learns_saves_and_loads(make, tmp_path):
    model = make()
    assert np.mean(end_errors(model)) < 0.06
    model.save(tmp_path / "control.h5")
    runs = [
        simulate(each, ONE, LEARN, seed=3, record="behaviour")
        for each in (model, CCRNN.load(tmp_path / "control.h5"))
    ]
    first, again = ((run.truth.fast + run.truth.slow).values for run in runs)
    assert np.array_equal(first, again)
    assert 0.1 * 30 < first[-1] < 0.8 * 30


def by_hand(weights, inputs, arriving, leak):
    """Rates of a cortex without recurrence, unit by unit: each filters its own input."""
    rates = np.zeros((len(inputs), len(weights.b)))
    for unit in range(len(weights.b)):
        h = 0.0
        for t in range(len(inputs)):
            drive = weights.b[unit] + sum(
                w * x for w, x in zip(weights.W_in[unit], inputs[t], strict=True)
            )
            drive += weights.W_th[unit] @ arriving[t]
            h = (1 - leak) * h + leak * drive
            rates[t, unit] = max(h, 0.0)
    return rates


def test_without_recurrence_every_unit_is_alone():
    model = CCRNN.pretrained().without_recurrence()
    draw = model.reference_draw()
    W_PC = np.random.default_rng(0).normal(size=(1, 2, 1000)) * 1e-3
    found = run_trial(model.wiring, draw.inputs[[3]], W_PC, np.zeros((1, 2, 200)), AS_IT_IS)
    arriving = found.arriving[0, 0]
    assert np.abs(arriving).max() > 0.005
    expected = by_hand(model.weights, draw.inputs[3], arriving, 0.01 / 0.05)
    assert np.allclose(found.cortex[0, 0], expected, atol=1e-10)


def test_without_recurrence_keeps_all_but_recurrence_and_readout():
    model = CCRNN.pretrained(1)
    cut = model.without_recurrence()
    assert not cut.weights.W.any()
    for name in ("W_in", "W_th", "b"):
        assert np.array_equal(getattr(cut.weights, name), getattr(model.weights, name)), name
    # The old readout is of no use to units that are alone; the new one reaches.
    old = replace(cut, weights=replace(cut.weights, W_out=model.weights.W_out))
    assert end_errors(cut).mean() < 0.05 < 0.3 < end_errors(old).mean()


def test_controls_of_the_same_weights_share_their_gains():
    one, other = (CCRNN.pretrained().without_recurrence() for _ in range(2))
    assert gains_of(one) is gains_of(other.with_plasticity(B_f=0.1))
    assert gains_of(one) is not gains_of(CCRNN.pretrained())


def test_untrained_is_random_and_differs_by_seed():
    first, again, other = CCRNN.untrained(), CCRNN.untrained(), CCRNN.untrained(1)
    assert first.weights is again.weights
    W = first.weights.W
    # Independent draws: entries of standard deviation 1.2 / sqrt(200), and no structure in them.
    assert W.std() == pytest.approx(1.2 / np.sqrt(200), rel=0.02)
    assert abs(np.corrcoef(W.ravel(), other.weights.W.ravel())[0, 1]) < 0.02
    assert abs(np.corrcoef(W.ravel(), CCRNN.pretrained().weights.W.ravel())[0, 1]) < 0.02
    assert first.task == CCRNN.pretrained().task
    with pytest.raises(ValueError, match=r"task: there are networks for .*got 'magic'"):
        CCRNN.untrained(task="magic")


def test_readout_obeys_the_thalamus():
    model = CCRNN.untrained()
    draw = model.reference_draw()
    inputs = np.concatenate([draw.inputs, np.zeros((16, 90, 2))], axis=2)
    inputs[:, 30:60, 3:] = [0.05, -0.02]
    plain, pushed = (
        run_cortex(
            replace(
                model.wiring, W_in=np.concatenate([model.wiring.W_in, model.wiring.W_th], axis=2)
            ),
            np.where(np.arange(5) < 3, inputs, inputs * on),
        )[1]
        for on in (0, 1)
    )
    # What came in through the thalamus is added to the displacement.
    assert (pushed - plain).sum(1).mean(0) == pytest.approx(30 * np.array([0.05, -0.02]), rel=0.35)


def test_without_expansion_nuclei_weigh_the_pons():
    model = CCRNN.pretrained().without_expansion()
    draw = model.reference_draw()
    W_PC = np.random.default_rng(0).normal(size=(1, 2, 40)) * 1e-3
    found = run_trial(model.wiring, draw.inputs[[0]], W_PC, np.zeros((1, 2, 200)), AS_IT_IS)
    m, sigma = found.pons[0, 0], model.wiring.sigma.item()
    assert m.min() < 0
    assert np.allclose(found.granule[0, 0], m / sigma)
    assert np.allclose(found.nuclei[0, 0], m / sigma @ W_PC[0].T)
    # Lesions are of these signals, too, and more pontine units are as many signals.
    lesioned = model.lesion("granule", fraction=0.5).wiring
    silent = run_trial(lesioned, draw.inputs[[0]], W_PC, np.zeros((1, 2, 200)), AS_IT_IS).granule
    assert (~silent.any((0, 1, 2))).sum() == 20
    assert model.scale(pons=60).cerebellum.n_granule == 60
    with pytest.raises(ValueError, match="n_granule: without expansion expected n_pons = 40"):
        model.scale(granule=100)
    with pytest.raises(ValueError, match="need the same sizes"):
        small = CCRNN.pretrained().scale(granule=40)
        simulate([model, small], ONE, LEARN, seed=[0, 1])


def test_one_region_learns():
    model = CCRNN.pretrained()
    cerebellum, cortex = (
        simulate(each, ONE, LEARN, record="behaviour")
        for each in (model.cerebellum_only(), model.cortex_only())
    )
    assert not cerebellum.truth.C.any() and cerebellum.truth.W_PC[-1].any()
    assert np.allclose(cerebellum.truth.slow, 0) and cerebellum.truth.fast[-1] > 6
    assert np.allclose(cortex.truth.fast, 0) and cortex.truth.slow[-1] > 3
    assert cortex.truth.C[-1].any()
    # The error teaches, also if the network had another teacher and rates before.
    changed = model.with_plasticity(B_s=0.5).cortex_only().plasticity
    assert (changed.teacher, changed.slow_rate) == ("parallel", 0.02)
