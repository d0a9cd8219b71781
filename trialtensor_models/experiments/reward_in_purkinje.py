"""Where in the circuit are outcome, choice, value and prediction errors, while rewards teach?

Cues whose answers are learned from rewards, and reversed a dozen times, in blocks of unequal
length. Complex spikes carry the error of reward: that is built in. Not built in is what becomes of
it in simple spikes when the next cue is shown. Each arm meets the same blocks: "reward";
"unrelated" (climbing fibres carry errors of other rewards than are given, and as much changes);
"told" (they show the right answer, and nothing of rewards); "none" (they rest).

``python -m trialtensor_models.experiments.reward_in_purkinje -o FIGURE``
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

import numpy as np
import pandas as pd
import typer

from trialtensor import TCA
from trialtensor.cli.console import say
from trialtensor.storage import frame_text, write_whole
from trialtensor.tracking import relate
from trialtensor_models.circuit import Circuit, learn_from_rewards, push_ahead
from trialtensor_models.experiments.decoding_over_blocks import Decoded, decode, held_out
from trialtensor_models.experiments.figure_file import figure_to
from trialtensor_models.experiments.learned_values import Values, fit_values, values_of
from trialtensor_models.experiments.reward_figure import plot_rewards
from trialtensor_models.sessions import Run
from trialtensor_models.tasks import ReversalLearning

Arm = Literal["reward", "unrelated", "told", "none"]
ARMS: tuple[Arm, ...] = get_args(Arm)
TABLES = Path(__file__).parent / "tables"
TASK = ReversalLearning(cue=0.4)
N_SEEDS, N_BLOCKS = 5, 12
# Seconds from the go signal: the end of the cue, and the outcome.
_CUE = (-0.2, 0.0)
_OUTCOME = (0.68, 0.84)
# Trials of a block that count as early, and as late.
_EARLY, _LATE = 10, 20
_REST = 1.0  # complex spikes a second
# Lesions, and the share that is gone; from trial 30 of the third block.
LESIONS = {"intact": (None, 0.0), "nuclei blocked": ("nuclei", 1.0),
           "half of Purkinje cells": ("purkinje", 0.5), "olive": ("olive", 1.0)}  # fmt: skip
_LESION_BLOCKS, _LESION_FROM = (40, 40, 60, 40), 110


def measure(
    n_seeds: int = N_SEEDS, n_blocks: int = N_BLOCKS, n_surrogates: int = 199
) -> dict[str, pd.DataFrame]:
    """Simulate all arms and lesions, and decode.

    Parameters
    ----------
    n_seeds, n_blocks, n_surrogates : int

    Returns
    -------
    dict of DataFrame
        "decoding", "courses", "learning" and "lesions".
    """
    rows: dict[str, list[dict[str, Any]]] = {
        "decoding": [],
        "courses": [],
        "learning": [],
        "lesions": [],
    }
    for seed in range(n_seeds):
        start = push_ahead(TASK, seed=seed)
        learner: Values | None = None
        for arm in ARMS:
            run = learn_from_rewards(
                TASK, start=start, blocks=blocks_of(seed, n_blocks), teaching=arm, seed=seed
            )
            session = Session(run, learner)
            learner = session.values
            known = {"seed": seed, "arm": arm}
            for name, of in (("decoding", decodings), ("courses", courses), ("learning", learning)):
                rows[name] += [known | row for row in of(session, n_surrogates)]
        rows["lesions"] += [{"seed": seed} | row for row in lesions(start, seed)]
    return {name: pd.DataFrame(table) for name, table in rows.items()}


def blocks_of(seed: int, n_blocks: int) -> list[int]:
    """Draw even lengths from 26 to 54: a course of equal ones would be its own surrogate."""
    return (2 * np.random.default_rng(seed).integers(13, 28, n_blocks)).tolist()


class Session:
    """A run, and what behaviour alone tells of it.

    Parameters
    ----------
    run : Run
    learner : Values, optional
        Whose rates are used; fitted to the run unless given. Choices that aren't learned tell of no
        rates, and all arms get those of the one with rewards.
    """

    def __init__(self, run: Run, learner: Values | None = None) -> None:
        assert run.activity is not None  # circuits record activity
        self.activity = run.activity
        self.behaviour = {str(name): run.behaviour[name].values for name in run.behaviour.data_vars}
        self.cue, self.block = self.behaviour["condition"], self.behaviour["block"]
        seen = (self.cue, self.behaviour["choice"], self.behaviour["reward"])
        self.values = fit_values(*seen) if learner is None else values_of(learner, *seen)
        chosen = np.where(seen[1] > 0, self.values.right, self.values.left)
        self.error = seen[2] - chosen

    def cells(self, region: str, population: str | None = None) -> np.ndarray:
        """(n_neurons,) whether a neuron is of a region, and of a part of it."""
        found = self.activity["region"].values == region
        if population is not None:
            found &= self.activity["population"].values == population
        return np.asarray(found)

    def rates(self, cells: np.ndarray, window: tuple[float, float]) -> np.ndarray:
        """(n_trials, n_cells) means over a window of time."""
        time = self.activity["time"].values
        within = (time >= window[0]) & (time < window[1])
        return np.asarray(self.activity.values[:, cells][:, :, within].mean(-1), dtype=float)

    def decoded(self, rates: np.ndarray, target: np.ndarray, n_surrogates: int) -> Decoded:
        """What `decode` finds in blocks that were held out."""
        return decode(rates, target, self.block, self.cue, n_surrogates=n_surrogates)

    def decoded_changes(self, rates: np.ndarray, target: np.ndarray, n_surrogates: int) -> Decoded:
        """What the change of rates since the last trial of the same cue tells of that trial."""
        now, before = self.since_same_cue()
        return decode(
            rates[now] - rates[before], target[before], self.block[now], self.cue[now],
            n_surrogates=n_surrogates,
        )  # fmt: skip

    def since_same_cue(self) -> tuple[np.ndarray, np.ndarray]:
        """Trials, and the ones before them with the same cue; both (n_trials - n_cues,)."""
        now, before = [], []
        for cue in np.unique(self.cue):
            places = np.flatnonzero(self.cue == cue)
            now.append(places[1:])
            before.append(places[:-1])
        order = np.argsort(np.concatenate(now))
        return np.concatenate(now)[order], np.concatenate(before)[order]


def decodings(session: Session, n_surrogates: int) -> Iterator[dict[str, Any]]:
    """Decode from complex spikes at the outcome, and from rates at the end of the cue."""
    told = session.behaviour
    targets = {
        "reward": told["reward"],
        "choice": told["choice"].astype(float),
        "prediction error": session.error,
    }
    for variable, target in targets.items():
        for region in ("olive", "purkinje"):
            rates = session.rates(session.cells(region), _OUTCOME)
            found = session.decoded(rates, target, n_surrogates)
            yield _row(region, "all", "outcome", variable, found)
    values = {
        "signed value": session.values.signed,
        "expected reward": session.values.expected,
        "choice": targets["choice"],
    }
    parts = [("purkinje", "motor"), ("purkinje", "reward"), ("cortex", None), ("pons", None),
             ("granule", None), ("nuclei", "motor"), ("nuclei", "reward")]  # fmt: skip
    for region, part in parts:
        rates = session.rates(session.cells(region, part), _CUE)
        for variable, target in values.items():
            found = session.decoded(rates, target, n_surrogates)
            yield _row(region, part or "all", "cue", variable, found)
        changed = session.decoded_changes(rates, session.error, n_surrogates)
        yield _row(region, part or "all", "cue", "last prediction error", changed)
    yield from _components(session, n_surrogates)


def _components(session: Session, n_surrogates: int) -> Iterator[dict[str, Any]]:
    """Decode from components that TCA finds in simple spikes before the outcome; `relate` them."""
    before = session.activity["time"].values < _OUTCOME[0]
    rates = session.activity[:, session.cells("purkinje")][..., before]
    with warnings.catch_warnings():
        # That a fit stopped early matters less here than what it found.
        warnings.simplefilter("ignore")
        model = TCA(6, n_init=2, random_state=0).fit(rates - rates.mean("trial"))
    factors = np.asarray(model.factors_["trial"])
    value = session.values.expected
    found = session.decoded(factors, value, n_surrogates)
    yield _row("purkinje", "TCA (6)", "all", "expected reward", found)
    nuclei = session.rates(session.cells("nuclei", "reward"), _CUE)
    # Cues take turns: what differs between them isn't what covaries from trial to trial.
    related = relate(
        _about(nuclei[:, 0] - nuclei[:, 1], session.cue), _about(value, session.cue),
        max_lead=0, n_null=199, n_bootstrap=20,
    )  # fmt: skip
    yield _row("nuclei", "reward", "cue", "expected reward, detrended", None) | {
        "score": related.correlation,
        "chance": float(related.chance[0]),
        "p_value": related.p_value,
    }


def _about(values: np.ndarray, cue: np.ndarray) -> np.ndarray:
    means = np.array([values[cue == each].mean() for each in np.unique(cue)])
    return values - means[np.searchsorted(np.unique(cue), cue)]


def _row(
    region: str, part: str, window: str, variable: str, found: Decoded | None
) -> dict[str, Any]:
    row: dict[str, Any] = {"region": region, "part": part, "window": window, "variable": variable}
    if found is None:
        return row
    return row | {
        "score": found.score,
        "chance": float(np.quantile(found.null, 0.95)) if len(found.null) else np.nan,
        "p_value": found.p_value,
    }


def courses(session: Session, _: int) -> Iterator[dict[str, Any]]:
    """Decode the expected reward in each bin of time, early and late in blocks."""
    place = session.behaviour["trial_in_block"]
    stages = {"early": place < _EARLY, "late": place >= _LATE}
    value = session.values.expected
    for part in ("motor", "reward"):
        cells = session.cells("purkinje", part)
        for k, time in enumerate(session.activity["time"].values):
            rates = session.activity.values[:, cells, k].astype(float)
            predicted = held_out(rates, value[:, None], session.block)[:, 0]
            for stage, trials in stages.items():
                varies = np.ptp(predicted[trials]) > 1e-12
                r = np.corrcoef(predicted[trials], value[trials])[0, 1] if varies else 0.0
                yield {"part": part, "stage": stage, "time": round(float(time), 3), "score": r}


def learning(session: Session, _: int) -> Iterator[dict[str, Any]]:
    """Right choices, and complex spikes beyond rest in rewarded trials, by trial of a block.

    Of the climbing fibres for more reward than expected; before the first reversal, and after all.
    """
    told = session.behaviour
    up = np.flatnonzero(session.cells("olive", "reward"))[:1]
    seconds = {"cue": (-0.4, _CUE[1]), "outcome": _OUTCOME}
    beyond = {
        name: (window[1] - window[0]) * (session.rates(up, window)[:, 0] - _REST)
        for name, window in seconds.items()
    }
    for later in (False, True):
        for place in range(int(told["trial_in_block"].max()) + 1):
            here = (told["trial_in_block"] == place) & ((session.block > 0) == later)
            paid = here & (told["reward"] > 0)
            if not paid.any():
                continue
            row = {"reversed": later, "trial": place, "correct": told["correct"][here].mean()}
            yield row | {name: spikes[paid].mean() for name, spikes in beyond.items()}


def lesions(start: Circuit, seed: int) -> Iterator[dict[str, Any]]:
    """Right choices before a lesion, after it, and after the reversal that follows."""
    for name, (region, share) in LESIONS.items():
        run = learn_from_rewards(
            TASK, start=start, blocks=_LESION_BLOCKS, lesion=region, share=share,
            lesion_from=_LESION_FROM, seed=seed,
        )  # fmt: skip
        correct = run.behaviour["correct"].values
        reversal = sum(_LESION_BLOCKS[:3])
        phases = {
            "before": slice(_LESION_FROM - 20, _LESION_FROM),
            "after the lesion": slice(_LESION_FROM, reversal),
            "after the reversal": slice(reversal + 20, None),
        }
        for phase, trials in phases.items():
            yield {"lesion": name, "phase": phase, "correct": correct[trials].mean()}


def write_tables(found: dict[str, pd.DataFrame], folder: Path = TABLES) -> None:
    """Write a table a file, with four decimals."""
    folder.mkdir(exist_ok=True)
    for name, table in found.items():
        write_whole(folder / f"reward_{name}.csv", frame_text(table.round(4)))


def read_tables(folder: Path = TABLES) -> dict[str, pd.DataFrame]:
    """Read what `write_tables` wrote; those of the package unless another folder is given."""
    names = ("decoding", "courses", "learning", "lesions")
    return {name: pd.read_csv(folder / f"reward_{name}.csv") for name in names}


def summary(decoding: pd.DataFrame) -> pd.DataFrame:
    """Mean scores over seeds, and in how many of them surrogates rarely do as well."""
    by = decoding.groupby(["window", "variable", "region", "part", "arm"], sort=False)
    return by.agg(
        score=("score", "mean"),
        chance=("chance", "mean"),
        n_significant=("p_value", _count_significant),
        n=("seed", "nunique"),
    ).reset_index()


def _count_significant(p_values: pd.Series) -> int:
    return int((p_values <= 0.05).sum())


def main(
    output: Annotated[Path, typer.Option("-o", "--output")] = Path("reward.png"),
    seeds: Annotated[int, typer.Option(min=1, help="Circuits of each arm.")] = N_SEEDS,
    tables: Annotated[Path | None, typer.Option(help="A folder for the tables.")] = None,
    shipped: Annotated[bool, typer.Option(help="Draw the package's tables.")] = False,
) -> None:
    """Decode outcome, choice, value and errors in circuits that rewards teach."""
    with figure_to(output) as write:
        found = read_tables() if shipped else measure(seeds)
        if tables is not None:
            write_tables(found, tables)
        for row in summary(found["decoding"]).itertuples():
            say(
                f"{row.window} {row.variable}, {row.region} {row.part}, {row.arm}: {row.score:.2f} "
                f"(chance {row.chance:.2f}), {row.n_significant} of {row.n}"
            )
        by = found["lesions"].groupby(["lesion", "phase"], sort=False)["correct"]
        for (lesion, phase), correct in by:
            say(f"{lesion}, {phase}: {correct.mean():.2f} right")
        write(plot_rewards(found))


if __name__ == "__main__":
    typer.run(main)
