"""
Which neurons learn?
====================

The rule of a task changes, and an animal learns the new one. Somewhere in the population
something grows. *When does it begin, how fast is it, and which neurons carry it?*

We make a recording in which the answer is known, ask these questions as you would of your own,
and compare.
"""

import matplotlib.pyplot as plt
import numpy as np
import xarray

import trialtensor as tt

# %%
# The recording
# -------------
#
# 60 neurons are recorded on 160 trials, in bins of 40 ms. All respond to the movement, some to
# the cue. The rule changes at trial 60. From then on, 15 of the neurons also fire before the
# movement: hardly on the first trials, then more and more, with a time constant of 15 trials.

rng = np.random.default_rng(0)
trial = np.arange(160)
time = np.arange(-0.5, 1.0, 0.04)
learned = np.where(trial < 60, 0.0, 1 - np.exp(-(trial - 59) / 15))


def bump(centre, width):
    """Activity around a time."""
    return np.exp(-0.5 * ((time - centre) / width) ** 2)


learners = np.arange(60) % 4 == 0
weights = rng.gamma(2.0, 0.5, (3, 60)) * [np.ones(60), np.arange(60) < 30, learners]
rate = (
    3.0  # spikes/s
    + 15 * weights[0][:, None] * bump(0.6, 0.12)
    + 15 * weights[1][:, None] * bump(-0.3, 0.07)
    + 20 * learned[:, None, None] * weights[2][:, None] * bump(0.1, 0.1)
)
X = xarray.DataArray(
    rng.poisson(0.04 * rate),
    dims=("trial", "neuron", "time"),
    coords={"time": time, "rule": ("trial", np.where(trial < 60, "old", "new"))},
    name="counts",
)

# %%
# Four components
# ---------------
#
# One for each of the three responses, and one for the activity that neurons always have. Time
# courses and weights of trials are constrained to be non-negative; weights of neurons are left
# free, so that a neuron that takes no part can be seen to scatter around zero. No neuron is far
# busier than the others, so counts are taken as they are: square roots would bend the learning
# curve (:ref:`when to take them <sphx_glr_tutorials_plot_05_counts.py>`).

model = tt.TCA(4, nonnegative=("trial", "time"), random_state=0).fit(X)
_ = tt.plot_factors(model, color_by="rule")

# %%
# When, and how fast?
# -------------------
#
# ``track`` asks of each component whether it changes over trials, and fits onset and time
# constant with intervals. Given the data, it also asks the neurons whether they agree: learning
# is carried by many neurons together, drift by one at a time.

found = tt.track(model, X, labels="rule")
columns = ["series", "onset", "onset_low", "onset_high", "time_constant", "replicated"]
print(found.changes[columns].round(1).to_string(index=False))
_ = tt.plot_tracking(found)

# %%
# Planted were an onset at trial 60 and a time constant of 15 trials.

change = found.changes.iloc[0]
assert change["onset_low"] <= 60 <= change["onset_high"]
assert change["time_constant_low"] <= 15 <= change["time_constant_high"]
assert change["replicated"] == "confirmed"

# %%
# Which neurons?
# --------------
#
# The component that changes has a weight for each neuron, and a bootstrap over trials says how
# sure each is. We call a neuron a learner if its interval at 99 % is above zero.

number = int(change["series"].split()[-1]) - 1
sure = tt.bootstrap(model, X, n_samples=100, level=0.99, random_state=0)
low, high = (each[:, number] for each in sure.interval("neuron_factors"))
called = low > 0

order = np.argsort(-weights[2])
figure, ax = plt.subplots(figsize=(8, 3.2), layout="constrained")
for planted, color in ((True, "#b4451f"), (False, "#8a8f98")):
    shown = np.flatnonzero(learners[order] == planted)
    ax.vlines(shown, low[order][shown], high[order][shown], color=color, linewidth=2.5)
    ax.plot(shown, model.neuron_factors_[order, number][shown], "o", color=color, markersize=4)
    ax.plot([], [], color=color, label="planted learner" if planted else "no learner")
ax.axhline(0, color="#33363b", linewidth=0.8)
ax.set(xlabel="neuron, largest planted weight first", ylabel="weight, 99 % interval")
_ = ax.legend(frameon=False, loc="upper right")

# %%
# How many were found, and how many were called learners by mistake?

print(f"learners found: {np.sum(called & learners)} of {learners.sum()}")
print(f"others called learners: {np.sum(called & ~learners)} of {np.sum(~learners)}")
assert np.sum(called & learners) >= 12
assert np.sum(called & ~learners) <= 3

# %%
# What to keep in mind
# --------------------
#
# - The number of components matters. With three, activity that is always there has no component
#   of its own, the others take it up, and 26 of 45 neurons would be called learners by mistake.
#   ``bootstrap`` warns of it (``TooFewComponentsWarning``). Choose the number first: :ref:`how
#   many components? <sphx_glr_tutorials_plot_02_how_many_components.py>`
# - An interval a neuron: of 45 neurons that don't learn, one in two hundred will be above zero by
#   chance. Weak learners are missed.
# - The weights say which neurons take part in the *component* that grows. Whether a neuron itself
#   changed is a question for its own activity.
# - Had the neurons drifted, or an electrode moved, something would have changed too. This is what
#   ``replicated`` is for: see :doc:`/guide/tracking`.
