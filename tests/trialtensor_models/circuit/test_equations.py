"""The circuit, simulated once more in plain loops from its documented equations."""

from dataclasses import replace

import numpy as np
import pytest

from trialtensor_models import CenterOut, RotatedReaching
from trialtensor_models.circuit import Anatomy, Setting
from trialtensor_models.circuit.dynamics import error_of, run
from trialtensor_models.circuit.olive import complex_spikes
from trialtensor_models.circuit.pathways import draw_weights
from trialtensor_models.circuit.setpoints import settle

SMALL = {"n_cortex": 12, "n_pons": 8, "ratio": 2.0, "n_purkinje": 2, "noise": 0.1}
ANATOMIES = {
    "motor": Anatomy(**SMALL),
    "all signals": Anatomy(**SMALL, signals=("motor", "sensory", "reward")),
    "no expansion": Anatomy(**SMALL, expansion=False),
    "no feedback": Anatomy(**SMALL, feedback_delay=None),
    "either sign": Anatomy(**SMALL, excitatory=None, nuclear_delay=0.06),
    "no cerebellum": Anatomy(**SMALL, cerebellum=False),
}


def drawn(anatomy, task=None, seed=0, **setting):
    task = RotatedReaching(n_targets=4) if task is None else task
    setting = Setting(task=task, **setting)
    rng = np.random.default_rng(seed)
    weights = draw_weights(anatomy, task.n_inputs, seed)
    trials = setting.draw(np.arange(3) * 6, anatomy, rng)
    if anatomy.cerebellum:
        # Learned weights, so that all terms matter.
        weights["w"] = weights["w"] * (0.5 + rng.random(weights["w"].shape))
    weights, setpoints = settle(weights, anatomy, trials)
    return weights, setpoints, trials


def in_loops(weights, points, anatomy, trials, b, output=1.0):
    """One trial, one unit and one step after the other."""
    positive = lambda value: max(0.0, value)  # noqa: E731
    N, T = anatomy.n_cortex, trials.inputs.shape[1]
    x, r, hand, reward = np.zeros(N), np.zeros(N), np.zeros(2), 0.0
    turn = np.deg2rad(trials.rotation[b])
    R = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    module = list(anatomy.module)
    kept = {name: [] for name in ("cortex", "pons", "granule", "purkinje", "nuclei", "command")}
    cursors, rows = [], []
    nuclear = max(1, round(anatomy.nuclear_delay / anatomy.dt))
    for t in range(T):
        if trials.reward is not None and t == trials.outcome:
            reward = 0.7
        seen = np.zeros(2)
        if anatomy.feedback_delay is not None:
            ago = t - 1 - round(anatomy.feedback_delay / anatomy.dt)
            seen = cursors[ago] if ago >= 0 else seen
        # Right, up, left, down, and reward; positions saturate nothing, their unit is half a reach.
        sensory = [positive(seen[0] / 0.5), positive(seen[1] / 0.5)]
        sensory += [positive(-seen[0] / 0.5), positive(-seen[1] / 0.5), reward]
        drive = weights["W_in"] @ trials.inputs[b, t] + weights["b"] + trials.noise[b, t]
        drive = drive + weights["W_s"] @ sensory
        if anatomy.cerebellum and t >= nuclear:
            sent = kept["nuclei"][t - nuclear]
            for i in range(N):
                for j, own in enumerate(module):
                    mates = [sent[k] for k in range(len(sent)) if module[k] == own]
                    drive[i] += output * weights["W_th"][i, j] * (sent[j] - sum(mates) / len(mates))
        x = x + weights["leak"] * (drive + weights["W"] @ r - x)
        r = np.array([positive(each) for each in x])
        kept["cortex"].append(r)
        if anatomy.cerebellum:
            m = [positive(weights["P"][k] @ r - points.pons[k]) for k in range(anatomy.n_pons)]
            mossy = np.array([*m, *sensory])
            q = mossy
            if anatomy.expansion:
                felt = weights["J"] @ mossy
                q = np.array(
                    [
                        positive(f - felt.mean() - th)
                        for f, th in zip(felt, points.granule, strict=False)
                    ]
                )
            Q = points.power[0]
            g = q / np.sqrt(Q * (0.2 + 0.8 * (q @ q) / Q))
            s = np.array(
                [positive(5 + sum((weights["w"][k] - weights["I"][k]) * g))
                 for k in range(len(weights["w"]))]
            )  # fmt: skip
            n = np.array(
                [positive(1 + weights["M"][j] @ mossy - points.nuclei[j]
                          - weights["D"][j] @ (s - 5)) for j in range(len(module))]
            )  # fmt: skip
            for name, value in (("pons", m), ("granule", g), ("purkinje", s), ("nuclei", n)):
                kept[name].append(value)
        command = weights["W_out"] @ r
        kept["command"].append(command)
        hand = hand + anatomy.dt * (command + trials.push[b, t])
        cursors.append(R @ hand)
        place = trials.wanted[b, : t + 1].sum(0) * anatomy.dt - hand
        rows.append(R @ (trials.wanted[b, t] - command - trials.push[b, t] + place / 0.25))
    return {name: np.array(each) for name, each in kept.items()}, np.array(rows)


@pytest.mark.parametrize("name", ANATOMIES)
def test_equations(name):
    anatomy = ANATOMIES[name]
    weights, setpoints, trials = drawn(anatomy, pushes=1.0, outcome=0.1)
    trials = replace(trials, reward=lambda place: np.full(len(place), 0.7))
    activity = run(weights, setpoints, anatomy, trials, output=0.8)
    error = error_of(activity, trials, anatomy)
    for b in range(len(trials.condition)):
        expected, wrong = in_loops(weights, setpoints, anatomy, trials, b, output=0.8)
        for region, values in expected.items():
            if len(values):
                np.testing.assert_allclose(getattr(activity, region)[:, b], values, atol=1e-10)
        np.testing.assert_allclose(error[:, b], wrong, atol=1e-10)


def test_settled_cells_keep_to_their_levels():
    anatomy = Anatomy(n_cortex=40, ratio=4.0, coding_level=0.2)
    weights, setpoints, trials = drawn(anatomy, CenterOut(n_targets=16))
    activity = run(weights, setpoints, anatomy, trials, output=0)
    assert abs((activity.granule > 0).mean() - 0.2) < 0.02
    # Golgi cells keep the layer about equally active: its summed squares stay below 1 / .8.
    total = (activity.granule**2).sum(-1)
    assert 0.4 < total.mean() < 1
    assert total.max() < 1.25


def test_complex_spikes_by_hand():
    anatomy = ANATOMIES["all signals"]
    weights, setpoints, trials = drawn(anatomy, outcome=0.1)
    trials = replace(trials, reward=lambda place: np.ones(len(place)))
    activity = run(weights, setpoints, anatomy, trials)
    spikes = complex_spikes(activity, trials, anatomy)
    assert (spikes >= 0).all()
    error = error_of(activity, trials, anatomy)
    t, b = 30, 1
    late = error[t - 5, b]  # .1 s at 20 ms a step
    for j in range(8):
        angle = j * np.pi / 4
        told = late[0] * np.cos(angle) + late[1] * np.sin(angle)
        assert spikes[t, b, j] == pytest.approx(max(0, 1 + 0.5 * told), abs=1e-10)
    # Feedback against what was expected of it .12 s (delay, and the step in which it is felt) ago.
    nuclei, felt = activity.nuclei[t - 6, b, 8:12], activity.mossy[t, b, 8:12]
    surprise = felt[0] - felt[2] - (nuclei[0] - nuclei[2]) / 2
    assert spikes[t, b, 8] == pytest.approx(max(0, 1 + 2 * surprise), abs=1e-10)
    # Reward: the value of a step, discounted, less that of the step before.
    value = (activity.nuclei[:, b, 12] - activity.nuclei[:, b, 13]) / 2
    delta = 0.98 * value[t] - value[t - 1]
    assert spikes[t, b, 12] == pytest.approx(max(0, 1 + 2 * delta), abs=1e-10)
    out = trials.outcome
    assert spikes[out, b, 12] == pytest.approx(max(0, 1 + 2 * (1 - value[out - 1])), abs=1e-10)
    assert (spikes[out + 1 :, b, 12:] == 1).all()
