"""Sessions with tracked cells joined to one tensor, and taken apart again."""

import warnings

import numpy as np
import pandas
import pytest
import xarray

import trialtensor as tt
from trialtensor.events import (
    SessionLinkWarning,
    concat_sessions,
    pad_trials,
    session_links,
    split_sessions,
    unpad_trials,
)
from trialtensor.selection import factor_match_score
from trialtensor.solvers.links import linked_groups


def session(n_trials, labels, seed, *, times=None, dtype=float):
    rng = np.random.default_rng(seed)
    times = 0.1 * np.arange(8) if times is None else times
    return xarray.DataArray(
        rng.normal(size=(n_trials, len(labels), len(times))).astype(dtype),
        dims=("trial", "neuron", "time"),
        coords={
            "trial": 10 + np.arange(n_trials),
            "side": ("trial", np.resize(["left", "right"], n_trials)),
            "neuron": labels,
            "time": times,
        },
        attrs={"bin_size": 0.1},
    )


@pytest.fixture
def days():
    mon = session(4, [3, 5, 8], 0).assign_coords(
        region=("neuron", ["M1", "M1", "S1"]), depth=("neuron", [1.0, 2.0, 3.0])
    )
    tue = session(3, [1, 2], 1).assign_coords(
        region=("neuron", ["S1", "M1"]),
        depth=("neuron", [3.5, 2.5]),
        correct=("trial", [True, False, True]),
    )
    wed = session(5, [7, 9, 11, 12], 2)
    return {"mon": mon, "tue": tue, "wed": wed}


@pytest.fixture
def registry():
    return pandas.DataFrame(
        {"mon": [3, 5, 8, None], "tue": [None, 2, 1, None], "wed": [9, 7, np.nan, 12]},
        index=["a", "b", "c", "d"],
    )


def test_every_value_is_in_its_place(days, registry):
    X = concat_sessions(days, registry)
    assert X.shape == (12, 4, 8)
    at = {"mon": 0, "tue": 4, "wed": 7}
    for name, day in days.items():
        rows = slice(at[name], at[name] + day.sizes["trial"])
        assert set(X["session"].to_numpy()[rows]) == {name}
        assert X["trial_in_session"].to_numpy()[rows].tolist() == day["trial"].to_numpy().tolist()
        assert X["side"].to_numpy()[rows].tolist() == day["side"].to_numpy().tolist()
        for i, cell in enumerate("abcd"):
            label = registry.loc[cell, name]
            if np.isnan(label):
                assert np.isnan(X[rows, i]).all() and not X["present"][rows, i].any()
            else:
                np.testing.assert_array_equal(X[rows, i], day.sel(neuron=label))
    assert X["neuron"].to_numpy().tolist() == list("abcd")
    assert X["n_sessions"].to_numpy().tolist() == [2, 3, 2, 1]
    assert X["region"].to_numpy().tolist() == ["M1", "M1", "S1", ""]
    np.testing.assert_array_equal(X["depth_mon"], [1, 2, 3, np.nan])
    np.testing.assert_array_equal(X["depth_tue"], [np.nan, 2.5, 3.5, np.nan])
    np.testing.assert_array_equal(X["neuron_wed"], [9, 7, np.nan, 12])
    np.testing.assert_array_equal(X["correct"], [*[np.nan] * 4, 1, 0, 1, *[np.nan] * 5])
    assert X.attrs["bin_size"] == 0.1


def test_it_comes_apart_bit_for_bit_also_from_netcdf(days, registry, tmp_path):
    X = concat_sessions(days, registry)
    X.to_dataset(name="X").to_netcdf(tmp_path / "x.nc", engine="h5netcdf")
    with xarray.open_dataset(tmp_path / "x.nc", engine="h5netcdf") as found:
        parts = split_sessions(found["X"].load())
    assert list(parts) == ["mon", "tue", "wed"]
    for name, day in days.items():
        labels = registry[name].dropna()
        np.testing.assert_array_equal(parts[name], day.sel(neuron=labels.to_numpy()))
        np.testing.assert_array_equal(parts[name]["neuron"], labels)
        np.testing.assert_array_equal(parts[name]["trial"], day["trial"])
        np.testing.assert_array_equal(parts[name]["side"], day["side"])


def test_matching_by_labels_and_by_number():
    one, two = session(2, ["u1", "u2"], 0), session(3, ["u2", "u10"], 1)
    X = concat_sessions({"a": one, "b": two})
    assert X["neuron"].to_numpy().tolist() == ["u1", "u2", "u10"]
    np.testing.assert_array_equal(X[2:, 1], two[:, 0])
    assert "neuron_a" not in X.coords
    bare = [np.ones((2, 2, 3), np.float32), np.zeros((1, 3, 3), np.float32)]
    X = concat_sessions(bare, [[0, 2], [None, 0], [1, None]])
    assert X.dtype == np.float32 and "time" not in X.coords
    assert X["session"].to_numpy().tolist() == [0, 0, 1]
    np.testing.assert_array_equal(np.isnan(X[:, :, 0]), [[0, 1, 0], [0, 1, 0], [0, 0, 1]])


def test_columns_of_the_registry_and_cells_that_it_leaves_out(days, registry):
    registry["kind"] = ["pyramidal", "pyramidal", "", "interneuron"]
    X = concat_sessions({name: days[name] for name in ("mon", "tue")}, registry.drop(columns="wed"))
    assert X["neuron"].to_numpy().tolist() == ["a", "b", "c"], "d is in no session that is joined"
    assert X["kind"].to_numpy().tolist() == ["pyramidal", "pyramidal", ""]
    few = concat_sessions(days, registry[:2])
    assert few.sizes["neuron"] == 2


@pytest.mark.parametrize("kind", ["mean", "scale"])
def test_offsets_are_removed_and_kept(days, registry, kind):
    changed = {name: day * (1 + i) + 10 * i for i, (name, day) in enumerate(days.items())}
    X = concat_sessions(changed, registry, remove_offsets=kind)
    plain = concat_sessions(changed, registry)
    np.testing.assert_array_equal(np.isnan(X), np.isnan(plain))
    groups = X.groupby("session")
    found = groups.mean(("trial", "time")) if kind == "mean" else groups.std(("trial", "time"))
    for i in range(4):
        own = found[:, i].to_numpy()
        np.testing.assert_allclose(own[~np.isnan(own)], np.nanmean(own))
    if kind == "mean":
        means = plain.groupby("session").mean(("trial", "time")).mean("session")
        np.testing.assert_allclose(found.mean("session"), means)
    np.testing.assert_allclose(
        (X * X["batch_scale"] + X["batch_offset"]).transpose(*X.dims), plain, rtol=1e-12
    )
    for name, part in split_sessions(X).items():
        np.testing.assert_allclose(part, split_sessions(plain)[name], rtol=1e-12)
    kept = split_sessions(X, restore_offsets=False)["wed"]
    assert not np.allclose(kept, split_sessions(plain)["wed"])


def test_a_constant_neuron_has_no_scale():
    one, two = np.ones((2, 1, 5)), np.random.default_rng(0).poisson(3, (2, 1, 5))
    X = concat_sessions([one, two], [[0, 0]], remove_offsets="scale")
    np.testing.assert_allclose(X, np.concatenate([one, two]))


def test_times_have_to_agree_or_are_interpolated():
    one = session(2, [0, 1], 0, times=0.1 * np.arange(8))
    two = session(3, [0, 1], 1, times=0.05 + 0.05 * np.arange(12))
    message = r"^sessions: their times differ: 'a' has 8 bins from 0 to 0.7, 'b' has 12 bins"
    with pytest.raises(ValueError, match=message):
        concat_sessions({"a": one, "b": two})
    X = concat_sessions({"a": one, "b": two}, resample=True)
    np.testing.assert_allclose(X["time"], 0.1 * np.arange(1, 7))
    np.testing.assert_array_equal(X[:2], one[:, :, 1:7])
    np.testing.assert_allclose(X[2:], two.interp(time=X["time"]))
    almost = two.assign_coords(time=two["time"] * (1 + 1e-12))
    assert concat_sessions([two, almost]).sizes["time"] == 12


def test_the_record_of_times_is_kept_where_it_is_the_same():
    rng = np.random.default_rng(0)
    one, two = (
        pad_trials([rng.normal(size=(2, n)) for n in lengths], bin_size=0.1)
        for lengths in ((5, 8), (8, 3))
    )
    one, two = one.assign_attrs(source="mon.nwb"), two.assign_attrs(source="tue.nwb")
    X = concat_sessions([one, two], [[0, 0], [1, 1]])
    assert "source" not in X.attrs
    assert [each.shape[1] for each in unpad_trials(X)] == [5, 8, 8, 3]
    other = two.assign_attrs(pad_align="end")
    assert "time_steps" not in concat_sessions([one, other], [[0, 0], [1, 1]]).attrs


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"mon": [3, 5, 4, None]}, r"^registry: 1 of the 3 cells of session 'mon' aren't among"),
        ({"mon": [3, 3, 8, None]}, r"^registry: neuron 3.0 of session 'mon' is given for two"),
        ({"mon": ["3", "5", "8", None]}, r"^registry: 3 of the 3 cells .* such as '3'"),
        ({"mon": [3, 5, 8, -1]}, r"such as -1; a cell that isn't in a session is NaN"),
    ],
)
def test_a_wrong_registry_is_refused(days, registry, change, message):
    with pytest.raises(ValueError, match=message):
        concat_sessions(days, registry.assign(**change))


def test_what_else_is_refused(days, registry):
    with pytest.raises(ValueError, match=r"^registry: expected one column 'wed'"):
        concat_sessions(days, registry.drop(columns="wed"))
    with pytest.raises(ValueError, match=r"^registry: cell 'a' has several rows"):
        concat_sessions(days, registry.rename(index={"b": "a"}))
    with pytest.raises(ValueError, match=r"^registry: session 0 has no labels of its neurons"):
        concat_sessions([np.ones((1, 2, 3))])
    with pytest.raises(ValueError, match=r"^registry: some neurons of session 'a' .* share one"):
        concat_sessions({"a": session(2, [1, 1], 0)})
    with pytest.raises(ValueError, match=r"^registry: expected a table"):
        concat_sessions([np.ones((1, 2, 3))], [0, 1])
    with pytest.raises(ValueError, match=r"^sessions: expected a dict or list"):
        concat_sessions([])
    with pytest.raises(ValueError, match=r"^sessions: two of the names read the same"):
        concat_sessions({1: days["mon"], "1": days["mon"]})
    with pytest.raises(ValueError, match=r"^remove_offsets: "):
        concat_sessions(days, registry, remove_offsets="median")
    with pytest.raises(ValueError, match=r"^X: expected a tensor from concat_sessions"):
        split_sessions(days["mon"])


def joined(rows, **options):
    rows = np.array(rows)
    table = np.where(rows, np.arange(rows.shape[1]), None).T
    return concat_sessions([np.ones((1, rows.shape[1], 2))] * len(rows), table, **options)


CHAIN = [[1, 1, 1, 1, 0, 0], [0, 0, 1, 1, 1, 0], [0, 0, 0, 0, 1, 1]]


def test_warned_with_numbers_where_cells_are_too_few():
    message = (
        r"fall into 2 groups that share fewer than 2 cells \(0, 1; 2; two sessions share 0 to 2 "
        r"cells\): .* use at most 1 component,"
    )
    with pytest.warns(SessionLinkWarning, match=message):
        X = joined(CHAIN, n_components=2)
    assert X.attrs["join_linked"] == 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        joined(CHAIN, n_components=1)
        joined(CHAIN)
    with pytest.warns(SessionLinkWarning, match=r"some sessions have no cell in common"):
        joined([[1, 1, 0], [0, 0, 1]])


def test_links_are_those_that_tca_warns_of():
    rng = np.random.default_rng(0)
    for _ in range(30):
        rows = rng.random((5, 12)) < 0.4
        rows[:, 0] |= ~rows.any(axis=1)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            links = session_links(joined(rows))
        counts = links.shared.to_numpy()
        np.testing.assert_array_equal(counts, rows.astype(int) @ rows.T.astype(int))
        for n in range(1, 5):
            groups = links.groups(n)
            expected = linked_groups(rows, n)
            if rows.sum(axis=1).min() >= n:
                found = {frozenset(group) for group in groups}
                by_number = {frozenset(np.flatnonzero(expected == g)) for g in set(expected)}
                assert found == by_number
            assert (len(groups) == 1) == (n <= links.n_linked)


def planted(n_shared, seed=0):
    """Three sessions of 15 cells of their own, and some that all have."""
    n_cells = n_shared + 3 * 15
    data = tt.make_tca(75, n_cells, 30, 3, snr=3.0, random_state=seed)
    table = np.full((n_cells, 3), None, object)
    sessions = []
    for i in range(3):
        cells = np.r_[:n_shared, n_shared + 15 * i + np.arange(15)]
        sessions.append(data.X[25 * i : 25 * (i + 1), cells])
        table[cells, i] = np.arange(len(cells))
    return sessions, table, data


def test_tca_of_joined_sessions_finds_planted_components_if_cells_are_shared():
    scores = {}
    for n_shared in (8, 0):
        sessions, table, data = planted(n_shared)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            X = concat_sessions(sessions, table)
            model = tt.TCA(3, n_init=5, random_state=0).fit(X)
        assert model.coords_["session"][1].tolist() == [0] * 25 + [1] * 25 + [2] * 25
        scores[n_shared] = factor_match_score(model, data.factors)
    assert scores[8] > 0.97 and scores[0] < 0.8, scores


def test_sessions_of_spikes_come_apart_as_they_were():
    def session(n_trials, seed):
        rng = np.random.default_rng(seed)
        trials = pandas.DataFrame({"cue": 1 + 2.0 * np.arange(n_trials), "side": "left"})
        spikes = [np.sort(rng.random(500) * 50) for _ in range(4)]
        return tt.bin_spikes(spikes, trials, align_to="cue", window=(0, 1), bin_size=0.1)

    days = {"mon": session(12, 0), "tue": session(9, 1)}
    joined = tt.concat_sessions(days)
    assert joined.name == "spike_count" and joined.attrs["align_to"] == "cue"
    for name, each in tt.split_sessions(joined).items():
        xarray.testing.assert_identical(each.astype(int), days[name].astype(int))
