"""Whole sessions of spike counts: ``python -m benchmarks.sessions [--sessions N] [ROW ...]``.

How often is a change called learning, if neurons drift and drop out and nothing is learned, and how
often is learning found? Fits a TCA to each session, takes the changes of its components
(`transitions`), and asks their neurons (`replicate`).
"""

from __future__ import annotations

import argparse
import sys
import time
import warnings
from dataclasses import dataclass

import numpy as np

import trialtensor as tt
from trialtensor.tracking.courses import trial_series
from trialtensor.tracking.neuron_agreement import ALL_NEURONS, CONFIRMED
from trialtensor.tracking.replication import Replication, replicate
from trialtensor.tracking.transitions import transitions
from trialtensor.tracking.unstable_neurons import unstable_neurons

N_NEURONS, N_TIMES, ONSET, TIME_CONSTANT = 50, 25, 40, 15.0
LEARNER = 2  # the component that learns


@dataclass(frozen=True)
class Setting:
    """What happens in sessions, and how they are analysed.

    Attributes
    ----------
    drift : float
        Standard deviation of each neuron's log rate at the end of its random walk.
    dropouts : float
        Share of neurons that fall silent at some trial.
    learning : float
        By how much a component grows, exponentially from a quarter of the session on.
    gain : float
        The same, for all that all neurons do.
    n_components, n_trials : int
        Components of the model; three and a baseline are there.
    """

    drift: float = 0.0
    dropouts: float = 0.0
    learning: float = 0.0
    gain: float = 0.0
    n_components: int = 4
    n_trials: int = 160


@dataclass(frozen=True)
class Session:
    """Square roots of spike counts, and their truth.

    Attributes
    ----------
    X : (n_trials, n_neurons, n_times) array
    neurons, course : (n_neurons,), (n_times,) arrays
        Of the component that learns, if any does.
    dropped : dict of int -> int
        Neurons that fall silent, and the trial from which on they are.
    """

    X: np.ndarray
    neurons: np.ndarray
    course: np.ndarray
    dropped: dict[int, int]


def make_session(setting: Setting, seed: int) -> Session:
    """Draw the spike counts of a session: three components on a baseline."""
    rng = np.random.default_rng(seed)
    trials, times = np.arange(setting.n_trials), np.arange(N_TIMES)
    neurons = rng.gamma(0.5, 2.0, size=(N_NEURONS, 3))
    courses = np.exp(-0.5 * ((times[:, None] - [6, 12, 18]) / 3) ** 2)
    strengths = np.exp(0.2 * rng.normal(size=(setting.n_trials, 3)))
    onset = ONSET * setting.n_trials // 160
    learned = np.where(trials >= onset, 1 - np.exp(-(trials - onset) / TIME_CONSTANT), 0)
    strengths[:, LEARNER] *= 1 + setting.learning * learned
    rates = 0.5 + np.einsum("kr,nr,tr->knt", strengths, neurons, courses)
    rates *= (1 + setting.gain * learned)[:, None, None]
    walk = np.cumsum(rng.normal(size=rates.shape[:2]), axis=0) / np.sqrt(setting.n_trials)
    rates *= np.exp(setting.drift * (walk - walk.mean(axis=0)))[:, :, None]
    dropped = {}
    for neuron in np.flatnonzero(rng.random(N_NEURONS) < setting.dropouts).tolist():
        dropped[neuron] = int(rng.integers(setting.n_trials))
        rates[dropped[neuron] :, neuron] *= 0.02
    X = np.sqrt(rng.poisson(rates).astype(np.float64))
    return Session(X, neurons[:, LEARNER], courses[:, LEARNER], dropped)


@dataclass(frozen=True)
class Outcome:
    """What came of one session."""

    found: bool
    confirmed: bool
    learner_found: bool
    learner_confirmed: bool
    others_found: bool
    others_confirmed: bool
    together: bool
    seconds: float


def analyse(setting: Setting, session: Session, exclude: bool = False) -> Outcome:
    """Fit, find changes, and ask the neurons."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = tt.TCA(
            setting.n_components, nonnegative=True, n_init=2, tol=1e-5, random_state=0
        ).fit(session.X)
    series = trial_series(model, None, 20)
    changes = {
        name: [int(onset) for onset in transitions(y, max_transitions=2).onsets]
        for name, y in series.items()
    }
    start = time.process_time()
    unstable = unstable_neurons(session.X)["neuron"].to_numpy() if exclude else ()
    found = replicate(model, session.X, changes, exclude=unstable)
    seconds = time.process_time() - start
    likeness = _cosines(model.neuron_factors_, session.neurons)
    likeness *= _cosines(model.time_factors_, session.course)
    learner = list(series)[int(np.argmax(likeness))]
    return _outcome(changes, found, learner, seconds)


def _outcome(
    changes: dict[str, list[int]], found: Replication, learner: str, seconds: float
) -> Outcome:
    any_change = {name for name, onsets in changes.items() if onsets}
    confirmed = set(found.confirmed)
    return Outcome(
        bool(any_change),
        bool(confirmed),
        learner in any_change,
        learner in confirmed,
        bool(any_change - {learner}),
        bool(confirmed - {learner}),
        bool((found.table["verdict"] == ALL_NEURONS).any()),
        seconds,
    )


def _cosines(factors: np.ndarray, truth: np.ndarray) -> np.ndarray:
    norms = np.linalg.norm(factors, axis=0) * np.linalg.norm(truth)
    return np.asarray(factors.T @ truth / np.where(norms > 0, norms, 1))


BOTH = {"drift": 0.3, "dropouts": 0.1}
ROWS: dict[str, Setting] = {
    "nothing happens": Setting(),
    "drift": Setting(drift=0.3),
    "dropouts": Setting(dropouts=0.1),
    "drift and dropouts": Setting(**BOTH),
    "strong drift": Setting(drift=0.6),
    "a gain of all": Setting(gain=0.4),
    "a gain of all, drift and dropouts": Setting(**BOTH, gain=0.4),
    "learning": Setting(learning=0.6),
    "learning, drift and dropouts": Setting(**BOTH, learning=0.6),
}
for _more, _change in (
    ("one component too few", {"n_components": 3}),
    ("two too many", {"n_components": 6}),
    ("80 trials", {"n_trials": 80}),
):
    for _name in ("drift", "dropouts", "drift and dropouts", "learning, drift and dropouts"):
        ROWS[f"{_name}; {_more}"] = Setting(**{**vars(ROWS[_name]), **_change})


def row(name: str, n_sessions: int) -> list[str]:
    """Simulate sessions, and return a row of the table."""
    setting = ROWS[name]
    outcomes = [analyse(setting, make_session(setting, seed)) for seed in range(n_sessions)]

    def share(attribute: str) -> str:
        p = float(np.mean([getattr(each, attribute) for each in outcomes]))
        error = np.sqrt(max(p * (1 - p), 0.25 / n_sessions) / n_sessions)
        return f"{100 * p:.0f} ± {100 * error:.0f}"

    learns = setting.learning > 0
    return [
        name,
        share("found"),
        share("confirmed"),
        share("learner_found") if learns else "–",
        share("learner_confirmed") if learns else "–",
        share("others_found") if learns else "–",
        share("others_confirmed") if learns else "–",
        share("together"),
        f"{1000 * np.median([each.seconds for each in outcomes]):.0f}",
    ]


HEADER = [
    "sessions with",
    "any change found",
    f"any {CONFIRMED}",
    "learning found",
    f"learning {CONFIRMED}",
    "others found",
    f"others {CONFIRMED}",
    ALL_NEURONS,
    "ms a session",
]


def main(arguments: list[str] | None = None) -> int:
    """Print the table, a row at a time."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sessions", description=__doc__)
    parser.add_argument("rows", nargs="*", metavar="ROW", help=f"of: {'; '.join(ROWS)}")
    parser.add_argument("--sessions", type=int, default=200, help="a row (default 200)")
    options = parser.parse_args(arguments)
    unknown = set(options.rows) - set(ROWS)
    if unknown:
        parser.error(f"unknown row {', '.join(sorted(unknown))}")
    print(f"Per cent of {options.sessions} sessions, with their standard errors:\n")
    print("| " + " | ".join(HEADER) + " |")
    print("|" + " --- |" * len(HEADER), flush=True)
    for name in options.rows or ROWS:
        print("| " + " | ".join(row(name, options.sessions)) + " |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
