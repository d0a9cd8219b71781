"""Results of blocks, joined as they come."""

import weakref

import numpy as np
import pytest

from trialtensor.solvers.passes.block import join


def in_pairs(parts):
    """Pairs, pairs of pairs and so on."""
    while len(parts) > 1:
        parts = [sum(parts[i : i + 2][1:], start=parts[i]) for i in range(0, len(parts), 2)]
    return parts[0]


@pytest.mark.parametrize("n", [1, 2, 3, 5, 7, 8, 11, 64, 100])
def test_sums_are_those_of_pairs_to_the_last_bit(n):
    rng = np.random.default_rng(n)
    parts = [rng.standard_normal(4).astype("f4") * 10 ** rng.uniform(-3, 3) for _ in range(n)]
    total, rows, least, most = join(
        ("sum", "rows", "least", "most"), ((each, each[None], each, each) for each in parts)
    )
    np.testing.assert_array_equal(total, in_pairs(parts))
    np.testing.assert_array_equal(rows, np.stack(parts))
    np.testing.assert_array_equal(least, np.min(parts, axis=0))
    np.testing.assert_array_equal(most, np.max(parts, axis=0))


def test_few_sums_are_held_at_a_time():
    given, most = [], [0]

    def results():
        for _ in range(200):
            most[0] = max(most[0], sum(each() is not None for each in given))
            part = np.ones(2)
            given.append(weakref.ref(part))
            yield (part,)
            del part

    np.testing.assert_array_equal(join(("sum",), results())[0], [200, 200])
    assert most[0] < 5
