"""The two-rate model fitted to every series: components and behaviour under one perturbation."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from trialtensor.data.arrays import as_floats, exponent_of, scaled
from trialtensor.tracking.noise import fit_noise
from trialtensor.tracking.rate_input import check_adaptation
from trialtensor.tracking.rate_models import ONE_RATE, TWO_RATE
from trialtensor.tracking.rate_observed import Observed
from trialtensor.tracking.two_rate import TwoRateFit, two_rate_fit

if TYPE_CHECKING:
    import pandas

RATES = TWO_RATE["parallel"].names
# Rates, scale and offset.
N_PARAMETERS = len(RATES) + 2


def check_perturbation(perturbation: Any, series: np.ndarray, level: float) -> np.ndarray:
    """Check for one perturbation per trial, as numbers; NaN is an error clamp.

    Raises
    ------
    ValueError
        For what isn't numbers, has none but 0, or comes with too few trials of some series.
    """
    values = as_floats(perturbation, "perturbation", expected="a number a trial")
    for y in series.T:
        check_adaptation(y, values, N_PARAMETERS, level)
    return values


def fit_adaptation(
    columns: dict[str, np.ndarray], perturbation: np.ndarray, level: float
) -> tuple[pandas.DataFrame, dict[str, TwoRateFit]]:
    """Choose two rates, one, or none for each series; return fits that aren't none.

    All have a scale and an offset. BIC counts as many trials as independent ones would be worth,
    by the noise of what the two-rate model leaves.
    """
    import pandas

    fits, rows = {}, []
    for name, y in columns.items():
        bic = _criteria(y, perturbation)
        model = min(bic, key=lambda each: bic[each])
        if model != "none":
            with warnings.catch_warnings():
                # Said in the table.
                warnings.simplefilter("ignore", UserWarning)
                fits[name] = two_rate_fit(y, perturbation, scale=True, offset=True, level=level)
        rows.append({"series": name, "model": model} | _row(fits.get(name), bic))
    return pandas.DataFrame(rows), fits


def _criteria(y: np.ndarray, perturbation: np.ndarray) -> dict[str, float]:
    """Return BIC of none, one and two rates; ties go to the first."""
    y, perturbation = (scaled(each, -exponent_of(each)) for each in (y, perturbation))
    shown = {"none": np.full(len(y), np.nanmean(y))}
    counts = {"none": 1}
    if np.nanstd(y) > 0:
        for name, model in (("one rate", ONE_RATE), ("two rates", TWO_RATE["parallel"])):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", UserWarning)
                observed = Observed(y, perturbation, model, True, True, 0.9)
                best = observed.best()
            output = observed.states(best).sum(axis=0)
            shown[name] = best.parameters["scale"] * output + best.parameters["offset"]
            counts[name] = len(best.parameters)
    n = int(np.isfinite(y).sum())
    rest = y - list(shown.values())[-1]
    n_effective = n / max(fit_noise(rest).inflation, 1.0) if np.nanstd(rest) > 0 else float(n)
    floor = 1e-20 * max(float(np.nansum(y**2)), 1e-300)
    return {
        name: float(
            n_effective * np.log(max(np.nansum((y - values) ** 2), floor) / n)
            + counts[name] * np.log(n_effective)
        )
        for name, values in shown.items()
    }


def _row(fit: TwoRateFit | None, bic: dict[str, float]) -> dict[str, Any]:
    row: dict[str, Any] = {}
    for name in (*RATES, "scale"):
        low, high = (np.nan, np.nan) if fit is None else fit.intervals[name]
        row[name] = np.nan if fit is None else fit.parameters[name]
        row |= {f"{name}_low": low, f"{name}_high": high}
    return row | {
        "rebound": np.nan if fit is None else fit.rebound,
        "bic_against_one_rate": bic.get("two rates", np.nan) - bic.get("one rate", np.nan),
        "bic_against_none": bic.get("two rates", np.nan) - bic["none"],
    }
