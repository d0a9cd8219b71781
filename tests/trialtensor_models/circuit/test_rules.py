"""Local rules against sums in plain loops, gradients against finite differences."""

from dataclasses import replace

import numpy as np
import pytest

from trialtensor_models.circuit import Anatomy
from trialtensor_models.circuit.dynamics import error_of, opponent, run
from trialtensor_models.circuit.gradient import Gradient
from trialtensor_models.circuit.local_rules import (
    cortical_change,
    parallel_fibre_change,
    trace_of,
)
from trialtensor_models.circuit.olive import complex_spikes
from trialtensor_models.circuit.pathways import TRAINED, constraints_of
from trialtensor_models.circuit.rules import by_gradient, rules_of

from .test_equations import ANATOMIES, SMALL, drawn


@pytest.fixture(scope="module")
def lived():
    anatomy = ANATOMIES["all signals"]
    weights, setpoints, trials = drawn(anatomy, pushes=1.0)
    activity = run(weights, setpoints, anatomy, trials)
    return anatomy, weights, setpoints, trials, activity


def test_parallel_fibre_change_in_loops(lived):
    anatomy, _, _, trials, activity = lived
    spikes = complex_spikes(activity, trials, anatomy)
    change = parallel_fibre_change(activity, spikes, anatomy)
    T, B, G = activity.granule.shape
    for cell, granule in ((0, 3), (7, 11), (17, 5), (25, 20)):
        module = cell // anatomy.n_purkinje
        lag, kept = trace_of(anatomy, anatomy.module[module])
        expected = 0.0
        for b in range(B):
            trace = 0.0
            for t in range(T):
                # What the synapse keeps of its granule cell's activity, delayed.
                late = activity.granule[t - lag, b, granule] if t >= lag else 0.0
                trace = kept * trace + (1 - kept) * late
                expected -= (spikes[t, b, module] - 1) * trace / B
        assert change[cell, granule] == pytest.approx(expected, abs=1e-12)
    assert change.shape == (anatomy.n_nuclei * anatomy.n_purkinje, G)


def test_cortical_change_in_loops(lived):
    anatomy, weights, setpoints, trials, activity = lived
    change = cortical_change(activity, trials, weights, setpoints, anatomy)
    T, B, N = activity.cortex.shape
    sent = (activity.nuclei - 1)[..., :8] @ opponent(anatomy, weights["W_th"])[:8]
    motor = [i for i in range(N) if i % 2]
    for i, j in ((1, 0), (3, 4), (11, 10)):
        top, power, size = 0.0, 0.0, 0.0
        for b in range(B):
            for t in range(T):
                told = sent[t - 1, b, i] if t else 0.0
                before = [
                    activity.cortex[t - 1, b, k] - setpoints.cortex[k]
                    if t and k not in motor
                    else 0
                    for k in range(N)
                ]
                top += told * before[j] / B
                met = 1 + sum(v**2 for v in before) + (trials.inputs[b, t] ** 2).sum()
                power, size = power + met * told**2, size + told**2
        assert change["W"][i, j] == pytest.approx(top / (power / size), rel=1e-9)
    assert (change["W"][::2] == 0).all()  # association units aren't taught
    assert (change["W"][:, 1::2] == 0).all()


@pytest.mark.parametrize("cut", [None, 7])
@pytest.mark.parametrize("name", ["all signals", "no expansion", "no cerebellum"])
def test_gradients_by_finite_differences(name, cut):
    torch = pytest.importorskip("torch")
    anatomy = ANATOMIES[name]
    weights, setpoints, trials = drawn(anatomy, pushes=1.0)
    names = [each for each in TRAINED if each in weights]
    gradient = Gradient(names, weights, constraints_of(weights, anatomy), anatomy, cut)
    gradient.weights = {
        key: torch.tensor(value, dtype=torch.float64) for key, value in weights.items()
    }
    for key in names:
        gradient.weights[key].requires_grad_()
    _activity, loss = gradient.loss(setpoints, trials)
    loss.backward()

    def numpy_loss(changed):
        found = run(changed, setpoints, anatomy, trials)
        error = error_of(found, trials, anatomy)
        return (error**2).mean() + 1e-3 * (found.cortex**2).mean()

    assert float(loss.detach()) == pytest.approx(numpy_loss(weights), rel=1e-12)
    rng, off = np.random.default_rng(0), 0
    for key in names:
        flat = np.flatnonzero(weights[key])
        for place in rng.choice(flat, size=min(4, len(flat)), replace=False):
            at = np.unravel_index(place, weights[key].shape)
            sides = []
            for step in (1e-6, -1e-6):
                changed = {**weights, key: weights[key].copy()}
                changed[key][at] += step
                sides.append(numpy_loss(changed))
            slope = (sides[0] - sides[1]) / 2e-6
            found = float(gradient.weights[key].grad[at])
            if cut is None:
                assert found == pytest.approx(slope, rel=1e-4, abs=1e-7), key
            off += abs(found - slope) > 1e-3 * max(abs(slope), 1e-6)
    if cut:
        assert off  # a cut gradient is another one


def test_a_cut_beyond_the_trial_changes_nothing():
    torch = pytest.importorskip("torch")
    anatomy = Anatomy(**SMALL)
    weights, setpoints, trials = drawn(anatomy)
    found = []
    for cut in (None, trials.inputs.shape[1]):
        gradient = Gradient(["W"], weights, constraints_of(weights, anatomy), anatomy, cut)
        gradient.loss(setpoints, trials)[1].backward()
        found.append(gradient.trained["W"].grad)
    assert torch.equal(*found)


def test_a_cut_gradient_stays_in_its_window():
    torch = pytest.importorskip("torch")
    anatomy = ANATOMIES["all signals"]
    weights, setpoints, trials = drawn(anatomy)
    gradient = Gradient(["W"], weights, constraints_of(weights, anatomy), anatomy, 5)
    noise = torch.tensor(trials.noise, dtype=torch.float32, requires_grad=True)
    activity, _ = gradient.loss(setpoints, replace(trials, noise=noise))
    activity.command[42].sum().backward()
    steps = noise.grad.abs().sum((0, 2)).nonzero().ravel().tolist()
    assert steps == [40, 41, 42]


def test_what_learns_by_which_rule():
    assert rules_of("local", True) == {"cortex": "local", "cerebellum": "local"}
    assert rules_of("bptt", False) == {"cortex": "bptt", "cerebellum": "none"}
    assert "w" not in by_gradient({"cortex": "bptt", "cerebellum": "local"})
    for wrong in ("hebb", {"cortex": "bptt"}, {"cortex": "no", "cerebellum": "local"}, 3):
        with pytest.raises(ValueError, match="rules"):
            rules_of(wrong, True)
    with pytest.raises(ValueError, match="taught by the cerebellum"):
        rules_of("local", False)
    with pytest.raises(ValueError, match="nothing would learn"):
        rules_of({"cortex": "none", "cerebellum": "none"}, True)
