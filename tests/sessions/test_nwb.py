"""NWB files of pynwb read to the tables, spikes and samples that pynwb itself reads."""

import numpy as np
import pandas
import pytest

pynwb = pytest.importorskip("pynwb")

from tests.sessions.nwb_files import ELECTRODES, SPIKES, full_file, write  # noqa: E402
from trialtensor.sessions import open_session  # noqa: E402


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return write(full_file(), tmp_path_factory.mktemp("nwb") / "session.nwb")


@pytest.fixture(scope="module")
def theirs(path):
    with pynwb.NWBHDF5IO(path, "r") as io:
        yield io.read()


@pytest.fixture(scope="module")
def session(path):
    with open_session(path) as session:
        yield session


def plain(cell):
    """Lists and arrays of a cell as lists."""
    return [plain(each) for each in cell] if isinstance(cell, list | np.ndarray) else cell


def same_tables(ours, expected, names=None):
    names = list(expected.columns) if names is None else names
    assert list(ours.index) == list(expected.index)
    for name in names:
        a, b = ours[name], expected[name]
        if a.map(lambda cell: isinstance(cell, list | np.ndarray)).any():
            assert [plain(cell) for cell in a] == [plain(cell) for cell in b], name
        elif a.dtype.kind in "fiub":
            assert a.dtype == b.dtype
            np.testing.assert_array_equal(a, b)
        else:
            assert a.tolist() == b.tolist(), name


def test_trials(session, theirs):
    expected = theirs.trials.to_dataframe()
    same_tables(session.trials, expected)
    assert list(session.trials) == list(expected) and session.trials.index.name == "trial"
    assert np.isnan(session.trials["go_cue"][2])


def test_other_intervals(session, theirs):
    same_tables(session.intervals["epochs"], theirs.epochs.to_dataframe()[["start_time", "tags"]])
    same_tables(session.intervals["gratings"], theirs.intervals["gratings"].to_dataframe())
    runs = session.intervals["runs"]
    assert runs.to_numpy().tolist() == [[1, 2], [5, 7]]
    assert set(session.intervals) == {"epochs", "gratings", "runs"}


def test_spikes_and_unit_columns(session, theirs):
    expected = theirs.units.to_dataframe()
    same_tables(session.units.table, expected, ["quality", "tags"])
    for place, times in enumerate(SPIKES):
        np.testing.assert_array_equal(session.units.spikes_of(10 + place), times)
        np.testing.assert_array_equal(
            session.units.observed[place], expected["obs_intervals"].iloc[place]
        )
    assert any("waveform_mean" in note and "1500 values" in note for note in session.notes)


def test_electrodes_are_columns_where_they_agree(session, theirs):
    electrodes = theirs.electrodes.to_dataframe()
    table = session.units.table
    for place, rows in enumerate(ELECTRODES):
        for name, ours in (("location", "region"), ("depth", "depth"), ("group_name", "probe")):
            found = set(electrodes[name].iloc[rows])
            got = table[ours].iloc[place]
            assert got == next(iter(found)) if len(found) == 1 else pandas.isna(got)
    assert table["region"].tolist()[:3] == ["M1", "M1", "V1"]
    assert any("location (1)" in note and "depth (2)" in note for note in session.notes)


def test_units_can_be_chosen(session):
    assert list(session.units.where("region == 'M1' and quality == 'good'").table.index) == [10]


def test_events(session, theirs):
    assert set(session.events) == {"licks", "rewards", "touch", "remarks"}
    for name in ("licks", "rewards"):
        same_tables(session.events[name], theirs.events[name].to_dataframe())
    assert session.events["touch"].to_numpy().tolist() == [[0.5, 1.0], [3.0, 2.0]]
    assert session.events["remarks"]["label"].tolist() == ["a", "b"]


def series_of(theirs):
    behavior, ophys = theirs.processing["behavior"], theirs.processing["ophys"]
    return {
        "lfp": theirs.acquisition["lfp"],
        "copy": theirs.acquisition["copy"],
        "pupil": behavior["signals"]["pupil"],
        "Position": behavior["Position"]["SpatialSeries"],
        "DfOverF": ophys["DfOverF"]["RoiResponseSeries"],
        "Fluorescence": ophys["Fluorescence"]["RoiResponseSeries"],
    }


def test_signals(session, theirs):
    expected = series_of(theirs)
    assert set(session.traces) == set(expected)
    for name, series in expected.items():
        ours = session.traces[name]
        values = series.get_data_in_units()
        values = values[:, None] if values.ndim == 1 else values
        np.testing.assert_allclose(ours.values, values, rtol=1e-6, err_msg=name)
        np.testing.assert_allclose(ours.times, series.get_timestamps()[:], rtol=0, atol=1e-12)
        assert ours.unit == series.unit and ours.rate == series.rate


def test_cells_keep_their_columns(session, theirs):
    for name, series in list(series_of(theirs).items())[-2:]:
        cells = series.rois.to_dataframe()
        same_tables(session.traces[name].table, cells, ["snr"])
        assert set(session.traces[name].table["region"]) == {"V1"}
    assert list(session.traces["DfOverF"].table.index) == [22, 20, 23]
    assert list(session.traces["Position"].table.index) == ["x", "y"]


def test_said(session):
    text = repr(session)
    assert "an NWB file" in text and "align to start_time, stop_time, go_cue" in text
    assert "quality" in session._repr_html_()


def test_two_tables_of_units_are_together(tmp_path):
    from pynwb.misc import Units

    file = full_file()
    other = Units(name="sorted_again", description="d")
    other.add_unit(spike_times=[1.0, 2.0], id=10)
    other.add_unit(spike_times=[3.0], id=11)
    file.create_processing_module("ecephys", "d").add(other)
    path = write(file, tmp_path / "two.nwb")
    units = open_session(path).units
    assert units.table["units_table"].value_counts().to_dict() == {
        "units": 5,
        "processing/ecephys/sorted_again": 2,
    }
    np.testing.assert_array_equal(units.spikes_of("units/10"), SPIKES[0])
    np.testing.assert_array_equal(units.spikes_of("processing/ecephys/sorted_again/10"), [1, 2])
    np.testing.assert_array_equal(units.observed[0], [[0, 20]])
    assert np.isinf(units.observed[5]).all()
    alone = open_session(path, units="sorted_again").units
    assert list(alone.table.index) == [10, 11] and alone.times.tolist() == [1, 2, 3]
    with pytest.raises(ValueError, match=r"no one table 'gone' for units=, but units, processing"):
        open_session(path, units="gone")


def test_another_table_can_be_the_trials(path):
    session = open_session(path, trials="gratings")
    assert session.trials["contrast"].tolist() == [0.5] and "trials" in session.intervals
