"""Simulated sessions: activity, behaviour, and the truth behind them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from trialtensor.data.parameters import check_flag, check_instance, check_whole
from trialtensor.opening.guard import reading_own
from trialtensor_models.network import Olive, PurkinjeCells
from trialtensor_models.sessions.circuit_files import as_dataset, from_dataset
from trialtensor_models.sessions.run_files import read_groups, write_groups
from trialtensor_models.sessions.shown import as_html, run_text, truth_text
from trialtensor_models.sessions.spikes import draw_spikes

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_SUBSPACES = "subspaces_"
# Arrays of a truth that not every simulator has, and their axes in a file.
_WEIGHTS = {
    "C": ("trial", "channel", "cortex"),
    "W_th": ("cortex", "channel"),
    "W_PC": ("trial", "channel", "granule"),
    "W_LTD": ("trial", "channel", "granule"),
    "region": ("neuron",),
}


@dataclass(frozen=True, eq=False)
class Truth:
    """The truth of a simulated session, to score methods against.

    Simulators other than the network give what they have: the schedule, and the two processes
    behind behaviour (zeros where there is only one).

    Attributes
    ----------
    schedule : xarray.Dataset
        By trial: epoch, block, condition, target, rotation, curl, clamp, cerebellum, learns; in
        tasks with choices also side (the right answer); expected (reward) where there are rewards.
    fast, slow : (n_trials,) xarray.DataArray
        What cerebellum and cortex contribute to the adaptation, in degrees: the command of a
        noiseless trial, less that of one with the cerebellum silent; and the latter, less that
        of the network before learning.
    C : (n_trials, 2, n_cortex) array
        What cortex has learned before each trial, ``ΔW_k = W_th C_k``; see `delta_W`.
    W_th : (n_cortex, 2) array
    W_PC : (n_trials, 2, n_granule) array
        Granule cells to nuclei, before each trial.
    W_LTD : (n_trials, 2, n_granule) array
        Depression that opponent Purkinje cells have in common, before each trial;
        ``purkinje.weights(W_PC[k], W_LTD[k])`` are the weights of the cells.
    purkinje, olive : PurkinjeCells and Olive, or None
        Purkinje cells and their climbing fibres, of networks that have them.
    counterfactual : xarray.Dataset, or None
        Activity of the same trials (same noise) with a part taken out: "no_cerebellum",
        "no_cortical_change", "neither". Complex spikes carry the error of the
        movement that it leads to; rewards are those of the trial itself.
    subspaces : dict of arrays with orthonormal columns
        "thalamic", "output" and "output_null" (of cortex), "granule" (leading components).
    region : (n_neurons,) array
        Region of each neuron of the activity.
    configuration : dict
        Of the model, task and plant; with the seeds.
    pathways : xarray.Dataset, or None
        Weights of all pathways by checkpoint, of a circuit that was trained as a whole.
    """

    schedule: xr.Dataset
    fast: xr.DataArray
    slow: xr.DataArray
    C: np.ndarray = field(default_factory=lambda: np.empty((0, 2, 0)))
    W_th: np.ndarray = field(default_factory=lambda: np.empty((0, 2)))
    W_PC: np.ndarray = field(default_factory=lambda: np.empty((0, 2, 0)))
    W_LTD: np.ndarray = field(default_factory=lambda: np.empty((0, 2, 0)))
    purkinje: PurkinjeCells | None = None
    olive: Olive | None = None
    counterfactual: xr.Dataset | None = None
    subspaces: dict[str, np.ndarray] = field(default_factory=dict)
    region: np.ndarray = field(default_factory=lambda: np.empty(0, dtype="<U1"))
    configuration: dict[str, Any] = field(default_factory=dict)
    pathways: xr.Dataset | None = None

    def __post_init__(self) -> None:
        check_instance("schedule", self.schedule, xr.Dataset, "a Dataset")
        check_instance("fast", self.fast, xr.DataArray, "a DataArray")
        check_instance("slow", self.slow, xr.DataArray, "a DataArray")

    def delta_W(self, trial: int) -> np.ndarray:
        """Change of the recurrent weights before a trial.

        Parameters
        ----------
        trial : int

        Returns
        -------
        (n_cortex, n_cortex) array

        Raises
        ------
        ValueError
            If there is no such trial, or the weights aren't known.
        """
        if not len(self.C):
            raise ValueError("C: this truth has no weights of a cortex")
        check_whole("trial", trial, 0, len(self.C) - 1)
        return self.W_th @ self.C[trial].astype(float)

    def __repr__(self) -> str:
        return truth_text(self)

    def _repr_html_(self) -> str:
        return as_html(repr(self))

    @property
    def nbytes(self) -> int:
        """Bytes of the weights of all trials, as they are stored."""
        return int(self.C.nbytes + self.W_PC.nbytes + self.W_LTD.nbytes)


@dataclass(frozen=True, eq=False)
class Run:
    """A simulated session.

    Attributes
    ----------
    activity : xarray.DataArray (trial, neuron, time), or None
        With coordinates region and unit (by neuron); epoch, target, block, and what else differs
        between trials (rotation, curl, clamp, context, choice, correct ...); go, peak_speed and,
        if it is recorded, outcome, times of events in seconds; time in seconds from the go signal.
        Of networks with Purkinje cells also preferred_direction (by neuron, degrees): of the error
        that a Purkinje cell corrects and its climbing fibre fires for. None for
        ``record="behaviour"``.
    behaviour : xarray.Dataset
        By trial: angle (direction of the hand from the target, degrees counter-clockwise), error
        (the same for the cursor), adaptation (of the motor command, degrees against
        counter-clockwise), end_error and deviation (m), and hand and cursor paths (trial, time,
        axis; m from the start). In tasks with choices also choice (-1 left, 1 right) and correct;
        reward in these, and in reaches with ``Plasticity(teacher="rpe")``.
    truth : Truth
    """

    activity: xr.DataArray | None
    behaviour: xr.Dataset
    truth: Truth

    def __post_init__(self) -> None:
        if self.activity is not None:
            check_instance("activity", self.activity, xr.DataArray, "a DataArray")
        check_instance("behaviour", self.behaviour, xr.Dataset, "a Dataset")
        check_instance("truth", self.truth, Truth, "a Truth")

    def __repr__(self) -> str:
        return run_text(self.activity, self.behaviour, self.truth)

    def _repr_html_(self) -> str:
        return as_html(repr(self))

    def save(self, path: str | os.PathLike[str], *, exact: bool = False) -> None:
        """Write the run as netCDF 4 (HDF5): arrays and text only, compressed.

        `trialtensor.read` reads the activity with its labels, and so does the command, as
        ``trialtensor fit run.nc``.

        Parameters
        ----------
        path : str or path
        exact : bool
            Keep activity and counterfactuals to the last bit, which takes twice the room.
            Unless true, their values are rounded by at most 1/2048 of the largest size of their
            neuron; zeros stay zeros. Behaviour and all other truth are never rounded.

        Raises
        ------
        FileNotFoundError
            If the folder does not exist.
        """
        _check_path(path)
        groups = {"behaviour": self.behaviour, **_groups_of(self.truth)}
        if self.activity is not None:
            groups["activity"] = self.activity.to_dataset(name="activity")
        write_groups(groups, self.truth.configuration, path, exact=check_flag("exact", exact))

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Run:
        """Read a run that `save` wrote.

        Parameters
        ----------
        path : str or path

        Returns
        -------
        Run

        Raises
        ------
        FileNotFoundError
            If there is no such file.
        ValueError
            If it is not a run, or of another version.
        """
        _check_path(path)
        with reading_own(Path(path), "run"):
            groups, configuration = read_groups(path)
            activity = groups["activity"]["activity"] if "activity" in groups else None
            return cls(activity, groups["behaviour"], _truth_of(groups, configuration))

    def plot(self, *, figure: Any = None) -> Figure:
        """Draw hand paths, the learning curve with its fast and slow parts, and regions' activity.

        Hand paths and activity are those of a few trials before the first perturbed block, at its
        beginning, at its end, and after it (the washout, if there is one).

        Parameters
        ----------
        figure : Figure or SubFigure, optional
            Drawn into; by default a new one.

        Returns
        -------
        matplotlib.figure.Figure or SubFigure
        """
        from trialtensor_models.sessions.run_figure import plot_run

        return plot_run(self.activity, self.behaviour, self.truth, figure)

    def film(
        self,
        path: str | os.PathLike[str],
        *,
        n_frames: int = 40,
        fps: float = 8.0,
        window: int = 8,
    ) -> Path:
        """Write a film of hand paths and activity over learning, an animated GIF.

        Parameters
        ----------
        path : str or path
            Ends in ``.gif``; replaced if it exists.
        n_frames : int
        fps : float
            Frames a second.
        window : int
            Trials that are seen at a time.

        Returns
        -------
        Path

        Raises
        ------
        ValueError, OSError
            If it can't be written there, or a number is out of range.
        """
        from trialtensor_models.sessions.film import write_film
        from trialtensor_models.sessions.run_figure import check_drawable

        check_drawable(self.behaviour, "hand", "adaptation")
        return write_film(
            path,
            self.activity,
            self.behaviour,
            self.truth,
            n_frames=n_frames,
            fps=fps,
            window=window,
        )

    def spikes(
        self, *, rate_scale: float = 20.0, bin_width: float = 0.02, seed: int = 0
    ) -> xr.DataArray:
        """Draw Poisson counts with the activity as rates; see `draw_spikes`.

        Parameters
        ----------
        rate_scale : float
            Spikes per second for each unit of activity.
        bin_width : float
            Seconds in a bin; a multiple of the bins of the activity.
        seed : int

        Returns
        -------
        xarray.DataArray (trial, neuron, time)

        Raises
        ------
        ValueError
            If there is no activity, a number is out of range, or the bins don't fit.
        """
        if self.activity is None:
            raise ValueError("record: a run of behaviour alone has no activity to draw spikes from")
        return draw_spikes(self.activity, rate_scale=rate_scale, bin_width=bin_width, seed=seed)


def _check_path(path: Any) -> None:
    if not isinstance(path, str | os.PathLike):
        raise ValueError(f"path: expected the name of a file, got {path!r}")


def _groups_of(truth: Truth) -> dict[str, xr.Dataset]:
    arrays = {name: (dims, getattr(truth, name)) for name, dims in _WEIGHTS.items()}
    known = {name: (dims, array) for name, (dims, array) in arrays.items() if array.size}
    weights = xr.Dataset({"fast": truth.fast, "slow": truth.slow, **known})
    groups = {"schedule": truth.schedule, "weights": weights}
    if truth.purkinje is not None and truth.olive is not None:
        groups["circuit"] = as_dataset(truth.purkinje, truth.olive)
    if truth.counterfactual is not None:
        groups["counterfactual"] = truth.counterfactual
    if truth.pathways is not None:
        groups["pathways"] = truth.pathways
    for name, basis in truth.subspaces.items():
        groups[_SUBSPACES + name] = xr.Dataset({"basis": (("unit", "component"), basis)})
    return groups


def _truth_of(groups: Mapping[str, xr.Dataset], configuration: dict[str, Any]) -> Truth:
    weights = groups["weights"]
    arrays: dict[str, Any] = {
        name: weights[name].to_numpy() for name in _WEIGHTS if name in weights
    }
    purkinje, olive = from_dataset(groups["circuit"]) if "circuit" in groups else (None, None)
    return Truth(
        schedule=groups["schedule"],
        fast=weights["fast"],
        slow=weights["slow"],
        purkinje=purkinje,
        olive=olive,
        counterfactual=groups.get("counterfactual"),
        pathways=groups.get("pathways"),
        subspaces={
            name.removeprefix(_SUBSPACES): group["basis"].to_numpy()
            for name, group in groups.items()
            if name.startswith(_SUBSPACES)
        },
        **arrays,
        configuration=configuration,
    )
