"""A planar two-link arm that follows a velocity command."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trialtensor.data.arrays import as_floats
from trialtensor.data.parameters import check_number
from trialtensor_models.plants.movement import Movement, check_perturbation, check_velocities, seen
from trialtensor_models.plants.perturbation import Perturbation
from trialtensor_models.plants.plant import check_pairs, check_positive


@dataclass(frozen=True, kw_only=True)
class TwoLinkArm:
    """A planar arm of two links, moved by torques at shoulder and elbow.

    Feed-forward torques from the arm's inverse dynamics carry the command out; off it, the
    muscles' viscosity pulls the hand back.

    Parameters
    ----------
    lengths, masses, centres, inertias : (float, float)
        Of upper arm and forearm: m, kg, m from the joint to the centre of mass, kg m².
    start : (float, float)
        Position of the hand relative to the shoulder at the start of a reach, in m.
    viscosity : float
        Of the muscles, seen at the hand, in N s/m.
    motor_noise : float
        Standard deviation of the direction of the command from trial to trial, in degrees.
    """

    lengths: tuple[float, float] = (0.309, 0.26)
    masses: tuple[float, float] = (1.864572, 1.534315)
    centres: tuple[float, float] = (0.180496, 0.181479)
    inertias: tuple[float, float] = (0.013193, 0.020062)
    start: tuple[float, float] = (0.0, 0.4)
    viscosity: float = 25.0
    motor_noise: float = 1.0

    def __post_init__(self) -> None:
        check_pairs(self, "lengths", "masses", "centres", "inertias", "start")
        check_positive(self, "viscosity")
        reach = float(np.hypot(*self.start))
        if not abs(self.lengths[0] - self.lengths[1]) < reach < sum(self.lengths):
            raise ValueError(
                f"start: the hand can be {abs(self.lengths[0] - self.lengths[1]):g} to "
                f"{sum(self.lengths):g} m from the shoulder, got {reach:g} m"
            )

    def move(
        self, command: np.ndarray, desired: np.ndarray, perturbation: Perturbation, dt: float
    ) -> Movement:
        """Carry out commands; see `Plant.move`.

        Raises
        ------
        ValueError
            If a command leads out of the arm's reach.
        """
        command = as_floats(command, "command")
        check_velocities(command, "command")
        check_perturbation(perturbation)
        check_number("dt", dt, above=0)
        strength = 0.0 if perturbation.clamp else perturbation.curl
        return seen(self._simulate(command, strength, dt), desired, perturbation, dt)

    def joint_angles(self, position: np.ndarray) -> np.ndarray:
        """Find the angles of shoulder and elbow.

        Parameters
        ----------
        position : (..., 2) array
            Of the hand, in m from the shoulder.

        Returns
        -------
        (..., 2) array, in rad
        """
        position = _pairs(position, "position")
        l1, l2 = self.lengths
        squared = (position**2).sum(-1)
        cosine = (squared - l1**2 - l2**2) / (2 * l1 * l2)
        if np.any(np.abs(cosine) >= 1):
            raise ValueError("command: it leads out of the arm's reach; move the start of the arm")
        elbow = np.arccos(cosine)
        shoulder = np.arctan2(position[..., 1], position[..., 0]) - np.arctan2(
            l2 * np.sin(elbow), l1 + l2 * np.cos(elbow)
        )
        return np.stack([shoulder, elbow], -1)

    def hand(self, angles: np.ndarray) -> np.ndarray:
        """Find the position of the hand.

        Parameters
        ----------
        angles : (..., 2) array
            Of shoulder and elbow, in rad.

        Returns
        -------
        (..., 2) array, in m from the shoulder
        """
        angles = _pairs(angles, "angles")
        upper, fore = angles[..., 0], angles.sum(-1)
        l1, l2 = self.lengths
        return np.stack(
            [l1 * np.cos(upper) + l2 * np.cos(fore), l1 * np.sin(upper) + l2 * np.sin(fore)], -1
        )

    def jacobian(self, angles: np.ndarray) -> np.ndarray:
        """Differentiate the hand's position by the joint angles.

        Parameters
        ----------
        angles : (..., 2) array

        Returns
        -------
        (..., 2, 2) array
        """
        angles = _pairs(angles, "angles")
        upper, fore = angles[..., 0], angles.sum(-1)
        l1, l2 = self.lengths
        row_x = np.stack([-l1 * np.sin(upper) - l2 * np.sin(fore), -l2 * np.sin(fore)], -1)
        row_y = np.stack([l1 * np.cos(upper) + l2 * np.cos(fore), l2 * np.cos(fore)], -1)
        return np.stack([row_x, row_y], -2)

    def inertia(self, angles: np.ndarray) -> np.ndarray:
        """Find the inertia of the arm at its joints.

        Parameters
        ----------
        angles : (..., 2) array

        Returns
        -------
        (..., 2, 2) array, in kg m²
        """
        angles = _pairs(angles, "angles")
        m2, l1 = self.masses[1], self.lengths[0]
        i1, i2 = self.inertias
        c1, c2 = self.centres
        own2 = i2 + m2 * c2**2
        couple = m2 * l1 * c2 * np.cos(angles[..., 1])
        first = i1 + self.masses[0] * c1**2 + own2 + m2 * l1**2 + 2 * couple
        cross = own2 + couple
        return np.stack(
            [np.stack([first, cross], -1), np.stack([cross, np.full_like(cross, own2)], -1)], -2
        )

    def coriolis(self, angles: np.ndarray, speeds: np.ndarray) -> np.ndarray:
        """Find the torques of centripetal and Coriolis forces.

        Parameters
        ----------
        angles, speeds : (..., 2) arrays
            Of the joints, in rad and rad/s.

        Returns
        -------
        (..., 2) array
        """
        angles, speeds = _pairs(angles, "angles"), _pairs(speeds, "speeds")
        pull = self.masses[1] * self.lengths[0] * self.centres[1] * np.sin(angles[..., 1])
        first = -pull * speeds[..., 1] * (2 * speeds[..., 0] + speeds[..., 1])
        return np.stack([first, pull * speeds[..., 0] ** 2], -1)

    def _simulate(self, command: np.ndarray, strength: float, dt: float) -> np.ndarray:
        """Velocity of the hand for each step of the command."""
        wanted = np.asarray(self.start) + np.cumsum(command, 1) * dt
        wanted = np.concatenate([np.broadcast_to(self.start, (len(command), 1, 2)), wanted], 1)
        q_wanted = self.joint_angles(wanted)
        if not strength:
            return command
        field = strength * np.array([[0.0, 1.0], [-1.0, 0.0]])
        w_wanted = np.diff(q_wanted, axis=1) / dt
        velocity = np.empty(command.shape)
        q, w = q_wanted[:, 0], np.zeros((len(command), 2))
        before = np.zeros_like(w)
        for t in range(command.shape[1]):
            # What the arm would need on the commanded path, from where it is on it.
            torque = _times(
                self.inertia(q_wanted[:, t]), (w_wanted[:, t] - before) / dt
            ) + self.coriolis(q_wanted[:, t], before)
            before = w_wanted[:, t]
            J = self.jacobian(q)
            # Viscosity and field are implicit in the new speed, or the step would ring.
            M = self.inertia(q)
            drag = self.viscosity * np.eye(2) - field
            left = M + dt * J.swapaxes(-1, -2) @ drag @ J
            right = _times(M, w) + dt * (
                torque
                - self.coriolis(q, w)
                + self.viscosity * _times(J.swapaxes(-1, -2), command[:, t])
            )
            w = np.linalg.solve(left, right[..., None])[..., 0]
            old, q = q, q + dt * w
            velocity[:, t] = (self.hand(q) - self.hand(old)) / dt
        return velocity


def _pairs(values: np.ndarray, name: str) -> np.ndarray:
    pairs = as_floats(values, name)
    if pairs.ndim < 1 or pairs.shape[-1] != 2:
        raise ValueError(f"{name}: expected (..., 2) values, got shape {pairs.shape}")
    return pairs


def _times(matrices: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    return (matrices @ vectors[..., None])[..., 0]
