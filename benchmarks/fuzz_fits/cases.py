"""Random fits: a model, its options and its data, all drawn from one number."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from trialtensor import TCA, CoupledTCA, Parafac2, SliceTCA, TrialVaryingDynamics
from trialtensor.data import make_mask

Array = np.ndarray
COURSES = ("random", "sorted", "drifting", "constant", "sparse")
PATTERNS = ("entries", "tracked", "trial_length", "blocks")


@dataclass(frozen=True)
class Case:
    """One fit that is to be tried.

    Attributes
    ----------
    seed : int
        What it was drawn from.
    model : unfitted estimator
    values : list of (n_trials, n_neurons, n_times) arrays
        Complete; more than one only for several datasets.
    seen : list of bool arrays, or None
        False where missing; None for complete data.
    options : dict
        Further arguments of ``fit`` and ``transform``.
    names : tuple of str, or None
        Names of several datasets.
    """

    seed: int
    model: Any
    values: list[Array]
    seen: list[Array] | None = None
    options: dict[str, Any] = field(default_factory=dict)
    names: tuple[str, ...] | None = None

    def form(self, arrays: list[Array]) -> Any:
        """Put arrays into the form that ``fit`` takes."""
        return arrays[0] if self.names is None else dict(zip(self.names, arrays, strict=True))

    @property
    def X(self) -> Any:
        """The data with NaN where missing."""
        if self.seen is None:
            return self.form(self.values)
        return self.form(
            [
                np.where(o, x if x.dtype.kind == "f" else x.astype(float), np.float32(np.nan))
                for x, o in zip(self.values, self.seen, strict=True)
            ]
        )

    @property
    def mask(self) -> Any:
        """True where observed, in the form of ``X``; None for complete data."""
        return None if self.seen is None else self.form(self.seen)

    def changed(self, change: Callable[[Array], Array]) -> "Case":
        """Return the case with other values."""
        return replace(self, values=[change(each) for each in self.values])

    def energy(self) -> float:
        """Sum of squares of what was observed."""
        seen = self.seen or [np.ones(x.shape, bool) for x in self.values]
        return sum(
            float(np.sum(x[o].astype(np.float64) ** 2))
            for x, o in zip(self.values, seen, strict=True)
        )

    def __str__(self) -> str:
        shapes = [" x ".join(map(str, x.shape)) for x in self.values]
        missing = "complete" if self.seen is None else (
            f"{1 - np.mean(np.concatenate([o.ravel() for o in self.seen])):.0%} missing"
        )  # fmt: skip
        model = " ".join(repr(self.model).split())
        return (
            f"seed {self.seed}: {model}, {', '.join(shapes)}, {self.values[0].dtype}, "
            f"{missing}, {self.options or 'no options'}"
        )


def draw(seed: int) -> Case:
    """Draw a case.

    Parameters
    ----------
    seed : int
    """
    rng = np.random.default_rng(seed)
    kind = KINDS[rng.integers(len(KINDS))]
    return kind(seed, rng)


def _common(rng: np.random.Generator) -> dict[str, Any]:
    return {
        "n_init": int(rng.integers(1, 4)),
        "max_iter": int(rng.choice([1, 5, 200, 2000])),
        "init": str(rng.choice(["svd", "random"])),
        "random_state": int(rng.integers(1000)),
    }


def _shape(rng: np.random.Generator) -> tuple[int, int, int]:
    shape = rng.integers(2, 13, 3)
    if rng.random() < 0.15:
        shape[rng.integers(3)] = rng.integers(60, 200)
    return tuple(int(n) for n in shape)


def _values(rng: np.random.Generator, shape: tuple[int, int, int], rank: int) -> Array:
    """Draw planted components, noise of any strength, any unit and any type of numbers."""
    signs = rng.choice([-0.5, 0.0])
    trial = _courses(rng, shape[0], rank)
    neuron, time = (rng.random((n, rank)) + signs for n in shape[1:])
    signal = np.einsum("kr,nr,tr->knt", trial, neuron, time)
    noise = rng.choice([0.0, 0.1, 1.0, 10.0], p=[0.1, 0.3, 0.4, 0.2])
    X = signal + noise * (signal.std() or 1) * rng.standard_normal(shape)
    if rng.random() < 0.15:
        return rng.poisson(np.abs(X)).astype(rng.choice([np.int64, np.float32, np.uint8]))
    if rng.random() < 0.15:
        X[:, rng.integers(shape[1])] = 0
    X *= 10.0 ** rng.uniform(-4, 4)
    return X.astype(np.float32) if rng.random() < 0.25 else X


def _courses(rng: np.random.Generator, n_trials: int, rank: int) -> Array:
    found = rng.random((n_trials, rank))
    kind = rng.choice(COURSES)
    if kind == "sorted":
        found.sort(axis=0)
    elif kind == "drifting":
        found = np.cumsum(rng.standard_normal((n_trials, rank)), axis=0)
    elif kind == "constant":
        found[:] = 1
    elif kind == "sparse":
        found *= rng.random(found.shape) < 0.3
    return found


def _seen(rng: np.random.Generator, shapes: list[tuple[int, int, int]]) -> list[Array] | None:
    """Draw what is observed: everything, a pattern of missing entries, or lost slices too."""
    if rng.random() < 0.45:
        return None
    pattern, fraction = str(rng.choice(PATTERNS)), rng.choice([0.02, 0.2, 0.5, 0.7])
    found = [make_mask(shape, pattern, fraction, rng) for shape in shapes]
    if rng.random() < 0.15:
        for seen in found:
            axis = int(rng.integers(3))
            np.moveaxis(seen, axis, 0)[rng.integers(seen.shape[axis])] = False
    return found


def _tca(seed: int, rng: np.random.Generator) -> Case:
    shape, rank = _shape(rng), int(rng.integers(1, 5))
    model = TCA(
        rank,
        nonnegative=[False, True, ("trial",), ("neuron", "time")][rng.integers(4)],
        solver=str(rng.choice(["auto", "full", "als"])),
        **_common(rng),
    )
    return Case(seed, model, [_values(rng, shape, rank)], _seen(rng, [shape]))


def _slicetca(seed: int, rng: np.random.Generator) -> Case:
    shape = _shape(rng)
    ranks = tuple(int(rank) for rank in rng.integers(0, 3, 3))
    model = SliceTCA(
        ranks if any(ranks) else (1, 1, 1), nonnegative=bool(rng.random() < 0.3), **_common(rng)
    )
    return Case(seed, model, [_values(rng, shape, 3)], _seen(rng, [shape]))


def _parafac2(seed: int, rng: np.random.Generator) -> Case:
    shape, rank = _shape(rng), int(rng.integers(1, 4))
    model = Parafac2(
        rank,
        nonnegative=[False, ("trial",), ("time",)][rng.integers(3)],
        **_common(rng),
    )
    blocks = np.sort(rng.integers(0, int(rng.integers(1, 4)), shape[0]))
    options = {"blocks": blocks} if rng.random() < 0.8 else {}
    return Case(seed, model, [_values(rng, shape, rank)], _seen(rng, [shape]), options)


def _coupled(seed: int, rng: np.random.Generator) -> Case:
    n_trials, _, n_times = _shape(rng)
    shapes = [(n_trials, int(n), n_times) for n in rng.integers(2, 9, rng.integers(2, 4))]
    rank = int(rng.integers(1, 4))
    model = CoupledTCA(
        rank,
        n_private=int(rng.integers(0, 2)),
        shared=str(rng.choice(["trial", "time"])),
        balanced=bool(rng.random() < 0.5),
        nonnegative=[False, True, ("trial",)][rng.integers(3)],
        **_common(rng),
    )
    values = [_values(rng, shape, rank).astype(np.float64) for shape in shapes]
    return Case(seed, model, values, _seen(rng, shapes), names=("a", "b", "c")[: len(shapes)])


def _dynamics(seed: int, rng: np.random.Generator) -> Case:
    shape, rank = _shape(rng), int(rng.integers(1, 4))
    model = TrialVaryingDynamics(rank, **_common(rng))
    return Case(seed, model, [_values(rng, shape, rank)], _seen(rng, [shape]))


KINDS = (_tca, _slicetca, _parafac2, _coupled, _dynamics)
