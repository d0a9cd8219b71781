"""
Reward in Purkinje cells
========================

Climbing fibres tell Purkinje cells of rewards, too. *If complex spikes carry errors of reward,
what becomes of them in simple spikes, and when in a trial?* Here a circuit with cortex, pons,
granule cells, Purkinje cells, nuclei and olive learns which answer to a cue is rewarded, and the
answers are reversed.
"""

import matplotlib.pyplot as plt
import numpy as np

from trialtensor_models import ReversalLearning
from trialtensor_models.circuit import learn_from_rewards, push_ahead
from trialtensor_models.experiments.reward_in_purkinje import Session

# %%
# Two sessions
# ------------
#
# At first the circuit can only push its hand straight ahead. Noise turns it aside, the nearest
# answer is the choice, and right choices are rewarded in 85 % of trials. Two parts of the model
# are *built in*: complex spikes carry the error of the expected reward, and two of the nuclei are
# the critic that learns to expect it. In the second session climbing fibres rest.
#
# Blocks differ in length on purpose: a regular course is too much like itself, shifted, for any
# test.

task = ReversalLearning(cue=0.4)
start = push_ahead(task, seed=1)
blocks = (40, 30, 44, 34, 28, 46)
runs = {
    arm: learn_from_rewards(task, start=start, blocks=blocks, teaching=arm, seed=1)
    for arm in ("reward", "none")
}
late = {
    arm: run.behaviour["correct"][run.behaviour["trial_in_block"] >= 15].mean().item()
    for arm, run in runs.items()
}
print(f"right choices late in blocks: {late['reward']:.2f}, without teaching {late['none']:.2f}")
assert late["reward"] > 0.7 > late["none"]

# %%
# From the outcome to the cue
# ---------------------------
#
# The values behind the choices are estimated from behaviour alone, as in an experiment: a
# Rescorla-Wagner learner is fitted to choices and rewards. Its prediction errors are decoded from
# complex spikes at the outcome, in blocks that are held out. That much is built in.
#
# Then the question: does the *next* time that the same cue is shown, and before any answer, the
# change of simple spikes tell of the last prediction error? Only cells of the reward module are
# asked, and surrogates of the errors are as slow as these are.

sessions = {"reward": Session(runs["reward"])}
sessions["none"] = Session(runs["none"], sessions["reward"].values)
found = {}
for arm, session in sessions.items():
    olive = session.rates(session.cells("olive"), (0.68, 0.84))
    found[arm, "complex spikes,\noutcome"] = session.decoded(olive, session.error, 99)
    cue = session.rates(session.cells("purkinje", "reward"), (-0.2, 0.0))
    found[arm, "simple spikes,\nnext cue"] = session.decoded_changes(cue, session.error, 99)
    found[arm, "expected reward,\nsimple spikes, cue"] = session.decoded(
        cue, session.values.expected, 99
    )
for (arm, name), each in found.items():
    print(
        f"{arm:6} {name:37s}".replace("\n", " "),
        f"r {each.score:5.2f}, 95 % of surrogates below {np.quantile(each.null, 0.95):.2f}",
    )
for name in {name for _, name in found}:
    assert found["reward", name].p_value <= 0.05
    assert found["none", name].score < found["reward", name].score - 0.2

# %%
# Nothing was taught at the cue: no reward comes then. Errors at the outcome change synapses that
# were active since the cue, and errors of temporal differences hand the expectation on to earlier
# times.

figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.4), layout="constrained")
told = runs["reward"].behaviour
for block in range(len(blocks)):
    trials = np.flatnonzero(told["block"] == block)
    left.axvspan(trials[0], trials[-1] + 1, color="0.95" if block % 2 else "white", zorder=0)
middle = np.arange(4, len(told["block"]) - 4)  # of means over nine trials
for name, color, label in (
    ("correct", "0.6", "right choices"),
    ("expected", "#0072B2", "expected by the critic, at the cue"),
):
    left.plot(middle, np.convolve(told[name], np.ones(9) / 9, "valid"), color=color, label=label)
left.set(xlabel="trial (grey: reversed)", ylabel="mean of 9 trials", ylim=(-0.1, 1.4))
left.legend(frameon=False, fontsize=8, loc="upper left")
names = list(dict.fromkeys(name for _, name in found))
for k, (arm, color) in enumerate({"reward": "#0072B2", "none": "#555555"}.items()):
    x = np.arange(len(names)) + 0.3 * k - 0.15
    label = {"reward": "taught by rewards", "none": "climbing fibres rest"}[arm]
    right.bar(x, [found[arm, name].score for name in names], 0.27, color=color, label=label)
    chance = [np.quantile(found[arm, name].null, 0.95) for name in names]
    right.plot(
        x, chance, "_", color="#D55E00", ms=14, mew=2, label=None if k else "95 % of surrogates"
    )
right.axhline(0, color="0.4", lw=0.8)
right.set_xticks(range(len(names)), names, fontsize=8)
right.set(ylabel="held-out correlation", ylim=(-0.3, 1.3))
_ = right.legend(frameon=False, fontsize=8, loc="upper right")

# %%
# What to keep in mind
# --------------------
#
# - That complex spikes carry errors of reward was put in, and the critic is taught by them. That
#   Purkinje cells do the same is a hypothesis, which the model makes testable.
# - Simple spikes *after* the outcome tell of reward in any circuit: mossy fibres carry it.
# - Values are slow. Shuffled trials would call any drift a value; the surrogates here are as slow
#   as values are, blocks are held out, and changes from trial to trial are asked for as well.
# - One circuit is an example. ``python -m trialtensor_models.experiments.reward_in_purkinje``
#   asks five of them, decodes from all regions, lesions them, and has two more arms: climbing
#   fibres that carry errors of other rewards than are given, and ones that show the right answer.
