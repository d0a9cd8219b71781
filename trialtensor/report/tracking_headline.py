"""The first sentences on components over trials: what changed, and what could mislead."""

from __future__ import annotations

from typing import Any

from trialtensor.report.change_wording import change_text, count_text
from trialtensor.report.wording import listed
from trialtensor.tracking.neuron_agreement import ALL_NEURONS, CONFIRMED

SPELLED_OUT = 3  # components whose changes the headline describes
IN_WORDS = 2  # changes of one of them that it describes, and not only dates


def overview_sentence(tracking: Any) -> str:
    """State which components change, when, how fast and how surely, then what could mislead.

    Parameters
    ----------
    tracking : trialtensor.tracking.Tracking
    """
    return " ".join([*verdict_sentences(tracking), *warning_sentences(tracking)])


def verdict_sentences(tracking: Any) -> list[str]:
    """State what changes: confirmed changes first, then those that neurons don't agree on."""
    sentences = _verdict(tracking)
    if "behaviour" in set(tracking.changes["series"]):
        sentences.append(_sentence(_changes(tracking, "behaviour", False)))
    return sentences


def _verdict(tracking: Any) -> list[str]:
    names = [name for name in tracking.series.columns if name != "behaviour"]
    changes = tracking.changes[tracking.changes["series"].isin(names)]
    changing = list(dict.fromkeys(changes["series"]))
    if not changing:
        return [f"{_none_of(names)} by more than noise would, slow noise included."]
    if tracking.replication is None:
        return [_headline(tracking, changing, names)]
    said = changes.groupby("series", sort=False)["replicated"].agg(list)
    confirmed = [name for name in changing if CONFIRMED in said[name]]
    shared = [n for n in changing if n not in confirmed and ALL_NEURONS in said[n]]
    also = {
        n: next((each for each in said[n] if each.startswith("also seen in")), "")
        for n in changing
        if n not in confirmed and n not in shared
    }
    rest = [name for name, each in also.items() if not each]
    sentences = []
    if confirmed:
        sentences.append(_headline(tracking, confirmed, names, "and its neurons agree"))
    else:
        sentences.append(
            f"{_none_of(names)} in a way that is its own and that its neurons agree on."
        )
    if shared:
        first = changes[changes["series"] == shared[0]].iloc[0]
        sentences.append(
            f"All neurons together change ({change_text(first, tracking)}): a gain that they "
            "share, such as arousal or the recording, rather than learning of a component."
        )
    sentences += [f"What {name} shows is {each}." for name, each in also.items() if each]
    if rest:
        sentences.append(
            f"{_count(rest)} {'changes' if len(rest) == 1 else 'change'}, but the neurons don't "
            "agree on it, as when single neurons drift or drop out."
        )
    return sentences


def _none_of(names: list[str]) -> str:
    if len(names) == 1:
        return "The only component doesn't change"
    return f"None of {count_text(names)} changes"


def _headline(tracking: Any, changing: list[str], names: list[str], agree: str = "") -> str:
    """Describe the changes of a few components, or name those of many."""
    if len(changing) > SPELLED_OUT:
        how = " and their neurons agree" if agree else ""
        return f"Of {count_text(names)}, {len(changing)} change{how}: {listed(changing)}."
    parts = [_changes(tracking, name, bool(agree)) for name in changing]
    own = agree if len(changing) == 1 else agree.replace("its", "their")
    return _sentence(listed(parts) + (f", {own}" if own else ""))


def _changes(tracking: Any, name: str, confirmed: bool) -> str:
    """Describe the changes of a series; if there are many, only say where they are."""
    rows = tracking.changes[tracking.changes["series"] == name]
    if confirmed:
        rows = rows[rows["replicated"] == CONFIRMED]
    if len(rows) > IN_WORDS:
        onsets = listed([str(onset) for onset in rows["onset"]])
        return f"{name} changes {len(rows)} times (at trials {onsets})"
    texts = [change_text(row, tracking) for _, row in rows.iterrows()]
    return f"{name} changes ({'; '.join(texts)})"


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."


def _count(names: list[str]) -> str:
    text = listed(names)
    return f"{text[:1].upper()}{text[1:]}"


def warning_sentences(tracking: Any) -> list[str]:
    """State what could mislead."""
    sentences = list(tracking.cautions)
    changing = set(tracking.changes["series"]) - {"behaviour"}
    if tracking.from_model and tracking.replication is None and changing:
        sentences.append(
            "Whether the neurons of a component agree on its changes was not checked: neurons that "
            "drift or drop out change components, too. That needs the data."
        )
    wandering = [row["series"] for row in tracking.summary.to_dict("records") if row["wanders"]]
    if wandering:
        verb = "wanders" if len(wandering) == 1 else "wander"
        sentences.append(
            f"{_count(wandering)} {verb} as a random walk does: a change of level can't be told "
            "from that."
        )
    if tracking.excluded:
        sentences.append(f"Left out: {_neurons(tracking.excluded)}.")
    elif tracking.unstable is not None and len(tracking.unstable):
        kinds = tracking.unstable["kind"].value_counts()
        texts = [f"{n} {_verb(kind, n)}" for kind, n in kinds.items()]
        sentences.append(f"Of the neurons, {listed(texts)}, each by itself.")
    return sentences


def _verb(kind: str, n: int) -> str:
    """Return what neurons do, in the plural for several."""
    if n == 1:
        return kind
    return {"drops out": "drop out", "appears": "appear", "drifts": "drift"}.get(kind, kind)


def _neurons(names: tuple[str, ...]) -> str:
    shown = listed([*names[:6], *([f"{len(names) - 6} more"] if len(names) > 6 else [])])
    return f"neuron{'s' * (len(names) != 1)} {shown}"
