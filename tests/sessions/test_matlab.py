"""Both formats of MATLAB: cells, structs and text become the same units and trials."""

import h5py
import numpy as np
import pytest
import scipy.io

from tests.sessions.matlab_files import cell, save5, save73, structs
from trialtensor.io import read
from trialtensor.sessions import open_session
from trialtensor.sessions.formats import matlab5, matlab73

RNG = np.random.default_rng(3)
N_UNITS, N_TRIALS = 4, 6
# Relative to each trial, from a second before to two seconds after its zero; one is empty.
CUT = [np.sort(RNG.uniform(-1, 2, n)) for n in RNG.integers(1, 6, N_UNITS * N_TRIALS)]
CUT[5] = np.zeros((0, 0))
WHOLE = [np.sort(RNG.uniform(0, 60, n)) for n in (5, 0, 9, 1)]
WHOLE[1] = np.zeros((1, 0))
TRIALS = {
    "choice": cell(["left", "rechts µ", "left", "left", "rechts µ", "left"], (6, 1)),
    "go": np.array([1.5, np.nan, 20.5, 30.25, 40.0, 50.0]),
    "correct": np.array([True, False, True, True, False, True]),
    "side": cell([1.0, 2.0, 1.0, 1.0, 2.0, 2.0]),
    "note": "one word",
    "licks": cell([np.arange(k) + 0.5 for k in (0, 1, 2, 0, 3, 1)]),
}


@pytest.fixture(params=[save5, save73], ids=["v5", "v7.3"])
def saved(request, tmp_path):
    return lambda variables, **how: request.param(tmp_path / "s.mat", variables, **how)


def check_trials(table):
    assert table.index.name == "trial" and len(table) == N_TRIALS
    assert table["choice"].tolist() == TRIALS["choice"].ravel().tolist()
    np.testing.assert_array_equal(table["go"], TRIALS["go"])
    assert table["correct"].dtype == bool and table["side"].tolist() == [1, 2, 1, 1, 2, 2]
    assert [list(each) for each in table["licks"]] == [list(x) for x in TRIALS["licks"].ravel()]
    assert "note" not in table


def test_a_cell_for_each_unit_and_a_struct_of_trials(saved):
    path = saved({"spikes": cell(WHOLE), "trials": TRIALS, "depth": [10.0, 20.0, 30.0, 40.0],
                  "region": cell(["M1", "M1", "V1", ""], (4, 1))})  # fmt: skip
    session = open_session(path)
    check_trials(session.trials)
    units = session.units
    for place, times in enumerate(WHOLE):
        np.testing.assert_array_equal(units.spikes_of(place), np.ravel(times))
    assert units.table["depth"].tolist() == [10, 20, 30, 40]
    assert units.table["region"].tolist() == ["M1", "M1", "V1", ""]
    assert "spikes (cell 1 × 4) is taken as spike times, one a unit" in session.notes
    assert "times of spikes are taken as seconds" in session.notes


def test_units_by_trials_relative_to_the_trial(saved):
    path = saved({"spikes": cell(CUT, (N_UNITS, N_TRIALS)), "trials": TRIALS})
    session = open_session(path, events="go")
    zero = session.trials["zero_time"].to_numpy()
    assert np.ptp(np.diff(zero)) == 0
    for unit in range(N_UNITS):
        parts = [np.ravel(CUT[unit * N_TRIALS + k]) + zero[k] for k in range(N_TRIALS)]
        np.testing.assert_allclose(session.units.spikes_of(unit), np.concatenate(parts))
    np.testing.assert_allclose(session.trials["go"], TRIALS["go"] + zero)
    assert any("relative to their trial" in note and "zero_time" in note for note in session.notes)
    # The next trial can't be reached by a window that is as long as a trial.
    last = max(each.max(initial=0) for each in CUT)
    first = min(each.min(initial=0) for each in CUT)
    assert zero[1] + first - last > last - first


def test_trials_start_when_the_file_says_so(saved):
    starts = np.array([0.0, 5.0, 11.0, 20.0, 30.0, 60.0])
    variables = {"spikes": cell(CUT, (N_UNITS, N_TRIALS)), "trials": {"start_time": starts}}
    np.testing.assert_array_equal(open_session(saved(variables)).trials["zero_time"], starts)
    close = {**variables, "trials": {"start_time": starts / 10}}
    assert open_session(saved(close)).trials["zero_time"][1] > 5


def test_units_by_trials_in_the_time_of_the_session(saved):
    moved = [np.ravel(each) + 10.0 * (k % N_TRIALS) for k, each in enumerate(CUT)]
    path = saved({"spikes": cell(moved, (N_UNITS, N_TRIALS)), "trials": TRIALS})
    session = open_session(path)
    assert "zero_time" not in session.trials
    for unit in range(N_UNITS):
        np.testing.assert_allclose(
            session.units.spikes_of(unit), np.concatenate(moved[unit * N_TRIALS :][:N_TRIALS])
        )
    assert "zero_time" in open_session(path, times="trial").trials


def test_trials_first_is_told_by_the_number_of_trials(saved):
    turned = cell(CUT, (N_UNITS, N_TRIALS)).T.copy()
    session = open_session(saved({"spikes": turned, "trials": TRIALS}))
    assert len(session.units) == N_UNITS
    assert any("spikes has trials first, because there are 6 trials" in n for n in session.notes)
    with pytest.raises(ValueError, match=r"has 5 trials, but spikes is 6 × 4; say which"):
        open_session(saved({"spikes": turned, "trials": {"go": np.arange(5.0)}}), trials="trials")


def test_cells_of_cells(saved):
    nested = cell([cell(CUT[k * N_TRIALS :][:N_TRIALS]) for k in range(N_UNITS)])
    session = open_session(saved({"spikes": nested, "trials": TRIALS}))
    assert len(session.units) == N_UNITS and len(session.trials) == N_TRIALS
    assert session.units.bounds[-1] == sum(each.size for each in CUT)


def test_arrays_of_structs(saved):
    units = structs([{"spike_times": each, "quality": ["good", "mua"][k % 2], "depth": 10.0 * k}
                     for k, each in enumerate(WHOLE)])  # fmt: skip
    nothing = np.zeros((0, 0))
    trials = structs([{"start": 3.5 * k, "choice": "lr"[k % 2], "rt": [0.5, nothing][k % 2],
                       "licks": np.arange(k % 3) + 0.5} for k in range(N_TRIALS)])  # fmt: skip
    session = open_session(saved({"data": {"units": units, "trials": trials}}))
    assert session.units.table["quality"].tolist() == ["good", "mua", "good", "mua"]
    assert session.units.table["depth"].tolist() == [0, 10, 20, 30]
    np.testing.assert_array_equal(session.units.spikes_of(2), WHOLE[2])
    assert session.trials["start"].tolist() == [0, 3.5, 7, 10.5, 14, 17.5]
    assert list(session.trials) == ["start", "choice", "rt", "licks"]  # not by the alphabet
    assert session.trials["choice"].tolist() == list("lrlrlr")
    np.testing.assert_array_equal(session.trials["rt"], [0.5, np.nan] * 3)
    assert [len(each) for each in session.trials["licks"]] == [0, 1, 2, 0, 1, 2]


def test_flat_spikes_beside_their_units(saved):
    ids = np.repeat([3.0, 7.0], [5, 10])
    times = np.concatenate([WHOLE[0], WHOLE[2], WHOLE[3]])
    session = open_session(saved({"spike_times": times, "spike_clusters": ids, "trials": TRIALS}))
    assert session.units.table.index.tolist() == [3, 7]
    np.testing.assert_array_equal(session.units.spikes_of(3), WHOLE[0])


def test_vectors_beside_the_spikes_become_columns_of_trials(saved):
    session = open_session(saved({"spikes": cell(WHOLE), "go": np.arange(9) + 0.5,
                                  "side": cell(list("lrlrlrlrl"))}))  # fmt: skip
    assert session.trials["side"].tolist() == list("lrlrlrlrl") and len(session.units) == 4
    assert "go, side (9 entries each) are taken as columns of trials" in session.notes


def test_as_many_units_as_trials(saved):
    trials = {"go": np.arange(4) + 0.5}
    session = open_session(saved({"spikes": cell(WHOLE), "trials": trials, "x": np.arange(4.0)}))
    assert list(session.units.table) == [] and list(session.trials) == ["go"]
    assert any("left out: x: there are 4 units and 4 trials" in note for note in session.notes)


def test_choices_that_are_not_clear_are_asked_for(saved):
    variables = {"spikes_a": cell(WHOLE), "spikes_b": cell(WHOLE[:3]), "task": TRIALS,
                 "stim": {"t": np.arange(3.0)}}  # fmt: skip
    path = saved(variables)
    with pytest.raises(ValueError, match=r"choose by units= spikes_a \(cell 1 × 4\); spikes_b"):
        open_session(path)
    with pytest.raises(ValueError, match=r"by trials= .*task \(struct 1 × 1 with choice, go"):
        open_session(path, units="spikes_b")
    session = open_session(path, units="spikes_b", trials="stim")
    assert len(session.units) == 3 and session.trials["t"].tolist() == [0, 1, 2]
    for wrong in ({"units": "gone"}, {"units": "spikes_a", "trials": "gone"}):
        with pytest.raises(ValueError, match=r"s\.mat: has no .*'gone'"):
            open_session(path, **wrong)
    with pytest.raises(ValueError, match="times: expected one of 'session', 'trial', got 'now'"):
        open_session(path, times="now")


def test_samples_need_their_rate(saved):
    samples = [np.round(each * 30_000) for each in WHOLE]
    path = saved({"spikes": cell(samples), "trials": TRIALS})
    with pytest.raises(ValueError, match="look like samples or milliseconds rather than seconds"):
        open_session(path)
    np.testing.assert_allclose(open_session(path, rate=30_000).units.spikes_of(2), WHOLE[2], 1e-4)


def test_tensors_are_named_and_read(saved):
    X = RNG.normal(size=(3, 5, 7))
    path = saved({"data": {"rates": X}, "spikes": cell(WHOLE), "trials": TRIALS})
    session = open_session(path)
    assert session.tensors == {"data/rates": (3, 5, 7)}
    np.testing.assert_array_equal(read(path), X)
    assert read(path, axes=("neuron", "time", "trial")).shape == (7, 3, 5)
    with pytest.raises(ValueError, match=r"s\.mat: .*; it is a MATLAB file of .*open_session\("):
        read(saved({"spikes": cell(WHOLE), "trials": TRIALS}))


def test_labels_of_tensors(saved):
    path = saved({"rates": RNG.normal(size=(6, 4, 5)), "stage": TRIALS["choice"],
                  "hit": TRIALS["correct"], "depth": np.arange(4.0),
                  "bin_width_s": 0.1})  # fmt: skip
    X = read(path)
    assert X["stage"].to_numpy().tolist() == TRIALS["choice"].ravel().tolist()
    assert X["hit"].dtype == bool and X["depth"].dims == ("neuron",)
    np.testing.assert_allclose(X["time"], [0.05, 0.15, 0.25, 0.35, 0.45])


def test_nothing_that_is_known(saved):
    with pytest.raises(ValueError, match=r"neither a tensor .* but dff \(float64 5 × 9\); signals"):
        open_session(saved({"dff": np.zeros((5, 9)) + 0.5}))


def test_which_reader(tmp_path):
    old = save5(tmp_path / "old.mat", {"x": 1.0})
    new = save73(tmp_path / "new.mat", {"x": 1.0})
    assert (matlab5.match(old), matlab5.match(new)) == (1, 0)
    assert (matlab73.match(old), matlab73.match(new)) == (0, 1)
    with h5py.File(tmp_path / "no_block.h5", "w") as file:
        file["x"] = np.zeros((2, 2))
        file["x"].attrs["MATLAB_class"] = np.bytes_("double")
    assert matlab73.match(tmp_path / "no_block.h5") == 0.9
    assert matlab73.match(tmp_path) == matlab5.match(tmp_path) == 0


def test_sparse_matrices_are_columns_too(tmp_path):
    """SciPy's own sparse matrix, and the groups of v7.3."""
    dense = np.array([[0.0], [2.0], [0.0], [3.0], [0.0], [0.0]])
    variables = {"spikes": cell(WHOLE), "trials": {"go": np.arange(6.0)}}
    trials = {**variables["trials"], "amount": scipy.sparse.csc_array(dense)}
    old = save5(tmp_path / "old.mat", {**variables, "trials": trials})
    assert open_session(old).trials["amount"].tolist() == dense.ravel().tolist()
    new = save73(tmp_path / "new.mat", variables)
    with h5py.File(new, "r+") as file:
        group = file["trials"].create_group("amount")
        group.attrs["MATLAB_class"], group.attrs["MATLAB_sparse"] = (
            np.bytes_("double"),
            np.uint64(6),
        )
        group["data"], group["ir"], group["jc"] = [2.0, 3.0], np.array([1, 3]), np.array([0, 2])
    assert open_session(new).trials["amount"].tolist() == dense.ravel().tolist()


def test_functions_and_objects_are_never_read(tmp_path):
    new = save73(tmp_path / "new.mat", {"spikes": cell(WHOLE), "trials": TRIALS})
    with h5py.File(new, "r+") as file:
        for name, kind in (("f", "function_handle"), ("t", "table")):
            file[name] = np.zeros((1, 6), "u4")
            file[name].attrs["MATLAB_class"] = np.bytes_(kind)
            file[name].attrs["MATLAB_object_decode"] = np.int32(3)
    note = open_session(new).notes[-1]
    assert (
        "f is a MATLAB function_handle, which is not read" in note and "t is a MATLAB table" in note
    )


def test_signals_that_are_named(saved):
    dff = RNG.normal(size=(5, 40))
    path = saved({"data": {"dff": dff, "turned": dff.T}, "trials": TRIALS})
    session = open_session(path, traces=["data/dff", "data/turned"], frame_rate=20)
    for name in ("data/dff", "data/turned"):
        np.testing.assert_array_equal(session.traces[name].values, dff.T)
        np.testing.assert_allclose(session.traces[name].times, np.arange(40) / 20)
    assert any("data/dff (float64 5 × 40) is taken as signals of 5 cells" in n
               for n in session.notes)  # fmt: skip
    assert any("signals are read by traces=" in note for note in open_session(path).notes)
    with pytest.raises(ValueError, match="says no frame rate of signals; give it by frame_rate="):
        open_session(path, traces="data/dff")
    with pytest.raises(ValueError, match=r"no matrix 'dff' for traces=, but nothing of this name"):
        open_session(path, traces="dff", frame_rate=20)
    with pytest.raises(ValueError, match=r"s\.mat: frame_rate: .*got -1"):
        open_session(path, traces="data/dff", frame_rate=-1)


def test_structs_beside_a_tensor_are_no_trials(saved):
    settings = {"a": {"x": np.arange(3.0)}, "b": {"y": np.arange(4.0)}}
    session = open_session(saved({"X": np.zeros((3, 5, 7)), **settings}))
    assert session.trials is None and session.tensors == {"X": (3, 5, 7)}


def test_what_is_no_column_is_said(saved):
    session = open_session(saved({"spikes": cell(WHOLE), "trials": TRIALS}))
    assert "left out of trials, as no column: note" in session.notes
    with pytest.raises(ValueError, match="no spike times that are relative to their trial"):
        open_session(saved({"spikes": cell(WHOLE), "trials": TRIALS}), events="go")


def test_the_only_unit(saved):
    session = open_session(saved({"spike_times": WHOLE[2], "trials": TRIALS}))
    assert len(session.units) == 1 and len(session.trials) == N_TRIALS
    np.testing.assert_array_equal(session.units.times, WHOLE[2])


@pytest.mark.parametrize("flat", [True, False])
def test_events_that_count_as_the_spikes_do_become_seconds_with_them(saved, flat):
    milliseconds = [np.arange(5.0, 9000, 400) + 7 * k for k in range(3)]
    spikes = {"spikes": cell(milliseconds)}
    if flat:
        units = np.repeat([1.0, 2.0, 3.0], [len(each) for each in milliseconds])
        spikes = {"spike_times": np.concatenate(milliseconds), "spike_clusters": units}
    cue = np.array([1000.0, 2500.0, np.nan, 4200.0, 6000.0, 8000.0])
    own = {"rt": np.array([310.0, 250.0, 400.0, 380.0, 290.0, 270.0]), "seconds": cue / 1000}
    session = open_session(saved({**spikes, "trials": {"cue": cue, **own}}), rate=1000)
    np.testing.assert_array_equal(session.trials["cue"], cue / 1000)
    for name, values in own.items():
        np.testing.assert_array_equal(session.trials[name], values)
    assert any("so are cue, which" in note for note in session.notes)


def test_events_of_a_trial_in_the_unit_of_the_spikes(saved):
    cut = [np.round(1000 * each) for each in CUT]
    trials = {"start_time": 10.0 * np.arange(N_TRIALS), "cue": np.full(N_TRIALS, 300.0)}
    path = saved({"spikes": cell(cut, (N_UNITS, N_TRIALS)), "trials": trials})
    session = open_session(path, rate=1000, events="cue")
    np.testing.assert_allclose(session.trials["cue"] - session.trials["zero_time"], 0.3)
