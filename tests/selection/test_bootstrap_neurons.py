"""Intervals over neurons, and over trials and neurons: variances that are known otherwise."""

import warnings

import numpy as np
import pytest

from benchmarks.uncertainty import Case, covered
from tests.selection_cases import case
from trialtensor import TCA, CoupledTCA, make_tca
from trialtensor.selection import TooFewComponentsWarning, bootstrap

DRIFT = Case("drift", drift=0.5, snr=4.0)


def session(seed=0, drift=0.0, shape=(60, 30, 8), noise=0.3):
    """One component whose course is 1, in neurons whose gains differ from trial to trial."""
    rng = np.random.default_rng(seed)
    n_trials, n_neurons, n_times = shape
    neuron, time = rng.normal(size=n_neurons) + 2, np.ones(n_times)
    gain = 1 + drift * rng.normal(size=(n_trials, n_neurons))
    X = np.einsum("kn,n,t->knt", gain, neuron, time)
    return X + noise * rng.normal(size=X.shape)


def fitted(X, n_components=1, **options):
    return TCA(n_components, n_init=2, random_state=0, **options).fit(X)


def errors(X, model, **options):
    return bootstrap(model, X, random_state=0, **options).standard_errors


def test_errors_of_a_course_over_neurons_are_those_of_a_weighted_mean():
    """With one component, a trial's strength is a mean of neurons' gains, weighted by b²."""
    X = session(drift=0.4, noise=0.01)
    model = fitted(X)
    found = errors(X, model, over="neurons")["trial_factors"][:, 0]
    b = model.neuron_factors_[:, 0]
    gains = X.mean(axis=2) / (b * model.weights_ * model.time_factors_[:, 0].mean())
    strength = (gains * b**2).sum(axis=1) / (b**2).sum()
    # The error of a weighted mean, HC3: what an observation pulls itself towards is taken out.
    leverage = b**2 / (b**2).sum()
    pulled = leverage * (gains - strength[:, None]) / (1 - leverage)
    expected = np.sqrt((pulled**2).sum(axis=1))
    assert np.corrcoef(found, expected)[0, 1] > 0.97
    np.testing.assert_allclose(np.median(found / expected), 1, atol=0.05)


def test_drift_of_single_neurons_counts_over_neurons_and_not_over_trials():
    X = session(drift=0.4)
    model = fitted(X)
    over = {
        each: np.median(errors(X, model, over=each, n_samples=40)["trial_factors"])
        for each in ("trials", "neurons", "both")
    }
    assert over["neurons"] > 1.8 * over["trials"]
    # What is in neither twice: about the larger.
    assert over["neurons"] <= over["both"] < 1.15 * over["neurons"]


def test_white_noise_is_counted_once_over_both():
    X = session(drift=0.0)
    model = fitted(X)
    one, two, both = (
        errors(X, model, over=each, n_samples=50) for each in ("trials", "neurons", "both")
    )
    for name in ("trial_factors", "neuron_factors", "time_factors"):
        assert 0.75 < np.median(one[name]) / np.median(two[name]) < 1.33
        # Noise of all entries: a sum of variances would be 1.41.
        larger = np.median(np.maximum(one[name], two[name]))
        assert 0.99 < np.median(both[name]) / larger < 1.25


def test_own_noise_of_a_neuron_that_wanders_is_that_of_runs_of_trials():
    rng = np.random.default_rng(1)
    X = session(noise=0.1)
    walk = np.cumsum(rng.normal(size=60))
    # So weak that the others don't follow it.
    X[:, 3] = X[:, 3] / 20 + 0.05 * (walk - walk.mean())[:, None]
    model = fitted(X)
    short, long = (
        errors(X, model, over="neurons", block=block)["neuron_factors"] for block in (1, 12)
    )
    assert long[3, 0] > 1.7 * short[3, 0]
    assert np.median(long / short) == pytest.approx(1, abs=0.15)


def test_a_statistic_has_the_error_of_the_whole():
    X = session(drift=0.4)
    model = fitted(X)
    sure = bootstrap(
        model, X, over="neurons", statistic=lambda found: found["trial_factors"][[4, 7]]
    )
    np.testing.assert_array_equal(sure.estimates["statistic"], model.trial_factors_[[4, 7]])
    np.testing.assert_allclose(
        sure.standard_errors["statistic"], sure.standard_errors["trial_factors"][[4, 7]]
    )
    # The norm of a trial factor is 1 in every refit.
    sure = bootstrap(
        model, X, over="neurons", statistic=lambda found: np.sum(found["trial_factors"] ** 2)
    )
    assert sure.standard_errors["statistic"] < 1e-8
    assert sure.interval("statistic").shape == (2,)


def test_leaving_out_groups_is_as_leaving_out_each():
    X = session(drift=0.4, shape=(40, 60, 6))
    model = fitted(X)
    each, groups = (
        errors(X, model, over="neurons", n_samples=n)["trial_factors"] for n in (60, 20)
    )
    assert np.median(groups) == pytest.approx(np.median(each), rel=0.2)


@pytest.mark.parametrize("condition", ["missing", "labelled", "float32"])
@pytest.mark.parametrize("name", ["TCA", "CoupledTCA", "CoupledTCA of regions",
                                  "CoupledTCA of animals", "Parafac2 in time"])  # fmt: skip
@pytest.mark.filterwarnings("ignore")
def test_kinds_with_free_neuron_factors(name, condition):
    model, X, _ = case(name, condition)
    sure = bootstrap(model, X, over="both", n_samples=4, random_state=0)
    assert sure.over == "both" and sure.block >= 1
    for key, error in sure.standard_errors.items():
        own = sure.estimates[key]
        pairs = [(own[d], error[d]) for d in own] if isinstance(own, dict) else [(own, error)]
        for value, each in pairs:
            assert np.isfinite(each[np.isfinite(value)]).all()
    errors_of = sure.standard_errors["neuron_factors"]
    for each in errors_of.values() if isinstance(errors_of, dict) else [errors_of]:
        assert np.nanmax(each) > 0


def test_units_of_datasets_and_their_order_do_not_matter():
    X = make_tca(40, 14, 10, 2, snr=1.0, random_state=0).X
    parts = {"V1": X[:, :8], "M1": X[:, 8:]}
    louder = {"V1": X[:, :8], "M1": 1000 * X[:, 8:]}
    found = []
    for each in (parts, louder):
        model = CoupledTCA(2, n_init=3, random_state=0).fit(each)
        found.append(bootstrap(model, each, over="neurons", random_state=0).standard_errors)
    np.testing.assert_allclose(*(f["trial_factors"] for f in found), rtol=0.02)
    for name in parts:
        np.testing.assert_allclose(*(f["neuron_factors"][name] for f in found), rtol=0.02)


@pytest.mark.parametrize(
    "name, why",
    [
        ("SliceTCA", "slices have a value"),
        ("Parafac2", "the neuron factors of blocks"),
        ("TrialVaryingDynamics", "neurons drive each other"),
    ],
)
@pytest.mark.filterwarnings("ignore")
def test_kinds_whose_neurons_cannot_be_drawn(name, why):
    model, X, _ = case(name)
    for over in ("neurons", "both"):
        with pytest.raises(ValueError, match=f"model: neurons of {name} can't be drawn.*{why}"):
            bootstrap(model, X, over=over)


@pytest.mark.filterwarnings("ignore")
def test_a_foreign_kind_works_or_is_refused():
    model, X, _ = case("MeanNMF")
    sure = bootstrap(model, X, over="neurons", n_samples=5, random_state=0)
    assert np.isfinite(sure.standard_errors["trial_factors"]).all()


def test_bad_input():
    X = session(shape=(12, 3, 5))
    model = fitted(X)
    with pytest.raises(ValueError, match="X: expected at least 4 neurons"):
        bootstrap(model, X, over="neurons")
    with pytest.raises(ValueError, match="over: expected one of 'trials', 'neurons', 'both'"):
        bootstrap(model, X, over="animals")
    for wrong in (3, lambda found: found["nothing"], lambda found: "text"):
        with pytest.raises(ValueError, match="statistic: expected a function"):
            bootstrap(model, X, statistic=wrong)


def test_a_model_with_too_few_components_is_warned_of():
    X = make_tca(40, 20, 15, 3, snr=1.0, random_state=0).X
    with pytest.warns(TooFewComponentsWarning, match="TCA has too few components"):
        bootstrap(fitted(X, 2), X, n_samples=2)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        bootstrap(fitted(X, 3), X, n_samples=2)


@pytest.mark.slow
def test_intervals_hold_under_drift():
    shares = {over: [] for over in ("trials", "neurons", "both")}
    for seed in range(8):
        found = covered(DRIFT, seed)
        for over, each in shares.items():
            each.append(found[over])
    trials, neurons, both = (np.mean(each, axis=0) for each in shares.values())
    assert neurons[0] > trials[0] + 0.1 and neurons[2] > trials[2]
    assert (neurons > 0.8).all() and (both > 0.82).all()
