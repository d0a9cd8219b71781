"""Pretraining, where torch is installed."""

import numpy as np
import pytest

from trialtensor_models import CCRNN, CenterOut, Cortex

torch = pytest.importorskip("torch", reason="pretraining needs the extra: models")


def test_loss_falls_and_the_caller_s_torch_is_left_alone():
    torch.manual_seed(1)
    expected = torch.rand(3)
    torch.manual_seed(1)
    threads, losses = torch.get_num_threads(), []
    model = CCRNN(cortex=Cortex(n_units=30))
    first = model.pretrain(
        n_iterations=40, batch_size=16, report=lambda i, loss: losses.append(loss)
    )
    assert torch.get_num_threads() == threads
    assert torch.equal(torch.rand(3), expected)
    assert np.mean(losses[-5:]) < 0.5 * np.mean(losses[:5])
    again = model.pretrain(n_iterations=40, batch_size=16)
    np.testing.assert_array_equal(first.weights.W, again.weights.W)
    other = model.pretrain(n_iterations=40, batch_size=16, seed=1)
    assert not np.array_equal(first.weights.W, other.weights.W)


class Plain:
    """A task of two targets that has no practice."""

    name, n_inputs, labels = "plain", 3, np.array([0.0, 180.0])

    def go(self, dt):
        return CenterOut().go(dt)

    def draw(self, conditions, dt, rng):
        return CenterOut(n_targets=2).draw(conditions, dt, rng)

    def reference(self):
        return self


def test_practice_is_all_around_where_the_task_has_it():
    practice = CenterOut(n_targets=3, first_angle=10, distance=0.2).practice()
    np.testing.assert_array_equal(practice.labels, np.arange(360))
    assert practice.distance == 0.2
    plain = CCRNN(cortex=Cortex(n_units=20), task=Plain())
    trained = plain.pretrain(n_iterations=3, batch_size=8)
    assert np.isfinite(trained.weights.W).all()
