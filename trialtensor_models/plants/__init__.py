"""Plants: a point mass and a two-link arm that follow velocity commands."""

from trialtensor_models.plants.movement import Movement, direction, seen
from trialtensor_models.plants.perturbation import Perturbation
from trialtensor_models.plants.plant import Plant, check_is_plant
from trialtensor_models.plants.point_mass import PointMass
from trialtensor_models.plants.two_link_arm import TwoLinkArm

__all__ = [
    "Movement",
    "Perturbation",
    "Plant",
    "PointMass",
    "TwoLinkArm",
    "check_is_plant",
    "direction",
    "seen",
]
