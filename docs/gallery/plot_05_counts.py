"""
Spike counts
============

The variance of counts grows with their mean. So a few busy neurons make most of a squared error,
and what they do by themselves may be all that a fit describes. *What should be done to counts
first?*
"""

import matplotlib.pyplot as plt
import numpy as np

import trialtensor as tt

# %%
# The recording
# -------------
#
# 50 neurons on 100 trials. All respond early in the trial. During learning, 45 of them come to
# respond late in the trial, too. The other five take no part in learning, but fire twenty times
# as much, and each of them fluctuates from trial to trial in a way of its own.

rng = np.random.default_rng(0)
trial, time = np.arange(100), np.linspace(0, 1, 40)
learned = 1 / (1 + np.exp(-(trial - 50) / 8))
early = np.exp(-0.5 * ((time - 0.35) / 0.12) ** 2)
late = np.exp(-0.5 * ((time - 0.7) / 0.1) ** 2)
busy = np.arange(50) < 5
weights = rng.gamma(2, 0.5, (2, 50)) * [np.ones(50), ~busy]
rate = 0.2 + 0.8 * (
    weights[0][:, None] * early + learned[:, None, None] * weights[1][:, None] * late
)
gain = np.where(busy, 20 * rng.gamma(6, 1 / 6, (100, 50)), 1.0)
counts = rng.poisson(rate * gain[:, :, None])

variance = counts.var(axis=(0, 2))
share = variance[busy].sum() / variance.sum()
print(f"the five busy neurons have {share:.0%} of the variance")
assert share > 0.9

# %%
# Let held-out counts decide
# --------------------------
#
# Scores of transformed data can't be compared: each is in units of its own.
# ``compare_transforms`` holds entries out, takes predictions of them back to counts, and measures
# their Poisson deviance there, all neurons counting alike. An error of 1 is that of each neuron's
# mean.

comparison = tt.compare_transforms(counts, 3)
print(comparison.table.round(3).to_string(index=False))
print("chosen:", comparison.chosen)
assert comparison.chosen != "none"

# %%
# Dividing each neuron by its range helps most here. Square roots, which make the noise of quiet
# and busy neurons alike, are nearly as good; counts as they are do worst.

# %%
# What difference does it make?
# -----------------------------
#
# Three fits with three components each. In which of them is there a component that is late in the
# trial, and grows with learning?

transforms = {
    "counts as they are": None,
    "square roots": tt.SquareRoot(),
    "divided by range": tt.SoftNormalize(1.0),
}
figure, axes = plt.subplots(2, 3, figsize=(9, 4.4), sharey="row", layout="constrained")
seen = {}
for (above, below), (name, transform) in zip(axes.T, transforms.items(), strict=True):
    X = counts if transform is None else transform.fit_transform(counts)
    model = tt.TCA(3, nonnegative=True, random_state=0).fit(X)
    number = int(np.argmax(late @ model.time_factors_))
    course = model.trial_factors_[:, number]
    seen[name] = np.corrcoef(course, learned)[0, 1]
    above.plot(time, model.time_factors_, color="#c9ccd1")
    above.plot(time, model.time_factors_[:, number], color="#b4451f", linewidth=2)
    below.plot(trial, course / course.mean(), ".", color="#b4451f")
    below.plot(trial, learned / learned.mean(), color="#33363b", linewidth=1)
    above.set(title=name, xlabel="time")
    below.set(xlabel="trial", title=f"correlation with learning {seen[name]:.2f}")
axes[0, 0].set_ylabel("time factors")
axes[1, 0].set_ylabel("latest component")
assert seen["counts as they are"] < 0.5
assert min(seen["square roots"], seen["divided by range"]) > 0.95

# %%
# In counts as they are, all three components describe the trial-to-trial gains of busy neurons.
# Learning isn't among them, though 45 of 50 neurons learn.

# %%
# What to keep in mind
# --------------------
#
# - All losses here are squared errors. There is no Poisson loss; transforms take its place.
# - Square roots of rates that add up don't add up: a saturating course bends more. If a number
#   matters, such as a time constant, compare it in both.
# - Smoothing isn't needed for a fit. If you smooth, hold out blocks of bins when you choose the
#   number of components.
# - What is busy may be what matters. Then transform nothing, and say so. See
#   :doc:`/guide/preparing`.
