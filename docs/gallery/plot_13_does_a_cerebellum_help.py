"""
Does a cerebellum help?
=======================

The cerebellum is said to speed up what cortex learns. Here circuits learn the same tasks with a
cerebellum and without. *Is a cerebellum worth more than as many weights in a larger cortex, and
which of its sizes matter?*
"""

import matplotlib.pyplot as plt

from trialtensor_models import SequenceDrawing
from trialtensor_models.circuit import Anatomy, train_jointly
from trialtensor_models.experiments import circuit_scaling, circuit_speed, two_way

# %%
# A cerebellum that learns for a cortex that doesn't
# --------------------------------------------------
#
# Cortex is random and stays so. Climbing fibres tell Purkinje cells of errors, and parallel fibre
# synapses change by what is at the synapse. Six shapes are drawn from memory.

training = train_jointly(
    SequenceDrawing(),
    anatomy=Anatomy(n_cortex=40, ratio=4.0),
    rules={"cortex": "none", "cerebellum": "local"},
    n_iterations=80,
    batch_size=8,
    checkpoints=7,
)
course = training.performance()
print(training)

figure, ax = plt.subplots(figsize=(5, 3), layout="constrained")
ax.plot(course["iteration"], course["missed"], "o-", color="#D55E00", label="with the nuclei")
ax.plot(course["iteration"], course["missed_blocked"], color="0.4", label="nuclei blocked")
ax.set(xlabel="batches of 8 trials", ylabel="missed share of the command", ylim=(0, None))
_ = ax.legend(frameon=False)
assert course["missed"][-1] < 0.8 < course["missed_blocked"][-1]

# %%
# A cerebellum can drive a cortex that stays as it is, as Pemberton et al. (2024) showed. All of it
# is lost when the nuclei are blocked.
#
# With a cerebellum and without
# -----------------------------
#
# The package ships a table of trainings: cortex of 48 units learns by gradient, alone; with a
# cerebellum that learns by gradient or by its own local rule; and as a larger cortex that has as
# many weights as cortex and cerebellum together (*matched*). ``circuit_speed.train`` trains one.

table = circuit_speed.measure()
_ = circuit_speed.plot_speed(table)

# %%
# Middle and bottom: what is missed less what the same cortex misses alone, with 95 % intervals over
# seeds (Student's t, by seed); below 0 is better. Now against the larger cortex:

compared = circuit_speed.compare(table, "cortex alone, matched").set_index(["task", "cut", "arm"])
for task in ("rotated reaching", "sequence drawing"):
    for arm in ("cerebellum", "local cerebellum"):
        row = compared.loc[(task, 0, arm)]
        print(f"{task}, {arm}: {row['missed']:+.2f} ± {row['missed_half']:.2f} at the end")
reaching = compared.loc[("rotated reaching", 0, "cerebellum")]
drawing = compared.loc[("sequence drawing", 0, "cerebellum")]
assert reaching["missed"] > 0 > drawing["missed"]

# %%
# The answer depends on the task. A cerebellum helps a given cortex in both. As many weights
# in a larger cortex help more where conditions are many and each is one reach, and less where a
# shape has to be drawn stroke after stroke.
#
# Which sizes matter?
# -------------------
#
# Cortex is fixed again, so that parallel fibre synapses are all that learns.

sizes = circuit_scaling.measure()
_ = circuit_scaling.plot_scaling(sizes)
grid = two_way.TwoWay.of(circuit_scaling.part(sizes))
print(grid.as_text().to_string())

# %%
# More granule cells help at every coding level, until there are a few for each cortical unit. The
# code between the extremes is best.

for level in circuit_scaling.LEVELS:
    difference, half = grid.less((32.0, level), (0.5, level))
    print(f"64 times the granule cells, coding level {level}: {difference:+.2f} ± {half:.2f}")
    assert difference + half < 0
difference, half = grid.less((32.0, 0.1), (8.0, 0.1))
print(f"4 times as many again, from ratio 8: {difference:+.2f} ± {half:.2f}")

# %%
# What to keep in mind
# --------------------
#
# - These are small circuits and short trainings: 150 batches of eight trials. They tell who learns
#   faster, not who is best after years.
# - The number of weights is one way to be fair among others. Most of a cerebellum's are parallel
#   fibre synapses, which cost nearly nothing to train by the local rule.
# - Intervals are over seeds of one anatomy, and not corrected for how many are looked at.
