"""Methods that are scored: ours, those of scikit-learn, those of other packages where installed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import numpy as np

from trialtensor import TCA, Parafac2, SliceTCA

_PER_BLOCK = 20  # trials, for the model whose neurons differ between blocks
_STEPS = 300  # of the gradient, which takes a minute of one core a problem


@dataclass(frozen=True)
class Method:
    """A method by its name.

    Attributes
    ----------
    make : callable
        From the number of components to an object with ``fit``.
    needs : str, optional
        A package that has to be installed.
    """

    make: Callable[[int], Any]
    needs: str | None = None

    @property
    def is_there(self) -> bool:
        """True if what it needs is installed."""
        return self.needs is None or find_spec(self.needs) is not None


class Unfolded:
    """Let a method for matrices, such as those of scikit-learn, see trials as rows.

    Parameters
    ----------
    estimator : object with ``fit_transform``, or ``fit`` and ``transform``
        Gets (n_trials, n_neurons × n_times).
    nonnegative : bool
        Raise every neuron by its lowest value first.

    Attributes
    ----------
    trial_loadings_ : (n_trials, n_components) array
    trial_slices_ : (n_components, n_neurons, n_times) array
        Where the estimator has ``components_``.

    Examples
    --------
    >>> from sklearn.decomposition import PCA
    >>> X = np.random.default_rng(0).normal(size=(20, 6, 5))
    >>> Unfolded(PCA(2)).fit(X).trial_slices_.shape
    (2, 6, 5)
    """

    def __init__(self, estimator: Any, *, nonnegative: bool = False) -> None:
        self.estimator, self.nonnegative = estimator, nonnegative

    def fit(self, X: Any) -> Unfolded:
        """Fit to (n_trials, n_neurons, n_times) values."""
        values = np.asarray(X, dtype=float)
        if self.nonnegative:
            values = values - values.min(axis=(0, 2), keepdims=True)
        matrix = values.reshape(len(values), -1)
        if hasattr(self.estimator, "fit_transform"):
            found = self.estimator.fit_transform(matrix)
        else:
            found = self.estimator.fit(matrix).transform(matrix)
        self.trial_loadings_ = np.asarray(found)
        if hasattr(self.estimator, "components_"):
            components = np.asarray(self.estimator.components_)
            self.trial_slices_ = components.reshape(-1, *values.shape[1:])
        return self


class _InBlocks:
    """Parafac2 with blocks of consecutive trials; a pattern is the mean of those of the blocks."""

    def __init__(self, n_components: int) -> None:
        self.model = Parafac2(n_components, n_init=1, smoothness=0.0, random_state=0)

    def fit(self, X: Any) -> _InBlocks:
        values = np.asarray(X, dtype=float)
        model = self.model.fit(values, blocks=np.arange(len(values)) // _PER_BLOCK)
        neuron = np.mean(model.neuron_factors_, axis=0) * model.weights_
        self.trial_loadings_ = model.trial_factors_
        self.trial_slices_ = np.einsum("nr,tr->rnt", neuron, model.time_factors_)
        return self


class _Tensortools:
    """``cp_als`` of tensortools (Williams et al. 2018), the best of three starts."""

    def __init__(self, n_components: int) -> None:
        self.n_components = n_components

    def fit(self, X: Any) -> _Tensortools:
        import tensortools

        values = np.asarray(X, dtype=float)
        fits = [
            tensortools.cp_als(values, self.n_components, random_state=seed, verbose=False)
            for seed in range(3)
        ]
        best = min(fits, key=lambda fit: float(fit.obj))
        self.trial_factors_, self.neuron_factors_, self.time_factors_ = best.factors
        return self


class _SlicetcaPackage:
    """``decompose`` of slicetca (Pellegrino et al. 2024), on the processor."""

    def __init__(self, n_components: tuple[int, int, int]) -> None:
        self.n_components = n_components

    def fit(self, X: Any) -> _SlicetcaPackage:
        import slicetca
        import torch

        values = np.asarray(X, dtype=np.float32)
        scale = float(np.std(values))
        _, model = slicetca.decompose(
            torch.tensor(values / scale),
            self.n_components,
            max_iter=_STEPS,
            seed=0,
            progress_bar=False,
        )
        loadings, slices = model.get_components(numpy=True)[0]
        self.trial_loadings_ = np.asarray(loadings).T
        self.trial_slices_ = scale * np.asarray(slices)
        return self


class _Drift:
    """Random walks that know nothing of the data: what has to come out as chance."""

    def __init__(self, n_components: int) -> None:
        self.n_components = n_components

    def fit(self, X: Any) -> _Drift:
        return self

    def transform(self, X: Any) -> np.ndarray:
        steps = np.random.default_rng(0).standard_normal((len(X), self.n_components))
        return np.cumsum(steps, axis=0)


def _pca(n: int) -> Unfolded:
    from sklearn.decomposition import PCA

    return Unfolded(PCA(n, random_state=0))


def _nmf(n: int) -> Unfolded:
    from sklearn.decomposition import NMF

    return Unfolded(NMF(n, init="nndsvda", max_iter=500, random_state=0), nonnegative=True)


def _slices(n: int) -> tuple[int, int, int]:
    """Components for trials, neurons and times: most for trials, which learning curves are in."""
    return max(n - 2, 1), int(n > 1), int(n > 2)


METHODS: dict[str, Method] = {
    "TCA": Method(lambda n: TCA(n, n_init=3, random_state=0)),
    "SliceTCA": Method(lambda n: SliceTCA(_slices(n), n_init=3, random_state=0)),
    "Parafac2": Method(_InBlocks),
    "PCA": Method(_pca),
    "NMF": Method(_nmf),
    "tensortools": Method(_Tensortools, needs="tensortools"),
    "slicetca": Method(lambda n: _SlicetcaPackage(_slices(n)), needs="slicetca"),
    "drift (control)": Method(_Drift),
}
