"""NWB that hdmf-zarr writes is read as hdmf-zarr reads it."""

import datetime

import numpy as np
import pytest

from trialtensor.sessions import open_session

pytest.importorskip("pynwb")
hdmf_zarr = pytest.importorskip("hdmf_zarr")
RNG = np.random.default_rng(0)


def session_file():
    from pynwb import NWBFile, TimeSeries

    start = datetime.datetime(2024, 1, 2, tzinfo=datetime.UTC)
    file = NWBFile("a session", "id", start)
    device = file.create_device("probe")
    group = file.create_electrode_group("probe0", "d", "M1", device)
    for k in range(4):
        file.add_electrode(location=["M1", "V1"][k // 2], group=group)
    file.add_unit_column("quality", "by hand")
    for k in range(5):
        file.add_unit(
            id=k + 10, spike_times=np.sort(RNG.random(7 * k) * 50), electrodes=[k % 4],
            electrode_group=group, quality=["good", "mua"][k % 2],
        )  # fmt: skip
    file.add_trial_column("go_cue", "d")
    file.add_trial_column("choice", "d")
    for k in range(6):
        cue = np.nan if k == 2 else 8.0 * k + 1.5
        choice = ["left", "rechts µ"][k % 2]
        file.add_trial(start_time=8.0 * k, stop_time=8.0 * k + 6, go_cue=cue, choice=choice)
    data = RNG.random((60, 3)).astype(np.float32)
    series = TimeSeries(
        name="lfp", data=data, unit="V", rate=10.0, conversion=0.5, starting_time=2.0
    )
    file.add_acquisition(series)
    return file


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    found = tmp_path_factory.mktemp("zarr") / "session.nwb.zarr"
    with hdmf_zarr.NWBZarrIO(str(found), mode="w") as io:
        io.write(session_file())
    return found


def test_tables_spikes_and_signals(path):
    session = open_session(path)
    with hdmf_zarr.NWBZarrIO(str(path), mode="r") as io:
        file = io.read()
        assert session.units.table.index.tolist() == list(file.units.id[:])
        for place, unit in enumerate(session.units.table.index):
            assert np.array_equal(session.units.spikes_of(unit), file.units["spike_times"][place])
        assert session.units.table["quality"].tolist() == list(file.units["quality"][:])
        assert session.units.table["region"].tolist() == ["M1", "M1", "V1", "V1", "M1"]
        trials = file.trials.to_dataframe()
        for name in ("start_time", "stop_time", "go_cue"):
            assert np.array_equal(session.trials[name], trials[name], equal_nan=True)
        assert session.trials["choice"].tolist() == trials["choice"].tolist()
        lfp, found = file.acquisition["lfp"], session.traces["lfp"]
        assert np.allclose(found.values, lfp.data[:] * lfp.conversion, rtol=1e-6, atol=0)
        assert np.array_equal(found.times, 2.0 + np.arange(60) / 10)


def test_references_are_pickles_and_left_out(path):
    said = str(open_session(path))
    assert "units/electrode_group holds Python objects (a pickle), which are never loaded" in said


def test_it_is_no_tensor(path):
    import trialtensor

    with pytest.raises(ValueError, match=r"open it with trialtensor\.open_session"):
        trialtensor.read(path)
