"""Every kind of model is followed over trials, or refused by name."""

import warnings

import numpy as np
import pytest
import xarray
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LinearRegression

import trialtensor as tt
from trialtensor.models import FitRecord, Fitted, Named, TrialEstimator
from trialtensor.models.parts import make_components
from trialtensor.tracking import pattern_change, track

TIMES = np.arange(20)
BUMPS = np.stack([np.exp(-0.5 * ((TIMES - m) / 2.5) ** 2) for m in (5, 13)], axis=1)
BLOCKS = np.repeat(np.arange(4), 15)
QUICK = {"n_init": 2, "random_state": 0}
KINDS = {
    "TCA": (tt.TCA(2, **QUICK), {}),
    "SliceTCA": (tt.SliceTCA((1, 1, 1), **QUICK), {}),
    "Parafac2": (tt.Parafac2(2, **QUICK), {"blocks": BLOCKS}),
    "CoupledTCA": (tt.CoupledTCA(2, groups=["M1"] * 6 + ["PMd"] * 6, **QUICK), {}),
    "TrialVaryingDynamics": (tt.TrialVaryingDynamics(2, **QUICK), {}),
}
CASES = ["complete", "missing", "labelled", "float32", "loaded"]


def step(at, n_trials, seed, low=0.0, high=1.0):
    """Low before a trial, high from it on, with a little noise."""
    noise = 0.1 * np.random.default_rng(seed).normal(size=n_trials)
    return np.where(np.arange(n_trials) >= at, high, low) + noise


def fitted(kind, case, folder):
    X = np.asarray(tt.make_tca(60, 12, 15, 2, snr=5.0, random_state=0).X)
    if case == "missing":
        X[7], X[:, 4, :3], X[20:25, 2] = np.nan, np.nan, np.nan
    if case == "float32":
        X = X.astype(np.float32)
    if case == "labelled":
        labels = {"phase": ("trial", np.repeat(["early", "late"], 30))}
        X = xarray.DataArray(X, dims=("trial", "neuron", "time"), coords=labels)
    model, options = KINDS[kind]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = type(model)(**model.get_params()).fit(X, **options)
    if case == "loaded":
        model.save(folder / "model.h5")
        model = tt.load(folder / "model.h5")
    return model


class Given(TrialEstimator):
    """A model of another package, whose arrays are given."""

    def __init__(self, arrays=None):
        self.arrays = arrays

    def fit(self, X=None, y=None, *, mask=None):
        arrays = {name: Named(dims, values) for name, (dims, values) in self.arrays.items()}
        data = {"shape": (60, 12, 15)}
        components = make_components(arrays)
        self._store(Fitted("Given", arrays, components, FitRecord.given(), data, {}))
        return self


def given(**arrays):
    return Given({"weights": (("component",), np.array([3.0, 2.0])), **arrays}).fit()


RNG = np.random.default_rng(0)
TRIAL = (("trial", "component"), RNG.normal(size=(60, 2)))
NEURON = (("neuron", "component"), RNG.normal(size=(12, 2)))
TIME = (("time", "component"), RNG.normal(size=(15, 2)))


# --- what is planted is found -----------------------------------------------------------------


def test_a_slice_that_begins_at_a_trial_is_found():
    rng = np.random.default_rng(1)
    neurons, pattern = rng.gamma(1.0, size=15), rng.gamma(1.0, size=(15, 20))
    begins = np.multiply.outer(step(40, 80, 2), BUMPS[:, 0])
    X = np.einsum("n,kt->knt", neurons, begins)
    X += np.einsum("k,nt->knt", 1 + 0.2 * rng.normal(size=80), pattern)
    X += 0.3 * rng.normal(size=X.shape)
    model = tt.SliceTCA((1, 1, 0), n_init=3, random_state=0).fit(X)
    found = track(model)
    assert list(found.series) == ["trial-slicing 1", "neuron-slicing 1"]
    changes = found.changes[found.changes["series"] == "neuron-slicing 1"]
    assert len(changes) == 1
    assert abs(changes["onset"].iloc[0] - 40) <= 2
    assert "trial-slicing 1" not in set(found.changes["series"])


@pytest.fixture(scope="module")
def regions():
    """A component that begins at trial 35 in one region and at trial 60 in the other."""
    rng = np.random.default_rng(3)
    data = {}
    for name, at, n_neurons in (("cortex", 35, 12), ("cerebellum", 60, 9)):
        trial = np.stack([step(at, 100, at), 1 + 0.3 * rng.normal(size=100)], axis=1)
        neuron = rng.gamma(1.0, size=(n_neurons, 2))
        data[name] = np.einsum("kr,nr,tr->knt", trial, neuron, BUMPS)
        data[name] += 0.2 * rng.normal(size=data[name].shape)
    return data


def test_regions_have_onsets_of_their_own(regions):
    model = tt.CoupledTCA(2, n_init=3, random_state=0).fit(regions)
    found = track(model)
    assert list(found.series) == [
        "component 1, cortex", "component 1, cerebellum",
        "component 2, cortex", "component 2, cerebellum",
    ]  # fmt: skip
    cosines = np.abs(model.time_factors_["cortex"].T @ BUMPS[:, 0])
    learner = 1 + int(np.argmax(cosines))
    for name, at in (("cortex", 35), ("cerebellum", 60)):
        rows = found.changes[found.changes["series"] == f"component {learner}, {name}"]
        assert np.abs(rows["onset"] - at).min() <= 2, name
    one = track(model, dataset="cerebellum")
    assert list(one.series) == ["component 1, cerebellum", "component 2, cerebellum"]
    np.testing.assert_array_equal(one.series, found.series.iloc[:, [1, 3]])


def test_a_private_component_is_followed_in_its_own_dataset(regions):
    model = tt.CoupledTCA(1, n_private=1, n_init=2, random_state=0).fit(regions)
    names = list(track(model).series)
    assert names == [
        "component 1, cortex", "component 1, cerebellum",
        "component 2, cortex", "component 3, cerebellum",
    ]  # fmt: skip


def test_datasets_with_trials_of_their_own_are_followed_one_by_one(regions):
    sessions = {"Mon": regions["cortex"], "Tue": regions["cortex"][:70]}
    model = tt.CoupledTCA(2, shared="time", n_init=2, random_state=0).fit(sessions)
    with pytest.raises(ValueError, match="each dataset of the CoupledTCA has trials of its own"):
        track(model)
    found = track(model, dataset="Tue")
    assert found.series.shape == (70, 2)
    expected = model.trial_factors_["Tue"] * model.weights_[1]
    np.testing.assert_allclose(found.series, expected, rtol=1e-12)
    assert np.abs(found.changes["onset"] - 35).min() <= 2
    alone = tt.CoupledTCA(2, shared="time", n_init=1, random_state=0).fit({"Mon": sessions["Mon"]})
    assert list(track(alone).series) == ["component 1, Mon", "component 2, Mon"]


def test_numbers_of_a_tca_are_those_of_its_factors():
    model = fitted("TCA", "complete", None)
    series = model.trial_factors_ * model.weights_
    found, expected = track(model, random_state=5), track(series, random_state=5)
    np.testing.assert_array_equal(found.series, expected.series)
    assert found.summary.equals(expected.summary)
    assert found.changes.equals(expected.changes)


def test_after_partial_fit_the_latest_trials_are_followed():
    X = np.asarray(tt.make_tca(90, 12, 15, 2, snr=5.0, random_state=0).X)
    model = tt.TCA(2, n_init=2, random_state=0).partial_fit(X[:60])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(track(model).series) == 60  # the first batch is all there is
    model.partial_fit(X[60:])
    with pytest.warns(UserWarning, match="latest trials only: 60 to 89 of 90") as told:
        found = track(model)
    assert told[0].filename == __file__
    np.testing.assert_allclose(found.series, model.trial_factors_ * model.weights_)
    with pytest.warns(UserWarning), pytest.raises(ValueError, match="each of the 30 trials"):
        track(model, labels=np.repeat([1, 2], 45))


def test_a_block_that_a_region_lacks_is_left_out_for_it(regions):
    labels = np.repeat(["a", "b", "c"], [30, 40, 30])
    data = {name: X.copy() for name, X in regions.items()}
    data["cortex"][70:] = np.nan
    model = tt.CoupledTCA(2, n_init=2, random_state=0).fit(data)
    found = track(model, labels=labels)
    by_series = found.blocks.groupby("series")["block"].apply(list)
    assert by_series["component 1, cortex"] == ["a", "b"]
    assert by_series["component 1, cerebellum"] == ["a", "b", "c"]
    with pytest.raises(ValueError, match="learning_block: component 1, cortex has a value in 0 of"):
        track(model, labels=labels, learning_block="c")


# --- every kind -------------------------------------------------------------------------------


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_followed(kind, case, tmp_path):
    model = fitted(kind, case, tmp_path)
    labels = "phase" if case == "labelled" else np.repeat(["early", "late"], 30)
    found = track(model, labels=labels)
    n_series = {"SliceTCA": 3, "CoupledTCA": 4}.get(kind, 2)
    assert found.series.shape == (60, n_series)
    assert found.series.to_numpy().dtype == np.float64
    assert found.summary["series"].tolist() == list(found.series)
    # Holm over all contrasts of all components: the smallest counts as often as there are.
    smallest = found.contrasts.loc[found.contrasts["p_value"].idxmin()]
    assert smallest["p_adjusted"] == pytest.approx(min(1, n_series * smallest["p_value"]))
    unknown = np.isnan(found.series).any(axis=1)
    assert unknown[7] if case == "missing" else not unknown.any()


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("kind", KINDS)
def test_patterns_of_every_kind_or_a_refusal(kind, case, tmp_path):
    model = fitted(kind, case, tmp_path)
    X = np.asarray(tt.make_tca(60, 12, 15, 2, snr=5.0, random_state=0).X)
    sets = np.arange(20), np.arange(40, 60)
    dataset = "M1" if kind == "CoupledTCA" else None
    if kind == "TrialVaryingDynamics":
        with pytest.raises(ValueError, match="TrialVaryingDynamics has a time course of its own"):
            pattern_change(X, *sets, components=model)
        return
    own = X[:, :6] if dataset else X
    found = pattern_change(own, *sets, components=model, dataset=dataset, n_null=49)
    names = {"SliceTCA": ["time-slicing 1"]}.get(kind, ["component 1", "component 2"])
    named = [each.removeprefix("early course unlike ") for each in found.components["name"]]
    assert named == names
    assert found.components["component"].tolist() == list(range(1, len(names) + 1))


def test_a_gain_change_in_one_region_is_found_there(regions):
    rng = np.random.default_rng(5)
    cortex = regions["cortex"][60:]
    data = {"cortex": np.concatenate([cortex, cortex]), "cerebellum": regions["cerebellum"][20:]}
    data["cortex"] = data["cortex"] * np.repeat([1.0, 1.8], 40)[:, None, None]
    data["cortex"] = data["cortex"] + 0.1 * rng.normal(size=data["cortex"].shape)
    model = tt.CoupledTCA(2, n_init=2, random_state=0).fit(data)
    sets = np.arange(40), np.arange(40, 80)
    with pytest.raises(ValueError, match="choose one of cortex, cerebellum"):
        pattern_change(data["cortex"], *sets, components=model)
    found = pattern_change(data["cortex"], *sets, components=model, dataset="cortex")
    assert found.components["verdict"].tolist() == ["gain change"] * 2
    np.testing.assert_allclose(found.components["gain"], 1.8, rtol=0.1)


def test_time_courses_that_all_datasets_share(regions):
    sessions = {"Mon": regions["cortex"], "Tue": regions["cerebellum"][:70]}
    model = tt.CoupledTCA(2, shared="time", n_init=2, random_state=0).fit(sessions)
    sets = np.arange(20), np.arange(40, 60)
    found = pattern_change(sessions["Mon"], *sets, components=model, n_null=49)
    # Those of the early trials of this dataset, in the order of the model's.
    early = tt.TCA(2, n_init=5, random_state=0).fit(sessions["Mon"][:20]).time_factors_
    norms = np.linalg.norm(early, axis=0), np.linalg.norm(found.courses, axis=0)
    alike = np.abs((early / norms[0]).T @ (found.courses / norms[1]))
    np.testing.assert_allclose(np.sort(alike.max(axis=0)), 1, atol=0.02)
    assert found.components["name"].tolist() == ["component 1", "component 2"]


# --- models of other packages, and what is refused --------------------------------------------


def test_a_model_of_another_package():
    constant = given(trial_factors=TRIAL, neuron_factors=NEURON)
    found = track(constant)
    np.testing.assert_allclose(found.series, TRIAL[1] * [3.0, 2.0])
    sets = np.arange(20), np.arange(40, 60)
    X = RNG.normal(size=(60, 12, 15))
    with pytest.raises(ValueError, match="no component of the Given has a time course of its own"):
        pattern_change(X, *sets, components=constant)
    timed = given(neuron_factors=NEURON, time_factors=TIME)
    assert len(pattern_change(X, *sets, components=timed, n_null=19).components) == 2
    with pytest.raises(ValueError, match="no component of the Given has a course over trials"):
        track(timed)


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (tt.SliceTCA((1, 1, 0), **QUICK), "of the SliceTCA .* or fit time-slicing components"),
        (tt.Parafac2(2, varying="time", **QUICK), "Parafac2 differ between blocks"),
    ],
)
def test_no_time_courses(model, message):
    X = np.asarray(tt.make_tca(60, 12, 15, 2, snr=5.0, random_state=0).X)
    options = {"blocks": BLOCKS} if isinstance(model, tt.Parafac2) else {}
    with pytest.raises(ValueError, match=message):
        pattern_change(X, np.arange(20), np.arange(40, 60), components=model.fit(X, **options))


def test_what_is_not_fitted_or_no_model():
    X = np.zeros((60, 12, 15))
    sets = np.arange(20), np.arange(40, 60)
    for model, _ in KINDS.values():
        unfitted = type(model)(**model.get_params())
        with pytest.raises(NotFittedError):
            track(unfitted)
        with pytest.raises(NotFittedError):
            pattern_change(X, *sets, components=unfitted)
    for other in (LinearRegression(), tt.TCA, None, "model", {"a": 1}):
        with pytest.raises(ValueError, match="model: expected"):
            track(other)
        with pytest.raises(ValueError, match="components: expected"):
            pattern_change(X, *sets, components=other)


def test_datasets_that_are_not_there(regions):
    model = tt.CoupledTCA(2, n_init=1, random_state=0).fit(regions)
    sets = np.arange(20), np.arange(40, 60)
    with pytest.raises(ValueError, match="CoupledTCA knows no dataset 'x'; known are cortex, cere"):
        track(model, dataset="x")
    with pytest.raises(ValueError, match="TCA is a model of one recording"):
        track(fitted("TCA", "complete", None), dataset="cortex")
    with pytest.raises(ValueError, match="dataset: an array of series has none"):
        track(np.zeros((40, 2)), dataset="cortex")
    with pytest.raises(ValueError, match="dataset: is for a model of several datasets"):
        pattern_change(regions["cortex"], *sets, components=BUMPS, dataset="cortex")


def test_too_few_trials_name_the_model_and_the_component():
    model = tt.SliceTCA((1, 0, 0), **QUICK).fit(RNG.normal(size=(15, 12, 15)))
    with pytest.raises(ValueError, match=r"got 15 \(SliceTCA, trial-slicing 1\)"):
        track(model)
