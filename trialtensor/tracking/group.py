"""Transitions over animals: whether an effect holds for more than those recorded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from trialtensor.data.shown import OneLine, p_equation
from trialtensor.models.parameters import check_share
from trialtensor.tracking.group_series import matched_series, sessions_of
from trialtensor.tracking.random_effects import random_effects
from trialtensor.tracking.transitions import Transitions, transitions

if TYPE_CHECKING:
    import pandas

EFFECTS = ("onset", "time constant", "amplitude")
FASTEST = 0.5  # trials: a step, on the logarithmic scale of time constants


@dataclass(frozen=True, eq=False, repr=False)
class GroupTracking(OneLine):
    """Transitions of matched components over animals.

    Attributes
    ----------
    table : pandas.DataFrame
        One row per component and effect ("onset", "time constant", "amplitude"): ``mean`` with
        ``low`` and ``high``; ``between_sd``, of log time constants for these; ``new_low`` and
        ``new_high``, for another animal; ``n_animals`` that the mean is of; ``n_with``, how many
        show a transition; ``p_value`` of no amplitude on average, NaN for other effects.
    animals : pandas.DataFrame
        One row per component, effect and animal: ``estimate``, ``low``, ``high``, ``probability``
        of a transition, ``shown`` (whether there is one by its own test), ``n_sessions``.
    level : float
        Of intervals.
    """

    table: pandas.DataFrame
    animals: pandas.DataFrame
    level: float

    def __repr__(self) -> str:
        """Say how many animals change, and by how much on average."""
        rows = self.table[self.table["effect"] == "amplitude"].to_dict("records")
        parts = [
            f"{row['component']}: {row['n_with']} of {row['n_animals']} animals, amplitude "
            f"{row['mean']:.3g} ({row['low']:.3g} to {row['high']:.3g}), "
            f"{p_equation(row['p_value'])}"
            for row in rows
        ]
        return f"GroupTracking({'; '.join(parts)})"


def track_group(
    models_or_sessions: Any,
    by: Any = "animal",
    *,
    level: float = 0.9,
    alpha: float = 0.05,
    random_state: Any = 0,
) -> GroupTracking:
    """Ask whether transitions hold over animals.

    Parameters
    ----------
    models_or_sessions : dict or sequence
        Fitted models, whose components are matched by their time courses; or ``(n_trials,
        n_components)`` arrays or `Tracking`, matched by column; or `Transitions` of one series.
        The keys of a dict are animals, with a session or a list of sessions each.
    by : str or sequence of str
        A coordinate of the models that names the animal, or the animal of each session. Where
        there is no such coordinate, the keys of the dict.
    level : float
        Of intervals.
    alpha : float
        Share of animals without a transition that are said to show one.
    random_state : int, Generator or None

    Returns
    -------
    GroupTracking

    Raises
    ------
    ValueError
        For fewer than two animals, animals without names, or series that can't be matched.

    Notes
    -----
    Amplitudes are what is reached by the last trial, of all animals: each is a mixture of its
    posterior and of 0, by its probability of a transition. Onsets and time constants are of
    animals that show one; a step counts as half a trial, a ramp as the length of the session.
    With several transitions the largest is taken.
    Sessions of one animal are averaged first, and how they differ is part of how animals do.

    References
    ----------
    Knapp & Hartung 2003; Viechtbauer 2005; Higgins, Thompson & Spiegelhalter 2009.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> step = 3.0 * (np.arange(80) >= 40)
    >>> found = track_group({name: step + rng.normal(size=80) for name in "abcd"})
    >>> found.table["n_with"].tolist()
    [4, 4, 4]
    """
    import pandas

    check_share("level", level), check_share("alpha", alpha)
    sessions, names = sessions_of(models_or_sessions, by)
    rows: list[dict[str, Any]] = []
    animals: list[dict[str, Any]] = []
    for component, series in matched_series(sessions).items():
        found: dict[str, list[Transitions]] = {}
        for name, each in zip(names, series, strict=True):
            if each is not None:
                found.setdefault(name, []).append(_transitions(each, random_state))
        for effect in EFFECTS:
            own = [_animal(name, each, effect, level, alpha) for name, each in found.items()]
            animals += [{"component": component, "effect": effect, **each} for each in own]
            rows.append({"component": component, "effect": effect, **_row(own, effect, level)})
    shown = pandas.DataFrame(animals).drop(columns=["value", "variance"])
    return GroupTracking(pandas.DataFrame(rows), shown, level)


def _transitions(series: Any, random_state: Any) -> Transitions:
    if isinstance(series, Transitions):
        return series
    return transitions(series, random_state=random_state)


def _animal(
    name: str, sessions: list[Transitions], effect: str, level: float, alpha: float
) -> dict[str, Any]:
    """Return what one animal says of an effect; it may be in any of its sessions."""
    showing = [each for each in sessions if each.p_value <= alpha / len(sessions)]
    used = sessions if effect == "amplitude" else showing
    draws = [_draws(each, effect) for each in used]
    n = min((len(each) for each in draws), default=0)
    # Sessions are independent, so their draws can be averaged in any order.
    values = np.mean([each[:n] for each in draws], axis=0) if n else np.full(1, np.nan)
    low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2])
    back = np.exp if effect == "time constant" else np.asarray
    return {
        "animal": name,
        "estimate": float(back(values.mean())),
        "low": float(back(low)),
        "high": float(back(high)),
        "probability": float(1 - np.prod([1 - each.probability for each in sessions])),
        "shown": bool(showing),
        "n_sessions": len(sessions),
        "value": float(values.mean()),
        "variance": float(values.var()),
    }


def _draws(found: Transitions, effect: str) -> np.ndarray:
    """Return draws of an effect of the largest transition; of amplitude, with none for 0."""
    draws = found.draws
    amplitudes = draws.amplitudes[:, :, 0]
    if not amplitudes.shape[1]:
        return np.zeros(len(amplitudes))
    largest = int(np.argmax(np.abs(amplitudes.mean(axis=0))))
    if effect == "onset":
        return np.asarray(draws.onsets[:, largest], dtype=np.float64)
    taus, n_trials = draws.time_constants[:, largest], len(found.course)
    if effect == "time constant":
        return np.asarray(np.log(np.clip(taus, FASTEST, n_trials)))
    left = n_trials - draws.onsets[:, largest]
    # The plateau of a slow transition is far beyond the session: how much of it was seen.
    slow = np.where((taus > 0) & np.isfinite(taus), taus, 1.0)
    reached = np.where(taus == 0, 1.0, -np.expm1(-left / slow))
    values = np.where(np.isinf(taus), left / n_trials, reached) * amplitudes[:, largest]
    rng = np.random.default_rng(0)
    return np.asarray(values * (rng.permutation(len(values)) < found.probability * len(values)))


def _row(animals: list[dict[str, Any]], effect: str, level: float) -> dict[str, Any]:
    used = [each for each in animals if np.isfinite(each["value"])]
    of = random_effects(
        np.array([each["value"] for each in used]),
        np.array([each["variance"] for each in used]),
        level,
    )
    back = np.exp if effect == "time constant" else np.asarray
    ends = {
        name: float(back(getattr(of, name)))
        for name in ("mean", "low", "high", "new_low", "new_high")
    }
    return {
        **{name: ends[name] for name in ("mean", "low", "high")},
        "between_sd": of.between_sd,
        "new_low": ends["new_low"],
        "new_high": ends["new_high"],
        "n_animals": len(used),
        "n_with": sum(each["shown"] for each in animals),
        "p_value": of.p_value if effect == "amplitude" else float("nan"),
    }
