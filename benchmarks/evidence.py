"""Reliability of statements about a model: false alarms, chance levels, interval coverage."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import joblib
import numpy as np
import scipy.linalg
from tqdm import tqdm

from trialtensor import TCA, SliceTCA, fix_gauge
from trialtensor.data import make_slicetca, make_tca
from trialtensor.selection import bootstrap, component_test, stability
from trialtensor.solvers.matching import align_to

N_JOBS = 2
N_NOISE_SETS = 100
# A test at the 5 % level has 5 % false alarms, not fewer, so more data sets are needed to show that
# there are no more.
N_LEVEL_SETS = 400
LEVEL = 0.05
N_SETS = 20
NOISE_SHAPE = (40, 15, 20)
SHAPE = (60, 30, 40)
AXES = ("trial", "neuron", "time")
N_PERMUTATIONS = 19


@dataclass(frozen=True)
class Check:
    """A measured number and its requirement."""

    name: str
    value: float
    required: str
    met: bool


def compare() -> list[Check]:
    """Measure false alarms in noise, the stability of unrelated models, and coverage."""
    nulls = ("permute_trials", "shift_trials", "shift_times")
    return [*map(_false_alarms, nulls), *_chance(), *_coverage()]


def table(checks: list[Check]) -> str:
    """Format checks as a Markdown table."""
    lines = ["| check | measured | required | verdict |", "| --- " * 4 + "|"]
    for check in checks:
        verdict = "met" if check.met else "MISSED"
        lines.append(f"| {check.name} | {check.value:.3g} | {check.required} | {verdict} |")
    return "\n".join(lines)


def parallel(call: Callable[..., Any], jobs: list[tuple[Any, ...]], name: str) -> Iterator[Any]:
    """Run the jobs in single-threaded processes and return results in their order."""
    with warnings.catch_warnings(), joblib.parallel_config("loky", inner_max_num_threads=1):
        running = joblib.Parallel(n_jobs=N_JOBS, return_as="generator")
        yield from tqdm(
            running(joblib.delayed(call)(*job) for job in jobs), total=len(jobs), desc=name
        )


def _false_alarms(null: str) -> Check:
    jobs = [(null, seed) for seed in range(N_LEVEL_SETS)]
    clean = 1 - float(np.mean(list(parallel(_significant_in_noise, jobs, null))))
    error = (LEVEL * (1 - LEVEL) / N_LEVEL_SETS) ** 0.5
    least = 1 - LEVEL - 2 * error
    name = f"noise: no component significant at the 5 % level ({null})"
    return Check(name, clean, f">= 0.95 - 2 SE = {least:.3f}", clean >= least)


def _significant_in_noise(null: str, seed: int) -> bool:
    X = np.random.default_rng(seed).standard_normal(NOISE_SHAPE)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        test = component_test(
            TCA(2, n_init=2, random_state=0),
            X,
            null=null,
            n_permutations=N_PERMUTATIONS,
            random_state=seed,
        )
    return bool(test.significant().any())


def _chance() -> list[Check]:
    checks = []
    kinds: dict[str, Callable[[np.random.Generator, tuple[int, int]], np.ndarray]] = {
        "uniform": lambda rng, size: rng.random(size),
        "sparse": lambda rng, size: rng.gamma(0.5, size=size),
    }
    for kind, draw in kinds.items():
        for n_components in (2, 6):
            rng = np.random.default_rng(n_components)
            found = [_unrelated(draw, rng, n_components) for _ in range(N_SETS)]
            raw = np.mean([each.score for each in found])
            corrected = float(np.mean([each.corrected for each in found]))
            name = f"{n_components} unrelated {kind} components: stability ({raw:.2f} before)"
            checks.append(Check(name, corrected, "0 +- 0.05", abs(corrected) <= 0.05))
    return checks


def _unrelated(
    draw: Callable[[np.random.Generator, tuple[int, int]], np.ndarray],
    rng: np.random.Generator,
    n_components: int,
) -> Any:
    restarts = [
        SimpleNamespace(
            factors=tuple(draw(rng, (n, n_components)) for n in SHAPE),
            weights=np.ones(n_components),
        )
        for _ in range(5)
    ]
    return stability(restarts, random_state=0)


def _coverage() -> list[Check]:
    checks = []
    for name, cover in (
        ("TCA", _cover_tca),
        ("TCA, non-negative", _cover_nonnegative),
        ("SliceTCA", _cover_slices),
    ):
        shares = list(parallel(cover, [(seed,) for seed in range(N_SETS)], name))
        for part in shares[0]:
            share = float(np.mean([each[part] for each in shares]))
            met = 0.85 <= share <= 0.95
            checks.append(Check(f"{name}: 90 % intervals, {part}", share, "0.85 to 0.95", met))
    return checks


def _cover_tca(seed: int, nonnegative: bool = False) -> dict[str, float]:
    data = make_tca(80, 30, 40, 3, snr=0.5, nonnegative=nonnegative, random_state=seed)
    model = TCA(3, nonnegative=nonnegative, n_init=3, random_state=0).fit(data.X)
    sure = bootstrap(model, data.X, n_samples=100, random_state=0)
    own = (model.trial_factors_, model.neuron_factors_, model.time_factors_)
    truth, _ = align_to(own, tuple(f / np.linalg.norm(f, axis=0) for f in data.factors))
    return {
        f"{axis} factors": _share(sure.interval(f"{axis}_factors"), factor)
        for axis, factor in zip(AXES, truth, strict=True)
    }


def _cover_nonnegative(seed: int) -> dict[str, float]:
    return _cover_tca(seed, nonnegative=True)


def _cover_slices(seed: int) -> dict[str, float]:
    data = make_slicetca(80, 30, 40, (2, 1, 1), snr=4.0, random_state=seed)
    model = SliceTCA((2, 1, 1), n_init=2, random_state=0).fit(data.X)
    sure = bootstrap(model, data.X, n_samples=60, random_state=0)
    shares = {}
    truth = fix_gauge(data.loadings, data.slices)
    for axis, loading, slices in zip(AXES, *truth, strict=True):
        # Within a type, components are determined up to a rotation.
        turn = scipy.linalg.orthogonal_procrustes(loading, sure.estimates[f"{axis}_loadings"])[0]
        turned = np.tensordot(turn.T, slices, axes=(1, 0))
        shares[f"{axis} loadings"] = _share(sure.interval(f"{axis}_loadings"), loading @ turn)
        shares[f"{axis} slices"] = _share(sure.interval(f"{axis}_slices"), turned)
    return shares


def _share(interval: np.ndarray, truth: np.ndarray) -> float:
    return float(np.mean((truth >= interval[0]) & (truth <= interval[1])))
