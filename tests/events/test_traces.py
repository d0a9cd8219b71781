"""Traces: their shapes, clocks and cells."""

import numpy as np
import pandas
import pytest

import trialtensor as tt


def test_lazy_and_chosen():
    calls = []

    def load():
        calls.append(1)
        return np.arange(6.0).reshape(3, 2)

    dff = tt.Traces("dff", pandas.DataFrame({"cell": [True, False]}), load, rate=2.0, start=10.0)
    kept = dff.where("cell")
    assert not calls and len(dff) == 2 and len(kept) == 1
    assert kept.values.tolist() == [[0], [2], [4]]
    assert kept.times.tolist() == [10, 10.5, 11]
    assert dff.values.shape == (3, 2) and len(calls) == 1


def test_cells_are_numbered_without_a_table():
    lfp = tt.Traces("lfp", None, lambda: np.zeros(4, np.int16), timestamps=[0, 1, 2, 4], unit="V")
    assert "not read yet" in repr(lfp)
    assert lfp.table.index.tolist() == [0] and lfp.table.index.name == "cell"
    assert repr(lfp) == "Traces 'lfp': 1 cell (no columns), 4 samples with timestamps, in V"
    assert "Traces" in lfp._repr_html_()


BAD = {
    "no clock": ({}, "either rate"),
    "two clocks": ({"rate": 1.0, "timestamps": [0, 1, 2]}, "either rate"),
    "rate 0": ({"rate": 0.0}, "rate: expected a number above 0"),
    "start": ({"rate": 1.0, "start": np.nan}, "start: expected"),
    "too few timestamps": ({"timestamps": [0, 1]}, "one for each of 3 samples, got 2"),
    "falling": ({"timestamps": [0, 2, 1]}, "rising order"),
    "NaN": ({"timestamps": [0, np.nan, 1]}, "finite times"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_clock(case):
    options, message = BAD[case]
    with pytest.raises(ValueError, match=message):
        tt.Traces("x", None, lambda: np.zeros((3, 2)), **options).times  # noqa: B018


def test_bad_values():
    table = pandas.DataFrame(index=range(5))
    with pytest.raises(ValueError, match=r"5 cells, got shape \(5, 30\) \(it seems to be turned\)"):
        tt.Traces("x", table, lambda: np.zeros((5, 30)), rate=1.0).values  # noqa: B018
    with pytest.raises(ValueError, match="expected numbers"):
        tt.Traces("x", table, lambda: np.array(["a"] * 5), rate=1.0).values  # noqa: B018
    with pytest.raises(ValueError, match=r"expected \(n_samples, n_cells\)"):
        tt.Traces("x", table, lambda: np.zeros((1, 2, 3)), rate=1.0).values  # noqa: B018
