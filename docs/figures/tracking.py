"""The picture of the tracking guide: ``python docs/figures/tracking.py``."""

from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import numpy as np

import trialtensor as tt


def draw():
    """Components of the bundled example over trials."""
    X = np.sqrt(tt.load_example())
    model = tt.TCA(5, nonnegative=True, random_state=0).fit(X)
    return tt.plot_tracking(tt.track(model, labels="phase"))[0].figure


if __name__ == "__main__":
    draw().savefig(Path(__file__).with_suffix(".png"), dpi=100)
