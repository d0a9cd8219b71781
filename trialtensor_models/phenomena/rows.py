"""One line of the table: a quantity of networks beside those of controls, models and people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy.stats import t as t_distribution

from trialtensor.data.arrays import as_floats

LEVEL = 0.95
ANY = (-np.inf, np.inf)


@dataclass(frozen=True, eq=False)
class Quantity:
    """A number for each cortex.

    Attributes
    ----------
    values : (n_cortices,) array
        NaN for one whose activity grew without bound.
    """

    values: np.ndarray

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", as_floats(self.values, "values"))

    @property
    def mean(self) -> float:
        return float(self.values.mean())

    @property
    def interval(self) -> tuple[float, float]:
        """Of the mean, 95 %, by Student's t over cortices; NaN for a single one."""
        n = len(self.values)
        if n < 2:
            return (np.nan, np.nan)
        half = t_distribution.ppf((1 + LEVEL) / 2, n - 1) * self.values.std(ddof=1) / np.sqrt(n)
        return (self.mean - float(half), self.mean + float(half))


@dataclass(frozen=True)
class People:
    """What people show.

    Attributes
    ----------
    shown : str
        A number, or a word or two.
    source : str
    """

    shown: str
    source: str


@dataclass(frozen=True, eq=False, kw_only=True)
class Row:
    """A phenomenon, or one number of it.

    Attributes
    ----------
    name : str
    emergent : bool
        False for what is built in: it follows from the rates that the gains are set to, from the
        wiring, or from what cortex was trained on.
    network : Quantity
    accepted : (float, float)
        Where the network's value has to lie; either may be infinite, and both are where nothing
        is asked for.
    controls : dict of Quantity
        "untrained" and "non-recurrent" cortices, as far as they were measured.
    theories : dict of float
        The same quantity of models that know no network, by their names.
    published : float, optional
        Of the two-state model with the rates of the literature, computed elsewhere.
    people : People, optional
    every : bool
        Whether every cortex has to lie in the accepted range, not only their mean.
    expected : bool
        False for what the network is known not to do, and isn't required to.
    remark : str
    """

    name: str
    emergent: bool
    network: Quantity
    accepted: tuple[float, float]
    controls: Mapping[str, Quantity] = field(default_factory=dict)
    theories: Mapping[str, float] = field(default_factory=dict)
    published: float | None = None
    people: People | None = None
    every: bool = False
    expected: bool = True
    remark: str = ""

    @property
    def asks(self) -> bool:
        """Whether anything is asked of the network."""
        return bool(np.isfinite(self.accepted).any())

    @property
    def holds(self) -> bool | None:
        """Whether the network does what is asked; None if nothing is."""
        return self.passes(self.network) if self.asks else None

    def passes(self, quantity: Quantity) -> bool:
        """Tell whether other networks would do what is asked.

        Parameters
        ----------
        quantity : Quantity

        Returns
        -------
        bool
        """
        low, high = self.accepted
        values = quantity.values if self.every else np.array([quantity.mean])
        return bool(((low <= values) & (values <= high)).all())

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        low, high = self.network.interval
        return {
            "name": self.name,
            "emergent": self.emergent,
            "holds": self.holds,
            "network": {
                "mean": _finite(self.network.mean),
                "low": _finite(low),
                "high": _finite(high),
                "cortices": _all_finite(self.network.values),
            },
            "accepted": [_finite(end) for end in self.accepted],
            "every_cortex": self.every,
            "untrained": self._control("untrained"),
            "non_recurrent": self._control("non-recurrent"),
            "two_state": self.theories.get("two-state"),
            "theories": dict(self.theories),
            "published": self.published,
            "people": None
            if self.people is None
            else {"shown": self.people.shown, "source": self.people.source},
            "required": self.expected,
            "remark": self.remark,
        }

    def _control(self, name: str) -> dict[str, Any] | None:
        if name not in self.controls:
            return None
        found = self.controls[name]
        return {
            "value": _finite(found.mean),
            "passes": self.passes(found) if self.asks else None,
            "cortices": _all_finite(found.values),
        }


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _all_finite(values: np.ndarray) -> list[float | None]:
    return [_finite(value) for value in values]


def about(value: float, margin: float) -> tuple[float, float]:
    """An accepted range around a number."""
    return (value - margin, value + margin)
