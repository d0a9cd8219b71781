"""Pretraining, where torch is installed."""

import numpy as np
import pytest

from trialtensor_models import CCRNN, Cortex

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
