"""People, a two-state model fitted to them, and networks with the rates of that fit.

The rates of the serial two-state model that fits a group of people best go into networks, which
then meet the same schedule: 32 trials of baseline, 100 of a 30 degree rotation, 12 of its opposite,
20 of an error clamp. Nothing else of the networks is fitted.

``python -m trialtensor_models.experiments.people two_rate_behaviour.npz -o FIGURE``
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import numpy as np
import typer

from trialtensor.cli.console import say
from trialtensor.plotting.panels import draw_legend
from trialtensor_models.experiments.cortices import n_cortices
from trialtensor_models.experiments.figure_file import figure_to
from trialtensor_models.network import CCRNN
from trialtensor_models.phenomena.figure import NETWORK, ONE_RATE, TWO_STATE
from trialtensor_models.rates import OneStateModel, TwoStateModel
from trialtensor_models.sessions import Schedule, simulate
from trialtensor_models.tasks import CenterOut

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_TURN = 72.0  # degrees from one network's target to the next's
_RATES = ("A_f", "B_f", "A_s", "B_s")


@dataclass(frozen=True, eq=False)
class Comparison:
    """Adaptation by trial, in degrees.

    Attributes
    ----------
    people : (n_people, n_trials) array
        NaN where missing.
    rotation : (n_trials,) array
        With the sign of the adaptation; NaN in the error clamp.
    two_state, one_state : models fitted to the mean of the people
    networks : (n_networks, n_trials) array
    """

    people: np.ndarray
    rotation: np.ndarray
    two_state: TwoStateModel
    one_state: OneStateModel
    networks: np.ndarray

    @property
    def error(self) -> dict[str, float]:
        """Root mean square distance to the mean of the people, in degrees."""
        mean = np.nanmean(self.people, axis=0)
        shown = {
            "networks": self.networks.mean(axis=0),
            "two-state": self.two_state.simulate(self.rotation).output,
            "one-rate": self.one_state.simulate(self.rotation).output,
        }
        return {name: float(np.sqrt(np.nanmean((y - mean) ** 2))) for name, y in shown.items()}


def compare_with_people(
    people: np.ndarray, rotation: np.ndarray, n_networks: int | None = None
) -> Comparison:
    """Fit, and simulate networks with what was found.

    Parameters
    ----------
    people : (n_people, n_trials) array
        Adaptation in degrees, with the sign of `rotation`; NaN where missing.
    rotation : (n_trials,) array
        In degrees; NaN in an error clamp.
    n_networks : int, optional
        Cortices; all of the package unless given.
    """
    mean = np.nanmean(people, axis=0)
    two_state = TwoStateModel.fit(mean, rotation, form="serial")
    rates = {name: getattr(two_state, name) for name in _RATES}
    schedule = schedule_of(rotation)
    networks = [
        simulate(
            CCRNN.pretrained(seed).with_plasticity(**rates),
            CenterOut(n_targets=1, first_angle=_TURN * seed % 360),
            schedule,
            seed=seed,
            record="behaviour",
        )
        for seed in range(n_cortices(n_networks))
    ]
    return Comparison(
        people=people,
        rotation=rotation,
        two_state=two_state,
        one_state=OneStateModel.fit(mean, rotation),
        networks=np.array([run.behaviour["adaptation"].values for run in networks]),
    )


def schedule_of(rotation: np.ndarray) -> Schedule:
    """The blocks of a series of rotations; NaN is an error clamp.

    Examples
    --------
    >>> [block.kind for block in schedule_of(np.array([0, 0, 30, np.nan])).blocks]
    ['baseline', 'rotate', 'clamp']
    """
    schedule = Schedule()
    codes = np.nan_to_num(np.asarray(rotation, dtype=float), nan=np.inf)
    for run in np.split(codes, np.flatnonzero(codes[1:] != codes[:-1]) + 1):
        if np.isinf(run[0]):
            schedule = schedule.clamp(len(run))
        elif run[0] == 0:
            schedule = schedule.baseline(len(run))
        else:
            schedule = schedule.rotate(float(run[0]), len(run))
    return schedule


def plot_comparison(found: Comparison) -> Figure:
    """Everyone's adaptation by trial; fast and slow states of the fit below."""
    import matplotlib.pyplot as plt

    figure, (above, below) = plt.subplots(
        2, 1, figsize=(8, 6.5), sharex=True, height_ratios=[2, 1], layout="constrained"
    )
    mean = np.nanmean(found.people, axis=0)
    n = np.isfinite(found.people).sum(axis=0)
    half = np.nanstd(found.people, axis=0, ddof=1) / np.sqrt(n)
    trace = found.two_state.simulate(found.rotation)
    above.fill_between(np.arange(len(mean)), mean - half, mean + half, color="0.8", lw=0)
    above.plot(mean, ".", color="black", ms=4, label=f"{len(found.people)} people, mean ± s.e.")
    networks = found.networks
    above.plot(networks.T, color=NETWORK, lw=0.5, alpha=0.4)
    above.plot(
        networks.mean(axis=0), color=NETWORK, lw=1.8, label=f"{len(networks)} networks, mean"
    )
    above.plot(trace.output, color=TWO_STATE, lw=1.8, label="two-state, fitted")
    one = found.one_state.simulate(found.rotation).output
    above.plot(one, color=ONE_RATE, lw=1.4, ls="--", label="one-rate, fitted")
    above.set_ylabel("adaptation (degrees)")
    draw_legend(above)
    below.plot(trace.fast, color=TWO_STATE, ls=":", lw=1.6, label="fast state")
    below.plot(trace.slow, color=TWO_STATE, lw=1.6, label="slow state")
    below.step(
        np.arange(len(mean)), found.rotation, where="mid", color="0.6", lw=1, label="rotation"
    )
    below.set(xlabel="trial", ylabel="degrees")
    draw_legend(below)
    edges = np.flatnonzero(np.diff(np.nan_to_num(found.rotation, nan=1e3)))
    for axes in (above, below):
        for edge in edges:
            axes.axvline(edge + 0.5, color="0.85", lw=0.8, zorder=0)
        axes.axhline(0, color="0.85", lw=0.8, zorder=0)
        axes.spines[["top", "right"]].set_visible(False)
    return figure


def main(
    data: Annotated[Path, typer.Argument(help="npz with hand_angle_deg and rotation_deg.")],
    output: Annotated[Path, typer.Option("-o", "--output")] = Path("people.png"),
) -> None:
    """Compare networks, a fitted two-state model and people."""
    with figure_to(output) as write:
        with np.load(data, allow_pickle=False) as file:
            # Hands go against the rotation of the cursor.
            found = compare_with_people(file["hand_angle_deg"], -file["rotation_deg"])
        intervals = found.two_state.found.intervals if found.two_state.found else {}
        for name, (low, high) in intervals.items():
            say(f"{name}  {getattr(found.two_state, name):.3f}  (95 %: {low:.3f} to {high:.3f})")
        for name, error in found.error.items():
            say(f"{name}: {error:.1f} degrees from the mean of the people (r.m.s.)")
        write(plot_comparison(found))


if __name__ == "__main__":
    typer.run(main)
