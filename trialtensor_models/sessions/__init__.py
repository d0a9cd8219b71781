"""Sessions of learning: schedules, the simulation of trials, and the runs that it returns."""

from trialtensor_models.sessions.run import REGIONS, Run, Truth
from trialtensor_models.sessions.schedule import Block, Schedule
from trialtensor_models.sessions.simulation import simulate
from trialtensor_models.sessions.spikes import draw_spikes

__all__ = [
    "REGIONS",
    "Block",
    "Run",
    "Schedule",
    "Truth",
    "draw_spikes",
    "simulate",
]
