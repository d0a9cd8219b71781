"""Every kind of model, in every form of data, is tested, drawn again and compared, or refused."""

import warnings

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from tests.selection_cases import BLOCKS, CONDITIONS, PARTS, case, of_dynamics
from trialtensor import TCA, CoupledTCA, Parafac2, SliceTCA, TrialVaryingDynamics, make_tca
from trialtensor.alignment import match_fits
from trialtensor.selection import (
    CrossValidatedSearch,
    bootstrap,
    component_test,
    factor_match_score,
    residual_report,
    restart_profile,
    stability,
    subspace_angles,
)

FOREIGN = "MeanNMF"


@pytest.fixture(params=[(n, c) for n in PARTS for c in CONDITIONS], ids=lambda p: "-".join(p))
def one(request, tmp_path):
    """A fitted model of some kind under some condition, its data and arguments of fit."""
    name, condition = request.param
    if name == FOREIGN and condition == "loaded":
        pytest.skip("not registered, so that files can't name it")
    return case(name, condition, tmp_path)


@pytest.fixture(params=list(PARTS))
def complete(request):
    """A fitted model of some kind, its data and arguments of fit."""
    return case(request.param)


@pytest.mark.filterwarnings("ignore")
def test_everything_that_needs_a_fitted_model(one):
    model, X, _ = one
    kind = model.fitted_.identified
    found = stability(model, n_null=3)
    assert 0 <= found.score <= 1 + 1e-6
    assert found.by_component.shape == (len(model.fitted_.components),)
    for angles in subspace_angles(model, model):
        np.testing.assert_allclose(angles, 0, atol=0.05)
    if kind == "components":
        for weights in (False, True):
            assert factor_match_score(model, model, weights=weights) == pytest.approx(1, abs=1e-5)
        found = match_fits([model, model], axes="neuron", n_null=3)
        np.testing.assert_allclose(found.congruence, 1, atol=1e-5)
    else:
        with pytest.raises(ValueError, match=r"SliceTCA .*subspace_angles"):
            factor_match_score(model, model)
        with pytest.raises(ValueError, match=r"SliceTCA.*subspace_angles"):
            match_fits([model, model])
    _check_report(model, X)
    _check_bootstrap(model, X)
    _check_test(model, X)


def _check_report(model, X):
    report = residual_report(model, X)
    layout = model.layout(X)
    assert report.trial_leverage.shape == report.trial_outlyingness.shape == (layout.n_trials,)
    assert report.neuron_leverage.shape == report.neuron_outlyingness.shape == (layout.n_neurons,)
    known = np.isfinite(report.neuron_leverage)
    assert (report.neuron_leverage[known] <= 1 + 1e-5).all()
    # What the fit says of itself, of the entries that it was fitted to; kept on a core of a
    # fit to single precision, and with what MeanNMF leaves of each bin about its mean.
    if type(model).__name__ != FOREIGN:
        explained = model.fitted_.record.explained_variance_ratio
        assert report.unexplained == pytest.approx(1 - explained, rel=1e-3)
    assert len(report.sentences) >= 3


def _check_bootstrap(model, X):
    sure = bootstrap(model, X, n_samples=3, random_state=0)
    for name, estimate in sure.estimates.items():
        fitted = getattr(model, f"{name}_")
        pairs = [(estimate, fitted, sure.standard_errors[name], sure.interval(name))]
        if isinstance(fitted, dict):
            pairs = [(estimate[d], fitted[d], sure.standard_errors[name][d], sure.interval(name)[d])
                     for d in fitted]  # fmt: skip
        for ours, theirs, error, ends in pairs:
            np.testing.assert_array_equal(ours, theirs)
            assert ends.shape == (2, *np.shape(theirs))
            assert np.isfinite(error[np.isfinite(theirs)]).all()


def _check_test(model, X):
    for null in ("permute_trials", "shift_times"):
        found = component_test(model, X, null=null, n_permutations=2, random_state=0)
        assert found.null.shape == (2,) and np.isfinite(found.null).all()
        tested = np.isfinite(found.statistic)
        assert tested.any() and (found.statistic[tested] <= 1).all()


@pytest.mark.filterwarnings("ignore")
def test_blocks_of_one_array_and_of_a_dict_are_the_same():
    model, X, options = case("Parafac2")
    days = {day: X[options["blocks"] == day] for day in dict.fromkeys(options["blocks"])}
    apart = clone(model).fit(days)
    np.testing.assert_allclose(apart.trial_factors_, model.trial_factors_, atol=1e-6)
    one, other = (bootstrap(m, x, n_samples=4, random_state=0)
                  for m, x in ((model, X), (apart, days)))  # fmt: skip
    whole = np.concatenate([one.estimates["neuron_factors"], other.estimates["neuron_factors"]])
    assert np.isfinite(whole).all()
    reports = residual_report(model, X), residual_report(apart, days)
    np.testing.assert_allclose(reports[0].trial_outlyingness, reports[1].trial_outlyingness,
                               atol=1e-4)  # fmt: skip
    splits = [
        CrossValidatedSearch(clone(model), [1, 2], refit=False, random_state=0).fit(x, **o)
        for x, o in ((X, options), (days, {}))
    ]
    sizes = [each.table_["n_parameters"].tolist() for each in splits]
    # trial, neurons by day, time
    assert sizes[0] == sizes[1] == [r * (40 + 4 * 12 + 15) for r in (1, 2)]


def test_the_noise_is_that_of_each_dataset():
    rng = np.random.default_rng(0)
    trial = rng.normal(size=(60, 1))
    regions = {
        name: np.einsum("kr,nr,tr->knt", trial, rng.normal(size=(n, 1)), rng.normal(size=(15, 1)))
        for name, n in (("V1", 20), ("M1", 30))
    }
    for name, deviation in (("V1", 0.5), ("M1", 40.0)):
        regions[name] += deviation * rng.normal(size=regions[name].shape)
    from trialtensor.selection.noise import noise_deviations

    model = CoupledTCA(1, n_init=1, random_state=0).fit(regions)
    found = noise_deviations(model, model.layout(regions), regions, None)
    np.testing.assert_allclose(found, [0.5, 40.0], rtol=0.03)


def test_leverage_of_every_part_is_that_of_its_hat_matrix():
    def hat(factor):
        return np.diag(factor @ np.linalg.pinv(factor))

    model, X, _ = case("TrialVaryingDynamics")
    found = residual_report(model, X).neuron_leverage
    np.testing.assert_allclose(
        found, np.maximum(hat(model.output_factors_), hat(model.input_factors_))
    )
    model, X, _ = case("Parafac2")
    found = residual_report(model, X).neuron_leverage
    np.testing.assert_allclose(found, np.mean([hat(f) for f in model.neuron_factors_], axis=0))
    model, X, _ = case("CoupledTCA")
    found = residual_report(model, X).neuron_leverage
    np.testing.assert_allclose(found[:7], hat(model.neuron_factors_["V1"]))
    np.testing.assert_allclose(found[7:], hat(model.neuron_factors_["M1"]))


def test_unfitted_models_and_what_is_no_model():
    X = make_tca(20, 6, 10, 1, random_state=0).X
    for name, (model, *_) in PARTS.items():
        for call in (stability, lambda m: bootstrap(m, X), lambda m: residual_report(m, X)):
            with pytest.raises(NotFittedError, match=name.split()[0]):
                call(clone(model))
        with pytest.raises(NotFittedError):
            match_fits([clone(model), clone(model)])
    for call, argument in (
        (lambda m: stability(m), "model"),
        (lambda m: bootstrap(m, X), "model"),
        (lambda m: residual_report(m, X), "model"),
        (lambda m: component_test(m, X), "model"),
        (lambda m: factor_match_score(m, m), "first"),
        (lambda m: subspace_angles(m, m), "first"),
        (lambda m: match_fits([m, m]), "fits"),
        (lambda m: CrossValidatedSearch(m, [1]).fit(X), "estimator"),
        (lambda m: restart_profile(m, [1], X), "estimator"),
    ):
        with pytest.raises(ValueError, match=f"{argument}: .*"):
            call(5)


def test_other_data_than_that_of_the_fit_is_refused(complete):
    model, X, _ = complete
    fewer = {k: x[1:] for k, x in X.items()} if isinstance(X, dict) else X[1:]
    others = [fewer, {"x": np.ones((40, 5, 9)), "y": np.ones((40, 6, 9))}]
    for other in others:
        for call in (bootstrap, residual_report, component_test):
            with pytest.raises(ValueError, match="X"):
                call(model, other)


def test_models_of_different_kinds_are_not_matched():
    fits = {name: case(name)[0] for name in ("TCA", "Parafac2", "CoupledTCA")}
    fits["TrialVaryingDynamics"] = case("TrialVaryingDynamics")[0]
    for name, model in fits.items():
        if name != "TCA":
            with pytest.raises(ValueError, match=f"TCA and {name}"):
                factor_match_score(fits["TCA"], model)
    with pytest.raises(ValueError, match=r"TCA has matrices of .*TrialVaryingDynamics of"):
        subspace_angles(fits["TCA"], fits["TrialVaryingDynamics"])
    X = PARTS["Parafac2"][1]
    other = Parafac2(2, n_init=1, random_state=0).fit(X, blocks=np.repeat(["x", "y"], 20))
    with pytest.raises(ValueError, match="other blocks or datasets"):
        factor_match_score(fits["Parafac2"], other)
    assert factor_match_score(fits["TCA"], TCA(2, n_init=1).fit(X)) > 0.99


def test_weights_count_in_every_kind():
    X = PARTS["TCA"][1]
    model = TCA(2, n_init=2, random_state=0).fit(X)
    other = TCA(2, n_init=2, random_state=0).fit(2 * X)
    assert factor_match_score(model, other) == pytest.approx(1, abs=1e-6)
    assert factor_match_score(model, other, weights=True) == pytest.approx(0.5, abs=1e-6)
    with pytest.raises(ValueError, match="weights: first is bare factors"):
        factor_match_score([np.ones((3, 1))] * 3, [np.ones((3, 1))] * 3, weights=True)
    with pytest.raises(ValueError, match="weights"):
        stability(case("SliceTCA")[0], weights=True)


def test_angles_are_given_for_each_matrix():
    shapes = {"TCA": 3, "SliceTCA": 3, "Parafac2": 3, "TrialVaryingDynamics": 3, FOREIGN: 2}
    for name, n in shapes.items():
        model = case(name)[0]
        assert len(subspace_angles(model, model)) == n
    sliced = case("SliceTCA")[0]
    assert [len(each) for each in subspace_angles(sliced, sliced)] == [1, 0, 1]
    assert [len(each) for each in subspace_angles(sliced, case("TCA")[0])] == [1, 0, 1]


@pytest.mark.filterwarnings("ignore")
def test_after_partial_fit():
    X = make_tca(40, 12, 15, 2, snr=2.0, random_state=0).X
    model = TCA(2, n_init=3, random_state=0).partial_fit(X[:30]).partial_fit(X[30:])
    assert stability(model).score > 0.9
    assert len(subspace_angles(model.restarts_[0], model.restarts_[0])) == 2
    for call in (bootstrap, component_test):
        with pytest.raises(ValueError, match="TCA remembers only 10 of 40 after partial_fit"):
            call(model, X)
    assert residual_report(model, X[30:]).trial_leverage.shape == (10,)
    fitted = TCA(2, n_init=3, random_state=0).fit(X)
    assert match_fits([fitted, model], axes=("neuron", "time")).congruence.min() > 0.95
    with pytest.raises(ValueError, match="TCA has 40 trials, TCA 10"):
        factor_match_score(fitted, model)


def test_single_trials_as_blocks_are_refused_where_nothing_can_be_drawn():
    X = make_tca(12, 8, 10, 1, snr=2.0, random_state=0).X
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = Parafac2(1, n_init=1, max_iter=20, random_state=0).fit(X)
        with pytest.raises(ValueError, match=r"Parafac2 has a block for every trial.*blocks of 5"):
            bootstrap(model, X)
        with pytest.raises(ValueError, match=r"Parafac2 has a block for every trial; use 'shift_"):
            component_test(model, X, n_permutations=1)
        times = component_test(model, X, null="shift_times", n_permutations=1)
    assert np.isfinite(times.statistic).all()


def test_arguments_of_fit_are_checked():
    X = PARTS["TCA"][1]
    for call in (
        lambda: component_test(TCA(1), X, blocks=[1]),
        lambda: restart_profile(TCA(1), [1], X, blocks=[1]),
        lambda: CrossValidatedSearch(TCA(1), [1]).fit(X, blocks=[1]),
    ):
        with pytest.raises(ValueError, match=r"blocks: TCA.fit has no such argument"):
            call()
    model, X, options = case("Parafac2")
    with pytest.raises(ValueError, match=r"blocks: Parafac2 is fitted already"):
        component_test(model, X, **options)
    fresh = component_test(clone(model), X, n_permutations=2, random_state=0, **options)
    fitted = component_test(model, X, n_permutations=2, random_state=0)
    np.testing.assert_array_equal(fresh.null, fitted.null)


@pytest.mark.filterwarnings("ignore")
def test_profiles_of_every_kind(complete):
    model, X, options = complete
    grid = [(1, 0, 1)] if isinstance(model, SliceTCA) else [1, 2]
    profile = restart_profile(clone(model), grid, X, random_state=0, **options)
    assert profile["n_components"].tolist() == grid
    assert np.isfinite(profile["stability"]).all()
    last = profile["explained"].iloc[-1]
    assert last == pytest.approx(float(model.explained_variance_ratio_), abs=0.02)


def test_planted_components_of_every_kind_are_significant():
    X = make_tca(40, 30, 20, 2, snr=0.5, random_state=0).X
    regions = {"V1": X[:, :18], "M1": 50 * X[:, 18:, :15]}
    few = {"n_init": 2, "tol": 1e-4, "random_state": 0}
    for model, data, options in (
        (Parafac2(3, **few), X, {"blocks": BLOCKS}),
        (CoupledTCA(3, **few), regions, {}),
        (TrialVaryingDynamics(2, **few), of_dynamics(40, 6, 25)[0], {}),
    ):
        found = component_test(model, data, n_permutations=19, random_state=0, **options)
        kept = found.significant()
        assert kept[:2].all() and not kept[2:].any(), type(model)
