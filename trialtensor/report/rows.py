"""Rows of the tables that a page of any model has."""

from __future__ import annotations

from typing import Any

import numpy as np

from trialtensor.report import wording

Row = tuple[str, str, str]


def fit_rows(model: Any) -> list[Row]:
    """How well it fits and why it stopped: name, value, sentence."""
    ratio, reason = float(model.explained_variance_ratio_), model.stop_reason_
    return [
        (
            "Explained variance",
            wording.number(ratio, "{:.4f}"),
            wording.explained_variance_sentence(ratio),
        ),
        (
            "Stopped because" if model.restarts_ else "Fit",
            reason.value.replace("_", " "),
            wording.stop_sentence(reason, int(model.n_iter_)),
        ),
    ]


def share_rows(model: Any) -> list[list[str]]:
    """What each component explains alone, uniquely and shared, and its weight."""
    shares = (
        model.explained_variance_alone_,
        model.explained_variance_unique_,
        model.explained_variance_shared_,
    )
    return [
        [*(percent(share[r]) for share in shares), f"{weight:.4g}"]
        for r, weight in enumerate(model.weights_)
    ]


def percent(share: float) -> str:
    """A fraction as percent, in words where it is not known."""
    return wording.number(100 * share, "{:.1f} %")


def restart_rows(model: Any) -> list[dict[str, Any]]:
    """What each restart found, best first."""
    best = model.restarts_[0].loss
    return [
        {
            "seed": "given" if restart.seed is None else restart.seed,
            "excess": f"{100 * (restart.loss / best - 1):.4f} %"
            if best > 0
            else f"{restart.loss - best:.3g}",
            "explained": f"{restart.explained_variance:.4f}",
            "similarity": f"{restart.similarity:.3f}",
            "reason": restart.stop_reason.value.replace("_", " "),
            "n_iter": restart.n_iter,
        }
        for restart in model.restarts_
    ]


def n_zero(model: Any) -> int:
    """Components without any activity."""
    return int(np.sum(model.weights_ == 0))
