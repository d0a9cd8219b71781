import numpy as np
import pytest

from trialtensor.data import make_mask

KINDS = ("entries", "blocks", "tracked", "trial_length")
SHAPE = (60, 40, 30)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("fraction", [0.0, 0.05, 0.2, 0.5, 0.56, 0.8])
def test_the_fraction_is_met_and_no_slice_is_empty(kind, fraction):
    mask = make_mask(SHAPE, kind, fraction, random_state=0)
    assert mask.shape == SHAPE
    assert mask.dtype == bool
    assert 1 - mask.mean() == pytest.approx(fraction, abs=0.01)
    assert mask.any(axis=(1, 2)).all()
    assert mask.any(axis=(0, 2)).all()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shape", [(1, 1, 1), (3, 2, 1), (2, 50, 2)])
def test_small_tensors(kind, shape):
    assert make_mask(shape, kind, 0.4, random_state=0).shape == shape


@pytest.mark.parametrize("kind", ["tracked", "trial_length"])
def test_nothing_is_lost_altogether_when_nearly_all_is(kind):
    mask = make_mask(SHAPE, kind, 0.99, random_state=0)
    assert mask.any(axis=(0, 2)).all()


@pytest.mark.parametrize("kind", KINDS)
def test_a_seed_repeats_the_mask(kind):
    first, again, other = (make_mask(SHAPE, kind, 0.3, random_state=s) for s in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_blocks_are_single_runs_of_times():
    mask = make_mask(SHAPE, "blocks", 0.2, random_state=0)
    lost = ~mask.reshape(-1, SHAPE[2])
    starts = np.diff(lost, axis=1, prepend=False, append=False).sum(axis=1)
    assert set(starts) == {0, 2}  # complete, or one start and one end
    assert set(lost.sum(axis=1)) == {0, 10}


def test_tracked_neurons_miss_whole_successive_sessions():
    mask = make_mask(SHAPE, "tracked", 0.56, random_state=0)
    assert (mask == mask[:, :, :1]).all()
    sessions = mask[:, :, 0].reshape(10, 6, 40)
    assert (sessions == sessions[:, :1]).all()
    seen = sessions[:, 0]
    assert (np.diff(seen, axis=0, prepend=False, append=False).sum(axis=0) == 2).all()
    assert seen.any(axis=1).all()


def test_trials_end_early():
    mask = make_mask(SHAPE, "trial_length", 0.3, random_state=0)
    assert (mask == mask[:, :1]).all()
    length = mask[:, 0].sum(axis=1)
    np.testing.assert_array_equal(mask[:, 0], np.arange(30) < length[:, None])
    assert len(set(length)) > 5


def test_wrong_arguments():
    with pytest.raises(ValueError, match=r"kind: expected one of .*, got 'rows'"):
        make_mask(SHAPE, "rows")
    with pytest.raises(ValueError, match=r"fraction: expected a number in \[0, 1\), got -0.1"):
        make_mask(SHAPE, "entries", -0.1)
