"""
What does cortex keep?
======================

A circuit has learned, and then its cerebellum is blocked. *How much of the movement is left, and
did the cerebellum shape how cortex prepares and moves?*
"""

import matplotlib.pyplot as plt
import numpy as np

import trialtensor as tt
from trialtensor_models.circuit import load_circuit, load_course, missed
from trialtensor_models.experiments.blocked_cortex import kept
from trialtensor_models.experiments.region_codes import patterns, subspace

# %%
# A block
# -------
#
# Three circuits at the end of their training, on reaches under three rotations of the cursor. One
# was trained by back-propagation, one by local rules, and the third by back-propagation in cortex
# and by local rules in the cerebellum. What share of the wanted command does each miss, with its
# nuclei and without?

for name in ("reaching_gradient", "reaching_local", "reaching_mixed"):
    circuit = load_circuit(name).circuit()
    trials = circuit.draw()
    intact = missed(circuit.run(trials), trials).mean()
    blocked = missed(circuit.lesion("nuclei").run(trials), trials).mean()
    print(f"{name}: missed {intact:.2f}, nuclei blocked {blocked:.2f}")
    assert intact < 0.25
    assert blocked > 2 * intact

# %%
# All of them need their cerebellum. The third misses more than everything (1): without its nuclei
# it would do better not to move at all.
#
# At every stage of training
# --------------------------
#
# A course holds each checkpoint's trials twice: as they are, and with the nuclei silent.

courses = {name: load_course(f"reaching_{name}") for name in ("gradient", "local", "alone")}
found = {name: kept(run) for name, run in courses.items()}
colors = {"gradient": "#0072B2", "local": "#D55E00", "alone": "black"}

figure, axes = plt.subplots(1, 2, figsize=(8, 3.2), layout="constrained")
for name, each in found.items():
    done = each["iteration"].values / each["iteration"].values[-1]
    axes[0].plot(done, each["done"], color=colors[name], label=name)
    axes[0].plot(done, each["done_blocked"], color=colors[name], ls="--")
    axes[1].plot(done, each["epochs"].sel(epoch="movement"), color=colors[name])
    axes[1].plot(done, each["itself"].sel(epoch="movement"), color=colors[name], ls=":")
axes[0].set(ylim=(-1, 1.05), ylabel="share of the command\n(dashed: nuclei blocked)")
axes[1].set(
    ylim=(0, 1.05), ylabel="overlap with preparation\n(dotted: with itself)", title="movement"
)
for ax in axes:
    ax.set_xlabel("share of the training")
_ = axes[0].legend(frameon=False, loc="lower right", fontsize=8)

# %%
# Preparation and movement begin in much the same subspace of cortex, and come apart as it learns by
# back-propagation. That isn't the cerebellum's doing: in a cortex that has none they come apart as
# well. Under local rules they stay together.

last = {name: float(each["epochs"].sel(epoch="movement")[-1]) for name, each in found.items()}
print({name: round(value, 2) for name, value in last.items()})
assert max(last["alone"], last["gradient"]) < 0.6
assert last["local"] > 0.7

# %%
# How far does a block turn the subspace?
# ---------------------------------------
#
# Principal angles between the subspaces of intact and of blocked trials, at the end of training, in
# degrees. Noise alone turns a subspace too: between halves of the targets, of intact trials.


def cortex(run, *, blocked=False):
    """(condition, unit, bin) movement activity of the last checkpoint."""
    parts = patterns(run, blocked=blocked)
    return np.concatenate([parts["association"][-1], parts["motor"][-1]], axis=1)


def angles(first, second):
    """Principal angles between the leading directions of two sets of conditions."""
    none = np.empty((1, 0))
    return tt.selection.subspace_angles(
        (none, subspace(first), none), (none, subspace(second), none)
    )[1]


half = np.arange(24) % 2 == 0
for name in ("gradient", "local"):
    intact, blocked = cortex(courses[name]), cortex(courses[name], blocked=True)
    turned, noise = angles(intact, blocked), angles(intact[half], intact[~half])
    print(f"{name}: by the block {turned.round(0)}, between halves {noise.round(0)}")
    assert turned.max() < 45

# %%
# By little more than noise does. The block costs a third to a half of the movement, and yet leaves
# conditions apart along nearly the same directions: what the nuclei add is small beside all that
# cortex does, and it is spent where it moves the hand.
#
# What to keep in mind
# --------------------
#
# - Compare a subspace with itself first, in other trials: noise turns it.
# - That subspaces turn over training says nothing of the cerebellum until you have looked at a
#   circuit without one.
# - How much a block takes depends on how the circuit was trained: :doc:`/guide/circuit` has
#   several trainings of each kind.
