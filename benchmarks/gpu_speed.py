"""Bandwidth of a card, sweeps, and the products of which they are made."""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median
from types import SimpleNamespace
from typing import Any

import numpy as np

from benchmarks.gpu_report import Report


def wait(device: Any) -> None:
    """Let the card finish what it was given."""
    import torch

    if device.type == "cuda":
        torch.cuda.synchronize()


def seconds(call: Callable[[], Any], device: Any, n: int = 7) -> float:
    """Return the median time of a call, of which one is not counted."""
    call()
    wait(device)
    taken = []
    for _ in range(n):
        start = time.perf_counter()
        call()
        wait(device)
        taken.append(time.perf_counter() - start)
    return median(taken)


def n_bytes(X: Any) -> int:
    """Return the bytes of a tensor."""
    return int(X.numel() * X.element_size())


def copy(report: Report) -> None:
    """Copy the data on the card: reading and writing as fast as it can."""
    import torch

    case = report.known["case"]
    target = torch.empty_like(case.X)
    taken = seconds(lambda: target.copy_(case.X), case.device)
    report.known["bandwidth"] = 2 * n_bytes(case.X) / taken
    report.say("copy, read and written", report.known["bandwidth"] / 1e9, "GB/s")
    taken = seconds(lambda: torch.amax(case.X), case.device)
    report.say("largest value, read only", n_bytes(case.X) / taken / 1e9, "GB/s")


def models(case: SimpleNamespace, n: int) -> list[Any]:
    """Return random models, as large as what they should explain."""
    rng = np.random.default_rng(0)
    return [
        tuple(rng.random((m, case.rank)).astype(np.float32) for m in case.shape) for _ in range(n)
    ]


def sweeps(report: Report) -> None:
    """Sweep one model, and those of ten restarts together."""
    from trialtensor.solvers.acceleration import RowUpdater
    from trialtensor.solvers.passes.on_device import DevicePasses
    from trialtensor.solvers.problems import DenseProblem

    case = report.known["case"]
    problem = DenseProblem(DevicePasses(case.X), 1.0)
    for n in (1, case.restarts):
        some = models(case, n)
        for name, nonnegative in (("", False), (", non-negative", True)):
            update = RowUpdater((nonnegative,) * 3)
            taken = seconds(lambda: problem.sweep_together(some, update), case.device)  # noqa: B023
            report.say(f"sweep of {n} models{name}", 1e3 * taken, "ms")
            if n == 1 and not nonnegative:
                report.known["sweep"] = taken
                speed = 2 * n_bytes(case.X) / taken
                report.say("its two reads of the data", speed / 1e9, "GB/s")
                share = speed / report.known.get("bandwidth", np.nan)
                report.say("of the copy's bandwidth", share, at_least=0.5)
    gap = problem.sweep_together(models(case, 1), RowUpdater((False,) * 3))
    again = problem.sweep_together(models(case, 1), RowUpdater((False,) * 3))
    report.say("loss of a sweep, repeated: difference", abs(gap[0][1] - again[0][1]))


def kernels(report: Report) -> None:
    """Time each product of a sweep in the forms that it could have, and the passes of a fit."""
    from trialtensor.solvers.exact_products import exact_products

    case = report.known["case"]
    size = n_bytes(case.X)
    for n in (1, case.restarts):
        with exact_products():
            for name, call in _forms(case, n).items():
                taken = seconds(call, case.device, n=4)
                report.say(f"{name}, {n * case.rank} columns", size / taken / 1e9, "GB/s")
    for name, call in _passes(case).items():
        report.say(f"pass: {name}", 1e3 * seconds(call, case.device, n=1), "ms")


def _forms(case: SimpleNamespace, n: int) -> dict[str, Callable[[], Any]]:
    """The forms of the two products, those that are used first."""
    import torch

    X = case.X
    n_trials, n_neurons, n_times = X.shape
    trial, neuron, time_ = (
        torch.asarray(np.concatenate([each[i] for each in models(case, n)], 1), device=X.device)
        for i in range(3)
    )
    flat = X.reshape(-1, n_times)
    rows = (trial.T[:, :, None] * neuron.T[:, None, :]).reshape(trial.shape[1], -1)
    by_trial = rows.reshape(-1, n_trials, n_neurons).permute(1, 0, 2)
    partial = time_.T @ flat.T
    partial = partial.reshape(-1, n_trials, n_neurons)
    in_order, neuron_rows = time_.T.contiguous(), neuron.T.contiguous()
    return {
        "time contracted: (R, T) in order x (T, KN)": lambda: in_order @ flat.T,
        "neurons contracted: (R, N) in order x (N, T) a trial": lambda: torch.matmul(
            neuron_rows, X
        ),
        "time contracted: (R, T) x (T, KN)": lambda: time_.T @ flat.T,
        "time contracted: (KN, T) x (T, R)": lambda: flat @ time_,
        "time contracted: (N, T) x (T, R) a trial": lambda: torch.matmul(X, time_),
        "time contracted: (R, T) x (T, N) a trial": lambda: torch.matmul(time_.T, X.mT),
        "neurons contracted: (R, N) x (N, T) a trial": lambda: torch.matmul(neuron.T, X),
        "neurons contracted: (T, N) x (N, R) a trial": lambda: torch.matmul(X.mT, neuron),
        "both contracted: (R, KN) x (KN, T)": lambda: rows @ flat,
        "both contracted: (R, N) x (N, T) a trial": lambda: torch.matmul(by_trial, X),
        "trials from partial": lambda: torch.matmul(partial, neuron.T[:, :, None]),
        "neurons from partial": lambda: torch.matmul(trial.T[:, None, :], partial),
    }


def _passes(case: SimpleNamespace) -> dict[str, Callable[[], Any]]:
    from trialtensor.solvers.passes.on_device import DevicePasses

    passes = DevicePasses(case.X)
    basis = np.linalg.qr(np.random.default_rng(0).standard_normal((case.shape[2], 18)))[0]
    return {
        "sum of squares": passes.norm2,
        "Gram matrix of trials": lambda: passes.gram(0),
        "Gram matrix of neurons": lambda: passes.gram(1),
        "Gram matrix of times": lambda: passes.gram(2),
        "projection on 18 patterns of time": lambda: passes.project(2, basis),
        "neurons contracted with 8 columns": lambda: passes.contract(
            1, models(case, 1)[0][1].astype(float)
        ),
    }
