"""Checks that every simulator, task and plant passes, whether ours or from other packages.

A failure names the check, what was expected and what came.
"""

from trialtensor_models.testing.plants import check_plant
from trialtensor_models.testing.simulators import check_simulator
from trialtensor_models.testing.tasks import check_task

__all__ = ["check_plant", "check_simulator", "check_task"]
