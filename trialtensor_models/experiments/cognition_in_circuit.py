"""What do Purkinje cells and nuclei tell of answers while a circuit learns to accumulate or match?

Circuits are trained as a whole on accumulated evidence and on matching after a delay: cortex by
back-propagation, the cerebellum by it too, or by its local rule. At checkpoints, the right answer
is decoded from each region before the go signal, and the nuclei are blocked.

``python -m trialtensor_models.experiments.cognition_in_circuit -o FIGURE``
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import pandas as pd
import typer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from trialtensor.cli.console import say
from trialtensor.storage import frame_text, write_whole
from trialtensor_models.circuit import Anatomy, Circuit, Training, train_jointly
from trialtensor_models.experiments.figure_file import figure_to
from trialtensor_models.tasks import DelayedMatch, EvidenceAccumulation, Task

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TABLE = Path(__file__).parent / "tables" / "cognition_in_circuit.csv"
TASKS: tuple[Task, ...] = (EvidenceAccumulation(), DelayedMatch())
RULES: dict[str, Any] = {"gradient": "bptt", "local": {"cortex": "bptt", "cerebellum": "local"}}
CHECKPOINTS = (0, 5, 10, 20, 40, 70, 100)
REGIONS = {"cortex": "#0072B2", "purkinje": "#D55E00", "nuclei": "#009E73"}
_BEFORE_GO = 0.1  # seconds that are decoded from
_N_TRIALS = 160


def measure(
    n_seeds: int = 2,
    *,
    tasks: Sequence[Task] = TASKS,
    checkpoints: Sequence[int] = CHECKPOINTS,
    anatomy: Anatomy | None = None,
) -> pd.DataFrame:
    """Train circuits, and decode at every checkpoint.

    Parameters
    ----------
    n_seeds : int
    tasks : sequence of tasks with choices
    checkpoints : sequence of int
        Iterations.
    anatomy : Anatomy, optional

    Returns
    -------
    DataFrame
        By task, rule of the cerebellum, seed and iteration: shares of right choices ("correct",
        and "correct_blocked" without the nuclei), and of right answers that are decoded from each
        region before the go signal.
    """
    rows = []
    for task in tasks:
        for rule, rules in RULES.items():
            for seed in range(n_seeds):
                training = train_jointly(
                    task, anatomy=anatomy, rules=rules, checkpoints=checkpoints,
                    n_iterations=max(checkpoints), pushes=0.0, seed=seed,
                )  # fmt: skip
                known = {"task": task.name, "cerebellum": rule, "seed": seed}
                rows += [known | row for row in _checkpoints(training)]
    return pd.DataFrame(rows)


def _checkpoints(training: Training) -> Iterator[dict[str, Any]]:
    behaviour = training.performance(n_repeats=10)
    for k, iteration in enumerate(training.iterations):
        shares = {name: float(behaviour[name][k]) for name in ("correct", "correct_blocked")}
        yield {"iteration": int(iteration), **shares, **decoded(training.circuit(k))}


def decoded(circuit: Circuit, seed: int = 0) -> dict[str, float]:
    """Decode the right answer from each region before the go signal, in trials that are held out.

    Parameters
    ----------
    circuit : Circuit
    seed : int
        Of stimuli and noise.

    Returns
    -------
    dict of float
        Share of right answers by logistic regression, balanced over answers; .5 is chance.
    """
    conditions = np.resize(np.arange(circuit.setting.n_conditions), _N_TRIALS)
    trials = circuit.draw(conditions, seed=seed, noise=None)
    activity = circuit.run(trials)
    before = slice(trials.go - round(_BEFORE_GO / circuit.anatomy.dt), trials.go)
    found = {}
    for region in REGIONS:
        rates = getattr(activity, region)[before].mean(0)
        model = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=500))
        scores = cross_val_score(model, rates, trials.side, cv=5, scoring="balanced_accuracy")
        found[region] = float(scores.mean())
    return found


def plot_cognition(found: pd.DataFrame) -> Figure:
    """Right choices with nuclei and without, and decoded answers, over training.

    Parameters
    ----------
    found : DataFrame
        Of `measure`.

    Returns
    -------
    matplotlib.figure.Figure
    """
    import matplotlib.pyplot as plt

    groups = list(found.groupby(["task", "cerebellum"], sort=False))
    figure, axes = plt.subplots(
        2, len(groups), figsize=(3 * len(groups), 5.4), sharex=True, sharey=True, squeeze=False,
        layout="constrained",
    )  # fmt: skip
    for (above, below), ((task, rule), rows) in zip(axes.T, groups, strict=True):
        mean = rows.groupby("iteration").mean(numeric_only=True)
        above.plot(mean["correct"], color="k", marker="o", ms=3, label="intact")
        above.plot(mean["correct_blocked"], color="0.55", marker="o", ms=3, label="nuclei blocked")
        for region, color in REGIONS.items():
            below.plot(mean[region], color=color, marker="o", ms=3, label=region)
        above.set_title(f"{task}, cerebellum: {rule}", fontsize=10)
        below.set_xlabel("batches")
        for ax in (above, below):
            ax.axhline(0.5, color="0.7", lw=0.8, ls=(0, (4, 3)), zorder=0)
            ax.set_ylim(0.3, 1.05)
            ax.spines[["top", "right"]].set_visible(False)
    axes[0, 0].set_ylabel("right choices")
    axes[1, 0].set_ylabel("answers decoded before the go")
    for ax in axes[:, 0]:
        ax.legend(frameon=False, fontsize=8, loc="lower right")
    return figure


def main(
    output: Annotated[Path, typer.Option("-o", "--output")] = Path("cognition_in_circuit.png"),
    seeds: Annotated[int, typer.Option(min=1)] = 2,
    table: Annotated[Path | None, typer.Option(help="Where the table goes, as CSV.")] = None,
    shipped: Annotated[bool, typer.Option(help="Draw the package's table.")] = False,
) -> None:
    """Decode answers from regions of circuits that learn to accumulate and to match."""
    with figure_to(output) as write:
        found = pd.read_csv(TABLE) if shipped else measure(seeds)
        if table is not None:
            write_whole(table, frame_text(found.round(4)))
        last = found[found["iteration"] == found["iteration"].max()]
        by = last.groupby(["task", "cerebellum"], sort=False).mean(numeric_only=True)
        for (task, rule), row in by.iterrows():
            decoding = ", ".join(f"{region} {row[region]:.2f}" for region in REGIONS)
            say(
                f"{task}, cerebellum {rule}: {row['correct']:.2f} right, "
                f"{row['correct_blocked']:.2f} without nuclei; decoded: {decoding}"
            )
        write(plot_cognition(found))


if __name__ == "__main__":
    typer.run(main)
