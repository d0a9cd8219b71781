"""Table rows for the page of any model."""

from __future__ import annotations

from typing import Any

import numpy as np

from trialtensor.models import Fitted
from trialtensor.models.fitted import FitRecord, Restart
from trialtensor.models.undetermined import findings
from trialtensor.models.verdict import advice, is_degenerate
from trialtensor.report import wording
from trialtensor.report.data_wording import out_of_reach_sentence
from trialtensor.solvers.result import StopReason

Row = tuple[str, str, str]


def fit_rows(fitted: Fitted, sentence: str) -> list[Row]:
    """Return goodness of fit and stop reason: name, value, sentence."""
    record = fitted.record
    ratio, reason = float(record.explained_variance_ratio), record.stop_reason
    sentence += out_of_reach_sentence(fitted.data.get("out_of_reach", 0.0))
    return [
        ("Explained variance", wording.number(ratio, "{:.4f}"), sentence),
        (
            "Stopped because" if record.was_fitted else "Fit",
            reason.value.replace("_", " "),
            wording.stop_sentence(reason, int(record.n_iter), advice(fitted)),
        ),
    ]


def diagnostic_rows(fitted: Fitted) -> list[Row]:
    """Return diagnostics, where known, of too many components and of cancelling ones."""
    n, rows = len(fitted.components), []
    if "core_consistency" in fitted.arrays:
        core = fitted.number("core_consistency")
        number = wording.core_consistency_number(core)
        sentence = wording.core_consistency_sentence(core, n, fitted.n_zero)
        rows.append(("Core consistency", number, sentence))
    if "triple_cosine" in fitted.arrays:
        cosine = fitted.number("triple_cosine")
        number = wording.number(cosine, "{:.2f}")
        sentence = wording.triple_cosine_sentence(cosine, n, degenerate=is_degenerate(fitted))
        rows.append(("Most negative cosine", number, sentence))
    return [*rows, *missing_rows(fitted)]


def missing_rows(fitted: Fitted) -> list[Row]:
    """Return how far the model can be trusted where entries are missing, if any are."""
    share = fitted.number("missing_noise_share")
    sentence = " ".join(each[0].upper() + each[1:] + "." for each in findings(fitted))
    if not np.isfinite(share):
        # Of this kind it is only known how far it goes.
        largest = fitted.number("largest_missing")
        return [("Largest value where missing", f"{largest:.0f} ×", sentence)] if sentence else []
    sentence = sentence or (
        "The observed entries determine what the model says about the missing ones. This is the "
        "share of it that noise has put there; from about a third on, predicting zero would often "
        "be better."
    )
    return [("Noise in what is said of missing entries", f"{share:.0%}", sentence)]


def share_rows(fitted: Fitted) -> list[list[str]]:
    """Return each component's name, its variance alone, unique and shared, and its weight."""
    return [
        [
            each.label,
            percent(each.explained_variance_alone),
            percent(each.explained_variance_unique),
            percent(each.explained_variance_alone - each.explained_variance_unique),
            f"{each.weight:.4g}",
        ]
        for each in fitted.components
    ]


def percent(share: float) -> str:
    """Format a fraction as percent, or state that it is unknown."""
    return wording.number(100 * share, "{:z.1f} %")


def restart_rows(record: FitRecord) -> list[dict[str, Any]]:
    """Return the result of each restart, best first."""
    best = record.restarts[0].loss
    return [
        {
            "seed": "given" if restart.seed is None else restart.seed,
            "start": "its own" if restart.origin is None else f"shared ({restart.origin + 1})",
            "excess": f"{100 * (restart.loss / best - 1):.4f} %"
            if best > 0
            else f"{restart.loss - best:.3g}",
            "explained": f"{restart.explained_variance:.4f}",
            "similarity": f"{restart.similarity:.3f}",
            "reason": _reason(restart),
            "n_iter": restart.n_iter,
        }
        for restart in record.restarts
    ]


def _reason(restart: Restart) -> str:
    if not restart.finished and restart.stop_reason is StopReason.MAX_ITER:
        return "on the way to a known or a worse solution"
    return restart.stop_reason.value.replace("_", " ")
