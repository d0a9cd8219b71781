"""Coverage of bootstrap intervals under drift, and levels of nulls for slow courses.

``python -m benchmarks.uncertainty`` prints tables for the guide; ``--sessions 5`` is a quick look.
"""

from __future__ import annotations

import argparse
import sys
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from trialtensor import TCA
from trialtensor.models.fitted import Restart
from trialtensor.selection import bootstrap, residual_report, stability
from trialtensor.solvers.matching import align_to
from trialtensor.solvers.result import StopReason
from trialtensor_models.analysis import compare, learning_score, one_factor_scores

SHAPE = (80, 30, 20)
N_COMPONENTS = 3
N_SAMPLES = 40
LEVEL = 0.9
N_SHUFFLES = 99
ALPHA = 0.05
AXES = ("trial", "neuron", "time")


@dataclass(frozen=True)
class Case:
    """A kind of session: what its neurons do, and what is fitted to it."""

    name: str
    drift: float = 0.0
    snr: float = 0.5
    n_components: int = N_COMPONENTS
    nonnegative: bool = False


CASES = (
    Case("no drift"),
    Case("drift .3", drift=0.3),
    Case("drift .3, little noise", drift=0.3, snr=4.0),
    Case("drift .3, little noise, non-negative", drift=0.3, snr=4.0, nonnegative=True),
    Case("drift .6", drift=0.6),
    Case("drift .3, one component too few", drift=0.3, n_components=2),
)


def session(case: Case, seed: int) -> tuple[np.ndarray, tuple[np.ndarray, ...]]:
    """Draw a session in which each neuron's log gain wanders, and one component is learned.

    Returns
    -------
    X : (n_trials, n_neurons, n_times) array
    factors : tuple of (n_axis, 3) arrays
        As they would be in neurons whose gains average out.
    """
    n_trials, n_neurons, n_times = SHAPE
    rng, bins, trials = np.random.default_rng(seed), np.arange(n_times), np.arange(n_trials)
    draw = rng.gamma if case.nonnegative else rng.normal
    neuron = draw(1.0, 1.0, size=(n_neurons, N_COMPONENTS))
    if not case.nonnegative:
        neuron -= 1
    time = np.exp(-0.5 * ((bins[:, None] - n_times * np.array([0.25, 0.5, 0.75])) / 2.5) ** 2)
    trial = 1 + 0.3 * rng.normal(size=(n_trials, N_COMPONENTS))
    since = trials - n_trials / 3
    trial[:, 2] += np.where(since > 0, 1 - np.exp(-since / 15), 0)
    steps = rng.normal(size=(n_trials, n_neurons)) / np.sqrt(n_trials)
    wander = np.cumsum(steps, axis=0)
    wander = case.drift * (wander - wander.mean(axis=0))
    # About 1 on average over neurons, on every trial.
    place = (trials + 0.5) / n_trials
    variance = case.drift**2 * (1 / 3 - place + place**2)
    gain = np.exp(wander - variance[:, None] / 2)
    signal = np.einsum("kr,nr,tr,kn->knt", trial, neuron, time, gain)
    noise = rng.normal(size=SHAPE) * signal.std() / np.sqrt(case.snr)
    return signal + noise, (trial, neuron, time)


def late_less_early(found: dict[str, Any]) -> np.ndarray:
    """Return the last less the first quarter of each component's course, (R,)."""
    course = found["trial_factors"]
    n = len(course) // 4
    return np.asarray(course[-n:].mean(axis=0) - course[:n].mean(axis=0))


def covered(case: Case, seed: int) -> dict[str, list[float]]:
    """Return the shares of planted values that intervals hold, by what was drawn.

    A list has shares of trial, neuron and time factors and of late less early strength.
    """
    X, factors = session(case, seed)
    found: dict[str, list[float]] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = TCA(case.n_components, n_init=2, nonnegative=case.nonnegative, random_state=0)
        model.fit(X)
        own = tuple(getattr(model, f"{axis}_factors_") for axis in AXES)
        units = tuple(factor / np.linalg.norm(factor, axis=0) for factor in factors)
        truth = dict(zip(AXES, _like(own, units), strict=True))
        for over in ("trials", "neurons", "both"):
            sure = bootstrap(
                model,
                X,
                over=over,  # type: ignore[arg-type]
                statistic=late_less_early,
                n_samples=N_SAMPLES,
                level=LEVEL,
                random_state=seed,
            )
            shares = [_share(sure.interval(f"{axis}_factors"), truth[axis]) for axis in AXES]
            risen = late_less_early({"trial_factors": truth["trial"]})
            found[over] = [*shares, _share(sure.interval("statistic"), risen)]
        found["warned"] = [float(residual_report(model, X).shared.is_shared)]
    return found


def _like(own: tuple[np.ndarray, ...], units: tuple[np.ndarray, ...]) -> tuple[np.ndarray, ...]:
    """Give planted factors the order and signs of a model, which may have fewer."""
    n = own[0].shape[1]
    alike = np.prod([np.abs(a.T @ b) for a, b in zip(own, units, strict=True)], axis=0)
    kept = np.sort(np.argsort(-alike.max(axis=0))[:n])
    aligned = align_to(own, tuple(factor[:, kept] for factor in units))[0]
    return tuple(np.asarray(each) for each in aligned)


def _share(interval: np.ndarray, truth: np.ndarray) -> float:
    return float(np.mean((truth >= interval[0]) & (truth <= interval[1])))


def walk(rng: np.random.Generator, n: int) -> np.ndarray:
    """Draw a random walk."""
    return np.cumsum(rng.normal(size=n))


def autoregressive(rng: np.random.Generator, n: int) -> np.ndarray:
    """Draw a course whose next value is .95 of the last, plus noise."""
    course = np.zeros(n)
    last = rng.normal() / np.sqrt(1 - 0.95**2)
    for k, step in enumerate(rng.normal(size=n)):
        course[k] = last = 0.95 * last + step
    return course


def learning(rng: np.random.Generator, n: int) -> np.ndarray:
    """Draw a course that is learned from some trial on, at some rate, up or down."""
    onset, rate = rng.uniform(0.05, 0.6) * n, rng.uniform(0.03, 0.4) * n
    since = np.arange(n) - onset
    course = np.where(since > 0, 1 - np.exp(-since / rate), 0)
    return np.asarray(rng.choice([-1, 1]) * course + 0.1 * rng.normal(size=n))


def louder(rng: np.random.Generator, n: int) -> np.ndarray:
    """Draw white noise whose variance is nine times as large in the second half."""
    return np.asarray(rng.normal(size=n) * np.where(np.arange(n) < n / 2, 1, 3))


COURSES: dict[str, Callable[[np.random.Generator, int], np.ndarray]] = {
    "random walks": walk,
    "AR(.95)": autoregressive,
    "learning curves": learning,
    "variance x 9 halfway": louder,
}
N_TRIALS = 120


def false_alarms(kind: str, seed: int) -> list[bool]:
    """Return which tests call unrelated courses related, each at the 5 % level.

    `learning_score`, `one_factor_scores`, and the two distances of `compare`.
    """
    draw, rng = COURSES[kind], np.random.default_rng(seed)
    curve = draw(rng, N_TRIALS)
    factors = np.column_stack([draw(rng, N_TRIALS) for _ in range(3)])
    options: dict[str, Any] = {"n_shuffles": N_SHUFFLES, "random_state": rng}
    scores = [
        learning_score(factors, curve, **options),
        one_factor_scores(factors, curve[:, None], **options)[0],
    ]
    found = [score.p_value <= ALPHA for score in scores]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        both = compare(_recorded(draw, rng), _recorded(draw, rng), n_components=3, **options)
    return [*found, *(both.p_value(name) <= ALPHA for name in both.distances)]


def _recorded(
    draw: Callable[[np.random.Generator, int], np.ndarray], rng: np.random.Generator
) -> np.ndarray:
    """Draw a session of three components with such courses."""
    trial = np.column_stack([draw(rng, N_TRIALS) for _ in range(3)])
    trial /= trial.std(axis=0)
    neuron, time = rng.normal(size=(12, 3)), rng.normal(size=(10, 3))
    signal = np.einsum("kr,nr,tr->knt", trial, neuron, time)
    return signal + signal.std() * rng.normal(size=signal.shape) / 3


def unrelated_restarts(shared: bool, n_components: int, seed: int) -> float:
    """Return the corrected stability of unrelated models, with or without common profiles."""
    rng, lengths = np.random.default_rng(seed), (60, 30, 40)
    profiles = [np.ones(n) for n in lengths]
    if shared:
        bins = np.arange(lengths[2])
        profiles = [
            np.exp(-np.arange(lengths[0]) / 40),
            0.02 + rng.gamma(0.4, 2, size=lengths[1]),
            0.02 + np.exp(-0.5 * ((bins - 15) / 5) ** 2),
        ]
    restarts = [
        Restart(
            0, 1.0, 0.5, 1.0, StopReason.CONVERGED, 9,
            tuple(rng.gamma(1.0, size=(len(p), n_components)) * p[:, None] for p in profiles),
            np.ones(n_components),
        )
        for _ in range(5)
    ]  # fmt: skip
    return stability(restarts).corrected


def coverage_table(n_sessions: int, cases: Sequence[Case] = CASES) -> str:
    """Format coverage, with Monte-Carlo errors over sessions, as a Markdown table."""
    lines = [
        "| sessions | drawn | trial factors | neuron factors | time factors | late - early | "
        "warned of too few |",
        "| --- " * 7 + "|",
    ]
    for case in cases:
        found = [covered(case, seed) for seed in range(n_sessions)]
        warned = np.mean([each["warned"] for each in found])
        for over in ("trials", "neurons", "both"):
            shares = np.array([each[over] for each in found])
            errors = shares.std(axis=0, ddof=1) / np.sqrt(n_sessions)
            cells = [f"{100 * m:.0f} ± {100 * e:.1f}" for m, e in zip(shares.mean(axis=0), errors,
                                                                      strict=True)]  # fmt: skip
            lines.append(f"| {case.name} | {over} | {' | '.join(cells)} | {100 * warned:.0f} |")
        _say(lines[-3:])
    return "\n".join(lines)


def null_table(n_pairs: int) -> str:
    """Format shares of unrelated courses that are called related, in percent."""
    lines = [
        "| unrelated | learning curve, all factors | one factor | trial similarity | "
        "learning curves |",
        "| --- " * 5 + "|",
    ]
    for kind in COURSES:
        share = np.mean([false_alarms(kind, seed) for seed in range(n_pairs)], axis=0)
        errors = np.sqrt(share * (1 - share) / n_pairs)
        cells = [f"{100 * m:.1f} ± {100 * e:.1f}" for m, e in zip(share, errors, strict=True)]
        lines.append(f"| {kind} | {' | '.join(cells)} |")
        _say(lines[-1:])
    return "\n".join(lines)


def stability_table(n_models: int) -> str:
    """Format the corrected stability of unrelated non-negative models."""
    lines = [
        "| components | nothing in common | rates and envelope in common |",
        "| --- " * 3 + "|",
    ]
    for n in (1, 2, 4, 6):
        cells = []
        for shared in (False, True):
            found = [unrelated_restarts(shared, n, seed) for seed in range(n_models)]
            error = np.std(found, ddof=1) / np.sqrt(n_models)
            cells.append(f"{np.mean(found):.3f} ± {error:.3f}")
        lines.append(f"| {n} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _say(lines: Sequence[str]) -> None:
    print("\n".join(lines), file=sys.stderr, flush=True)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.uncertainty", description=__doc__)
    parser.add_argument("--sessions", type=int, default=100, help="a row of the coverage")
    parser.add_argument("--pairs", type=int, default=200, help="unrelated pairs a row")
    parser.add_argument("--models", type=int, default=20, help="unrelated sets of restarts a cell")
    options = parser.parse_args()
    print(null_table(options.pairs), flush=True)
    print("\n" + stability_table(options.models), flush=True)
    print("\n" + coverage_table(options.sessions))


if __name__ == "__main__":
    main()
