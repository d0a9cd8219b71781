"""Blocks of trials, and what is asked for on each trial of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, get_args

import numpy as np

from trialtensor.data.parameters import (
    check_choice,
    check_flag,
    check_number,
    check_whole,
    is_whole,
)
from trialtensor_models.plants import Perturbation

Until = Literal["zero"] | Callable[[Mapping[str, np.ndarray]], bool]
Kind = Literal["baseline", "rotate", "curl", "clamp", "washout", "reverse", "table"]
#: What every method of `Schedule` takes besides the number of trials.
OPTIONS = ("until", "ramp", "targets", "context", "cerebellum", "learns", "epoch")


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """What is asked for on one trial.

    Attributes
    ----------
    perturbation : Perturbation
    condition : int, optional
        Place of the condition in the task's labels.
    target : label, optional
        The task's label of the condition; if neither is given, the condition is drawn.
    context : str
        Label of the context that is shown; "" if none is.
    cerebellum : float
        Scale of the cerebellum's output.
    learns : bool
        False if nothing is learned or forgotten.
    """

    perturbation: Perturbation
    condition: int | None = None
    target: str | float | None = None
    context: str = ""
    cerebellum: float = 1.0
    learns: bool = True

    def __post_init__(self) -> None:
        if not isinstance(self.perturbation, Perturbation):
            raise ValueError(f"perturbation: expected one, got {self.perturbation!r}")
        if self.condition is not None:
            check_whole("condition", self.condition, 0)
        if not isinstance(self.context, str):
            raise ValueError(f"context: expected a label, got {self.context!r}")
        check_number("cerebellum", self.cerebellum, least=0)
        check_flag("learns", self.learns)


@dataclass(frozen=True, kw_only=True)
class Block:
    """Some trials of one kind; made by the methods of `Schedule`.

    Attributes
    ----------
    kind : str
        The method that made it.
    size : float
        Rotation in degrees, counter-clockwise, or strength of a curl field in N s/m.
    n_trials : int
        How many, or at most how many where there is `until`.
    until : "zero" or callable, optional
        When to stop before `n_trials`.
    ramp : int
        Trials over which the perturbation grows to its size.
    epoch : str
        Label of the trials.
    targets : tuple of int, optional
        Conditions that are drawn; all of the task's if None.
    context : str
        Label of the context that is shown; "" if none is.
    cerebellum : float
        Scale of the cerebellum's output in this block.
    learns : bool
        False if nothing is learned or forgotten.
    rows : tuple of Row
        The trials of a table, one by one; empty for all other kinds.
    """

    kind: Kind
    size: float = 0.0
    n_trials: int = 1
    until: Until | None = None
    ramp: int = 0
    epoch: str = ""
    targets: tuple[int, ...] | None = None
    context: str = ""
    cerebellum: float = 1.0
    learns: bool = True
    rows: tuple[Row, ...] = ()

    def __post_init__(self) -> None:
        check_choice("kind", self.kind, get_args(Kind))
        _check(self.kind, self.size, {name: getattr(self, name) for name in OPTIONS})
        check_whole("n_trials", self.n_trials, 1)
        _targets(self.targets)
        if not isinstance(self.context, str):
            raise ValueError(f"context: expected a label, got {self.context!r}")
        rows: object = self.rows
        if not isinstance(rows, tuple) or not all(isinstance(row, Row) for row in rows):
            raise ValueError(f"rows: expected a tuple of Row, got {self.rows!r}")
        if bool(self.rows) != (self.kind == "table") or len(self.rows) not in (0, self.n_trials):
            raise ValueError(
                f"rows: expected {self.n_trials if self.kind == 'table' else 0} of a block of kind "
                f"{self.kind!r}, got {len(self.rows)}"
            )

    def at(self, trial: int) -> Perturbation:
        """Find the perturbation of a trial.

        Parameters
        ----------
        trial : int
            Counted from the start of the block.

        Returns
        -------
        Perturbation
        """
        if self.rows:
            return self.rows[trial].perturbation
        share = min(1.0, (trial + 1) / self.ramp) if self.ramp else 1.0
        return Perturbation(
            rotation=share * self.size if self.kind == "rotate" else 0.0,
            curl=share * self.size if self.kind == "curl" else 0.0,
            clamp=self.kind == "clamp",
            reversed=self.kind == "reverse",
        )

    def row(self, trial: int) -> Row:
        """Find all that is asked for on a trial.

        Parameters
        ----------
        trial : int
            Counted from the start of the block.

        Returns
        -------
        Row
        """
        if self.rows:
            return self.rows[trial]
        if trial + 1 >= self.ramp:
            return self._full
        return self._row(self.at(trial))

    @cached_property
    def _full(self) -> Row:
        """The trials after the ramp, which are all the same."""
        return self._row(self.at(self.ramp))

    def _row(self, perturbation: Perturbation) -> Row:
        return Row(
            perturbation=perturbation,
            context=self.context,
            cerebellum=self.cerebellum,
            learns=self.learns,
        )

    @property
    def uses(self) -> frozenset[str]:
        """Kinds of perturbation in it: "rotate", "curl", "clamp", "reverse"."""
        if not self.rows:
            return frozenset({self.kind} & {"rotate", "curl", "clamp", "reverse"})
        found = {
            "rotate": any(row.perturbation.rotation for row in self.rows),
            "curl": any(row.perturbation.curl for row in self.rows),
            "clamp": any(row.perturbation.clamp for row in self.rows),
            "reverse": any(row.perturbation.reversed for row in self.rows),
        }
        return frozenset(name for name, used in found.items() if used)

    def is_over(self, history: Mapping[str, np.ndarray]) -> bool:
        """Tell whether the block ends here.

        Parameters
        ----------
        history : mapping of str to (n_done,) array
            Of its trials so far.

        Returns
        -------
        bool
        """
        n_done = len(history["adaptation"])
        if n_done >= self.n_trials or self.until is None or n_done == 0:
            return n_done >= self.n_trials
        if self.until == "zero":
            # Learned so far with the sign of this block's perturbation: from below it to zero.
            direction = np.sign(self.size) or -np.sign(history["adaptation"][0]) or 1.0
            return bool(direction * history["adaptation"][-1] >= 0)
        return bool(self.until(history))


DEFAULT_LIMIT = 500


def make_block(kind: Kind, size: float, n_trials: int | None, options: Mapping[str, Any]) -> Block:
    """Make a block of what a method of `Schedule` was given.

    Raises
    ------
    ValueError
        Naming the option that is unknown or out of range.
    """
    unknown = [name for name in options if name not in OPTIONS]
    if unknown:
        raise ValueError(f"{unknown[0]}: a block takes {', '.join(OPTIONS)}, got {unknown[0]!r}")
    _check(kind, size, options)
    return Block(
        kind=kind,
        size=float(size),
        n_trials=_length(n_trials, options),
        **{
            "epoch": kind,
            **options,
            "targets": _targets(options.get("targets")),
            "context": context_label(options.get("context", "")),
        },
    )


def context_label(context: Any, where: str = "") -> str:
    """Return the label of a context as text; "" for none.

    Raises
    ------
    ValueError
        For what is neither text nor a whole number.
    """
    if context is None:
        return ""
    if not (isinstance(context, str) or is_whole(context)):
        raise ValueError(f"context: {where}expected a label, got {context!r}")
    return str(context)


def _length(n_trials: int | None, options: Mapping[str, Any]) -> int:
    if n_trials is None:
        if options.get("until") is None:
            raise ValueError("n_trials: expected a number of trials, or until=, got neither")
        return DEFAULT_LIMIT
    return check_whole("n_trials", n_trials, 1)


def _check(kind: Kind, size: Any, options: Mapping[str, Any]) -> None:
    check_number({"rotate": "degrees", "curl": "strength"}.get(kind, "size"), size)
    until = options.get("until")
    if not (until is None or callable(until) or (isinstance(until, str) and until == "zero")):
        raise ValueError(f"until: expected 'zero' or a function, got {until!r}")
    check_whole("ramp", options.get("ramp", 0), 0)
    check_number("cerebellum", options.get("cerebellum", 1.0), least=0)
    check_flag("learns", options.get("learns", True))
    if not isinstance(options.get("epoch", ""), str):
        raise ValueError(f"epoch: expected a label, got {options['epoch']!r}")


def _targets(targets: Any) -> tuple[int, ...] | None:
    if targets is None:
        return None
    several = isinstance(targets, Sequence | np.ndarray) and np.ndim(targets) == 1 and len(targets)
    if not several or isinstance(targets, str):
        raise ValueError(f"targets: expected at least one condition, got {targets!r}")
    return tuple(check_whole("targets", target, 0) for target in targets)
