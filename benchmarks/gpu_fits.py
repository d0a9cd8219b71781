"""Whole fits on a card: their time, where it goes, and whether they find what memory finds."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import numpy as np

from benchmarks.gpu_report import Report, at_most
from benchmarks.gpu_speed import models, n_bytes, seconds, wait

RANKS = (2, 3, 2)


def make_models(case: SimpleNamespace) -> dict[str, Any]:
    """Return the two models, with their usual number of restarts."""
    from trialtensor import TCA, SliceTCA

    return {
        "TCA": TCA(case.rank, n_init=case.restarts, random_state=0),
        "SliceTCA": SliceTCA(RANKS, random_state=0),
    }


def solve(model: Any, X: Any) -> Any:
    """Run the solver of a model alone, on an array or passes, and return the best result."""
    from trialtensor.models.observed import FitInput
    from trialtensor.solvers.problems import DenseProblem, sum_of_squares
    from trialtensor.solvers.threads import blas_threads_for

    kept = tuple(np.ones(n, bool) for n in X.shape)
    data = FitInput(DenseProblem(X, sum_of_squares(X)), None, kept, {}, {})
    with blas_threads_for(X.size):
        return model._solve(data, model._drawn_starts(), lambda _: None)[0].result


def timed_passes(X: Any, spent: dict[str, list[float]]) -> Any:
    """Return passes over a tensor that note how long each took."""
    from trialtensor.solvers.passes.on_device import DevicePasses

    class Timed(DevicePasses):
        pass

    def timed(name: str) -> Callable[..., Any]:
        own = getattr(DevicePasses, name)

        def call(self: Any, *given: Any, **options: Any) -> Any:
            start = time.perf_counter()
            outer, self.__dict__["inside"] = self.__dict__.get("inside"), True
            try:
                return own(self, *given, **options)
            finally:
                self.__dict__["inside"] = outer
                wait(X.device)
                if not outer:  # a pass that calls another counts once
                    spent.setdefault(name, []).append(time.perf_counter() - start)

        return call

    passes = ("norm2", "gram", "project", "compressed", "contract", "correlate", "trial_rhs")
    for name in (*passes, "sweep_together", "reach", "gram_operator", "run_there", "run"):
        if hasattr(DevicePasses, name):
            setattr(Timed, name, timed(name))
    return Timed(X)


def clock(call: Callable[[], Any], device: Any) -> tuple[Any, float]:
    """Return a result and the time that it took."""
    wait(device)
    start = time.perf_counter()
    found = call()
    wait(device)
    return found, time.perf_counter() - start


@contextmanager
def quiet() -> Any:
    """Leave out warnings of the models about the made data."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def tca(report: Report) -> None:
    """TCA with ten restarts: its solver, where its time goes, and the estimator."""
    _fits(report, "TCA", 1.5)


def slicetca(report: Report) -> None:
    """SliceTCA with two trial-, three neuron- and two time-slicing components."""
    _fits(report, "SliceTCA", 0.5)


def slicetca_of_others(report: Report) -> None:
    """SliceTCA of the components of a TCA, which takes many passes."""
    from trialtensor.solvers.passes.on_device import DevicePasses

    case = report.known["case"]
    model = make_models(case)["SliceTCA"]
    with quiet():
        _, taken = clock(lambda: solve(model, DevicePasses(case.X)), case.device)
    report.say("SliceTCA of components of a TCA: solver", taken, "s")


def _fits(report: Report, name: str, limit: float) -> None:
    from benchmarks.gpu import planted
    from trialtensor.solvers.passes.on_device import DevicePasses

    case = report.known["case"]
    model = make_models(case)[name]
    with quiet():
        # What happens once: compilation, start of the libraries on the card.
        solve(model, DevicePasses(planted(case.small, 3, case.device)))
        best, taken = clock(lambda: solve(model, DevicePasses(case.of_kind[name])), case.device)
        report.say(f"{name}: solver", taken, "s", at_most=limit)
        report.known[name] = (best, taken)
        report.say(f"{name}: sweeps of the best restart", best.n_iter)
        spent: dict[str, list[float]] = {}
        again, total = clock(
            lambda: solve(model, timed_passes(case.of_kind[name], spent)), case.device
        )
        for each, times in sorted(spent.items(), key=lambda item: -sum(item[1])):
            report.say(f"{name}: of which {len(times)} x {each}", sum(times), "s")
        report.say(f"{name}: of which on the processor", total - sum(map(sum, spent.values())), "s")
        gap = abs(again.loss / best.loss - 1)
        report.say(f"{name}: same seed twice, loss differs by", gap, at_most=1e-6)
        fitted, taken = clock(lambda: model.fit(case.of_kind[name]), case.device)
        report.say(f"{name}: fit of the estimator", taken, "s", at_most=limit)
        report.known[name] = (best, min(taken, report.known[name][1]))
        gap = abs(fitted.loss_ / best.loss - 1)
        report.say(f"{name}: its loss beside the solver's", gap, at_most=1e-5)


def in_double(report: Report) -> None:
    """Fit small float64 data on the card and in memory."""
    import torch

    from benchmarks.gpu import planted
    from trialtensor.solvers.passes.memory import MemoryPasses
    from trialtensor.solvers.passes.on_device import DevicePasses

    case = report.known["case"]
    X = planted(case.small, 3, case.device, dtype=torch.float64)
    in_memory = X.cpu().numpy()
    for name, model in make_models(case).items():
        # SliceTCA takes other steps on passes, wherever these are.
        beside = in_memory if name == "TCA" else MemoryPasses(in_memory)
        with quiet():
            try:
                losses = [solve(model, data).loss for data in (beside, DevicePasses(X))]
            except Exception as error:
                report.failed(f"{report.section}, {name}", error)
                continue
        gap = abs(losses[1] / losses[0] - 1)
        report.say(f"{name}: loss on the card beside memory's", gap, at_most=1e-10)


def variants(report: Report) -> None:
    """Fit with missing entries, non-negative factors, and counts, by the estimators."""
    import torch

    from benchmarks.gpu import planted
    from trialtensor import TCA, SliceTCA

    case = report.known["case"]
    X = planted(case.medium, 4, case.device)
    drawn = torch.Generator(case.device).manual_seed(1)
    missing = torch.rand(X.shape, generator=drawn, device=X.device) < 0.1
    cells = torch.rand(X.shape[:2], generator=drawn, device=X.device) < 0.1
    gappy = torch.where(missing, torch.nan, X)
    tracked = torch.where(cells[:, :, None], torch.nan, X)
    counts = X.clamp(0, 200).to(torch.uint8)
    few = {"n_init": 3, "random_state": 0}
    plain, positive = TCA(4, **few), TCA(4, nonnegative=True, **few)
    for name, model, data in (
        ("TCA, non-negative", positive, X.clamp(min=0)),
        ("TCA, counts in bytes", plain, counts),
        ("TCA, cells missing in trials", plain, tracked),
        ("TCA, any entries missing", plain, gappy),
        ("SliceTCA, any entries missing", SliceTCA((1, 1, 1), **few), gappy),
    ):
        try:
            with quiet():
                _beside_memory(report, name, model, data)
        except Exception as error:
            report.failed(f"{report.section}, {name}", error)


def _beside_memory(report: Report, name: str, model: Any, data: Any) -> None:
    """Fit on the card and in memory, if these don't take too long."""
    with at_most(10):
        loss, taken = clock(lambda: model.fit(data).loss_, data.device)
    report.say(f"{name}", taken, "s")
    X = data.cpu().numpy()
    X = X.astype(np.float32) if X.dtype.kind == "u" else X
    with at_most(12):
        expected, slower = clock(lambda: model.fit(X).loss_, data.device)
    report.say(f"{name}: memory's time / its time", slower / taken)
    report.say(f"{name}: loss beside memory's", abs(loss / expected - 1), at_most=1e-5)


def transform(report: Report) -> None:
    """Fit trial factors of all trials to a fitted model."""
    from trialtensor import TCA

    case = report.known["case"]
    model = TCA._from_factors(np.ones(case.rank), models(case, 1)[0])
    with quiet():
        found, taken = clock(lambda: model.transform(case.X), case.device)
        report.say("transform of all trials", taken, "s")
        there = getattr(found, "device", None) == case.X.device
        report.say("its result is on the device", float(there), at_least=1)
        expected = model.transform(case.X[:20].cpu().numpy())
    found = found[:20].cpu().numpy() if there else found[:20]
    gap = np.abs(found - expected).max() / np.abs(expected).max()
    report.say("difference from memory's", float(gap), at_most=1e-4)


def tensorly(report: Report) -> None:
    """Sweep by tensorly on the same card, until its loss is that of the fit above."""
    import tensorly as tl
    from tensorly.cp_tensor import CPTensor
    from tensorly.decomposition import parafac

    case = report.known["case"]
    best, ours = report.known["TCA"]
    tl.set_backend("pytorch")
    first = CPTensor((None, _singular_vectors(case.X, case.rank)))
    options = {"init": first, "tol": 0, "return_errors": True}

    def run(n: int, **more: Any) -> Any:
        return parafac(case.X, case.rank, n_iter_max=n, **options, **more)

    taken = seconds(lambda: run(6), case.device, n=2) - seconds(lambda: run(1), case.device, n=2)
    report.say("tensorly: a sweep", 1e3 * taken / 5, "ms")
    if "sweep" in report.known:
        report.say("tensorly's sweep / ours", taken / 5 / report.known["sweep"])
    norm2 = float((case.X.double() ** 2).sum()) if case.X.numel() < 1e8 else _norm2(case.X)
    target = (best.loss * (1 + 1e-4) / norm2) ** 0.5
    errors: list[float] = []

    def enough(_: Any, error: Any) -> bool:
        errors.append(float(error))
        return errors[-1] <= target or len(errors) > 300

    _, taken = clock(lambda: run(300, callback=enough), case.device)
    report.say("tensorly: one start to our loss", taken, "s")
    report.say("tensorly: its sweeps", len(errors))
    report.say("tensorly: its loss / ours", errors[-1] ** 2 * norm2 / best.loss)
    report.say("tensorly's one start / our restarts", taken / ours, at_least=2)


def _norm2(X: Any) -> float:
    return float(sum(float((each.double() ** 2).sum()) for each in X.split(50)))


def _singular_vectors(X: Any, rank: int) -> list[Any]:
    """Return tensorly's usual start, faster than it does and so to its advantage."""
    import torch

    from trialtensor.solvers.passes.on_device import DevicePasses

    passes = DevicePasses(X)
    found = []
    for axis in range(3):
        gram = torch.asarray(passes.gram(axis), device=X.device)
        vectors = torch.linalg.eigh(gram)[1][:, -rank:].flip(1)
        found.append(vectors.to(X.dtype).contiguous())
    return found


def tca_on_processor(report: Report) -> None:
    """Sweep and fit TCA on the processor with all its cores."""
    from trialtensor.solvers.acceleration import RowUpdater
    from trialtensor.solvers.problems import DenseProblem

    case = report.known["case"]
    problem, update = DenseProblem(case.X.cpu().numpy(), 1.0), RowUpdater((False,) * 3)
    one = models(case, 1)[0]
    taken = seconds(lambda: problem.sweep(one, update), case.device, n=3)
    report.say("sweep of 1 model", 1e3 * taken, "ms")
    report.say("its two reads of the data", 2 * n_bytes(case.X) / taken / 1e9, "GB/s")
    if "sweep" in report.known:
        report.say("sweep: processor / card", taken / report.known["sweep"])
    _on_processor(report, "TCA")


def slicetca_on_processor(report: Report) -> None:
    """Fit SliceTCA on the processor with all its cores."""
    _on_processor(report, "SliceTCA")


def _on_processor(report: Report, name: str) -> None:
    case = report.known["case"]
    X = case.of_kind[name].cpu().numpy()
    with quiet():
        best, taken = clock(lambda: solve(make_models(case)[name], X), case.device)
    report.say(f"{name}: solver", taken, "s")
    if name in report.known:
        other, ours = report.known[name]
        report.say(f"{name}: processor / card", taken / ours, at_least=10)
        gap = abs(other.loss / best.loss - 1)
        report.say(f"{name}: loss on the card beside memory's", gap, at_most=1e-5)
