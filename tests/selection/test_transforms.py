"""Choosing a transform by held-out errors that are all in the units of the data."""

import joblib
import numpy as np
import pytest
import xarray
from sklearn.metrics import d2_tweedie_score, r2_score
from sklearn.pipeline import make_pipeline

import trialtensor as tt
from trialtensor.preparation import (
    SelectNeurons,
    Smooth,
    SquareRoot,
    SubtractConditionMean,
    TrialTransformer,
    ZScore,
)
from trialtensor.selection import Speckled, TimeBlocks, WholeTrials, compare_transforms
from trialtensor.selection.transform_errors import held_out_error, is_counts, relative_loss

FEW = Speckled(n_splits=3)
TCA = tt.TCA(1, n_init=2)


def multiplicative(seed):
    """Poisson counts of rates in which the influences of two components multiply."""
    rng = np.random.default_rng(seed)
    effect = tt.make_tca(40, 20, 16, 2, snr=np.inf, random_state=seed).X
    level = 10 * np.exp(0.5 * rng.normal(size=(20, 1)))
    return rng.poisson(level * np.exp(0.5 * effect))


def additive(seed, scales=0.0):
    """Components and Gaussian noise that add up, on neurons of one or of several scales."""
    rng = np.random.default_rng(seed)
    X = tt.make_tca(40, 20, 16, 2, snr=1.0, random_state=seed).X
    X = X - X.min()
    return X * np.exp(scales * rng.normal(size=(20, 1)))


@pytest.mark.parametrize("seed", range(2))
def test_multiplicative_rates_want_square_roots(seed):
    found = compare_transforms(multiplicative(seed), 3, splits=FEW, estimator=TCA)
    assert found.loss == "poisson" and "sqrt" in found.chosen
    table = found.table.set_index("transform")
    gain = table["error"]["none"] - table["error"]["sqrt"]
    assert gain > 2 * table["above_best_se"]["none"]
    assert isinstance(
        found.transformer.steps[0][1] if "," in found.chosen else found.transformer, SquareRoot
    )


@pytest.mark.parametrize("seed", range(2))
def test_components_and_noise_that_add_up_want_nothing(seed):
    found = compare_transforms(additive(seed), 3, splits=FEW, estimator=TCA)
    assert found.loss == "squared" and found.chosen == "none" and found.transformer is None


@pytest.mark.parametrize("seed", range(2))
def test_neurons_of_several_scales_want_normalization(seed):
    found = compare_transforms(additive(seed, scales=1.0), 3, splits=FEW, estimator=TCA)
    assert found.chosen != "none"
    table = found.table.set_index("transform")
    assert table["error"]["normalize"] < table["error"]["none"]


def test_negative_data_has_no_square_root():
    X = tt.make_tca(20, 8, 12, 1, snr=2.0, random_state=0).X
    found = compare_transforms(X, 1, splits=FEW, estimator=TCA)
    assert found.table["transform"].tolist() == ["none", "normalize"]


def test_table_follows_from_the_results_and_the_simplest_within_one_standard_error_is_chosen():
    X = additive(0)[:20, :8]
    given = {"splits": FEW, "estimator": TCA, "transforms": {"none": None, "z": ZScore()}}
    found = compare_transforms(X, [1, 2, 3], **given)
    with joblib.parallel_config("threading"):
        again = compare_transforms(X, [1, 2, 3], n_jobs=2, **given)
    assert found.results.equals(again.results) and len(found.results) == 2 * 3 * 3
    means = found.results.groupby(["transform", "n_components"])["error"].mean()
    for row in found.table.itertuples():
        assert row.error == pytest.approx(means[row.transform].min())
        assert row.n_components == means[row.transform].idxmin()
    errors = [
        found.results.query(f"transform == {r.transform!r} and n_components == {r.n_components}")
        for r in found.table.itertuples()
    ]
    difference = errors[1]["error"].to_numpy() - errors[0]["error"].to_numpy()
    se = difference.std(ddof=1) / 3**0.5
    best = 0 if difference.mean() > 0 else 1
    assert found.table["above_best_se"][1 - best] == pytest.approx(se)
    near = best == 0 or -difference.mean() <= se
    assert found.chosen == ("none" if near else "z")
    assert "chosen='" in repr(found) and "table of 2 rows" in repr(found)


def test_losses_are_those_of_scikit_learn():
    rng = np.random.default_rng(0)
    values = rng.poisson(5, (10, 4, 30)).astype(float)
    told = values + rng.uniform(1, 3, values.shape)
    test = np.ones(values.shape, bool)
    # The mean of the entries fitted is that of the entries held out if they are the same.
    pairs = [(values[:, n].ravel(), told[:, n].ravel()) for n in range(4)]
    expected = np.mean([1 - d2_tweedie_score(y, p, power=1) for y, p in pairs])
    assert relative_loss(values, told, test, test, "poisson") == pytest.approx(expected)
    expected = np.mean([1 - r2_score(y, p) for y, p in pairs])
    assert relative_loss(values, told, test, test, "squared") == pytest.approx(expected)
    nothing = np.full(values.shape, np.nan)
    assert relative_loss(values, nothing, test, test, "squared") == pytest.approx(1)


def test_a_prediction_is_an_expected_count_not_the_square_of_an_expected_root():
    rng = np.random.default_rng(0)
    X = rng.poisson(1.0, (60, 3, 40))
    labelled = xarray.DataArray(X, dims=("trial", "neuron", "time"))
    train, test = next(FEW.split(X))
    error = held_out_error(labelled, SquareRoot(), tt.TCA(1, n_init=1), train, test, "squared")
    plain = held_out_error(labelled, None, tt.TCA(1, n_init=1), train, test, "squared")
    squares = np.mean(np.sqrt(X)) ** 2
    biased = 1 + (X.mean() - squares) ** 2 / X.var()
    assert error == pytest.approx(plain, abs=0.02) and biased > 1.1


class Spy(TrialTransformer):
    """Keeps what it was fitted to."""

    seen = None

    def _fit(self, X):
        Spy.seen = X.to_numpy().copy()

    def _transform(self, X):
        return X.copy()

    def inverse_transform(self, X):
        return X


def test_nothing_of_what_is_held_out_is_fitted_to():
    X = additive(1)
    X[2, 3, 4] = np.nan
    labelled = xarray.DataArray(X, dims=("trial", "neuron", "time"))
    train, test = next(TimeBlocks().split(X))
    held_out_error(labelled, Spy(), tt.TCA(1, n_init=1), train, test, "squared")
    np.testing.assert_array_equal(~np.isnan(Spy.seen), train)
    np.testing.assert_array_equal(Spy.seen[train], X[train])


def test_labels_reach_the_transformers_and_missing_entries_are_left_out():
    X = xarray.DataArray(
        additive(2)[:30, :8],
        dims=("trial", "neuron", "time"),
        coords={"side": ("trial", np.resize(["a", "b", "c"], 30))},
    )
    X[:4, 2] = np.nan
    mask = np.ones(X.shape, bool)
    mask[5, 1] = False
    found = compare_transforms(
        X,
        1,
        mask=mask,
        splits=FEW,
        estimator=TCA,
        transforms={
            "none": None,
            "less mean": SubtractConditionMean("side"),
            "both": make_pipeline(ZScore(), SubtractConditionMean("side")),
        },
    )
    assert np.isfinite(found.table["error"]).all()
    assert found.table["error"][1] < found.table["error"][0]


def test_counts():
    assert is_counts(np.array([0, 3.0, np.nan])) and is_counts(np.array([True, False]))
    assert not is_counts(np.array([0.5])) and not is_counts(np.array([-1]))


X = additive(0)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"n_components": 0}, r"^n_components: "),
        ({"n_components": []}, r"^n_components: expected at least one"),
        ({"n_components": "2"}, r"^n_components: "),
        ({"loss": "absolute"}, r"^loss: "),
        ({"loss": "poisson", "X": X - 3}, r"^loss: 'poisson' needs counts"),
        ({"estimator": ZScore()}, r"^estimator: expected a model"),
        ({"estimator": tt.TrialVaryingDynamics(1)}, r"^estimator: TrialVaryingDynamics predicts"),
        ({"splits": "blocks"}, r"^splits: expected a splitter"),
        ({"splits": WholeTrials()}, r"^splits: WholeTrials\(.*leaves nothing"),
        ({"transforms": {}}, r"^transforms: expected a dict"),
        ({"transforms": {"s": Smooth(1)}}, r"^transforms: 's' has no inverse_transform"),
        (
            {"transforms": {"s": SelectNeurons(min_mean=float(X.mean()))}},
            r"^transforms: 's' gives shape",
        ),
        ({"X": X - 3, "transforms": {"s": SquareRoot()}}, r"'sqrt' needs values that are not neg"),
        ({"random_state": -1}, r"^random_state: "),
        ({"n_jobs": 1.5}, r"^n_jobs: "),
    ],
)
def test_what_is_refused(given, message):
    with pytest.raises(ValueError, match=message):
        compare_transforms(**{"X": X, "n_components": 1, **given})
