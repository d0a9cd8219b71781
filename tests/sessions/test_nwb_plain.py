"""NWB files as h5py alone writes them: what is odd in them is said, and damage is one line."""

import random
import resource
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest

from tests.sessions.matlab_files import cell, save5, save73
from tests.sessions.nwb_files import plain_file, signal, table
from trialtensor.io import read
from trialtensor.sessions import open_session
from trialtensor.sessions.formats import nwb

ROOT = Path(__file__).parents[2]


@pytest.fixture
def path(tmp_path):
    return plain_file(tmp_path / "s.nwb")


def changed(path):
    return h5py.File(path, "r+")


def test_everything_plain(path):
    session = open_session(path)
    assert session.trials["go_cue"].isna().tolist() == [False, True, False, False, False]
    assert session.units.times.tolist() == [0.5, 1.5, 2.5]
    assert session.units.bounds.tolist() == [0, 2, 2, 3]
    assert session.units.table["region"].tolist() == ["M1", "M1", "µ"]
    assert session.events["licks"]["side"].tolist() == ["l", "r"]
    assert session.traces["lfp"].values.shape == (6, 2) and session.notes == []


def test_told_by_content(path, tmp_path):
    renamed = path.rename(tmp_path / "s.h5")
    assert nwb.match(renamed) == 1.0 and open_session(renamed).kind == "an NWB file"
    with h5py.File(tmp_path / "x.nwb", "w") as file:
        file["x"] = np.zeros(3)
    assert nwb.match(tmp_path / "x.nwb") <= 0.3 and nwb.match(tmp_path) == 0
    (tmp_path / "empty.nwb").write_bytes(b"")
    with pytest.raises(ValueError, match=r"empty\.nwb: is an empty file, which no reader knows"):
        open_session(tmp_path / "empty.nwb")


def test_read_names_open_session(path, tmp_path):
    with pytest.raises(ValueError, match=r"trialtensor\.open_session\(.*s\.nwb"):
        read(path)
    with pytest.raises(ValueError, match=r"trialtensor\.open_session"):
        read(path.rename(tmp_path / "s.h5"))


def test_an_older_version_is_refused(tmp_path):
    with h5py.File(tmp_path / "old.nwb", "w") as file:
        file["nwb_version"] = "NWB-1.0.6"
    with pytest.raises(ValueError, match="NWB file of version 1, which is not read; convert"):
        open_session(tmp_path / "old.nwb")


def test_what_lies_elsewhere_is_said_and_not_opened(path, tmp_path):
    with h5py.File(tmp_path / "raw.h5", "w") as other:
        other["v"] = np.zeros((6, 2))
    with changed(path) as file:
        file["acquisition/raw"] = h5py.ExternalLink("raw.h5", "/v")
        signal(file, "acquisition/linked", np.zeros((6, 1)), rate=1.0)
        del file["acquisition/linked/data"]
        file["acquisition/linked/data"] = h5py.ExternalLink("raw.h5", "/v")
        file["acquisition/nowhere"] = h5py.SoftLink("/acquisition/nowhere")
    session = open_session(path)
    assert set(session.traces) == {"lfp"}
    said = " ".join(session.notes)
    assert "acquisition/raw is a link to another file (raw.h5), which is never opened" in said
    assert "signal acquisition/linked" in said and "acquisition/nowhere is a soft link" in said


def test_soft_links_within_the_file_are_followed(path):
    with changed(path) as file:
        signal(file, "acquisition/copy", np.zeros((6, 2)), rate=1.0)
        del file["acquisition/copy/data"]
        file["acquisition/copy/data"] = h5py.SoftLink("/acquisition/lfp/data")
        file["acquisition/near"] = h5py.SoftLink("../acquisition/lfp")
    session = open_session(path)
    np.testing.assert_array_equal(session.traces["copy"].values, session.traces["lfp"].values)


def test_extensions_are_named(path):
    with changed(path) as file:
        signal(file, "acquisition/pose", np.zeros((6, 2)), rate=1.0, kind="PoseSeries",
               namespace="ndx-pose")  # fmt: skip
    session = open_session(path)
    assert set(session.traces) == {"lfp"}
    assert "left out: 1 of type PoseSeries is of an extension of NWB that isn't known" in (
        session.notes
    )


def test_cells_first_is_turned_and_said(path):
    with changed(path) as file:
        group = signal(file, "acquisition/turned", np.arange(8.0).reshape(2, 4), rate=1.0)
        del group["starting_time"]
        group["timestamps"] = [0.0, 0.5, 1.0, 1.5]
    session = open_session(path)
    assert session.traces["turned"].values.tolist() == [[0, 4], [1, 5], [2, 6], [3, 7]]
    assert any("acquisition/turned is stored with cells first" in note for note in session.notes)


def test_units_without_spike_times(path):
    with changed(path) as file:
        del file["units/spike_times"]
    session = open_session(path)
    assert session.units is None and session.trials is not None
    assert any("units in units have no spike times" in note for note in session.notes)


def test_no_trials_but_other_tables(path):
    with changed(path) as file:
        file.move("intervals/trials", "intervals/stimuli")
    session = open_session(path)
    assert len(session.trials) == 5 and "intervals/stimuli are taken as trials" in session.notes[0]
    with changed(path) as file:
        table(file, "intervals/others", "TimeIntervals", start_time=[0.0], stop_time=[1.0])
    session = open_session(path)
    assert session.trials is None and set(session.intervals) == {"stimuli", "others"}
    assert "one of these can be: trials= intervals/others, intervals/stimuli" in session.notes[0]


def test_peak_channel_decides_on_the_electrode(path):
    with changed(path) as file:
        table(file, "general/extracellular_ephys/electrodes", "DynamicTable",
              location=["CA1", "V1"], x=[1.0, 2.0])  # fmt: skip
        del file["general/extracellular_ephys/electrodes/id"]
        file["general/extracellular_ephys/electrodes/id"] = [70, 80]
        file["units/peak_channel_id"] = [80, 70, 99]
        names = np.array(["region", "peak_channel_id"], dtype=object)
        file["units"].attrs["colnames"] = names
    found = open_session(path).units.table
    assert found["location"].tolist()[:2] == ["V1", "CA1"] and found["location"].isna()[2]
    assert found["region"].tolist() == ["M1", "M1", "µ"]  # the unit's own


HOSTILE = {
    "a billion declared spikes": lambda file: replaced(
        file, "units/spike_times", shape=(10**9,), dtype="f8", chunks=(1000,), compression="gzip"
    ),
    "a billion trials": lambda file: replaced(
        file, "intervals/trials/id", shape=(10**9,), dtype="i8", chunks=(1000,)
    ),
    "a trial more in a column": lambda file: replaced(
        file, "intervals/trials/go_cue", data=np.zeros(6)
    ),
    "an index beyond its spikes": lambda file: replaced(
        file, "units/spike_times_index", data=np.array([2, 2, 99], "u8")
    ),
    "an index that falls": lambda file: replaced(
        file, "units/spike_times_index", data=np.array([3, 1, 3], "u8")
    ),
    "an index that overflows": lambda file: replaced(
        file, "units/spike_times_index", data=np.array([1, 2, 2**64 - 1], "u8")
    ),
    "an index of floats": lambda file: replaced(
        file, "units/spike_times_index", data=np.array([0.5, 2, np.nan])
    ),
    "spikes that are words": lambda file: replaced(
        file, "units/spike_times", data=np.array(["a", "b", "c"], dtype=object)
    ),
    "spikes in a square": lambda file: replaced(file, "units/spike_times", data=np.zeros((3, 3))),
    "infinite spikes": lambda file: replaced(file, "units/spike_times", data=[0.5, np.inf, 1.0]),
    "an index of an index of itself": lambda file: file["units"].__setitem__(
        "spike_times_index_index", h5py.SoftLink("/units/spike_times_index")
    ),
    "a group in the place of a column": lambda file: regrouped(file, "intervals/trials/go_cue"),
    "a column in the place of a table": lambda file: replaced(file, "units", data=np.zeros(3)),
    "a table of references to itself": lambda file: replaced(
        file, "intervals/trials/go_cue", shape=(5,), dtype=h5py.ref_dtype
    ),
    "a rate of nothing": lambda file: file["acquisition/lfp/starting_time"].attrs.__setitem__(
        "rate", 0.0
    ),
    "a rate of words": lambda file: file["acquisition/lfp/starting_time"].attrs.__setitem__(
        "rate", "fast"
    ),
    "no rate": lambda file: file["acquisition/lfp/starting_time"].attrs.__delitem__("rate"),
    "a conversion of words": lambda file: file["acquisition/lfp/data"].attrs.__setitem__(
        "conversion", [1.0, 2.0]
    ),
    "columns of numbers": lambda file: file["units"].attrs.__setitem__("colnames", [1, 2, 3]),
    "a circle of groups": lambda file: file["units"].__setitem__("units", file["units"]),
    "no ids": lambda file: file["intervals/trials"].__delitem__("id"),
}  # fmt: skip


HARMLESS = {
    "no ids",
    "columns of numbers",
    "a circle of groups",
    "an index of an index of itself",
    "a column in the place of a table",
    "a table of references to itself",
}


def replaced(file, name, **how):
    del file[name]
    file.create_dataset(name, **how)


def regrouped(file, name):
    del file[name]
    file.create_group(name)


def use_all(session):
    """Read and show everything, as an error may come late."""
    used = [session.trials, repr(session), session._repr_html_()]
    if session.units is not None:
        used += [session.units.times, session.units.observed]
    used += [(each.values, each.times) for each in session.traces.values()]
    return [*used, *session.events.values(), *session.intervals.values()]


@pytest.mark.parametrize("how", HOSTILE)
def test_hostile_files_are_noted_or_refused_in_one_line(path, how, monkeypatch):
    # They are whole, so nothing has to be tried in another process first.
    monkeypatch.setattr("trialtensor.opening.hdf5.refuse_what_crashes", lambda path: None)
    with changed(path) as file:
        HOSTILE[how](file)
    try:
        session = open_session(path)
        use_all(session)
    except ValueError as error:
        assert "\n" not in str(error) and len(str(error)) < 600
        # Of spike times that are read later, the values are what Units refuses.
        assert "s.nwb" in str(error) or "spike times" in str(error)
    else:
        assert session.notes or how in HARMLESS


def test_truncated_and_swapped_bytes(path):
    """Neither a crash nor a hang, and memory stays what it was."""
    whole, rng = path.read_bytes(), random.Random(5)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    outcomes = {"refused": 0, "read": 0}
    for k in range(6):
        damaged = bytearray(whole)
        if k % 3 == 0:
            damaged = damaged[: rng.randrange(len(whole))]
        else:
            for _ in range(rng.choice([1, 4, 32])):
                place = rng.randrange(len(whole) // 2)
                damaged[place] = rng.randrange(256)
        path.write_bytes(damaged)
        try:
            use_all(open_session(path))
            outcomes["read"] += 1
        except ValueError as error:
            assert "\n" not in str(error)
            outcomes["refused"] += 1
    assert outcomes["refused"] >= 2
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 1_000_000  # kB


def test_events_of_the_older_extension(path):
    """ndx-events, which many files have: labels by number."""
    with changed(path) as file:
        group = file.create_group("acquisition/port")
        group.attrs["neurodata_type"], group.attrs["namespace"] = "LabeledEvents", "ndx-events"
        group["timestamps"] = [0.5, 1.5, 2.5]
        group["data"] = np.array([1, 0, 1], "u1")
        group["data"].attrs["labels"] = np.array(["in", "out"], dtype=object)
    session = open_session(path)
    assert session.events["port"]["label"].tolist() == ["out", "in", "out"]
    assert session.events["port"]["timestamp"].tolist() == [0.5, 1.5, 2.5] and session.notes == []


def test_tables_without_rows(tmp_path):
    path = plain_file(tmp_path / "s.nwb", n_trials=0, times=(), ends=(0, 0, 0))
    session = open_session(path)
    assert len(session.trials) == 0 and len(session.units) == 3
    assert session.units.times.shape == (0,) and "trials     0" in repr(session)


def test_a_file_of_nothing(tmp_path):
    with h5py.File(tmp_path / "s.nwb", "w") as file:
        file.attrs["nwb_version"] = "2.10.0"
    session = open_session(tmp_path / "s.nwb")
    assert "neither trials, units, traces nor tensors" in repr(session)


def test_channels_of_a_signal_have_the_columns_of_their_electrodes(path):
    with changed(path) as file:
        where = "general/extracellular_ephys/electrodes"
        table(file, where, "DynamicTable", location=["CA1", "V1", "M1"])
        signal(file, "acquisition/volts", np.ones((6, 2), "i2"), rate=2.0, kind="ElectricalSeries")
        file["acquisition/volts/electrodes"] = [2, 0]
        file["acquisition/volts/electrodes"].attrs["table"] = file[where].ref
        file["acquisition/volts/channel_conversion"] = [2.0, 3.0]
        file["acquisition/volts/data"].attrs["conversion"] = 0.5
    volts = open_session(path).traces["volts"]
    assert volts.table["region"].tolist() == ["M1", "CA1"] and list(volts.table.index) == [2, 0]
    np.testing.assert_array_equal(volts.values, [[1.0, 1.5]] * 6)


def test_rows_that_are_referred_to_but_not_there(path):
    with changed(path) as file:
        where = "general/extracellular_ephys/electrodes"
        table(file, where, "DynamicTable", location=["CA1", "V1"])
        file["units/electrodes"] = [0, 1, 7]
        file["units/electrodes"].attrs["table"] = file[where].ref
        file["units"].attrs["colnames"] = np.array(["region", "electrodes"], dtype=object)
    session = open_session(path)
    assert list(session.units.table) == ["region"]
    assert any("electrodes refers to rows that aren't among 2" in note for note in session.notes)


def test_names_tell_signals_apart(path):
    with changed(path) as file:
        for place in ("a/x", "b/x", "b/c/x", "b/y"):
            signal(file, f"processing/{place}", np.zeros((6, 2)), rate=1.0)
    assert set(open_session(path).traces) == {"lfp", "a/x", "b/x", "c/x", "y"}


WITHOUT = """
import sys
for name in ("pynwb", "hdmf", "zarr", "pyarrow", "pynapple", "neo"):
    sys.modules[name] = None
import trialtensor as tt
for path in sys.argv[1:]:
    with tt.open_session(path) as session:
        X = tt.bin_spikes(session.units, session.trials, align_to="go_cue", window=(-0.5, 0.5),
                          bin_size=0.25)
        print(X.shape)
"""


def test_a_core_installation_is_enough(path, tmp_path):
    spikes = cell([np.array([0.5, 1.5]), np.array([2.5])])
    variables = {"spikes": spikes, "trials": {"go_cue": np.arange(5.0)}}
    files = [path, save5(tmp_path / "old.mat", variables), save73(tmp_path / "n.mat", variables)]
    command = [sys.executable, "-W", "ignore", "-c", WITHOUT, *map(str, files)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.stdout.splitlines() == ["(5, 3, 4)", "(5, 2, 4)", "(5, 2, 4)"], done.stderr


def test_numbers_that_stand_for_words_and_references_for_names(path):
    with changed(path) as file:
        trials = file["intervals/trials"]
        trials["side"] = np.array([0, 1, 1, 0, 1], "u1")
        trials["side_elements"] = np.array(["left", "right"], dtype=object)
        trials["side"].attrs["neurodata_type"] = "EnumData"
        trials["side"].attrs["elements"] = trials["side_elements"].ref
        groups = [file.create_group(f"general/extracellular_ephys/{name}") for name in "ab"]
        for group, place in zip(groups, ("CA1", "V1"), strict=True):
            group.attrs["location"] = place
        where = file["units"].create_dataset("electrode_group", (3,), h5py.ref_dtype)
        where[:] = np.array([groups[0].ref, groups[1].ref, groups[0].ref], h5py.ref_dtype)
        del file["units/region"]
        trials.attrs["colnames"] = np.array(["start_time", "side"], dtype=object)
        file["units"].attrs["colnames"] = np.array(["electrode_group"], dtype=object)
    session = open_session(path)
    assert session.trials["side"].tolist() == ["left", "right", "right", "left", "right"]
    assert session.units.table["probe"].tolist() == ["a", "b", "a"]
    assert session.units.table["region"].tolist() == ["CA1", "V1", "CA1"]
