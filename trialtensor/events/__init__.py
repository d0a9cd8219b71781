"""From events and trials in memory to tensors; pure, without files."""

from trialtensor.events.aligning import align_trials, unalign_trials
from trialtensor.events.ragged import pad_trials, unpad_trials
from trialtensor.events.warping import TimeWarp

__all__ = [
    "TimeWarp",
    "align_trials",
    "pad_trials",
    "unalign_trials",
    "unpad_trials",
]
