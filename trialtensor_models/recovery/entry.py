"""A score of a method on a problem."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One score of a method on a problem, or why there is none.

    Attributes
    ----------
    method, problem : str
    score : str
        Such as "fast"; "" if the method failed or is absent.
    value, chance, p_value : float
        The score, 95 % of its null, and the share of the null that is as large.
    seconds : float
        Of the fit, of this process.
    remark : str
        Why there is no score.
    """

    method: str
    problem: str
    score: str = ""
    value: float = float("nan")
    chance: float = float("nan")
    p_value: float = float("nan")
    seconds: float = float("nan")
    remark: str = ""
