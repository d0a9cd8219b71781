"""Fits with much missing: what the ridge does, what it leaves alone, what it is compared with."""

import tracemalloc
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


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_component_that_the_first_ridge_sets_to_zero_comes_back(seed):
    """One entry in ten of exact data: all of it is recovered."""
    data = make_tca(24, 8, 12, 2, random_state=seed)
    mask = make_mask(data.X.shape, "entries", 0.9, random_state=seed)
    model = TCA(2, random_state=0).fit(data.signal, mask=mask)
    assert model.weights_.min() > 1
    assert held_out_error(model, data.signal, mask) < 1e-6


@pytest.mark.parametrize("stage", [2, 4, 7])
def test_ctrl_c_in_a_later_stage_loses_nothing(stage, monkeypatch):
    """Even before the first sweep of a stage is done."""
    from trialtensor.solvers import missing

    calls = []
    go_on = missing._Stages.go_on

    def interrupted(self, *args):
        calls.append(1)
        if len(calls) == stage:
            raise KeyboardInterrupt
        go_on(self, *args)

    monkeypatch.setattr(missing._Stages, "go_on", interrupted)
    X, mask = planted(0, "entries", 0.8)
    model = TCA(3, random_state=0).fit(X, mask=mask)
    assert model.stop_reason_ == "interrupted"
    assert model.explained_variance_ratio_ > 0.3


def test_blocks_fit_at_least_as_well_as_what_they_contain():
    """Independent: a TCA is a Parafac2 whose blocks have the same patterns."""
    for seed in (1, 2):
        X, mask = planted(seed, "blocks", 0.5)
        whole = TCA(3, random_state=0).fit(X, mask=mask)
        blocked = Parafac2(3, n_init=3, max_iter=500, random_state=0)
        blocked.fit(X, mask=mask, blocks=np.arange(60) // 30)
        assert blocked.loss_ <= whole.loss_ * (1 + 1e-3)


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
    little[:, :, np.flatnonzero(mask.any(axis=(0, 1)))[-1]] = True
    weights = model.transform(X, mask=little)
    assert np.nanmax(np.abs(weights)) < 20 * np.nanmax(np.abs(model.trial_factors_))


def test_new_trials_of_a_complete_fit_may_be_hardly_seen():
    X, _ = planted(0, "entries", 0.5)
    model = TCA(3, n_init=3, random_state=0).fit(X[:50])
    little = np.zeros((10, *X.shape[1:]), bool)
    little[:, 3, -1] = True
    weights = model.transform(X[50:], mask=little)
    assert np.abs(weights).max() < 10 * np.abs(model.trial_factors_).max()
    # Nothing changes where all was seen.
    design = np.einsum("nr,tr->ntr", model.neuron_factors_, model.time_factors_).reshape(-1, 3)
    plain = np.linalg.lstsq(design, X[50:].reshape(10, -1).T)[0].T / model.weights_
    np.testing.assert_allclose(model.transform(X[50:]), plain, rtol=1e-8)
    again = TCA(3, n_init=3, random_state=0).partial_fit(X[:50])
    again.partial_fit(X[50:], mask=little)
    assert np.abs(again.trial_factors_).max() < 10 * np.abs(model.trial_factors_).max()


def test_a_row_gets_a_ridge_only_for_what_is_missing():
    everything, level = np.array([[[100.0, 0], [0, 100.0]]]), 1.0
    collinear = np.array([[[100.0, 100.0], [100.0, 100.0]]])
    nothing, half, most = np.array([0.0]), np.array([0.5]), np.array([0.99])
    assert row_strengths(everything, level, nothing) == 0
    assert row_strengths(0.5 * everything, level, half) == 0
    assert row_strengths(0 * everything, level, most) == pytest.approx(level, rel=0.1)
    # Collinear components are open in complete data too.
    assert row_strengths(collinear, level, nothing) == 0


@pytest.mark.parametrize("n_shared", [1, 2, 3])
def test_groups_have_too_little_in_common(n_shared):
    rng = np.random.default_rng(n_shared)
    for _ in range(30):
        seen = rng.random((8, 12)) < 0.25
        seen[~seen.any(axis=1), 0] = True
        group = linked_groups(seen, n_shared)
        unions = [seen[group == g].any(axis=0) for g in range(group.max() + 1)]
        for i, a in enumerate(unions):
            for b in unions[i + 1 :]:
                assert np.sum(a & b) < min(n_shared, a.sum(), b.sum())


@pytest.mark.parametrize(("n_common", "n_groups"), [(3, 1), (2, 4), (0, 4)])
def test_sessions_in_a_chain(n_common, n_groups):
    """Four sessions of ten neurons each, so many of which are also in the next."""
    seen = np.zeros((20, 40), bool)
    for session in range(4):
        first = session * (10 - n_common)
        seen[5 * session : 5 * session + 5, first : first + 10] = True
    shuffled = np.random.default_rng(0).permutation(20)
    group = linked_groups(seen[shuffled], 3)
    assert group.max() + 1 == n_groups
    if n_groups > 1:
        same = group[:, None] == group
        assert np.array_equal(same, (shuffled // 5)[:, None] == shuffled // 5)


def test_many_trials_with_patterns_of_their_own_take_little_memory():
    seen = np.random.default_rng(0).random((4000, 60)) < 0.5
    tracemalloc.start()
    assert linked_groups(seen, 3).max() == 0
    assert tracemalloc.get_traced_memory()[1] < 4000 * 4000
    tracemalloc.stop()


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
