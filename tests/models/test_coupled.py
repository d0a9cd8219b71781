"""CoupledTCA: its contract, planted regions, sessions and private components, and bad input."""

import warnings

import numpy as np
import pytest
import xarray
from sklearn.base import clone

import trialtensor
from trialtensor import TCA, CoupledTCA, make_tca, testing
from trialtensor.models.warnings import MissingSliceWarning
from trialtensor.solvers.matching import cosines

LABELS = tuple("ab" * 6)


def regions(seed=0, snr=5.0, private=False):
    """Two regions of 60 trials with two common trial courses, and one of its own each."""
    rng = np.random.default_rng(seed)
    trial, _, _ = make_tca(60, 5, 5, 4, random_state=seed).factors
    trial = trial / np.linalg.norm(trial, axis=0)
    found, truth = {}, {}
    for i, (name, n_neurons, n_times, scale) in enumerate((("m1", 25, 30, 1), ("cb", 15, 20, 50))):
        _, neuron, time = make_tca(20, n_neurons, n_times, 3, random_state=seed + 10 + i).factors
        columns = [0, 1, 2 + i] if private else [0, 1]
        signal = np.einsum(
            "kr,nr,tr->knt", trial[:, columns], neuron[:, : len(columns)], time[:, : len(columns)]
        )
        noise = rng.standard_normal(signal.shape)
        noise *= np.linalg.norm(signal) / np.linalg.norm(noise) / snr**0.5
        found[name], truth[name] = scale * (signal + noise), (neuron, time)
    return found, trial, truth


def worst(truth, found):
    return np.abs(cosines(truth, found)).max(axis=1).min()


@pytest.mark.parametrize("parameters", [{}, {"nonnegative": True}, {"balanced": False}], ids=str)
def test_contract_of_a_single_dataset(parameters):
    testing.check_trial_estimator(CoupledTCA(2, n_init=2, random_state=0, **parameters))


@pytest.mark.parametrize(
    "parameters", [{}, {"n_private": 1}, {"nonnegative": ("neuron",)}], ids=str
)
@pytest.mark.parametrize(
    # The loss weighs datasets, and labels belong to a number of neurons.
    "check",
    [c for c in testing.CHECKS if c.__name__ not in ("check_loss", "check_empty_slices")],
    ids=lambda check: check.__name__,
)
def test_contract_of_groups(check, parameters):
    model = CoupledTCA(2, groups=LABELS, n_init=1, random_state=0, **parameters)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        check(clone(model), testing._data())


def test_a_single_dataset_is_tca():
    X = make_tca(30, 20, 25, 3, snr=3.0, random_state=0).X
    ours = CoupledTCA(3, random_state=0, tol=1e-10).fit({"all": X})
    theirs = TCA(3, random_state=0, tol=1e-10).fit(X)
    assert ours.loss_ == pytest.approx(theirs.loss_, rel=1e-8)
    assert worst(theirs.trial_factors_, ours.trial_factors_) > 0.9999
    np.testing.assert_allclose(np.sort(ours.weights_[0]), np.sort(theirs.weights_), rtol=1e-3)


def test_private_components_only_are_separate_fits():
    X, _, _ = regions(private=True)
    ours = CoupledTCA(0, n_private=3, balanced=False, random_state=0, tol=1e-10).fit(X)
    apart = [TCA(3, random_state=0, tol=1e-10).fit(x).loss_ for x in X.values()]
    assert ours.loss_ == pytest.approx(sum(apart), rel=1e-6)


def test_regions_share_their_trial_factors():
    X, trial, truth = regions()
    model = CoupledTCA(2, random_state=0).fit(X)
    assert worst(trial[:, :2], model.trial_factors_) > 0.98
    for name, (neuron, time) in truth.items():
        assert worst(neuron[:, :2], model.neuron_factors_[name]) > 0.98
        assert worst(time[:, :2], model.time_factors_[name]) > 0.98
        error = X[name] - model.reconstruct()[name]
        i = model.dataset_names_.index(name)
        ratio = 1 - np.sum(error**2) / np.sum(X[name] ** 2)
        assert model.explained_variance_by_dataset_[i] == pytest.approx(ratio)
        # By itself, each region says the same of the trials.
        assert worst(trial[:, :2], model.dataset_trial_factors_[name]) > 0.95
    np.testing.assert_allclose(model.shares_.sum(axis=0), 1)
    # Units don't matter: the second region's are fifty times those of the first.
    assert model.shares_.min() > 0.2 and model.explained_variance_by_dataset_.min() > 0.7


def test_shared_and_private_components():
    X, trial, _ = regions(private=True, snr=20.0)
    model = CoupledTCA(2, n_private=1, n_init=20, random_state=0).fit(X)
    assert model.private_to_.tolist() == [-1, -1, 0, 1]
    assert worst(trial, model.trial_factors_) > 0.95
    np.testing.assert_allclose(model.shares_[:, 2:], np.eye(2))
    assert model.weights_[0, 3] == model.weights_[1, 2] == 0
    assert not model.neuron_factors_["m1"][:, 3].any()
    # Without being told, the shares say which component is whose.
    free = CoupledTCA(4, n_init=20, random_state=0).fit(X)
    assert np.sum(free.shares_.max(axis=0) > 0.95) >= 2


def test_a_region_that_comes_later_is_told_apart():
    """A component that grows in one region forty trials before the other."""
    rng = np.random.default_rng(0)
    steps = {"early": 20, "late": 60}
    X = {}
    for name, n_neurons in (("early", 20), ("late", 30)):
        course = 1 / (1 + np.exp(-(np.arange(100) - steps[name]) / 3))
        shape = np.outer(rng.standard_normal(n_neurons), np.hanning(25))
        X[name] = course[:, None, None] * shape + 0.3 * rng.standard_normal((100, n_neurons, 25))
    model = CoupledTCA(1, random_state=0).fit(X)
    for name, step in steps.items():
        own = np.abs(model.dataset_trial_factors_[name][:, 0])
        crossing = np.flatnonzero(own > own[80:].mean() / 2)[0]
        assert abs(crossing - step) <= 3


def test_sessions_share_their_time_factors():
    rng = np.random.default_rng(0)
    _, _, time = make_tca(20, 10, 30, 2, random_state=0).factors
    X = {
        day: np.einsum(
            "kr,nr,tr->knt", rng.uniform(0.5, 2, (k, 2)), rng.standard_normal((n, 2)), time
        )
        for day, k, n in (("mon", 25, 12), ("tue", 40, 20))
    }
    model = CoupledTCA(2, shared="time", random_state=0, tol=1e-10).fit(X)
    assert worst(time, model.time_factors_) > 0.999
    assert model.explained_variance_ratio_ > 0.9999
    assert {name: f.shape for name, f in model.trial_factors_.items()} == {
        "mon": (25, 2),
        "tue": (40, 2),
    }
    for name, found in model.transform({"tue": X["tue"][:5]}).items():
        np.testing.assert_allclose(found, model.trial_factors_[name][:5], atol=1e-8)
    assert model.score({"mon": X["mon"]}) > 0.9999
    back = model.inverse_transform(model.trial_factors_)
    np.testing.assert_allclose(back["mon"], X["mon"], atol=1e-2)


def test_trials_that_a_region_lacks():
    X, trial, _ = regions(snr=20.0)
    X["m1"][:15] = np.nan
    X["cb"][50:] = np.nan
    X["cb"][3, 4, 5] = np.nan
    model = CoupledTCA(2, random_state=0).fit(X)
    assert worst(trial[:, :2], model.trial_factors_) > 0.98
    assert np.isnan(model.dataset_trial_factors_["m1"][:15]).all()
    assert np.isfinite(model.trial_factors_).all()
    np.testing.assert_allclose(model.transform(X), model.trial_factors_, atol=1e-8)
    # One region is enough for new trials.
    alone = model.transform({"m1": X["m1"][20:30]})
    assert worst(trial[20:30, :2], alone) > 0.9
    X["m1"][55], X["cb"][:, 2] = np.nan, np.nan
    with pytest.warns(MissingSliceWarning, match="1 of 60 trials"):
        model = CoupledTCA(2, n_init=2, random_state=0).fit(X)
    assert (
        np.isnan(model.trial_factors_[55]).all() and np.isnan(model.neuron_factors_["cb"][2]).all()
    )


def test_groups_of_neurons_in_one_recording():
    X, _, _ = regions()
    joined = np.concatenate([X["m1"][:, :, :20], X["cb"]], axis=1)
    area = np.array(["m1"] * 25 + ["cb"] * 15)
    order = np.random.default_rng(0).permutation(40)
    labelled = xarray.DataArray(
        joined[:, order], dims=("trial", "neuron", "time"), coords={"area": ("neuron", area[order])}
    )
    model = CoupledTCA(2, groups="area", n_init=3, random_state=0).fit(labelled)
    assert set(model.dataset_names_) == {"m1", "cb"}
    apart = CoupledTCA(2, n_init=3, random_state=0).fit(
        {name: joined[:, order][:, area[order] == name] for name in model.dataset_names_}
    )
    np.testing.assert_array_equal(model.trial_factors_, apart.trial_factors_)
    np.testing.assert_array_equal(
        model.reconstruct()[:, area[order] == "cb"], apart.reconstruct()["cb"]
    )
    np.testing.assert_allclose(model.transform(labelled), model.trial_factors_, atol=1e-9)


def test_files(tmp_path):
    X, _, _ = regions()
    for options in ({}, {"shared": "time"}):
        data = {k: x[:, :, :20] for k, x in X.items()}
        model = CoupledTCA(2, n_init=2, random_state=0, **options).fit(data)
        model.save(tmp_path / "model.h5")
        copy = trialtensor.load(tmp_path / "model.h5")
        assert copy.get_params() == model.get_params()
        for name, each in model.reconstruct().items():
            np.testing.assert_array_equal(copy.reconstruct()[name], each)
        assert copy.dataset_names_ == model.dataset_names_
        assert set(copy.to_xarray().variables) == set(model.to_xarray().variables)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda X: CoupledTCA(0).fit(X), "n_components"),
        (lambda X: CoupledTCA(2, n_private=-1).fit(X), "n_private"),
        (lambda X: CoupledTCA(2, shared="neuron").fit(X), r"shared: .*'trial', 'time'"),
        (lambda X: CoupledTCA(2, balanced=3).fit(X), "balanced"),
        (lambda X: CoupledTCA(2, init=X).fit(X), "init"),
        (lambda X: CoupledTCA(2, groups="area").fit(X), "groups: expected None"),
        (lambda X: CoupledTCA(2, groups="area").fit(X["m1"]), "no neuron coordinate 'area'"),
        (lambda X: CoupledTCA(2, groups=["a"]).fit(X["m1"]), "each of 25 neurons, got shape \\(1,"),
        (lambda X: CoupledTCA(2).fit({"a": X["m1"], "b": X["m1"][:5]}), r"as many; got \[60, 5\]"),
        (lambda X: CoupledTCA(2).fit({"a": X["m1"], "b": X["m1"] * 0}), "dataset 'b'.*zero"),
        (lambda X: CoupledTCA(700).fit(X), "dataset 'm1' of 60 trials.*at most 750|dataset 'cb'"),
        (lambda X: CoupledTCA(2).fit({}), "at least one"),
        (lambda X: CoupledTCA(2, n_init=1).fit(X).transform({"pf": X["m1"]}), "no dataset 'pf'"),
        (lambda X: CoupledTCA(2, n_init=1).fit(X).transform({"m1": X["cb"]}), "25 neurons x 30"),
        (
            lambda X: CoupledTCA(2, n_init=1).fit(X).inverse_transform(np.ones((3, 5))),
            r"\(n_trials, 2\)",
        ),
    ],
)  # fmt: skip
def test_bad_input(call, message):
    X, _, _ = regions()
    with pytest.raises(ValueError, match=message):
        call(X)
