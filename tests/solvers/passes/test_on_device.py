"""Passes over torch tensors and array-api-strict, against plain sums over entries in NumPy."""

import importlib.util
from functools import partial

import array_api_strict
import numpy as np
import pytest

from trialtensor.solvers.acceleration import RowUpdater
from trialtensor.solvers.compression import leading_basis
from trialtensor.solvers.matching import match_components
from trialtensor.solvers.namespaces import as_given, as_numpy, is_device_array, like
from trialtensor.solvers.normal_equations import Pattern, full_gram
from trialtensor.solvers.passes import Passes, on_device, sweep_together
from trialtensor.solvers.passes.jobs import CPModel
from trialtensor.solvers.passes.on_device import DevicePasses, of_device_array
from trialtensor.solvers.passes.survey import survey
from trialtensor.solvers.problems import DenseProblem, sum_of_squares
from trialtensor.solvers.restarts import CPOptions, fit_cp
from trialtensor.solvers.runs import Start
from trialtensor.solvers.slices.contraction import contract, correlate

torch = pytest.importorskip("torch")

LIBRARIES = {"torch": torch.asarray, "strict": array_api_strict.asarray}
if torch.cuda.is_available():
    LIBRARIES["cuda"] = partial(torch.asarray, device="cuda")
    if importlib.util.find_spec("cupy") is not None:
        LIBRARIES["cupy"] = importlib.import_module("cupy").asarray
SHAPE = (23, 17, 29)
CLOSE = {"float64": 1e-10, "float32": 1e-5}
# A few trials a block, the last one shorter.
FEW = {"block_bytes": 5 * 17 * 29 * 8, "view_bytes": 9 * 17 * 29 * 8}


@pytest.fixture(params=["float64", "float32"])
def X(request):
    return planted(3, SHAPE).astype(request.param)


@pytest.fixture(params=LIBRARIES)
def make(request):
    return LIBRARIES[request.param]


def planted(rank, shape, noise=0.3, seed=0):
    rng = np.random.default_rng(seed)
    factors = [rng.standard_normal((n, rank)) for n in shape]
    return np.einsum("ir,jr,kr->ijk", *factors) + noise * rng.standard_normal(shape)


def close(found, expected, dtype):
    assert isinstance(found, np.ndarray)
    scale = np.abs(expected).max()
    np.testing.assert_allclose(found, expected, rtol=0, atol=CLOSE[str(dtype)] * scale)


def unfolded(X, axis):
    return np.moveaxis(X, axis, 0).reshape(X.shape[axis], -1).astype(np.float64)


def with_gaps(X, free_axis=None):
    """NaN in a tenth of the entries, or of the rows along an axis; return the mask too."""
    shape = [1 if axis == free_axis else n for axis, n in enumerate(X.shape)]
    observed = np.broadcast_to(np.random.default_rng(1).random(shape) > 0.1, X.shape)
    return np.where(observed, X, X.dtype.type(np.nan)), observed


class TestPasses:
    def test_sums_of_squares_and_extremes(self, X, make):
        passes = DevicePasses(make(X), **FEW)
        assert passes.norm2() == pytest.approx(np.sum(X.astype(np.float64) ** 2), rel=1e-12)
        assert (passes.min(), passes.max()) == (X.min(), X.max())
        assert (passes.shape, passes.size, len(passes)) == (SHAPE, X.size, len(X))
        assert passes.dtype == X.dtype

    @pytest.mark.parametrize("axis", [0, 1, 2])
    def test_gram(self, X, make, axis):
        rows = unfolded(X, axis)
        found = DevicePasses(make(X), **FEW).gram(axis)
        assert found.dtype == np.float64
        close(found, rows @ rows.T, X.dtype)

    @pytest.mark.parametrize("axis", [0, 1, 2])
    def test_gram_of_more_rows_than_a_part_is_long(self, make, axis):
        X = planted(2, (150, 7, 3)).transpose(np.roll(range(3), axis)).copy()
        rows = unfolded(X, axis)
        close(DevicePasses(make(X)).gram(axis), rows @ rows.T, X.dtype)

    @pytest.mark.parametrize("axis", [0, 1, 2])
    def test_projections_and_contractions(self, X, make, axis):
        passes = DevicePasses(make(X), **FEW)
        basis = np.random.default_rng(2).standard_normal((X.shape[axis], 4)).astype(X.dtype)
        along = np.tensordot(basis.astype(float), X.astype(float), axes=(0, axis))
        close(passes.contract(axis, basis), along, X.dtype)
        close(passes.project(axis, basis), np.moveaxis(along, 0, axis), X.dtype)
        close(contract(X, axis, basis), along, X.dtype)

    @pytest.mark.parametrize("axis", [0, 1, 2])
    def test_inner_products_with_slices(self, X, make, axis):
        others = [n for other, n in enumerate(X.shape) if other != axis]
        slices = np.random.default_rng(3).standard_normal((3, *others)).astype(X.dtype)
        expected = unfolded(X, axis) @ slices.reshape(3, -1).T
        close(DevicePasses(make(X), **FEW).correlate(axis, slices), expected, X.dtype)
        close(correlate(X, axis, slices), expected, X.dtype)

    def test_right_hand_sides_of_trials(self, X, make):
        rng = np.random.default_rng(7)
        neuron, time = (rng.standard_normal((n, 3)).astype(X.dtype) for n in X.shape[1:])
        expected = np.einsum("ijk,jr,kr->ir", X.astype(float), neuron, time)
        close(DevicePasses(make(X), **FEW).trial_rhs(neuron, time), expected, X.dtype)

    def test_what_is_still_large_stays_on_the_device(self, X, make, monkeypatch):
        passes = DevicePasses(make(X), **FEW)
        rng = np.random.default_rng(8)
        basis, other = (rng.standard_normal((n, 5)).astype(X.dtype) for n in X.shape[:0:-1])
        expected = np.einsum("ijk,ks->ijs", X.astype(float), basis)
        close(passes.compressed(2, basis), expected, X.dtype)
        monkeypatch.setattr(on_device, "SMALL", 23 * 10 * 5)
        core = passes.compressed(2, basis)
        assert isinstance(core, DevicePasses)
        close(core[:], expected, X.dtype)
        close(core.compressed(1, other), np.einsum("ijk,js->isk", expected, other), X.dtype)

    def test_leading_vectors_are_those_of_an_svd(self, X, make):
        passes = DevicePasses(make(X), **FEW)
        for axis in range(3):
            left = np.linalg.svd(unfolded(X, axis), full_matrices=False)[0][:, :4]
            found = leading_basis(passes, axis, 4)
            assert np.linalg.norm(found.T @ left) == pytest.approx(2, abs=1e-5)

    def test_residuals_of_observed_entries(self, X, make):
        gappy, observed = with_gaps(X)
        rng = np.random.default_rng(4)
        factors = tuple(rng.standard_normal((n, 2)).astype(X.dtype) for n in X.shape)
        residual = (X - np.einsum("ir,jr,kr->ijk", *factors).astype(float))[observed]
        found = DevicePasses(make(gappy), has_missing=True, **FEW)
        expected = float(np.sum(residual**2))
        assert found.residual_squares(CPModel(factors)) == pytest.approx(expected, rel=1e-5)

    def test_squares_below_zero(self, X, make):
        whole, below = DevicePasses(make(X), **FEW).squares_below_zero()
        exact = X.astype(np.float64)
        assert whole == pytest.approx(np.sum(exact**2), rel=1e-12)
        assert below == pytest.approx(np.sum(np.minimum(exact, 0) ** 2), rel=1e-12)

    def test_the_first_look(self, X, make):
        gappy, observed = with_gaps(X)
        gappy[3, 2, 1] = np.inf
        found = survey(DevicePasses(make(gappy), has_missing=True, **FEW))
        assert (found.n_missing, found.n_infinite > 0) == (np.sum(~observed), True)
        assert (found.least, found.most) == (np.nan_to_num(X * observed).min(), np.inf)

    @pytest.mark.parametrize("swept_by", [Passes, DevicePasses])
    def test_a_sweep_of_models_together(self, X, make, swept_by):
        rng = np.random.default_rng(9)
        starts = [
            tuple(rng.standard_normal((n, rank)).astype(X.dtype) for n in X.shape)
            for rank in (2, 4, 1)
        ]
        update = RowUpdater((False, True, False))
        expected = sweep_together(X, starts, full_gram, update)
        passes = DevicePasses(make(X), **FEW)
        for found, own in zip(
            swept_by.sweep_together(passes, starts, full_gram, update), expected, strict=True
        ):
            for one, other in zip(found[0], own[0], strict=True):
                close(one, other, X.dtype)
            close(found[1], own[1], X.dtype)
            close(found[2], own[2], X.dtype)

    def test_blocks_that_are_copies_are_zero_where_missing(self, X, make):
        gappy, observed = with_gaps(X)
        block = DevicePasses(make(gappy), has_missing=True).trials(slice(2, 6))
        np.testing.assert_array_equal(block.values, np.where(observed, X, 0)[2:6])
        np.testing.assert_array_equal(block.observed, observed[2:6])

    def test_what_is_left_out(self, X, make):
        kept = tuple(np.arange(n) % 5 != 1 for n in SHAPE)
        passes = DevicePasses(make(X), kept=kept, **FEW)
        smaller = X[np.ix_(*kept)]
        assert passes.shape == smaller.shape
        np.testing.assert_array_equal(passes[:], smaller)
        for axis in range(3):
            rows = unfolded(smaller, axis)
            close(passes.gram(axis), rows @ rows.T, X.dtype)

    @pytest.mark.parametrize("dtype", ["uint8", "int16", "float16"])
    def test_counts_are_computed_with_in_float32(self, make, dtype):
        if dtype == "float16" and make is array_api_strict.asarray:
            pytest.skip("the standard has no float16")
        counts = np.random.default_rng(5).poisson(3, SHAPE).astype(dtype)
        passes = DevicePasses(make(counts), **FEW)
        assert passes.dtype == np.float32
        assert passes[:3].dtype == np.float32
        assert passes.norm2() == np.sum(counts.astype(float) ** 2)
        assert (
            DevicePasses(make(counts.astype("int64" if dtype != "float16" else "float64"))).dtype
            == np.float64
        )

    def test_a_transposed_tensor(self, X):
        passes = DevicePasses(torch.asarray(X.transpose(2, 0, 1).copy()).permute(1, 2, 0), **FEW)
        np.testing.assert_array_equal(passes[:], X)
        rows = unfolded(X, 2)
        close(passes.gram(2), rows @ rows.T, X.dtype)

    def test_products_are_exact_whatever_torch_is_set_to(self, X):
        seen = []

        class Watch:
            joins = ("sum",)

            def __call__(self, block):
                seen.append(torch.get_float32_matmul_precision())
                return (np.zeros(1),)

        torch.set_float32_matmul_precision("medium")
        try:
            DevicePasses(torch.asarray(X), **FEW).run(Watch())
            assert torch.get_float32_matmul_precision() == "medium"
        finally:
            torch.set_float32_matmul_precision("highest")
        assert set(seen) == {"highest"}

    def test_gradients_are_not_followed(self, X):
        passes = DevicePasses(torch.asarray(X).requires_grad_())
        assert passes.norm2() == pytest.approx(np.sum(X.astype(float) ** 2), rel=1e-6)


class TestFits:
    """Fits by `fit_cp` from the same starts, against those of the array in memory."""

    STARTS = (Start("svd", 0), *(Start("random", seed) for seed in range(1, 4)))

    def same_fit(self, X, passes, pattern=None, nonnegative=False, compressed=True):
        options = CPOptions(3, (nonnegative,) * 3, 300, 1e-7, compressed=compressed)
        losses, factors = [], []
        filled = np.nan_to_num(X)
        for data in (filled, passes):
            problem = DenseProblem(data, sum_of_squares(data), pattern)
            best = fit_cp(problem, self.STARTS, options)[0].result
            losses.append(best.loss)
            factors.append(best.factors)
        rel = CLOSE[str(X.dtype)]
        assert losses[1] == pytest.approx(losses[0], rel=rel)
        assert all(isinstance(each, np.ndarray) for each in factors[1])
        assert match_components(factors[0], factors[1])[1] > 1 - 1e-4

    @pytest.mark.parametrize("compressed", [True, False])
    def test_complete(self, X, make, compressed):
        self.same_fit(X, DevicePasses(make(X), **FEW), compressed=compressed)

    def test_with_a_core_on_the_device(self, X, make, monkeypatch):
        monkeypatch.setattr(on_device, "SMALL", 1)
        self.same_fit(X, DevicePasses(make(X), **FEW))

    def test_nonnegative(self, X, make):
        rng = np.random.default_rng(6)
        factors = [rng.random((n, 3)) ** 2 for n in SHAPE]
        X = np.einsum("ir,jr,kr->ijk", *factors).astype(X.dtype) + np.abs(X) / 10
        self.same_fit(X, DevicePasses(make(X), **FEW), nonnegative=True)

    @pytest.mark.parametrize("free_axis", [0, 1, 2])
    def test_a_pattern_of_missing_entries(self, make, free_axis):
        gappy, observed = with_gaps(planted(3, SHAPE), free_axis)
        pattern = Pattern(observed.take(0, free_axis).astype(float), free_axis)
        passes = of_device_array(make(gappy), **FEW)
        assert passes.has_missing
        self.same_fit(gappy, passes, pattern)

    def test_twice_gives_the_same_bits(self, X, make):
        problem = DenseProblem(DevicePasses(make(X)), 1.0 * np.sum(X.astype(float) ** 2))
        first, second = (
            fit_cp(problem, self.STARTS, CPOptions(3, (False,) * 3, 50, 1e-7))[0].result
            for _ in range(2)
        )
        for one, other in zip(first.factors, second.factors, strict=True):
            np.testing.assert_array_equal(one, other)

    def test_the_data_is_untouched(self, X, make):
        gappy, _ = with_gaps(X, 2)
        data = make(gappy.copy())
        passes = of_device_array(data)
        passes.gram(1), passes.norm2(), passes.contract(2, np.ones((X.shape[2], 2), X.dtype))
        np.testing.assert_array_equal(as_numpy(data), gappy)


class TestRecognition:
    def test_what_is_such_an_array(self, X, make):
        assert is_device_array(make(X))
        assert not of_device_array(make(X)).has_missing

    @pytest.mark.parametrize("other", [[[[1.0]]], np.ones((2, 2, 2)), np.float64(1), None, "a"])
    def test_what_is_not(self, other):
        assert of_device_array(other) is None

    def test_lazy_and_labelled_arrays_are_not(self):
        xarray, dask = pytest.importorskip("xarray"), pytest.importorskip("dask.array")
        assert not is_device_array(dask.ones((2, 2, 2)))
        assert not is_device_array(xarray.DataArray(np.ones((2, 2, 2))))

    def test_results_go_back_to_where_the_data_came_from(self, X, make):
        counts = make(np.ones(SHAPE, "uint8"))
        result = np.linspace(0, 1, 6).reshape(2, 3).T
        result.flags.writeable = False
        back = as_given(counts, result)
        assert type(back) is type(counts)
        np.testing.assert_array_equal(as_numpy(back), result)
        assert as_given(X, result) is result

    def test_any_layout_of_small_arrays_is_taken(self, make):
        given = make(np.ones(SHAPE))
        for small in (
            np.arange(3.0)[:, None][:, ::-1],
            np.broadcast_to(2.0, (3, 2)),
            np.ones(2)[:0],
        ):
            np.testing.assert_array_equal(as_numpy(like(given, small)), small)
