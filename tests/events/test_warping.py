"""Time warping: planted warps undone, and what the inverse gives back."""

import warnings

import numpy as np
import pytest
import xarray
from sklearn.base import clone
from sklearn.pipeline import make_pipeline

import trialtensor as tt
from trialtensor.events import TimeWarp, pad_trials, unpad_trials
from trialtensor.events.warping import warped
from trialtensor.models import DegeneracyWarning
from trialtensor.selection import factor_match_score

STEP = 0.02
TIMES = STEP * np.arange(80)


def planted(n_trials=40, seed=0, sharp=0.05):
    """Two components: a bump at the cue, and one at the movement; the events vary in time."""
    rng = np.random.default_rng(seed)
    cue = rng.uniform(0.2, 0.5, n_trials)
    move = cue + rng.uniform(0.25, 0.9, n_trials)
    template = np.array([0.35, 0.9])
    trial = np.exp(rng.normal(size=(n_trials, 2)) * 0.6)
    neuron = rng.gamma(1, size=(15, 2))

    def courses(times):
        first = np.exp(-0.5 * ((times - 0.35) / sharp) ** 2)
        second = np.exp(-0.5 * ((times - 0.9) / sharp) ** 2)
        between = 0.5 * ((times > 0.35) & (times < 0.9))
        return np.stack([first + between, second], axis=1)

    marks = np.stack([cue, move], axis=1)
    X = np.stack(
        [
            np.einsum("r,nr,tr->nt", trial[k], neuron, courses(warped(TIMES, marks[k], template)))
            for k in range(n_trials)
        ]
    )
    labelled = xarray.DataArray(
        X,
        dims=("trial", "neuron", "time"),
        coords={"time": TIMES, "cue": ("trial", cue), "move": ("trial", move)},
    )
    return labelled, template, (trial, neuron, courses)


def smooth(rng, shape):
    from scipy.ndimage import gaussian_filter1d

    return gaussian_filter1d(rng.normal(size=shape), 3, axis=-1)


def test_a_planted_warp_is_undone():
    X, template, (trial, neuron, courses) = planted(sharp=0.08)
    warp = TimeWarp(["cue", "move"], template=template, times=np.arange(0.1, 1.2, STEP))
    found = warp.fit_transform(X)
    truth = np.einsum("kr,nr,tr->knt", trial, neuron, courses(found["time"].to_numpy()))
    steps = np.abs(found["time"].to_numpy()[:, None] - template).min(axis=1) < 2 * STEP
    error = np.abs(found - truth)[:, :, ~steps].to_numpy()
    seen = ~np.isnan(error)
    assert seen.mean() > 0.95
    assert error[seen].max() < 0.02 * truth.max()
    shifted = np.abs(X.to_numpy()[:, :, 5:60] - truth[:, :, :55])
    assert shifted.max() > 0.5 * truth.max(), "what it would be without"


def test_the_template_is_the_median_course():
    X, *_ = planted()
    warp = TimeWarp(["cue", "move"]).fit(X)
    gap = np.median(X["move"] - X["cue"])
    np.testing.assert_allclose(warp.template_, np.median(X["cue"]) + np.array([0, gap]))
    assert warp.rates_[0] < 1 < warp.rates_[1]


@pytest.mark.parametrize("oversample", ["exact", 12])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_the_inverse_is_exact_on_a_grid_that_is_fine_enough(oversample, dtype):
    rng = np.random.default_rng(0)
    X, *_ = planted()
    X = X.copy(data=rng.normal(size=X.shape)).astype(dtype)
    warp = TimeWarp(["cue", "move"], oversample=oversample).fit(X)
    assert warp.restorable(X).all()
    back = warp.inverse_transform(warp.transform(X))
    assert back.dtype == dtype
    np.testing.assert_allclose(back, X, atol=1e-12 if dtype == np.float64 else 2e-5)
    xarray.testing.assert_allclose(back, X, atol=1e-4)
    assert back.attrs == {}


def test_ragged_trials_come_back_with_their_gaps(tmp_path):
    rng = np.random.default_rng(1)
    trials = [rng.normal(size=(3, n)) for n in rng.integers(40, 80, 12)]
    X = pad_trials(trials, bin_size=STEP)
    X[4, 1, 10:14] = np.nan
    X = X.assign_coords(
        cue=("trial", rng.uniform(0.2, 0.4, 12)), go=("trial", rng.uniform(0.5, 0.7, 12))
    )
    warp = TimeWarp(["cue", "go"], oversample="exact").fit(X)
    made = warp.transform(X)
    made.to_dataset(name="X").to_netcdf(tmp_path / "x.nc", engine="h5netcdf")
    with xarray.open_dataset(tmp_path / "x.nc", engine="h5netcdf") as found:
        back = warp.inverse_transform(found["X"].load())
    np.testing.assert_array_equal(np.isnan(back), np.isnan(X))
    np.testing.assert_allclose(back, X, atol=1e-12)
    assert [each.shape for each in unpad_trials(back)] == [each.shape for each in trials]


@pytest.mark.parametrize("how", ["linear", "nearest"])
@pytest.mark.parametrize("seed", range(3))
def test_scattered_gaps_are_never_filled_and_only_lone_values_are_lost(how, seed):
    rng = np.random.default_rng(seed)
    X, *_ = planted(n_trials=8, seed=seed)
    values = np.where(rng.random(X.shape) < 0.3, np.nan, rng.normal(size=X.shape))
    X = X.copy(data=values)
    warp = TimeWarp(["cue", "move"], oversample="exact", how=how).fit(X)
    back = warp.inverse_transform(warp.transform(X)).to_numpy()
    kept = ~np.isnan(back)
    assert not (kept & np.isnan(values)).any()
    np.testing.assert_allclose(back[kept], values[kept], atol=1e-12)
    gone = np.isnan(np.pad(values, [(0, 0), (0, 0), (1, 1)], constant_values=np.nan))
    alone = gone[:, :, :-2] & gone[:, :, 2:]
    lost = ~kept & ~np.isnan(values)
    assert not (lost & ~alone).any() and (how == "linear" or not lost.any())


def test_shifts_by_whole_bins_are_bit_exact():
    rng = np.random.default_rng(2)
    X = rng.normal(size=(10, 3, 50))
    shifts = rng.integers(5, 20, 10)
    warp = TimeWarp(shifts[:, None], template=[10])
    made = warp.fit_transform(X)
    assert warp.rates_ == (1.0, 1.0)
    for k, shift in enumerate(shifts):
        source = warp.warped_times_.astype(int) + shift - 10
        there = (source >= 0) & (source < 50)
        np.testing.assert_array_equal(made[k][:, there], X[k][:, source[there]])
        assert np.isnan(made[k][:, ~there]).all()
    np.testing.assert_array_equal(warp.inverse_transform(made), X)


def test_nearest_copies_and_restores_bit_for_bit_what_it_copied():
    X, *_ = planted(seed=3)
    X = X.copy(data=np.random.default_rng(0).normal(size=X.shape))
    for oversample in (1, "exact"):
        warp = TimeWarp(["cue", "move"], how="nearest", oversample=oversample).fit(X)
        made, kept = warp.transform(X), warp.restorable(X)
        assert np.isin(made.to_numpy()[~np.isnan(made)], X.to_numpy()).all()
        back = warp.inverse_transform(made).to_numpy().transpose(0, 2, 1)
        np.testing.assert_array_equal(back[kept], X.to_numpy().transpose(0, 2, 1)[kept])
        assert np.isnan(back[~kept]).all()
        assert kept.all() == (oversample == "exact")


def test_elsewhere_the_inverse_interpolates_and_its_error_is_that_of_interpolation():
    rng = np.random.default_rng(4)
    X, *_ = planted()
    X = X.copy(data=smooth(rng, X.shape))
    warp = TimeWarp(["cue", "move"]).fit(X)
    back, kept = warp.inverse_transform(warp.transform(X)).to_numpy(), warp.restorable(X)
    assert 0.02 < kept.mean() < 0.5
    error = np.abs(back - X.to_numpy())
    exact = np.broadcast_to(kept[:, None], error.shape)
    assert error[exact].max() < 1e-9
    bend = np.abs(np.diff(X, 2)).max()
    rest = error[~exact]
    rest = rest[~np.isnan(rest)]
    assert 1e-3 * bend < rest.mean() < 0.5 * bend and rest.max() < 4 * bend


def test_tca_finds_the_planted_components_that_padding_misses():
    X, template, (trial, neuron, courses) = planted(n_trials=60, sharp=0.05)
    rng = np.random.default_rng(0)
    noisy = X + 0.3 * float(X.std()) * rng.normal(size=X.shape)
    warp = TimeWarp(["cue", "move"], template=template, times=np.arange(0.1, 1.2, STEP))
    model = make_pipeline(warp, tt.TCA(2, random_state=0)).fit(noisy)[-1]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DegeneracyWarning)
        padded = tt.TCA(2, random_state=0).fit(noisy)
    truth = (trial, neuron, courses(warp.warped_times_))
    plain = (trial, neuron, courses(TIMES))
    after = factor_match_score(model, truth)
    before = factor_match_score(padded, plain)
    assert after > 0.95, after
    assert before < 0.6, before


def test_trials_without_a_landmark_are_missing_and_new_trials_are_warped():
    X, template, _ = planted()
    X["move"][3] = np.nan
    warp = TimeWarp(["cue", "move"], template=template).fit(X[:30])
    found = warp.transform(X[30:])
    assert found.shape == (10, 15, len(warp.warped_times_))
    assert np.isnan(warp.transform(X)[3]).all()


def test_it_is_a_transformer():
    X, *_ = planted()
    warp = TimeWarp(["cue", "move"], oversample=2)
    assert clone(warp).get_params() == warp.get_params()
    assert warp.fit(X).get_feature_names_out().tolist() == [f"neuron{i}" for i in range(15)]
    made = warp.transform(X.transpose("time", "trial", "neuron"))
    np.testing.assert_array_equal(made, warp.transform(X))
    assert made.attrs["time_steps"] == "TimeWarp" and "cue" in made.coords
    with pytest.raises(ValueError, match=r"TimeWarp was done already"):
        warp.transform(made)
    with pytest.raises(ValueError, match=r"^X: expected a tensor whose last step is TimeWarp"):
        warp.inverse_transform(made.drop_attrs())


MARKS = np.array([[1.0, 4.0], [2.0, 5.0]])


@pytest.mark.parametrize(
    ("landmarks", "options", "message"),
    [
        (["cue"], {}, r"^landmarks: the data has no coordinate 'cue'"),
        (np.ones((3, 2)), {}, r"^landmarks: expected times \(n_trials, n_landmarks\) of 2"),
        ([[1, 4], [5, 5]], {}, r"^landmarks: .* increase in each trial; in 1 of 2 .* trial 1"),
        ([[np.nan, 1], [1, np.nan]], {}, r"^landmarks: no trial has all"),
        ([[1, 2], [1e9, 2e9]], {}, r"^landmarks: warped trials would go from"),
        (MARKS, {"template": [3, 2]}, r"^template: expected 2 times that increase"),
        (MARKS, {"template": [3]}, r"^template: expected 2 times that increase"),
        (MARKS, {"times": "wide"}, r"^times: expected one of 'all', 'same'"),
        (MARKS, {"times": [2, 1]}, r"^times: expected times that increase"),
        (MARKS, {"oversample": 0}, r"^oversample: "),
        (MARKS, {"oversample": "fine"}, r"^oversample: expected one of 'exact'"),
        (MARKS, {"how": "cubic"}, r"^how: expected one of 'linear', 'nearest'"),
    ],
)
def test_what_is_refused(landmarks, options, message):
    with pytest.raises(ValueError, match=message):
        TimeWarp(landmarks, **options).fit(np.zeros((2, 3, 10)))


def test_other_times_are_refused():
    warp = TimeWarp(MARKS).fit(np.zeros((2, 3, 10)))
    with pytest.raises(ValueError, match=r"^X: expected 10 bins from 0 to 9, as in the fit, got 8"):
        warp.transform(np.zeros((2, 3, 8)))
