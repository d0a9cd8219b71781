"""Passes over data with any number of axes, against brute force."""

import numpy as np
import pytest

from trialtensor.solvers import contraction
from trialtensor.solvers.acceleration import RowUpdater
from trialtensor.solvers.axis_groups import AxisGroups
from trialtensor.solvers.compression import compress
from trialtensor.solvers.diagnostics import core_consistency, residual_sum_of_squares
from trialtensor.solvers.many_axes import ManyAxes
from trialtensor.solvers.passes import Block, axis_jobs, jobs
from trialtensor.solvers.passes.memory import MemoryPasses
from trialtensor.solvers.passes.reshaped import InShape, Reshaped, unwrapped
from trialtensor.solvers.passes.reshaped_on_device import ReshapedOnDevice, in_shape
from trialtensor.solvers.problems import DenseProblem
from trialtensor.solvers.unfolding import unfold

SHAPE = (23, 5, 4, 6)
PLACES = ("memory", "device")


@pytest.fixture
def X():
    return np.random.default_rng(0).standard_normal(SHAPE)


def factors(shape=SHAPE, rank=3, seed=1):
    rng = np.random.default_rng(seed)
    return tuple(rng.standard_normal((n, rank)) for n in shape)


def passes(X, place="memory", **options):
    if place == "device":
        return in_shape(pytest.importorskip("array_api_strict").asarray(X))
    flat = X.reshape(len(X), -1, 1)
    return Reshaped(MemoryPasses(flat, n_entries=300), X.shape, **options)


def gram(X, axis):
    unfolded = np.moveaxis(X, axis, 0).reshape(X.shape[axis], -1)
    return unfolded @ unfolded.T


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("axis", range(4))
def test_gram_matrices_and_their_products(X, place, axis):
    found, rows = passes(X, place), np.random.default_rng(2).standard_normal((SHAPE[axis], 2))
    np.testing.assert_allclose(found.gram(axis), gram(X, axis), rtol=1e-12)
    np.testing.assert_allclose(found.gram_times(axis, rows), gram(X, axis) @ rows, rtol=1e-11)
    np.testing.assert_allclose(unfold(found, axis).gram_times(rows), gram(X, axis) @ rows)


@pytest.mark.parametrize("axis", range(3))
def test_products_with_gram_matrices_of_three_axes(X, axis):
    three = X.reshape(23, 20, 6)
    rows = np.random.default_rng(2).standard_normal((three.shape[axis], 2))
    found = MemoryPasses(three, n_entries=300).gram_times(axis, rows)
    np.testing.assert_allclose(found, gram(three, axis) @ rows, rtol=1e-11)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("axis", range(4))
def test_projections(X, place, axis):
    basis = np.linalg.qr(np.random.default_rng(3).standard_normal((SHAPE[axis], 2)))[0]
    found = passes(X, place).compressed(axis, basis)
    expected = np.moveaxis(np.tensordot(X, basis, (axis, 0)), -1, axis)
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_what_has_no_room_is_projected_in_each_pass(X):
    bases = {3: np.eye(6)[:, :2] + 0.1, 1: np.eye(5)[:, 1:4]}
    found, expected = passes(X, room=0), X
    for axis, basis in bases.items():
        found = found.compressed(axis, basis)
        expected = np.moveaxis(np.tensordot(expected, basis, (axis, 0)), -1, axis)
        assert isinstance(found, Reshaped) and found.shape == expected.shape
    np.testing.assert_allclose(found[:], expected, atol=1e-12)
    np.testing.assert_allclose(found[3:9], expected[3:9], atol=1e-12)
    for axis in range(4):
        np.testing.assert_allclose(found.gram(axis), gram(expected, axis), rtol=1e-11)
    whole = found.compressed(0, np.eye(23)[:, :4])
    np.testing.assert_allclose(whole, expected[:4], atol=1e-12)


@pytest.mark.parametrize("room", [0, 10**9])
def test_the_core_is_that_of_memory(room):
    X = np.random.default_rng(0).standard_normal((40, 20, 19, 18))
    groups = AxisGroups.balanced(X.shape)
    cores = [
        compress(ManyAxes(DenseProblem(groups.three_way(data), 1.0), groups), 2)
        for data in (X, passes(X, room=room))
    ]
    assert all(isinstance(core.X, np.ndarray) and core.X.shape == (12,) * 4 for core in cores)
    np.testing.assert_allclose(cores[1].X, cores[0].X, atol=1e-10)
    for ours, theirs in zip(cores[1].bases, cores[0].bases, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-10)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("n_left", [1, 2, 3])
def test_a_sweep_solves_every_row_of_every_axis(X, place, n_left):
    groups = AxisGroups(SHAPE, n_left)
    inner = DenseProblem(groups.three_way(passes(X, place)), float(np.sum(X**2)))
    models = [factors(seed=seed) for seed in (1, 2)]
    update = RowUpdater((False,) * 4)
    found = ManyAxes(inner, groups).sweep_together(models, update)
    for start, (swept, loss) in zip(models, found, strict=True):
        current = list(start)
        for axis in range(4):
            others = [f for i, f in enumerate(current) if i != axis]
            design = others[0]
            for each in others[1:]:
                design = contraction.khatri_rao(design, each)
            data = np.moveaxis(X, axis, 0).reshape(SHAPE[axis], -1)
            current[axis] = np.linalg.lstsq(design, data.T, rcond=None)[0].T
            np.testing.assert_allclose(swept[axis], current[axis], rtol=1e-7, atol=1e-9)
        residual = X - np.einsum("ar,br,cr,dr->abcd", *current)
        assert loss == pytest.approx(np.sum(residual**2), rel=1e-9)


@pytest.mark.parametrize("place", PLACES)
def test_diagnostics(X, place):
    model = factors()
    expected = np.sum((X - np.einsum("ar,br,cr,dr->abcd", *model)) ** 2)
    assert residual_sum_of_squares(passes(X, place), model) == pytest.approx(expected, rel=1e-12)
    own = np.einsum("abcd,ra,sb,tc,ud->rstu", X, *map(np.linalg.pinv, model))
    own[(np.arange(3),) * 4] -= 1
    found = core_consistency(passes(X, place), model)
    assert found == pytest.approx(100 * (1 - np.sum(own**2) / 3), rel=1e-9)
    assert np.isnan(core_consistency(passes(X, place), (model[0] * 0, *model[1:])))


def test_missing_entries_are_filled_in_by_the_model(X):
    seen, model = np.random.default_rng(5).random(SHAPE) < 0.7, factors()
    inner = MemoryPasses(
        np.where(seen, X, 0).reshape(23, -1, 1), seen.reshape(23, -1, 1), n_entries=300
    )
    ours = core_consistency(Reshaped(inner, SHAPE), model)
    assert ours == pytest.approx(core_consistency(X, model, seen), rel=1e-9)


def test_slices_are_left_out(X):
    kept = tuple(np.random.default_rng(4).random(n) < 0.6 for n in SHAPE)
    small = X[np.ix_(*kept)]
    found = passes(X, "device").without(kept)
    assert found.shape == small.shape
    np.testing.assert_array_equal(found[:], small)
    np.testing.assert_allclose(found.gram(0), gram(small, 0), rtol=1e-12)


def test_other_shapes_of_the_same_data(X):
    found = passes(X)
    three = found.reshape(23, 20, -1)
    assert three.shape == (23, 20, 6) and three.reshape(SHAPE).shape == SHAPE
    np.testing.assert_array_equal(three[2:5], X[2:5].reshape(3, 20, 6))
    assert (found.min(), found.max()) == (X.min(), X.max())
    assert found.norm2() == pytest.approx(np.sum(X**2), rel=1e-12)
    assert unwrapped(found) is found.inner and unwrapped(X) is X


def test_data_on_a_device_stays_there(X, monkeypatch):
    monkeypatch.setattr("trialtensor.solvers.passes.reshaped_on_device.SMALL", 10)
    found = passes(X, "device").compressed(3, np.eye(6)[:, :2])
    assert isinstance(found, ReshapedOnDevice)
    np.testing.assert_array_equal(found[:], X[..., :2])


@pytest.mark.parametrize(
    "job",
    [
        axis_jobs.GramAlong(2),
        axis_jobs.Values(),
        jobs.GramTimes(1, np.ones((5, 2))),
        jobs.ResidualSquares(jobs.CPModel(factors())),
        axis_jobs.CoreOfMany(factors(), [np.linalg.pinv(f) for f in factors()]),
    ],
)
def test_jobs_need_nothing_but_the_array_api(X, job):
    xp = pytest.importorskip("array_api_strict")
    flat, part = X.reshape(23, -1, 1), slice(0, 23)
    steps = () if not isinstance(job, axis_jobs.Values) else ((3, np.eye(6)[:, :2]),)
    shown = InShape(job, SHAPE[1:], steps)
    for here, there in zip(
        shown(Block(part, flat)), shown(Block(part, xp.asarray(flat))), strict=True
    ):
        np.testing.assert_allclose(np.asarray(there), here, rtol=1e-12, atol=1e-12)
