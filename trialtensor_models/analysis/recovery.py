"""Scores of decompositions against the truth of a simulation, beside those of unrelated ones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from trialtensor.data.parameters import REPEATS, check_instance, check_whole, generator
from trialtensor_models.analysis.exact import ExactTensor
from trialtensor_models.analysis.patterns import (
    CURVES,
    component_patterns,
    learning_patterns,
    trial_factors,
)
from trialtensor_models.analysis.scores import (
    N_SHUFFLES,
    Score,
    factor_score,
    learning_score,
    one_factor_scores,
    region_score,
    subspace_score,
)
from trialtensor_models.sessions import Run


@dataclass(frozen=True, eq=False, repr=False)
class Recovery:
    """How much of the truth a model found.

    Attributes
    ----------
    scores : dict of Score
        "fast" and "slow": R² of the learning curve on all trial factors. "fast, one factor" and
        "slow, one factor": squared correlation with the factor matched to it. "change subspace":
        overlap of the neurons of the fast and slow parts with those that learning changes in truth
        (cortex, in a run of the network). "thalamic subspace": with the plane of thalamic input.
        "region": area under the ROC curve, do the neurons' shares of the fast part tell the
        cerebellum from cortex? "factors": match with planted factors (where there are any). What
        the truth doesn't know isn't scored.
    """

    scores: dict[str, Score]

    def __repr__(self) -> str:
        return "\n  ".join(["Recovery", *(f"{n}: {score}" for n, score in self.scores.items())])

    def as_rows(self) -> list[tuple[str, float, float]]:
        """Name, score, and 95th percentile of the null."""
        return [(name, score.value, score.chance) for name, score in self.scores.items()]


def score_recovery(
    model: Any,
    truth: Run | ExactTensor,
    *,
    n_shuffles: int = N_SHUFFLES,
    random_state: int | np.random.Generator | None = 0,
) -> Recovery:
    """Score a fitted model against the truth behind its data.

    Parameters
    ----------
    model : fitted TCA or SliceTCA
        Fitted to the activity of `truth`, or to `changes_by_region` of it: all of its trials and
        neurons. Or any object with ``trial_loadings_`` and, if it says which patterns they weigh,
        ``trial_slices_``; without, only learning curves are scored.
    truth : Run or ExactTensor
    n_shuffles : int
    random_state : int, Generator or None

    Returns
    -------
    Recovery

    Raises
    ------
    ValueError
        If the model was fitted to data of another shape.

    Examples
    --------
    >>> from trialtensor import TCA
    >>> from trialtensor_models import Schedule, TwoStateModel
    >>> from trialtensor_models.analysis import make_exact
    >>> schedule = Schedule().baseline(10).rotate(30, 60).rotate(-30, 8).clamp(40)
    >>> exact = make_exact(TwoStateModel().simulate(schedule), random_state=0)
    >>> found = score_recovery(TCA(3, random_state=0).fit(exact.activity), exact)
    >>> all(found.scores[name].value > 0.8 for name in CURVES)
    True
    >>> all(found.scores[name].p_value < 0.05 for name in CURVES)
    True
    """
    check_instance("truth", truth, (Run, ExactTensor), "a Run or an ExactTensor")
    factors, region, curves = trial_factors(model), _region(truth), _curves(truth)
    patterns = component_patterns(model) if _has_patterns(model) else None
    n_neurons = len(region) if patterns is None else patterns.shape[1]
    if (len(factors), n_neurons) != (len(curves), len(region)):
        raise ValueError(
            f"model: it was fitted to {len(factors)} trials and {n_neurons} neurons, "
            f"truth has {len(curves)} and {len(region)}"
        )
    check_whole("n_shuffles", n_shuffles, 1, REPEATS)
    rng = generator(random_state)
    options: dict[str, Any] = {"n_shuffles": n_shuffles, "random_state": rng}
    scores = {
        name: learning_score(factors, curve, **options)
        for name, curve in zip(CURVES, curves.T, strict=True)
    }
    if factors.shape[1] >= len(CURVES):
        alone = one_factor_scores(factors, curves, **options)
        scores |= {f"{name}, one factor": s for name, s in zip(CURVES, alone, strict=True)}
    if patterns is not None:
        parts = learning_patterns(factors, patterns, curves)
        scores |= _pattern_scores(parts, truth, region, options)
    if isinstance(truth, ExactTensor) and truth.factors and hasattr(model, "trial_factors_"):
        found = model.trial_factors_, model.neuron_factors_, model.time_factors_
        if found[0].shape[1] >= truth.factors[0].shape[1]:
            scores["factors"] = factor_score(found, truth.factors, **options)
    return Recovery(scores)


def _has_patterns(model: Any) -> bool:
    return hasattr(model, "trial_factors_") or getattr(model, "trial_slices_", None) is not None


def _pattern_scores(
    parts: Mapping[str, np.ndarray],
    truth: Run | ExactTensor,
    region: np.ndarray,
    options: Mapping[str, Any],
) -> dict[str, Score]:
    scores = {}
    if isinstance(truth, ExactTensor):
        planted = _leading(np.hstack([truth.patterns[name] for name in CURVES]))
        found = _leading(np.hstack(list(parts.values())), planted.shape[1])
        scores["change subspace"] = subspace_score(found, planted, **options)
        inside = region == "cerebellum"
    else:
        inside = region == "nuclei"
        cortex = region == "cortex"
        if not (inside.any() and cortex.any()):
            return scores  # another simulator, with regions of its own
        in_cortex = np.hstack([part[cortex] for part in parts.values()])
        unchanged = truth.truth.counterfactual
        # Circuits that are trained as a whole have no activity of the same trials without learning.
        if unchanged is not None and "neither" in unchanged and truth.activity is not None:
            change = truth.activity - unchanged["neither"]
            neurons = change.values[:, cortex].transpose(1, 0, 2).reshape(cortex.sum(), -1)
            planted = _leading(neurons)
            found = _leading(in_cortex, planted.shape[1])
            scores["change subspace"] = subspace_score(found, planted, **options)
        thalamic = truth.truth.subspaces.get("thalamic")
        if thalamic is not None:
            scores["thalamic subspace"] = subspace_score(
                _leading(in_cortex, thalamic.shape[1]), thalamic, **options
            )
        both = inside | cortex
        parts = {name: part[both] for name, part in parts.items()}
        inside = inside[both]
    size = {name: np.linalg.norm(part, axis=1) for name, part in parts.items()}
    share = size["fast"] / np.maximum(size["fast"] + size["slow"], 1e-300)
    scores["region"] = region_score(share, inside, **options)
    return scores


def _leading(columns: np.ndarray, n: int | None = None) -> np.ndarray:
    """The directions over neurons with most of the variance: n, or as many as have 90 % of it."""
    left, values, _ = np.linalg.svd(columns, full_matrices=False)
    if n is None:
        n = int(np.searchsorted(np.cumsum(values**2) / np.sum(values**2), 0.9)) + 1
    return left[:, :n]


def _curves(truth: Run | ExactTensor) -> np.ndarray:
    source = truth if isinstance(truth, ExactTensor) else truth.truth
    return np.column_stack([np.asarray(getattr(source, name)) for name in CURVES])


def _region(truth: Run | ExactTensor) -> np.ndarray:
    if isinstance(truth, ExactTensor) or len(truth.truth.region) or truth.activity is None:
        return truth.region if isinstance(truth, ExactTensor) else truth.truth.region
    return np.full(truth.activity.sizes["neuron"], "")


def recovery_table(recoveries: Mapping[str, Recovery]) -> str:
    """A line a score, a column a model: the score and, in brackets, 95 % of its null.

    Parameters
    ----------
    recoveries : mapping of str to Recovery
        By the name of the model.
    """
    check_instance("recoveries", recoveries, Mapping, "Recovery by name of a model")
    for each in recoveries.values():
        check_instance("recoveries", each, Recovery, "Recovery by name of a model")
    names: Iterable[str] = dict.fromkeys(
        name for recovery in recoveries.values() for name in recovery.scores
    )
    lines = ["".ljust(20) + "".join(model.rjust(22) for model in recoveries)]
    for name in names:
        cells = []
        for recovery in recoveries.values():
            score = recovery.scores.get(name)
            cells.append("–" if score is None else f"{score.value:.2f} (null {score.chance:.2f})")
        lines.append(name.ljust(20) + "".join(cell.rjust(22) for cell in cells))
    return "\n".join(lines)
