"""Parsing the options of `trialtensor rank` into candidates and splits, before reading files."""

import itertools
import math
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from trialtensor.cli.options import example

if TYPE_CHECKING:
    from trialtensor.models import TrialEstimator
    from trialtensor.selection import Splitter

Count = int | tuple[int, ...]
MOST_CANDIDATES = 10_000


class Splits(StrEnum):
    """What `rank` holds out; see `trialtensor.selection.masks`."""

    time_blocks = "time-blocks"
    speckled = "speckled"
    trials_by_neurons = "trials-by-neurons"
    whole_trials = "whole-trials"


class Rule(StrEnum):
    """Rules by which `rank` chooses."""

    one_se = "one-se"
    best = "best"


Candidates = Annotated[
    str,
    typer.Option(
        "--components", help="Candidates: 1:12 or 1,2,4; slicetca: one per type, 0:2,0:3,1."
    ),
]
WhatIsHeldOut = Annotated[
    Splits | None,
    typer.Option("--splits", help="What to hold out; default time-blocks (dynamics whole-trials)."),
]
Fraction = Annotated[float, typer.Option(help="Fraction of the data to hold out at a time.")]
Length = Annotated[int | None, typer.Option(help="Bins per block; time-blocks only.")]
Guard = Annotated[
    int | None, typer.Option(help="Unused bins on both sides of a block; time-blocks only.")
]
Repeats = Annotated[int, typer.Option(help="Number of splits.")]
WhichRule = Annotated[
    Rule, typer.Option("--rule", help="Fewest within one standard error, or lowest error.")
]
Restarts = Annotated[
    int | None, typer.Option(min=1, help="Restarts of every fit; default: the model's.")
]
Jobs = Annotated[int | None, typer.Option(help="Parallel fits; default: one per core, at most 8.")]

SPLITTERS = {
    Splits.time_blocks: "TimeBlocks",
    Splits.speckled: "Speckled",
    Splits.trials_by_neurons: "TrialsByNeurons",
    Splits.whole_trials: "WholeTrials",
}


def parse_grid(kind: "type[TrialEstimator]", text: str) -> list[Count]:
    """Parse candidates: numbers and ranges, or one of either for each type of components.

    A range 1:12 ends with 12. Having no components is always compared with, and no candidate.

    Raises
    ------
    ValueError
        If nothing is left, or the text is of another form.

    Examples
    --------
    >>> from trialtensor.cli.options import find_kind
    >>> parse_grid(find_kind("tca"), "1:4,8")
    [1, 2, 3, 4, 8]
    >>> parse_grid(find_kind("slicetca"), "0:1,0:1,0")
    [(0, 1, 0), (1, 0, 0), (1, 1, 0)]
    """
    spans = [_span(word.strip()) for word in text.split(",")]
    known = [span for span in spans if span is not None]
    types = kind.component_types
    _refuse_too_many([each.stop - each.start for each in known], bool(types))
    found: list[Count]
    if not types:
        found = sorted({count for span in known for count in span} - {0})
        if len(known) < len(spans) or not found:
            raise ValueError(
                "--components: expected numbers of components such as 1:12 or 1,2,4,8, "
                f"got {text!r}"
            )
        return found
    found = [each for each in itertools.product(*known) if any(each)]
    if len(known) != len(types) or len(spans) != len(types) or not found:
        raise ValueError(
            f"--components: expected numbers or ranges of {', '.join(types[:-1])} and {types[-1]} "
            f"components such as {example('0:2,0:3,1', len(types))}, not all 0, got {text!r}"
        )
    return found


def first_of(candidates: list[Count]) -> str:
    """Return the first candidate, as the user would type it."""
    first = candidates[0]
    return ",".join(map(str, first)) if isinstance(first, tuple) else str(first)


def _refuse_too_many(lengths: list[int], combined: bool) -> None:
    """Refuse more candidates than anyone can wait for, before they are listed."""
    n = math.prod(lengths) if combined else sum(lengths)
    if n > MOST_CANDIDATES:
        raise ValueError(
            f"--components: expected at most {MOST_CANDIDATES} candidates, got {n}; each is fitted "
            "several times"
        )


def _span(word: str) -> range | None:
    """Parse 3 or 1:12; return None for anything else."""
    ends = word.split(":")
    # isdecimal takes the digits of every script, as int does; no sign is a count.
    if not all(end.isdecimal() for end in ends) or len(ends) > 2:
        return None
    first, last = int(ends[0]), int(ends[-1])
    return range(first, last + 1) if first <= last else None


def suited_splits(kind: "type[TrialEstimator]") -> Splits:
    """Return the default splits for a kind of model."""
    return Splits.time_blocks if kind.describes_entries else Splits.whole_trials


def make_splits(
    kind: Splits,
    fraction: float,
    length: int | None,
    guard: int | None,
    repeats: int,
    seed: int,
) -> "Splitter":
    """Build a splitter; options that are None keep its defaults.

    Raises
    ------
    ValueError
        Naming the option, what it got and what it needs.

    Examples
    --------
    >>> splits = make_splits(Splits.time_blocks, 0.1, 7, None, 3, 0)
    >>> splits.length, splits.n_splits
    (7, 3)
    """
    from trialtensor.selection import masks

    given: dict[str, Any] = {"length": length, "guard": guard}
    given = {name: value for name, value in given.items() if value is not None}
    if kind is not Splits.time_blocks:
        for name, value in given.items():
            raise ValueError(
                f"--{name}: got {value} with --splits {kind}; it is an option of time-blocks"
            )
    if repeats < 1:
        raise ValueError(f"--repeats: expected at least 1, got {repeats}")
    splitter = getattr(masks, SPLITTERS[kind])
    return splitter(fraction, n_splits=repeats, random_state=seed, **given)
