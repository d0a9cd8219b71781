"""How well models predict what is missing, and whether they say where they can't.

Planted data of known truth loses 50 to 95 % of its entries in four patterns. For each model: the
median error on what was held out (1 is that of predicting zero), the highest, and in how many fits
it warned; for plain and non-negative TCA, tensorly's masked fit of the same rank beside it.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import tensorly
from tensorly.decomposition import non_negative_parafac, parafac

from trialtensor import TCA, CoupledTCA, Parafac2, make_tca
from trialtensor.data import make_mask
from trialtensor.models import UndeterminedWarning

SHAPE, RANK, SNR = (60, 25, 30), 3, 2.0
KINDS = ("entries", "tracked", "trial_length", "blocks")
FRACTIONS = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
# An error below this is a good prediction: a warning of it is one too many.
GOOD = 0.9


def planted(seed: int, kind: str, fraction: float, *, nonnegative: bool) -> tuple[Any, Any]:
    """Draw data and its mask."""
    data = make_tca(*SHAPE, RANK, snr=SNR, nonnegative=nonnegative, random_state=seed)
    return data.X, make_mask(SHAPE, kind, fraction, random_state=seed)  # type: ignore[arg-type]


def tca(X: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Plain TCA."""
    return TCA(RANK, random_state=0).fit(X, mask=mask).reconstruct()


def nonnegative_tca(X: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Non-negative TCA."""
    return TCA(RANK, nonnegative=True, random_state=0).fit(X, mask=mask).reconstruct()


def coupled(X: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Two regions with common trials."""
    groups = [0] * 13 + [1] * 12
    model = CoupledTCA(RANK, groups=groups, random_state=0).fit(X, mask=mask)
    return np.asarray(model.reconstruct())


def parafac2(X: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Two blocks of trials, each with its own neuron factors."""
    model = Parafac2(RANK, n_init=3, max_iter=500, random_state=0)
    return np.asarray(model.fit(X, mask=mask, blocks=np.arange(60) // 30).reconstruct())


def of_tensorly(X: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """tensorly's masked fit, from its default start."""
    found = parafac(np.where(mask, X, 0), RANK, mask=mask)
    return np.asarray(tensorly.cp_to_tensor(found))


def nonnegative_of_tensorly(X: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """tensorly's masked non-negative fit, from its default start."""
    found = non_negative_parafac(np.where(mask, X, 0), RANK, mask=mask)
    return np.asarray(tensorly.cp_to_tensor(found))


FITS: dict[str, tuple[Callable[..., np.ndarray], bool]] = {
    "TCA": (tca, False),
    "tensorly": (of_tensorly, False),
    "TCA, non-negative": (nonnegative_tca, True),
    "tensorly, non-negative": (nonnegative_of_tensorly, True),
    "CoupledTCA": (coupled, False),
    "Parafac2": (parafac2, False),
}


def run(fit: Callable[..., np.ndarray], X: np.ndarray, mask: np.ndarray) -> tuple[float, bool]:
    """Return the error on what was held out and told, and whether the fit warned."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            told = fit(X, mask)
        except ValueError:
            # Refused: a block with fewer neurons than components.
            return np.nan, False
    known = ~mask & np.isfinite(told)
    total = np.sum(X[known] ** 2)
    error = np.sum((X - told)[known] ** 2) / total if total > 0 else np.nan
    return float(error), any(issubclass(each.category, UndeterminedWarning) for each in caught)


def main(n_seeds: int, names: list[str]) -> None:
    """Print a table for each model."""
    for name in names or list(FITS):
        fit, nonnegative = FITS[name]
        good = too_many = bad = said = 0
        print(f"\n{name}: median (highest) error of {n_seeds} seeds, fits with a warning")
        for kind in KINDS:
            cells = []
            for fraction in FRACTIONS:
                results = [
                    run(fit, *planted(seed, kind, fraction, nonnegative=nonnegative))
                    for seed in range(n_seeds)
                ]
                errors = np.array([error for error, _ in results])
                warned = np.array([each for _, each in results])
                good, too_many = (
                    good + np.sum(errors < GOOD),
                    too_many + warned[errors < GOOD].sum(),
                )
                bad, said = bad + np.sum(errors >= 1), said + warned[errors >= 1].sum()
                if np.isfinite(errors).any():
                    text = f"{np.nanmedian(errors):.3f} ({np.nanmax(errors):.2f}) {warned.sum()}"
                else:
                    text = "nothing to predict"
                cells.append(f"{fraction:.0%} {text}")
            print(f"  {kind:13}" + "; ".join(cells), flush=True)
        if "tensorly" not in name:
            print(
                f"  warned of {too_many} of {good} fits with an error below {GOOD}, and of {said} "
                f"of {bad} with one of 1 or more"
            )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10, sys.argv[2:])
