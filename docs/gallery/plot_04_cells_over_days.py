"""
Cells tracked over days
=======================

Calcium imaging finds some of the same cells on every day, and others on some days only. *Can all
days be described by one set of components, and how many cells does that need?*
"""

import warnings

import matplotlib.pyplot as plt
import numpy as np
import pandas

import trialtensor as tt
from trialtensor.selection import factor_match_score

# %%
# Four days
# ---------
#
# 80 cells exist. On each day about half of them are seen, in an order of that day. A table of the
# registration says which is which: a row a cell, a column a day, and in it the number of the cell
# on that day.

rng = np.random.default_rng(0)
planted = tt.make_tca(120, 80, 30, 3, snr=1.0, random_state=0)
names = ["mon", "tue", "wed", "thu"]
days, registry = {}, pandas.DataFrame(index=np.arange(80), columns=names, dtype=float)
for day, trials in zip(names, np.split(np.arange(120), 4), strict=True):
    seen = rng.permutation(80)[:40]
    days[day] = planted.X[np.ix_(trials, seen)]
    registry.loc[seen, day] = np.arange(40)
registry = registry.dropna(how="all")
print(registry.head(4).to_string(na_rep="-"))

# %%
# One tensor
# ----------
#
# ``concat_sessions`` puts all trials one after the other and all cells side by side. A cell that
# wasn't seen on a day is NaN there, and is left out of the loss.

X = tt.concat_sessions(days, registry, n_components=3)
links = tt.session_links(X)
print(X.sizes)
print(links.shared)
_ = tt.plotting.plot_missing(X)

# %%
# Days are linked by the cells that they share: here about 20 each. More than there are components
# is enough, so ``concat_sessions`` doesn't warn.

model = tt.TCA(3, random_state=0).fit(X)
_ = tt.plot_factors(model, color_by="session")

# %%
# Every cell and every trial has its weights, as if all cells had been seen on all days. Do they
# agree with what was planted?

cells = X["neuron"].to_numpy().astype(int)
truth = (planted.factors[0], planted.factors[1][cells], planted.factors[2])
match = factor_match_score(tuple(model.factors_.values()), truth)
print(f"match with the planted factors: {match:.3f} (1 is the same)")
assert match > 0.95

# %%
# How many shared cells?
# ----------------------
#
# With two days, we let fewer and fewer cells be seen on both. Nothing but these tells how large a
# component is on one day compared with the other.

halves = np.split(np.arange(120), 2)
shared_counts = [0, 1, 2, 3, 4, 6, 10, 20]
matches = []
for shared in shared_counts:
    mask = np.zeros((120, 80), bool)
    mask[: len(halves[0]), : 40 + shared // 2] = True
    mask[len(halves[0]) :, 40 - (shared - shared // 2) :] = True
    with_gaps = np.where(mask[:, :, None], planted.X, np.nan)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it says that too few cells link the days
        fit = tt.TCA(3, random_state=0).fit(with_gaps)
    matches.append(factor_match_score(tuple(fit.factors_.values()), planted.factors))

figure, ax = plt.subplots(figsize=(5.5, 3.2), layout="constrained")
ax.plot(shared_counts, matches, "o-", color="#2f6f8f")
ax.axvline(3, color="#8a8f98", linestyle=":")
ax.annotate("components", (3, 0.05), xytext=(4, 0), textcoords="offset points", color="#5a5f68")
ax.set(xlabel="cells seen on both days", ylabel="match with planted factors", ylim=(0, 1.02))
print(dict(zip(shared_counts, np.round(matches, 2).tolist(), strict=True)))
assert matches[-1] > 0.9
assert matches[0] < matches[-1] - 0.2

# %%
# No cells in common
# ------------------
#
# Then the days can still share time courses and strengths. ``Parafac2`` has neurons of its own
# for each day.

blocks = tt.make_parafac2(30, (40, 35, 50, 45), 30, 3, snr=1.0, random_state=0)
separate = tt.Parafac2(3, random_state=0).fit(dict(zip(names, blocks.X, strict=True)))
times = np.abs(
    (separate.time_factors_ / np.linalg.norm(separate.time_factors_, axis=0)).T
    @ (blocks.time_factors / np.linalg.norm(blocks.time_factors, axis=0))
).max(axis=0)
print("time courses found, as cosines with those planted:", times.round(3))
assert times.min() > 0.9

# %%
# What to keep in mind
# --------------------
#
# - Have at least one shared cell more than components between any two groups of days.
#   ``session_links`` and the fit itself warn if you don't.
# - A wrong match of cells isn't noticed as such: it looks like a cell that changed.
#   ``tracking.unstable_neurons`` lists cells that change by themselves.
# - Days differ in brightness and gain. ``remove_offsets="mean"`` or ``"scale"`` takes that off,
#   with whatever the brain changed overnight.
