"""The rule of the cerebellum is climbing-fibre gated plasticity of every single synapse."""

import numpy as np
import pytest

from trialtensor_models import CCRNN
from trialtensor_models.network import AS_IT_IS, run_trial
from trialtensor_models.plasticity import Learner, carried_error, gains_of, reward_error
from trialtensor_models.plasticity.climbing import shared_error
from trialtensor_models.plasticity.feedback import Outcome


@pytest.fixture(scope="module")
def reach():
    return CCRNN.pretrained().scale(purkinje=8)


@pytest.fixture(scope="module")
def reversal():
    return CCRNN.pretrained(task="reversal").scale(purkinje=8)


def traces(granule, lag, kept):
    """(T, G) of every step: a decaying memory of granule cells, those of `lag` steps before."""
    found = np.zeros_like(granule)
    for t in range(lag, len(granule)):
        found[t] = kept * found[t - 1] + (1 - kept) * granule[t - lag]
    return found


def pair_differences(model, complex_spikes):
    """(T, 2) error that opponent climbing fibres of the first four cells carry."""
    share = complex_spikes[:, :4] / model.olive.rest[:4]
    return model.olive.scale * np.log(2) * (share[:, :2] - share[:, 2:])


class Synapses:
    """Weights of granule cells to Purkinje cells, and their rule in words of a synapse.

    Depression where the climbing fibre of the cell fires above its rest and the synapse is
    eligible, potentiation where it fires below; forgetting where its granule cell was active.
    """

    def __init__(self, model):
        self.model, self.gains = model, gains_of(model)
        cells, olive = model.purkinje, model.olive
        self.w = cells.fixed.copy()
        each = 2 * np.abs(cells.gain).sum(1) * olive.scale * np.log(2) / olive.rest
        self.rate = each[:, None] * model.plasticity.B_f * self.gains.fast

    def learn(self, granule, complex_spikes, eligible, credited):
        gains, cells = self.gains, self.model.purkinje
        peak = granule.max(0) / np.where(gains.most_granule > 0, gains.most_granule, np.inf)
        opened = np.clip(gains.gate_fast * peak, 0, 1)
        above = complex_spikes - self.model.olive.rest
        power, met = (credited**2).sum(1), (granule**2).sum(1)
        activity = (power * met).sum() / power.sum()
        forgotten = (1 - self.model.plasticity.A_f) * opened * (self.w - cells.fixed)
        self.w -= forgotten + self.rate * (above.T @ eligible) / activity


def credited_by(error, lag, kept):
    """(T, 2) what granule cells of each step are credited with."""
    T, found = len(error), np.zeros_like(error)
    for t in range(T - lag):
        ahead = np.arange(T - lag - t)
        found[t] = (1 - kept) * kept**ahead @ error[t + lag :]
    return found


def run_of(model, learner, inputs):
    return run_trial(model.wiring, inputs, learner.W_PC, learner.C, AS_IT_IS)


def assert_same(model, learner, synapses, granule):
    cells = model.purkinje
    found = cells.weights(learner.W_PC[0], learner.W_LTD[0])
    np.testing.assert_allclose(found, synapses.w, atol=1e-9 * np.abs(synapses.w).max())
    nuclei = cells.nuclei(cells.simple_spikes(granule, synapses.w))
    wanted = granule @ learner.W_PC[0].T
    assert np.abs(nuclei - wanted).max() < 1e-9 * np.abs(wanted).max()


@pytest.mark.parametrize("limit", [None, 0.1])
def test_motor_errors(reach, limit):
    model = reach.with_plasticity(error_saturation=limit)
    learner, synapses = Learner([model]), Synapses(model)
    rng, draw = np.random.default_rng(0), model.reference_draw()
    for trial in range(4):
        activity = run_of(model, learner, draw.inputs[[trial % 2]])
        granule = activity.granule[0, 0]
        error = 0.2 * rng.normal(size=(len(granule), 2))
        complex_spikes = model.olive.complex_spikes(carried_error(model, error, 0))
        eligible = traces(granule, model.lag, model.kept)
        credited = credited_by(pair_differences(model, complex_spikes), model.lag, model.kept)
        synapses.learn(granule, complex_spikes, eligible, credited)
        learner.learn(activity, error[None], np.array([True]))
        assert_same(model, learner, synapses, granule)
    assert np.abs(learner.W_LTD).max() > 0 and (learner.W_LTD >= 0).all()


def test_reward_prediction_errors_meet_what_the_movement_made_eligible(reversal):
    model = reversal
    learner, synapses = Learner([model]), Synapses(model)
    rng = np.random.default_rng(1)
    for trial, (choice, reward) in enumerate([(1, 1.0), (-1, 1.0), (1, 0.0), (-1, 0.0)]):
        draw = model.task.draw(np.array([trial % 2]), model.cortex.dt, rng)
        activity = run_of(model, learner, draw.inputs)
        granule = activity.granule[0, 0]
        error = reward_error(model.task, draw, Outcome(choice, 1, reward, 0.6))
        n_steps = len(error)
        spikes = model.olive.complex_spikes(carried_error(model, error, 5))
        # None before the outcome, and the same throughout it.
        np.testing.assert_array_equal(spikes[:n_steps], np.tile(model.olive.rest, (n_steps, 1)))
        np.testing.assert_array_equal(spikes[n_steps:], spikes[[-1] * 5])
        speed = np.linalg.norm(draw.desired[0], axis=1)
        speed = speed / speed.max()
        # A synapse's memory of the movement: granule cells as the hand moved.
        eligible = speed[:, None] * traces(granule, model.lag, model.kept)
        carried = pair_differences(model, spikes[[-1]])
        credited = credited_by(speed[:, None] * carried, model.lag, model.kept)
        synapses.learn(granule, spikes[[-1]], eligible.sum(0, keepdims=True), credited)
        learner.learn(activity, error[None], np.array([True]))
        assert_same(model, learner, synapses, granule)


def test_no_error_and_no_learning(reach):
    model, learner = reach, Learner([reach])
    activity = run_of(model, learner, model.reference_draw().inputs[:1])
    T = activity.granule.shape[2]
    error = np.ones((1, T, 2))
    for learned, given in ((True, 0 * error), (False, error)):
        learner.learn(activity, given, np.array([learned]))
        assert (learner.W_LTD == 0).all() and (learner.W_PC == 0).all()
    carried = carried_error(model, error[0], 3)
    assert carried.shape == (T + 3, 2) and (carried[T:] == 0).all() and (carried[:T] == 1).all()
    with pytest.raises(ValueError, match="n_purkinje: the network has no Purkinje cells"):
        shared_error(CCRNN.pretrained(), error[0])
