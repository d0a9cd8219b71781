"""Whether the components of a fit can be believed, in one sentence for every place that says it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from trialtensor.data.axes import AXES, axes_assumed
from trialtensor.models.below_zero import share_text
from trialtensor.models.fitted import Fitted, Restart
from trialtensor.models.verdict import cancelling_pair, is_degenerate
from trialtensor.solvers.degeneracy import CANCELLING
from trialtensor.solvers.result import StopReason

# Restarts whose loss is this close to the best (relative) count as the same solution.
SAME_LOSS = 1e-3
# Models at least this similar count as the same.
SIMILAR = 0.95
# Less than this of the sum of squares below zero changes no component that anyone reads.
_NOTICEABLE = 0.01

# What restarts are compared by: what the data identify, and the name of the measure.
COMPARED = {
    "components": ("components", "similarity"),
    "subspaces": ("loading subspaces", "overlap"),
}


@dataclass(frozen=True)
class Credibility:
    """Whether the components of a fit can be believed.

    Attributes
    ----------
    believable : bool or None
        None if nothing speaks against them, and nothing for them either.
    sentence : str
        The verdict with its reasons, without markup.
    """

    believable: bool | None
    sentence: str


def credibility(fitted: Fitted) -> Credibility:
    """State whether the components of a fit can be believed, and if not, why.

    They can if the fit converged and other starts that fit as well found the same, and if nothing
    else is known that speaks against them. That says nothing of how many components there are.

    Parameters
    ----------
    fitted : Fitted

    Examples
    --------
    >>> from trialtensor import TCA, make_tca
    >>> X = make_tca(20, 10, 15, 2, snr=5.0, random_state=0).X
    >>> credibility(TCA(2, n_init=3, random_state=0).fit(X).fitted_).sentence[:76]
    'As far as the fit can tell, these 2 components can be believed: it converged'
    """
    n = len(fitted.components)
    these = f"these {n} components" if n != 1 else "this component"
    if not fitted.record.was_fitted:
        return Credibility(
            None,
            f"Whether {these} can be believed is not known: the factors were given, not fitted.",
        )
    against = objections(fitted)
    agree, said = _agreement(fitted)
    if agree is False:
        against.append(said)
    if against:
        against += [assumed] if (assumed := _assumed(fitted)) else []
        return Credibility(False, f"Do not believe {these} yet: {'; '.join(against)}.")
    condition = _condition(fitted)
    if agree is None:
        text = f"Whether {these} can be believed is not known: {said}"
        return Credibility(None, f"{text}{condition}.")
    text = f"As far as the fit can tell, {these} can be believed: it converged, and {said}"
    return Credibility(True, f"{text}{condition}.")


def objections(fitted: Fitted) -> list[str]:
    """List what speaks against a fit, besides restarts that disagree.

    Parameters
    ----------
    fitted : Fitted

    Returns
    -------
    list of str
        Phrases without a capital or a full stop.
    """
    record, found = fitted.record, []
    if cancelling := _cancelling(fitted):
        found.append(cancelling)
    if record.stop_reason is StopReason.MAX_ITER:
        sweeps = f"{record.n_iter} sweep{'s' * (record.n_iter != 1)}"
        found.append(f"the fit had not converged after {sweeps}")
    elif record.stop_reason is StopReason.INTERRUPTED:
        found.append("the fit was interrupted before it converged")
    if fitted.n_zero:
        verb = "is" if fitted.n_zero == 1 else "are"
        found.append(f"{fitted.n_zero} of {len(fitted.components)} {verb} zero, so fewer would do")
    below = float(fitted.data.get("out_of_reach", 0.0))
    if below >= _NOTICEABLE:
        found.append(
            "the data has values below zero, which non-negative components can't reach "
            f"({share_text(below)} of the sum of squares)"
        )
    return found


def _cancelling(fitted: Fitted) -> str:
    degenerate, cosine = is_degenerate(fitted), fitted.number("triple_cosine")
    if not (degenerate or cosine < CANCELLING):
        return ""
    pair, names = cancelling_pair(fitted), "two of them"
    if pair is not None:
        names = "{} and {}".format(*(fitted.components[i].label for i in pair))
    how = "cancel each other (a degenerate fit)" if degenerate else "cancel in part"
    return f"{names} {how}"


def _agreement(fitted: Fitted) -> tuple[bool | None, str]:
    """State whether restarts agree; None if there are none to compare."""
    what, measure = COMPARED[fitted.identified]
    restarts, n_all = fitted.record.comparable, len(fitted.record.restarts)
    if len(restarts) < 2:
        return None, _nothing_to_compare(fitted)
    others, word = restarts[1:], "restarts" if len(restarts) == n_all else "different starts"
    as_good = [each for each in others if each.loss <= restarts[0].loss * (1 + SAME_LOSS)]
    alike = [each for each in others if each.similarity >= SIMILAR]
    apart = [each for each in as_good if each.similarity < SIMILAR]
    if fitted.n_zero:  # a component that is zero resembles nothing
        return True, "restarts can't be compared"
    if apart:
        return False, (
            f"restarts disagree, because {len(apart)} of {len(others)} others fit as well with "
            f"other {what} ({measure} down to {_least(apart)})"
        )
    if not alike:
        return False, (
            f"restarts disagree, because none of the {len(others)} others found the same {what} "
            f"({measure} {_most(others)} at most)"
            if len(others) > 1
            else f"the two restarts disagree ({measure} {_most(others)})"
        )
    n = len(alike) + 1
    how_many = f"all {n} {word}" if n == len(restarts) else f"{n} of {len(restarts)} {word}"
    return True, f"{how_many} found the same {what} ({measure} {_least(alike)} or more)"


def _nothing_to_compare(fitted: Fitted) -> str:
    n = len(fitted.record.restarts)
    if n < 2:
        return "there was only one restart, so ask for more (n_init)"
    if len(fitted.record.different_starts) < 2:
        return f"all {n} restarts began at the same place"
    return "the other restarts were stopped before they converged"


def _least(restarts: Sequence[Restart]) -> str:
    """Return the lowest similarity, rounded down: of .996, "1.00 or more" would be untrue."""
    return f"{math.floor(100 * min(each.similarity for each in restarts)) / 100:.2f}"


def _most(restarts: Sequence[Restart]) -> str:
    return f"{max(each.similarity for each in restarts):.2f}"


def _assumed(fitted: Fitted) -> str:
    return axes_assumed(fitted.axes) if fitted.data.get("axes_assumed") else ""


def _condition(fitted: Fitted) -> str:
    """State what the verdict rests on, if nothing said which axis is which."""
    if not fitted.data.get("axes_assumed"):
        return ""
    names = ", ".join(f"{axis}s" if axis in AXES else axis for axis in fitted.axes)
    return f", provided that the axes are {names}, as was assumed"
