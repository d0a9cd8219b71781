"""Fits with any mask, block by block, against those in memory and against brute force."""

from dataclasses import replace

import numpy as np
import pytest

from trialtensor.models.observed import FitInput, as_problem, prepare
from trialtensor.models.tca import outcome
from trialtensor.solvers.acceleration import RowUpdater
from trialtensor.solvers.contraction import khatri_rao, reconstruct
from trialtensor.solvers.masked_problem import MaskedProblem
from trialtensor.solvers.passes import Block
from trialtensor.solvers.passes import masked_jobs as jobs
from trialtensor.solvers.passes.chunked import ChunkedPasses
from trialtensor.solvers.passes.jobs import CPModel
from trialtensor.solvers.passes.memory import MemoryPasses
from trialtensor.solvers.passes.missing_jobs import Apart, LargestWhereMissing
from trialtensor.solvers.passes.on_dask import DaskPasses
from trialtensor.solvers.passes.seen import Counts, Seen
from trialtensor.solvers.problems import DenseProblem, sum_of_squares
from trialtensor.solvers.restarts import CPOptions, fit_cp
from trialtensor.solvers.ridge import Ridged, RidgeScale, row_grams
from trialtensor.solvers.runs import Start

da = pytest.importorskip("dask.array")

SHAPE, RANK = (41, 9, 10), 3
UPDATE = RowUpdater((False, False, False))
PLACES = ("memory", "file", "dask")


def recording(dtype=float, seed=0, share=0.75):
    """Three components with noise, some of which is missing: values with NaN, mask."""
    rng = np.random.default_rng(seed)
    truth = tuple(rng.random((n, RANK)) for n in SHAPE)
    X = reconstruct(truth) + 0.05 * rng.standard_normal(SHAPE)
    mask = rng.random(SHAPE) < share
    return np.where(mask, X, np.nan).astype(dtype), mask


def somewhere(place, X):
    if place == "memory":
        observed = ~np.isnan(X)
        return MemoryPasses(np.where(observed, X, 0).astype(X.dtype), observed, n_entries=400)
    if place == "file":
        return ChunkedPasses(X, X.dtype, has_missing=True, block_bytes=7 * X[0].nbytes)
    return DaskPasses(da.from_array(X, (6, 5, -1)), X.dtype, has_missing=True)


def factors(seed=1, dtype=float):
    rng = np.random.default_rng(seed)
    return tuple(rng.standard_normal((n, RANK)).astype(dtype) for n in SHAPE)


def both(place, X, mask):
    """The same problem in memory and elsewhere."""
    passes = somewhere(place, X)
    values = np.where(mask, X, 0).astype(X.dtype)
    return (
        MaskedProblem(values, mask, sum_of_squares(values)),
        MaskedProblem(passes, Seen.of(passes), passes.norm2()),
    )


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("weight", [0.0, 0.3])
def test_a_sweep_solves_every_row(place, weight):
    X, mask = recording()
    _, problem = both(place, X, mask)
    start = factors()
    found, loss = problem.weighted(weight).sweep(start, UPDATE)
    current, weights = list(start), np.where(mask, 1.0, weight) ** 0.5
    for mode in range(3):
        design = khatri_rao(*(f for i, f in enumerate(current) if i != mode))
        data = np.moveaxis(np.where(mask, X, 0), mode, 0).reshape(SHAPE[mode], -1)
        roots = np.moveaxis(weights, mode, 0).reshape(SHAPE[mode], -1)
        current[mode] = np.array(
            [
                np.linalg.lstsq(design * w[:, None], row * w, rcond=None)[0]
                for row, w in zip(data, roots, strict=True)
            ]
        )
        np.testing.assert_allclose(found[mode], current[mode], rtol=1e-7, atol=1e-9)
    residual = (np.where(mask, X, 0) - reconstruct(tuple(current))) * weights
    assert loss == pytest.approx(np.sum(residual**2), rel=1e-9)


@pytest.mark.parametrize("place", PLACES)
def test_equations_of_all_rows(place):
    X, mask = recording()
    memory, problem = both(place, X, mask)
    grams, loss = row_grams(problem, factors())
    for mode, expected in row_grams(memory, factors())[0].items():
        np.testing.assert_allclose(grams[mode], expected, rtol=1e-11, atol=1e-11)
    expected = np.sum((np.where(mask, X - reconstruct(factors()), 0)) ** 2)
    assert loss == pytest.approx(expected, rel=1e-10)
    for a, b in zip(
        problem.trial_equations(factors()), memory.trial_equations(factors()), strict=True
    ):
        np.testing.assert_allclose(a, b, rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("place", PLACES)
def test_each_row_meets_its_own_ridge(place):
    X, mask = recording()
    rng = np.random.default_rng(5)
    strengths = (rng.random(SHAPE[0]), rng.random(SHAPE[1]), np.full(1, 0.3))
    found, expected = (
        Ridged(each, strengths).sweep(factors(), UPDATE) for each in both(place, X, mask)
    )
    assert found[1] == pytest.approx(expected[1], rel=1e-12)
    for a, b in zip(found[0], expected[0], strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-12)


def test_each_row_meets_its_own_ridge_with_cells_missing_on_some_trials():
    X, _ = recording()
    X[np.random.default_rng(0).random(SHAPE[:2]) < 0.3] = np.nan
    X = np.where(np.isnan(X).all(axis=2, keepdims=True), np.nan, np.nan_to_num(X))
    strengths = tuple(np.random.default_rng(5).random(n) for n in SHAPE)
    values, mask = np.nan_to_num(X), ~np.isnan(X)
    expected = Ridged(as_problem(values, mask)[0], strengths).sweep(factors(), UPDATE)
    passes = somewhere("dask", X)
    problem, name = as_problem(passes, Seen.of(passes))
    assert isinstance(problem, DenseProblem)
    assert name == "trial x neuron"
    found = Ridged(problem, strengths).sweep(factors(), UPDATE)
    assert found[1] == pytest.approx(expected[1], rel=1e-11)
    for mode, grams in row_grams(problem, factors())[0].items():
        whole = row_grams(as_problem(values, mask)[0], factors())[0][mode]
        np.testing.assert_allclose(grams, whole, rtol=1e-11)


def fitted(problem, positive=False, max_iter=25):
    options = CPOptions(RANK, (positive,) * 3, max_iter, 1e-7)
    return fit_cp(problem, [Start("svd", 0), Start("random", 1)], options)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("share", [0.75, 0.35])
def test_a_fit_ends_where_that_of_memory_ends(place, share):
    X, mask = recording(share=share)
    memory, problem = both(place, X, mask)
    found, expected = fitted(problem), fitted(memory)
    for a, b in zip(found, expected, strict=True):
        assert a.result.loss == pytest.approx(b.result.loss, rel=1e-10)
    for a, b in zip(found[0].result.factors, expected[0].result.factors, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("place", PLACES)
def test_non_negative_sweeps_lead_where_those_of_memory_lead(place):
    X, mask = recording()
    ends = []
    for problem in both(place, X, mask):
        current = tuple(np.abs(f) for f in factors())
        for _ in range(10):
            current, loss = problem.sweep(current, RowUpdater((True,) * 3))
        ends.append(loss)
        assert min(f.min() for f in current) == 0
    assert ends[1] == pytest.approx(ends[0], rel=1e-10)


def test_a_non_negative_fit_finds_what_that_of_memory_finds():
    # Its updates stop at thresholds, where rounding decides.
    X, mask = recording()
    memory, problem = both("memory", X, mask)
    found, expected = (fitted(each, True, 200)[0].result for each in (problem, memory))
    assert found.loss == pytest.approx(expected.loss, rel=1e-6)


def test_single_precision():
    X, mask = recording(np.float32)
    losses = []
    for problem in both("dask", X, mask):
        found = fitted(problem)[0].result.factors
        assert found[0].dtype == np.float32
        model = reconstruct(tuple(f.astype(float) for f in found))
        losses.append(np.nansum((X - model) ** 2))
    assert losses[1] == pytest.approx(losses[0], rel=1e-5)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("share", [0.75, 0.3])
def test_what_is_said_of_missing_entries(place, share):
    X, _ = recording(share=share)
    plain = prepare(X, None)
    passes = somewhere(place, X)
    seen = Seen.of(passes)
    problem = MaskedProblem(passes, seen, passes.norm2())
    elsewhere = FitInput(problem, seen, plain.kept, plain.coords, plain.summary)
    found = fitted(plain.problem)
    ours, expected = (outcome.describe(data, found, (False,) * 3) for data in (elsewhere, plain))
    assert ours.arrays.keys() == expected.arrays.keys()
    assert ours.number("largest_missing") > 0
    for name, named in expected.arrays.items():
        np.testing.assert_allclose(
            np.asarray(ours[name], float), named.values, rtol=1e-6, atol=1e-9, err_msg=name
        )
    assert ours.record.loss == pytest.approx(expected.record.loss, rel=1e-10)


def test_how_far_models_differ_where_entries_are_missing():
    X, mask = recording()
    passes = somewhere("dask", X)
    best, rival = (CPModel(factors(seed)) for seed in (1, 2))
    whole, other = reconstruct(best.factors), reconstruct(rival.factors)
    assert passes.run(LargestWhereMissing(best))[0] == pytest.approx(np.abs(whole[~mask]).max())
    sums, apart = passes.run(Apart(best, [rival, best]))
    expected = [np.sum(whole[~mask] ** 2), np.sum(whole[mask] ** 2), (~mask).sum(), mask.sum()]
    np.testing.assert_allclose(sums, expected)
    np.testing.assert_allclose(apart, [np.sum((other - whole)[~mask] ** 2), 0])


def test_jobs_need_nothing_but_the_array_api():
    xp = pytest.importorskip("array_api_strict")
    X, mask = recording()
    values, part = np.where(mask, X, 0), slice(0, SHAPE[0])
    here, there = Block(part, values, mask), Block(part, xp.asarray(values), xp.asarray(mask))
    trial, neuron, time = factors()
    model = CPModel(factors())
    for job in (
        Counts(),
        jobs.MaskedTrials(neuron, time, 0.1),
        jobs.MaskedTrialsAndNeurons(factors(), UPDATE, 0.1, with_grams=True),
        jobs.MaskedTimes(trial, neuron, 0.0),
        LargestWhereMissing(model),
        Apart(model, [CPModel(factors(3))]),
    ):
        for a, b in zip(job(there), job(here), strict=True):
            np.testing.assert_allclose(np.asarray(a), b, rtol=1e-12, atol=1e-12)


def test_blocks_without_missing_entries_count_as_seen():
    X, _ = recording()
    values = np.nan_to_num(X)
    complete = MaskedProblem(values, np.ones(SHAPE, bool), sum_of_squares(values))
    passes = MemoryPasses(values, None, n_entries=400)
    ours = MaskedProblem(passes, Seen.of(passes), passes.norm2())
    found, expected = (each.sweep(factors(), UPDATE) for each in (ours, complete))
    assert found[1] == pytest.approx(expected[1], rel=1e-12)
    assert ours.n_observed == X.size
    assert RidgeScale.of(ours, RANK).missing_per_observed == 0
    assert replace(ours, missing_weight=0.5).sweep(factors(), UPDATE)[1] == found[1]
