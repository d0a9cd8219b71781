"""Draws from large data, trial by trial."""

import numpy as np
import pytest

from tests.selection.test_masks import runs_of
from trialtensor.data import make_mask
from trialtensor.selection import Speckled, TimeBlocks, TrialsByNeurons, WholeTrials, by_trial
from trialtensor.selection import splitter as splitters
from trialtensor.selection.by_trial import BlocksByTrial, EntriesByTrial
from trialtensor.selection.drawing_slices import Counted
from trialtensor.selection.drawn import Drawn, Rectangle, held_of_all

SHAPE = (60, 30, 40)
PATTERNS = (None, "entries", "blocks", "tracked", "trial_length")


@pytest.fixture
def large(monkeypatch):
    """As if all data were large."""
    monkeypatch.setattr(by_trial, "LARGE", 0)
    monkeypatch.setattr(splitters, "LARGE", 0)
    # Of few entries, half a block is much.
    monkeypatch.setattr(splitters, "_ENOUGH", 0.9)


def observed_in(pattern, shape=SHAPE, fraction=0.4):
    whole = np.ones(shape, bool)
    return whole if pattern is None else make_mask(shape, pattern, fraction, random_state=0)


def splits_of(splitter, observed):
    return list(splitter.split(np.zeros(observed.shape), mask=observed))


@pytest.mark.usefixtures("large")
class TestLarge:
    @pytest.mark.parametrize("pattern", PATTERNS)
    @pytest.mark.parametrize("fraction", [0.05, 0.3])
    def test_entries_are_as_many_as_asked(self, pattern, fraction):
        observed = observed_in(pattern)
        for train, test in splits_of(Speckled(fraction, n_splits=3), observed):
            assert test.sum() == round(fraction * observed.sum())
            np.testing.assert_array_equal(train ^ test, observed)
            # Every trial gives its share, as nearly as it can.
            share = test.sum(axis=(1, 2)) / observed.sum(axis=(1, 2))
            assert np.abs(share - fraction).max() < 0.05

    @pytest.mark.parametrize("pattern", PATTERNS)
    @pytest.mark.parametrize("fraction, guard", [(0.05, 1), (0.3, 2), (0.3, 0)])
    def test_blocks_are_whole_and_guarded(self, pattern, fraction, guard):
        observed, length = observed_in(pattern), 4
        splitter = TimeBlocks(fraction, length, guard, n_splits=2)
        for train, test in splits_of(splitter, observed):
            within = 0.002 if pattern is None else 0.01
            assert test.sum() / observed.sum() == pytest.approx(fraction, abs=within)
            assert not (test & ~observed).any() and not (train & ~observed).any()
            near = test.copy()
            for shift in range(1, guard + 1):
                near[..., shift:] |= test[..., :-shift]
                near[..., :-shift] |= test[..., shift:]
            assert not (train & near).any()
            if pattern is not None:
                continue
            np.testing.assert_array_equal(train, ~near)
            for row in test.reshape(-1, observed.shape[2]):
                assert all((b - a + 1) % length == 0 for a, b in runs_of(row))
            # Blocks begin anywhere.
            starts = {a for row in test.reshape(-1, 40) for a, _ in runs_of(row)}
            assert starts == set(range(37)) or fraction < 0.1

    @pytest.mark.parametrize(
        "splitter", [Speckled(0.2, n_splits=8), TimeBlocks(0.2, 3, n_splits=8)]
    )
    @pytest.mark.parametrize("pattern", PATTERNS)
    def test_every_slice_keeps_something(self, splitter, pattern):
        # Few entries in each slice: by chance alone, some would lose all.
        observed = observed_in(pattern, (30, 8, 12), 0.7 if pattern == "tracked" else 0.4)
        for train, _ in splits_of(splitter, observed):
            for axes in ((1, 2), (0, 2), (0, 1)):
                assert (train.any(axis=axes) == observed.any(axis=axes)).all()

    def test_seeds_repeat_and_differ(self):
        observed = observed_in("entries")
        for kind in (Speckled, TimeBlocks):
            drawn = [
                [
                    test.tobytes()
                    for _, test in splits_of(kind(n_splits=n, random_state=3), observed)
                ]
                for n in (2, 3)
            ]
            assert drawn[0] == drawn[1][:2] and len(set(drawn[1])) == 3

    def test_trials_do_not_depend_on_their_block(self):
        observed = observed_in("entries")
        for splitter in (Speckled(0.2), TimeBlocks(0.2, 3)):
            seed = np.random.SeedSequence(1)
            draw = splitter.plan(Counted.of(observed), seed, None)
            whole = draw(np.arange(60), observed)
            some = np.array([3, 17, 59])
            for part, all_of_it in zip(draw(some, observed[some]), whole, strict=True):
                np.testing.assert_array_equal(part, all_of_it[some])

    def test_too_much_is_refused(self):
        observed = observed_in(None)
        for splitter in (Speckled(0.9999), TimeBlocks(0.9, 4, 2)):
            with pytest.raises(ValueError, match=r"fraction: 0\.9.* about 0\.\d+ can"):
                next(splitter.split(np.zeros(SHAPE)))
        blocks = np.zeros(SHAPE, bool)
        blocks[..., ::8] = True
        blocks[0] = True
        with pytest.raises(ValueError, match=r"fraction: 0\.9"):
            next(TimeBlocks(0.9, 1, 3).split(np.zeros(SHAPE), mask=blocks))
        assert observed.all()

    def test_more_axes(self):
        X = np.zeros((20, 5, 3, 24))
        for kind in (Speckled, TimeBlocks):
            ((train, test),) = kind(0.2, n_splits=1).split(X)
            assert test.mean() == pytest.approx(0.2, abs=0.01) and not (train & test).any()


def test_all_entries_are_held_out_equally_often():
    # 400 draws of a tenth: 40 times each, with a standard deviation of 6.
    counts = Counted.complete((2, 20, 30))
    for plan, within in (
        (lambda seed: EntriesByTrial.plan(counts, 120, seed), slice(None)),
        # The first and last bins less often, as blocks stay within their trial.
        (lambda seed: BlocksByTrial.plan(counts, 3, 1, 120, seed), slice(4, -4)),
    ):
        total = np.zeros((2, 20, 30))
        for seed in np.random.SeedSequence(0).spawn(400):
            total += plan(seed)(np.arange(2), np.ones((2, 20, 30), bool)).test
        of_bins = total.sum(axis=(0, 1))[within] / 40
        assert of_bins.std() / of_bins.mean() < 0.06
        of_neurons = total.sum(axis=2)
        assert of_neurons.std() / of_neurons.mean() < 0.12


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("splitter", [WholeTrials(0.2), TrialsByNeurons(0.2)])
def test_slices_are_drawn_from_counts(pattern, splitter):
    observed = observed_in(pattern)
    ((train, test),) = type(splitter)(0.2, n_splits=1).split(np.zeros(SHAPE), mask=observed)
    (seed,) = np.random.SeedSequence(0).spawn(1)
    draw = splitter.plan(Counted.of(observed), seed, None)
    assert isinstance(draw, Rectangle)
    held = held_of_all(draw, observed)
    np.testing.assert_array_equal(held.test, test)
    np.testing.assert_array_equal(observed & ~held.out, train)


def test_what_was_drawn_is_packed():
    rng = np.random.default_rng(0)
    held = [rng.random((7, 3, 5)) < 0.5 for _ in range(2)]
    drawn = Drawn.of(held)
    assert drawn.test.nbytes == 7 * 2
    rows = np.array([1, 6])
    for ours, theirs in zip(drawn(rows, np.ones((2, 3, 5), bool)), held, strict=True):
        np.testing.assert_array_equal(ours, theirs[rows])
