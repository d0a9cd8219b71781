"""Passes over dask arrays give what passes over memory give, wherever dask runs them."""

import sys

import numpy as np
import pytest
import xarray

from trialtensor.solvers.acceleration import RowUpdater
from trialtensor.solvers.masked_problem import MaskedProblem
from trialtensor.solvers.normal_equations import Pattern, full_gram
from trialtensor.solvers.passes import jobs
from trialtensor.solvers.passes.memory import MemoryPasses
from trialtensor.solvers.passes.on_dask import DaskPasses, advice_on_chunks, of_dask
from trialtensor.solvers.passes.seen import Seen
from trialtensor.solvers.problems import DenseProblem, sum_of_squares
from trialtensor.solvers.restarts import CPOptions, fit_cp
from trialtensor.solvers.runs import Start

da = pytest.importorskip("dask.array")
dask = pytest.importorskip("dask")

SHAPE = (53, 9, 11)
UPDATE = RowUpdater((False, True, False))


def data(dtype=float, seed=0):
    return np.random.default_rng(seed).standard_normal(SHAPE).astype(dtype)


def factors(rank=3, seed=1):
    rng = np.random.default_rng(seed)
    return tuple(rng.standard_normal((n, rank)) for n in SHAPE)


def shared_gram(models, mode):
    return full_gram(models, mode)


@pytest.mark.parametrize("chunks", [(53, 9, 11), (3, 9, 11), (7, 4, 5), ((1, 30, 22), 9, 11)])
@pytest.mark.parametrize("scheduler", ["threads", "synchronous"])
def test_every_pass_equals_that_of_memory(chunks, scheduler):
    X, rng = data(), np.random.default_rng(2)
    ours = DaskPasses(da.from_array(X, chunks), float)
    slices = [rng.standard_normal((4, *(n for j, n in enumerate(SHAPE) if j != i))) for i in (0, 1)]
    with dask.config.set(scheduler=scheduler):
        assert ours.norm2() == pytest.approx(sum_of_squares(X), rel=1e-14)
        assert (ours.min(), ours.max()) == (X.min(), X.max())
        for axis in range(3):
            flat = np.moveaxis(X, axis, 0).reshape(SHAPE[axis], -1)
            np.testing.assert_allclose(ours.gram(axis), flat @ flat.T, atol=1e-11)
            basis = rng.standard_normal((SHAPE[axis], 2))
            expected = np.moveaxis(np.tensordot(basis, X, axes=(0, axis)), 0, axis)
            np.testing.assert_allclose(ours.project(axis, basis), expected, atol=1e-11)
            expected = np.tensordot(basis, X, axes=(0, axis))
            np.testing.assert_allclose(ours.contract(axis, basis), expected, atol=1e-11)
        for axis, each in enumerate(slices):
            expected = np.tensordot(np.moveaxis(X, axis, 0), each, axes=([1, 2], [1, 2]))
            np.testing.assert_allclose(ours.correlate(axis, each), expected, atol=1e-11)


def test_a_sweep_has_the_bits_of_memory_in_the_same_blocks():
    X, models = data(), [factors(seed=i) for i in range(2)]
    blocks = MemoryPasses(X, n_entries=2 * SHAPE[1] * SHAPE[2])
    ours = DaskPasses(da.from_array(X, (2, -1, -1)), float)
    assert len(blocks.parts) == len(ours.parts()) == 27
    for a, b in zip(
        blocks.sweep_together(models, shared_gram, UPDATE),
        ours.sweep_together(models, shared_gram, UPDATE),
        strict=True,
    ):
        for one, other in zip((*a[0], *a[1:]), (*b[0], *b[1:]), strict=True):
            np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("dtype", [np.uint8, np.int64, np.float16])
def test_other_numbers_are_converted_in_the_task(dtype):
    X = np.random.default_rng(0).integers(0, 200, SHAPE).astype(dtype)
    ours = DaskPasses(da.from_array(X, (10, -1, -1)), np.float32)
    assert ours.data.dtype == dtype
    assert ours.norm2() == pytest.approx(float(np.sum(X.astype(float) ** 2)), rel=1e-6)
    block = ours.trials(slice(5, 25))
    assert block.values.dtype == np.float32
    np.testing.assert_array_equal(block.values, X[5:25])


def test_slices_left_out_are_as_if_they_had_never_been_there():
    X, kept = data(), tuple(np.arange(n) % 4 != 1 for n in SHAPE)
    ours = DaskPasses(da.from_array(X, (8, 4, -1)), float, kept=kept)
    inner = X[np.ix_(*kept)]
    assert ours.shape == inner.shape
    np.testing.assert_array_equal(ours[3:30], inner[3:30])
    assert ours.norm2() == pytest.approx(sum_of_squares(inner))


def test_trials_meet_in_several_rounds(monkeypatch):
    from trialtensor.solvers.passes import on_dask

    X = data()
    monkeypatch.setattr(on_dask, "_MEETING_BYTES", 2 * 8 * SHAPE[0] * SHAPE[2])
    monkeypatch.setattr(on_dask, "_MEETINGS", 2)
    flat = X.reshape(len(X), -1)
    ours = DaskPasses(da.from_array(X, (8, 4, -1)), float)
    np.testing.assert_allclose(ours.gram_of_trials(), flat @ flat.T, atol=1e-11)


@pytest.mark.parametrize("positive", [False, True])
def test_a_complete_fit_ends_where_that_of_memory_ends(positive):
    truth = [np.abs(f) for f in factors(seed=4)]
    X = np.einsum("kr,nr,tr->knt", *truth) + 0.1 * np.abs(data(seed=5))
    losses = []
    for source in (X, DaskPasses(da.from_array(X, (9, -1, -1)), float)):
        problem = DenseProblem(source, sum_of_squares(source))
        options = CPOptions(3, (positive,) * 3, 200, 1e-9)
        starts = [Start("svd", 0), Start("random", 1)]
        losses.append(fit_cp(problem, starts, options)[0].result.loss)
    assert losses[1] == pytest.approx(losses[0], rel=1e-10)


def test_missing_values_become_observed_in_the_task():
    X, rng = data(), np.random.default_rng(3)
    mask = rng.random(SHAPE) < 0.7
    ours = DaskPasses(da.from_array(np.where(mask, X, np.nan), (8, 4, 5)), float, has_missing=True)
    block = ours.trials(slice(None))
    np.testing.assert_array_equal(block.observed, mask)
    np.testing.assert_array_equal(block.values, np.where(mask, X, 0))
    problem = MaskedProblem(ours, Seen.of(ours), ours.norm2())
    whole = MaskedProblem(X * mask, mask, sum_of_squares(X * mask))
    for a, b in zip(
        problem.sweep(factors(), UPDATE)[0], whole.sweep(factors(), UPDATE)[0], strict=True
    ):
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-12)


def test_cells_missing_on_some_trials_in_chunks():
    X, rng = data(), np.random.default_rng(3)
    seen = rng.random(SHAPE[:2]) < 0.8
    mask = np.broadcast_to(seen[:, :, None], SHAPE)
    ours = DaskPasses(da.from_array(np.where(mask, X, np.nan), (8, 4, 5)), float, has_missing=True)
    pattern = Pattern(seen.astype(float), 2)
    X = X * mask
    found = DenseProblem(ours, ours.norm2(), pattern).sweep(factors(), UPDATE)
    expected = DenseProblem(X, sum_of_squares(X), pattern).sweep(factors(), UPDATE)
    assert found[1] == pytest.approx(expected[1], rel=1e-10)


def test_residuals_of_a_model():
    X, model = data(), factors()
    found = DaskPasses(da.from_array(X, (8, -1, -1)), float).residual_squares(jobs.CPModel(model))
    expected = np.sum((X - np.einsum("kr,nr,tr->knt", *model)) ** 2)
    assert found == pytest.approx(expected, rel=1e-12)


def test_what_is_recognised():
    X = data()
    lazy = da.from_array(X, (10, -1, -1))
    labelled = xarray.DataArray(lazy, dims=("trial", "neuron", "time"))
    assert of_dask(lazy) is lazy
    assert of_dask(labelled) is lazy
    for other in (X, xarray.DataArray(X), [1], None, "x", DaskPasses(lazy, float)):
        assert of_dask(other) is None


def test_a_lazily_opened_file_is_not_read_to_find_out(tmp_path):
    path = tmp_path / "data.nc"
    xarray.Dataset({"X": (("trial", "neuron", "time"), data())}).to_netcdf(path, engine="h5netcdf")
    with xarray.open_dataset(path, engine="h5netcdf") as opened:
        assert of_dask(opened["X"]) is None
        assert not opened["X"]._in_memory
    with xarray.open_dataset(path, engine="h5netcdf", chunks={"trial": 10}) as opened:
        ours = DaskPasses(of_dask(opened["X"]), float)
        assert ours.norm2() == pytest.approx(sum_of_squares(data()))


def test_without_dask_nothing_imports_it(monkeypatch):
    monkeypatch.delitem(sys.modules, "dask.array")
    assert of_dask(data()) is None
    assert "dask.array" not in sys.modules


def test_advice_on_chunks():
    whole, n = np.broadcast_to(np.float32(0), (1000, 200, 100)), 80_000
    cut = da.from_array(whole, (100, 50, 50))
    assert "neuron and time" in advice_on_chunks(cut)
    assert "rechunk((1000, -1, -1))" in advice_on_chunks(cut)
    assert f"{n / 1e6:.2g} MB" in advice_on_chunks(da.from_array(whole, (1, -1, -1)))
    assert advice_on_chunks(da.from_array(whole, (100, -1, -1))) is None
    assert advice_on_chunks(da.from_array(whole, (-1, -1, -1))) is None
    assert DaskPasses(cut, np.float32).advice == advice_on_chunks(cut)


def test_what_cannot_be_read_is_refused():
    X = data()
    with pytest.raises(ValueError, match=r"expected \(n_trials, n_neurons, n_times\)"):
        DaskPasses(da.from_array(X[0]), float)
    lazy = da.from_array(X, (10, -1, -1))
    with pytest.raises(ValueError, match="compute_chunk_sizes"):
        DaskPasses(lazy[lazy[:, 0, 0] > 0], float)


def test_an_unreadable_chunk_is_an_error_that_says_so():
    def read(block_info):
        if block_info[None]["chunk-location"][0] == 2:
            raise OSError("chunk 2 is damaged")
        return np.ones(block_info[None]["chunk-shape"])

    broken = da.map_blocks(
        read, chunks=((10,) * 5, (4,), (5,)), dtype=float, meta=np.ones((0,) * 3)
    )
    with pytest.raises(OSError, match="chunk 2 is damaged"):
        DaskPasses(broken, float).norm2()
