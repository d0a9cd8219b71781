"""Which transition of a draw is which."""

import numpy as np
import pytest

from benchmarks.trial_noise import noise
from trialtensor.tracking import transitions
from trialtensor.tracking.transitions.posterior import Sample
from trialtensor.tracking.transitions.relabelling import relabelled

LIKELY = [(36, 0.0), (86, 10.0), (146, 0.0)]


def test_draws_in_any_order_come_in_that_of_the_most_likely_transitions():
    rng = np.random.default_rng(0)
    n_draws = 300
    onsets = np.array([36, 86, 146]) + rng.integers(-3, 4, size=(n_draws, 3))
    taus = np.tile([0.0, 10.0, 0.0], (n_draws, 1))
    amplitudes = np.array([1.0, -1.0, 1.0]) + 0.1 * rng.normal(size=(n_draws, 3))
    order = rng.permuted(np.tile(np.arange(3), (n_draws, 1)), axis=1)
    mixed = [np.take_along_axis(each, order, axis=1) for each in (onsets, taus, amplitudes)]
    rest = np.zeros((n_draws, 1), int), np.zeros((n_draws, 1, 1))
    drawn = Sample(mixed[0], mixed[1], *rest, mixed[2][:, :, None], np.ones((n_draws, 1)))
    found = relabelled(drawn, LIKELY)
    np.testing.assert_array_equal(found.onsets, onsets)
    np.testing.assert_array_equal(found.amplitudes[:, :, 0], amplitudes)


@pytest.mark.parametrize("seed", (4, 35))
def test_steps_far_apart_have_intervals_of_their_own(seed):
    """In slow noise, draws exchange transitions often; no row mixes the two steps up."""
    rng = np.random.default_rng([seed, 3])
    trials = np.arange(200)
    up = (trials >= 36) + (trials >= 146) * 1.0
    down = 1 - np.exp(-np.maximum(trials - 85, 0) / 10)
    found = transitions(up - down + 0.3 * noise("AR(.8)", 200, rng))
    assert found.n_transitions == 3
    rises = found.table[found.table["amplitude"] > 0]
    assert not ((rises["onset_low"] < 60) & (rises["onset_high"] > 120)).any()
