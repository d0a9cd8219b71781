"""What a fit found, in the few lines that the command prints."""

from pathlib import Path
from typing import TYPE_CHECKING

from trialtensor.data.axes import AXES

if TYPE_CHECKING:
    from trialtensor.models import TCA, SliceTCA

SIMILAR = 0.95


def describe(model: "TCA | SliceTCA", source: Path) -> str:
    """The data, what is explained, and whether the restarts agree."""
    summary = model.data_summary_
    n_trials, n_neurons, n_times = summary["shape"]
    missing = summary["missing_fraction"]
    lines = [
        f"{source.name}: {n_trials} trials, {n_neurons} neurons, {n_times} times, "
        + (f"{missing:.1%} missing" if missing else "nothing missing"),
        f"{_components(model)} explain {model.explained_variance_ratio_:.1%} of the "
        f"sum of squares; {model.stop_reason_.value} after {model.n_iter_} sweeps",
    ]
    similarity = sorted(restart.similarity for restart in model.restarts_[1:])
    if similarity:
        found, measure = _resemblance(model)
        lines.append(
            f"{sum(each >= SIMILAR for each in similarity)} of {len(similarity)} other restarts "
            f"found the same {found} ({measure} {similarity[0]:.2f} to {similarity[-1]:.2f})"
        )
    return "\n".join(lines)


def _components(model: "TCA | SliceTCA") -> str:
    text = f"{len(model.weights_)} components"
    if not hasattr(model, "trial_slices_"):
        return text
    counts = {axis: len(getattr(model, f"{axis}_slices_")) for axis in AXES}
    return f"{text} ({', '.join(f'{n} {axis}-slicing' for axis, n in counts.items() if n)})"


def _resemblance(model: "TCA | SliceTCA") -> tuple[str, str]:
    if hasattr(model, "trial_slices_"):
        return "loading subspaces", "overlap"
    return "components", "similarity"
