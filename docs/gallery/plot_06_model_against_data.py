"""
A model against data
====================

A theory of learning can be run: it says what a population would do on every trial of *your*
session. *Does a recording change over the session as the theory says, and by more than any two
sessions that change slowly resemble each other?*
"""

import matplotlib.pyplot as plt
import numpy as np
import pandas

import trialtensor as tt
from trialtensor_models import CCRNN, CenterOut, Schedule, simulate
from trialtensor_models.analysis import about_conditions, compare

# %%
# The recording
# -------------
#
# The bundled example: 60 neurons in two areas of motor cortex while reaches to eight targets
# adapt to a cursor that is rotated by 30 degrees (trials 56 to 151), and then wash out. It was
# simulated, by a two-rate model that is *not* the network below.

recording = np.sqrt(tt.load_example())
rotated = (recording["phase"] == "adaptation").to_numpy()

# %%
# The theory, in the same session
# -------------------------------
#
# The CC-RNN is a cortex with a cerebellum that learns fast and teaches it slowly. It gets the
# same targets and the same rotation on the same trials.

model = CCRNN.pretrained()
plan = pandas.DataFrame(
    {
        "perturbation": np.where(rotated, 30.0, 0.0),
        "target": recording["target_deg"].to_numpy(),
        "epoch": recording["phase"].to_numpy(),
    }
)
run = simulate(model, CenterOut(n_targets=8), Schedule.from_table(plan), seed=0)

figure, ax = plt.subplots(figsize=(7, 3), layout="constrained")
ax.plot(recording["error_deg"], ".", color="#8a8f98", label="recording")
ax.plot(run.behaviour["error"], color="#b4451f", linewidth=1.2, label="network")
ax.axhline(0, color="#33363b", linewidth=0.8)
ax.set(xlabel="trial", ylabel="error of reaches (degrees)")
ax.legend(frameon=False, loc="upper right")
likeness = np.corrcoef(recording["error_deg"], run.behaviour["error"])[0, 1]
print(f"correlation of errors: {likeness:.2f}")
assert likeness > 0.7

# %%
# Errors rise, fall and change sign on the same trials. But the network undoes less of the
# rotation: it learns each target almost by itself, and each comes only a dozen times. A theory
# can be wrong about how much is learned and right about how a population changes, or the reverse.
# What of the populations?

# %%
# The same analysis of both
# -------------------------
#
# Neurons can't be matched, but trials can. ``compare`` takes each target's mean off, decomposes
# both alike, and asks how far apart they are: which trials resemble each other, and what is
# spanned by their learning curves. Sessions that drift are always somewhat alike. So the
# distances are compared with those of courses as slow, which change elsewhere.

changes = about_conditions(recording, "target_deg")
found = compare(changes, about_conditions(run.activity, "target"))
print(found)

# %%
# As a control, the same network in another session: the rotation comes 60 trials later.

late = plan.assign(perturbation=np.roll(plan["perturbation"], 60))
late.loc[:60, "perturbation"] = 0.0
other = simulate(model, CenterOut(n_targets=8), Schedule.from_table(late), seed=0)
control = compare(changes, about_conditions(other.activity, "target"))
print("control:", control)

name = "learning curves"
assert found.p_value(name) <= 0.05 < control.p_value(name)
assert found.distances[name].value < control.distances[name].value

# %%
# Which trials resemble each other, in the recording and in the two simulations? Places are
# averages of a few trials.

figure, axes = plt.subplots(1, 3, figsize=(9, 3.2), layout="constrained")
sides = {
    "recording": found.recording,
    "network": found.simulation,
    "rotation 60 trials later": control.simulation,
}
for ax, (title, side) in zip(axes, sides.items(), strict=True):
    image = ax.imshow(side.similarity, vmin=-1, vmax=1, cmap="RdBu_r", extent=(0, 200, 200, 0))
    ax.set(title=title, xlabel="trial")
axes[0].set_ylabel("trial")
_ = figure.colorbar(image, ax=axes, label="cosine", shrink=0.8)

# %%
# What to keep in mind
# --------------------
#
# - A small distance doesn't show that the brain learns as the network does. Another model may be
#   as close. :doc:`/guide/theories` ranks theories by behaviour they weren't fitted to.
# - Of the two distances, only that of learning curves is beyond chance here. Report both.
# - With a real recording, ``trialtensor-models compare recording.nc run.nc --condition target``
#   does this from a shell.
