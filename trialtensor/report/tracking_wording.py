"""Sentences on components over trials."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from trialtensor.data.shown import p_equation
from trialtensor.report.wording import listed

PATTERNS = {
    "no change": "the same neurons, as strong as before",
    "gain change": "the same neurons, with another strength",
    "rotation": "other neurons than before",
    "gain change and rotation": "other neurons than before, and another strength",
    "new": "not there early",
    "lost": "not there late",
    "not seen": "too weak in these trials to tell",
}


def overview_sentence(tracking: Any) -> str:
    """State which components change."""
    names = [name for name in tracking.series.columns if name != "behaviour"]
    changing = [name for name in names if (tracking.changes["series"] == name).any()]
    caution = f" {tracking.caution}" if tracking.caution else ""
    if not changing:
        return f"None of {count_text(names)} changes its level by more than chance would.{caution}"
    verb = "changes its" if len(changing) == 1 else "change their"
    n = "one component" if len(names) == 1 else count_text(names)
    return f"Of {n}, {len(changing)} {verb} level: {listed(changing)}.{caution}"


def count_text(names: Sequence[str]) -> str:
    """State how many components there are, or courses if each dataset has its own.

    Examples
    --------
    >>> count_text(["component 1", "component 2"]), count_text(["trial 1"])
    ('2 components', '1 component')
    >>> count_text(["component 1, cortex", "component 1, cerebellum"])
    '2 courses of components'
    """
    plural = "s" * (len(names) != 1)
    if any("," in name for name in names):
        return f"{len(names)} course{plural} of components"
    return f"{len(names)} component{plural}"


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
    sentences = [_no_change(row["change_p_adjusted"], tracking.found[name].at_floor())]
    if len(changes):
        sentences = [_change(each, tracking.level) for each in changes.to_dict("records")]
    sentences.append(_learning(row, tracking))
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


def number(value: float) -> str:
    """Format with three digits, or a dash for no number."""
    return f"{value:.3g}" if np.isfinite(value) else "–"


def _no_change(p: float, at_floor: bool) -> str:
    return f"No certain change of level ({p_equation(p, at_floor)})."


def _change(row: dict[str, Any], level: float) -> str:
    where = f"{level:.0%} interval: trial {row['low']} to {row['high']}"
    if row["low"] == row["high"]:
        where = f"{level:.0%} interval: this trial alone"
    return (
        f"From trial {row['trial']} on ({where}) the level is {number(row['after'])} instead of "
        f"{number(row['before'])}."
    )


def _learning(row: Any, tracking: Any) -> str:
    first, last = tracking.learning_trials
    span = f"In trials {first} to {last}"
    if row["model"] == "constant":
        return f"{span} it neither rises nor falls steadily."
    if row["model"] == "linear":
        return f"{span} it goes steadily by {number(row['slope'])} a trial."
    text = f"{span} it approaches {number(row['plateau'])} with a time constant of "
    text += _constant(row, "")
    if row["model"] == "two-exponential":
        text += f", and a second, slower one of {_constant(row, 'second_')}"
    return text + "."


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
        return "It does not follow the perturbation as a learner would."
    if row["model"] == "one rate":
        return (
            "It follows the perturbation, and two rates of learning say no more than one (BIC "
            f"{number(row['bic_against_one_rate'])} higher)."
        )
    fast, slow = (_rate(row, name) for name in "fs")
    return (
        "It follows the perturbation with two rates of learning (BIC "
        f"{number(-row['bic_against_one_rate'])} lower than with one): a fast process that {fast}, "
        f"and a slow one that {slow}, with {level:.0%} intervals."
    )


def _rate(row: Any, process: str) -> str:
    learns, keeps = (
        f"{row[name]:.3g} ({row[f'{name}_low']:.3g} to {row[f'{name}_high']:.3g})"
        for name in (f"B_{process}", f"A_{process}")
    )
    return f"learns {learns} of an error and keeps {keeps} of what it knows to the next trial"
