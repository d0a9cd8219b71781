"""What a network has learned at one time, looked at in trials without noise."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from trialtensor.data.parameters import check_instance, check_number
from trialtensor_models.network import CCRNN, Versions, run_cortex, run_trial
from trialtensor_models.plants import Perturbation, direction, seen
from trialtensor_models.tasks import CenterOut, Draw

ROTATION = 30.0  # degrees; all schedules rotate by this much, one way or the other
_EARLY = 0.1  # s after the go signal
_BOTH = Versions(cerebellum=np.array([1.0, 0.0]), cortex=np.ones(2), noise=np.zeros(2))


@dataclass(frozen=True, eq=False)
class Learned:
    """A network with what it knows.

    Attributes
    ----------
    model : CCRNN
    target : float
        Where it was trained, in degrees.
    W_PC : (2, G) array
        Granule cells to nuclei.
    C : (2, N) array
        What cortex has learned, ``ΔW = W_th C``.
    """

    model: CCRNN
    target: float
    W_PC: np.ndarray
    C: np.ndarray

    def adaptation(self, offset: float = 0.0) -> float:
        """Turn of the hand at a target, as a fraction of the rotation.

        Parameters
        ----------
        offset : float
            From the trained target, in degrees; both sides are averaged.

        Returns
        -------
        float
        """
        draw = self._draw(np.unique([offset % 360, -offset % 360]))
        turned = direction(self._run(draw)[0][:, 0], draw.desired)
        naive = direction(run_cortex(self.model.intact.wiring, draw.inputs)[1], draw.desired)
        return float((naive - turned).mean()) / ROTATION

    def directions(self) -> dict[str, float]:
        """Direction of the hand from its start, against the rotation, as a fraction of it.

        Returns
        -------
        dict
            "early" (100 ms after the go signal), "peak" (at peak speed), "end" (of the trial).
        """
        draw, command = self._reach()
        go = self._task().go(self.model.cortex.dt)
        path = np.cumsum(command, axis=0)
        speed = np.linalg.norm(command, axis=1)
        places = {
            "early": go + round(_EARLY / self.model.cortex.dt) - 1,
            "peak": int(speed.argmax()),
            "end": -1,
        }
        wanted = draw.desired[0].sum(0)
        return {name: -_angle(wanted, path[t]) / ROTATION for name, t in places.items()}

    def drift(self) -> float:
        """How far the hand moves after the reach should be over, in mm."""
        _, command = self._reach()
        dt, task = self.model.cortex.dt, self._task()
        over = task.go(dt) + round(task.duration / dt)
        return float(np.linalg.norm(command[over:].sum(0))) * dt * 1e3

    def nuclei_match(self) -> float:
        """Cosine of the nuclei's output with the error that cortex by itself would leave.

        The error is that of a trial with the nuclei silent, as it is seen (wanted minus seen
        velocity), and the output that of ``lag`` steps before. Over all times, both coordinates.
        """
        draw = self._draw(np.zeros(1))
        command, nuclei = self._run(draw)
        turned = Perturbation(rotation=ROTATION)
        left = seen(command[:, 1], draw.desired, turned, self.model.cortex.dt).error
        lag = self.model.lag
        sent, left = nuclei[0, 0, :-lag].ravel(), left[0, lag:].ravel()
        size = np.linalg.norm(sent) * np.linalg.norm(left)
        return float(sent @ left / size) if size else 0.0

    def _task(self) -> CenterOut:
        task = self.model.task
        if not isinstance(task, CenterOut):
            raise ValueError(f"task: expected a network that reaches, got one of {task.name}")
        return task

    def _draw(self, offsets: np.ndarray) -> Draw:
        """A trial to each target, offsets in degrees from the trained one."""
        draws = [
            replace(self._task(), n_targets=1, first_angle=(self.target + offset) % 360).draw(
                np.zeros(1, dtype=int), self.model.cortex.dt, np.random.default_rng(0)
            )
            for offset in offsets
        ]
        return Draw(
            np.concatenate([draw.inputs for draw in draws]),
            np.concatenate([draw.desired for draw in draws]),
        )

    def _run(self, draw: Draw) -> tuple[np.ndarray, np.ndarray]:
        """Commands and nuclei, (n, 2 versions, T, 2): with the nuclei's output and without."""
        n = len(draw.inputs)
        W_PC, C = (np.repeat(part[None], n, axis=0) for part in (self.W_PC, self.C))
        output = self.model.cerebellum.output
        activity = run_trial(self.model.wiring, draw.inputs, W_PC, C, _BOTH, output=output)
        return activity.command, activity.nuclei

    def _reach(self) -> tuple[Draw, np.ndarray]:
        draw = self._draw(np.zeros(1))
        return draw, self._run(draw)[0][0, 0]


def naive(model: CCRNN, target: float = 0.0) -> Learned:
    """A network that has learned nothing yet.

    Parameters
    ----------
    model : CCRNN
    target : float
        In degrees.

    Returns
    -------
    Learned
    """
    check_instance("model", model, CCRNN, "a CCRNN")
    check_number("target", target)
    G, N = model.cerebellum.n_granule, model.cortex.n_units
    return Learned(model, target, np.zeros((2, G)), np.zeros((2, N)))


def reach_errors(model: CCRNN) -> np.ndarray:
    """Miss reaches to 16 targets: distance from them at the end, over that to be covered.

    Parameters
    ----------
    model : CCRNN

    Returns
    -------
    (16,) array
    """
    check_instance("model", model, CCRNN, "a CCRNN")
    draw = model.reference_draw()
    command = run_cortex(model.wiring, draw.inputs)[1]
    wanted = draw.desired.sum(1)
    missed = np.linalg.norm(command.sum(1) - wanted, axis=1)
    return missed / np.linalg.norm(wanted, axis=1)


def _angle(wanted: np.ndarray, went: np.ndarray) -> float:
    """From one to the other, in degrees counter-clockwise."""
    cross = wanted[0] * went[1] - wanted[1] * went[0]
    return float(np.rad2deg(np.arctan2(cross, wanted @ went)))
