"""
Which slicing type?
===================

A response can grow from trial to trial, it can move in time, or other neurons can take part.
*Which of these does a recording do, and how much of each?*
"""

import matplotlib.pyplot as plt
import numpy as np

import trialtensor as tt
from trialtensor.selection import TimeBlocks

# %%
# The recording
# -------------
#
# 80 trials and 40 neurons. A sequence through all neurons grows over trials: a single neuron ×
# time pattern, with a weight for each trial. On top of it, a group of neurons bursts together, at
# another time on every trial: fixed weights of neurons, with a time course of its own on each
# trial.

rng = np.random.default_rng(0)
trial, neuron, time = np.arange(80), np.arange(40), np.linspace(0, 1, 50)


def bump(x, centre, width):
    """Activity around a place."""
    return np.exp(-0.5 * ((x - centre) / width) ** 2)


growing = np.einsum(
    "k,nt->knt", 1 - 0.9 * np.exp(-trial / 20), bump(time, neuron[:, None] / 40, 0.08)
)
group = np.where(neuron < 12, 1.0, 0.0) * rng.uniform(0.5, 1.5, 40)
when = rng.uniform(0.15, 0.85, 80)
moving = 1.2 * np.einsum("n,kt->knt", group, bump(time, when[:, None], 0.06))
X = growing + moving + 0.4 * rng.normal(size=growing.shape)

# %%
# Candidates of all types
# -----------------------
#
# A candidate of SliceTCA is a number of components of each type: trial-, neuron- and
# time-slicing. A search hides blocks of bins, and predicts them.

candidates = [
    *[(1, 0, 0), (2, 0, 0), (3, 0, 0)],
    *[(0, 1, 0), (0, 2, 0), (0, 0, 1)],
    *[(1, 1, 0), (1, 0, 1), (2, 1, 0), (1, 1, 1)],
]
search = tt.CrossValidatedSearch(
    tt.SliceTCA((1, 0, 0), n_init=2),
    candidates,
    splits=TimeBlocks(0.1, length=4, guard=1, n_splits=3),
    random_state=0,
).fit(X)
best = search.table_.sort_values("error")
print(best[["n_components", "error", "error_se"]].head(5).round(3).to_string(index=False))
print("chosen (trial, neuron, time):", search.n_components_)
assert search.n_components_ == (1, 1, 0)

# %%
# And TCA? The burst comes at other times, so that TCA has to put this one event together from
# many components.

rank = tt.CrossValidatedSearch(
    tt.TCA(1, n_init=2),
    [2, 4, 8],
    splits=TimeBlocks(0.1, length=4, guard=1, n_splits=3),
    random_state=0,
).fit(X)
print(rank.table_[["n_components", "error"]].round(3).to_string(index=False))
errors = rank.table_.set_index("n_components")["error"]
assert errors[4] > search.table_["error"].min()
assert errors[8] < search.table_["error"].min() + 0.02

# %%
# With two or four components it predicts less. With eight it predicts as much (each of its
# components has far fewer numbers), but none of the eight is the burst.

# %%
# What the components show
# ------------------------

model = search.best_estimator_
_ = tt.plot_slices(model, sort_neurons=None)

# %%
# The part of each type, beside what was planted.

parts = {"trial": growing, "neuron": moving}
figure, axes = plt.subplots(2, 2, figsize=(7, 4.6), sharex=True, sharey=True, layout="constrained")
for row, (slicing, planted) in zip(axes, parts.items(), strict=True):
    fitted = model.reconstruct(slicing)
    error = np.sum((fitted - planted) ** 2) / np.sum(planted**2)
    print(f"{slicing}-slicing part: error {error:.3f} of its power")
    for ax, values, what in zip(row, (planted, fitted), ("planted", "found"), strict=True):
        ax.imshow(values[:, 8], aspect="auto", vmin=-0.2, vmax=1.2, cmap="viridis")
        ax.set(title=f"{slicing}-slicing, {what}")
    row[0].set_ylabel("trial")
axes[1, 0].set_xlabel("bin, of neuron 8")
_ = axes[1, 1].set_xlabel("bin, of neuron 8")

# %%
# What to keep in mind
# --------------------
#
# - What has fixed weights on two axes fits two types equally well. The *gauge* shares such
#   activity out between types; it is a choice, not a finding.
# - Within a type, components can be rotated. Speak of the subspace, not of component 2.
# - A neuron-slicing component has a number for every trial and bin. It will fit noise, so choose
#   by held-out entries, never by explained variance. See :doc:`/guide/slicetca`.
