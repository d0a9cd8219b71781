"""Groups of axes, beside the same sums written out."""

import numpy as np
import pytest

from trialtensor.solvers.axis_groups import AxisGroups, grams_of_axis, rhs_of_axis

RNG = np.random.default_rng(0)
LENGTHS, RANK = (4, 3, 5), 2
FACTORS = [RNG.standard_normal((n, RANK)) for n in LENGTHS]


def test_a_balanced_split_has_the_shortest_groups():
    assert AxisGroups.balanced((40, 30, 20, 50)).n_left == 2
    assert AxisGroups.balanced((1000, 5, 4, 10)).n_left == 1
    assert AxisGroups.balanced((10, 5, 4, 300)).n_left == 3
    assert [list(AxisGroups((2, 3, 4, 5, 6), 3).of(mode)) for mode in range(3)] == [
        [0],
        [1, 2],
        [3, 4],
    ]


@pytest.mark.parametrize("n_left", [1, 2, 3, 4])
def test_a_tensor_with_three_axes_is_a_view_and_has_joined_factors(n_left):
    shape = (6, *LENGTHS, 2)
    factors = [RNG.standard_normal((n, RANK)) for n in shape]
    X = np.einsum("ar,br,cr,dr,er->abcde", *factors)
    groups = AxisGroups(shape, n_left)
    joined = np.einsum("ar,br,cr->abc", *groups.join(factors))
    np.testing.assert_allclose(groups.three_way(X), joined, atol=1e-12)
    assert np.shares_memory(groups.three_way(X), X)


@pytest.mark.parametrize(("place", "kept"), [(0, "a"), (1, "b"), (2, "c")])
def test_the_equations_of_one_axis_are_sums_over_the_others(place, kept):
    others = [f for i, f in enumerate(FACTORS) if i != place]
    axes = [axis for axis in "abc" if axis != kept]
    rhs = RNG.standard_normal((*LENGTHS, RANK))
    expected = np.einsum(f"abcr,{axes[0]}r,{axes[1]}r->{kept}r", rhs, *others)
    found = rhs_of_axis(rhs.reshape(-1, RANK), FACTORS, place)
    np.testing.assert_allclose(found, expected, atol=1e-12)

    grams = RNG.standard_normal((*LENGTHS, RANK, RANK))
    pairs = ",".join(f"{axis}{column}" for axis in axes for column in "rs")
    twice = [each for f in others for each in (f, f)]
    expected = np.einsum(f"abcrs,{pairs}->{kept}rs", grams, *twice)
    found = grams_of_axis(grams.reshape(-1, RANK, RANK), FACTORS, place)
    np.testing.assert_allclose(found, expected, atol=1e-12)
    # One that all rows share is counted once for each row.
    shared = grams[0, 0, 0]
    expected = np.einsum(f"rs,{pairs}->rs", shared, *twice)
    np.testing.assert_allclose(grams_of_axis(shared[None], FACTORS, place)[0], expected, atol=1e-12)
