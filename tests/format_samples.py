"""Small recordings in the formats of labs, for the pages that show how to open them."""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas
import scipy.io

N_TRIALS, N_UNITS = 30, 8
CUES = 1.0 + 3.0 * np.arange(N_TRIALS) + 0.1
TRIALS = pandas.DataFrame(
    {
        "go_cue": CUES,
        "target": np.tile(["left", "right"], N_TRIALS // 2),
        "block": np.repeat(["baseline", "learning"], N_TRIALS // 2),
    }
)


def spike_times(seed: int = 0) -> list[np.ndarray]:
    """Spike times of each unit, with more of them after the cue."""
    rng = np.random.default_rng(seed)
    evoked = np.repeat(CUES + 0.3, 5)
    return [
        np.sort(
            np.r_[rng.uniform(0, 3 * N_TRIALS, 200), evoked + 0.1 * rng.normal(size=len(evoked))]
        )
        for _ in range(N_UNITS)
    ]


def flat_spikes() -> tuple[np.ndarray, np.ndarray]:
    """Time and unit of every spike, by time."""
    each = spike_times()
    times = np.concatenate(each)
    units = np.repeat(np.arange(N_UNITS), [len(t) for t in each])
    order = np.argsort(times)
    return times[order], units[order]


def nwb(folder: Path) -> None:
    """Write `session.nwb` with pynwb."""
    import pynwb

    file = pynwb.NWBFile("reaching", "id", datetime(2024, 1, 1, tzinfo=UTC))
    group = file.create_electrode_group("g", "d", "M1", file.create_device(name="probe"))
    for i in range(N_UNITS):
        file.add_electrode(location="M1" if i < 6 else "PMd", group=group, group_name="g")
    for name in TRIALS:
        file.add_trial_column(name, name)
    for row in TRIALS.to_dict("records"):
        file.add_trial(start_time=row["go_cue"] - 1, stop_time=row["go_cue"] + 1.5, **row)
    file.add_unit_column("quality", "of the sorting")
    for unit, times in enumerate(spike_times()):
        file.add_unit(spike_times=times, quality="good" if unit else "mua", electrodes=[unit])
    with pynwb.NWBHDF5IO(folder / "session.nwb", "w") as io:
        io.write(file)


def matlab(folder: Path) -> None:
    """Write `session.mat`, of version 5."""
    spikes = np.empty((N_UNITS, 1), object)
    spikes[:, 0] = spike_times()
    targets = np.array(TRIALS["target"].tolist(), object)
    trials = {"go_cue": CUES, "target": targets}
    scipy.io.savemat(folder / "session.mat", {"spikes": spikes, "trials": trials})


def suite2p(folder: Path) -> None:
    """Write a folder of one plane; what would be pickles is text that no reader may touch."""
    plane = folder / "suite2p" / "plane0"
    plane.mkdir(parents=True)
    rng = np.random.default_rng(0)
    values = rng.normal(size=(10, 30 * 3 * N_TRIALS)).astype(np.float32)
    for cue in CUES:
        values[:4, int(30 * cue) + 5 : int(30 * cue) + 15] += 3
    for name, each in (("F", values), ("Fneu", 0.1 * values), ("spks", np.abs(values))):
        np.save(plane / f"{name}.npy", each)
    np.save(plane / "iscell.npy", np.c_[np.arange(10) % 5 > 0, rng.random(10)])
    (plane / "ops.npy").write_text("not loaded")
    TRIALS.to_csv(folder / "suite2p" / "trials.csv", index=False)


def phy(folder: Path) -> None:
    """Write the folder `sorted`, with parameters that must not be run."""
    made = folder / "sorted"
    made.mkdir()
    times, units = flat_spikes()
    np.save(made / "spike_times.npy", np.round(30000 * times).astype(np.uint64)[:, None])
    np.save(made / "spike_clusters.npy", units.astype(np.int32))
    (made / "params.py").write_text(f"sample_rate = 30000.\nopen({str(made / 'run')!r}, 'w')\n")
    groups = {"cluster_id": np.arange(N_UNITS), "group": ["good", "mua"] * (N_UNITS // 2)}
    pandas.DataFrame(groups).to_csv(made / "cluster_group.tsv", sep="\t", index=False)
    TRIALS.to_csv(made / "trials.csv", index=False)


def alf(folder: Path) -> None:
    """Write the folder `session` of one probe."""
    probe = folder / "session" / "alf" / "probe00"
    probe.mkdir(parents=True)
    times, units = flat_spikes()
    np.save(probe / "spikes.times.npy", times)
    np.save(probe / "spikes.clusters.npy", units)
    metrics = {"cluster_id": np.arange(N_UNITS), "label": np.arange(N_UNITS) % 4 > 0}
    pandas.DataFrame(metrics).astype({"label": float}).to_csv(
        probe / "clusters.metrics.csv", index=False
    )
    trials = probe.parent
    np.save(trials / "_ibl_trials.stimOn_times.npy", CUES)
    np.save(trials / "_ibl_trials.choice.npy", np.tile([-1.0, 1.0], N_TRIALS // 2))


def tables(folder: Path) -> None:
    """Write a long table, and a folder with spikes and trials."""
    rng = np.random.default_rng(0)
    axes = [range(20), [f"unit{i}" for i in range(6)], [round(0.05 * k, 2) for k in range(8)]]
    index = pandas.MultiIndex.from_product(axes, names=["trial", "neuron", "time"])
    counts = rng.poisson(2 + 3 * (index.get_level_values("time") == 0.2))
    pandas.DataFrame({"value": counts}, index=index).to_csv(folder / "long.csv")
    (folder / "tables").mkdir()
    times, units = flat_spikes()
    spikes = pandas.DataFrame({"time": times, "unit": units})
    spikes.to_csv(folder / "tables" / "spikes.csv", index=False)
    TRIALS.to_csv(folder / "tables" / "trials.csv", index=False)


MAKERS = {
    "nwb": nwb, "matlab": matlab, "suite2p": suite2p, "phy": phy, "alf": alf, "tables": tables
}  # fmt: skip
