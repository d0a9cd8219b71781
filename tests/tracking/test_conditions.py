"""Conditions that take turns, and orders of trials that are no time."""

import numpy as np
import pytest

from trialtensor.tracking.conditions import condition_base, take_turns, why_no_time


def test_the_base_spans_a_level_for_each_condition():
    labels = np.array(["a", "b", None, "c"] * 10, dtype=object)
    base = condition_base(labels, 40)
    indicators = np.stack([np.arange(40) % 4 == c for c in range(4)]).astype(float)
    assert np.linalg.matrix_rank(np.vstack([base, indicators])) == len(base) == 4
    np.testing.assert_allclose(base[1:].sum(axis=1), 0, atol=1e-12)


@pytest.mark.parametrize(
    ("codes", "expected"),
    [
        (np.arange(60) % 4, True),
        (np.random.default_rng(0).integers(3, size=60), True),
        (np.repeat([0, 1, 2], 20), False),
        (np.repeat([0, 1, 0, 1], 15), False),
        (np.full(30, -1), False),
    ],
)
def test_turns_are_told_from_blocks(codes, expected):
    assert take_turns(codes) is expected


def test_sorted_trials_are_no_time():
    assert why_no_time(np.arange(30), None) == []
    assert why_no_time(np.arange(5, 35) * 2, np.arange(30) % 3) == []
    shuffled = np.argsort(np.arange(30) % 3, kind="stable")
    assert "order of trials is not time" in why_no_time(shuffled, None)[0]
    assert "in blocks" in why_no_time(None, np.repeat(["a", "b"], 15))[0]


def test_rare_conditions_are_refused():
    with pytest.raises(ValueError, match="1 of 'odd'"):
        condition_base(["odd", *["even"] * 29], 30)
