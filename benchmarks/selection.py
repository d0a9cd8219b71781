"""Success rates of our rules and those of other tools in finding the number of components."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.evidence import N_JOBS, N_NOISE_SETS, Check, parallel
from trialtensor import TCA, SliceTCA
from trialtensor.data import make_slicetca, make_tca
from trialtensor.selection import CrossValidatedSearch, Speckled, restart_profile

SHAPE = (60, 30, 40)
# Power of the signal over that of the noise.
NOISE = {"low": 4.0, "moderate": 1.0, "high": 0.2}
N_SETS = 20
REQUIRED = 0.9
TCA_GRID = tuple(range(1, 11))
SLICE_GRID = tuple(itertools.product(range(4), range(3), range(4)))
SLICE_TRUTHS = ((2, 1, 2), (0, 2, 1), (1, 0, 2), (2, 0, 0), (1, 1, 1))
SPEED_SHAPE = (345, 95, 22)
SPEED_LIMIT = 60.0


@dataclass(frozen=True)
class Found:
    """Fraction of data sets in which each rule chose the planted number of components."""

    model: str
    noise: str
    shares: dict[str, float]

    @property
    def met(self) -> bool:
        """True if, at moderate noise, both of our rules are right in 90 % of the data sets."""
        ours = [share for rule, share in self.shares.items() if rule.startswith("search")]
        return self.noise != "moderate" or min(ours) >= REQUIRED


def compare() -> list[Found]:
    """Run all models at all noise levels."""
    found = []
    for name, count in (("TCA", _count_tca), ("SliceTCA", _count_slices)):
        for noise, snr in NOISE.items():
            choices = list(parallel(count, [(snr, seed) for seed in range(N_SETS)], name))
            rules = choices[0][1]
            shares = {
                rule: float(np.mean([chosen[rule] == truth for truth, chosen in choices]))
                for rule in rules
            }
            found.append(Found(name, noise, shares))
    return found


def checks() -> list[Check]:
    """Check pure noise, and the speed of a search."""
    return [_speed(), _pure_noise()]


def table(found: list[Found]) -> str:
    """Format results as a Markdown table."""
    lines = ["| model | noise | rule | right | required | verdict |", "| --- " * 6 + "|"]
    for each in found:
        for rule, share in each.shares.items():
            ours = rule.startswith("search") and each.noise == "moderate"
            verdict = ("met" if share >= REQUIRED else "MISSED") if ours else ""
            required = f"{REQUIRED:.0%}" if ours else ""
            lines.append(
                f"| {each.model} | {each.noise} | {rule} | {share:.0%} | {required} | {verdict} |"
            )
    return "\n".join(lines)


def elbow(explained: np.ndarray) -> int:
    """Return the elbow of the explained-variance curve, the number a user would pick by eye.

    tensortools plots the error of its ensembles against the number of components and leaves
    the choice to the user. The largest second difference stands in for that choice.
    """
    curve = np.concatenate([[0.0], explained])
    return int(np.argmin(np.diff(curve, 2))) + 1


def _count_tca(snr: float, seed: int) -> tuple[int, dict[str, Any]]:
    truth = 2 + seed % 7
    X = make_tca(*SHAPE, truth, snr=snr, random_state=seed).X.astype(np.float32)
    estimator = TCA(1, n_init=3, tol=1e-4)
    search = _search(estimator, TCA_GRID).fit(X)
    profile = restart_profile(estimator, TCA_GRID, X, random_state=0)
    stable = profile.loc[profile["stability"] > 0.9, "n_components"]
    return truth, {
        "search, one standard error": search.one_se_n_components_,
        "search, lowest error": search.best_n_components_,
        "elbow of explained variance": elbow(profile["explained"].to_numpy()),
        "most components with stability > .9": int(stable.max()) if len(stable) else 0,
    }


def _count_slices(snr: float, seed: int) -> tuple[tuple[int, int, int], dict[str, Any]]:
    truth = SLICE_TRUTHS[seed % len(SLICE_TRUTHS)]
    X = make_slicetca(*SHAPE, truth, snr=snr, random_state=seed).X.astype(np.float32)
    search = _search(SliceTCA((1, 0, 0), n_init=1, tol=1e-4), SLICE_GRID).fit(X)
    fits = search.results_
    single = fits[fits["split"] == 0]
    return truth, {
        "search, one standard error": search.one_se_n_components_,
        "search, lowest error": search.best_n_components_,
        # slicetca's grid search holds out one mask and chooses the lowest error.
        "lowest error on one mask": single.loc[single["error"].idxmin(), "n_components"],
    }


def _search(estimator: Any, grid: Iterable[Any]) -> CrossValidatedSearch:
    return CrossValidatedSearch(estimator, grid, splits=Speckled(), refit=False, random_state=0)


def _pure_noise() -> Check:
    chosen = list(parallel(_choose_in_noise, [(s,) for s in range(N_NOISE_SETS)], "pure noise"))
    share = float(np.mean([each == 0 for each in chosen]))
    return Check("pure noise: no component chosen", share, ">= 0.95", share >= 0.95)


def _choose_in_noise(seed: int) -> int:
    X = np.random.default_rng(seed).standard_normal(SHAPE)
    chosen: int = _search(TCA(1, n_init=2, tol=1e-4), range(1, 4)).fit(X).one_se_n_components_
    return chosen


def _speed() -> Check:
    """Time 1 to 12 components, 5 masks and 5 restarts, as for counts of a recording."""
    X = make_tca(*SPEED_SHAPE, 6, nonnegative=True, snr=0.3, random_state=0).X.astype(np.float32)
    search = CrossValidatedSearch(
        TCA(1, n_init=5, tol=1e-4),
        range(1, 13),
        splits=Speckled(n_splits=5),
        n_jobs=N_JOBS,
        refit=False,
        random_state=0,
    )
    began = time.perf_counter()
    search.fit(X)
    seconds = time.perf_counter() - began
    name = "ranks 1 to 12, 5 masks, 5 restarts on 345 x 95 x 22 (s)"
    return Check(name, seconds, f"< {SPEED_LIMIT:g}", seconds < SPEED_LIMIT)
