import numpy as np
import pandas
import pytest

from trialtensor.sessions import open_session

N_TRIALS, N_CLUSTERS, N_SPIKES = 9, 6, 500


def write_trials(folder, revision=""):
    rng = np.random.default_rng(1)
    start = np.arange(N_TRIALS) * 4.0
    columns = {
        "intervals": np.c_[start, start + 3],
        "stimOn_times": np.where(np.arange(N_TRIALS) == 2, np.nan, start + 0.5),
        "goCue_times": start + 0.6,
        "choice": rng.integers(-1, 2, N_TRIALS),
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name, values in columns.items():
        np.save(folder / f"_ibl_trials.{name}.npy", values)
    return columns


def write_probe(folder, seed=0, extra=""):
    rng = np.random.default_rng(seed)
    folder.mkdir(parents=True, exist_ok=True)
    times = np.sort(rng.random(N_SPIKES) * 40)
    clusters = rng.integers(0, N_CLUSTERS - 1, N_SPIKES).astype(np.uint32)
    np.save(folder / f"spikes.times{extra}.npy", times)
    np.save(folder / f"spikes.clusters{extra}.npy", clusters)
    np.save(folder / f"clusters.channels{extra}.npy", np.arange(N_CLUSTERS)[::-1].copy())
    np.save(folder / f"clusters.depths{extra}.npy", np.arange(N_CLUSTERS) * 20.0)
    np.save(folder / f"clusters.waveforms{extra}.npy", np.zeros((N_CLUSTERS, 4, 3)))
    np.save(folder / f"channels.brainLocationIds_ccf_2017{extra}.npy", np.arange(10) * 100)
    metrics = pandas.DataFrame({"cluster_id": range(N_CLUSTERS), "label": rng.random(N_CLUSTERS)})
    metrics.to_csv(folder / f"clusters.metrics{extra}.csv", index=False)
    return times, clusters, metrics


def test_spikes_and_clusters(tmp_path):
    times, clusters, metrics = write_probe(tmp_path / "alf" / "probe00")
    with open_session(tmp_path) as session:
        units = session.units
        assert len(units) == N_CLUSTERS  # the last has no spikes
        for unit in range(N_CLUSTERS):
            assert np.array_equal(units.spikes_of(unit), times[clusters == unit])
        assert units.table["probe"].unique().tolist() == ["probe00"]
        assert np.array_equal(units.table["label"], metrics["label"])
        assert units.table["depths"].tolist() == [0, 20, 40, 60, 80, 100]
        assert units.table["brainLocationIds_ccf_2017"].tolist() == [500, 400, 300, 200, 100, 0]
        said = str(session)
        assert "clusters.waveforms is left out: its shape is (6, 4, 3)" in said
        assert "columns of each cluster's channel: brainLocationIds_ccf_2017" in said


def test_trials_from_arrays(tmp_path):
    columns = write_trials(tmp_path / "alf")
    trials = open_session(tmp_path).trials
    assert trials.index.name == "trial" and len(trials) == N_TRIALS
    assert np.array_equal(trials[["intervals_0", "intervals_1"]], columns["intervals"])
    for name in ("stimOn_times", "goCue_times", "choice"):
        assert np.array_equal(trials[name], columns[name], equal_nan=True)


def test_trials_from_a_table_of_parquet(tmp_path):
    pytest.importorskip("pyarrow")
    table = pandas.DataFrame({"goCue_times": np.arange(4) + 0.5, "choice": [1, -1, 1, -1]})
    table.to_parquet(tmp_path / "_ibl_trials.table.pqt")
    np.save(tmp_path / "_ibl_trials.laserProbability.npy", np.ones(4))
    np.save(tmp_path / "_ibl_trials.goCue_times.npy", np.zeros(4))  # the table goes before
    trials = open_session(tmp_path).trials
    pandas.testing.assert_frame_equal(trials[["goCue_times", "choice"]], table, check_names=False)
    assert trials["laserProbability"].tolist() == [1, 1, 1, 1]


def test_columns_that_are_missing_or_do_not_fit_are_left_out(tmp_path, plant):
    write_trials(tmp_path)
    np.save(tmp_path / "_ibl_trials.rewardVolume.npy", np.ones(N_TRIALS + 1))
    plant(tmp_path / "_ibl_trials.objects.npy")
    (tmp_path / "_ibl_trials.broken.npy").write_bytes(b"\x93NUMPY\x01\x00x")
    session = open_session(tmp_path)
    assert list(session.trials) == [
        "choice", "goCue_times", "intervals_0", "intervals_1", "stimOn_times",
    ]  # fmt: skip
    said = str(session)
    assert "trials.rewardVolume is left out: it has 10 rows, others 9" in said
    assert "trials.objects is left out: it holds Python objects (a pickle)" in said
    assert "trials.broken is left out: " in said


def test_the_newest_revision_of_each_file_wins(tmp_path):
    write_trials(tmp_path / "alf")
    for revision, value in (("2023-01-01", 1.0), ("2024-05-06", 2.0), ("2023-12-31", 3.0)):
        folder = tmp_path / "alf" / f"#{revision}#"
        folder.mkdir()
        np.save(folder / "_ibl_trials.goCue_times.npy", np.full(N_TRIALS, value))
    session = open_session(tmp_path)
    assert session.trials["goCue_times"].unique().tolist() == [2.0]
    assert session.trials["stimOn_times"].notna().sum() == N_TRIALS - 1
    assert "1 file in revision 2024-05-06, the newest" in str(session)
    assert "2023" not in str(session)


def test_several_probes_and_sorters(tmp_path):
    first = write_probe(tmp_path / "alf" / "probe00" / "pykilosort", seed=1)
    write_probe(tmp_path / "alf" / "probe00", seed=2)
    second = write_probe(tmp_path / "alf" / "probe01" / "ks2", seed=3)
    session = open_session(tmp_path)
    units = session.units
    assert units.table["probe"].tolist() == ["probe00"] * N_CLUSTERS + ["probe01"] * N_CLUSTERS
    for name, (times, clusters, _) in (("probe00", first), ("probe01", second)):
        assert np.array_equal(units.spikes_of(f"{name}:2"), times[clusters == 2])
    said = str(session)
    assert "spikes in alf/probe00 are left out: those in alf/probe00/pykilosort" in said
    only = open_session(tmp_path, probe="probe01").units
    assert only.table["probe"].unique().tolist() == ["probe01"] and 2 in only.table.index
    with pytest.raises(ValueError, match="no probe 'probe07' with spikes; there are 'probe00'"):
        open_session(tmp_path, probe="probe07")


def test_trials_of_several_tasks(tmp_path):
    for k in (0, 1):
        write_trials(tmp_path / "alf" / f"task_0{k}")
        np.save(tmp_path / "alf" / f"task_0{k}" / "_ibl_trials.task.npy", np.full(N_TRIALS, k))
    session = open_session(tmp_path)
    assert session.trials["task"].unique().tolist() == [0]
    assert "trials in alf/task_01 are left out: those in alf/task_00 are taken" in str(session)
    assert open_session(tmp_path, trials="alf/task_01").trials["task"].unique().tolist() == [1]
    with pytest.raises(ValueError, match="no trials in 'task_01'; there are some in alf/task_00"):
        open_session(tmp_path, trials="task_01")


def test_a_column_that_is_called_probe_already(tmp_path):
    for name in ("probe00", "probe01"):
        write_probe(tmp_path / name)
        np.save(tmp_path / name / "clusters.probe.npy", np.arange(N_CLUSTERS))
    table = open_session(tmp_path).units.table
    assert table["probe"].unique().tolist() == ["probe00", "probe01"]
    assert table["probe_"].tolist() == list(range(N_CLUSTERS)) * 2


def test_names_with_identifiers_and_namespaces(tmp_path):
    times, clusters, _ = write_probe(
        tmp_path / "probe00", extra=".5b2f6c88-36c0-4a4c-9f57-6b0a3c1e2d4f"
    )
    (tmp_path / "probe00" / "readme.txt").write_text("nothing")
    np.save(tmp_path / "probe00" / "_kilosort_whitening.matrix.npy", np.ones((3, 3)))
    units = open_session(tmp_path).units
    assert np.array_equal(units.spikes_of(1), times[clusters == 1])


def test_signals_events_and_intervals(tmp_path):
    write_trials(tmp_path)
    rng = np.random.default_rng(0)
    clock = np.arange(200) / 30
    wheel = {"timestamps": np.sort(rng.random(80)), "position": rng.random(80)}
    np.save(tmp_path / "mpci.times.npy", clock)
    np.save(tmp_path / "mpci.ROIActivityF.npy", rng.random((200, 5)))
    np.save(tmp_path / "mpciROIs.cellClassifier.npy", np.arange(5) / 5)
    np.save(tmp_path / "licks.times.npy", np.sort(rng.random(30)))
    np.save(tmp_path / "leftCamera.times.npy", clock)
    np.save(tmp_path / "leftCamera.short.npy", clock[:-1])
    np.save(tmp_path / "_ibl_passiveGabor.intervals.npy", rng.random((7, 2)))
    for name, values in wheel.items():
        np.save(tmp_path / f"_ibl_wheel.{name}.npy", values)
    session = open_session(tmp_path)
    assert sorted(session.traces) == ["mpci.ROIActivityF", "wheel.position"]
    found = session.traces["wheel.position"]
    assert np.array_equal(found.values[:, 0], wheel["position"])
    assert np.array_equal(found.times, wheel["timestamps"])
    activity = session.traces["mpci.ROIActivityF"]
    assert activity.values.shape == (200, 5)
    assert np.array_equal(activity.values, np.load(tmp_path / "mpci.ROIActivityF.npy"))
    assert list(session.events) == ["licks"] and len(session.events["licks"]) == 30
    assert len(session.intervals["passiveGabor"]) == 7
    assert "leftCamera.short is left out: it has 199 samples, leftCamera.times 200" in str(session)


def test_spikes_without_clusters_tables(tmp_path):
    times, clusters, _ = write_probe(tmp_path)
    for file in [*tmp_path.glob("clusters.*"), *tmp_path.glob("channels.*")]:
        file.unlink()
    units = open_session(tmp_path).units
    assert len(units) == N_CLUSTERS - 1
    assert np.array_equal(units.spikes_of(0), times[clusters == 0])


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (np.zeros(3, int), "has 500 spikes.times, but 3 spikes.clusters"),
        (np.zeros(500), "aren't whole numbers from 0 on"),
        (-np.ones(500, int), "aren't whole numbers from 0 on"),
        (np.full(500, 2**40), "spikes.clusters up to 1099511627776"),
    ],
)
def test_clusters_that_do_not_fit_are_named(tmp_path, values, said):
    write_probe(tmp_path)
    np.save(tmp_path / "spikes.clusters.npy", values)
    with pytest.raises(ValueError) as caught:
        open_session(tmp_path)
    assert said in str(caught.value) and "\n" not in str(caught.value)
