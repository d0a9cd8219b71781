"""Sessions of learning: schedules, the simulation of trials, and the runs that it returns."""

from trialtensor_models.sessions.blocks import Block, Row
from trialtensor_models.sessions.regions import REGIONS
from trialtensor_models.sessions.run import Run, Truth
from trialtensor_models.sessions.schedule import Schedule
from trialtensor_models.sessions.simulation import Record, simulate
from trialtensor_models.sessions.simulation_checks import check_given
from trialtensor_models.sessions.spikes import draw_spikes

__all__ = [
    "REGIONS",
    "Block",
    "Record",
    "Row",
    "Run",
    "Schedule",
    "Truth",
    "check_given",
    "draw_spikes",
    "simulate",
]
