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
from trialtensor_models.experiments import circuit_scaling, circuit_speed

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
