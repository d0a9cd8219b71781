"""Rival theories of adaptation: are the right ones found? ``python -m benchmarks theories``.

One schedule of 312 trials: 20 null, 60 perturbed, 60 null, 40 perturbed (savings), 12 reversed, 40
of an error clamp, all with one cue; then 80 of either sign in random order, with two cues. Twelve
subjects, whose parameters differ by 0.2 (standard deviation of logits, or logarithms) and whose
movements have a noise of a quarter of the perturbation, as people have.
``python -m benchmarks.theories [N_SETS]`` prints every data set.
"""

from __future__ import annotations

import sys
import time
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.evidence import Check, table
from trialtensor_models.rates import THEORIES, Behaviour, TheoryFit, compare_theories
from trialtensor_models.rates.theory_effects import EFFECTS, effect
from trialtensor_models.rates.theory_fits import fit_theory
from trialtensor_models.rates.theory_specs import SPECS

__all__ = ["compare", "table"]

KINDS = ("one-rate", "two-state", "gated slow states", "context inference")
N_SUBJECTS, SPREAD, NOISE = 12, 0.2, 0.25
N_SETS, SHARE, SECONDS = 20, 0.8, 10.0
N_COVERAGE, LEAST_COVERAGE = 40, 0.85


def schedule(seed: int = 0) -> pd.DataFrame:
    """The trials that all subjects go through."""
    both = np.random.default_rng(seed).permutation(np.repeat([1.0, -1.0], 40))
    blocks = np.repeat([0.0, 1.0, 0.0, 1.0, -1.0, np.nan], [20, 60, 60, 40, 12, 40])
    cues = np.r_[np.full(len(blocks), "left"), np.where(both > 0, "left", "right")]
    return pd.DataFrame({"perturbation": np.r_[blocks, both], "context": cues})


def draw(kind: str, n_subjects: int, spread: float, seed: int) -> Behaviour:
    """Simulate subjects by a theory with its default parameters."""
    spec, model, rng = SPECS[kind], THEORIES[kind], np.random.default_rng(seed)
    centre = spec.natural({name: getattr(model, name) for name in spec.names})
    trials, shown = schedule(seed), []
    for _ in range(n_subjects):
        own = spec.of_natural(centre + spread * rng.standard_normal(len(centre)))
        subject: Any = replace(model, **own)
        shown.append(subject.simulate(trials, noise=NOISE, random_state=rng).shown)
    return Behaviour.of(shown, trials)


def compare() -> list[Check]:
    """Measure effects, choices, times and coverage."""
    return [*_effects(), *_choices(N_SETS), *_coverage(N_COVERAGE)]


def _effects() -> list[Check]:
    checks = []
    for name, shows in EFFECTS.items():
        value = effect(name, THEORIES["context inference"])
        two = effect(name, THEORIES["two-state"])
        text = f"context inference: {name} (two-state {two:.2f})"
        checks.append(Check(text, value, shows.expected, shows.holds(value)))
    return checks


def _choices(n_sets: int, say: bool = False) -> list[Check]:
    checks = []
    for kind in KINDS:
        alone = tied = 0
        for seed in range(n_sets):
            found = compare_theories(draw(kind, N_SUBJECTS, SPREAD, seed))
            others = {name for name in found.tied if not _same(name, kind)}
            tied += kind in found.tied
            alone += kind in found.tied and not others
            if say:
                print(kind, seed, found.verdict, flush=True)
        name = f"{kind} found in {N_SUBJECTS} subjects, alone ({alone / n_sets:.2f}) or in a tie"
        checks.append(Check(name, tied / n_sets, f">= {SHARE}", tied / n_sets >= SHARE))
    return checks


def _same(name: str, kind: str) -> bool:
    return name == kind or (kind == "two-state" and name == "two-state, serial")


def _coverage(n_sets: int) -> list[Check]:
    """Count how often 95 % intervals hold what was planted; and time the fits."""
    checks, slowest = [], 0.0
    for kind in KINDS:
        for n_subjects in (N_SUBJECTS, 1):
            held = []
            for seed in range(n_sets):
                behaviour = draw(kind, n_subjects, 0.0, 1000 + seed)
                start = time.process_time()
                fit = fit_theory(SPECS[kind], behaviour)
                slowest = max(slowest, (time.process_time() - start) * (seed > 0))
                held.append(_held(kind, fit))
            for name, share in pd.DataFrame(held).mean().items():
                text = f"{kind}, {n_subjects} subject(s): coverage of {name}"
                checks.append(Check(text, share, f">= {LEAST_COVERAGE}", share >= LEAST_COVERAGE))
    name = "slowest fit, s of processor"
    return [*checks, Check(name, slowest, f"<= {SECONDS}", slowest <= SECONDS)]


def _held(kind: str, fit: TheoryFit) -> dict[str, bool]:
    truth = THEORIES[kind]
    ends = fit.intervals.items()
    return {name: bool(low <= getattr(truth, name) <= high) for name, (low, high) in ends}


if __name__ == "__main__":
    n = int(sys.argv[1]) if len(sys.argv) > 1 else N_SETS
    print(table([*_effects(), *_coverage(2 * n)]), flush=True)
    print(table(_choices(n, say=True)))
