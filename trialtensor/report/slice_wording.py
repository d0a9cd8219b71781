"""Sentences on SliceTCA: what a fit determines and what is a choice."""

from __future__ import annotations

from collections.abc import Sequence

from trialtensor.report.wording import Resemblance

TYPES = {
    "trial": (
        "one pattern of neurons over time, the same on every trial but for a weight: what all "
        "trials share, and what grows or fades over them."
    ),
    "neuron": (
        "one group of neurons, weighted once and for all, that follow a common time course; the "
        "time course may be another one on every trial, earlier or later or of another shape."
    ),
    "time": (
        "one time course within the trial, the same on every trial, for a pattern over neurons; "
        "which neurons take part may change from trial to trial."
    ),
}

SUBSPACES = Resemblance(
    found="loading subspaces",
    measure="overlap",
    to_best="overlap with the best",
    unread="the loading of a component that is zero means nothing",
)

OVERLAP_NOTE = (
    "Overlap compares the subspaces that the loadings span, slicing type by slicing type (1 = the "
    "same subspaces, 0 = nothing in common). It leaves out what is a choice: how components are "
    "rotated within a type. It is not corrected for chance: unrelated subspaces overlap too, the "
    "more so the more components there are for the length of the axis."
)


def type_sentence(axis: str) -> str:
    """Describe a component of one slicing type.

    Examples
    --------
    >>> from trialtensor.report.slice_wording import type_sentence
    >>> type_sentence("trial")[:40]
    'one pattern of neurons over time, the sa'
    """
    return TYPES[axis]


def sorting_phrase(types: Sequence[str]) -> str:
    """Describe how the figure sorts neurons, continuing a sentence about their order.

    Examples
    --------
    >>> from trialtensor.report.slice_wording import sorting_phrase
    >>> sorting_phrase(["neuron", "time"])
    ', as recorded'
    """
    if "trial" not in types:
        return ", as recorded"
    return ", sorted by when they are farthest from zero in the first trial-slicing component"


def division_sentence(n_types: int, gauge: str, *, nonnegative: bool) -> str:
    """State what, besides the data, the shares of the types depend on; empty if nothing.

    Examples
    --------
    >>> from trialtensor.report.slice_wording import division_sentence
    >>> division_sentence(3, "trial-first", nonnegative=False)
    'Both depend on how the gauge (trial-first) divided what types share.'
    """
    if n_types < 2 or nonnegative:
        return ""
    return f"Both depend on how the gauge ({gauge}) divided what types share."


def identified_sentence(
    types: Sequence[str], gauge: str, *, nonnegative: bool, missing: bool = False
) -> str:
    """State what the data determine and what was chosen.

    Parameters
    ----------
    types : sequence of {"trial", "neuron", "time"}
        The slicing types that the model has.
    gauge : str
        The `gauge` parameter of the model.
    nonnegative : bool
        Without negative values, nothing can be moved between types.
    missing : bool
        True if entries were missing: the last solve then slightly breaks orthogonality.

    Examples
    --------
    >>> from trialtensor.report.slice_wording import identified_sentence
    >>> identified_sentence(["trial", "time"], "time-first", nonnegative=False)[-75:]
    'what the time-slicing type shares with others was given to it (time-first).'
    """
    if nonnegative:
        return (
            "Loadings and slices are non-negative here, so activity can't be moved freely from one "
            "component to another: something would have to become negative. No gauge was applied. "
            "That alone doesn't make the components unique; what restarts agree on is what can be "
            "believed."
        )
    decided = (
        "The data decide two things: what all components reconstruct together, and for each "
        "slicing type the subspace that its loadings span. Components within a type are one way "
        f"to write that down, chosen so that loadings are {'nearly ' * missing}orthogonal to each "
        "other, slices too, and the largest slice comes first: read them together, not as causes "
        "one by one."
    )
    if len(types) < 2:
        return f"{decided} With one slicing type there is nothing that types could share."
    shared = (
        "Some activity can be described by more than one type, and no data can say whose it is. "
        "A rule divides it, the gauge; here"
    )
    if gauge == "minimal-norm":
        rule = (
            "it was divided evenly between them, which makes the parts of the types as small as "
            "they can be together (minimal-norm)."
        )
    else:
        first = gauge.removesuffix("-first")
        rule = f"what the {first}-slicing type shares with others was given to it ({gauge})."
    return f"{decided} {shared} {rule}"
