"""Do the fast and the slow process appear in both regions, and does a decomposition see it?

Networks adapt, meet the opposite rotation, then an error clamp. Changes of activity in cortex and
in the cerebellum (pons, granule layer, nuclei), at equal power, are decomposed together; each
region's part in the fast and in the slow process is how much of its changes the two curves explain.

``python -m trialtensor_models.experiments.coemergence -o FIGURE``
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import typer
import xarray

from trialtensor import TCA, SliceTCA
from trialtensor.cli.console import say
from trialtensor.plotting.panels import draw_legend
from trialtensor.selection.slow_nulls import CourseSurrogates
from trialtensor_models.analysis import (
    CURVES,
    Recovery,
    changes_by_region,
    recovery_table,
    score_recovery,
)
from trialtensor_models.experiments.cortices import n_cortices
from trialtensor_models.experiments.figure_file import figure_to
from trialtensor_models.network import CCRNN
from trialtensor_models.sessions import Run, Schedule, simulate
from trialtensor_models.tasks import CenterOut

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SCHEDULE = Schedule().baseline(20).rotate(30, 80).rotate(-30, 20, until="zero").clamp(50)
COLORS = {"fast": "#D55E00", "slow": "#0072B2"}
_TURN = 72.0


@dataclass(frozen=True, eq=False)
class Coemergence:
    """Shares of the fast and the slow process by region.

    Attributes
    ----------
    run : Run
        Of the first network.
    explained : dict of (n_networks, n_regions) arrays
        Of "fast" and "slow": share of a region's changes over trials that only this curve explains.
    chance : dict of (n_networks, n_regions) arrays
        What 95 % of unrelated curves that are as slow stay below.
    recoveries : list of dict of Recovery
        By model, one a network.
    """

    run: Run
    explained: dict[str, np.ndarray]
    chance: dict[str, np.ndarray]
    recoveries: list[dict[str, Recovery]]


def measure(n_networks: int | None = None, schedule: Schedule = SCHEDULE) -> Coemergence:
    """Simulate, decompose and score."""
    runs = [
        simulate(
            CCRNN.pretrained(seed),
            CenterOut(n_targets=1, first_angle=_TURN * seed % 360),
            schedule,
            seed=seed,
        )
        for seed in range(n_cortices(n_networks))
    ]
    return Coemergence(
        run=runs[0],
        explained=_together([explained_by_region(run) for run in runs]),
        chance=_together([chance_by_region(run) for run in runs]),
        recoveries=[_recover(run) for run in runs],
    )


def _together(parts: list[dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
    return {name: np.array([part[name] for part in parts]) for name in CURVES}


def _recover(run: Run) -> dict[str, Recovery]:
    X = changes_by_region(_activity(run))
    models: dict[str, Any] = {
        "TCA (4)": TCA(4, n_init=3, random_state=0),
        "SliceTCA (2, 0, 0)": SliceTCA((2, 0, 0), n_init=3, random_state=0),
        "SliceTCA (3, 1, 1)": SliceTCA((3, 1, 1), n_init=3, random_state=0),
    }
    with warnings.catch_warnings():
        # That a fit stopped early matters less here than what it found.
        warnings.simplefilter("ignore")
        return {name: score_recovery(model.fit(X), run) for name, model in models.items()}


def regions_of(run: Run) -> list[str]:
    """Regions that a run has recorded, in its order."""
    return list(dict.fromkeys(run.truth.region.tolist()))


def explained_by_region(run: Run) -> dict[str, np.ndarray]:
    """For each curve, the share of every region's variance over trials that only it explains."""
    return _shares(run, {name: np.asarray(getattr(run.truth, name)) for name in CURVES})


def chance_by_region(run: Run, n_draws: int = 40) -> dict[str, np.ndarray]:
    """For each curve, the share that 95 % of unrelated curves that are as slow stay below."""
    rng = np.random.default_rng(0)
    chance = {}
    for name in CURVES:
        curves = {each: np.asarray(getattr(run.truth, each)) for each in CURVES}
        surrogates = CourseSurrogates(curves[name])
        drawn = [
            _shares(run, curves | {name: surrogates.draw(rng)}, (name,))[name]
            for _ in range(n_draws)
        ]
        chance[name] = np.quantile(drawn, 0.95, axis=0)
    return chance


def _shares(
    run: Run, curves: dict[str, np.ndarray], names: tuple[str, ...] = tuple(CURVES)
) -> dict[str, np.ndarray]:
    X = changes_by_region(_activity(run)).values
    shares: dict[str, list[float]] = {name: [] for name in names}
    for region in regions_of(run):
        Y = X[:, run.truth.region == region].reshape(len(X), -1)
        whole = _left(Y, list(curves.values()))
        for name in names:
            without = _left(Y, [curve for other, curve in curves.items() if other != name])
            shares[name].append((without - whole) / float((Y**2).sum()))
    return {name: np.array(values) for name, values in shares.items()}


def _activity(run: Run) -> xarray.DataArray:
    if run.activity is None:
        raise ValueError('record: expected a run with activity, simulate(record="all")')
    return run.activity


def _left(Y: np.ndarray, curves: list[np.ndarray]) -> float:
    design = np.column_stack([np.ones(len(Y)), *curves])
    return float(((Y - design @ np.linalg.lstsq(design, Y, rcond=None)[0]) ** 2).sum())


def plot_coemergence(found: Coemergence) -> Figure:
    """Curves of the truth, and of a decomposition; parts of the regions; scores."""
    import matplotlib.pyplot as plt

    figure, (first, second, third) = plt.subplots(
        1, 3, figsize=(12, 3.6), width_ratios=[1.5, 1, 1.3], layout="constrained"
    )
    for name in CURVES:
        first.plot(getattr(found.run.truth, name), color=COLORS[name], lw=1.8, label=name)
    block = found.run.behaviour["block"].values
    for edge in np.flatnonzero(np.diff(block)):
        first.axvline(edge + 0.5, color="0.85", lw=0.8, zorder=0)
    first.axhline(0, color="0.85", lw=0.8, zorder=0)
    first.set(xlabel="trial", ylabel="component of adaptation (degrees)")
    draw_legend(first, above=True)
    regions = regions_of(found.run)
    place = np.arange(len(regions))
    for shift, name in zip((-0.2, 0.2), CURVES, strict=True):
        values = found.explained[name]
        second.bar(place + shift, values.mean(axis=0), 0.38, color=COLORS[name], label=name)
        second.plot((place + shift)[:, None], values.T, ".", color="black", ms=4)
        chance = found.chance[name].mean(axis=0)
        second.hlines(chance, place + shift - 0.19, place + shift + 0.19, color="0.5", lw=1.6)
    second.set(
        xticks=place,
        xticklabels=regions,
        ylabel="share of changes explained alone\n(grey: 95 % of curves as slow)",
    )
    draw_legend(second, above=True)
    models = list(found.recoveries[0])
    for row, model in enumerate(models):
        for shift, name in zip((-0.15, 0.15), CURVES, strict=True):
            scores = [each[model].scores[name] for each in found.recoveries]
            third.plot(
                [score.value for score in scores], [row + shift] * len(scores), "o",
                color=COLORS[name], ms=5,
            )  # fmt: skip
            third.plot(
                [0, max(score.chance for score in scores)], [row + shift] * 2, color="0.6", lw=3,
                solid_capstyle="butt",
            )  # fmt: skip
    third.axvline(0.8, color="0.7", lw=0.8, ls="--")
    third.set(
        xlim=(0, 1.03), ylim=(len(models) - 0.5, -0.5), yticks=range(len(models)),
        yticklabels=models, xlabel="R² of the curve on trial factors\n(grey: curves as slow)",
    )  # fmt: skip
    for axes in (first, second, third):
        axes.spines[["top", "right"]].set_visible(False)
    return figure


def main(
    output: Annotated[Path, typer.Option("-o", "--output")] = Path("coemergence.png"),
    networks: Annotated[int | None, typer.Option(min=1, help="How many cortices.")] = None,
) -> None:
    """Measure which process emerges in which region, and how much of it TCA and SliceTCA find."""
    with figure_to(output) as write:
        found = measure(networks)
        for name in CURVES:
            shares = found.explained[name].mean(axis=0)
            chance = found.chance[name].mean(axis=0)
            each = zip(regions_of(found.run), shares, chance, strict=True)
            say(f"{name} " + ", ".join(f"{r} {s:.2f} (chance {c:.2f})" for r, s, c in each))
        for recovery in found.recoveries:
            say(recovery_table(recovery))
        write(plot_coemergence(found))


if __name__ == "__main__":
    typer.run(main)
