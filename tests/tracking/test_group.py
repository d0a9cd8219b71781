"""Transitions over animals, planted."""

import numpy as np
import pytest

from trialtensor import TCA, make_tca
from trialtensor.tracking import track, track_group, transitions


def animals(sizes, seed=0, n=100):
    rng = np.random.default_rng(seed)
    step = np.arange(n) >= 50
    return {f"a{i}": size * step + rng.normal(size=n) for i, size in enumerate(sizes)}


def test_a_common_step_is_found():
    found = track_group(animals([4, 5, 4, 5]))
    rows = found.table.set_index("effect")
    assert rows.loc["amplitude", "low"] <= 4.5 <= rows.loc["amplitude", "high"]
    assert rows.loc["onset", "mean"] == pytest.approx(50, abs=2)
    assert rows.loc["amplitude", "p_value"] < 0.01 and rows["n_with"].eq(4).all()
    assert "\n" not in repr(found) and "4 of 4 animals" in repr(found)


def test_animals_without_a_step_count():
    found = track_group(animals([6, 0, 0, 0]))
    rows = found.table.set_index("effect")
    assert rows.loc["amplitude", "n_with"] == 1 and rows.loc["amplitude", "n_animals"] == 4
    assert rows.loc["amplitude", "low"] < 0 and np.isnan(rows.loc["onset", "low"])
    assert found.animals.query("effect == 'amplitude'")["shown"].tolist() == [1, 0, 0, 0]


def test_sessions_are_nested_in_animals():
    data = list(animals([4] * 6).values())
    nested = {"a": data[:3], "b": data[3:]}
    found = track_group(nested)
    assert found.table["n_animals"].tolist() == [2, 2, 2]
    named = track_group([transitions(y) for y in data], by=["a"] * 3 + ["b"] * 3)
    assert np.allclose(found.table["mean"], named.table["mean"])


def test_models_are_matched_by_time_courses():
    made = make_tca(80, 30, 40, 2, snr=10.0, random_state=0).X
    X = np.asarray(made)
    models = [TCA(2, random_state=0).fit(X[:, :15]), TCA(2, random_state=1).fit(X[:, 15:])]
    found = track_group(dict(zip("ab", models, strict=True)))
    assert found.table["n_animals"].iloc[[2, 5]].tolist() == [2, 2]


def test_refusals_name_what_is_wrong():
    y = animals([0, 0])
    with pytest.raises(ValueError, match="at least 2 animals"):
        track_group({"a": y["a0"]})
    with pytest.raises(ValueError, match="one a session"):
        track_group(list(y.values()), by=["a"])
    with pytest.raises(ValueError, match="no coordinate 'animal'"):
        track_group(list(y.values()))
    with pytest.raises(ValueError, match="number 1 has the series"):
        track_group({"a": y["a0"], "b": np.c_[y["a1"], y["a1"]]})


def test_steps_that_might_be_gradual_are_no_earlier():
    y = animals([3] * 6, seed=4)
    alone = [transitions(each).draws.onsets[:, 0].mean() for each in y.values()]
    rows = track_group(y).table.set_index("effect")
    assert np.mean(alone) < 50 - 0.3  # by what each says alone
    assert rows.loc["onset", "mean"] > np.mean(alone)
    assert rows.loc["onset", "low"] <= 50 <= rows.loc["onset", "high"]
    assert rows.loc["time constant", "high"] < 4


def test_gradual_changes_and_ramps_keep_their_time_constants():
    rng = np.random.default_rng(0)
    since = np.maximum(np.arange(150) - 39, 0)
    slow = {f"a{i}": 5 * -np.expm1(-since / 12) + rng.normal(size=150) for i in range(4)}
    row = track_group(slow).table.set_index("effect").loc["time constant"]
    assert row["low"] < 12 < row["high"] and row["high"] / row["low"] < 4
    ramps = {f"a{i}": since / 10 + rng.normal(size=150) for i in range(3)}
    assert track_group(ramps).table.set_index("effect").loc["time constant", "low"] > 40


def test_numbers_of_every_form():
    y = animals([5, 4, 5])
    expected = track_group(y).table
    single = track_group({name: each.astype(np.float32) for name, each in y.items()}).table
    assert np.allclose(single["mean"], expected["mean"], rtol=1e-2)
    hidden = {name: np.ma.masked_array(each, np.arange(100) % 10 == 3) for name, each in y.items()}
    missing = {name: each.filled(np.nan) for name, each in hidden.items()}
    assert track_group(hidden).table.equals(track_group(missing).table)
    assert track_group(hidden).table["mean"].iloc[0] == pytest.approx(50, abs=2)


def test_constant_series_have_no_transition():
    constant = track_group({name: np.full(60, 2.0) for name in "abc"}).table.set_index("effect")
    assert constant["n_with"].eq(0).all() and constant.loc["amplitude", "mean"] == 0
    mixed = track_group({**animals([5, 5]), "constant": np.zeros(100)}).table.set_index("effect")
    assert mixed["n_with"].eq(2).all() and mixed.loc["onset", "n_animals"] == 2
    noiseless = {name: (np.arange(60) >= 30) * 1.0 for name in "abc"}
    row = track_group(noiseless).table.set_index("effect").loc["onset"]
    assert row["low"] <= 30 <= row["high"] and row["high"] - row["low"] < 3


def test_trackings_are_sessions():
    y = animals([5, 4])
    tracked = track_group({name: track(each) for name, each in y.items()}).table
    assert tracked["effect"].tolist() == ["onset", "time constant", "amplitude"]
    assert np.allclose(tracked["mean"], track_group(y).table["mean"], equal_nan=True)


def test_animals_by_a_coordinate_of_the_models():
    xarray = pytest.importorskip("xarray")
    made = make_tca(60, 36, 30, 1, snr=10.0, random_state=0).X
    X = np.asarray(made)
    models = []
    for i, name in enumerate(["m1", "m2", "m2"]):
        part = xarray.DataArray(
            X[:, 12 * i : 12 * (i + 1)],
            dims=("trial", "neuron", "time"),
            coords={"animal": ("trial", [name] * 60)},
        )
        models.append(TCA(1, random_state=0).fit(part))
    found = track_group(models, by="animal")
    assert found.animals["animal"].drop_duplicates().tolist() == ["m1", "m2"]
    assert found.animals["n_sessions"].tolist()[:2] == [1, 2]
