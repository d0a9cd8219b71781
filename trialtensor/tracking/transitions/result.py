"""What is known of the transitions of a series."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from trialtensor.data.shown import OneLine, p_equation

if TYPE_CHECKING:
    import pandas

GRADUAL, RAMP, STEP = "gradual", "ramp", "step"


@dataclass(frozen=True, eq=False)
class Draws:
    """Draws from the joint posterior, given the number of transitions that is most likely.

    Attributes
    ----------
    onsets, time_constants : (n_draws, n_transitions) arrays
    amplitudes : (n_draws, n_transitions, n_series) array
    """

    onsets: np.ndarray
    time_constants: np.ndarray
    amplitudes: np.ndarray


@dataclass(frozen=True, eq=False, repr=False)
class Transitions(OneLine):
    """Transitions of one or several trial series that change together.

    Attributes
    ----------
    table : pandas.DataFrame
        One row per transition that is reported, by onset, and per series if there are several
        (``series``, from 0): ``onset``, the first trial that differs; ``time_constant`` in trials,
        0 for a step and infinite for a ramp; ``amplitude`` in units of the series, for a ramp up
        to the last trial; each with ``_low`` and ``_high``; ``kind``: "step", "gradual" or "ramp".
    probability : float
        That there is any transition, if this is as likely as not beforehand.
    probabilities : (max_transitions + 1,) array
        Of each number of transitions; 0 for those that were not tried, because fewer explained the
        series better.
    p_value : float
        How often noise alone looks as much like a transition, by simulation for series of this
        length; at most ``alpha`` if transitions are reported.
    wanders : bool
        Whether the series is more likely a random walk, or noise so slow that a session doesn't
        show it return; transitions of such a series have no other cause than that.
    course, band : (n_trials,) and (2, n_trials) arrays, or (..., n_series)
        Posterior mean, and pointwise interval.
    offsets : array of the shape of the series
        What its condition adds to each trial; 0 without conditions.
    noise_sd, autocorrelation : (n_series,) arrays
        Standard deviation of trials about the course, and its correlation from trial to trial.
    inflation : (n_series,) array
        Number of trials that carry the information of one independent trial.
    diagnostics : dict of str -> float
        Of what neither course nor slow noise predict, of the worst series: ``lag_1``, its
        correlation from trial to trial, near 0 if the noise is well described; ``outliers``, how
        many trials were drawn in; ``spread_ratio``, its standard deviation in the second half over
        that in the first.
    draws : Draws
    alpha, level : float
        Share of false alarms, and coverage of intervals.
    """

    table: pandas.DataFrame
    probability: float
    probabilities: np.ndarray
    p_value: float
    wanders: bool
    course: np.ndarray
    band: np.ndarray
    offsets: np.ndarray
    noise_sd: np.ndarray
    autocorrelation: np.ndarray
    inflation: np.ndarray
    diagnostics: dict[str, float]
    draws: Draws
    alpha: float
    level: float
    log_odds: float = field(default=0.0, repr=False)

    @property
    def onsets(self) -> np.ndarray:
        """First trial of each transition, ``(n_transitions,)``."""
        return np.unique(self.table["onset"].to_numpy(dtype=np.int64)) if len(self.table) else (
            np.zeros(0, np.int64)
        )  # fmt: skip

    @property
    def n_transitions(self) -> int:
        """Number of transitions that are reported."""
        return self.draws.onsets.shape[1] if len(self.table) else 0

    def of_one_series(self) -> Transitions:
        """Return the result without an axis for series."""
        return replace(
            self,
            course=self.course[:, 0],
            band=self.band[..., 0],
            offsets=self.offsets[:, 0],
        )

    def __repr__(self) -> str:
        """Say what happens, when, how fast and how surely."""
        doubt = ", wanders" if self.wanders else ""
        chance = f"probability {self.probability:.2f}, {p_equation(self.p_value)}{doubt}"
        if not len(self.table):
            return f"Transitions(none: {chance})"
        first = self.table.drop_duplicates("onset") if "series" in self.table else self.table
        parts = [_words(row) for row in first.to_dict("records")]
        return f"Transitions({'; '.join(parts)}: {chance})"


def _words(row: dict[str, Any]) -> str:
    text = f"{row['kind']} at {row['onset']} ({row['onset_low']} to {row['onset_high']})"
    if row["kind"] == GRADUAL:
        low, high = row["time_constant_low"], row["time_constant_high"]
        text += f", time constant {row['time_constant']:.3g} ({low:.3g} to {high:.3g})"
    low, high = row["amplitude_low"], row["amplitude_high"]
    return f"{text}, amplitude {row['amplitude']:.3g} ({low:.3g} to {high:.3g})"
