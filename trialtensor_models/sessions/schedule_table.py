"""Schedules as tables with a row a trial."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any

import numpy as np

from trialtensor.data.arrays import as_floats, refuse_sparse
from trialtensor.data.missing import is_missing
from trialtensor.data.parameters import is_number, is_whole
from trialtensor_models.plants import Perturbation
from trialtensor_models.sessions.blocks import Block, Row, context_label

if TYPE_CHECKING:
    import pandas

_FLAGS = ("clamp", "learns", "reversed")
_KNOWN = (
    *("perturbation", "rotation", "curl", "clamp", "reversed", "target", "condition", "context"),
    *("cerebellum", "learns", "epoch", "block"),
)
# What runs record beside it, and the number of the trial.
_IGNORED = ("trial", "side", "expected")


def blocks_of(table: Any) -> tuple[Block, ...]:
    """Make blocks of a table; see `Schedule.from_table`.

    Parameters
    ----------
    table : pandas.DataFrame, xarray.Dataset or mapping

    Returns
    -------
    tuple of Block

    Raises
    ------
    ValueError
        Naming column and row.
    """
    columns = _columns(table)
    n_trials = len(next(iter(columns.values())))
    rows = _rows(columns, n_trials)
    epochs = _epochs(columns.get("epoch"), n_trials)
    numbers = columns["block"].tolist() if "block" in columns else [0] * n_trials
    blocks = []
    # The row's place decides nothing; equal labels in a row are one block.
    for (_, epoch), trials in groupby(range(n_trials), key=lambda k: (numbers[k], epochs[k])):
        part = tuple(rows[k] for k in trials)
        blocks.append(Block(kind="table", n_trials=len(part), epoch=epoch, rows=part))
    return tuple(blocks)


def table_of(blocks: Sequence[Block]) -> pandas.DataFrame:
    """List the trials of blocks; see `Schedule.to_table`.

    Parameters
    ----------
    blocks : sequence of Block

    Returns
    -------
    pandas.DataFrame

    Raises
    ------
    ValueError
        If a block has ``until``.
    """
    import pandas

    if any(block.until is not None for block in blocks):
        raise ValueError(
            "until: how many trials such a block has is known after it; use the table of a run, "
            "run.truth.schedule"
        )
    listed = [
        {
            **{name: getattr(row.perturbation, name) for name in _PERTURBED},
            **{name: getattr(row, name) for name in _ASKED},
            "epoch": block.epoch,
            "block": index,
        }
        for index, block in enumerate(blocks)
        for row in map(block.row, range(block.n_trials))
    ]
    table = pandas.DataFrame(listed, columns=[*_PERTURBED, *_ASKED, "epoch", "block"])
    given = [name for name in ("target", "condition") if table[name].isna().all()]
    return table.drop(columns=given)


_PERTURBED = ("rotation", "curl", "clamp", "reversed")
_ASKED = ("target", "condition", "context", "cerebellum", "learns")


def _columns(table: Any) -> dict[str, np.ndarray]:
    refuse_sparse(table, "table")
    if not isinstance(table, Mapping) and not hasattr(table, "columns"):
        raise ValueError(
            f"table: expected a DataFrame, or a mapping of columns, got {type(table).__name__}"
        )
    names = list(table.columns if hasattr(table, "columns") else table)
    unknown = [name for name in names if name not in (*_KNOWN, *_IGNORED)]
    if unknown:
        raise ValueError(
            f"table: its column {unknown[0]!r} is not known; known are {', '.join(_KNOWN)}"
        )
    if {"perturbation", "rotation"} <= set(names):
        raise ValueError("table: perturbation and rotation are the same column, got both")
    columns = {name: _column(table[name], name) for name in names if name in _KNOWN}
    lengths = {name: len(column) for name, column in columns.items()}
    if len(set(lengths.values())) > 1:
        raise ValueError(f"table: expected columns of one length, got {lengths}")
    if not columns or not next(iter(lengths.values())):
        raise ValueError("table: it has no trials")
    return columns


def _column(values: Any, name: str) -> np.ndarray:
    if isinstance(values, str) or np.ndim(values) != 1:
        raise ValueError(f"table: {name} needs a value a trial, got {values!r}")
    column = np.empty(len(values), dtype=object)
    gone = np.ma.getmaskarray(values) if isinstance(values, np.ma.MaskedArray) else None
    column[:] = list(np.asarray(values, dtype=object))
    if gone is not None:
        column[gone] = None
    return column


def _rows(columns: Mapping[str, np.ndarray], n_trials: int) -> list[Row]:
    """One `Row` a trial."""
    turned = "perturbation" if "perturbation" in columns else "rotation"
    rotation = _numbers(columns, turned, n_trials, 0.0)
    curl = _numbers(columns, "curl", n_trials, 0.0)
    output = _numbers(columns, "cerebellum", n_trials, 1.0)
    low = next((k for k, value in enumerate(output) if value < 0), None)
    if low is not None:
        raise ValueError(f"cerebellum: row {low} is {output[low]:g}, expected at least 0")
    clamp, learns, reverse = (
        _each(columns, name, n_trials, name == "learns", _flag) for name in _FLAGS
    )
    target = _each(columns, "target", n_trials, None, _target)
    condition = _each(columns, "condition", n_trials, None, _condition)
    context = _each(columns, "context", n_trials, "", _context)
    return [
        Row(
            perturbation=Perturbation(rotation[k], curl[k], clamp[k], reverse[k]),
            condition=condition[k],
            target=target[k],
            context=context[k],
            cerebellum=output[k],
            learns=learns[k],
        )
        for k in range(n_trials)
    ]


def _numbers(
    columns: Mapping[str, np.ndarray], name: str, n_trials: int, otherwise: float
) -> list[float]:
    if name not in columns:
        return [otherwise] * n_trials
    values = as_floats(columns[name], name)
    bad = np.flatnonzero(~np.isfinite(values))
    if len(bad):
        first = int(bad[0])
        raise ValueError(
            f"{name}: row {first} is {columns[name][first]}, expected a number; "
            "write 0 where there is none"
        )
    return values.tolist()


def _each(
    columns: Mapping[str, np.ndarray],
    name: str,
    n_trials: int,
    otherwise: Any,
    read: Callable[[str, int, Any], Any],
) -> list[Any]:
    if name not in columns:
        return [otherwise] * n_trials
    gone = is_missing(columns[name])
    return [
        read(name, k, None if gone[k] else value) for k, value in enumerate(columns[name].tolist())
    ]


def _flag(name: str, row: int, value: Any) -> bool:
    if not (isinstance(value, bool | np.bool_) or (is_number(value) and value in (0, 1))):
        raise ValueError(f"{name}: row {row} is {value!r}, expected True or False")
    return bool(value)


def _target(name: str, row: int, value: Any) -> str | float | None:
    if value is None or isinstance(value, str):
        return value or None
    if not is_number(value):
        raise ValueError(f"{name}: row {row} is {value!r}, expected a label of the task")
    return float(value)


def _condition(name: str, row: int, value: Any) -> int | None:
    if value is None:
        return None
    # Whole numbers beside missing ones are floats in a DataFrame.
    if not (is_whole(value) or (isinstance(value, float) and value.is_integer())) or value < 0:
        raise ValueError(f"{name}: row {row} is {value!r}, expected an integer of at least 0")
    return int(value)


def _context(name: str, row: int, value: Any) -> str:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return context_label(value, f"row {row}: ")


def _epochs(column: np.ndarray | None, n_trials: int) -> list[str]:
    if column is None:
        return ["table"] * n_trials
    for row, value in enumerate(column.tolist()):
        if not isinstance(value, str):
            raise ValueError(f"epoch: row {row} is {value!r}, expected a label")
    return [str(value) for value in column]
