"""Peak memory of a fit in a fresh process, beyond the data and in multiples of it.

For every model, two sizes of data, complete and with a fifth of the entries missing, float64 and
float32. The number of sweeps is limited: a fit needs no more memory in later ones.
"""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).parents[1]
LIMIT = 2.5
N_NEURONS, N_TIMES = 200, 100
RANK = 5
SIZES = (40, 160)
MISSING = ("complete", "masked")
DTYPES = ("float64", "float32")
FEW_SWEEPS = {"n_init": 2, "max_iter": 10}
DYNAMICS = "TrialVaryingDynamics"
# Row of the table -> class, components, further parameters.
MODELS: dict[str, tuple[str, Any, dict[str, Any]]] = {
    "TCA": ("TCA", RANK, {}),
    "TCA, non-negative": ("TCA", RANK, {"nonnegative": True}),
    "SliceTCA": ("SliceTCA", (2, 2, 1), {}),
    "SliceTCA, non-negative": ("SliceTCA", (2, 2, 1), {"nonnegative": True}),
    "Parafac2": ("Parafac2", RANK, {}),
    "CoupledTCA": ("CoupledTCA", RANK, {}),
    DYNAMICS: ("TrialVaryingDynamics", RANK, {}),
}


@dataclass(frozen=True)
class Peak:
    """Peak memory beyond that of the imports, a tiny fit and the data, relative to the data."""

    model: str
    megabytes: int
    missing: str
    dtype: str
    times_data: float

    @property
    def met(self) -> bool:
        """True if the peak is within the limit."""
        return self.times_data <= LIMIT


def compare(models: Sequence[str] = tuple(MODELS), sizes: Sequence[int] = SIZES) -> list[Peak]:
    """Measure all fits, each in its own process.

    Parameters
    ----------
    models : sequence of str
        Of ``MODELS``.
    sizes : sequence of int
        Of the data, in MB.
    """
    peaks = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "data.npy"
        for megabytes, missing, dtype in itertools.product(sizes, MISSING, DTYPES):
            for dynamics in (False, True):
                own = [name for name in models if (name == DYNAMICS) == dynamics]
                np.save(path, _make(megabytes, missing, dtype, dynamics=dynamics))
                for name in own:
                    peaks.append(Peak(name, megabytes, missing, dtype, _measure(path, name)))
    return peaks


def _make(megabytes: float, missing: str, dtype: str, *, dynamics: bool = False) -> np.ndarray:
    """Make positive data with three components, trial by trial.

    Dynamics use whole bins only: for them, a fifth of the bins is missing.
    """
    rng = np.random.default_rng(0)
    per_trial = N_NEURONS * N_TIMES * np.dtype(dtype).itemsize
    X = np.empty((int(megabytes * 1e6 / per_trial), N_NEURONS, N_TIMES), dtype)
    trial, neuron, time = (rng.random((n, 3)) for n in X.shape)
    for k, weights in enumerate(trial):
        X[k] = (neuron * weights) @ time.T + rng.random(X.shape[1:])
        if missing == "masked" and dynamics:
            X[k][:, rng.random(N_TIMES) < 0.2] = np.nan
        elif missing == "masked":
            X[k][rng.random((N_NEURONS, N_TIMES)) < 0.2] = np.nan
    return X


def table(peaks: list[Peak]) -> str:
    """Format peaks as a Markdown table, a row for each model."""
    found = {(p.model, p.megabytes, p.missing, p.dtype): p for p in peaks}
    columns = list(dict.fromkeys(key[1:] for key in found))
    titles = [f"{size} MB {missing} {dtype}" for size, missing, dtype in columns]
    lines = ["| memory beyond the data / data | " + " | ".join(titles) + " |"]
    lines.append("| --- |" + " --- |" * len(columns))
    for model in dict.fromkeys(p.model for p in peaks):
        cells = [found[model, *column] for column in columns]
        text = [f"{c.times_data:.2f}" + ("" if c.met else " (MISSED)") for c in cells]
        lines.append(f"| {model} | " + " | ".join(text) + " |")
    return "\n".join([*lines, "", f"Required: at most {LIMIT}."])


def _measure(path: Path, name: str) -> float:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.memory", str(path), json.dumps(name)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return float(done.stdout)


def _status(field: str) -> int:
    """Return a memory field of this process, in bytes.

    ``getrusage`` won't do, because a process inherits its peak from the one that started it.
    """
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith(field + ":"))


def _fit(name: str, X: np.ndarray) -> None:
    import trialtensor

    kind, n_components, options = MODELS[name]
    model = getattr(trialtensor, kind)(n_components, random_state=0, **FEW_SWEEPS, **options)
    if kind == "CoupledTCA":
        half = X.shape[1] // 2
        model.fit({"first": X[:, :half], "second": X[:, half:]})
    elif kind == "Parafac2":
        model.fit(X, blocks=np.arange(len(X)) * 10 // len(X))
    else:
        model.fit(X)


def _child(path: str, name: str) -> float:
    warnings.simplefilter("ignore")
    for missing in MISSING:
        _fit(name, _make(2, missing, "float64", dynamics=name == DYNAMICS))
    before = _status("VmRSS")
    X = np.load(path)
    _fit(name, X)
    return (_status("VmHWM") - before) / X.nbytes - 1


if __name__ == "__main__":
    print(_child(sys.argv[1], json.loads(sys.argv[2])))
