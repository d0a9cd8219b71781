"""Sentences on components over trials."""

from __future__ import annotations

from typing import Any

import numpy as np

from trialtensor.data.shown import p_equation
from trialtensor.report.change_wording import change_text, label_text, number

PATTERNS = {
    "no change": "no change of neurons or strength for certain",
    "gain change": "another strength; no change of neurons for certain",
    "rotation": "other neurons than before",
    "gain change and rotation": "other neurons than before, and another strength",
    "new": "not there early",
    "lost": "not there late",
    "not seen": "too weak in these trials to tell",
}


def heading(name: str) -> str:
    """Capitalise the first letter of a series name, leaving the rest as given.

    Examples
    --------
    >>> heading("component 1, M1")
    'Component 1, M1'
    """
    return name[:1].upper() + name[1:]


def series_sentences(tracking: Any, name: str) -> list[str]:
    """State when and how fast a series changes, and whether it goes with behaviour."""
    row = tracking.summary.set_index("series").loc[name]
    changes = tracking.changes[tracking.changes["series"] == name]
    sentences = [_no_change(row)]
    if len(changes):
        sentences = [_change(each, tracking) for each in changes.to_dict("records")]
        sentences.append(_how_sure(row, tracking.alpha))
    if row["wanders"]:
        sentences.append("It wanders as a random walk does.")
    if tracking.learning_block is not None:
        sentences.append(_learning(row, tracking, _learns(row, tracking)))
    if tracking.relations is not None and name != "behaviour":
        related = tracking.relations.set_index("series").loc[name]
        sentences.append(_relation(related, tracking, tracking.related[name].at_floor()))
    if tracking.rates is not None:
        sentences.append(_rates(tracking.rates.set_index("series").loc[name], tracking.level))
    return sentences


def contrast_text(row: dict[str, Any], alpha: float) -> str:
    """State whether two blocks differ."""
    return "differ" if row["p_adjusted"] <= alpha else "no certain difference"


def pattern_text(verdict: str) -> str:
    """Explain a verdict of `pattern_change`."""
    return PATTERNS[verdict]


def _percent(probability: float) -> str:
    """Write a probability, short of certainty."""
    return "more than 99%" if probability > 0.99 else f"{probability:.0%}"


def _how_sure(row: Any, alpha: float) -> str:
    """Say how sure the course is that there is a change; if it isn't, the neurons are."""
    p = p_equation(row["change_p_adjusted"])
    chance = f"a probability of {_percent(row['probability'])} ({p})"
    if row["change_p_adjusted"] <= alpha:
        return f"That there is a change has {chance}."
    return f"By its course alone, a change has {chance}; its neurons make it certain."


def _no_change(row: Any) -> str:
    return (
        f"No certain change: one has a probability of {_percent(row['probability'])} "
        f"({p_equation(row['change_p_adjusted'])})."
    )


def _change(row: dict[str, Any], tracking: Any) -> str:
    text = change_text(row, tracking)
    said = row["replicated"]
    if said == "confirmed":
        text += ", and its neurons agree"
    elif said in ("not checked", "not tested"):
        text += "" if said == "not checked" else "; too few neurons or trials to ask its neurons"
    elif said == "all neurons together":
        text += ", as all neurons together do"
    elif said == "not confirmed":
        text += "; its neurons don't agree on it"
    else:
        text += f"; {said}"
    return f"{text[:1].upper()}{text[1:]}."


def _learns(row: Any, tracking: Any) -> bool:
    """Return whether learning in its block is certain, for the number of series."""
    others = len(tracking.series.columns)
    odds = -tracking.learning[row.name].fits["constant"].log_odds
    return bool(odds >= np.log(others / tracking.alpha) and not row["wanders"])


def _learning(row: Any, tracking: Any, certain: bool) -> str:
    first, last = tracking.learning_trials
    block = label_text(tracking.learning_block)
    span = f"Within the block {block} (trials {first} to {last})"
    if row["model"] == "constant" or not certain:
        return f"{span} no course is certain."
    if row["model"] == "linear":
        return f"{span} it {_goes(row['slope'])} steadily by {number(abs(row['slope']))} a trial."
    text = f"{span} it approaches {number(row['plateau'])} with a time constant of "
    text += _constant(row, "")
    if row["model"] == "two-exponential":
        text += f", and a second, slower one of {_constant(row, 'second_')}"
    return text + "."


def _goes(slope: float) -> str:
    return "rises" if slope > 0 else "falls"


def _constant(row: Any, order: str) -> str:
    high = row[f"{order}time_constant_high"]
    end = f"{high:.3g}" if np.isfinite(high) else "more than can be told"
    low = number(row[f"{order}time_constant_low"])
    return f"{row[f'{order}time_constant']:.3g} trials ({low} to {end})"


def _relation(row: Any, tracking: Any, at_floor: bool) -> str:
    if not np.isfinite(row["p_adjusted"]):
        return "Whether it goes with behaviour can't be told: one of the two doesn't vary."
    p = p_equation(row["p_adjusted"], at_floor)
    if row["p_adjusted"] > tracking.alpha:
        return f"From trial to trial it does not certainly go with behaviour ({p})."
    text = f"From trial to trial it goes with behaviour (correlation {row['correlation']:.2f}, {p}"
    low, high = int(row["lead_low"]), int(row["lead_high"])
    if low <= 0 <= high:
        return text + "); neither is certainly ahead."
    ahead = "it is" if row["lead"] > 0 else "behaviour is"
    low, high = sorted((abs(low), abs(high)))
    lead = abs(int(row["lead"]))
    return text + f"); {ahead} ahead by {lead} trial{'s' * (lead > 1)} ({low} to {high})."


def _rates(row: Any, level: float) -> str:
    if row["model"] == "none":
        return "No learner of the perturbation explains it better than noise that may drift."
    known = "known" if row["scale_known"] else f"{number(row['scale_low'])} to "
    known += "" if row["scale_known"] else number(row["scale_high"])
    scale = f"scale {number(row['scale'])} ({known})"
    if row["model"] == "one rate":
        return (
            f"It follows the perturbation ({scale}), and two rates of learning explain it no "
            "better than one."
        )
    fast, slow = (_rate(row, name) for name in "fs")
    return (
        f"It follows the perturbation ({scale}) with two rates of learning: a fast process that "
        f"{fast}, and a slow one that {slow}, with {level:.0%} intervals."
    )


def _rate(row: Any, process: str) -> str:
    learns, keeps = (
        f"{row[name]:.3g} ({row[f'{name}_low']:.3g} to {row[f'{name}_high']:.3g})"
        for name in (f"B_{process}", f"A_{process}")
    )
    return f"learns {learns} of an error and keeps {keeps} of what it knows to the next trial"
