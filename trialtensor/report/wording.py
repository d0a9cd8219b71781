"""Sentences that interpret the numbers of a fit."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from trialtensor.data.axes import AXES
from trialtensor.data.more_axes import plural
from trialtensor.models.credibility import SAME_LOSS, SIMILAR
from trialtensor.models.fitted import comparable, different_starts
from trialtensor.models.verdict import about_unfinished
from trialtensor.solvers.degeneracy import CANCELLING


@dataclass(frozen=True)
class Resemblance:
    """Words for the similarity of two restarts.

    Attributes
    ----------
    found : str
        Noun for what restarts find, in the plural.
    measure : str
        The name of `Restart.similarity` for this kind of model.
    to_best : str
        That of a restart and the best one.
    unread : str
        Why it can't be read where a component is zero.
    """

    found: str
    measure: str
    to_best: str
    unread: str


COMPONENTS = Resemblance(
    found="components",
    measure="similarity",
    to_best="similarity to the best",
    unread="a component that is zero resembles nothing",
)


def explained_variance_sentence(ratio: float) -> str:
    """Interpret the explained variance about zero.

    Examples
    --------
    >>> from trialtensor.report.wording import explained_variance_sentence
    >>> explained_variance_sentence(0.8)[:62]
    'The components reproduce 80.0 % of the sum of squared values; '
    """
    if not np.isfinite(ratio):
        return "It needs the data; `score` computes it for data that you have."
    return (
        f"The components reproduce {100 * ratio:.1f} % of the sum of squared values; the other "
        f"{100 * (1 - ratio):.1f} % is noise and whatever this model cannot express. It is "
        "measured about "
        "zero, so constant activity counts too: compare it with other models of the same data, "
        "not with 100 %."
    )


def number(value: float, pattern: str) -> str:
    """Format a number by `str.format`, or use words if there is none.

    Examples
    --------
    >>> from trialtensor.report.wording import number
    >>> number(0.5, "{:.2f}"), number(float("nan"), "{:.2f}")
    ('0.50', 'not known')
    """
    return pattern.format(value) if np.isfinite(value) else "not known"


def core_consistency_number(value: float) -> str:
    """Format the core consistency; round it to its magnitude far below zero.

    Examples
    --------
    >>> from trialtensor.report.wording import core_consistency_number
    >>> core_consistency_number(87.25), core_consistency_number(-29113.4)
    ('87.2', 'below −100 (−29,113)')
    """
    if value < -100:
        text = f"{value:,.0f}" if value > -1e6 else f"{value:.1e}"
        return f"below −100 ({text.replace('-', '−', 1)})"
    return number(value, "{:.1f}")


def core_consistency_sentence(value: float, n_components: int, n_zero: int = 0) -> str:
    """Interpret the core consistency (Bro & Kiers 2003); `n_zero` components are zero."""
    if not np.isfinite(value):
        if n_zero:
            return "A component is zero, and the measure is not defined then."
        return "It could not be computed: it needs the data."
    if n_components == 1:
        return "With one component it is 100 by construction and says nothing."
    if value >= 90:
        return "Close to 100: the data agree with this many separate components."
    if value >= 50:
        return (
            "Between 50 and 90: the components interact somewhat; compare with one component fewer."
        )
    reading = "Below 50" if value >= 0 else "Negative"
    far = ""
    if value < -100:
        far = (
            " How far below zero grows with the overlap of the components and is no measure of how "
            "badly the model fits."
        )
    return (
        f"{reading}: the data ask for interactions between components that this model does not "
        "have, which can "
        "mean too many components. Noisy recordings and overlapping (for instance non-negative) "
        "components "
        "often read so too, so weigh it with the restarts and with held-out data rather than alone."
        + far
    )


def zero_components_sentence(n_zero: int, n_components: int) -> str:
    """Explain components of weight zero; empty if there are none.

    Examples
    --------
    >>> from trialtensor.report.wording import zero_components_sentence
    >>> zero_components_sentence(1, 4)
    '1 of 4 components is zero (no activity): fewer would do.'
    """
    if not n_zero:
        return ""
    if n_zero == n_components:
        return (
            "Every component is zero (no activity): fewer would do as well. Non-negative ones "
            "cannot describe these data, for instance because they are mostly below zero."
        )
    verb = "is" if n_zero == 1 else "are"
    return f"{n_zero} of {n_components} components {verb} zero (no activity): fewer would do."


def triple_cosine_sentence(value: float, n_components: int, *, degenerate: bool = False) -> str:
    """Interpret the most negative cosine between two components, by the verdict of the fit."""
    if n_components == 1 or not np.isfinite(value):
        return "It needs at least two components."
    if degenerate:
        return (
            "Two components are large, opposite and cancel each other (a degenerate fit). Do not "
            "interpret them; use fewer components, or non-negative factors where the data allow it."
        )
    if value < CANCELLING:
        return (
            "Near −1: two components are nearly opposite and cancel in part. Read them together, "
            "not one by one, and compare with one component fewer."
        )
    if value < -0.5:
        return (
            "Clearly negative: two components cancel in part; look whether they mirror each other."
        )
    return "No two components cancel each other."


def same_loss(restarts: Sequence[Any]) -> list[Any]:
    """Return the restarts that ended within 0.1 % of the best loss, including the best."""
    best = restarts[0].loss
    return [restart for restart in restarts if restart.loss <= best * (1 + SAME_LOSS)]


def stability_sentence(
    restarts: Sequence[Any],
    *,
    on_core: bool = False,
    n_zero: int = 0,
    of: Resemblance = COMPONENTS,
) -> str:
    """Interpret the similarities of the restarts to the best one.

    Parameters
    ----------
    restarts : sequence of Restart
        Best first.
    on_core : bool
        True if some of them converged on a compressed core and stayed there.
    n_zero : int
        Components of the best one that are zero.
    of : Resemblance
        Words for what is similar: components, by default.
    """
    different = different_starts(restarts)
    repeated = len(different) < len(restarts)
    if repeated and len(different) < 2:
        return (
            f"All {len(restarts)} restarts began at the same place, so their agreement proves "
            "nothing: whether other starts lead elsewhere is unknown."
        )
    left = about_unfinished(restarts)
    compared = comparable(restarts)
    if left and len(compared) < 2:
        return f"Whether other starts lead elsewhere is unknown. {left}."
    reading = _stability(compared, n_zero, of, "different starts" if repeated else "restarts")
    if repeated:
        reading = (
            f"The {len(restarts)} restarts began at {len(different)} different places, and only "
            f"these count here. {reading}"
        )
    reading = f"{reading} {left}." if left else reading
    return f"{reading} {CORE_NOTE}" if on_core and len(restarts) > 1 else reading


def _stability(restarts: Sequence[Any], n_zero: int, of: Resemblance, starts: str) -> str:
    n = len(restarts)
    if n < 2:
        return "There was only one restart, so stability is unknown; ask for more (n_init)."
    others = same_loss(restarts)[1:]
    alike = sum(restart.similarity >= SIMILAR for restart in restarts[1:])
    if not others and alike:
        return (
            f"None of the other {n - 1} {starts} came within 0.1 % of the best loss, but {alike} "
            f"of them found nearly the same {of.found} ({of.measure} {SIMILAR} or more)."
        )
    if not others:
        return (
            f"{_nobody(n - 1, starts)} came within 0.1 % of the best loss: the best solution was "
            "found once only. Use more restarts (n_init) before believing it."
        )
    # Rounded down: of .996, "1.00 or more" would be untrue.
    low = math.floor(100 * min(restart.similarity for restart in others)) / 100
    start = f"{len(others) + 1} of {n} {starts} ended within 0.1 % of the best loss"
    if n_zero:
        return (
            f"{start}. Whether they found the same {of.found} cannot be read from the "
            f"{of.measure}, because {of.unread}; fit again with fewer components."
        )
    if low >= SIMILAR:
        return (
            f"{start}, and all of them found nearly the same {of.found} ({of.measure} {low:.2f} or "
            "more)."
        )
    return (
        f"{start}, yet some found other {of.found} ({of.measure} down to {low:.2f}): the data do "
        f"not pin the {of.found} down. Use fewer components and look at which ones change."
    )


def _nobody(n_others: int, starts: str) -> str:
    if n_others == 1:
        return f"The other {starts.removesuffix('s')} never"
    return f"None of the other {n_others} {starts}"


def corrected_sentence(corrected: float, chance: float) -> str:
    """State how far the restarts that can be compared agree beyond chance.

    Examples
    --------
    >>> from trialtensor.report.wording import corrected_sentence
    >>> corrected_sentence(0.954, 0.41)[:64]
    'Corrected for chance, all pairs of restarts agree by 0.95, where'
    """
    return (
        f"Corrected for chance, all pairs of restarts agree by {corrected:.2f}, where 1 is the "
        "same model every time and 0 is what unrelated models of the same shape, sign and "
        f"smoothness would give (that is {chance:.2f} before the correction)."
    )


CORE_NOTE = (
    "The data are so large that restarts which repeat a solution already found, or which a few "
    "sweeps leave behind, were not run to convergence on all of them; they may stand up to about "
    "0.1 % above where they would end, so more may agree with the best than are counted here."
)

BATCH_NOTE = (
    "Trials came in batches: the other restarts have the neuron and time factors that they found "
    "in the first batch, and their losses are estimated for all trials."
)

CHANCE_NOTE = (
    "Similarity is the factor match score (1 = the same components, 0 = unrelated). It is the raw "
    "score and is "
    "not corrected for chance: components that have nothing to do with each other also score "
    "above 0, and "
    "non-negative ones can score high. A high value alone is no proof that components are real."
)


def stop_sentence(reason: Any, n_iter: int, advice: str) -> str:
    """State how the best restart ended, and what to do about it."""
    if reason.value == "given":
        return advice
    return f"After {n_iter} sweep{'s' * (n_iter != 1)}. {advice}"


def missing_sentence(summary: Mapping[str, Any]) -> str:
    """State how much of the data was missing, and which slices entirely."""
    share, n_observed = float(summary["missing_fraction"]), int(summary["n_observed"])
    if not np.isfinite(share):
        return "Not known."
    n_missing = round(n_observed * share / (1 - share))
    if n_missing == 0:
        return "No entry is missing."
    text = f"{n_missing:,} entries ({100 * share:.1f} %) are missing"
    if summary["missing_pattern"] not in ("none", "entries"):
        text += f", in the pattern {summary['missing_pattern'].replace(' x ', ' × ')}"
    axes = summary.get("axes", AXES)
    counts = {axis: summary.get(f"empty_{axis}s") for axis in axes}
    if all(count is None for count in counts.values()):
        return f"{text}."
    words = {axis: "time bin" if axis == "time" else axis for axis in axes}
    empty = [
        f"{counts[axis]} {word if counts[axis] == 1 else plural(word)}"
        for axis, word in words.items()
        if counts[axis]
    ]
    *first, last = words.values()
    nothing = f"no {', '.join(first)} or {last}"
    return f"{text}. Wholly without data: {', '.join(empty) if empty else nothing}."


def listed(names: Sequence[str]) -> str:
    """Join several names for use in a sentence.

    Examples
    --------
    >>> listed(["a"]), listed(["a", "b", "c"])
    ('a', 'a, b and c')
    """
    return " and ".join([", ".join(names[:-1])] * (len(names) > 1) + list(names[-1:]))
