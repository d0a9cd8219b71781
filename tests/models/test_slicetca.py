"""SliceTCA: its contract, its answers on planted data, and what it refuses."""

import warnings

import numpy as np
import pytest
import scipy.linalg
import xarray
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import trialtensor
from trialtensor import SliceTCA, make_slicetca
from trialtensor.models import DegeneracyWarning
from trialtensor.models.slicetca import outcome
from trialtensor.models.warnings import InterruptedFitWarning, MissingSliceWarning
from trialtensor.solvers.result import StopReason
from trialtensor.solvers.slices import GAUGES, restarts
from trialtensor.testing import check_trial_estimator

AXES = ("trial", "neuron", "time")
PATTERNS = ("entries", "blocks", "tracked", "trial_length")


def planted(shape=(40, 20, 25), ranks=(2, 1, 1), snr=5.0, seed=0, **options):
    return make_slicetca(*shape, ranks, snr=snr, random_state=seed, **options)


def loadings_of(model):
    return [getattr(model, f"{axis}_loadings_") for axis in AXES]


def slices_of(model):
    return [getattr(model, f"{axis}_slices_") for axis in AXES]


def explicit(loadings, slices):
    equations = ("kr,rnt->knt", "nr,rkt->knt", "tr,rkn->knt")
    return sum(np.einsum(e, u, s) for e, u, s in zip(equations, loadings, slices, strict=True))


@pytest.mark.parametrize(
    "parameters",
    [
        {"n_components": (2, 1, 1), "n_init": 2},
        {"n_components": (1, 2, 1), "missing_weight": 0},
        {"n_components": (1, 1, 1), "missing_weight": 0.3, "init": "random"},
        {"n_components": (1, 0, 2)},
        {"n_components": (2, 0, 0)},
        {"n_components": (0, 2, 0)},
        {"n_components": (0, 0, 2)},
        {"n_components": (2, 1, 1), "gauge": "trial-first"},
        {"n_components": (1, 1, 1), "gauge": "neuron-first"},
        {"n_components": (1, 1, 1), "gauge": "time-first"},
        {"n_components": (0, 1, 1), "gauge": "trial-first"},
        {"n_components": (1, 1, 1), "nonnegative": True},
        {"n_components": (1, 0, 1), "nonnegative": True, "missing_weight": 0},
        {"n_components": (2, 0, 0), "nonnegative": True},
    ],
    ids=str,
)
def test_contract(parameters):
    check_trial_estimator(SliceTCA(**{"n_init": 1, "random_state": 0, **parameters}))


@pytest.mark.parametrize("missing", [None, *PATTERNS])
def test_planted_subspaces_come_back(missing):
    data = planted((60, 30, 40), (2, 2, 1), snr=10.0, missing=missing, missing_fraction=0.15)
    model = SliceTCA((2, 2, 1), random_state=0).fit(data.X)
    for found, truth in zip(loadings_of(model), data.loadings, strict=True):
        assert np.rad2deg(scipy.linalg.subspace_angles(found, truth).max()) < 10
    if missing in ("entries", "blocks"):
        # The noise is a tenth of the signal's power; what wasn't seen is told nearly as well.
        unseen = ~data.mask
        error = model.reconstruct()[unseen] - data.signal[unseen]
        assert np.sum(error**2) < 0.5 * np.sum(data.signal[unseen] ** 2)


@pytest.mark.parametrize("gauge", GAUGES)
@pytest.mark.parametrize("ranks", [(2, 3, 1), (1, 0, 2), (0, 2, 0)])
def test_components_are_unit_norm_ordered_and_signed(ranks, gauge):
    X = planted(ranks=(2, 3, 2)).X
    model = SliceTCA(ranks, gauge=gauge, random_state=0).fit(X)
    start = 0
    for axis, (loadings, slices) in enumerate(
        zip(loadings_of(model), slices_of(model), strict=True)
    ):
        rank = ranks[axis]
        np.testing.assert_allclose(loadings.T @ loadings, np.eye(rank), atol=1e-10)
        norms = np.linalg.norm(slices, axis=(1, 2))
        np.testing.assert_allclose(model.weights_[start : start + rank], norms)
        assert np.all(np.diff(norms) <= 0)
        skewness = np.sum(slices**3, axis=(1, 2)) if axis == 0 else np.sum(loadings**3, axis=0)
        assert np.all(skewness > 0)
        start += rank
    assert len(model.weights_) == sum(ranks)
    np.testing.assert_allclose(model.reconstruct(), explicit(loadings_of(model), slices_of(model)))
    assert model.loss_ == pytest.approx(np.sum((X - model.reconstruct()) ** 2))


@pytest.mark.parametrize("gauge", GAUGES[1:])
def test_the_gauge_changes_parts_and_not_the_model(gauge):
    X = planted(ranks=(2, 2, 2)).X
    minimal, other = (
        SliceTCA((2, 2, 2), gauge=g, random_state=0).fit(X) for g in (GAUGES[0], gauge)
    )
    np.testing.assert_allclose(other.reconstruct(), minimal.reconstruct(), atol=1e-9)
    assert other.loss_ == pytest.approx(minimal.loss_, rel=1e-10)
    sizes = [
        sum(np.sum(model.reconstruct(axis) ** 2) for axis in AXES) for model in (minimal, other)
    ]
    assert sizes[0] < sizes[1]
    # What a type explains by itself is the gauge's choice, too; the whole is not.
    assert other.explained_variance_ratio_ == pytest.approx(minimal.explained_variance_ratio_)
    first = gauge.removesuffix("-first")
    assert np.sum(other.reconstruct(first) ** 2) > np.sum(minimal.reconstruct(first) ** 2)


@pytest.mark.parametrize("missing", [None, "entries", "tracked"])
@pytest.mark.parametrize("nonnegative", [False, True])
def test_parts_sum_to_the_whole(nonnegative, missing):
    X = np.abs(planted(missing=missing).X)
    model = SliceTCA((2, 1, 1), nonnegative=nonnegative, n_init=2, random_state=0).fit(X)
    parts = [model.reconstruct(axis) for axis in AXES]
    np.testing.assert_allclose(sum(parts), model.reconstruct(), atol=1e-10)
    for axis, (loadings, slices) in enumerate(
        zip(loadings_of(model), slices_of(model), strict=True)
    ):
        only = [s if i == axis else np.nan_to_num(0 * s) for i, s in enumerate(slices_of(model))]
        finite = [np.nan_to_num(u) for u in loadings_of(model)]
        finite[axis], only[axis] = loadings, slices
        np.testing.assert_allclose(parts[axis], explicit(finite, only), atol=1e-12)
    with pytest.raises(ValueError, match=r"slicing: .*'trial'.*'trials'"):
        model.reconstruct("trials")


def test_a_type_without_components_tells_nothing():
    model = SliceTCA((2, 0, 1), random_state=0).fit(planted().X)
    assert model.neuron_loadings_.shape == (20, 0) and model.neuron_slices_.shape == (0, 40, 25)
    np.testing.assert_array_equal(model.reconstruct("neuron"), np.zeros((40, 20, 25)))
    assert model.type_explained_variance_alone_[1] == 0
    assert model.type_explained_variance_unique_[1] == 0


@pytest.mark.parametrize("missing", [None, "entries"])
def test_explained_variance_is_that_of_regressions(missing):
    data = planted(ranks=(1, 1, 1), missing=missing)
    model = SliceTCA((1, 1, 1), random_state=0).fit(data.X)
    seen = np.isfinite(data.X)
    target = data.X[seen]
    parts = np.array([model.reconstruct(axis)[seen] for axis in AXES]).T

    def explained(columns):
        fitted = parts[:, columns] @ np.linalg.lstsq(parts[:, columns], target, rcond=None)[0]
        return 1 - np.sum((target - fitted) ** 2) / np.sum(target**2)

    alone = [explained([i]) for i in range(3)]
    unique = [explained([0, 1, 2]) - explained([j for j in range(3) if j != i]) for i in range(3)]
    np.testing.assert_allclose(model.explained_variance_alone_, alone, atol=1e-9)
    np.testing.assert_allclose(model.explained_variance_unique_, unique, atol=1e-9)
    np.testing.assert_allclose(
        model.explained_variance_shared_, np.subtract(alone, unique), atol=1e-9
    )
    # One component of each type: components are types.
    np.testing.assert_allclose(model.type_explained_variance_alone_, alone, atol=1e-9)
    np.testing.assert_allclose(model.type_explained_variance_unique_, unique, atol=1e-9)
    ratio = 1 - np.sum((target - model.reconstruct()[seen]) ** 2) / np.sum(target**2)
    assert model.explained_variance_ratio_ == pytest.approx(ratio)


@pytest.mark.parametrize("missing", [None, "entries"])
def test_all_restarts_are_told_of(missing):
    X = planted(snr=1.0, missing=missing).X
    model = SliceTCA((2, 1, 1), n_init=4, random_state=0).fit(X)
    assert len(model.restarts_) == len({r.seed for r in model.restarts_}) == 4
    best, *others = model.restarts_
    assert best.similarity == pytest.approx(1) and best.loss == model.loss_
    assert best.explained_variance == pytest.approx(model.explained_variance_ratio_)
    for restart in others:
        assert restart.loss >= best.loss * (1 - 1e-9)
        assert restart.loss == pytest.approx(best.loss, rel=1e-3)
        assert restart.similarity > 0.99
        assert [f.shape for f in restart.factors] == [(40, 2), (20, 1), (25, 1)]
        assert restart.weights.shape == (4,)


def test_restarts_with_other_losses_are_less_similar():
    # Noise alone has many optima.
    X = np.random.default_rng(0).standard_normal((15, 12, 10))
    model = SliceTCA((2, 2, 2), n_init=6, random_state=0).fit(X)
    losses = [r.loss for r in model.restarts_]
    assert losses == sorted(losses) and losses[-1] > losses[0] * (1 + 1e-6)
    assert min(r.similarity for r in model.restarts_) < 0.95


@pytest.mark.parametrize("missing", [None, "entries"])
def test_a_given_start_is_the_only_one(missing):
    data = planted(missing=missing)
    first = SliceTCA((2, 1, 1), random_state=0).fit(data.X)
    again = SliceTCA((2, 1, 1), init=first).fit(data.X)
    assert len(again.restarts_) == 1 and again.restarts_[0].seed is None
    assert again.loss_ == pytest.approx(first.loss_, rel=1e-4)
    assert again.n_iter_ <= 2 * first.n_iter_
    given = SliceTCA((2, 1, 1), init=tuple(data.loadings)).fit(data.X)
    assert given.loss_ <= first.loss_ * (1 + 1e-3)


def test_a_start_from_a_model_with_empty_slices():
    X = planted().X
    X[3], X[:, 5] = np.nan, np.nan
    with pytest.warns(MissingSliceWarning):
        first = SliceTCA((2, 1, 1), random_state=0).fit(X)
        again = SliceTCA((2, 1, 1), init=first).fit(X)
    assert again.loss_ == pytest.approx(first.loss_, rel=1e-6)


def test_the_same_seed_in_processes_gives_the_same_bits():
    X = planted(missing="entries", shape=(15, 10, 12)).X
    here, there = (
        SliceTCA((1, 1, 1), n_init=2, n_jobs=n_jobs, random_state=0).fit(X) for n_jobs in (None, 2)
    )
    assert here.reconstruct().tobytes() == there.reconstruct().tobytes()


@pytest.mark.parametrize("missing", [None, "entries"])
@pytest.mark.parametrize("factor", [1e-6, 1e6])
@pytest.mark.parametrize("nonnegative", [False, True])
def test_other_units_give_the_same_model(nonnegative, factor, missing):
    X = np.abs(planted(missing=missing, shape=(20, 12, 15)).X)
    model, scaled = (
        SliceTCA((1, 1, 1), nonnegative=nonnegative, n_init=2, random_state=0).fit(x)
        for x in (X, X * factor)
    )
    for ours, theirs in zip(loadings_of(scaled), loadings_of(model), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-5)
    for ours, theirs in zip(slices_of(scaled), slices_of(model), strict=True):
        np.testing.assert_allclose(ours / factor, theirs, atol=1e-4 * np.nanmax(np.abs(theirs)))
    np.testing.assert_allclose(scaled.weights_ / factor, model.weights_, rtol=1e-5)
    assert scaled.loss_ / factor**2 == pytest.approx(model.loss_, rel=1e-6)


@pytest.mark.parametrize("garbage", [np.nan, np.inf, -np.inf, 1e300])
@pytest.mark.parametrize("missing_weight", [0, 0.01])
def test_what_is_behind_the_mask_never_matters(missing_weight, garbage):
    data = planted(missing="entries", shape=(20, 12, 15))
    model = SliceTCA((1, 1, 1), missing_weight=missing_weight, n_init=2, random_state=0)
    clean = model.fit(data.X).reconstruct()
    features, score = model.transform(data.X), model.score(data.X)
    dirty = np.where(data.mask, data.X, garbage)
    again = SliceTCA((1, 1, 1), missing_weight=missing_weight, n_init=2, random_state=0)
    assert again.fit(dirty, mask=data.mask).reconstruct().tobytes() == clean.tobytes()
    assert again.transform(dirty, mask=data.mask).tobytes() == features.tobytes()
    assert again.score(dirty, mask=data.mask) == score


def test_nan_is_missing():
    data = planted(missing="entries", shape=(20, 12, 15))
    assert np.isnan(data.X).any()
    model = SliceTCA((1, 1, 1), n_init=2, random_state=0).fit(data.X)
    assert model.data_summary_["missing_pattern"] == "entries"
    assert model.data_summary_["n_observed"] == data.mask.sum()
    residual = (data.X - model.reconstruct())[data.mask]
    assert model.loss_ == pytest.approx(np.sum(residual**2))


def test_a_trial_a_neuron_and_a_bin_without_data():
    X = planted((30, 20, 25), snr=10.0).X
    X[4], X[:, [1, 7]], X[:, :, 9] = np.nan, np.nan, np.nan
    with pytest.warns(MissingSliceWarning) as record:
        model = SliceTCA((2, 1, 1), random_state=0).fit(X)
    messages = [str(w.message) for w in record]
    assert "1 of 30 trials have no data (trial 4)" in messages[0]
    assert "2 of 20 neurons have no data (neuron 1, 7)" in messages[1]
    assert "1 of 25 times have no data (time 9)" in messages[2]
    empty = ([4], [1, 7], [9])
    for loadings, silent in zip(loadings_of(model), empty, strict=True):
        assert np.flatnonzero(np.isnan(loadings).any(axis=1)).tolist() == silent
    expected = np.zeros(X.shape, bool)
    expected[4], expected[:, [1, 7]], expected[:, :, 9] = True, True, True
    np.testing.assert_array_equal(np.isnan(model.reconstruct()), expected)
    for axis, slices in enumerate(slices_of(model)):
        np.testing.assert_array_equal(
            np.isnan(slices), np.broadcast_to(expected.all(axis=axis), slices.shape)
        )
    assert model.data_summary_["empty_neurons"] == 2
    assert model.data_summary_["missing_pattern"] == "none"
    assert np.isfinite(model.loss_) and model.explained_variance_ratio_ > 0.8
    # Nothing else is missing: the fit is that of what is there.
    there = SliceTCA((2, 1, 1), random_state=0).fit(
        np.delete(np.delete(np.delete(X, 4, 0), [1, 7], 1), 9, 2)
    )
    assert there.loss_ == pytest.approx(model.loss_, rel=1e-12)


@pytest.mark.filterwarnings("ignore::trialtensor.models.warnings.MissingSliceWarning")
@pytest.mark.parametrize("ranks", [(2, 1, 1), (2, 0, 0), (0, 2, 0), (0, 0, 2), (1, 0, 1)])
def test_new_trials_of_a_model_with_silent_neurons_and_bins(ranks):
    X = planted((30, 20, 25), snr=10.0).X
    X[:, [1, 7]], X[:, :, 9] = np.nan, np.nan
    model = SliceTCA(ranks, random_state=0).fit(X)
    # What the model doesn't know is not asked for, whatever it is.
    new = X[:5].copy()
    new[:, [1, 7]], new[:, :, 9] = 100.0, -100.0
    np.testing.assert_allclose(model.transform(new), model.transform(X)[:5], atol=1e-9)
    np.testing.assert_allclose(
        model.transform(X), model.fit_transform(X), atol=1e-8, equal_nan=True
    )
    assert model.score(new) == pytest.approx(model.score(X[:5]))


@pytest.mark.parametrize("missing", ["tracked", "trial_length"])
@pytest.mark.parametrize("nonnegative", [False, True])
def test_nothing_is_told_where_nothing_was_seen(nonnegative, missing):
    data = planted((24, 15, 20), missing=missing, missing_fraction=0.3)
    X, seen = np.abs(data.X), data.mask
    assert (
        seen.any(axis=(1, 2)).all() and seen.any(axis=(0, 2)).all() and seen.any(axis=(0, 1)).all()
    )
    model = SliceTCA((1, 1, 1), nonnegative=nonnegative, n_init=2, random_state=0).fit(X)
    for axis, slices in enumerate(slices_of(model)):
        unseen = ~seen.any(axis=axis)
        np.testing.assert_array_equal(np.isnan(slices[0]), unseen)
        # What was seen a little is not far from the rest.
        assert np.nanmax(np.abs(slices)) < 100 * np.nanstd(slices)
    for loadings in loadings_of(model):
        assert np.isfinite(loadings).all()
    rebuilt = model.reconstruct()
    assert np.isfinite(rebuilt[seen]).all()
    assert model.loss_ == pytest.approx(np.sum((X - rebuilt)[seen] ** 2))
    features = model.transform(X)
    assert features.shape == (24, 1 + 20 + 15)
    # Of a trial: its weight, the bins and the neurons that were seen in it.
    np.testing.assert_array_equal(np.isnan(features[:, 1:21]), ~seen.any(axis=1))
    np.testing.assert_array_equal(np.isnan(features[:, 21:]), ~seen.any(axis=2))


def test_a_neuron_and_bin_that_no_trial_shows_together():
    """Their cell of a trial slice is unknown; new trials are told as the training trials were."""
    X = planted((24, 15, 20), snr=10.0).X
    X[:, 3, 5:9] = np.nan
    model = SliceTCA((2, 2, 2), missing_weight=0.5, n_init=2, random_state=0)
    features = model.fit_transform(X)
    assert np.isnan(model.trial_slices_[:, 3, 5:9]).all()
    assert np.isfinite(np.delete(model.trial_slices_, 3, axis=1)).all()
    np.testing.assert_allclose(model.transform(X), features, atol=1e-6)


@pytest.mark.parametrize("nonnegative", [False, True])
def test_no_weight_for_missing_entries_and_some(nonnegative):
    """The smaller the weight, the better the observed entries are fitted."""
    data = planted((24, 15, 20), missing="blocks", missing_fraction=0.3)
    X = np.abs(data.X)
    losses = [
        SliceTCA((1, 1, 1), nonnegative=nonnegative, missing_weight=weight, random_state=0)
        .fit(X)
        .loss_
        for weight in (0, 0.01, 0.5)
    ]
    assert losses[0] <= losses[1] * (1 + 1e-4) and losses[1] < losses[2]


@pytest.mark.parametrize("missing", [None, "entries"])
def test_nonnegative_components(missing):
    X = np.abs(planted(missing=missing).X)
    model = SliceTCA((2, 1, 1), nonnegative=True, n_init=2, random_state=0).fit(X)
    for loadings, slices in zip(loadings_of(model), slices_of(model), strict=True):
        assert np.nanmin(loadings) >= 0 and np.nanmin(slices) >= 0
    assert np.nanmin(model.transform(X)) >= 0
    free = SliceTCA((2, 1, 1), random_state=0).fit(X)
    assert free.explained_variance_ratio_ > model.explained_variance_ratio_ > 0.5


def test_components_that_are_zero_warn():
    X = -np.abs(planted().X)
    with pytest.warns(DegeneracyWarning, match="3 of 3 components are zero"):
        model = SliceTCA((1, 1, 1), nonnegative=True, random_state=0).fit(X)
    np.testing.assert_array_equal(model.weights_, 0)
    assert model.explained_variance_ratio_ == 0 and model.loss_ == pytest.approx(np.sum(X**2))
    for name in ("alone", "unique", "shared"):
        np.testing.assert_array_equal(getattr(model, f"explained_variance_{name}_"), 0)
    for loadings in loadings_of(model):
        assert np.isfinite(loadings).all()


def test_the_best_restart_is_similar_to_itself_even_with_dead_components():
    X = -np.abs(planted().X)
    X[:5] *= -1
    with pytest.warns(DegeneracyWarning):
        model = SliceTCA((3, 1, 1), nonnegative=True, random_state=0).fit(X)
    assert model.restarts_[0].similarity == pytest.approx(1)


@pytest.mark.parametrize(
    ("missing", "nonnegative"), [("entries", False), ("tracked", False), (None, True)]
)
def test_loadings_have_norm_one_wherever_sweeps_fitted_them(missing, nonnegative):
    X = np.abs(planted(missing=missing).X)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model = SliceTCA(
            (2, 1, 1), nonnegative=nonnegative, n_init=1, max_iter=5, random_state=0
        ).fit(X)
    for loadings in loadings_of(model):
        np.testing.assert_allclose(np.linalg.norm(loadings, axis=0), 1, atol=1e-10)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("seed", [0, 1])
def test_slices_are_ordered_wherever_sweeps_fitted_them(seed):
    rng = np.random.default_rng(seed)
    X = np.abs(rng.standard_normal((12, 10, 9)))
    X[rng.random(X.shape) < 0.3] = np.nan
    model = SliceTCA((3, 3, 3), nonnegative=True, n_init=1, max_iter=30, random_state=0).fit(X)
    # The last solve for the trials changes the slices a little, and keeps their order.
    sizes = model.weights_.reshape(3, 3)
    assert np.all(np.diff(sizes, axis=1) <= 0.05 * sizes[:, :-1])


def test_held_out_trials_are_told_by_one_regression():
    data = planted((50, 12, 15), (2, 1, 1), snr=10.0)
    model = SliceTCA((2, 1, 1), random_state=0).fit(data.X[:30])
    features = model.transform(data.X[30:])
    v, w = model.neuron_loadings_, model.time_loadings_
    design = np.concatenate(
        [
            model.trial_slices_.reshape(2, -1).T,
            np.einsum("nr,tq->ntrq", v, np.eye(15)).reshape(12 * 15, -1),
            np.einsum("nq,tr->ntrq", np.eye(12), w).reshape(12 * 15, -1),
        ],
        axis=1,
    )
    new = data.X[30:].reshape(20, -1).T
    fitted = (design @ np.linalg.lstsq(design, new, rcond=None)[0]).T.reshape(20, 12, 15)
    np.testing.assert_allclose(model.inverse_transform(features), fitted, atol=1e-9)
    rest = data.X[30:] - fitted
    assert model.score(data.X[30:]) == pytest.approx(1 - np.sum(rest**2) / np.sum(data.X[30:] ** 2))


def test_score_is_of_the_observed_entries_only():
    data = planted((40, 12, 15), snr=10.0)
    model = SliceTCA((2, 1, 1), random_state=0).fit(data.X[:30])
    mask = np.random.default_rng(0).random((10, 12, 15)) < 0.8
    new = data.X[30:]
    rebuilt = model.inverse_transform(model.transform(new, mask=mask))
    expected = 1 - np.sum((new - rebuilt)[mask] ** 2) / np.sum(new[mask] ** 2)
    assert model.score(new, mask=mask) == pytest.approx(expected)
    with pytest.raises(ValueError, match="zero, so there is nothing to explain"):
        model.score(0 * new)


@pytest.mark.parametrize("ranks", [(2, 1, 3), (0, 2, 1), (2, 0, 0)])
def test_columns_are_named_in_their_order(ranks):
    X = planted((20, 6, 5), (2, 2, 2)).X
    model = SliceTCA(ranks, random_state=0).fit(X)
    names = list(model.get_feature_names_out())
    table = dict(zip(names, model.transform(X).T, strict=True))
    assert len(table) == ranks[0] + 5 * ranks[1] + 6 * ranks[2]
    for r in range(ranks[0]):
        np.testing.assert_allclose(table[f"trial{r}"], model.trial_loadings_[:, r], atol=1e-9)
    for r in range(ranks[1]):
        for t in range(5):
            column = table[f"neuron{r}_time{t}"]
            np.testing.assert_allclose(column, model.neuron_slices_[r, :, t], atol=1e-8)
    for r in range(ranks[2]):
        for n in range(6):
            column = table[f"time{r}_neuron{n}"]
            np.testing.assert_allclose(column, model.time_slices_[r, :, n], atol=1e-8)


def test_inverse_transform_wants_the_columns_of_transform():
    model = SliceTCA((2, 1, 1), random_state=0).fit(planted((12, 6, 10)).X)
    with pytest.raises(ValueError, match=r"\(n_trials, 18\).*\(4, 3\)"):
        model.inverse_transform(np.ones((4, 3)))


@pytest.mark.parametrize(
    ("missing", "nonnegative"),
    [
        (None, False),
        ("tracked", False),
        (None, True),
        ("entries", True),
    ],
)
def test_a_trial_is_told_alike_in_any_company(missing, nonnegative):
    X = np.abs(planted((40, 20, 25), (2, 2, 1), snr=4.0, missing=missing, missing_fraction=0.3).X)
    model = SliceTCA((2, 2, 1), nonnegative=nonnegative, n_init=2, random_state=0).fit(X)
    together = model.transform(X)
    alone = np.concatenate([model.transform(trial[None]) for trial in X])
    np.testing.assert_allclose(alone, together, atol=1e-3 * np.nanmax(np.abs(together)))


def labelled(X):
    return xarray.DataArray(
        X,
        dims=("trial", "neuron", "time"),
        coords={
            "time": np.linspace(-0.5, 0.4, X.shape[2]),
            "target": ("trial", np.arange(len(X)) % 3),
            "area": ("neuron", list("aabbcc")),
        },
    )


def test_labelled_data_keeps_its_coordinates():
    X = planted((12, 6, 10)).X
    model = SliceTCA((2, 1, 0), random_state=0).fit(labelled(X))
    found = model.to_xarray()
    assert found["trial_loadings"].dims == ("trial", "trial_component")
    assert found["trial_slices"].dims == ("trial_component", "neuron", "time")
    assert found["neuron_slices"].dims == ("neuron_component", "trial", "time")
    assert "time_loadings" not in found and "time_slices" not in found
    assert found["target"].dims == ("trial",)
    assert found["area"].values.tolist() == list("aabbcc")
    np.testing.assert_allclose(found["time"], np.linspace(-0.5, 0.4, 10))
    np.testing.assert_array_equal(found["neuron_slices"], model.neuron_slices_)
    np.testing.assert_array_equal(found["neuron_loadings"], model.neuron_loadings_)
    rebuilt = (found["trial_loadings"] * found["trial_slices"]).sum("trial_component") + (
        found["neuron_loadings"] * found["neuron_slices"]
    ).sum("neuron_component")
    np.testing.assert_allclose(rebuilt.transpose(*AXES), model.reconstruct(), atol=1e-12)


def test_neurons_in_another_order_are_refused():
    X = labelled(planted((12, 6, 10)).X).assign_coords(neuron=list("abcdef"))
    model = SliceTCA((1, 1, 1), random_state=0).fit(X)
    model.transform(X)
    with pytest.raises(ValueError, match=r"neuron 0 is labelled .*'f'.*'a'"):
        model.transform(X[:, ::-1])


@pytest.mark.parametrize("missing", [None, "tracked"])
def test_everything_comes_back_from_a_file(missing, tmp_path):
    X = planted((12, 6, 10), missing=missing).X
    model = SliceTCA((2, 1, 0), gauge="trial-first", n_init=2, random_state=0).fit(labelled(X))
    model.save(tmp_path / "model.h5")
    copy = trialtensor.load(tmp_path / "model.h5")
    assert type(copy) is SliceTCA and copy.get_params() == model.get_params()
    for name, value in vars(model).items():
        other = getattr(copy, name)
        if isinstance(value, np.ndarray):
            np.testing.assert_array_equal(other, value)
            assert other.dtype == value.dtype
    assert copy.loss_ == model.loss_ and copy.stop_reason_ is model.stop_reason_
    assert copy.explained_variance_ratio_ == model.explained_variance_ratio_
    assert copy.data_summary_ == model.data_summary_
    for ours, theirs in zip(copy.restarts_, model.restarts_, strict=True):
        assert (ours.seed, ours.loss, ours.similarity) == (
            theirs.seed,
            theirs.loss,
            theirs.similarity,
        )
        for one, two in zip(ours.factors, theirs.factors, strict=True):
            np.testing.assert_array_equal(one, two)
    xarray.testing.assert_identical(copy.to_xarray(), model.to_xarray())
    np.testing.assert_array_equal(copy.transform(X), model.transform(X))


def test_a_model_of_given_components():
    data = planted((12, 6, 10))
    model = SliceTCA._from_components(data.loadings, data.slices)
    np.testing.assert_allclose(model.reconstruct(), data.signal, atol=1e-10)
    assert model.n_components == (2, 1, 1) and model.stop_reason_ is StopReason.GIVEN
    assert np.isnan(model.loss_) and model.score(data.signal) == pytest.approx(1)
    np.testing.assert_allclose(
        model.inverse_transform(model.transform(data.signal)), data.signal, atol=1e-9
    )


@pytest.mark.parametrize("missing", [None, "entries"])
def test_an_interrupted_fit_keeps_the_best_so_far(monkeypatch, missing):
    X = planted(missing=missing).X
    name = "_project" if missing is None else "_sweep"
    run, calls = getattr(restarts, name), []

    def interrupted(*args):
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return run(*args)

    monkeypatch.setattr(restarts, name, interrupted)
    with pytest.warns(InterruptedFitWarning, match="best result so far was kept"):
        model = SliceTCA((2, 1, 1), random_state=0).fit(X)
    assert model.stop_reason_ is StopReason.INTERRUPTED
    assert len(model.restarts_) == 2
    assert model.loss_ == pytest.approx(np.nansum((X - model.reconstruct()) ** 2))


def test_an_interrupt_before_any_result_is_passed_on(monkeypatch):
    def interrupted(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr(restarts, "_project", interrupted)
    with pytest.raises(KeyboardInterrupt):
        SliceTCA((2, 1, 1), random_state=0).fit(planted().X)


def test_an_interrupt_at_the_very_end_loses_nothing(monkeypatch):
    describe, calls = outcome.describe, []

    def interrupted(*args, **options):
        calls.append(1)
        if len(calls) == 1:
            raise KeyboardInterrupt
        return describe(*args, **options)

    monkeypatch.setattr(outcome, "describe", interrupted)
    with pytest.warns(InterruptedFitWarning):
        model = SliceTCA((2, 1, 1), random_state=0).fit(planted().X)
    assert len(model.restarts_) == 10 and model.stop_reason_ is StopReason.INTERRUPTED


def test_too_few_sweeps_warn():
    X = np.random.default_rng(0).standard_normal((15, 12, 10))
    with pytest.warns(ConvergenceWarning, match="raise max_iter"):
        SliceTCA((2, 2, 2), max_iter=1, n_init=1, random_state=0).fit(X)


def test_as_many_components_as_an_axis_is_long_tell_everything():
    X = np.random.default_rng(0).standard_normal((8, 6, 5))
    model = SliceTCA((1, 6, 0), n_init=2, random_state=0).fit(X)
    assert model.stop_reason_ is StopReason.EXACT
    np.testing.assert_allclose(model.reconstruct(), X, atol=1e-10)


@pytest.mark.filterwarnings("ignore::trialtensor.models.DegeneracyWarning")
@pytest.mark.parametrize("nonnegative", [False, True])
@pytest.mark.parametrize("shape", [(1, 6, 5), (8, 1, 5), (8, 6, 1), (2, 2, 2)])
def test_short_axes(shape, nonnegative):
    X = np.random.default_rng(0).random(shape)
    model = SliceTCA((1, 0, 1), nonnegative=nonnegative, n_init=2, random_state=0).fit(X)
    rebuilt = model.reconstruct()
    assert model.loss_ == pytest.approx(np.sum((X - rebuilt) ** 2), abs=1e-12)
    np.testing.assert_allclose(model.inverse_transform(model.transform(X)), rebuilt, atol=1e-6)


def test_a_trial_slice_that_others_tell_wholly():
    X = np.random.default_rng(0).random((1, 1, 5))
    model = SliceTCA((1, 0, 1), n_init=1, random_state=0).fit(X)
    features = model.transform(X)
    assert np.abs(features).max() < 10
    np.testing.assert_allclose(model.inverse_transform(features), X, atol=1e-9)


@pytest.mark.parametrize("seed", range(3))
def test_too_many_components_for_the_data_leave_finite_weights(seed):
    # One neuron type is all that there is; the others have only rounding to tell.
    rng = np.random.default_rng(seed)
    X = np.einsum("nr,rkt->knt", rng.standard_normal((8, 1)), rng.standard_normal((1, 12, 10)))
    model = SliceTCA((1, 1, 0), n_init=1, random_state=0).fit(X)
    features = model.transform(X)
    assert np.abs(features).max() < 100 * np.abs(X).max()
    np.testing.assert_allclose(model.inverse_transform(features), X, atol=1e-9)


def test_float32_reaches_the_loss_of_float64():
    X = planted(snr=1.0).X
    single = SliceTCA((2, 1, 1), random_state=0).fit(X.astype(np.float32))
    double = SliceTCA((2, 1, 1), random_state=0).fit(X)
    arrays = [*loadings_of(single), *slices_of(single), single.transform(X.astype(np.float32))]
    assert {array.dtype for array in arrays} == {np.dtype(np.float32)}
    assert single.loss_ == pytest.approx(double.loss_, rel=1e-4)


def test_counts_are_fitted_as_they_are():
    counts = np.random.default_rng(0).poisson(3.0, (20, 12, 15)).astype(np.uint8)
    model, same = (
        SliceTCA((1, 1, 1), random_state=0).fit(x) for x in (counts, counts.astype(float))
    )
    np.testing.assert_array_equal(model.reconstruct(), same.reconstruct())


def test_a_classifier_can_follow():
    rng = np.random.default_rng(0)
    labels = rng.integers(2, size=60)
    data = planted((60, 10, 12), (1, 1, 0), snr=5.0)
    # A pattern of neurons and bins that only one kind of trial shows.
    pattern = rng.standard_normal((10, 12))
    X = data.X + 2 * labels[:, None, None] * pattern
    decoder = make_pipeline(
        SliceTCA((1, 0, 0), n_init=2, random_state=0), StandardScaler(), LogisticRegression()
    )
    grid = {"slicetca__n_components": [(0, 1, 0), (3, 0, 0), (1, 1, 0)]}
    search = GridSearchCV(decoder, grid, cv=3, error_score="raise").fit(X, labels)
    assert search.best_score_ > 0.9
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    assert search.best_params_["slicetca__n_components"] in grid["slicetca__n_components"]
    assert search.predict(X[:5]).shape == (5,)


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"n_components": (0, 0, 0)}, ["n_components", "(0, 0, 0)", "explains nothing"]),
        ({"n_components": 3}, ["n_components", "three counts", "3"]),
        ({"n_components": "211"}, ["n_components", "three counts", "'211'"]),
        ({"n_components": (2, 1)}, ["n_components", "three counts", "(2, 1)"]),
        ({"n_components": None}, ["n_components", "three counts", "None"]),
        ({"n_components": np.ones((3, 3))}, ["n_components", "integer"]),
        ({"n_components": {2, 1, 3}}, ["n_components", "three counts"]),
        ({"n_components": (2, -1, 1)}, ["n_components", "neuron", "at least 0", "-1"]),
        ({"n_components": (2, 1, 0.5)}, ["n_components", "time", "integer", "0.5"]),
        ({"n_components": (True, 1, 1)}, ["n_components", "trial", "integer", "True"]),
        ({"n_components": (13, 1, 1)}, ["n_components", "13", "trial", "12"]),
        ({"n_components": (1, 7, 1)}, ["n_components", "7", "neuron", "6"]),
        ({"n_components": (1, 1, 11)}, ["n_components", "11", "time", "10"]),
        ({"nonnegative": "trial"}, ["nonnegative", "True or False", "'trial'"]),
        ({"nonnegative": 1}, ["nonnegative", "True or False", "1"]),
        ({"nonnegative": None}, ["nonnegative", "None"]),
        ({"gauge": "smallest"}, ["gauge", "minimal-norm", "'smallest'"]),
        ({"gauge": None}, ["gauge", "None"]),
        ({"missing_weight": -0.1}, ["missing_weight", "[0, 1)", "-0.1"]),
        ({"missing_weight": 1.0}, ["missing_weight", "[0, 1)", "1.0"]),
        ({"missing_weight": "none"}, ["missing_weight", "'none'"]),
        ({"missing_weight": np.nan}, ["missing_weight", "nan"]),
        ({"init": "pca"}, ["init", "'pca'", "svd"]),
        ({"init": None}, ["init", "three loading matrices", "NoneType"]),
        ({"init": (np.ones((12, 2)),) * 2}, ["init", "three loading matrices"]),
        ({"init": (np.ones((3, 2)),) * 3}, ["init", "trial", "(12, 2)", "(3, 2)"]),
        (
            {"init": [np.ones((12, 2)), np.ones((6, 1)), np.full((10, 1), np.nan)]},
            ["init", "time", "NaN"],
        ),
        ({"n_init": 0}, ["n_init", "at least 1"]),
        ({"max_iter": 0}, ["max_iter"]),
        ({"tol": -1}, ["tol", "-1"]),
        ({"n_jobs": 0}, ["n_jobs", "other than 0"]),
        ({"random_state": "seven"}, ["random_state", "'seven'"]),
    ],
)
def test_bad_parameters_are_named(parameters, words):
    X = np.random.default_rng(0).random((12, 6, 10))
    with pytest.raises(ValueError) as error:
        SliceTCA(**{"n_components": (2, 1, 1), **parameters}).fit(X)
    assert all(word in str(error.value) for word in words), str(error.value)


def test_a_start_that_is_not_fitted_is_called_so():
    with pytest.raises(ValueError, match=r"init: .*not fitted"):
        SliceTCA((2, 1, 1), init=SliceTCA((2, 1, 1))).fit(planted((12, 6, 10)).X)


def test_a_given_start_below_zero_is_not_the_end_of_a_nonnegative_fit():
    data = planted((20, 12, 15))
    X = np.abs(data.X)
    start = tuple(-np.abs(loadings) for loadings in data.loadings)
    model = SliceTCA((2, 1, 1), nonnegative=True, init=start).fit(X)
    for loadings, slices in zip(loadings_of(model), slices_of(model), strict=True):
        assert loadings.min() >= 0 and slices.min() >= 0
    usual = SliceTCA((2, 1, 1), nonnegative=True, random_state=0).fit(X)
    assert model.loss_ == pytest.approx(usual.loss_, rel=1e-2)


NUMPY_COUNTS = pytest.mark.parametrize(
    "counts", [np.array([2, 1, 1]), tuple(np.array([2, 1, 1]))], ids=["array", "tuple"]
)


@NUMPY_COUNTS
def test_counts_from_numpy_will_do(counts):
    model = SliceTCA(counts, random_state=0).fit(planted((12, 6, 10)).X)
    assert model.weights_.shape == (4,)


@NUMPY_COUNTS
def test_counts_from_numpy_come_back_from_a_file(counts, tmp_path):
    X = planted((12, 6, 10)).X
    SliceTCA(counts, n_init=1, random_state=0).fit(X).save(tmp_path / "model.h5")
    copy = trialtensor.load(tmp_path / "model.h5")
    assert tuple(copy.n_components) == (2, 1, 1)


def test_ranks_are_counted_against_what_has_data():
    X = planted((12, 6, 10)).X
    X[:, [1, 2]] = np.nan
    with pytest.raises(ValueError, match="got 5 neuron-slicing components, but the data has 4"):
        SliceTCA((1, 5, 1)).fit(X)


def test_all_missing_and_all_zero_data_are_refused():
    X = np.zeros((12, 6, 10))
    with pytest.raises(ValueError, match="every observed value is zero"):
        SliceTCA((1, 1, 1)).fit(X)
    with pytest.raises(ValueError, match="all 720 entries are missing"):
        SliceTCA((1, 1, 1)).fit(X + np.nan)
