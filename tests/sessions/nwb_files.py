"""NWB files as pynwb writes them, and as h5py alone can."""

import datetime

import h5py
import numpy as np

START = datetime.datetime(2024, 1, 2, tzinfo=datetime.UTC)
SPIKES = [[0.5, 1.25, 7.0, 44.0], [], [0.1, 0.2, 9.0, 12.5, 13.0, 20.0, 49.5], [3.5], [2.0, 2.0]]
ELECTRODES = [[0], [1], [4, 5], [2, 3], [7]]


def full_file():
    """Return a pynwb file with something of everything, not yet written."""
    from pynwb import NWBFile

    file = NWBFile("a session", "id", START)
    device = file.create_device("probe")
    _ecephys(file, device)
    _tables(file)
    _series(file)
    _ophys(file, device)
    return file


def write(file, path):
    from pynwb import NWBHDF5IO

    with NWBHDF5IO(path, "w") as io:
        io.write(file)
    return path


def _ecephys(file, device):
    groups = [file.create_electrode_group(f"probe{k}", "d", "brain", device) for k in (0, 1)]
    file.add_electrode_column("depth", "in µm")
    for k in range(8):
        location = "M2" if k == 3 else ["M1", "V1"][k // 4]
        file.add_electrode(group=groups[k // 4], location=location, depth=100.0 * k)
    file.add_unit_column("quality", "by hand")
    file.add_unit_column("tags", "words", index=True)
    for k, (times, electrodes) in enumerate(zip(SPIKES, ELECTRODES, strict=True)):
        file.add_unit(
            id=10 + k, spike_times=times, electrodes=electrodes, quality=["good", "mua"][k % 2],
            tags=["a", "µ"][: k % 3], obs_intervals=[[0.0, 20.0], [30.0, 50.0]][: 1 + k % 2],
            electrode_group=groups[k // 3], waveform_mean=np.full((50, 30), float(k)),
        )  # fmt: skip


def _tables(file):
    from pynwb.epoch import TimeIntervals
    from pynwb.event import EventsTable

    for name, depth in (("go_cue", 0), ("choice", 0), ("correct", 0), ("licks", 1), ("deep", 2)):
        file.add_trial_column(name, "d", index=depth or False)
    for k in range(6):
        file.add_trial(
            start_time=8.0 * k, stop_time=8.0 * k + 6, correct=bool(k % 2),
            go_cue=np.nan if k == 2 else 8.0 * k + 1.5, choice=["left", "rechts µ", ""][k % 3],
            licks=list(8 * k + np.arange(k % 3) + 0.25), deep=[[1.0, 2.0], [3.0]][: k % 3],
        )  # fmt: skip
    file.add_epoch(0.0, 20.0, ["early", "x"])
    file.add_epoch(20.0, 50.0, ["late"])
    table = TimeIntervals(name="gratings", description="stimuli")
    table.add_column("contrast", "0 to 1")
    table.add_interval(start_time=1.0, stop_time=2.0, contrast=0.5)
    file.add_time_intervals(table)
    licks = EventsTable(name="licks", description="d")
    licks.add_column("side", "l or r")
    for k in range(4):
        licks.add_event(timestamp=1.5 * k, side="lr"[k % 2])
    rewards = EventsTable(name="rewards", description="d")
    rewards.add_event(timestamp=1.5, duration=np.nan, annotation="large")
    rewards.add_event(timestamp=np.nan, duration=0.5, annotation="small")
    file.add_events_table(licks)
    file.add_events_table(rewards)


def _series(file):
    from pynwb import TimeSeries
    from pynwb.behavior import (
        BehavioralEpochs,
        BehavioralEvents,
        BehavioralTimeSeries,
        Position,
        SpatialSeries,
    )
    from pynwb.misc import AnnotationSeries, IntervalSeries

    rng = np.random.default_rng(0)
    module = file.create_processing_module("behavior", "d")
    events, series = BehavioralEvents(name="events"), BehavioralTimeSeries(name="signals")
    events.create_timeseries("touch", data=[1.0, 2.0], timestamps=[0.5, 3.0], unit="n")
    series.create_timeseries(
        "pupil", data=rng.normal(size=50), rate=10.0, starting_time=2.0, unit="mm",
        conversion=0.5, offset=3.0,
    )  # fmt: skip
    runs = IntervalSeries(name="runs", data=[1, -1, 1, -1], timestamps=[1.0, 2.0, 5.0, 7.0])
    where = SpatialSeries(
        name="SpatialSeries", data=rng.normal(size=(20, 2)), reference_frame="box",
        timestamps=np.sort(rng.uniform(0, 9, 20)),
    )  # fmt: skip
    for each in (events, series, BehavioralEpochs(interval_series=runs), Position(where)):
        module.add(each)
    volts = rng.integers(-100, 100, (40, 3)).astype("i2")
    times = np.arange(40) / 20 + 0.1
    lfp = TimeSeries(name="lfp", data=volts, timestamps=times, unit="V", conversion=1e-3)
    file.add_acquisition(lfp)
    # Its times are those of the other: a soft link in the file.
    file.add_acquisition(TimeSeries(name="copy", data=volts[:, 0], timestamps=lfp, unit="V"))
    words = AnnotationSeries(name="remarks", data=["a", "b"], timestamps=[1.0, 4.0])
    file.add_acquisition(words)


def _ophys(file, device):
    from pynwb.ophys import (
        DfOverF,
        Fluorescence,
        ImageSegmentation,
        OpticalChannel,
        RoiResponseSeries,
    )

    rng = np.random.default_rng(1)
    channel = OpticalChannel(name="channel", description="d", emission_lambda=500.0)
    plane = file.create_imaging_plane(
        name="plane1", optical_channel=channel, imaging_rate=30.0, description="d", device=device,
        excitation_lambda=600.0, indicator="GCaMP", location="V1",
    )  # fmt: skip
    segmentation = ImageSegmentation()
    rois = segmentation.create_plane_segmentation("d", plane, name="cells")
    rois.add_column("snr", "signal to noise")
    for k in range(4):
        rois.add_roi(id=20 + k, image_mask=np.ones((40, 40)), snr=float(k))
    module = file.create_processing_module("ophys", "d")
    module.add(segmentation)
    some = rois.create_roi_table_region(region=[2, 0, 3], description="d")
    every = rois.create_roi_table_region(region=[0, 1, 2, 3], description="d")
    dff = RoiResponseSeries(
        name="RoiResponseSeries", data=rng.normal(size=(30, 3)), rois=some, unit="n.a.",
        rate=29.97, starting_time=1.0,
    )  # fmt: skip
    raw = RoiResponseSeries(
        name="RoiResponseSeries", data=rng.normal(size=(30, 4)).astype("f4"), rois=every, unit="lm",
        timestamps=np.arange(30) / 30.0 + 5, conversion=2.0, offset=-1.0,
    )  # fmt: skip
    module.add(DfOverF(roi_response_series=dff))
    module.add(Fluorescence(roi_response_series=raw))


def plain_file(path, *, n_trials=5, times=(0.5, 1.5, 2.5), ends=(2, 2, 3)):
    """Write the least of an NWB file by h5py: trials, units, an /events table and a signal."""
    with h5py.File(path, "w") as file:
        file.attrs["nwb_version"], file.attrs["neurodata_type"] = "2.10.0", "NWBFile"
        trials = np.arange(n_trials) * 2.0
        table(file, "intervals/trials", "TimeIntervals", start_time=trials, stop_time=trials + 1,
              go_cue=np.where(np.arange(n_trials) == 1, np.nan, trials + 0.5))  # fmt: skip
        units = table(file, "units", "Units", region=np.array(["M1", "M1", "µ"], dtype=object))
        units["spike_times"] = np.array(times)
        units["spike_times_index"] = np.array(ends, "u1")
        table(file, "events/licks", "EventsTable", timestamp=[0.5, np.nan], side=["l", "r"])
        signal(file, "acquisition/lfp", np.arange(12.0).reshape(6, 2), rate=2.0)
    return path


def table(file, path, kind, **columns):
    group = file.create_group(path)
    group.attrs["neurodata_type"], group.attrs["namespace"] = kind, "core"
    group.attrs["colnames"] = np.array(list(columns), dtype=object)
    n = max((len(each) for each in columns.values()), default=0)
    group["id"] = np.arange(n)
    for name, values in columns.items():
        group[name] = values
    return group


def signal(file, path, values, *, rate, kind="TimeSeries", namespace="core"):
    group = file.create_group(path)
    group.attrs["neurodata_type"], group.attrs["namespace"] = kind, namespace
    group["data"] = values
    group["starting_time"] = 0.0
    group["starting_time"].attrs["rate"] = rate
    return group
