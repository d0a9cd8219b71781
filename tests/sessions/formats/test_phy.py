import numpy as np
import pandas
import pytest

from trialtensor.sessions import open_session

RATE = 30000.0
PARAMETERS = f"""dat_path = 'data.bin'
n_channels_dat = 4
dtype = 'int16'
offset = 0
sample_rate = {RATE}
hp_filtered = False
"""


def write(folder, plant, seed=0, shape=(-1, 1), times="uint64", parameters=PARAMETERS):
    """Write what Kilosort writes; cluster 3 was split into 8 and 9 in Phy."""
    rng = np.random.default_rng(seed)
    folder.mkdir(parents=True, exist_ok=True)
    samples = np.sort(rng.integers(0, 10 * 3600 * 30000, 3000)).astype(times)
    templates = rng.integers(0, 6, 3000).astype(np.int32)
    clusters = templates.copy()
    split = np.flatnonzero(clusters == 3)
    clusters[split] = 8 + np.arange(len(split)) % 2
    np.save(folder / "spike_times.npy", samples.reshape(shape))
    np.save(folder / "spike_templates.npy", templates.reshape(shape))
    np.save(folder / "spike_clusters.npy", clusters)
    np.save(folder / "amplitudes.npy", np.ones((3000, 1)))
    group = {0: "good", 1: "mua", 3: "noise", 8: "good", 9: "noise"}
    table(group, "group").to_csv(folder / "cluster_group.tsv", sep="\t", index=False)
    table(dict.fromkeys(range(6), "good"), "KSLabel").to_csv(
        folder / "cluster_KSLabel.tsv", sep="\t", index=False
    )
    plant(folder / "ops.npy")
    plant(folder / "params.py")
    with (folder / "params.py").open("a") as file:
        file.write(parameters)
    return samples, clusters


def table(values, name):
    return pandas.DataFrame({"cluster_id": list(values), name: list(values.values())})


@pytest.mark.parametrize("shape", [(-1, 1), (-1,), (1, -1)])
@pytest.mark.parametrize("times", ["uint64", "int64", "uint32"])
def test_spikes_of_every_cluster(tmp_path, plant, shape, times):
    samples, clusters = write(tmp_path, plant, shape=shape, times=times)
    with open_session(tmp_path) as session:
        units = session.units
        assert units.table.index.tolist() == [0, 1, 2, 4, 5, 8, 9]
        for unit in units.table.index:
            assert np.array_equal(units.spikes_of(unit), samples[clusters == unit] / RATE)
        assert len(units.times) == 3000


def test_labels_of_clusters(tmp_path, plant):
    write(tmp_path, plant)
    session = open_session(tmp_path)
    found = session.units.table
    assert found["group"].fillna("-").to_dict() == {
        0: "good", 1: "mua", 2: "-", 4: "-", 5: "-", 8: "good", 9: "noise",
    }  # fmt: skip
    assert found["KSLabel"].fillna("-").tolist() == ["good"] * 5 + ["-"] * 2
    assert "names clusters without spikes, split or merged since: 3" in str(session)
    assert len(session.units.where("group == 'good'")) == 2


def test_what_phy_exports_of_clusters_is_completed(tmp_path, plant):
    write(tmp_path, plant)
    info = pandas.DataFrame({"id": [0, 1, 8], "depth": [10.0, 20, 80], "group": ["mua"] * 3})
    info.to_csv(tmp_path / "cluster_info.tsv", sep="\t", index=False)
    found = open_session(tmp_path).units.table
    assert found["depth"].dropna().to_dict() == {0: 10.0, 1: 20.0, 8: 80.0}
    assert found["group"][0] == "good"  # of the two, the file that Phy itself reads


def test_neo_reads_the_same(tmp_path, plant):
    neo = pytest.importorskip("neo.rawio")
    write(tmp_path, plant)
    # neo is not to spring the trap either.
    (tmp_path / "params.py").write_text(PARAMETERS)
    reader = neo.PhyRawIO(dirname=str(tmp_path))
    reader.parse_header()
    units = open_session(tmp_path).units
    names = [int(name.removeprefix("unit ")) for name in reader.header["spike_channels"]["id"]]
    assert sorted(names) == units.table.index.tolist()
    for place, unit in enumerate(names):
        raw = reader.get_spike_timestamps(0, 0, place)
        seconds = reader.rescale_spike_timestamp(raw, "float64").ravel()
        assert np.array_equal(units.spikes_of(unit), seconds)


def test_templates_where_nothing_was_curated(tmp_path, plant):
    samples, _ = write(tmp_path, plant)
    (tmp_path / "spike_clusters.npy").unlink()
    templates = np.load(tmp_path / "spike_templates.npy").ravel()
    session = open_session(tmp_path)
    assert "units are the templates of Kilosort, uncurated" in str(session)
    assert np.array_equal(session.units.spikes_of(3), samples[templates == 3] / RATE)


@pytest.mark.parametrize(
    ("line", "rate"),
    [
        ("sample_rate = 25000", 25000.0),
        ("  sample_rate=2.5e4  # Hz", 25000.0),
        ("sample_rate = 1\nsample_rate = 25_000.", 25000.0),
        ("broken = (((\nsample_rate = 25000\r", 25000.0),
    ],
)
def test_the_sample_rate_is_read_as_text(tmp_path, plant, line, rate):
    samples, clusters = write(tmp_path, plant, parameters=line + "\n")
    units = open_session(tmp_path).units
    assert np.array_equal(units.spikes_of(0), samples[clusters == 0] / rate)


@pytest.mark.parametrize(
    "line",
    [
        "sample_rate = float(30000)",
        "sample_rate = __import__('os').getpid()",
        "sample_rate = -1",
        "sample_rate = 1e999",
        "sample_rate = True",
        "sample_rate = 'x'",
        "sample_rate = " + "-" * 90 + "1",
        "sample_rate_x = 3",
        "",
    ],
)
def test_other_sample_rates_are_asked_for(tmp_path, plant, line):
    samples, clusters = write(tmp_path, plant, parameters=line + "\n")
    with pytest.raises(ValueError, match=r"sample_rate.*give it: open_session\(\.\.\., rate=30000"):
        open_session(tmp_path)
    units = open_session(tmp_path, rate=20000).units
    assert np.array_equal(units.spikes_of(0), samples[clusters == 0] / 20000)


def test_no_parameters(tmp_path, plant):
    write(tmp_path, plant)
    (tmp_path / "params.py").unlink()
    with pytest.raises(ValueError, match=r"no params\.py with the sample rate .* rate=30000"):
        open_session(tmp_path)


def test_a_folder_for_each_probe(tmp_path, plant):
    first = write(tmp_path / "imec0", plant, seed=0)
    second = write(tmp_path / "imec1" / "sorter_output", plant, seed=1)
    units = open_session(tmp_path).units
    assert units.table["probe"].tolist() == ["imec0"] * 7 + ["imec1"] * 7
    assert units.table["cluster"].tolist() == [0, 1, 2, 4, 5, 8, 9] * 2
    for name, (samples, clusters) in (("imec0", first), ("imec1", second)):
        assert np.array_equal(units.spikes_of(f"{name}:8"), samples[clusters == 8] / RATE)


def test_times_in_seconds_stay(tmp_path, plant):
    write(tmp_path, plant)
    seconds = np.sort(np.random.default_rng(0).random(3000))
    np.save(tmp_path / "spike_times.npy", seconds)
    session = open_session(tmp_path)
    assert np.array_equal(np.sort(session.units.times), seconds)
    assert "spike times are seconds" in str(session)


@pytest.mark.parametrize(
    ("name", "values", "said"),
    [
        ("spike_clusters", np.zeros(7, int), "has 3000 spike times, but clusters of 7 spikes"),
        ("spike_clusters", np.zeros(3000), "expected whole numbers"),
        ("spike_clusters", np.zeros((3000, 2), int), "expected one axis"),
    ],
)
def test_files_that_do_not_fit_are_named(tmp_path, plant, name, values, said):
    write(tmp_path, plant)
    np.save(tmp_path / f"{name}.npy", values)
    with pytest.raises(ValueError) as caught:
        open_session(tmp_path)
    assert said in str(caught.value) and str(tmp_path) in str(caught.value)


def test_no_spikes_at_all(tmp_path, plant):
    write(tmp_path, plant)
    np.save(tmp_path / "spike_times.npy", np.zeros(0, "uint64"))
    np.save(tmp_path / "spike_clusters.npy", np.zeros(0, "int32"))
    units = open_session(tmp_path).units
    assert len(units) == 0 and len(units.times) == 0


def test_clusters_with_numbers_from_elsewhere(tmp_path, plant):
    write(tmp_path, plant)
    clusters = np.random.default_rng(0).choice([-1, 5, 2**40], 3000)
    np.save(tmp_path / "spike_clusters.npy", clusters)
    assert open_session(tmp_path).units.table.index.tolist() == [-1, 5, 2**40]
