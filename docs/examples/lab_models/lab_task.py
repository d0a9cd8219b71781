"""A task of our lab: reaches to targets that needn't be evenly spaced."""

from dataclasses import dataclass

import numpy as np

from trialtensor_models.tasks import Draw


@dataclass(frozen=True)
class Arc:
    """Reaches of 0.1 m to targets at `angles`, in degrees, with the inputs of `CenterOut`."""

    angles: tuple[float, ...] = (60.0, 90.0, 120.0)
    name, n_inputs = "arc", 3

    @property
    def labels(self):
        """Directions of the targets."""
        return np.array(self.angles)

    def go(self, dt):
        """The go signal comes after 0.2 s."""
        return round(0.2 / dt)

    def draw(self, conditions, dt, rng):
        """Draw trials: the target, and a signal to hold until the go; nothing is random."""
        go, moving, after = (round(part / dt) for part in (0.2, 0.5, 0.2))
        angles = np.deg2rad(self.labels[conditions])
        direction = np.stack([np.cos(angles), np.sin(angles)], axis=-1)
        inputs = np.zeros((len(angles), go + moving + after, 3))
        inputs[:, :, :2] = direction[:, None]
        inputs[:, :go, 2] = 1
        s = (np.arange(moving) + 0.5) / moving
        speed = 0.1 / 0.5 * 30 * s**2 * (1 - s) ** 2
        desired = np.zeros((*inputs.shape[:2], 2))
        desired[:, go : go + moving] = speed[:, None] * direction[:, None]
        return Draw(inputs, desired)

    def reference(self):
        """Thresholds and gains are set on all directions."""
        return Arc(tuple(np.arange(0.0, 360.0, 22.5)))
