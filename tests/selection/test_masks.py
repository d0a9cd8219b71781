"""Splitters: what they hold out, what they leave, and what they refuse."""

import dataclasses
import itertools
import json

import numpy as np
import pytest
import xarray

from trialtensor import make_tca
from trialtensor.selection import Speckled, Splitter, TimeBlocks, TrialsByNeurons, WholeTrials

SPLITTERS = (Speckled, TimeBlocks, WholeTrials, TrialsByNeurons)
PATTERNS = (None, "entries", "blocks", "tracked", "trial_length")
SHAPE = (100, 30, 24)


def runs_of(row):
    """First and last bin of every run of True."""
    steps = np.diff(row.astype(int), prepend=0, append=0)
    return list(zip(np.flatnonzero(steps == 1), np.flatnonzero(steps == -1) - 1, strict=True))


@pytest.mark.parametrize("kind", SPLITTERS)
@pytest.mark.parametrize("missing", PATTERNS)
@pytest.mark.parametrize("fraction", [0.05, 0.1, 0.3])
def test_the_fraction_is_of_what_is_observed(kind, missing, fraction):
    X = make_tca(*SHAPE, 2, missing=missing, missing_fraction=0.4, random_state=0).X
    observed = np.isfinite(X)
    for train, test in kind(fraction, n_splits=3).split(X):
        assert test.sum() / observed.sum() == pytest.approx(fraction, abs=0.01)
        assert train.dtype == test.dtype == bool
        assert not (train & test).any()
        assert not ((train | test) & ~observed).any()
        if kind is not TimeBlocks:
            np.testing.assert_array_equal(train | test, observed)


@pytest.mark.parametrize("kind", SPLITTERS)
@pytest.mark.parametrize("missing", [None, "tracked"])
def test_every_slice_keeps_something(kind, missing):
    X = make_tca(30, 8, 9, 1, missing=missing, missing_fraction=0.7, random_state=3).X
    observed = np.isfinite(X)
    splitter = kind(0.2, n_splits=20) if kind is not TimeBlocks else kind(0.2, 3, 1, n_splits=20)
    for train, test in splitter.split(X):
        for axis in range(3):
            others = tuple(i for i in range(3) if i != axis)
            lost = observed.any(axis=others) & ~train.any(axis=others)
            if splitter.whole_trials and axis == 0:
                np.testing.assert_array_equal(lost, test.any(axis=others))
            else:
                assert not lost.any()


@pytest.mark.parametrize("guard", [0, 1, 3])
@pytest.mark.parametrize("fraction", [0.1, 0.5])
def test_blocks_are_whole_and_guarded(guard, fraction):
    X = np.zeros((40, 12, 30))
    ((train, test),) = TimeBlocks(fraction, 4, guard, n_splits=1).split(X)
    expected = test.copy()
    for shift in range(1, guard + 1):
        expected[..., shift:] |= test[..., :-shift]
        expected[..., :-shift] |= test[..., shift:]
    np.testing.assert_array_equal(train, ~expected)
    cells = [runs_of(row) for row in test.reshape(-1, 30)]
    for runs in cells:
        for first, last in runs:
            length = last - first + 1
            assert length == 4 if guard else length % 4 == 0
        for (_, last), (first, _) in itertools.pairwise(runs):
            assert first - last - 1 >= guard
    # Anywhere in the trial, its ends included.
    assert test.any(axis=(0, 1)).all()


def test_blocks_fill_trials_where_they_must():
    # Two blocks of five and a guard fill eleven bins: there is one arrangement only.
    ((train, test),) = TimeBlocks(0.8, 5, 1, n_splits=1).split(np.zeros((40, 40, 11)))
    assert test.mean() == pytest.approx(0.8, abs=0.01)
    assert train.any(axis=(0, 2)).all() and train.any(axis=(1, 2)).all()


def test_blocks_vary_where_they_may():
    # The same eleven bins, but few are asked for: blocks begin anywhere.
    ((_, test),) = TimeBlocks(0.2, 5, 1, n_splits=1).split(np.zeros((40, 40, 11)))
    starts = {first for row in test.reshape(-1, 11) for first, _ in runs_of(row)}
    assert starts == set(range(7))


def test_blocks_of_one_bin_without_guards_are_speckles():
    ((train, test),) = TimeBlocks(0.3, 1, 0, n_splits=1).split(np.zeros((20, 10, 15)))
    assert test.sum() == 900
    np.testing.assert_array_equal(train, ~test)


def test_whole_trials_are_whole():
    X = make_tca(50, 8, 9, 1, missing="entries", random_state=0).X
    for train, test in WholeTrials(0.2).split(X):
        held = test.any(axis=(1, 2))
        assert held.sum() == pytest.approx(10, abs=1)
        np.testing.assert_array_equal(test[held], np.isfinite(X[held]))
        assert not train[held].any()
    assert WholeTrials.whole_trials
    assert not any(kind.whole_trials for kind in SPLITTERS if kind is not WholeTrials)


def test_rectangles_are_trials_by_neurons():
    for _, test in TrialsByNeurons(0.16).split(np.zeros((50, 20, 6))):
        trials, neurons = test.any(axis=(1, 2)), test.any(axis=(0, 2))
        assert (trials.sum(), neurons.sum()) == (20, 8)
        assert test.sum() == 20 * 8 * 6


@pytest.mark.parametrize("kind", SPLITTERS)
def test_a_seed_repeats_every_split_and_splits_differ(kind):
    X = np.zeros((40, 12, 20))
    first, again, longer = (
        [test.tobytes() for _, test in kind(0.1, n_splits=n).split(X)] for n in (4, 4, 6)
    )
    assert first == again == longer[:4]
    assert len(set(longer)) == 6
    other = [test.tobytes() for _, test in kind(0.1, n_splits=4, random_state=1).split(X)]
    assert not set(first) & set(other)
    fresh = [next(kind(0.1, random_state=None).split(X))[1].tobytes() for _ in range(2)]
    assert fresh[0] != fresh[1]


@pytest.mark.parametrize("kind", SPLITTERS)
def test_labelled_data_keeps_its_dimensions_and_coordinates(kind):
    X = make_tca(30, 12, 20, 1, missing="entries", missing_fraction=0.1, random_state=0).X
    labelled = xarray.DataArray(
        X.transpose(2, 0, 1),
        dims=("bin", "epoch", "unit"),
        coords={"bin": np.linspace(0, 1, 20), "area": ("unit", list("abc") * 4)},
    )
    mask = np.isfinite(labelled)
    for given in ({}, {"mask": mask}, {"mask": mask.transpose("unit", "bin", "epoch")}):
        pairs = zip(kind().split(X), kind().split(labelled, **given), strict=True)
        for bare, own in pairs:
            for expected, found in zip(bare, own, strict=True):
                assert found.dims == ("bin", "epoch", "unit")
                xarray.testing.assert_identical(
                    found.coords.to_dataset(), labelled.coords.to_dataset()
                )
                np.testing.assert_array_equal(found.transpose("epoch", "unit", "bin"), expected)


def test_a_mask_is_as_good_as_nan():
    X = make_tca(30, 12, 20, 1, missing="blocks", random_state=0).X
    filled = np.where(np.isfinite(X), X, 1e300)
    for kind in SPLITTERS:
        for a, b in zip(kind().split(X), kind().split(filled, mask=np.isfinite(X)), strict=True):
            np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("kind", SPLITTERS)
def test_settings_are_plain_and_speak_for_themselves(kind):
    splitter = kind(np.float32(0.25), n_splits=np.int64(3), random_state=np.uint8(7))
    settings = dataclasses.asdict(splitter)
    assert kind(**json.loads(json.dumps(settings))) == splitter
    assert repr(splitter).startswith(f"{kind.__name__}(fraction=0.25, n_splits=3, random_state=7")
    assert eval(repr(splitter)) == splitter
    with pytest.raises(dataclasses.FrozenInstanceError):
        splitter.fraction = 0.5


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"fraction": 0}, r"fraction: expected a number between 0 and 1, got 0"),
        ({"fraction": 1.0}, r"fraction: .* got 1.0"),
        ({"fraction": float("nan")}, r"fraction: .* got nan"),
        ({"fraction": "0.1"}, r"fraction: .* got '0.1'"),
        ({"n_splits": 0}, r"n_splits: expected an integer of at least 1, got 0"),
        ({"n_splits": 2.5}, r"n_splits: .* got 2.5"),
        ({"length": 0}, r"length: expected an integer of at least 1, got 0"),
        ({"guard": -1}, r"guard: expected an integer of at least 0, got -1"),
        ({"random_state": "x"}, r"random_state: .* got 'x'"),
        ({"random_state": np.random.default_rng(0)}, r"random_state: expected an integer"),
    ],
)
def test_wrong_settings_are_refused_at_once(arguments, message):
    with pytest.raises(ValueError, match=message):
        TimeBlocks(**arguments)


def test_what_cannot_be_done_is_refused_by_split_itself():
    X = np.zeros((10, 6, 8))
    # Without asking for a single pair: the call itself.
    with pytest.raises(ValueError, match=r"5 bins with 2 on both sides needs trials of 9 .* got 8"):
        TimeBlocks(0.1, 5, 2).split(X)
    with pytest.raises(
        ValueError, match=r"fraction: 0.9 of the 480 .*TimeBlocks.* about 0\.\d+ can"
    ):
        TimeBlocks(0.9, 4, 2).split(X)
    with pytest.raises(ValueError, match=r"fraction: 0.97 .*WholeTrials.* about 0.9 can"):
        WholeTrials(0.97).split(X)
    with pytest.raises(ValueError, match=r"fraction: 0.1 .*TrialsByNeurons.* about 0 can"):
        TrialsByNeurons(0.1).split(X[:, :1])
    with pytest.raises(ValueError, match=r"fraction: 0.99 .*Speckled"):
        Speckled(0.99).split(X)
    with pytest.raises(ValueError, match="n_trials, n_neurons, n_times"):
        Speckled().split(X[0])
    with pytest.raises(ValueError, match="mask"):
        Speckled().split(X, mask=np.ones((2, 2), bool))
    with pytest.raises(NotImplementedError, match="Speckled"):
        Splitter().split(X)


@pytest.mark.parametrize("splitter", [TimeBlocks(0.9, 4, 2), TimeBlocks(0.74, 3, 1)])
def test_what_is_said_to_be_reachable_is(splitter):
    X = np.zeros((30, 20, 8))
    with pytest.raises(ValueError, match="about") as refused:
        splitter.split(X)
    reachable = float(str(refused.value).split("about ")[1].split(" can")[0])
    ((_, test),) = dataclasses.replace(splitter, fraction=reachable - 0.01, n_splits=1).split(X)
    assert test.mean() == pytest.approx(reachable, abs=0.02)


def test_a_neuron_that_is_seen_on_one_trial_keeps_it():
    X = np.random.default_rng(0).standard_normal((20, 6, 10))
    X[:, 2] = np.nan
    X[11, 2] = 1.0
    for _, test in WholeTrials(0.5, n_splits=10).split(X):
        assert not test[11].any()
    for _, test in TrialsByNeurons(0.2, n_splits=10).split(X):
        assert not test[11, 2].any()
    X[11, 2, 1:] = np.nan
    for _, test in Speckled(0.8, n_splits=10).split(X):
        assert not test[11, 2, 0]


def test_draws_are_uniform():
    counts = np.zeros((6, 5, 4))
    for _, test in Speckled(0.2, n_splits=400).split(counts):
        counts += test
    # 80 expected at each of 120 entries, with a standard deviation of 8.
    assert np.abs(counts - 80).max() < 40
    assert counts.std() == pytest.approx(8, rel=0.25)
