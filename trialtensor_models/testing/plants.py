"""The suite for plants."""

from __future__ import annotations

from typing import Any

import numpy as np

from trialtensor_models.plants import Movement, Perturbation, check_is_plant
from trialtensor_models.tasks import CenterOut
from trialtensor_models.testing.running import expect, expect_array, run_checks

_DT = 0.01
_NONE = Perturbation()
_PARTS = ("hand", "cursor", "error")
# Commands are open loop, so a hand that strays by more is never where cortex learned to send it.
_ASTRAY = 0.05


def check_plant(plant: Any) -> None:
    """Check that a plant does what `simulate` relies on.

    Parameters
    ----------
    plant : plant
        Able to reach 0.1 m in every direction.

    Raises
    ------
    AssertionError
        Naming the check that failed, and what was expected.

    Examples
    --------
    >>> from trialtensor_models import TwoLinkArm
    >>> check_plant(TwoLinkArm())
    """
    run_checks(_CHECKS, plant)


def _reaches(n: int = 8) -> np.ndarray:
    task = CenterOut(n_targets=n)
    return task.draw(np.arange(n), _DT, np.random.default_rng(0)).desired


def check_members(plant: Any) -> None:
    """A plant has a noise, and moves."""
    try:
        check_is_plant(plant)
    except ValueError as error:
        raise AssertionError(str(error)) from error


def check_shapes(plant: Any) -> None:
    """Paths and errors have the shape of the command."""
    desired = _reaches()
    movement = plant.move(0.5 * desired, desired, _NONE, _DT)
    expect(isinstance(movement, Movement), "a Movement", type(movement).__name__)
    for part in _PARTS:
        expect_array(getattr(movement, part), desired.shape, part)


def check_command_is_carried_out(plant: Any) -> None:
    """Where nothing disturbs, the hand ends where the command leads, and sees no error."""
    desired = _reaches()
    movement = plant.move(desired, desired, _NONE, _DT)
    ends = desired.sum(1) * _DT
    off = np.linalg.norm(movement.hand[:, -1] - ends, axis=1) / np.linalg.norm(ends, axis=1)
    expect(
        off.max() < _ASTRAY,
        f"an undisturbed hand within {100 * _ASTRAY:.0f} % of where the command leads",
        f"{100 * off.max():.0f} %",
    )
    least = np.abs(desired).max()
    most = np.abs(movement.error.sum(1)).max() / np.abs(desired.sum(1)).max()
    expect(most < _ASTRAY, f"no error where the command is right (peak {least:.2g} m/s)", most)


def check_rotation(plant: Any) -> None:
    """A rotation turns the cursor counter-clockwise, and not the hand."""
    desired = _reaches()
    movement = plant.move(desired, desired, Perturbation(rotation=90.0), _DT)
    plain = plant.move(desired, desired, _NONE, _DT)
    hand, cursor = movement.hand[:, -1], movement.cursor[:, -1]
    expect(np.allclose(hand, plain.hand[:, -1], atol=1e-6), "the hand unturned by a rotation")
    turned = np.stack([-hand[:, 1], hand[:, 0]], -1)
    expect(
        np.allclose(cursor, turned, atol=1e-4),
        "the cursor at the hand turned by rotation=90 degrees counter-clockwise",
        f"{cursor[0].round(4).tolist()} for a hand at {hand[0].round(4).tolist()}",
    )


def check_error(plant: Any) -> None:
    """The error is the wanted less the seen velocity."""
    desired = _reaches()
    movement = plant.move(0.8 * desired, desired, Perturbation(rotation=30.0), _DT)
    missed = desired.sum(1) * _DT - movement.cursor[:, -1]
    expect(
        np.allclose(movement.error.sum(1) * _DT, missed, atol=1e-3),
        "errors (wanted minus seen velocity) that sum to what the cursor misses",
        f"{(movement.error.sum(1) * _DT)[0].round(4).tolist()} for {missed[0].round(4).tolist()} m",
    )


def check_clamp(plant: Any) -> None:
    """An error clamp shows no error, whatever else there is."""
    desired = _reaches()
    for perturbation in (Perturbation(clamp=True), Perturbation(30.0, 13.0, clamp=True)):
        movement = plant.move(0.5 * desired, desired, perturbation, _DT)
        most = np.abs(movement.error).max()
        expect(most == 0, "no error in an error clamp", f"{most:.2g} m/s")


def check_curl(plant: Any) -> None:
    """A positive curl field pushes to the right of the reach; or it is refused by name."""
    desired = _reaches()
    try:
        movement = plant.move(desired, desired, Perturbation(curl=13.0), _DT)
    except ValueError as error:
        expect("curl" in str(error), "a refusal that names curl", str(error))
        return
    hand, wanted = movement.hand[:, -1], desired.sum(1)
    aside = wanted[:, 0] * hand[:, 1] - wanted[:, 1] * hand[:, 0]
    expect((aside < 0).all(), "a hand pushed clockwise by curl=13, in every direction")


def check_trials_are_alone(plant: Any) -> None:
    """Trials that are moved together are those that are moved one by one, again and again."""
    desired = _reaches(3)
    together = plant.move(0.7 * desired, desired, Perturbation(rotation=10.0), _DT)
    alone = [
        plant.move(0.7 * desired[[i]], desired[[i]], Perturbation(rotation=10.0), _DT)
        for i in range(3)
    ]
    for part in _PARTS:
        parts = np.concatenate([getattr(each, part) for each in alone])
        expect(
            np.allclose(parts, getattr(together, part), atol=1e-9),
            f"the same {part} for trials together and one by one: no noise, no memory",
        )


def check_inputs_are_left_alone(plant: Any) -> None:
    """No array that is passed is changed."""
    desired = _reaches()
    command = 0.5 * desired
    before = command.tobytes() + desired.tobytes()
    plant.move(command, desired, Perturbation(rotation=30.0), _DT)
    expect(before == command.tobytes() + desired.tobytes(), "command and desired unchanged")


_CHECKS = (
    check_members,
    check_shapes,
    check_command_is_carried_out,
    check_rotation,
    check_error,
    check_clamp,
    check_curl,
    check_trials_are_alone,
    check_inputs_are_left_alone,
)
