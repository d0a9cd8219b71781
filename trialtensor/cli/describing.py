"""The few lines that the command prints about a fit."""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from trialtensor.models import FitRecord, TrialEstimator


def describe(model: "TrialEstimator", source: Path) -> str:
    """Say whether the components can be believed; describe data, explained variance, restarts."""
    from trialtensor.data.axes import axes_remedy
    from trialtensor.data.more_axes import plural
    from trialtensor.models.credibility import COMPARED, credibility
    from trialtensor.models.verdict import about_unfinished, advice, is_degenerate

    fitted, record = model.fitted_, model.fitted_.record
    sizes = ", ".join(
        f"{n} {plural(axis)}" for axis, n in zip(fitted.axes, fitted.shape, strict=True)
    )
    missing = fitted.data["missing_fraction"]
    parts = "".join(
        f", {len(each)} {name}{'s' * (len(each) > 1)}"
        for name, each in (("block", fitted.blocks), ("dataset", fitted.datasets))
        if each
    )
    lines = [
        credibility(fitted).sentence,
        f"{source.name}: {sizes}{parts}, "
        + (f"{missing:.1%} missing" if missing else "nothing missing"),
        _components(model)
        + (_explained(record, len(fitted.components)) if record.was_fitted else ""),
    ]
    if fitted.data.get("axes_assumed"):
        lines.insert(2, axes_remedy(fitted.axes))
    if is_degenerate(fitted):
        lines.append(advice(fitted))
    if len(record.restarts) > 1:
        left = about_unfinished(record.restarts)
        agreement = _agreement(record, *COMPARED[fitted.identified])
        lines.append(f"{agreement}; {left}" if left else agreement)
    return "\n".join(lines)


def _agreement(record: "FitRecord", found: str, measure: str) -> str:
    """State how many of the other restarts found the same, of those that can be compared."""
    from trialtensor.models.credibility import SIMILAR

    different, n = record.different_starts, len(record.restarts)
    similarity = sorted(restart.similarity for restart in record.comparable[1:])
    if len(different) < 2:
        return f"all {n} restarts began at the same place, so their agreement proves nothing"
    if not similarity:
        return f"whether the {n} restarts agree is unknown"
    repeated = len(different) < n
    return (
        f"{sum(each >= SIMILAR for each in similarity)} of {len(similarity)} other "
        f"{'different starts' if repeated else 'restarts'} found the same {found} "
        f"({measure} {similarity[0]:.2f} to {similarity[-1]:.2f})"
    )


def _explained(record: "FitRecord", n: int) -> str:
    return (
        f" explain{'s' * (n == 1)} {record.explained_variance_ratio:.1%} of the sum of squares; "
        f"{record.stop_reason.value} after {record.n_iter} sweeps"
    )


def _components(model: "TrialEstimator") -> str:
    from trialtensor.io.export import component_counts

    n = len(model.fitted_.components)
    text = f"{n} component{'s' * (n != 1)}"
    counts = ", ".join(f"{n} {name}" for name, n in component_counts(model).items() if n)
    return f"{text} ({counts})" if counts else text
