"""Reaches in contexts with rotations: what is shown, what is right, and what runs make of it."""

import json
from dataclasses import dataclass, replace

import numpy as np
import pytest

from trialtensor_models import CCRNN, CenterOut, RotatedReaching, Schedule, simulate
from trialtensor_models.network import CorticalWeights
from trialtensor_models.tasks import check_draw, configuration_of, task_from

TASK = RotatedReaching(n_targets=4, rotations=(-45, 90))
ALL = np.arange(8)


def drawn(task, conditions=ALL, dt=0.01):
    return task.draw(np.asarray(conditions), dt, np.random.default_rng(0))


def turned(places, degrees):
    """(n, 2) places turned counter-clockwise, by complex numbers."""
    z = (places @ [1, 1j]) * np.exp(1j * np.deg2rad(degrees))
    return np.stack([z.real, z.imag], -1)


@pytest.mark.parametrize("dt", [0.01, 0.02])
def test_the_turned_hand_takes_the_cursor_to_the_target(dt):
    draw = drawn(TASK, dt=dt)
    cursor = turned(draw.desired.sum(1) * dt, draw.rotation)
    target = np.deg2rad(TASK.targets_of(ALL))
    np.testing.assert_allclose(cursor, 0.1 * np.c_[np.cos(target), np.sin(target)], atol=1e-12)
    np.testing.assert_array_equal(draw.rotation, TASK.rotations_of(ALL))


def test_conditions_are_all_pairs_of_target_and_rotation():
    pairs = set(zip(TASK.targets_of(ALL), TASK.rotations_of(ALL), strict=True))
    assert pairs == {(target, turn) for target in (0, 90, 180, 270) for turn in (-45, 90)}
    assert TASK.labels[[0, 3, 5]].tolist() == ["0 at -45", "270 at -45", "90 at +90"]
    # Targets of one context are neighbours, so that a block can ask for them.
    assert (TASK.rotations_of(range(4)) == -45).all()


def test_inputs_are_the_target_the_context_and_a_signal_to_hold():
    draw, plain = drawn(TASK), drawn(CenterOut(n_targets=4), ALL % 4)
    assert draw.inputs.shape[2] == TASK.n_inputs == 5
    np.testing.assert_array_equal(draw.inputs[..., [0, 1, 4]], plain.inputs)
    np.testing.assert_array_equal(draw.inputs[..., 2], np.broadcast_to((ALL < 4)[:, None], (8, 90)))
    np.testing.assert_array_equal(draw.inputs[..., 3], 1 - draw.inputs[..., 2])
    # Without a rotation, reaches are those of any other task.
    none = drawn(RotatedReaching(n_targets=4, rotations=(0,)), range(4))
    np.testing.assert_allclose(none.desired, plain.desired[:4], atol=1e-12)


def test_practice_is_all_around_in_all_contexts():
    for other, n_targets in ((TASK.reference(), 8), (TASK.practice(), 360)):
        assert other.rotations == TASK.rotations and other.n_targets == n_targets
        assert len(set(other.labels)) == 2 * n_targets


def test_a_file_makes_it_anew():
    back = task_from(json.loads(json.dumps(configuration_of(TASK))))
    assert back == TASK and hash(back) == hash(TASK)


@pytest.fixture(scope="module")
def run():
    """A reaching network that is shown contexts, and doesn't see them."""
    reaching = CCRNN.pretrained()
    kept = {name: getattr(reaching.weights, name) for name in ("W", "W_th", "W_out", "b")}
    W_in = np.insert(reaching.weights.W_in, [2, 2], 0, axis=1)
    model = replace(reaching, weights=CorticalWeights(W_in=W_in, **kept), task=TASK)
    with pytest.warns(UserWarning, match="doesn't do rotated_reaching"):
        return simulate(model, TASK, Schedule().baseline(8, learns=False), record="behaviour")


def test_runs_record_the_cursor_as_it_is_shown(run):
    turn = TASK.rotations_of(run.truth.schedule["condition"].values)
    hand, cursor = run.behaviour["hand"].values[:, -1], run.behaviour["cursor"].values[:, -1]
    np.testing.assert_allclose(cursor, turned(hand, turn), atol=1e-6)
    # The network goes for the target, so that errors are the rotations.
    np.testing.assert_allclose(run.behaviour["error"], turn, atol=5)


@dataclass(frozen=True)
class Turned(RotatedReaching):
    """Says something else of its rotations."""

    rotation: object = None
    name = "turned"

    def draw(self, conditions, dt, rng):
        draw = super().draw(conditions, dt, rng)
        object.__setattr__(draw, "rotation", self.rotation)
        return draw


@pytest.mark.parametrize("rotation", [0.0, np.zeros(3), np.array([np.nan, 0]), ["left", "right"]])
def test_rotations_that_are_none_are_refused(rotation):
    task = Turned(rotation=rotation)
    with pytest.raises(ValueError, match="task: rotation of turned should be a number of degrees"):
        check_draw(drawn(task, [0, 1]), task, 2)
    assert check_draw(drawn(CenterOut(), [0, 1]), CenterOut(), 2) is None
