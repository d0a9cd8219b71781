"""Shapes of strokes: which there are, and how they are drawn."""

from itertools import pairwise

import numpy as np
import pytest

from trialtensor_models import SequenceDrawing


def drawn(task, dt=0.01):
    return task.draw(task.labels, dt, np.random.default_rng(0))


def test_six_shapes_are_all_orders_of_three_strokes():
    task = SequenceDrawing()
    shapes = {tuple(row) for row in task.directions}
    assert len(shapes) == 6 and len(np.unique(task.directions)) == 3
    # The same place in the end, by other ways.
    np.testing.assert_allclose(task.vertices[:, -1], task.vertices[0, -1][None].repeat(6, 0))
    assert len(np.unique(task.vertices[:, 1:3].reshape(6, -1).round(9), axis=0)) == 6


@pytest.mark.parametrize(
    ("n_sequences", "n_strokes", "n_known"), [(7, 3, 4), (24, 4, 4), (5, 1, 5)]
)
def test_shapes_share_as_few_strokes_as_will_do(n_sequences, n_strokes, n_known):
    for seed in range(5):
        task = SequenceDrawing(n_sequences=n_sequences, n_strokes=n_strokes, seed=seed)
        assert len(np.unique(task.directions, axis=0)) == n_sequences
        assert len(np.unique(task.directions)) <= n_known
        assert all(len(set(row)) == n_strokes for row in task.directions)
        # Strokes are told apart, and none leads back.
        known = np.unique(task.directions)
        assert (np.diff(known) > 0.3 * 150 / n_known).all() and np.abs(known).max() < 75
    other = SequenceDrawing(n_sequences=n_sequences, n_strokes=n_strokes, seed=9)
    assert not np.isin(other.directions, task.directions).any()


@pytest.mark.parametrize("dt", [0.01, 0.02])
def test_strokes_are_drawn_one_after_the_other_and_end_at_the_vertices(dt):
    task = SequenceDrawing(seed=3)
    draw = drawn(task, dt)
    path = np.cumsum(draw.desired, axis=1) * dt
    ends = task.go(dt) + round(0.3 / dt) * np.arange(4) - 1
    np.testing.assert_allclose(path[:, ends], task.vertices, atol=1e-12)
    for k, (first, last) in enumerate(pairwise(ends + 1)):
        velocity = draw.desired[:, first:last]
        # Minimum jerk: slow at the corners, 15/8 of the mean speed half-way.
        speed = np.linalg.norm(velocity, axis=2)
        assert (speed[:, 0] < 0.15 * speed.max(1)).all()
        np.testing.assert_allclose(speed.max(1), 15 / 8 * 0.06 / 0.3, rtol=0.02)
        angle = np.rad2deg(np.arctan2(velocity[..., 1], velocity[..., 0]))
        np.testing.assert_allclose(angle, task.directions[:, [k]].repeat(last - first, 1))
    assert (draw.desired[:, last:] == 0).all() and (draw.desired[:, : task.go(dt)] == 0).all()


def test_inputs_name_the_shape_and_hold():
    draw = drawn(SequenceDrawing())
    np.testing.assert_array_equal(draw.inputs[:, 50, :6], np.eye(6))
    assert (draw.inputs[:, :20, 6] == 1).all() and (draw.inputs[:, 20:, 6] == 0).all()
    assert (draw.inputs[:, 0, :6] == draw.inputs[:, -1, :6]).all()
