"""
Two regions
===========

Cortex and cerebellum are recorded together. *What do they share, what does each have to itself,
and where does something begin first?*
"""

import matplotlib.pyplot as plt
import numpy as np

import trialtensor as tt

# %%
# The recording
# -------------
#
# 120 trials, 40 neurons in cortex and 30 in the cerebellum. A *shared* component grows during
# learning: from trial 40 on in the cerebellum, and in cortex from trial 60 on. Each region has
# one component of its own besides.

rng = np.random.default_rng(1)
trial, time = np.arange(120), np.linspace(0, 1, 40)


def grows(onset):
    """Learning with a time constant of 12 trials."""
    return 0.2 + np.where(trial < onset, 0, 1 - np.exp(-(trial - onset + 1) / 12))


def bump(centre, width=0.1):
    """Activity around a time."""
    return np.exp(-0.5 * ((time - centre) / width) ** 2)


def part(strength, n_neurons, course):
    """One component of one region."""
    return np.einsum("k,n,t->knt", strength, rng.gamma(1.0, size=n_neurons), course)


own = {name: 0.6 + 0.3 * rng.normal(size=120) for name in ("cortex", "cerebellum")}
regions = {
    "cortex": part(grows(60), 40, bump(0.6)) + part(own["cortex"], 40, bump(0.25)),
    "cerebellum": part(grows(40), 30, bump(0.45)) + part(own["cerebellum"], 30, bump(0.8)),
}
regions = {name: X + 0.5 * rng.normal(size=X.shape) for name, X in regions.items()}

# %%
# One fit of both
# ---------------
#
# ``CoupledTCA`` has one strength of each component on each trial, and neurons and time courses
# for each region. The data decide what is shared: ``shares_`` tells how much of each component is
# in each region.

model = tt.CoupledTCA(3, random_state=0).fit(regions)
print(list(regions))
print(model.shares_.round(2))
_ = tt.plot_factors(model)

# %%
# One component is in both, and each region has one of its own, as planted.

both = int(np.argmin(np.abs(model.shares_[0] - 0.5)))
others = [r for r in range(3) if r != both]
assert 0.2 < model.shares_[0, both] < 0.8
low, high = np.sort(model.shares_[0, others])
assert low < 0.2
assert high > 0.8
_ = tt.plot_shares(model)

# %%
# Where does it begin?
# --------------------
#
# One strength for both can't say which region leads. ``dataset_trial_factors_`` has the strength
# that each region alone would have, and ``track`` follows these.

found = tt.track(model)
changes = found.changes[found.changes["series"].str.startswith(f"component {both + 1},")]
columns = ["series", "onset", "onset_low", "onset_high", "time_constant"]
print(changes[columns].round(1).to_string(index=False))

figure, ax = plt.subplots(figsize=(7, 3.2), layout="constrained")
planted = {"cortex": 60, "cerebellum": 40}
for color, (name, onset) in zip(("#2f6f8f", "#b4451f"), planted.items(), strict=True):
    strength = found.series[f"component {both + 1}, {name}"]
    ax.plot(strength, ".", color=color, label=name)
    row = changes[changes["series"].str.endswith(name)].iloc[0]
    ax.axvspan(row["onset_low"] - 0.5, row["onset_high"] + 0.5, color=color, alpha=0.3, linewidth=0)
    ax.axvline(onset, color=color, linestyle=":")
    assert abs(row["onset"] - onset) <= 3
ax.set(xlabel="trial", ylabel="strength", title="dotted: planted; bands: found, 90 % interval")
_ = ax.legend(frameon=False, loc="upper left")

# %%
# The cerebellum begins first, as planted. Its onset is known to the trial. That of cortex is
# known to a few trials, and its interval ends a trial before the planted one: one in ten does.

# %%
# What to keep in mind
# --------------------
#
# - With too many components a shared one can split in two that look private. The fit warns then
#   (``SplitComponentWarning``), and ``subspace_shares_`` tells such halves from private
#   components.
# - That one region changes first doesn't show that it causes the change in the other. A third may
#   lead both.
# - If both regions are one recording with a label of neurons, pass the label: ``CoupledTCA(3,
#   groups="area").fit(X)``. See :doc:`/guide/coupled`.
