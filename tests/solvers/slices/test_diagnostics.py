"""What a SliceTCA model explains, against the components formed in full."""

import numpy as np
import pytest
import scipy.linalg

from trialtensor.solvers.problems import sum_of_squares
from trialtensor.solvers.slices import fix_gauge
from trialtensor.solvers.slices.contraction import part, reconstruct
from trialtensor.solvers.slices.diagnostics import (
    explained_variance,
    residual_sum_of_squares,
    some_trials,
    subspace_overlap,
)

SHAPE = (9, 8, 7)
RANKS = [(2, 1, 2), (1, 1, 1), (3, 0, 0), (0, 2, 1), (2, 0, 2)]
EVERY_RANK = pytest.mark.parametrize("ranks", RANKS)
MASKED = pytest.mark.parametrize("masked", [False, True])


def problem(masked, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal(SHAPE)
    observed = rng.random(SHAPE) < 0.7 if masked else None
    return (X if observed is None else X * observed), observed


def tensors_of(components, observed):
    """Every component as a vector of observed entries."""
    tensors = []
    for axis, (loadings, slices) in enumerate(zip(*components, strict=True)):
        for r in range(len(slices)):
            tensors.append(part(axis, loadings[:, r : r + 1], slices[r : r + 1]))
    seen = np.ones(SHAPE, bool) if observed is None else observed
    return np.array([tensor[seen] for tensor in tensors])


def explained_by(tensors, target):
    if len(tensors) == 0:
        return 0.0
    fitted = tensors.T @ np.linalg.lstsq(tensors.T, target, rcond=None)[0]
    return 1 - np.sum((target - fitted) ** 2) / np.sum(target**2)


def check(found, tensors, target):
    everything = explained_by(tensors, target)
    for i, tensor in enumerate(tensors):
        alone = explained_by(tensor[None], target)
        without = explained_by(np.delete(tensors, i, axis=0), target)
        assert found.alone[i] == pytest.approx(alone, abs=1e-10)
        assert found.unique[i] == pytest.approx(everything - without, abs=1e-10)
        assert found.shared[i] == pytest.approx(alone - everything + without, abs=1e-10)


@MASKED
@EVERY_RANK
@pytest.mark.parametrize("in_gauge", [False, True])
def test_explained_variance_is_that_of_explicit_tensors(draw, ranks, masked, in_gauge):
    X, observed = problem(masked)
    components = draw(SHAPE, ranks, seed=1)
    components = fix_gauge(*components) if in_gauge else components
    tensors = tensors_of(components, observed)
    target = X.ravel() if observed is None else X[observed]
    of_components, of_types = explained_variance(X, components, sum_of_squares(X), observed)
    assert len(of_components.alone) == sum(ranks)
    check(of_components, tensors, target)
    present = [axis for axis in range(3) if ranks[axis]]
    ends = np.cumsum(ranks)
    types = [np.sum(tensors[ends[a] - ranks[a] : ends[a]], axis=0) for a in present]
    alone, unique = of_types.alone[present], of_types.unique[present]
    check(type(of_types)(alone, unique), np.array(types), target)
    absent = [axis for axis in range(3) if not ranks[axis]]
    assert not of_types.alone[absent].any() and not of_types.unique[absent].any()


def test_a_component_of_zero_explains_nothing(draw):
    X, _ = problem(False)
    components = draw(SHAPE, (2, 2, 1), seed=2)
    components.slices[1][0] = 0
    of_components, of_types = explained_variance(X, components, sum_of_squares(X))
    assert of_components.alone[2] == of_components.unique[2] == 0
    assert np.isfinite(of_components.alone).all() and np.isfinite(of_types.unique).all()


def test_masked_components_some_trials_at_a_time(monkeypatch, draw):
    from trialtensor.solvers.slices import diagnostics

    X, observed = problem(True)
    components = draw(SHAPE, (2, 1, 2), seed=3)
    whole, _ = explained_variance(X, components, sum_of_squares(X), observed)
    monkeypatch.setattr(
        diagnostics, "trial_chunks", lambda *_: [slice(0, 4), slice(4, 5), slice(5, 9)]
    )
    found, _ = explained_variance(X, components, sum_of_squares(X), observed)
    np.testing.assert_allclose(found.alone, whole.alone)
    np.testing.assert_allclose(found.unique, whole.unique)
    residual = np.sum(((X - reconstruct(components)) * observed) ** 2)
    assert residual_sum_of_squares(X, components, observed) == pytest.approx(residual)


@MASKED
@EVERY_RANK
def test_the_residual(draw, ranks, masked):
    X, observed = problem(masked)
    components = draw(SHAPE, ranks, seed=4)
    rest = X - reconstruct(components)
    expected = np.sum(rest**2 if observed is None else rest[observed] ** 2)
    assert residual_sum_of_squares(X, components, observed) == pytest.approx(expected, rel=1e-12)


def test_float32_residuals_are_summed_in_float64(draw):
    X = np.random.default_rng(0).standard_normal(SHAPE).astype(np.float32)
    components = draw(SHAPE, (2, 1, 2), seed=5)
    single = type(components)(*(tuple(a.astype(np.float32) for a in c) for c in components))
    rest = (X - reconstruct(single)).astype(np.float64)
    assert residual_sum_of_squares(X, single) == pytest.approx(np.sum(rest**2), rel=1e-12)


def test_some_trials_are_rows_of_the_whole(draw):
    components = draw(SHAPE, (2, 1, 2), seed=6)
    np.testing.assert_allclose(
        reconstruct(some_trials(components, slice(2, 5))), reconstruct(components)[2:5]
    )


@pytest.mark.parametrize("ranks", [(2, 3, 1), (1, 0, 0), (0, 2, 2), (3, 1, 4)])
def test_overlap_is_the_mean_squared_cosine_of_principal_angles(draw, ranks):
    first, second = (draw(SHAPE, ranks, seed=seed).loadings for seed in (7, 8))
    cosines = np.concatenate(
        [
            np.cos(scipy.linalg.subspace_angles(ours, theirs))
            for ours, theirs in zip(first, second, strict=True)
            if ours.shape[1]
        ]
    )
    assert subspace_overlap(first, second) == pytest.approx(np.mean(cosines**2), rel=1e-10)
    assert subspace_overlap(second, first) == pytest.approx(subspace_overlap(first, second))


def test_overlap_does_not_depend_on_the_basis(draw):
    loadings = draw(SHAPE, (2, 3, 2), seed=9).loadings
    rng = np.random.default_rng(0)
    mixed = tuple(u @ rng.standard_normal((u.shape[1],) * 2) for u in loadings)
    assert subspace_overlap(loadings, mixed) == pytest.approx(1)
    single = tuple(u.astype(np.float32) for u in loadings)
    assert 1 - 1e-6 < subspace_overlap(single, single) <= 1


def test_orthogonal_subspaces_do_not_overlap():
    axes, none = np.eye(5), np.empty((5, 0))
    assert subspace_overlap((axes[:, :2], none, none), (axes[:, 2:4], none, none)) == 0


def test_a_model_with_a_component_of_zero_overlaps_with_itself(draw):
    loadings = draw(SHAPE, (2, 1, 1), seed=10).loadings
    loadings[0][:, 1] = 0
    assert subspace_overlap(loadings, loadings) == pytest.approx(1)


def test_models_of_nothing_overlap_with_themselves():
    """As when every component of a non-negative fit has died."""
    nothing = tuple(np.zeros((n, 1)) for n in SHAPE)
    assert subspace_overlap(nothing, nothing) == pytest.approx(1)
