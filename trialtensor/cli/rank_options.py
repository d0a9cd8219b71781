"""From the words of `trialtensor rank` to candidates and splits, before any file is read."""

import itertools
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from trialtensor.cli.options import Model, make_model

if TYPE_CHECKING:
    from trialtensor.models import TCA, SliceTCA
    from trialtensor.selection import Splitter

Count = int | tuple[int, ...]


class Splits(StrEnum):
    """What `rank` holds out, see `trialtensor.selection.masks`."""

    time_blocks = "time-blocks"
    speckled = "speckled"
    trials_by_neurons = "trials-by-neurons"
    whole_trials = "whole-trials"


class Rule(StrEnum):
    """How `rank` chooses."""

    one_se = "one-se"
    best = "best"


Candidates = Annotated[
    str,
    typer.Option(
        "--components", help="Candidates: 1:12 or 1,2,4; for slicetca three of those, 0:2,0:3,1."
    ),
]
WhatIsHeldOut = Annotated[Splits, typer.Option("--splits", help="What is held out.")]
Fraction = Annotated[float, typer.Option(help="How much of it is held out at a time.")]
Length = Annotated[int | None, typer.Option(help="Bins of a block; time-blocks only.")]
Guard = Annotated[
    int | None, typer.Option(help="Unused bins on both sides of a block; time-blocks only.")
]
Repeats = Annotated[int, typer.Option(help="How often other entries are held out.")]
WhichRule = Annotated[
    Rule, typer.Option("--rule", help="Fewest within one standard error, or lowest error.")
]
Restarts = Annotated[
    int | None, typer.Option(min=1, help="Restarts of every fit; else the model's own number.")
]
Jobs = Annotated[int | None, typer.Option(help="Fits at a time; else one a core, 8 at most.")]

SPLITTERS = {
    Splits.time_blocks: "TimeBlocks",
    Splits.speckled: "Speckled",
    Splits.trials_by_neurons: "TrialsByNeurons",
    Splits.whole_trials: "WholeTrials",
}


def parse_grid(kind: Model, text: str) -> list[Count]:
    """Candidates: numbers and ranges for TCA, three of either for SliceTCA.

    A range 1:12 ends with 12. Having no components is always compared with, and no candidate.

    Raises
    ------
    ValueError
        If nothing is left, or the text is of another form.

    Examples
    --------
    >>> from trialtensor.cli.options import Model
    >>> parse_grid(Model.tca, "1:4,8")
    [1, 2, 3, 4, 8]
    >>> parse_grid(Model.slicetca, "0:1,0:1,0")
    [(0, 1, 0), (1, 0, 0), (1, 1, 0)]
    """
    spans = [_span(word.strip()) for word in text.split(",")]
    found: list[Count]
    if kind is Model.tca:
        known = [span for span in spans if span is not None]
        found = sorted({count for span in known for count in span} - {0})
        if len(known) < len(spans) or not found:
            raise ValueError(
                "--components: expected numbers of components such as 1:12 or 1,2,4,8, "
                f"got {text!r}"
            )
        return found
    known = [span for span in spans if span is not None]
    found = [each for each in itertools.product(*known) if any(each)]
    if len(known) != 3 or len(spans) != 3 or not found:
        raise ValueError(
            "--components: expected numbers or ranges of trial-, neuron- and time-slicing "
            f"components such as 0:2,0:3,1, not all 0, got {text!r}"
        )
    return found


def _span(word: str) -> range | None:
    """3 or 1:12; None for anything else."""
    ends = word.split(":")
    # isdecimal takes the digits of every script, as int does; no sign is a count.
    if not all(end.isdecimal() for end in ends) or len(ends) > 2:
        return None
    first, last = int(ends[0]), int(ends[-1])
    return range(first, last + 1) if first <= last else None


def make_estimator(
    kind: Model, candidates: list[Count], parameters: dict[str, Any]
) -> "TCA | SliceTCA":
    """Build what is fitted with every candidate, here with the first.

    Raises
    ------
    ValueError
        See `trialtensor.cli.options.make_model`.
    """
    first = ",".join(
        map(str, candidates[0] if isinstance(candidates[0], tuple) else candidates[:1])
    )
    return make_model(kind, first, parameters)


def make_splits(
    kind: Splits,
    fraction: float,
    length: int | None,
    guard: int | None,
    repeats: int,
    seed: int,
) -> "Splitter":
    """Build a splitter; options that are None are left to it.

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
