"""What the functions that are taken through all models are called with."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.base import clone

from trialtensor.data import make_tca

N_TRIALS = 40
# Small numbers of whatever takes long.
SMALL: dict[str, Any] = {
    "n_samples": 2,
    "n_permutations": 2,
    "n_null": 19,
    "random_state": 0,
}


@dataclass(frozen=True, eq=False)
class Supplies:
    """A model, its data, and a folder.

    Attributes
    ----------
    model : estimator
    X : (n_trials, n_neurons, n_times) array or xarray.DataArray
    options : dict
        Further arguments of ``fit``.
    folder : Path
    fitted : bool
    """

    model: Any
    X: Any
    options: dict[str, Any]
    folder: Path
    fitted: bool

    @classmethod
    def of(cls, model: Any, condition: str, options: dict[str, Any], folder: Path) -> Supplies:
        """Data for a condition, and the model that is to be fitted to it."""
        return cls(model, data_for(condition), options, folder, condition != "unfitted")

    def with_model(self, model: Any) -> Supplies:
        """The same with another model."""
        return replace(self, model=model)

    def call(self, thing: Callable[..., Any]) -> Any:
        """Call a function with an argument for each of its parameters that needs one.

        Raises
        ------
        KeyError
            For a required parameter that nothing is known of: give it a value here.
        """
        given: dict[str, Any] = {}
        parameters = inspect.signature(thing).parameters
        for name, parameter in parameters.items():
            if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
                continue
            if parameter.default is not parameter.empty and name not in SMALL:
                if name in ("X", "components") and thing.__name__ != "write_report":
                    given[name] = self._value(name, thing)
                continue
            given[name] = self._value(name, thing)
        takes_options = any(p.kind is p.VAR_KEYWORD for p in parameters.values())
        if takes_options and thing.__name__ != "CrossValidatedSearch":
            given |= self.options
        return thing(**given)

    def _value(self, name: str, thing: Any) -> Any:
        if name in SMALL:
            return SMALL[name]
        values: dict[str, Callable[[], Any]] = {
            "model": lambda: self.model,
            "components": lambda: self.model,
            "first": lambda: self.model,
            "second": lambda: self.model,
            "fits": lambda: [self.model, self.model],
            "estimator": lambda: clone(self.model),
            "n_components": lambda: [self.model.n_components],
            "X": lambda: self._data(thing),
            "mask": lambda: None,
            "path": lambda: self.folder / f"{thing.__name__}.html",
            "folder": lambda: self.folder,
            "source": lambda: "recording.npz",
            "transform": lambda: "none",
            "early": lambda: np.arange(16),
            "late": lambda: np.arange(N_TRIALS - 16, N_TRIALS),
            "rng": lambda: np.random.default_rng(0),
            "layout": lambda: self.model.layout(self.X),
            "deviations": lambda: [1.0],
            "rows": lambda: [np.arange(20)],
            "start": lambda: np.ones((N_TRIALS, self.X.shape[1])),
            "n_times": lambda: 3,
        }
        return values[name]()

    def _data(self, thing: Any) -> Any:
        """Features for what goes back to data, the data for all else."""
        if thing.__name__ == "inverse_transform" and self.fitted:
            return np.nan_to_num(self.model._training_features())
        return self.X

    def commands(self) -> Iterator[tuple[str, Callable[[], Any]]]:
        """What the command line does with such a model and such data."""
        return iter(())


def data_for(condition: str) -> Any:
    """Trials x neurons x times, above zero on the whole."""
    data = make_tca(N_TRIALS, 12, 15, 2, nonnegative=True, snr=5.0, random_state=0)
    X = np.asarray(data.X)
    if condition == "float32":
        return X.astype(np.float32)
    if condition == "missing":
        X[::4, 2, 5:9] = np.nan
        X[7], X[:, 4] = np.nan, np.nan
    if condition == "labelled":
        import xarray

        coords: dict[str, Any] = {
            "neuron": [f"cell {n}" for n in range(X.shape[1])],
            "area": ("neuron", ["M1"] * 6 + ["V1"] * 6),
            "session": ("trial", np.repeat(list("abcde"), N_TRIALS // 5)),
            "time": np.linspace(-0.2, 0.5, X.shape[2]),
        }
        return xarray.DataArray(X, dims=("trial", "neuron", "time"), coords=coords)
    return X
