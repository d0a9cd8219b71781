"""The three toy pictures of the SliceTCA guide: ``python docs/figures/slicetca_toys.py``."""

from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

from trialtensor.plotting.colors import ACCENT, INK, diverging_colormap

N_TRIALS, N_NEURONS, N_TIMES = 60, 24, 50
SHOWN = (4, 30, 55)


def bump(x, centre, width):
    """A Gaussian of height 1."""
    return np.exp(-0.5 * ((x - centre) / width) ** 2)


def toys():
    """Of each type: name, what is weighted, weights, slice, its axes, and the tensor."""
    trial = np.arange(N_TRIALS)
    neuron = np.arange(N_NEURONS)
    time = np.linspace(0, 1, N_TIMES)
    learning = 1 - 0.9 * np.exp(-trial / 15)
    sequence = bump(time, np.linspace(0.15, 0.85, N_NEURONS)[:, None], 0.08)
    yield (
        "trial-slicing", "trial", learning, sequence, ("neuron", "time"),
        np.einsum("k,nt->knt", learning, sequence),
    )  # fmt: skip
    group = np.where(neuron < 8, 1.0, 0.12) * (1 + 0.3 * np.sin(3 * neuron))
    earlier = bump(time, (0.75 - 0.5 * trial / N_TRIALS)[:, None], 0.09)
    yield (
        "neuron-slicing", "neuron", group, earlier, ("trial", "time"),
        np.einsum("n,kt->knt", group, earlier),
    )  # fmt: skip
    ramp = np.clip((time - 0.2) / 0.6, 0, 1) * (time < 0.9)
    drift = bump(neuron, (4 + 15 * trial / N_TRIALS)[:, None], 3)
    yield (
        "time-slicing", "time", ramp, drift, ("trial", "neuron"),
        np.einsum("t,kn->knt", ramp, drift),
    )  # fmt: skip


def draw():
    """One row a type: its weights, its slice, and what that makes of three trials."""
    figure, axes = plt.subplots(
        3, 5, figsize=(11, 6.6), layout="constrained", width_ratios=(1.1, 1.2, 1, 1, 1)
    )
    for row, (name, weighted, weights, slice_, names, tensor) in zip(axes, toys(), strict=True):
        style = {"color": ACCENT, "linewidth": 1.8}
        if weighted == "neuron":
            row[0].bar(np.arange(N_NEURONS), weights, color=INK)
        else:
            row[0].plot(np.linspace(0, len(weights) - 1, len(weights)), weights, **style)
        row[0].set(ylim=(0, 1.35 if weighted == "neuron" else 1.1), xlabel=weighted)
        row[0].set_ylabel(name, fontweight="bold", fontsize=11)
        row[0].spines[["top", "right"]].set_visible(False)
        show(row[1], slice_, names)
        for ax, k in zip(row[2:], SHOWN, strict=True):
            show(ax, tensor[k], ("neuron", "time"))
            ax.set_title(f"trial {k}", fontsize=9)
        row[0].set_title("weights", fontsize=9)
        row[1].set_title(f"slice: {names[0]} × {names[1]}", fontsize=9)
    return figure


def show(ax, values, names):
    """An image with its axes named and no numbers: toys have no units."""
    ax.imshow(values, aspect="auto", cmap=diverging_colormap(), vmin=-1.1, vmax=1.1)
    ax.set(xlabel=names[1], ylabel=names[0], xticks=[], yticks=[])


if __name__ == "__main__":
    draw().savefig(Path(__file__).with_suffix(".png"), dpi=100)
