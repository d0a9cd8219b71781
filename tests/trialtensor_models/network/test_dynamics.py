"""One trial, against the equations written out, and what networks share."""

from dataclasses import replace

import numpy as np
import pytest

from trialtensor_models import CCRNN, CenterOut, Pathways, Schedule, simulate
from trialtensor_models.network import Versions, run_cortex, run_trial
from trialtensor_models.plasticity import gains_of

VERSIONS = Versions(
    cerebellum=np.array([1.0, 0.0, 1.0]),
    cortex=np.array([1.0, 1.0, 0.0]),
    noise=np.array([1.0, 1.0, 0.0]),
)


@pytest.fixture(scope="module")
def model():
    return CCRNN.pretrained().scale(granule=100)


@pytest.fixture(scope="module")
def learned(model):
    rng = np.random.default_rng(0)
    return 1e-3 * rng.normal(size=(2, 100)), 1e-2 * rng.normal(size=(2, 200))


def by_the_equations(model, inputs, W_PC, C, cerebellum, cortex, noise, delay):
    """Command and granule cells of one version, step by step."""
    w = model.wiring
    h = r = np.zeros(200)
    sent, commands, granule = [], [], []
    for t, u in enumerate(inputs):
        c = sent[t - delay] if t >= delay else np.zeros(2)
        recurrent = w.W[0] + cortex * w.W_th[0] @ C
        total = recurrent @ r + w.W_in[0] @ u + w.W_th[0] @ c + w.b[0, 0] + noise[t]
        h = h + w.leak * (total - h)
        r = np.maximum(h, 0)
        m = w.P[0] @ (r - w.r_mean[0, 0])
        g = np.maximum(w.J[0] @ m / w.sigma[0, 0, 0] - w.theta[0, 0], 0)
        spared, slope = w.golgi[0, 0]
        g = g / np.sqrt(spared + slope * sum(each**2 for each in g))
        sent.append(cerebellum * W_PC @ g)
        commands.append(w.W_out[0] @ r)
        granule.append(g)
    return np.array(commands), np.array(granule)


@pytest.mark.parametrize("delay", [1, 2, 7, 200])
def test_trial_is_that_of_the_equations(model, learned, delay):
    W_PC, C = learned
    inputs = model.reference_draw().inputs[:1]
    noise = 0.05 * np.random.default_rng(1).normal(size=(1, inputs.shape[1], 200))
    wiring = replace(model.wiring, delay=delay)
    found = run_trial(wiring, inputs, W_PC[None], C[None], VERSIONS, noise, 0.5)
    parts = zip(VERSIONS.cerebellum, VERSIONS.cortex, VERSIONS.noise, strict=True)
    for v, (cerebellum, cortex, noisy) in enumerate(parts):
        command, granule = by_the_equations(
            model, inputs[0], W_PC, C, 0.5 * cerebellum, cortex, noisy * noise[0], delay
        )
        np.testing.assert_allclose(found.command[0, v], command, atol=1e-12)
        np.testing.assert_allclose(found.granule[0, v], granule, atol=1e-10)


def test_conditions_may_share_a_network(model, learned):
    W_PC, C = (np.stack([0 * each, each, 2 * each]) for each in learned)
    inputs = model.reference_draw().inputs[:3]
    together = run_trial(model.wiring, inputs, W_PC, C, VERSIONS)
    for i in range(3):
        alone = run_trial(model.wiring, inputs[[i]], W_PC[[i]], C[[i]], VERSIONS)
        np.testing.assert_allclose(together.nuclei[i], alone.nuclei[0], atol=1e-12)
    silent = run_trial(model.wiring, inputs, 0 * W_PC, C, VERSIONS)
    cortex, command = run_cortex(model.wiring, inputs, C)
    np.testing.assert_allclose(cortex, silent.cortex[:, 0], atol=1e-12)
    np.testing.assert_allclose(command, silent.command[:, 0], atol=1e-12)


def test_what_networks_share_is_found_once(model):
    others = (
        model.with_plasticity(A_f=0.5),
        model.lesion("nuclei", scale=0.5),
        replace(model, cortex=replace(model.cortex, noise=0.0)),
        CCRNN.pretrained().scale(granule=100),
    )
    for other in others:
        assert other.wiring is model.wiring and gains_of(other) is gains_of(model)
    lesioned = model.lesion("granule", fraction=0.5)
    assert gains_of(lesioned) is gains_of(model)
    assert np.isinf(lesioned.wiring.theta).sum() == 50
    assert np.isfinite(model.wiring.theta).all()
    wired_anew = replace(model, seed=7)
    assert not np.array_equal(wired_anew.wiring.J, model.wiring.J)


def test_a_delay_below_a_step_is_one_step(model):
    prompt = replace(model, pathways=Pathways(thalamic_delay=0.0))
    assert prompt.delay == 1 and prompt.lag == 8
    run = simulate(prompt, CenterOut(n_targets=1), Schedule().rotate(30, 3), record="behaviour")
    assert float(run.truth.fast[2]) > 0
