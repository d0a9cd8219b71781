"""The gauge: the same model in one form, and the smallest such form, against dense projectors."""

from itertools import combinations

import numpy as np
import pytest
import scipy.optimize

from trialtensor.solvers.slices import GAUGES, Components, fix_gauge
from trialtensor.solvers.slices.contraction import as_rows, part, reconstruct
from trialtensor.solvers.slices.gauge import sum_of_part_norms

RANKS = [(2, 1, 2), (1, 1, 1), (3, 2, 1), (2, 2, 0), (2, 0, 1), (0, 1, 2), (3, 0, 0), (6, 5, 4)]
EVERY_GAUGE = pytest.mark.parametrize("gauge", GAUGES)
EVERY_RANK = pytest.mark.parametrize("ranks", RANKS)


def parts_of(components):
    return [part(axis, *pair) for axis, pair in enumerate(zip(*components, strict=True))]


def project(X, axis, matrix):
    """A dense matrix along one axis of a tensor."""
    return np.moveaxis(np.tensordot(matrix, X, axes=(1, axis)), 0, axis)


def split_by_projectors(components, gauge):
    """Every piece ``E_S`` formed in full, and handed out."""
    whole = reconstruct(components)
    projectors = [u @ np.linalg.pinv(u) for u in components.loadings]
    parts = [np.zeros_like(whole) for _ in range(3)]
    for size in (1, 2, 3):
        for types in combinations(range(3), size):
            piece = whole
            for axis, P in enumerate(projectors):
                piece = project(piece, axis, P if axis in types else np.eye(len(P)) - P)
            first = (
                ("trial-first", "neuron-first", "time-first").index(gauge) if "-f" in gauge else -1
            )
            owners = (first,) if first in types else types
            for axis in owners:
                parts[axis] = parts[axis] + piece / len(owners)
    return parts


def moved(components, seed, size=1.0):
    """The same model elsewhere in its gauge freedom."""
    (u, v, w), (A, B, C) = components
    rng = np.random.default_rng(seed)
    by_neuron, by_time, without_trial = (
        size * rng.standard_normal(shape)
        for shape in (
            (u.shape[1], v.shape[1], len(w)),
            (u.shape[1], w.shape[1], len(v)),
            (v.shape[1], w.shape[1], len(u)),
        )
    )
    A = A + np.einsum("rst,ns->rnt", by_neuron, v) + np.einsum("rsn,ts->rnt", by_time, w)
    B = B - np.einsum("rst,kr->skt", by_neuron, u) + np.einsum("rsk,ts->rkt", without_trial, w)
    C = C - np.einsum("rsn,kr->skn", by_time, u) - np.einsum("rsk,nr->skn", without_trial, v)
    return Components((u, v, w), (A, B, C))


@EVERY_GAUGE
@EVERY_RANK
def test_the_reconstruction_stays(draw, ranks, gauge):
    model = draw(ranks=ranks)
    fixed = fix_gauge(*model, gauge)
    np.testing.assert_allclose(reconstruct(fixed), reconstruct(model), atol=1e-12)
    assert fixed.ranks == ranks


@EVERY_GAUGE
@EVERY_RANK
def test_parts_are_those_of_dense_projectors(draw, ranks, gauge):
    model = draw(ranks=ranks, seed=1)
    found = parts_of(fix_gauge(*model, gauge))
    for ours, expected in zip(found, split_by_projectors(model, gauge), strict=True):
        np.testing.assert_allclose(ours, expected, atol=1e-12)


def freedom(components):
    """Every change that keeps the model, as columns: (3 * size, n) acting on the three parts.

    A term ``u_r (x) M (x) v_s`` may move from one type to another. What all three types could
    tell is of this kind for each pair, so pairs are enough.
    """
    (u, v, w), _ = components
    moves = []
    for a, b in combinations(range(3), 2):
        (c,) = {0, 1, 2} - {a, b}
        factors = [u, v, w]
        factors[c] = np.eye(len(factors[c]))
        letters = ("kr", "ns", "tq")
        term = np.einsum(",".join(letters) + "->kntrsq", *factors)
        term = term.reshape(len(u) * len(v) * len(w), -1)
        blocks = [np.zeros_like(term) for _ in range(3)]
        blocks[a], blocks[b] = term, -term
        moves.append(np.concatenate(blocks))
    return np.concatenate(moves, axis=1)


@pytest.mark.parametrize("ranks", [(2, 1, 2), (1, 2, 1), (2, 2, 0)])
def test_no_optimiser_finds_a_smaller_norm(draw, ranks):
    fixed = fix_gauge(*draw(ranks=ranks, seed=2))
    start = np.concatenate([p.ravel() for p in parts_of(fixed)])
    directions = freedom(fixed)

    def norm2(x):
        parts = start + directions @ x
        return parts @ parts, 2 * directions.T @ parts

    n = directions.shape[1]
    ours = sum_of_part_norms(fixed)
    assert norm2(np.zeros(n))[0] == pytest.approx(ours, rel=1e-12)
    here = scipy.optimize.minimize(norm2, np.zeros(n), jac=True, options={"gtol": 1e-12})
    assert here.fun >= ours * (1 - 1e-12)
    # The gauge freedom is real: away from our point the norm is larger, and leads back to it.
    away = np.random.default_rng(0).standard_normal(n)
    assert norm2(away)[0] > ours * 1.05
    back = scipy.optimize.minimize(norm2, away, jac=True, method="L-BFGS-B", tol=1e-14)
    assert back.fun == pytest.approx(ours, rel=1e-9)
    np.testing.assert_allclose(start + directions @ back.x, start, atol=1e-4)


@EVERY_GAUGE
@EVERY_RANK
@pytest.mark.parametrize("size", [1.0, 100.0])
def test_the_way_in_does_not_matter(draw, ranks, gauge, size):
    model = draw(ranks=ranks, seed=3)
    other = moved(model, seed=4, size=size)
    np.testing.assert_allclose(reconstruct(other), reconstruct(model), atol=1e-11 * size)
    ours, theirs = fix_gauge(*model, gauge), fix_gauge(*other, gauge)
    for one, two in zip(parts_of(ours), parts_of(theirs), strict=True):
        np.testing.assert_allclose(one, two, atol=1e-11 * size)


@EVERY_RANK
def test_no_gauge_has_a_smaller_norm_than_the_minimal(draw, ranks):
    model = draw(ranks=ranks, seed=5)
    smallest = sum_of_part_norms(fix_gauge(*model))
    explicit = sum(np.sum(p**2) for p in parts_of(fix_gauge(*model)))
    assert smallest == pytest.approx(explicit, rel=1e-12)
    for gauge in GAUGES[1:]:
        assert smallest <= sum_of_part_norms(fix_gauge(*model, gauge)) * (1 + 1e-12)
    assert smallest <= sum_of_part_norms(model) * (1 + 1e-12)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_the_first_type_tells_all_that_it_can(draw, axis):
    model = draw(seed=6)
    parts = parts_of(fix_gauge(*model, GAUGES[1 + axis]))
    u = model.loadings[axis]
    P = u @ np.linalg.pinv(u)
    np.testing.assert_allclose(parts[axis], project(reconstruct(model), axis, P), atol=1e-12)
    for other in {0, 1, 2} - {axis}:
        assert np.abs(project(parts[other], axis, P)).max() < 1e-12


@EVERY_GAUGE
@EVERY_RANK
def test_each_type_is_in_the_form_of_a_singular_value_decomposition(draw, ranks, gauge):
    fixed = fix_gauge(*draw(ranks=ranks, seed=7), gauge)
    for axis, (loadings, slices) in enumerate(zip(*fixed, strict=True)):
        rank = loadings.shape[1]
        np.testing.assert_allclose(loadings.T @ loadings, np.eye(rank), atol=1e-12)
        rows = as_rows(slices)
        unfolding = np.moveaxis(part(axis, loadings, slices), axis, 0).reshape(len(loadings), -1)
        values = np.linalg.svd(unfolding)[1]
        gram = rows @ rows.T
        np.testing.assert_allclose(gram, np.diag(values[:rank] ** 2), atol=1e-11)
        # Neuron and time loadings and trial slices are skewed to the positive.
        skewness = np.sum(rows**3, axis=1) if axis == 0 else np.sum(loadings**3, axis=0)
        assert np.all(skewness >= 0)


@EVERY_GAUGE
def test_fixing_again_changes_nothing(draw, gauge):
    once = fix_gauge(*draw(shape=(9, 8, 7), ranks=(2, 3, 2), seed=8), gauge)
    twice = fix_gauge(*once, gauge)
    for first, second in zip(
        once.loadings + once.slices, twice.loadings + twice.slices, strict=True
    ):
        np.testing.assert_allclose(second, first, atol=1e-11)


def test_the_same_input_gives_the_same_bits_and_is_left_alone(draw):
    model = draw(seed=9)
    before = [array.tobytes() for array in model.loadings + model.slices]
    first, again = fix_gauge(*model), fix_gauge(*model)
    for one, two in zip(first.loadings + first.slices, again.loadings + again.slices, strict=True):
        assert one.tobytes() == two.tobytes()
    assert [array.tobytes() for array in model.loadings + model.slices] == before


def test_flipped_and_mixed_components_come_out_the_same(draw):
    (u, v, w), (A, B, C) = draw(seed=10)
    mixing = np.array([[1.0, -3.0], [0.5, 2.0]])
    mixed = Components(
        (u @ mixing, -v, w[:, ::-1]),
        (np.tensordot(np.linalg.inv(mixing), A, axes=(1, 0)), -B, C[::-1]),
    )
    for one, two in zip(fix_gauge((u, v, w), (A, B, C)), fix_gauge(*mixed), strict=True):
        for ours, theirs in zip(one, two, strict=True):
            np.testing.assert_allclose(ours, theirs, atol=1e-11)


def with_twice_the_first_trial_loading(model):
    (u, v, w), slices = model
    return Components((np.outer(u[:, 0], [1.0, 2.0]), v, w), slices)


@EVERY_GAUGE
def test_dependent_loadings_keep_the_reconstruction(draw, gauge):
    model = with_twice_the_first_trial_loading(draw(seed=11))
    fixed = fix_gauge(*model, gauge)
    np.testing.assert_allclose(reconstruct(fixed), reconstruct(model), atol=1e-12)
    np.testing.assert_allclose(fixed.loadings[0].T @ fixed.loadings[0], np.eye(2), atol=1e-12)


@EVERY_GAUGE
def test_dependent_loadings_leave_a_component_of_zero(draw, gauge):
    model = with_twice_the_first_trial_loading(draw(seed=11))
    fixed = fix_gauge(*model, gauge)
    assert np.linalg.norm(fixed.slices[0][1]) < 1e-12
    for ours, expected in zip(parts_of(fixed), split_by_projectors(model, gauge), strict=True):
        np.testing.assert_allclose(ours, expected, atol=1e-12)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_component_without_loading_stays_zero(draw, axis):
    model = draw(ranks=(2, 2, 2), seed=12)
    model.loadings[axis][:, 1] = 0
    fixed = fix_gauge(*model)
    np.testing.assert_allclose(reconstruct(fixed), reconstruct(model), atol=1e-12)
    assert np.linalg.norm(fixed.slices[axis][1]) < 1e-12


def test_more_components_than_the_axis_is_long_keep_their_number(draw):
    model = draw(shape=(6, 5, 4), ranks=(2, 1, 6), seed=11)
    fixed = fix_gauge(*model)
    np.testing.assert_allclose(reconstruct(fixed), reconstruct(model), atol=1e-12)
    assert fixed.ranks == model.ranks


@pytest.mark.parametrize(("dtype", "scale"), [(np.float64, 1e-20), (np.float32, 1e-10)])
def test_the_scale_of_a_loading_does_not_matter(draw, dtype, scale):
    """A component may have all of its size in its slice."""
    model = draw(seed=11)
    scales = np.array([1.0, scale])
    (u, v, w), (A, B, C) = (tuple(a.astype(dtype) for a in arrays) for arrays in model)
    u, A = (u * scales).astype(dtype), (A / scales[:, None, None]).astype(dtype)
    fixed = fix_gauge((u, v, w), (A, B, C))
    atol = 100 * np.finfo(dtype).eps
    np.testing.assert_allclose(reconstruct(fixed), reconstruct(model), atol=atol)


def test_one_type_has_nothing_to_share(draw):
    model = draw(ranks=(3, 0, 0), seed=13)
    fixed = [fix_gauge(*model, gauge) for gauge in GAUGES]
    for other in fixed[1:]:
        np.testing.assert_allclose(other.slices[0], fixed[0].slices[0], atol=1e-12)
    assert [s.shape for s in fixed[0].slices] == [(3, 5, 4), (0, 6, 4), (0, 6, 5)]
    assert [u.shape for u in fixed[0].loadings] == [(6, 3), (5, 0), (4, 0)]


def test_float32_stays_float32_and_integers_become_float64(draw):
    model = draw(seed=14)
    single = Components(*(tuple(a.astype(np.float32) for a in arrays) for arrays in model))
    fixed = fix_gauge(*single)
    assert {a.dtype for a in fixed.loadings + fixed.slices} == {np.dtype(np.float32)}
    np.testing.assert_allclose(reconstruct(fixed), reconstruct(model), atol=1e-4)
    whole = Components(*(tuple((9 * a).astype(int) for a in arrays) for arrays in model))
    assert fix_gauge(*whole).slices[0].dtype == np.float64
    np.testing.assert_allclose(reconstruct(fix_gauge(*whole)), reconstruct(whole), atol=1e-10)


def test_lists_are_arrays_too(draw):
    model = draw(seed=14)
    lists = [[array.tolist() for array in arrays] for arrays in model]
    np.testing.assert_array_equal(fix_gauge(*lists).slices[0], fix_gauge(*model).slices[0])


def test_small_components_keep_their_digits(draw):
    # A Gram matrix of the slices would lose what is below the root of the rounding error.
    (u, v, w), (A, B, C) = draw(ranks=(2, 0, 0), seed=15)
    u = np.linalg.qr(u)[0]
    A = np.linalg.qr(A.reshape(2, -1).T)[0].T.reshape(A.shape) * np.array([1, 1e-10])[:, None, None]
    fixed = fix_gauge((u, v, w), (A, B, C))
    assert np.linalg.norm(fixed.slices[0][1]) == pytest.approx(1e-10, rel=1e-5)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda u, s: (u[:2], s), ["loadings", "three", "2"]),
        (lambda u, s: (u, s[:1]), ["slices", "three", "1"]),
        (lambda u, s: ((u[0][:, 0], *u[1:]), s), ["loadings", "n_trials", "(6,)"]),
        (lambda u, s: (u, (s[0].swapaxes(1, 2), *s[1:])), ["slices", "(2, 5, 4)", "(2, 4, 5)"]),
        (lambda u, s: (u, (s[0][:1], *s[1:])), ["slices", "trial", "(2, 5, 4)", "(1, 5, 4)"]),
        (lambda u, s: ((u[0][:-1], *u[1:]), s), ["slices", "neuron", "(1, 5, 4)", "(1, 6, 4)"]),
        (lambda u, s: (u, (*s[:2], s[2][0])), ["slices", "time", "(2, 6, 5)", "(6, 5)"]),
    ],
)
def test_shapes_that_do_not_fit_are_named(draw, change, words):
    loadings, slices = change(*draw())
    with pytest.raises(ValueError) as error:
        fix_gauge(loadings, slices)
    assert all(word in str(error.value) for word in words), str(error.value)


def test_unknown_gauges_are_named(draw):
    with pytest.raises(ValueError, match=r"gauge: .*minimal-norm.*'smallest'"):
        fix_gauge(*draw(), "smallest")
    with pytest.raises(ValueError, match=r"gauge: .*'trial'"):
        fix_gauge(*draw(), "trial")
