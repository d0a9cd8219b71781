"""
Does a cerebellum help?
=======================

The cerebellum is said to speed up what cortex learns. Here circuits learn the same tasks with a
cerebellum and without. *Is a cerebellum worth more than as much more cortex, and which of its sizes
matter?*
"""

import matplotlib.pyplot as plt

from trialtensor_models import SequenceDrawing
from trialtensor_models.circuit import Anatomy, train_jointly
from trialtensor_models.experiments import circuit_scaling, circuit_speed

# %%
# A cerebellum that learns for a cortex that doesn't
# --------------------------------------------------
#
# Cortex is fixed and random. Climbing fibres tell Purkinje cells of errors; parallel fibre synapses
# change by what is at the synapse. Six shapes are drawn from memory.

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
# That is what Pemberton et al. (2024) showed: through the thalamus, a cerebellum can drive a cortex
# that stays as it is. All of it is lost when the nuclei are blocked.
