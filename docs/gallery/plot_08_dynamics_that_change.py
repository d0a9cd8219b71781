"""
Dynamics that change
====================

Activity in one bin makes the activity in the next. *Does this rule itself change over trials, and
by how much?*
"""

import matplotlib.pyplot as plt
import numpy as np

import trialtensor as tt

# %%
# The recording
# -------------
#
# Eight neurons on 80 trials of 60 bins. Two directions of the population rotate into each other.
# On the first trials the rotation dies away fast, with a largest eigenvalue of .60; over the
# session it comes to last, and ends at .95.

rng = np.random.default_rng(0)
n_trials, n_times, angle = 80, 60, 0.3
radius = np.linspace(0.60, 0.95, n_trials)
turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
basis, _ = np.linalg.qr(rng.normal(size=(8, 2)))
X = np.zeros((n_trials, 8, n_times))
for k in range(n_trials):
    X[k, :, 0] = rng.normal(size=8)
    for t in range(n_times - 1):
        X[k, :, t + 1] = radius[k] * basis @ turn @ basis.T @ X[k, :, t] + 0.3 * rng.normal(size=8)

# %%
# A matrix for each trial, tied together
# --------------------------------------
#
# A trial of 60 bins can't determine a matrix of 64 entries. ``TrialVaryingDynamics`` writes all
# matrices as sums of a few components whose strengths change over trials, smoothly; how smoothly
# is chosen by held-out bins.

model = tt.TrialVaryingDynamics(2, random_state=0).fit(X)
print("trials averaged over:", np.round(model.smoothness_, 1))
_ = tt.plot_factors(model)

# %%
# How long does activity last?
# ----------------------------
#
# The spectral radius is the largest size of an eigenvalue of a trial's matrix. Below 1, activity
# dies away. ``intervals`` says how sure the course is. Least squares of each trial by itself is
# drawn beside it.

held = model.intervals(X, level=0.9, random_state=0)
low, high = held.spectral_radius
alone = [
    np.abs(np.linalg.eigvals(np.linalg.lstsq(x[:, :-1].T, x[:, 1:].T, rcond=None)[0])).max()
    for x in X
]
figure, ax = plt.subplots(figsize=(7, 3.4), layout="constrained")
ax.plot(alone, ".", color="#8a8f98", label="each trial by itself")
ax.fill_between(np.arange(n_trials), low, high, color="#2f6f8f", alpha=0.25, linewidth=0)
ax.plot(model.spectral_radius_, color="#2f6f8f", label="fit, 90 % interval")
ax.plot(radius, "--", color="#b4451f", label="planted")
ax.set(xlabel="trial", ylabel="spectral radius")
ax.legend(frameon=False, loc="lower right")

error = np.sqrt(np.mean((model.spectral_radius_ - radius) ** 2))
error_alone = np.sqrt(np.mean((np.array(alone) - radius) ** 2))
inside = np.mean((low <= radius) & (radius <= high))
print(f"error of the fit {error:.3f}, of each trial by itself {error_alone:.3f}")
print(f"the interval holds the planted radius on {inside:.0%} of trials")
assert error < 0.5 * error_alone
assert inside > 0.7

# %%
# How fast does it rotate?
# ------------------------
#
# The angle of that eigenvalue is the rotation in one bin. It was planted to stay the same, and
# does.

first = np.take_along_axis(
    model.eigenvalues_, np.argmax(np.abs(model.eigenvalues_), axis=1)[:, None], axis=1
)[:, 0]
found = np.abs(np.angle(first))
print(f"rotation a bin: {np.median(found):.3f} (planted {angle})")
assert abs(np.median(found) - angle) < 0.05

# %%
# What to keep in mind
# --------------------
#
# - Noise of measurement looks like activity that is gone in the next bin, so that the radius of a
#   noisy recording is too small. Its *change* means something as long as the noise doesn't
#   change.
# - Trials are taken to be in order and evenly spaced. If conditions take turns, use
#   ``smoothness=0``.
# - Choose the number of components by held-out trials: see :doc:`/guide/dynamics`.
