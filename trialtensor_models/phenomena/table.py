"""All phenomena, measured and printed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

import numpy as np

from trialtensor_models.phenomena.directions import generalisation, many_targets
from trialtensor_models.phenomena.learning import (
    after_effect,
    counter_trials,
    learning_curve,
    no_cortical_plasticity,
    slow_share,
)
from trialtensor_models.phenomena.lesions import (
    block_after_learning,
    scaled_output,
    teachers_under_block,
)
from trialtensor_models.phenomena.memory import (
    interference,
    retained_in_clamp,
    savings,
    savings_after_washout,
    spontaneous_recovery,
)
from trialtensor_models.phenomena.paradigms import recovery
from trialtensor_models.phenomena.rows import Cast, Row
from trialtensor_models.phenomena.subjects import Networks, OneRate, Subjects, TwoState

PHENOMENA: Mapping[str, Callable[[Cast], list[Row]]] = {
    "learning": learning_curve,
    "slow share": slow_share,
    "after-effect": after_effect,
    "counter-trials": counter_trials,
    "spontaneous recovery": spontaneous_recovery,
    "savings": savings,
    "interference": interference,
    "retention": retained_in_clamp,
    "generalisation": generalisation,
    "many targets": many_targets,
    "scaled cerebellum": scaled_output,
    "cerebellar block": block_after_learning,
    "no cortical plasticity": no_cortical_plasticity,
    "teachers": teachers_under_block,
    "savings after washout": savings_after_washout,
}


def cast_of(networks: Subjects | None = None) -> Cast:
    """Set networks beside the two-state model and the single-rate model closest to it.

    Parameters
    ----------
    networks : Subjects, optional
        `Networks()` unless given.

    Returns
    -------
    Cast

    Examples
    --------
    >>> cast = cast_of()
    >>> curve = cast.two_state.curves(recovery)[0]
    >>> float(curve.adaptation[159].round(2))
    0.74
    """
    two_state = TwoState()
    one_rate = OneRate.of(two_state, recovery)
    return Cast(Networks() if networks is None else networks, two_state, one_rate)


def measure_all(cast: Cast | None = None, only: Iterable[str] = ()) -> Iterator[Row]:
    """The rows of all phenomena, or of some; a minute or two on one core for five seeds.

    Parameters
    ----------
    cast : Cast, optional
    only : names from `PHENOMENA`, optional

    Raises
    ------
    ValueError
        If there is no such phenomenon.
    """
    chosen = list(only) or list(PHENOMENA)
    for name in chosen:
        if name not in PHENOMENA:
            raise ValueError(f"only: expected names of {list(PHENOMENA)}, got {name!r}")
    cast = cast or cast_of()
    for name in chosen:
        yield from PHENOMENA[name](cast)


_HEADER = ("", "network", "95 %", "two-state", "one-rate", "published", "accepted", "holds")
_WIDTHS = (51, 8, 15, 10, 9, 10, 16, 6)


def header() -> str:
    """First line of the table."""
    return _line(_HEADER)


def line(row: Row) -> str:
    """Format a row of the table.

    Parameters
    ----------
    row : Row

    Returns
    -------
    str
    """
    low, high = row.network.interval
    return _line(
        (
            row.name,
            _number(row.network.mean),
            f"{_number(low)} to {_number(high)}",
            _number(row.two_state),
            _number(row.one_rate),
            _number(row.published),
            _range(*row.accepted),
            ("yes" if row.holds else "no") + ("" if row.expected else " *"),
        )
    )


def table(rows: Iterable[Row]) -> str:
    """Format the whole table, with remarks below.

    Parameters
    ----------
    rows : iterable of Row

    Returns
    -------
    str
    """
    rows = list(rows)
    remarks = [f"* {row.name}: {row.remark}" for row in rows if not row.expected]
    return "\n".join([header(), *(line(row) for row in rows), *remarks])


def _line(cells: Iterable[str]) -> str:
    first, *others = cells
    padded = (cell.rjust(width) for cell, width in zip(others, _WIDTHS[1:], strict=True))
    return (first.ljust(_WIDTHS[0]) + "".join(padded)).rstrip()


def _number(value: float | None) -> str:
    if value is None or np.isnan(value):
        return "–"
    text = f"{value:.0f}" if abs(value) >= 100 else f"{value:.2f}"
    return "0.00" if text == "-0.00" else text


def _range(low: float, high: float) -> str:
    if np.isinf(low):
        return "any" if np.isinf(high) else f"below {_number(high)}"
    return f"above {_number(low)}" if np.isinf(high) else f"{_number(low)} to {_number(high)}"
