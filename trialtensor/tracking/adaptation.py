"""The two-rate model fitted to every series: components and behaviour under one perturbation."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from trialtensor.data.arrays import as_floats
from trialtensor.tracking.rate_choice import criteria
from trialtensor.tracking.rate_input import check_adaptation
from trialtensor.tracking.rate_models import TWO_RATE
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
    columns: dict[str, np.ndarray],
    perturbation: np.ndarray,
    level: float,
    scales: Mapping[str, float] | None = None,
) -> tuple[pandas.DataFrame, dict[str, TwoRateFit]]:
    """Choose two rates, one, or none for each series; return fits that aren't none.

    All have an offset, and a scale unless ``scales`` has a known one for a series: 1 for behaviour
    in the unit of the perturbation. A learner is chosen over noise that may drift, by `criteria`.
    """
    import pandas

    fits, rows = {}, []
    for name, y in columns.items():
        scale = (scales or {}).get(name)
        bic = criteria(y, perturbation, scale)
        model = min(bic, key=lambda each: bic[each])
        if model != "none":
            with warnings.catch_warnings():
                # Said in the table.
                warnings.simplefilter("ignore", UserWarning)
                fits[name] = two_rate_fit(
                    y,
                    perturbation,
                    scale=True if scale is None else float(scale),
                    offset=True,
                    level=level,
                )
        rows.append({"series": name, "model": model} | _row(fits.get(name), bic))
    return pandas.DataFrame(rows), fits


def _row(fit: TwoRateFit | None, bic: dict[str, float]) -> dict[str, Any]:
    row: dict[str, Any] = {}
    for name in (*RATES, "scale", "offset"):
        value = low = high = np.nan
        if fit is not None and name == "scale" and fit.scale_known:
            value = low = high = fit.scale
        elif fit is not None:
            value, (low, high) = fit.parameters[name], fit.intervals[name]
        row |= {name: value, f"{name}_low": low, f"{name}_high": high}
    return row | {
        "scale_known": fit.scale_known if fit is not None else False,
        "rebound": np.nan if fit is None else fit.rebound,
        "bic_against_one_rate": bic.get("two rates", np.nan) - bic.get("one rate", np.nan),
        "bic_against_none": bic.get("two rates", np.nan) - bic["none"],
    }
