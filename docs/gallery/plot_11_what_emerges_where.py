"""
What emerges where?
===================

Cortex and cerebellum learn together, from nothing. *In which region does the code for a movement
appear first, and does that say that the regions' courses hang together?*
"""

import matplotlib.pyplot as plt
import numpy as np

import trialtensor as tt
from trialtensor_models.analysis import learning_score
from trialtensor_models.circuit import load_course
from trialtensor_models.experiments.region_codes import codes, onset, patterns

# %%
# A course of training
# --------------------
#
# A circuit learned eight reaches under three rotations of the cursor, by back-propagation. The
# trials of this run are (checkpoint x condition): weights were kept twenty times, and each time all
# conditions were simulated.

run = load_course("reaching_gradient")
print(run.activity.sizes, np.unique(run.activity.region))
iterations = np.unique(run.activity.iteration)
print(iterations)

# %%
# What can be decoded before anything is learned
# ----------------------------------------------
#
# Nearly everything. Random weights keep targets and contexts apart, so that a decoder finds them at
# once, in targets and contexts that it wasn't trained on. Decoding alone is no sign of learning.

found = codes(run)
before = found.isel(checkpoint=0)
print(before[["context", "target", "hand"]].to_dataframe().drop(columns="iteration").round(2))
assert before["context"].sel(region="association") > 0.9

# %%
# The direction of the *hand* is another matter. Contexts turn the cursor by 45 degrees, and
# neighbouring targets are as far apart, so in each context the same direction is right for another
# target. Before learning, no region tells it in a context that the decoder hasn't met.

assert (before["hand"] < 0.2).all()
onsets = {}
figure, ax = plt.subplots(figsize=(7, 3.4), layout="constrained")
for region, color in zip(
    found["region"].values,
    ("#56B4E9", "#0072B2", "#009E73", "#E69F00", "#D55E00", "#CC79A7"),
    strict=True,
):
    course = found["hand"].sel(region=region).values
    onsets[region] = onset(iterations, course)
    ax.plot(iterations, course, color=color, label=f"{region}, from {onsets[region]:.0f}")
    ax.axvline(onsets[region], color=color, lw=0.8, ls=":")
ax.set(xlabel="iteration", ylabel="R² of the hand's direction", ylim=(-0.6, 1), xlim=(0, 200))
_ = ax.legend(frameon=False, fontsize=8, loc="lower right")

# %%
# Cortex comes first, and the cerebellum follows tens of iterations later. All that it hears of
# the task is what cortex tells the pons.

cortex = max(onsets["association"], onsets["motor"])
assert cortex < min(onsets[name] for name in ("pons", "granule", "purkinje", "nuclei"))

# %%
# Do the courses hang together?
# -----------------------------
#
# How well does the course of motor cortex tell those of the other regions? And how well does that
# of *another circuit*, which learned the same reaches at the same pace and was never connected to
# this one? (The chance level is of courses that are as slow, and keep their rise.)

leader = found["hand"].sel(region="motor")
stranger = codes(load_course("reaching_alone"))["hand"].sel(region="motor")
unrelated = {}
for region in ("association", "purkinje", "nuclei"):
    course = np.maximum(found["hand"].sel(region=region), 0).values
    for name, other in (("its own", leader), ("a stranger's", stranger)):
        motor = np.maximum(other, 0).values[:, None]
        score = learning_score(motor, course, random_state=0)
        print(f"{region}, {name} motor cortex: R² {score.value:.2f}, chance {score.chance:.2f}")
    unrelated[region] = score.value
assert unrelated["association"] > 0.9

# %%
# The course of a stranger fits association cortex better than its own motor cortex does, so such an
# R² says nothing of a connection. Conditions say more: ``CoupledTCA`` explains both sides with the
# same components, and less if the conditions of one are put in another order, the
# same at every checkpoint, which leaves its course over training as it was.


def explained(order):
    """Mean explained variance of both sides by four components in common."""
    sides = {"cortex": [], "cerebellum": []}
    for name, X in patterns(run).items():
        X = X - X.min((0, 1, 3), keepdims=True)
        X = X / np.linalg.norm(X)
        side = "cortex" if name in ("association", "motor") else "cerebellum"
        X = X if side == "cortex" else X[:, order]
        sides[side].append(X.reshape(-1, *X.shape[2:]))
    data = {name: np.concatenate(parts, axis=1) for name, parts in sides.items()}
    model = tt.CoupledTCA(4, nonnegative=True, n_init=1, max_iter=100, random_state=0).fit(data)
    return model.explained_variance_by_dataset_.mean()


rng = np.random.default_rng(0)
own = explained(np.arange(24))
null = [explained(rng.permutation(24)) for _ in range(9)]
print(f"own order {own:.3f}, other orders {min(null):.3f} to {max(null):.3f}")
assert own > max(null)

# %%
# What to keep in mind
# --------------------
#
# - Say what a decoder has to do that the inputs alone don't let it do.
# - Two courses over training both rise. Compare them with courses as slow, or with other trainings
#   (:doc:`/guide/circuit` has both).
# - One training is one training. The order of the regions within the cerebellum isn't the same in
#   others.
