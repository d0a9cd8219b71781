"""Plants against closed forms and conservation laws."""

import numpy as np
import pytest

from trialtensor_models import PointMass, TwoLinkArm
from trialtensor_models.plants import Perturbation
from trialtensor_models.tasks import CenterOut

DT = 0.01


def reaches(n=8):
    return CenterOut(n_targets=n).draw(np.arange(n), DT, np.random.default_rng(0)).desired


@pytest.mark.parametrize("plant", [PointMass(), TwoLinkArm()])
def test_command_is_carried_out_where_nothing_disturbs(plant):
    desired = reaches()
    movement = plant.move(desired, desired, Perturbation(), DT)
    np.testing.assert_allclose(np.linalg.norm(movement.hand[:, -1], axis=1), 0.1, rtol=1e-9)
    np.testing.assert_array_equal(movement.error, 0)


@pytest.mark.parametrize("plant", [PointMass(), TwoLinkArm()])
def test_rotation_turns_the_cursor_and_not_the_hand(plant):
    desired = reaches(4)
    movement = plant.move(desired, desired, Perturbation(rotation=90), DT)
    np.testing.assert_allclose(movement.cursor[0, -1], [0, 0.1], atol=1e-12)
    np.testing.assert_allclose(movement.hand[0, -1], [0.1, 0], atol=1e-12)


def test_point_mass_settles_where_viscosity_and_curl_balance():
    command = np.zeros((1, 300, 2))
    command[..., 0] = 0.2
    plant = PointMass(viscosity=25)
    hand = plant.move(command, command, Perturbation(curl=13), DT).hand
    velocity = (hand[0, -1] - hand[0, -2]) / DT
    # D (v - x') + B x' = 0
    field = 13 * np.array([[0, 1], [-1, 0]])
    np.testing.assert_allclose(velocity, np.linalg.solve(25 * np.eye(2) - field, [5, 0]), rtol=1e-6)


def test_arm_is_pushed_like_a_mass():
    desired = reaches()
    arm, mass = (
        plant.move(desired, desired, Perturbation(curl=13), DT).hand
        for plant in (TwoLinkArm(), PointMass())
    )
    aside = [
        hand[..., 1] * desired[:, 30, :1] - hand[..., 0] * desired[:, 30, 1:]
        for hand in (arm, mass)
    ]
    assert (aside[0][:, 45] < 0).all()  # to the right of the reach, in every direction
    assert np.corrcoef(aside[0].ravel(), aside[1].ravel())[0, 1] > 0.9


def test_clamp_shows_no_error():
    desired = reaches(2)
    movement = PointMass().move(0.5 * desired, desired, Perturbation(clamp=True), DT)
    np.testing.assert_array_equal(movement.error, 0)
    np.testing.assert_allclose(movement.cursor[:, -1], [[0.1, 0], [-0.1, 0]], atol=1e-12)


def test_arm_geometry():
    arm = TwoLinkArm()
    position = np.array([[0.1, 0.35], [-0.05, 0.42]])
    angles = arm.joint_angles(position)
    np.testing.assert_allclose(arm.hand(angles), position, rtol=1e-12)
    step = 1e-6 * np.eye(2)
    numeric = np.stack(
        [(arm.hand(angles + d) - arm.hand(angles - d)) / 2e-6 for d in step], axis=-1
    )
    np.testing.assert_allclose(arm.jacobian(angles), numeric, atol=1e-8)


def test_arm_equations_keep_energy():
    # Without torque the kinetic energy ½ w M w is constant: dM/dt and the Coriolis terms agree.
    arm, rng = TwoLinkArm(), np.random.default_rng(0)
    q, w = rng.normal(size=2), rng.normal(size=2)
    a = np.linalg.solve(arm.inertia(q), -arm.coriolis(q, w))
    M_rate = (arm.inertia(q + 1e-6 * w) - arm.inertia(q - 1e-6 * w)) / 2e-6
    assert abs(w @ arm.inertia(q) @ a + 0.5 * w @ M_rate @ w) < 1e-8


def test_bad_numbers():
    with pytest.raises(ValueError, match="mass: expected a number above 0, got 0"):
        PointMass(mass=0)
    with pytest.raises(ValueError, match=r"start: the hand can be 0\.049 to 0\.569 m"):
        TwoLinkArm(start=(0, 0.6))
    far = np.full((1, 100, 2), 1.0)
    with pytest.raises(ValueError, match="command: it leads out of the arm's reach"):
        TwoLinkArm().move(far, far, Perturbation(), DT)
