"""Transitions over animals: whether an effect holds for more than those recorded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from trialtensor.data.shown import OneLine, p_equation
from trialtensor.models.parameters import check_share
from trialtensor.tracking.group_effects import EFFECTS, animal_effect, animal_row, group_rows
from trialtensor.tracking.group_series import matched_series, sessions_of
from trialtensor.tracking.transitions import Transitions, transitions

if TYPE_CHECKING:
    import pandas


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
    animals that show one, and their means are posterior medians: what each animal's draws say of
    every onset, with normal differences between animals. A step is faster than can be seen, by an
    unknown factor, and a ramp slower than the session. How fast animals are says when they begin:
    where most of them step, one that might have begun earlier, gradually, has probably stepped.
    With several transitions the largest is taken.
    Sessions of one animal are averaged first, and how they differ is part of how animals do.

    References
    ----------
    Knapp & Hartung 2003; Viechtbauer 2005; Higgins, Thompson & Spiegelhalter 2009.

    Examples
    --------
    >>> import numpy as np
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
        effects = {
            effect: [animal_effect(name, each, effect, alpha) for name, each in found.items()]
            for effect in EFFECTS
        }
        for effect, row in zip(EFFECTS, group_rows(effects, level), strict=True):
            where = {"component": component, "effect": effect}
            animals += [{**where, **animal_row(each, effect, level)} for each in effects[effect]]
            rows.append({**where, **row})
    return GroupTracking(pandas.DataFrame(rows), pandas.DataFrame(animals), level)


def _transitions(series: Any, random_state: Any) -> Transitions:
    if isinstance(series, Transitions):
        return series
    return transitions(series, random_state=random_state)
