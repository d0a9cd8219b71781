"""Simulators by name: ours, and those of other packages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from typing import Any, cast

from trialtensor.opening.guard import in_one_line
from trialtensor_models.simulators.network_simulator import CCRNNSimulator
from trialtensor_models.simulators.simulator import Simulator, check_is_simulator

GROUP = "trialtensor_models.simulators"
_OURS: dict[str, Callable[..., Simulator]] = {CCRNNSimulator.name: CCRNNSimulator}


@dataclass(frozen=True, slots=True)
class SimulatorEntry:
    """A simulator that is known by name.

    Attributes
    ----------
    name : str
        What `load_simulator` takes.
    source : str
        The package that brings it, and where in it.
    error : str
        Why it can't be used; "" if it can.
    """

    name: str
    source: str
    error: str = ""

    def __str__(self) -> str:
        return f"{self.name} ({self.source})" + (f": {self.error}" if self.error else "")


def list_simulators() -> list[SimulatorEntry]:
    """List the simulators that can be loaded by name, and why others can't.

    Returns
    -------
    list of SimulatorEntry
        Ours, then those that packages declare in the group ``trialtensor_models.simulators``.

    Examples
    --------
    >>> list_simulators()[0].name
    'ccrnn'
    """
    ours = [SimulatorEntry(name, "trialtensor_models") for name in _OURS]
    declared = _declared()
    times = Counter(point.name for point in declared)
    return ours + [_entry(point, times[point.name]) for point in declared]


def load_simulator(name: str, **options: Any) -> Simulator:
    """Make a simulator.

    Parameters
    ----------
    name : str
        One of `list_simulators`.
    **options
        Of the simulator's class.

    Returns
    -------
    Simulator

    Raises
    ------
    ValueError
        If there is none of this name, it can't be used, or it doesn't take the options.

    Examples
    --------
    >>> load_simulator("ccrnn", record="behaviour").simulate(0).behaviour.sizes["trial"]
    140
    """
    if not isinstance(name, str):
        raise ValueError(f"name: expected the name of a simulator, got {name!r}")
    if name in _OURS:
        return _made(name, _OURS[name], options)
    found = [point for point in _declared() if point.name == name]
    if not found:
        known = ", ".join(dict.fromkeys([*_OURS, *(point.name for point in _declared())]))
        raise ValueError(f"name: expected one of {known}, got {name!r}")
    if len(found) > 1:
        raise ValueError(f"name: {name!r} is declared by {' and by '.join(map(_source, found))}")
    return _made(name, _loaded(found[0]), options)


def _loaded(point: EntryPoint) -> Any:
    """What an entry point names, and nothing is made of it yet."""
    try:
        return point.load()
    except (Exception, SystemExit) as error:
        raise ValueError(
            f"name: {point.name!r} of {_source(point)} can't be used: {_said(error)}"
        ) from error


def _made(name: str, kind: Any, options: dict[str, Any]) -> Simulator:
    simulator = kind
    if isinstance(kind, type) or not hasattr(kind, "simulate"):
        try:
            simulator = kind(**options)
        except (Exception, SystemExit) as error:
            raise ValueError(f"name: {name!r} can't be made: {_said(error)}") from error
    elif options:
        raise ValueError(f"{next(iter(options))}: {name!r} takes no options")
    check_is_simulator(simulator)
    return cast(Simulator, simulator)


def _entry(point: EntryPoint, n_of_name: int) -> SimulatorEntry:
    error = ""
    if point.name in _OURS:
        error = f"{point.name!r} is the name of a simulator of this package"
    elif n_of_name > 1:
        error = f"{point.name!r} is declared {n_of_name} times"
    else:
        try:
            _loaded(point)
        except ValueError as raised:
            error = in_one_line(raised)
    return SimulatorEntry(point.name, _source(point), error)


def _declared() -> list[EntryPoint]:
    # A package that is found twice on the path declares the same thing twice.
    return list({(p.name, p.value): p for p in entry_points(group=GROUP)}.values())


def _source(point: EntryPoint) -> str:
    package = f"{point.dist.name} {point.dist.version}, " if point.dist is not None else ""
    return f"{package}{point.value}"


def _said(error: BaseException) -> str:
    return f"{type(error).__name__}: {in_one_line(error)}"
