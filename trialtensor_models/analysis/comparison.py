"""The same analysis of a recording and of a simulation, and how far apart they are.

Neurons and numbers of trials differ, so only what happens over trials is compared: which trials are
alike, and which learning curves there are. Trials are matched by their place in the session.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray

from trialtensor import TCA
from trialtensor.data.arrays import refuse_sparse
from trialtensor.data.labels import plain_labels, unlabelled
from trialtensor.data.parameters import REPEATS, check_instance, check_whole, generator
from trialtensor.data.shown import OneLine, is_least, p_equation
from trialtensor.data.validation import as_trial_tensor
from trialtensor.selection.slow_nulls import CourseSurrogates
from trialtensor_models.analysis.scores import N_SHUFFLES, Score, subspace_overlap

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_PLACES = 60  # Trials of both are averaged to so many places in the session.


@dataclass(frozen=True, eq=False, repr=False)
class Described(OneLine):
    """The side of a comparison that one session makes.

    Attributes
    ----------
    model : TCA
        Of the changes about the mean trial.
    factors : (n_places, n_components) array
        Its trial factors along the session.
    similarity : (n_places, n_places) array
        Cosines between what the model says of trials.
    gram : (n_components, n_components) array
        Inner products of what the components add to a trial.
    """

    model: TCA
    factors: np.ndarray
    similarity: np.ndarray
    gram: np.ndarray


@dataclass(frozen=True, eq=False, repr=False)
class ModelComparison:
    """A recording beside a simulation.

    Attributes
    ----------
    recording, simulation : Described
    distances : dict of Score
        "trial similarity": one less the correlation of the two similarity matrices. "learning
        curves": one less the overlap of what the trial factors span. 0 is alike. The null are
        simulations whose trial factors are as slow and change at other places (see
        `trialtensor.selection.slow_nulls.CourseSurrogates`), so *small* distances are rare under
        it. Shuffled places would be no null: any two sessions that drift are closer than those.
    """

    recording: Described
    simulation: Described
    distances: dict[str, Score]

    def __repr__(self) -> str:
        return "\n  ".join(["ModelComparison", *map(self.line, self.distances)])

    def line(self, name: str) -> str:
        """Say how large a distance is, and how large it is between unrelated sessions.

        Parameters
        ----------
        name : str
            Of a distance.
        """
        score = self.distances[name]
        return (
            f"{name}: distance {score.value:.2f}, unrelated sessions {score.null.mean():.2f}, "
            f"{self.p_text(name)}"
        )

    def p_value(self, name: str) -> float:
        """Share of unrelated sessions that are at least as close.

        Parameters
        ----------
        name : str
            Of a distance.

        Returns
        -------
        float
        """
        score = self.distances[name]
        if np.isnan(score.value):
            return float("nan")
        return float((1 + np.sum(score.null <= score.value)) / (1 + len(score.null)))

    def p_text(self, name: str) -> str:
        """Write the p value of a distance as an equation, "p ≤ 0.005" at its floor.

        Parameters
        ----------
        name : str
            Of a distance.
        """
        p, least = self.p_value(name), self.distances[name].least_p
        return p_equation(p, bool(is_least(p, least)))


def compare(
    recording: Any,
    simulation: Any,
    *,
    n_components: int = 4,
    n_shuffles: int = N_SHUFFLES,
    random_state: int | np.random.Generator | None = 0,
    prepare: Callable[[Any], Any] | None = None,
) -> ModelComparison:
    """Decompose both in the same way, and measure distances.

    Parameters
    ----------
    recording, simulation : (n_trials, n_neurons, n_times) arrays or xarray.DataArray
        NaN is missing. Of a run, ``run.activity``.
    n_components : int
        Of the TCA of each.
    n_shuffles : int
    random_state : int, Generator or None
    prepare : callable, optional
        Done to both before, for instance a transform of counts.

    Returns
    -------
    ModelComparison

    Raises
    ------
    ValueError
        If one of them has too few trials.

    Examples
    --------
    >>> from trialtensor import make_tca
    >>> X = make_tca(80, 20, 15, 3, snr=5.0, random_state=0).X
    >>> found = compare(X[:, :10], X[:, 10:], n_components=3)
    >>> found.distances["trial similarity"].value < 0.5
    True
    """
    check_whole("n_components", n_components, 1), check_whole("n_shuffles", n_shuffles, 1, REPEATS)
    check_instance("prepare", prepare, Callable | None, "a function of the data")
    rng = generator(random_state)
    both = []
    given = (("recording", recording), ("simulation", simulation))
    tensors = [
        (name, as_trial_tensor(prepare(X) if prepare else X, name=name)) for name, X in given
    ]
    for name, tensor in tensors:
        values = tensor.to_numpy()
        if len(values) < _PLACES:
            raise ValueError(f"{name}: expected at least {_PLACES} trials, got {len(values)}")
        both.append(_describe(values, n_components))
    first, second = both
    return ModelComparison(
        first,
        second,
        {name: _score(distance, first, second, n_shuffles, rng) for name, distance in _DISTANCES},
    )


def about_conditions(X: xarray.DataArray, condition: str) -> xarray.DataArray:
    """A labelled recording about the mean trial of each condition.

    Where targets are interleaved they are most of what differs between trials; without their means,
    what is left is what changes over the session.

    Parameters
    ----------
    X : xarray.DataArray with a dimension ``trial``
    condition : str
        A coordinate of its trials. Those without a label are missing in the result.

    Raises
    ------
    ValueError
        If there is no such coordinate.
    """
    refuse_sparse(X, "X")
    if not isinstance(X, xarray.DataArray):
        raise ValueError(f"X: expected a DataArray with labels, got {type(X).__name__}")
    known = [str(name) for name in X.coords if X[name].dims == ("trial",)]
    if condition not in known:
        raise ValueError(f"condition: expected a coordinate of trials, {known}, got {condition!r}")
    values, conditions = X.transpose("trial", ...).values.astype(float), plain_labels(X[condition])
    gone = unlabelled(conditions)
    values[gone] = np.nan
    for each in dict.fromkeys(conditions[~gone].tolist()):
        values[conditions == each] -= np.nanmean(values[conditions == each], axis=0)
    return X.transpose("trial", ...).copy(data=values)


def _describe(values: np.ndarray, n_components: int) -> Described:
    seen = np.isfinite(values)
    mean = np.where(seen, values, 0.0).sum(axis=0) / np.maximum(seen.sum(axis=0), 1)
    changes = values - mean
    model = TCA(n_components, n_init=3, random_state=0).fit(changes)
    kept = np.isfinite(model.trial_factors_).all(axis=1)
    factors = _along(model.trial_factors_[kept])
    neuron = np.nan_to_num(model.neuron_factors_ * model.weights_)
    time = np.nan_to_num(model.time_factors_)
    gram = (neuron.T @ neuron) * (time.T @ time)
    return Described(model, factors, _similarity(factors, gram), gram)


def _similarity(factors: np.ndarray, gram: np.ndarray) -> np.ndarray:
    """Cosines between what a model with such inner products of its patterns says of trials."""
    products = factors @ gram @ factors.T
    size = np.sqrt(np.maximum(np.diag(products), 1e-300))
    return np.asarray(products / np.outer(size, size))


def _along(factors: np.ndarray) -> np.ndarray:
    """Means at places along the session, so that sessions of any length compare."""
    return np.array([part.mean(axis=0) for part in np.array_split(factors, _PLACES)])


def _similarity_distance(first: Described, second: Described, factors: np.ndarray) -> float:
    above = np.triu_indices(_PLACES, 1)
    other = _similarity(factors, second.gram)
    return 1 - float(np.corrcoef(first.similarity[above], other[above])[0, 1])


def _curve_distance(first: Described, second: Described, factors: np.ndarray) -> float:
    return 1 - subspace_overlap(first.factors, factors)


_DISTANCES = (
    ("trial similarity", _similarity_distance),
    ("learning curves", _curve_distance),
)


def _score(
    distance: Callable[[Described, Described, np.ndarray], float],
    first: Described,
    second: Described,
    n_shuffles: int,
    rng: np.random.Generator,
) -> Score:
    like_it = CourseSurrogates(second.factors)
    null = [distance(first, second, like_it.draw(rng)) for _ in range(n_shuffles)]
    return Score(distance(first, second, second.factors), np.array(null), "courses")


def plot_model_comparison(found: ModelComparison) -> Figure:
    """Draw similarity of trials and learning curves of both, and distances beside their nulls.

    Parameters
    ----------
    found : ModelComparison

    Returns
    -------
    matplotlib.figure.Figure
    """
    import matplotlib.pyplot as plt

    check_instance("found", found, ModelComparison, "what compare returns")
    figure, axes = plt.subplots(
        2, 3, figsize=(11, 6), width_ratios=[1, 1.3, 1.1], layout="constrained"
    )
    for row, (title, each) in enumerate(
        (("recording", found.recording), ("simulation", found.simulation))
    ):
        _plot_session(axes[row, 0], axes[row, 1], title, each)
    for place, (name, score) in zip(axes[:, 2], found.distances.items(), strict=True):
        place.hist(score.null, bins=20, color="0.75")
        place.axvline(score.value, color="#D55E00", lw=2)
        place.set(
            xlabel=f"distance of {name}", ylabel="unrelated sessions", xlim=(0, None),
            title=found.p_text(name),
        )  # fmt: skip
        place.spines[["top", "right"]].set_visible(False)
    return figure


def _plot_session(image: Axes, curves: Axes, title: str, each: Described) -> None:
    shown = image.imshow(each.similarity, vmin=-1, vmax=1, cmap="RdBu_r", extent=(0, 1, 1, 0))
    image.set(title=title, xlabel="place in the session", ylabel="place in the session")
    image.figure.colorbar(shown, ax=image, label="similarity of trials", shrink=0.8)
    factors = each.factors / np.abs(each.factors).max(axis=0)
    place = (np.arange(_PLACES) + 0.5) / _PLACES
    for r, factor in enumerate(factors.T):
        curves.plot(place, factor, color=_color(r), lw=1.4)
    curves.set(title=title, xlabel="place in the session", ylabel="trial factors (largest is 1)")
    curves.axhline(0, color="0.85", lw=0.8, zorder=0)
    curves.spines[["top", "right"]].set_visible(False)


def _color(index: int) -> str:
    """Colours that the colour-blind tell apart (Okabe & Ito 2008)."""
    colors = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
    return colors[index % len(colors)]
