"""Every kind of model with data for it, among them one that another package might bring."""

import warnings

import numpy as np
import xarray
from sklearn.decomposition import NMF

from trialtensor import (
    TCA,
    CoupledTCA,
    Parafac2,
    SliceTCA,
    TrialVaryingDynamics,
    load,
    make_slicetca,
    make_tca,
)
from trialtensor.data import check_trial_tensor, make_parafac2
from trialtensor.models.base import TrialEstimator
from trialtensor.models.comparison import as_restart
from trialtensor.models.fitted import FitRecord, Fitted, Named
from trialtensor.models.parameters import check_whole
from trialtensor.models.parts import make_components
from trialtensor.models.summary import describe_data
from trialtensor.solvers.result import SolverResult, StopReason
from trialtensor.solvers.runs import RestartResult

SHAPE = (40, 12, 15)
BLOCKS = np.repeat([f"day {i}" for i in range(4)], 10)
AREAS = np.array(["V1"] * 7 + ["M1"] * 5)


class MeanNMF(TrialEstimator):
    """Non-negative factors of trials and neurons, constant in time: a kind from elsewhere."""

    def __init__(self, n_components, *, n_init=2, init="random", random_state=None, verbose=0):
        self.n_components = n_components
        self.n_init = n_init
        self.init = init
        self.random_state = random_state
        self.verbose = verbose

    def check_parameters(self):
        """Refuse anything but a number of components."""
        check_whole("n_components", self.n_components, 1)

    def transform(self, X, *, mask=None):
        """Trial factors of new trials, by least squares."""
        means = _means(check_trial_tensor(X, mask=mask))
        scaled = self.neuron_factors_ * self.weights_
        known = np.isfinite(means)
        rows = [np.linalg.lstsq(scaled[k], row[k], rcond=None)[0]
                for row, k in zip(means, known, strict=True)]  # fmt: skip
        return np.where(known.any(axis=1)[:, None], rows, np.nan)

    def inverse_transform(self, X):
        """The data that trial factors stand for."""
        means = (np.asarray(X) * self.weights_) @ self.neuron_factors_.T
        return np.repeat(means[:, :, None], self.fitted_.shape[2], axis=2)

    def score(self, X, y=None, *, mask=None):
        """Fraction of the sum of squares that is explained."""
        checked = check_trial_tensor(X, mask=mask)
        seen = np.ones(checked.values.shape, bool) if checked.observed is None else checked.observed
        left = (checked.values - self.inverse_transform(self.transform(X, mask=mask)))[seen]
        return 1 - np.nansum(left**2) / np.sum(checked.values[seen] ** 2)

    def _observe(self, X, mask, **_):
        return _Means(check_trial_tensor(X, mask=mask))

    def _warn_missing(self, data):
        """There is nothing to say."""

    def _solve(self, data, starts, on_restart):
        found = []
        for start in starts:
            solver = NMF(self.n_components, init="random", random_state=start.seed, max_iter=500)
            trial = solver.fit_transform(np.nan_to_num(np.maximum(data.means, 0)))
            result = SolverResult((trial, solver.components_.T), solver.reconstruction_err_**2,
                                  np.ones(1), solver.n_iter_, StopReason.CONVERGED)  # fmt: skip
            found.append(RestartResult(start.seed, result, True))
            on_restart(found[-1])
        return sorted(found, key=lambda each: each.result.loss)

    def _describe(self, data, found):
        trial, neuron = found[0].result.factors
        norms = [np.maximum(np.linalg.norm(f, axis=0), 1e-12) for f in (trial, neuron)]
        arrays = {
            "trial_factors": Named(("trial", "component"), trial / norms[0]),
            "neuron_factors": Named(("neuron", "component"), neuron / norms[1]),
            "weights": Named(("component",), norms[0] * norms[1]),
        }
        total = np.sum(np.square(data.checked.values))
        left = np.nan_to_num(data.means) - trial @ neuron.T
        loss = float(data.checked.values.shape[2] * np.sum(left**2))
        restarts = [
            as_restart(each, loss, total, 1.0, each.result.factors, norms[0], ("trial", "neuron"))
            for each in found
        ]
        record = FitRecord(loss, np.array([loss]), np.float64(1 - loss / total), 1,
                           StopReason.CONVERGED, restarts)  # fmt: skip
        shape = data.checked.values.shape
        summary = describe_data(shape, data.means.dtype, data.size, data.size, "none", "nothing")
        return self._assemble(arrays, record=record, data=summary, coords=data.checked.coords)

    def _assemble(self, arrays, *, record, data, coords):
        return Fitted("MeanNMF", arrays, make_components(arrays), record, data, coords)


class _Means:
    def __init__(self, checked):
        self.checked, self.means, self.size = checked, _means(checked), checked.values.size


def _means(checked):
    if checked.observed is None:
        return checked.values.mean(axis=2)
    counts = checked.observed.sum(axis=2)
    return np.where(counts > 0, checked.values.sum(axis=2) / np.maximum(counts, 1), np.nan)


def of_dynamics(n_trials, n_neurons, n_times, seed=0):
    """Two components that drive each other's neurons, one of them more and more."""
    rng = np.random.default_rng(seed)
    output = np.linalg.qr(rng.normal(size=(n_neurons, 2)))[0]
    source = output + 0.5 * np.linalg.qr(rng.normal(size=(n_neurons, 2)))[0]
    source /= np.linalg.norm(source, axis=0)
    trial = np.stack([rng.uniform(0.3, 0.8, n_trials), np.linspace(0.2, 0.9, n_trials)], axis=1)
    X = rng.normal(size=(n_trials, n_neurons, n_times))
    for k, t in np.ndindex(n_trials, n_times - 1):
        X[k, :, t + 1] += (output * trial[k]) @ source.T @ X[k, :, t]
    return X, (trial, output, source)


def _parts():
    """Model, data and further arguments of fit, of every kind and form."""
    X = make_tca(*SHAPE, 2, snr=2.0, random_state=0).X
    sessions = make_parafac2(10, (8, 12, 9, 7), 15, 2, snr=2.0, random_state=0).X
    regions = {"V1": X[:, :7], "M1": 10 * X[:, 7:, :12]}
    animals = {"ann": X[:22, :7], "bob": X[22:, 7:]}
    few = {"n_init": 2, "tol": 1e-4, "random_state": 0}
    return {
        "TCA": (TCA(2, **few), X, {}),
        "SliceTCA": (SliceTCA((1, 0, 1), **few),
                     make_slicetca(*SHAPE, (1, 0, 1), snr=2.0, random_state=0).X, {}),
        "Parafac2": (Parafac2(2, **few), X, {"blocks": BLOCKS}),
        "Parafac2 of sessions": (Parafac2(2, **few),
                                 dict(zip("abcd", sessions, strict=True)), {}),
        "Parafac2 of a list": (Parafac2(2, **few), list(sessions), {}),
        "Parafac2 in time": (Parafac2(2, varying="time", **few), X, {"blocks": BLOCKS}),
        "CoupledTCA": (CoupledTCA(2, groups=AREAS, **few), X, {}),
        "CoupledTCA of regions": (CoupledTCA(1, n_private=1, **few), regions, {}),
        "CoupledTCA of animals": (CoupledTCA(2, shared="time", **few), animals, {}),
        "TrialVaryingDynamics": (TrialVaryingDynamics(2, **few), of_dynamics(40, 6, 25)[0], {}),
        "MeanNMF": (MeanNMF(2, random_state=0), np.abs(X), {}),
    }  # fmt: skip


PARTS = _parts()
CONDITIONS = ("complete", "missing", "labelled", "float32", "loaded")


def case(name, condition="complete", folder=None):
    """A fitted model, its data and the further arguments of its fit."""
    model, X, options = PARTS[name]
    if condition == "missing":
        X = _each(X, _holed)
    elif condition == "float32":
        X = _each(X, lambda each: each.astype(np.float32))
    elif condition == "labelled" and isinstance(X, np.ndarray):
        X = xarray.DataArray(
            X.transpose(2, 0, 1),
            dims=("time", "trial", "neuron"),
            coords={"day": ("trial", BLOCKS), "neuron": [f"n{i}" for i in range(X.shape[1])]},
        )
        options = {key: "day" for key in options}
        if name == "CoupledTCA":
            X = X.assign_coords(area=("neuron", AREAS))
            model = model.__class__(**{**model.get_params(), "groups": "area"})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = type(model)(**model.get_params()).fit(X, **options)
    if condition == "loaded":
        model.save(folder / "model.h5")
        model = load(folder / "model.h5")
    return model, X, options


def _each(X, change):
    if isinstance(X, dict):
        return {key: change(each) for key, each in X.items()}
    return [change(each) for each in X] if isinstance(X, list) else change(X)


def _holed(X):
    """Single bins of all neurons, and an end of a trial, without data."""
    X = X.copy()
    X[2, :, -3:] = np.nan
    gone = np.random.default_rng(0).random((len(X), X.shape[2])) < 0.03
    X.swapaxes(1, 2)[gone] = np.nan
    return X
