"""Transitions over animals, planted."""

import numpy as np
import pytest

from trialtensor import TCA, make_tca
from trialtensor.tracking import track_group, transitions


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
