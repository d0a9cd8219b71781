"""
How many components?
====================

Every further component explains more of the data, of pure noise too. *How many of them describe
something that would be there on another day?*
"""

import warnings

import matplotlib.pyplot as plt
import numpy as np

import trialtensor as tt
from trialtensor.selection import Speckled, fit_ranks, restart_profile

# %%
# Two recordings
# --------------
#
# Both have 60 trials, 30 neurons and 40 bins. In one, three components were planted under noise
# that is twice as strong; the other is noise.

recording = tt.make_tca(60, 30, 40, 3, snr=0.5, random_state=0).X
noise = np.random.default_rng(0).normal(size=recording.shape)

# %%
# What doesn't work
# -----------------
#
# The variance that a fit explains of the data it was fitted to grows with every component, in
# both recordings. There is a bend at three in one of them, but a bend is a matter of taste, and
# real recordings seldom have one as sharp.

counts = range(1, 7)
figure, ax = plt.subplots(figsize=(5, 3.2), layout="constrained")
for name, X in (("three components", recording), ("noise", noise)):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of noise, components often cancel each other
        fits = fit_ranks(tt.TCA(1, n_init=3, random_state=0), counts, X)
    explained = [fit.explained_variance_ratio_ for fit in fits]
    assert (np.diff(explained) > 0).all()
    ax.plot(counts, explained, "o-", label=name)
ax.set(xlabel="components", ylabel="explained variance", ylim=(0, None))
_ = ax.legend(frameon=False, loc="center right")

# %%
# Predict what the fit hasn't seen
# --------------------------------
#
# ``CrossValidatedSearch`` hides entries, fits to the others, and predicts those that were hidden.
# An error of 1 is that of predicting zero. Noise in neighbouring bins is independent here, so
# that single entries can be hidden (``Speckled``); of smooth data hide blocks of bins, as is done
# by default.

search = tt.CrossValidatedSearch(
    tt.TCA(1, n_init=2), counts, splits=Speckled(0.1), random_state=0
).fit(recording)
print(search.table_[["n_components", "error", "error_se"]].round(4).to_string(index=False))
print("chosen:", search.n_components_)
assert search.n_components_ == 3

# %%
# Do restarts agree?
# ------------------
#
# A second question: does each number of components give the same components every time?
# ``restart_profile`` compares restarts, corrected for what unrelated models of the same shape
# would have in common.

profile = restart_profile(tt.TCA(1, n_init=4), counts, recording, random_state=0)
print(profile[["n_components", "stability", "core_consistency"]].round(2).to_string(index=False))
tt.plot_search(search, profile)
assert profile["stability"][2] > 0.95

# %%
# And of noise?
# -------------
#
# No components is always a candidate. Of noise, nothing predicts better than zero.

nothing = tt.CrossValidatedSearch(
    tt.TCA(1, n_init=2), [1, 2, 3], splits=Speckled(0.1), random_state=0
).fit(noise)
print("chosen of noise:", nothing.n_components_)
assert nothing.n_components_ == 0

# %%
# What to keep in mind
# --------------------
#
# - The rule takes the *smallest* number within one standard error of the best. ``rule="best"``
#   takes the best, which may be one too many by luck.
# - What is hidden determines what is asked: entries, blocks of bins, neurons on trials, whole
#   trials. See :doc:`/guide/choosing`.
# - From a shell, ``trialtensor rank recording.npz --components 1:7`` does all of this and writes
#   a page.
