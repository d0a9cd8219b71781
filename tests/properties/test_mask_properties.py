"""What must hold for any splitter on any data, found by hypothesis."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from trialtensor.selection import Speckled, TimeBlocks, TrialsByNeurons, WholeTrials
from trialtensor.selection.drawing import n_nearest

OTHERS = ((1, 2), (0, 2), (0, 1))
KINDS = (Speckled, TimeBlocks, WholeTrials, TrialsByNeurons)


@st.composite
def splitters(draw, kinds=KINDS):
    kind = draw(st.sampled_from(kinds))
    settings = {"n_splits": 3, "random_state": draw(st.integers(0, 2**16))}
    if kind is TimeBlocks:
        settings |= {"length": draw(st.integers(1, 3)), "guard": draw(st.integers(0, 2))}
    return kind(draw(st.floats(0.01, 0.6)), **settings)


@st.composite
def recordings(draw):
    """Values of any small shape, with missing entries of any pattern."""
    shape = tuple(draw(st.integers(3, 12)) for _ in range(3))
    rng = np.random.default_rng(draw(st.integers(0, 2**16)))
    varying = draw(st.sampled_from([(0, 0, 0), (1, 1, 1), (1, 1, 0), (1, 0, 1), (0, 1, 1)]))
    part = tuple(n if v else 1 for n, v in zip(shape, varying, strict=True))
    observed = rng.random(part) < draw(st.sampled_from([0.3, 0.7, 1.0]))
    observed = np.broadcast_to(observed, shape).copy()
    observed.flat[0] = True
    return np.where(observed, rng.standard_normal(shape), np.nan)


def pairs(splitter, X):
    """All pairs; not every combination of splitter and data is possible."""
    try:
        return list(splitter.split(X))
    except ValueError as error:
        assert "fraction" in str(error) or "length" in str(error)
        assume(False)


@given(splitter=splitters(), X=recordings())
def test_both_sides_are_observed_and_apart(splitter, X):
    observed, before = np.isfinite(X), X.tobytes()
    for train, test in pairs(splitter, X):
        assert test.any() and train.any()
        assert not (train & test).any()
        assert not ((train | test) & ~observed).any()
    assert X.tobytes() == before


@given(splitter=splitters(), X=recordings())
def test_something_is_left_of_every_slice(splitter, X):
    observed = np.isfinite(X)
    for train, test in pairs(splitter, X):
        for axis, others in enumerate(OTHERS):
            lost = observed.any(axis=others) & ~train.any(axis=others)
            held = test.any(axis=others) if splitter.whole_trials and axis == 0 else lost & False
            np.testing.assert_array_equal(lost, held)


@given(splitter=splitters(), X=recordings())
def test_the_fraction_is_met_to_what_is_indivisible(splitter, X):
    observed = np.isfinite(X)
    # Half of the largest thing that is held out or not as a whole; one of them at least.
    by_trial = observed.sum(axis=(1, 2)).max()
    whole = {Speckled: 1, WholeTrials: by_trial, TrialsByNeurons: by_trial}
    largest = whole.get(type(splitter)) or splitter.length
    for _, test in pairs(splitter, X):
        assert abs(test.sum() - splitter.fraction * observed.sum()) <= max(largest / 2 + 1, largest)


@given(splitter=splitters([TimeBlocks]), X=recordings())
def test_nothing_that_is_fitted_to_is_within_a_guard(splitter, X):
    for train, test in pairs(splitter, X):
        for shift in range(1, splitter.guard + 1):
            assert not (train[..., shift:] & test[..., :-shift]).any()
            assert not (train[..., :-shift] & test[..., shift:]).any()


@given(splitter=splitters(), X=recordings(), data=st.data())
def test_values_do_not_matter_and_a_seed_repeats(splitter, X, data):
    scaled = X * data.draw(st.sampled_from([1e-6, -1.0, 1e6]))
    for first, again in zip(pairs(splitter, X), pairs(splitter, scaled), strict=True):
        np.testing.assert_array_equal(first, again)


@given(counts=st.lists(st.integers(1, 9), min_size=1, max_size=20), target=st.integers(0, 100))
def test_the_nearest_sum_is_nearest(counts, target):
    n = n_nearest(np.array(counts), target)
    errors = [abs(sum(counts[:i]) - target) for i in range(1, len(counts) + 1)]
    assert errors[n - 1] == min(errors)


@pytest.mark.parametrize("fraction", [0.02, 0.98])
def test_extremes_of_a_single_entry(fraction):
    with pytest.raises(ValueError, match="about 0 can"):
        Speckled(fraction).split(np.zeros((1, 1, 1)))
