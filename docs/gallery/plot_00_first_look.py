"""
A first look at a recording
===========================

What is in a recording of reaches that adapt to a rotated cursor? Five components, and their
strength on every trial.
"""

import numpy as np

import trialtensor as tt

# %%
# The bundled example has labels, so its axes need no explanation. Counts become more alike in
# variance by their square root.
X = np.sqrt(tt.load_example())
print(X.sizes)

# %%
# Five non-negative components, from ten restarts of which the best is kept.
model = tt.TCA(5, nonnegative=True, random_state=0).fit(X)
print(f"{model.explained_variance_ratio_:.0%} of the sum of squares; {model.stop_reason_}")

# %%
# Rows are components; columns are trials, neurons and times.
grid = tt.plot_factors(model, color_by="phase")
