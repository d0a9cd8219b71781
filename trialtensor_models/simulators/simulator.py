"""The interface of a simulator."""

from __future__ import annotations

from typing import Protocol

from trialtensor_models.sessions import Run


class Simulator(Protocol):
    """Something that makes sessions of which the truth is known.

    `trialtensor_models.testing.check_simulator` checks all that is said here.
    """

    @property
    def name(self) -> str:
        """What it is called in tables and by `load_simulator`."""
        ...

    def simulate(self, seed: int) -> Run:
        """Make a session.

        Parameters
        ----------
        seed : int
            All randomness comes from it: the same seed gives the same bits.

        Returns
        -------
        Run
            ``activity`` (trial, neuron, time), with the coordinate time and, if there are any,
            region by neuron; ``behaviour`` by trial, with adaptation or whatever is learned;
            ``truth`` with the schedule (epoch by trial), and the fast and the slow process.

        Raises
        ------
        ValueError
            For a seed that isn't a whole number of at least 0.
        """
        ...


def check_is_simulator(simulator: object) -> None:
    """Refuse what isn't a simulator.

    Parameters
    ----------
    simulator : simulator

    Raises
    ------
    ValueError
        Naming what is missing.
    """
    if isinstance(simulator, type):
        raise ValueError(
            f"simulator: expected a simulator, got the class {simulator.__name__}; write "
            f"{simulator.__name__}()"
        )
    missing = [
        name
        for name, good in (
            ("name", isinstance(getattr(simulator, "name", None), str)),
            ("simulate", callable(getattr(simulator, "simulate", None))),
        )
        if not good
    ]
    if missing:
        raise ValueError(
            "simulator: expected one with a name and simulate(seed), got "
            f"{type(simulator).__name__} without {' and '.join(missing)}"
        )
