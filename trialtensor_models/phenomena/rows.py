"""One line of the table: a quantity of networks beside those of reference models."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.stats import t as t_distribution

from trialtensor.data.arrays import as_floats
from trialtensor_models.phenomena.subjects import Curve, Setting, Subjects
from trialtensor_models.sessions import Schedule

LEVEL = 0.95


@dataclass(frozen=True, eq=False)
class Quantity:
    """A number for each seed.

    Attributes
    ----------
    values : (n_seeds,) array
    """

    values: np.ndarray

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", as_floats(self.values, "values"))

    @property
    def mean(self) -> float:
        return float(self.values.mean())

    @property
    def interval(self) -> tuple[float, float]:
        """Of the mean, 95 %, by Student's t over seeds; NaN for a single one."""
        n = len(self.values)
        if n < 2:
            return (np.nan, np.nan)
        half = t_distribution.ppf((1 + LEVEL) / 2, n - 1) * self.values.std(ddof=1) / np.sqrt(n)
        return (self.mean - float(half), self.mean + float(half))


@dataclass(frozen=True, eq=False, kw_only=True)
class Row:
    """A phenomenon, or one number of it.

    Attributes
    ----------
    name : str
    network : Quantity
    two_state, one_rate : float or None
        The same quantity of the two-state model, and of its single-rate control; None where they
        say nothing of it.
    published : float or None
        Of the two-state model with the rates of the literature, computed elsewhere.
    accepted : (float, float)
        Where the mean over seeds has to lie; either may be infinite.
    expected : bool
        False for what the network is known not to do, and isn't required to.
    remark : str
    """

    name: str
    network: Quantity
    two_state: float | None
    one_rate: float | None
    published: float | None
    accepted: tuple[float, float]
    expected: bool = True
    remark: str = ""

    @property
    def holds(self) -> bool:
        low, high = self.accepted
        return bool(low <= self.network.mean <= high)

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        low, high = self.network.interval
        return {
            "name": self.name,
            "network": {
                "mean": self.network.mean,
                "low": _finite(low),
                "high": _finite(high),
                "seeds": self.network.values.tolist(),
            },
            "two_state": self.two_state,
            "one_rate": self.one_rate,
            "published": self.published,
            "accepted": [_finite(end) for end in self.accepted],
            "holds": self.holds,
            "required": self.expected,
            "remark": self.remark,
        }


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


@dataclass(frozen=True)
class Cast:
    """The subjects that are compared.

    Attributes
    ----------
    networks, two_state, one_rate : Subjects
    """

    networks: Subjects
    two_state: Subjects
    one_rate: Subjects

    def measure(
        self,
        name: str,
        what: Callable[[Curve], float],
        schedule: Schedule,
        *,
        accepted: tuple[float, float],
        published: float | None = None,
        setting: Setting = Setting(),  # noqa: B008
        models: Iterable[str] = ("two_state", "one_rate"),
        **more: Any,
    ) -> Row:
        """Make a row whose quantity is a function of one curve.

        Parameters
        ----------
        name : str
        what : callable
            Takes a `Curve`, returns the quantity.
        schedule : Schedule
        accepted : (float, float)
        published : float, optional
        setting : Setting, optional
        models : iterable of str
            Which of "two_state" and "one_rate" are measured too.
        **more
            Further fields of `Row`.

        Returns
        -------
        Row
        """

        def of(subjects: Subjects) -> np.ndarray:
            return np.array([what(curve) for curve in subjects.curves(schedule, setting)])

        beside = {each: float(of(getattr(self, each))[0]) for each in models}
        return Row(
            name=name,
            network=Quantity(of(self.networks)),
            two_state=beside.get("two_state"),
            one_rate=beside.get("one_rate"),
            published=published,
            accepted=accepted,
            **more,
        )


def about(value: float, margin: float) -> tuple[float, float]:
    """An accepted range around a number."""
    return (value - margin, value + margin)
