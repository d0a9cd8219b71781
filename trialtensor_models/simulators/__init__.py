"""Simulators: the network's sessions, and those of other packages, behind one interface."""

from trialtensor_models.simulators.network_simulator import CCRNNSimulator
from trialtensor_models.simulators.registry import (
    SimulatorEntry,
    list_simulators,
    load_simulator,
)
from trialtensor_models.simulators.simulator import Simulator, check_is_simulator

__all__ = [
    "CCRNNSimulator",
    "Simulator",
    "SimulatorEntry",
    "check_is_simulator",
    "list_simulators",
    "load_simulator",
]
