"""Units: their spikes grouped, sorted and chosen."""

import numpy as np
import pandas
import pytest

import trialtensor as tt


def spikes_of(units):
    return [units.times[a:b].tolist() for a, b in zip(units.bounds, units.bounds[1:], strict=False)]


def test_from_times_sorts_and_leaves_out_padding():
    units = tt.Units.from_times({"b": [3, 1, np.nan], "a": [], "c": np.array([[0.5], [0.25]])})
    assert units.table.index.tolist() == ["b", "a", "c"]
    assert spikes_of(units) == [[1, 3], [], [0.25, 0.5]]
    assert (units.times.dtype, units.bounds.dtype) == (np.float64, np.int64)


def test_table_of_a_dict_is_sorted_by_its_index():
    table = pandas.DataFrame({"region": ["M1", "V1"]}, index=["b", "a"])
    units = tt.Units.from_times({"a": [1.0], "b": [2.0]}, table)
    assert units.table["region"].to_dict() == {"a": "V1", "b": "M1"}
    with pytest.raises(ValueError, match=r"table: its index isn't that .* 1 of 2 .* such as 'c'"):
        tt.Units.from_times({"a": [1.0], "c": [2.0]}, table)
    with pytest.raises(ValueError, match=r"table: expected one row for each of 3 units, got 2"):
        tt.Units.from_times([[1.0], [2.0], []], table)


@pytest.mark.parametrize("dtype", [np.int8, np.uint16, np.int64, np.float64, object, str])
def test_from_flat_groups_as_a_loop_does(dtype):
    rng = np.random.default_rng(0)
    times = rng.permutation(np.sort(rng.random(500)))
    labels = (rng.integers(0, 40, 500) * 3 - (0 if dtype in (np.uint16,) else 50)).astype(dtype)
    units = tt.Units.from_flat(times, labels)
    ids = units.table.index.tolist()
    assert sorted(ids) == sorted(set(labels.tolist()))
    assert dtype is str or ids == sorted(ids)
    assert spikes_of(units) == [sorted(times[labels == each].tolist()) for each in ids]


def test_ids_that_are_text_are_sorted_by_their_numbers():
    units = tt.Units.from_flat([1.0, 2.0, 3.0], ["u10", "u9", "u10"])
    assert (units.table.index.tolist(), spikes_of(units)) == (["u9", "u10"], [[2.0], [1.0, 3.0]])


def test_from_flat_with_huge_ids():
    units = tt.Units.from_flat([1.0, 2.0, 3.0], np.array([2**40, 5, 2**40]))
    assert (units.table.index.tolist(), spikes_of(units)) == ([5, 2**40], [[2.0], [1.0, 3.0]])


def test_from_flat_keeps_units_without_spikes():
    table = pandas.DataFrame({"group": ["good", "mua", "good"]}, index=[7, 2, 5])
    units = tt.Units.from_flat([0.3, 0.1, 0.2], [5, 7, 5], table)
    assert spikes_of(units) == [[0.1], [], [0.2, 0.3]]
    with pytest.raises(
        ValueError, match=r"units: 2 spikes belong to units that aren't .* such as 9"
    ):
        tt.Units.from_flat([0.3, 0.1, 0.2], [9, 7, 9], table)
    with pytest.raises(ValueError, match="each unit once"):
        tt.Units.from_flat([0.3], [7], table.set_axis([7, 7, 5]))


def test_times_in_samples():
    samples = np.array([30_000, 45_000], np.uint64)
    assert tt.Units.from_times([samples], rate=30_000).times.tolist() == [1.0, 1.5]
    assert tt.Units.from_flat(samples, [0, 1], rate=30_000).times.tolist() == [1.0, 1.5]


def test_coarse_times_are_warned_of():
    with pytest.warns(UserWarning, match=r"float32, whose numbers near 36000 s are 3.9 ms apart"):
        tt.Units.from_times([np.array([36_000.0], np.float32)])


def test_loaded_once_and_only_when_used():
    calls = []

    def load():
        calls.append(1)
        return np.array([2.0, 1.0, 5.0]), np.array([0, 2, 3])

    units = tt.Units(pandas.DataFrame({"quality": ["good", "bad"]}), load)
    chosen = units.where("quality == 'good'")
    assert "not read yet" in repr(units) and not calls
    assert chosen.times.tolist() == [1.0, 2.0]
    assert units.times.tolist() == [1.0, 2.0, 5.0]
    assert len(calls) == 1


BAD_LOADS = {
    "too few bounds": (np.zeros(3), np.array([0, 3])),
    "falling, unsigned": (np.zeros(3), np.array([0, 4, 3], np.uint64)),
    "falling": (np.zeros(3), np.array([0, 4, 3])),
    "beyond the end": (np.zeros(3), np.array([0, 1, 10**9])),
    "not from 0": (np.zeros(3), np.array([1, 1, 3])),
    "floats": (np.zeros(3), np.array([0.0, 1.0, 3.0])),
    "infinite": (np.array([1.0, np.inf]), np.array([0, 1, 2])),
    "text": (np.array(["a", "b"]), np.array([0, 1, 2])),
    "a matrix": (np.zeros((2, 2)), np.array([0, 1, 2])),
}


@pytest.mark.parametrize("case", BAD_LOADS)
def test_what_a_file_declares_is_checked(case):
    units = tt.Units(pandas.DataFrame(index=[0, 1]), lambda: BAD_LOADS[case])
    with pytest.raises(ValueError, match="spike times"):
        units.times  # noqa: B018


def test_take_and_spikes_of():
    units = tt.Units.from_times(
        {10: [1.0], 20: [], 30: [2.0, 3.0]}, observed=[np.array([[0, i]]) for i in (1, 2, 3)]
    )
    some = units.take([2, 0])
    assert (some.table.index.tolist(), spikes_of(some)) == ([30, 10], [[2.0, 3.0], [1.0]])
    assert [each.tolist() for each in some.observed] == [[[0, 3]], [[0, 1]]]
    assert len(units.take(np.zeros(3, bool))) == 0
    assert units.spikes_of(30).tolist() == [2.0, 3.0]
    with pytest.raises(ValueError, match="99 is not among the units 10, 20, 30"):
        units.spikes_of(99)
    for bad in ([3], [-1], [0.5], [True, False]):
        with pytest.raises(ValueError, match="chosen: expected"):
            units.take(bad)


def test_observed_of_another_number_of_units():
    units = tt.Units.from_times([[1.0], [2.0]], observed=[np.array([[0, 1]])])
    with pytest.raises(ValueError, match="observed: expected intervals for each of 2 units, got 1"):
        units.observed  # noqa: B018


def test_samples_with_spikes_are_no_times():
    with pytest.raises(ValueError, match=r"got True and False; .*flatnonzero\(samples\) / rate"):
        tt.Units.from_times(np.zeros((3, 100), bool))


@pytest.mark.parametrize("bad", [3.0, "abc", [1.0, 2.0], [["a"]], [[1.0], [np.inf]], {"a": 3.0}])
def test_bad_times(bad):
    with pytest.raises(ValueError, match="times"):
        tt.Units.from_times(bad)


def test_html_escapes_what_files_say():
    table = pandas.DataFrame({"<script>": ["<b>x</b>"]})
    html = tt.Units.from_times([[1.0]], table)._repr_html_()
    assert "<script>" not in html and "<b>" not in html and "1 spike" in html


def test_repr_names_a_few_columns():
    table = pandas.DataFrame({f"c{i}": [1] for i in range(30)})
    assert "c7 and 22 more" in repr(tt.Units.from_times([[]], table))
    assert repr(tt.Units.from_times([])) == "Units: 0 units (no columns), no spikes"
