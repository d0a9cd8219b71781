"""Arguments for the functions that every model is passed to."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.base import clone

from trialtensor.data import make_tca
from trialtensor.selection import bootstrap

N_TRIALS = 40
REFUSED = 2  # exit status of a command
# Options of commands that name a label of the data.
_LABELS = {"blocks": "session", "groups": "area"}
# Here a page shows what it shows of complete data.
_SAME_PAGE = ("float32", "loaded")
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
    condition : str
    """

    model: Any
    X: Any
    options: dict[str, Any]
    folder: Path
    condition: str

    @property
    def fitted(self) -> bool:
        """True if the model is fitted."""
        return self.condition != "unfitted"

    @classmethod
    def of(
        cls, model: Any, condition: str, options: dict[str, Any], folder: Path, data: Any = None
    ) -> Supplies:
        """Data for a condition, and the model that is to be fitted to it."""
        X = data_for(condition) if data is None else changed(data, condition)
        return cls(model, X, options, folder, condition)

    def with_model(self, model: Any) -> Supplies:
        """Return the same supplies with another model."""
        return replace(self, model=model)

    def call(self, thing: Callable[..., Any]) -> Any:
        """Call a function, supplying each parameter that needs an argument.

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
            if name in self.options:
                given[name] = self.options[name]
                continue
            if name == "static":  # pages with their scripts cost much more
                given[name] = self.condition in _SAME_PAGE
                continue
            if parameter.default is not parameter.empty and name not in SMALL:
                chosen = name == "components" and "model" in parameters  # some of the model's
                asked = name in ("X", "components", "estimator") and not chosen
                if asked and thing.__name__ != "write_report":
                    given[name] = self._value(name, thing)
                continue
            given[name] = self._value(name, thing)
        if any(p.kind is p.VAR_KEYWORD for p in parameters.values()):
            # What is fitted already knows them.
            given |= {} if self.fitted and "model" in parameters else self.options
        return thing(**given)

    def _value(self, name: str, thing: Any) -> Any:
        if name in SMALL:
            return SMALL[name]
        grid = "estimator" in inspect.signature(thing).parameters
        values: dict[str, Callable[[], Any]] = {
            "model": lambda: self.model,
            "components": lambda: self.model,
            "first": lambda: self.model,
            "second": lambda: self.model,
            "fits": lambda: [self.model, self.model],
            "estimator": lambda: clone(self.model),
            "n_components": lambda: [self.model.n_components] if grid else 2,
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
            "rows": lambda: [np.arange(len(each)) for each in self.model.layout(self.X).values],
            "deviations": lambda: [1.0] * len(self.model.layout(self.X).values),
            "start": lambda: np.ones((N_TRIALS, self.X.shape[1])),
            "n_times": lambda: 3,
            "found": lambda: self._found(thing),
        }
        return values[name]()

    def _found(self, thing: Any) -> Any:
        """Return what was found about the model before."""
        if thing.__name__ != "plot_bootstrap":
            return {}
        return bootstrap(self.model, self.X, n_samples=SMALL["n_samples"], random_state=0)

    def _data(self, thing: Any) -> Any:
        """Return features for functions that invert them, data for all others."""
        if thing.__name__ == "inverse_transform" and self.fitted:
            return self.model.training_features()
        return self.X

    def commands(self) -> Iterator[tuple[str, Callable[[], Any]]]:
        """Yield the commands that apply to this kind of model and data, by name."""
        if not self.fitted:
            return
        model = self.folder / "of_command.h5"
        self.model.save(model)
        yield "command track MODEL", partial(self._command, "track", str(model))
        if self.condition not in ("complete", "labelled", "missing"):
            return  # a file holds the same
        if isinstance(self.X, (list, dict)):
            return  # no file holds these
        file = self._write()
        counts = ",".join(["1"] * len(self.model.component_types)) or "2"
        kind = ["--model", type(self.model).command_name(), "--components", counts]
        if self.condition == "labelled":
            kind += [word for name, label in _LABELS.items() if self._takes(name)
                     for word in (f"--{name}", label)]  # fmt: skip
        # Those of labelled data have most on their pages.
        static = [] if self.condition == "labelled" else ["--static"]
        kind += static
        yield "command track", partial(self._command, "track", file, *kind)
        kind += self._as_short()
        yield "command fit", partial(self._command, "fit", file, *kind)
        few = ["--repeats", "1", "--n-jobs", "1"]
        yield "command rank", partial(self._command, "rank", file, *kind, *few)

    def _as_short(self) -> list[str]:
        """Options for fits of commands that take as long as the model's."""
        given = self.model.get_params(deep=False)
        return [
            word
            for name in ("n_init", "max_iter")
            if given.get(name) is not None
            for word in (f"--{name.replace('_', '-')}", str(given[name]))
        ]

    def _takes(self, name: str) -> bool:
        return name in self.model.get_params(deep=False) or name in self.model.fit_options

    def _write(self) -> str:
        """Write the data to a file."""
        if hasattr(self.X, "to_netcdf"):
            path = self.folder / "recording.nc"
            self.X.to_netcdf(path, engine="h5netcdf")
        else:
            path = self.folder / "recording.npz"
            np.savez(path, X=self.X)
        return str(path)

    def _command(self, *words: str) -> None:
        """Run a command, and raise its message if it failed."""
        from typer.testing import CliRunner

        from trialtensor.cli import app

        done = CliRunner().invoke(app, [*words, "-o", str(self.folder / "out")])
        if done.exit_code == REFUSED:
            raise ValueError(done.output)
        if done.exit_code:
            raise RuntimeError(f"exit status {done.exit_code}: {done.output} {done.exception!r}")


def changed(data: Any, condition: str) -> Any:
    """Data of the caller's own as a condition has it, in the same form."""
    if isinstance(data, dict):
        return {name: changed(each, condition) for name, each in data.items()}
    if isinstance(data, list):
        return [changed(each, condition) for each in data]
    if condition == "float32":
        return data.astype(np.float32)
    if condition == "missing":
        data = data.copy()
        data[::4, 2, 5:9] = np.nan
    return data


def data_for(condition: str) -> Any:
    """Make trials x neurons x times with a positive mean."""
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
