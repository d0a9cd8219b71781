"""Fits with much missing: what the ridge does, what it leaves alone, what it is compared with."""

import warnings

import numpy as np
import pytest

from trialtensor import TCA, CoupledTCA, Parafac2, make_tca
from trialtensor.data import make_mask
from trialtensor.solvers.links import linked_groups
from trialtensor.solvers.ridge import row_strengths

pytestmark = pytest.mark.filterwarnings("ignore")


def planted(seed, kind, fraction, shape=(60, 25, 30), rank=3):
    X = make_tca(*shape, rank, snr=2.0, random_state=seed).X
    return X, make_mask(shape, kind, fraction, random_state=seed)


def held_out_error(model, X, mask):
    told = model.reconstruct()
    known = ~mask & np.isfinite(told)
    return np.sum((X - told)[known] ** 2) / np.sum(X[known] ** 2)


@pytest.mark.parametrize("seed", range(4))
def test_entries_missing_at_random_are_fitted_as_without_a_ridge(seed):
    """Independent: least squares by rows, from the solution, moves it by nothing."""
    X, mask = planted(seed, "entries", 0.5)
    model = TCA(3, n_init=3, tol=1e-12, random_state=0).fit(X, mask=mask)
    trial = model.trial_factors_ * model.weights_
    factors = [trial, model.neuron_factors_, model.time_factors_]
    for _ in range(40):
        for axis in range(3):
            first, second = (f for i, f in enumerate(factors) if i != axis)
            design = np.einsum("ir,jr->ijr", first, second)
            values, seen = np.moveaxis(X, axis, 0), np.moveaxis(mask, axis, 0)
            rows = zip(values, seen, strict=True)
            factors[axis] = np.array([np.linalg.lstsq(design[s], x[s])[0] for x, s in rows])
    least = np.sum((X - np.einsum("kr,nr,tr->knt", *factors))[mask] ** 2)
    assert least <= model.loss_ <= least * (1 + 1e-6)


@pytest.mark.parametrize(
    ("kind", "fraction"),
    [("entries", 0.9), ("entries", 0.95), ("tracked", 0.7), ("trial_length", 0.6), ("blocks", 0.9)],
)
@pytest.mark.parametrize("nonnegative", [False, True])
def test_much_missing_does_not_explode(kind, fraction, nonnegative):
    for seed in range(3):
        X, mask = planted(seed, kind, fraction)
        X = np.abs(X) if nonnegative else X
        model = TCA(3, nonnegative=nonnegative, random_state=0).fit(X, mask=mask)
        assert held_out_error(model, X, mask) < 1
        assert np.nanmax(np.abs(model.reconstruct())) < 5 * np.abs(X[mask]).max()


@pytest.mark.parametrize("kind", ["entries", "tracked", "trial_length"])
def test_without_noise_the_ridge_vanishes(kind):
    """Exact data is recovered where nothing was seen: the ridge is a multiple of the noise."""
    data = make_tca(40, 20, 25, 2, random_state=0)
    mask = make_mask(data.X.shape, kind, 0.5, random_state=0)
    model = TCA(2, random_state=0, tol=1e-12, max_iter=20000).fit(data.signal, mask=mask)
    assert held_out_error(model, data.signal, mask) < 1e-4


@pytest.mark.parametrize("exponent", [-21, 21])
def test_units_of_the_data_do_not_matter(exponent):
    # Rounding can lead to another optimum of much the same loss.
    X, mask = planted(0, "trial_length", 0.6)
    ours = TCA(3, n_init=2, random_state=0).fit(X, mask=mask)
    theirs = TCA(3, n_init=2, random_state=0).fit(np.ldexp(X, exponent), mask=mask)
    assert theirs.loss_ == pytest.approx(np.ldexp(ours.loss_, 2 * exponent), rel=5e-3)


def test_transform_of_hardly_seen_trials_is_that_of_the_fit():
    X, mask = planted(1, "trial_length", 0.6)
    model = TCA(3, n_init=3, random_state=0).fit(X, mask=mask)
    np.testing.assert_allclose(
        model.transform(X, mask=mask), model.trial_factors_, rtol=1e-6, atol=1e-9
    )
    # A trial of which one bin was seen gets no wild weights.
    little = np.zeros(X.shape, bool)
    little[:, :, -1] = True
    weights = model.transform(X, mask=little)
    assert np.nanmax(np.abs(weights)) < 20 * np.nanmax(np.abs(model.trial_factors_))


def test_a_row_gets_a_ridge_only_for_what_is_missing():
    everything = np.array([[[100.0, 0], [0, 100.0]]])
    level = 1.0
    assert row_strengths((everything, everything), level) == 0
    assert row_strengths((0.5 * everything, everything), level) == 0
    assert row_strengths((0 * everything, everything), level) == pytest.approx(level, rel=0.1)
    # Collinear components are open in complete data too.
    collinear = np.array([[[100.0, 100.0], [100.0, 100.0]]])
    assert row_strengths((0.5 * collinear, collinear), level) == 0


def merged_once(groups, n_shared):
    """Merge all groups that chains of enough common members connect, for sizes as they are."""
    left, found = list(groups), []
    while left:
        chain = [left.pop(0)]
        for _, seen in chain:
            near = [g for g in left if len(seen & g[1]) >= min(n_shared, len(seen), len(g[1]))]
            chain += near
            left = [g for g in left if g not in near]
        found.append((set.union(*(g[0] for g in chain)), set.union(*(g[1] for g in chain))))
    return found


@pytest.mark.parametrize("n_shared", [1, 2, 3])
def test_groups_by_brute_force(n_shared):
    rng = np.random.default_rng(n_shared)
    for _ in range(30):
        seen = rng.random((8, 7)) < 0.45
        seen[~seen.any(axis=1), 0] = True
        groups = [({i}, set(np.flatnonzero(row))) for i, row in enumerate(seen)]
        while (merged := merged_once(groups, n_shared)) != groups:
            groups = merged
        found = linked_groups(seen, n_shared)
        ours = {frozenset(np.flatnonzero(found == g).tolist()) for g in set(found.tolist())}
        assert ours == {frozenset(g[0]) for g in groups}


def test_coupled_datasets_and_blocks_do_not_explode():
    X, mask = planted(0, "trial_length", 0.7)
    parts = {"a": slice(0, 12), "b": slice(12, 25)}
    model = CoupledTCA(3, n_init=4, random_state=0).fit(
        {name: X[:, part] for name, part in parts.items()},
        mask={name: mask[:, part] for name, part in parts.items()},
    )
    told = model.reconstruct()
    for name, part in parts.items():
        missing = ~mask[:, part] & np.isfinite(told[name])
        error = np.sum((X[:, part] - told[name])[missing] ** 2)
        assert error < np.sum(X[:, part][missing] ** 2)
    X, mask = planted(0, "entries", 0.9)
    blocked = Parafac2(3, n_init=2, max_iter=300, random_state=0)
    blocked.fit(X, mask=mask, blocks=np.arange(60) // 6)
    assert held_out_error(blocked, X, mask) < 0.8


def test_an_interrupted_or_short_fit_has_a_result():
    X, mask = planted(0, "entries", 0.8)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for max_iter in (1, 2, 5, 40):
            model = TCA(3, n_init=2, max_iter=max_iter, random_state=0).fit(X, mask=mask)
            assert model.n_iter_ <= max_iter
            assert np.isfinite(model.loss_)
            assert np.all(np.diff(model.loss_history_) <= 0)
