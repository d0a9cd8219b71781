"""What a number of a fit means, in one plain sentence each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

# Restarts whose loss is this close to the best (relative) count as the same solution.
SAME_LOSS = 1e-3
SIMILAR = 0.95
DEGENERATE = -0.9


def explained_variance_sentence(ratio: float) -> str:
    """Reading of the explained variance about zero.

    Examples
    --------
    >>> from trialtensor.report.wording import explained_variance_sentence
    >>> explained_variance_sentence(0.8)[:62]
    'The components reproduce 80.0 % of the sum of squared values; '
    """
    return (
        f"The components reproduce {100 * ratio:.1f} % of the sum of squared values; the other "
        f"{100 * (1 - ratio):.1f} % is noise and whatever this model cannot express. It is "
        "measured about "
        "zero, so constant activity counts too: compare it with other models of the same data, "
        "not with 100 %."
    )


def core_consistency_sentence(value: float, n_components: int) -> str:
    """Reading of the core consistency (Bro & Kiers 2003)."""
    if not np.isfinite(value):
        return "It could not be computed for this fit."
    if n_components == 1:
        return "With one component it is 100 by construction and says nothing."
    if value >= 90:
        return "Close to 100: the data agree with this many separate components."
    if value >= 50:
        return (
            "Between 50 and 90: the components interact somewhat; compare with one component fewer."
        )
    reading = "Below 50" if value >= 0 else "Negative"
    return (
        f"{reading}: the data ask for interactions between components that this model does not "
        "have, which can "
        "mean too many components. Noisy recordings and overlapping (for instance non-negative) "
        "components "
        "often read so too, so weigh it with the restarts and with held-out data rather than alone."
    )


def triple_cosine_sentence(value: float, n_components: int) -> str:
    """Reading of the most negative cosine between two components."""
    if n_components == 1 or not np.isfinite(value):
        return "It needs at least two components."
    if value < DEGENERATE:
        return (
            "Near −1: two components are large, opposite and cancel each other (a degenerate "
            "fit). Do not "
            "interpret them; use fewer components, or non-negative factors where the data allow it."
        )
    if value < -0.5:
        return (
            "Clearly negative: two components cancel in part; look whether they mirror each other."
        )
    return "No two components cancel each other."


def same_loss(restarts: Sequence[Any]) -> list[Any]:
    """Restarts that ended within 0.1 % of the best loss, the best included."""
    best = restarts[0].loss
    return [restart for restart in restarts if restart.loss <= best * (1 + SAME_LOSS)]


def stability_sentence(restarts: Sequence[Any]) -> str:
    """Reading of the similarities of the restarts to the best one."""
    n = len(restarts)
    if n < 2:
        return "There was only one restart, so stability is unknown; fit with n_init of 10 or more."
    others = same_loss(restarts)[1:]
    if not others:
        return (
            f"None of the other {n - 1} restarts came within 0.1 % of the best loss: the best "
            "solution was found "
            "once only. Use more restarts (n_init) before believing it."
        )
    low = min(restart.similarity for restart in others)
    start = f"{len(others) + 1} of {n} restarts ended within 0.1 % of the best loss"
    if low >= SIMILAR:
        return (
            f"{start}, and all of them found nearly the same components (similarity {low:.2f} or "
            "more)."
        )
    return (
        f"{start}, yet some found other components (similarity down to {low:.2f}): the data do "
        "not pin the "
        "components down. Use fewer components and look at which ones change."
    )


CHANCE_NOTE = (
    "Similarity is the factor match score (1 = the same components, 0 = unrelated). It is the raw "
    "score and is "
    "not corrected for chance: components that have nothing to do with each other also score "
    "above 0, and "
    "non-negative ones can score high. A high value alone is no proof that components are real."
)


def stop_sentence(reason: Any, n_iter: int) -> str:
    """How the best restart ended, with what to do about it."""
    return f"After {n_iter} sweep{'s' * (n_iter != 1)}. {reason.advice}"


def missing_sentence(summary: dict[str, Any]) -> str:
    """How much of the data was missing, and which slices wholly."""
    n_missing = int(np.prod(summary["shape"])) - summary["n_observed"]
    if n_missing == 0:
        return "No entry is missing."
    text = f"{n_missing:,} entries ({100 * summary['missing_fraction']:.1f} %) are missing"
    if summary["missing_pattern"] not in ("none", "entries"):
        text += f", in the pattern {summary['missing_pattern'].replace(' x ', ' × ')}"
    empty = [
        f"{summary[key]} {word}{'s' * (summary[key] != 1)}"
        for key, word in (
            ("empty_trials", "trial"),
            ("empty_neurons", "neuron"),
            ("empty_times", "time bin"),
        )
        if summary[key]
    ]
    return (
        f"{text}. Wholly without data: "
        f"{', '.join(empty) if empty else 'no trial, neuron or time bin'}."
    )
