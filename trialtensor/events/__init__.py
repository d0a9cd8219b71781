"""Spike times and signals around events of trials: from recordings to tensors, in memory."""

from trialtensor.events.binning import bin_spikes
from trialtensor.events.cutting import cut_traces
from trialtensor.events.traces import Traces
from trialtensor.events.units import Units

__all__ = ["Traces", "Units", "bin_spikes", "cut_traces"]
