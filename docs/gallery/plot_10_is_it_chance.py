"""
Is it chance?
=============

A fit always finds components, and one of them always looks interesting. *Would data without any
shared structure have shown as much, and how sure is each number?*
"""

import matplotlib.pyplot as plt
import numpy as np

import trialtensor as tt

# %%
# Two recordings
# --------------
#
# In one, two components vary from trial to trial and are shared by 25 neurons. In the other, each
# neuron varies by itself, as much and with the same time courses.

planted = tt.make_tca(60, 25, 30, 2, snr=0.3, random_state=1)
shared = planted.X
rng = np.random.default_rng(0)
alone = np.stack([shared[rng.permutation(60), n] for n in range(25)], axis=1)

# %%
# Both fits look like something
# -----------------------------

fits = {
    name: tt.TCA(2, random_state=0).fit(X) for name, X in (("shared", shared), ("alone", alone))
}
for name, model in fits.items():
    print(f"{name}: explained variance {model.explained_variance_ratio_:.3f}")
_ = tt.plot_factors(fits["alone"])

# %%
# Compare with surrogates
# -----------------------
#
# ``component_test`` shuffles the trials of each neuron by itself, which destroys what neurons
# share from trial to trial and keeps everything else. It refits each surrogate, and compares a
# component with the *largest* of each, so that the chance of a false alarm among all components
# is at most the level.

figure, axes = plt.subplots(1, 2, figsize=(8, 3), layout="constrained")
tests = {}
for ax, (name, model), X in zip(axes, fits.items(), (shared, alone), strict=True):
    tests[name] = test = tt.component_test(model, X, n_permutations=39, random_state=0)
    print(name, "p =", test.p_values)
    ax.hist(test.null, bins=20, color="#c9ccd1")
    for value in test.statistic:
        ax.axvline(value, color="#b4451f", linewidth=2)
    ax.set(title=f"{name}: p {', '.join(f'{p:.2f}' for p in test.p_values)}", xlabel="statistic")
axes[0].set_ylabel("surrogates")
assert tests["shared"].p_values.max() <= 0.05
assert tests["alone"].p_values.min() > 0.05

# %%
# A p value can't be below 1 / (1 + 39) here: no surrogate came as far, and that is all that is
# known.

# %%
# How sure is each weight?
# ------------------------
#
# ``bootstrap`` draws trials with replacement, refits, and gives an interval for each entry of
# each factor. How many hold what was planted?

model = fits["shared"]
sure = tt.bootstrap(model, shared, n_samples=60, level=0.9, random_state=0)
low, high = sure.interval("neuron_factors")
order = np.argmax(np.abs(planted.factors[1].T @ model.neuron_factors_), axis=0)
truth = planted.factors[1][:, order] / np.linalg.norm(planted.factors[1][:, order], axis=0)
truth = truth * np.sign(np.sum(truth * model.neuron_factors_, axis=0))
inside = (low <= truth) & (truth <= high)

figure, axes = plt.subplots(1, 2, figsize=(8, 3), sharey=True, layout="constrained")
for number, ax in enumerate(axes):
    ax.vlines(np.arange(25), low[:, number], high[:, number], color="#2f6f8f", linewidth=2)
    ax.plot(truth[:, number], "_", color="#b4451f", markersize=7, markeredgewidth=2)
    ax.axhline(0, color="#33363b", linewidth=0.8)
    ax.set(title=f"component {number + 1}", xlabel="neuron")
axes[0].set_ylabel("weight: interval, planted (red)")
print(f"{inside.mean():.0%} of the 90 % intervals hold the planted weight")
assert inside.mean() > 0.75

# %%
# What to keep in mind
# --------------------
#
# - The null is a choice. Shuffled trials destroy slow drifts too; where neurons drift by
#   themselves, use ``null="shift_trials"``.
# - Don't test the component that looks best after fitting several numbers of components. Choose
#   the number first (:ref:`how many components
#   <sphx_glr_tutorials_plot_02_how_many_components.py>`).
# - Intervals hold for other trials of the *same* neurons. For other neurons: ``over="neurons"``.
#   See :doc:`/guide/choosing`.
