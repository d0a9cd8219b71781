"""What regions code for: known codes are found, unrelated ones aren't."""

import numpy as np
import pytest

from trialtensor_models.experiments.region_codes import held_out_r2, onset, overlap, subspace

RNG = np.random.default_rng(0)
ANGLE = np.deg2rad(np.repeat(np.arange(8) * 45.0, 3))
TURN = np.deg2rad(np.tile([-45.0, 0.0, 45.0], 8))
CONTEXT = np.tile([0, 1, 2], 8)


def circle(angle):
    return np.stack([np.cos(angle), np.sin(angle)], 1)


@pytest.mark.parametrize(("coded", "other"), [("hand", "target"), ("target", "hand")])
def test_a_code_is_found_in_a_context_that_was_not_used(coded, other):
    labels = {"hand": circle(ANGLE - TURN), "target": circle(ANGLE)}
    units = labels[coded] @ RNG.normal(size=(2, 30)) + 0.1 * RNG.normal(size=(24, 30))
    assert held_out_r2(units, labels[coded], CONTEXT) > 0.9
    assert held_out_r2(units, labels[other], CONTEXT) < 0.7


def test_silent_units_know_nothing():
    assert held_out_r2(np.ones((24, 5)), circle(ANGLE), CONTEXT) == 0
    half = np.arange(24) // 3 % 2
    assert overlap(np.ones((24, 5, 3)), RNG.normal(size=(24, 5, 3)), half) == 0


def test_overlap_is_that_of_directions_not_of_their_strength():
    half = np.arange(24) // 3 % 2
    code = circle(ANGLE)[:, :, None] * np.ones(4)
    directions = np.linalg.qr(RNG.normal(size=(30, 6)))[0]
    same = np.einsum("nd,kdt->knt", directions[:, :2], code)
    other = np.einsum("nd,kdt->knt", directions[:, 3:5], code)
    noise = 0.01 * RNG.normal(size=(2, *same.shape))
    # The third direction is noise.
    assert overlap(same + noise[0], 3 * same + noise[1], half) > 0.6
    assert overlap(same + noise[0], other + noise[1], half) < 0.2
    assert np.allclose(
        subspace(same, 2).T @ directions[:, :2] @ directions[:, :2].T, subspace(same, 2).T
    )


def test_onset_is_the_middle_of_the_way_and_stays():
    iterations = np.array([0, 10, 20, 40, 80])
    assert onset(iterations, np.array([0.0, 0.2, 0.6, 0.8, 0.8])) == pytest.approx(15)
    # An early peak doesn't count, nor does what is worse than no guess.
    assert onset(iterations, np.array([0.0, 0.8, 0.0, 0.2, 0.8])) == pytest.approx(40 + 40 / 3)
    assert onset(iterations, np.array([-5.0, -3.0, 0.4, 0.4, 0.4])) == pytest.approx(15)
    assert np.isnan(onset(iterations, np.array([0.5, 0.5, 0.5, 0.5, 0.55])))
    assert np.isnan(onset(iterations, np.array([0.5, 0.4, 0.3, 0.2, 0.1])))
