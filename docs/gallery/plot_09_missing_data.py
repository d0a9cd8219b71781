"""
Missing data
============

Cells are lost, trials end early, artefacts are cut out. *What can still be said, and what not?*
"""

import warnings

import matplotlib.pyplot as plt
import numpy as np

import trialtensor as tt
from trialtensor.selection import factor_match_score

# %%
# Fill in, or leave out?
# ----------------------
#
# 60 trials, 30 neurons, 40 bins, and three planted components. Of these entries we hide more and
# more, in blocks of ten bins, and compare two ways to go on: missing entries are NaN and left out
# of the loss, or they are filled with the mean of their neuron, as is often done.

planted = tt.make_tca(60, 30, 40, 3, snr=2.0, random_state=0)
rng = np.random.default_rng(0)
hidden = np.array([0.1, 0.3, 0.5, 0.7, 0.8])
left_out, filled = [], []
for fraction in hidden:
    blocks = np.repeat(rng.random((60, 30, 4)) < fraction, 10, axis=2)
    X = np.where(blocks, np.nan, planted.X)
    mean = np.nanmean(X, axis=(0, 2))[:, None]
    for data, errors in ((X, left_out), (np.where(blocks, mean, X), filled)):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # with this much missing it says how little is known
            fit = tt.TCA(3, n_init=3, random_state=0).fit(data)
        error = (fit.reconstruct() - planted.signal)[blocks]
        errors.append(np.mean(error**2) / np.mean(planted.signal[blocks] ** 2))

figure, ax = plt.subplots(figsize=(5.5, 3.4), layout="constrained")
ax.plot(hidden, filled, "o-", color="#8a8f98", label="filled with means")
ax.plot(hidden, left_out, "o-", color="#2f6f8f", label="left out")
ax.axhline(1, color="#33363b", linewidth=0.8, linestyle=":")
ax.set(xlabel="share that is missing", ylabel="error of what is missing", ylim=(0, 1.1))
ax.legend(frameon=False, loc="center left")
print("left out:", np.round(left_out, 3), " filled:", np.round(filled, 3))
assert (np.array(left_out) < np.array(filled)).all()
assert left_out[2] < 0.1

# %%
# What a fit says about it
# ------------------------
#
# Here neurons are lost in the middle of a recording and others are found, and the last bins of
# long trials were cut.

X = planted.X.copy()
X[30:, :8] = np.nan
X[:30, 8:14] = np.nan
X[::3, :, 30:] = np.nan
X[:, 20] = np.nan  # never recorded
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    model = tt.TCA(3, random_state=0).fit(X)
for each in caught:
    print(each.category.__name__, "-", str(each.message))
_ = tt.plotting.plot_missing(X)

# %%
# Neurons that were seen on half of the trials get weights all the same. A neuron without any data
# has none: NaN, not zero.

tt.plot_factors(model)
assert np.isnan(model.neuron_factors_[20]).all()
seen = np.delete(np.arange(30), 20)
match = factor_match_score(
    (model.trial_factors_, model.neuron_factors_[seen], model.time_factors_),
    (planted.factors[0], planted.factors[1][seen], planted.factors[2]),
)
print(f"match with the planted factors: {match:.3f}")
assert match > 0.98

# %%
# Too few shared neurons
# ----------------------
#
# If the two halves of a recording share fewer neurons than there are components, nothing tells
# how large a component is in one compared with the other. The fit says so.

X = planted.X.copy()
X[30:, :14] = np.nan
X[:30, 16:] = np.nan
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    torn = tt.TCA(3, random_state=0).fit(X)
for each in caught:
    print("-", each.message)
assert any("in common" in str(each.message) or "share" in str(each.message) for each in caught)

# %%
# What to keep in mind
# --------------------
#
# - All of this takes values to be missing for reasons of their own. If trials are dropped
#   *because* of what happened on them, any fit is biased.
# - Zeros that stand for "not recorded" are data to a fit. Make them NaN.
# - What counts as missing in files, and what a fit does about it, is told in :doc:`/guide/tca`.
