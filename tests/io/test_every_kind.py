"""Tables, summaries and tensorly objects of every kind of model."""

import json
import warnings

import numpy as np
import pandas
import pytest
import tensorly
import xarray
from sklearn.exceptions import NotFittedError

import trialtensor as tt
from trialtensor.io.export import (
    factor_files,
    factor_files_in,
    summarize,
    write_factors,
    write_summary,
)
from trialtensor.models import FitRecord, Fitted, Named, TrialEstimator
from trialtensor.models.parts import make_components

BLOCKS = np.repeat(["a", "b", "c", "d"], 10)
AREAS = np.array(["M1", "PMd"] * 6)
QUICK = {"n_init": 2, "random_state": 0}
KINDS = {
    "TCA": (tt.TCA(2, **QUICK), {}),
    "SliceTCA": (tt.SliceTCA((1, 0, 2), **QUICK), {}),
    "Parafac2": (tt.Parafac2(2, **QUICK), {"blocks": BLOCKS}),
    "CoupledTCA": (tt.CoupledTCA(1, n_private=1, groups=AREAS, **QUICK), {}),
    "TrialVaryingDynamics": (tt.TrialVaryingDynamics(2, **QUICK), {}),
}
FILES = {
    "TCA": ("trial_factors.csv", "neuron_factors.csv", "time_factors.csv"),
    "SliceTCA": ("trial_loadings.csv", "time_loadings.csv", "slices.nc"),
    "Parafac2": ("trial_factors.csv", "neuron_factors.csv", "time_factors.csv"),
    "CoupledTCA": ("trial_factors.csv", "neuron_factors.csv", "time_factors.csv"),
    "TrialVaryingDynamics": ("trial_factors.csv", "output_factors.csv", "input_factors.csv"),
}
CASES = ["complete", "missing", "labelled", "float32", "loaded"]


def data():
    return np.asarray(tt.make_tca(40, 12, 15, 2, snr=5.0, random_state=0).X)


def fitted(kind, case, folder):
    X = data()
    if case == "missing":
        X[7], X[:, 4], X[20:25, 2] = np.nan, np.nan, np.nan
    if case == "float32":
        X = X.astype(np.float32)
    if case == "labelled":
        coords = {"phase": ("trial", BLOCKS), "block": ("neuron", AREAS)}
        coords["dataset"] = ("time", np.arange(15))
        X = xarray.DataArray(X, dims=("trial", "neuron", "time"), coords=coords)
    model, options = KINDS[kind]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = type(model)(**model.get_params()).fit(X, **options)
    if case == "loaded":
        model.save(folder / "model.h5")
        model = tt.load(folder / "model.h5")
    return model


def columns(table):
    return table.filter(regex="^component_").to_numpy()


def written(model, folder):
    paths = write_factors(model, folder)
    assert tuple(path.name for path in paths) == factor_files(model)
    return {p.stem: pandas.read_csv(p) for p in paths if p.suffix == ".csv"}


# --- tables -----------------------------------------------------------------------------------


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("kind", KINDS)
def test_tables_hold_what_was_fitted(kind, case, tmp_path):
    model = fitted(kind, case, tmp_path)
    tables = written(model, tmp_path)
    assert factor_files(model) == FILES[kind]
    for name, table in tables.items():
        values = getattr(model, f"{name}_")
        if isinstance(values, dict):
            expected = np.concatenate(list(values.values()))
        else:
            expected = np.reshape(values, (-1, values.shape[-1]))
        np.testing.assert_array_equal(columns(table), expected)
        axis = model.fitted_.arrays[name].dims[-2]
        assert axis in table
        if case == "labelled":
            label = {"trial": "phase", "neuron": "block", "time": "dataset"}[axis]
            label = f"{label}_label" if f"{label}_label" in table else label
            places = {"trial": BLOCKS, "neuron": AREAS, "time": np.arange(15)}[axis]
            assert table[label].tolist() == places[table[axis]].tolist()


def test_rows_of_blocks_and_datasets_stand_under_each_other(tmp_path):
    table = written(fitted("Parafac2", "labelled", tmp_path), tmp_path)["neuron_factors"]
    assert list(table)[:3] == ["block", "neuron", "block_label"]
    assert table["block"].tolist() == np.repeat(["a", "b", "c", "d"], 12).tolist()
    assert table["neuron"].tolist() == list(range(12)) * 4
    model = fitted("CoupledTCA", "labelled", tmp_path)
    tables = written(model, tmp_path)
    table = tables["neuron_factors"]
    assert table["dataset"].tolist() == ["M1"] * 6 + ["PMd"] * 6
    assert table["neuron"].tolist() == [*range(0, 12, 2), *range(1, 12, 2)]
    assert list(tables["time_factors"])[:3] == ["dataset", "time", "dataset_label"]
    assert "dataset" not in tables["trial_factors"]
    private = {name: columns(part)[:, 1:] for name, part in table.groupby("dataset")}
    assert not private["M1"][:, 1].any() and private["M1"][:, 0].any()
    assert not private["PMd"][:, 0].any() and private["PMd"][:, 1].any()


def test_sessions_with_neurons_of_their_own(tmp_path):
    sessions = {"Mon": data()[:, :10], "Tue": data()[:, :6]}
    model = tt.Parafac2(2, **QUICK).fit(sessions)
    table = written(model, tmp_path)["neuron_factors"]
    assert table.groupby("block").size().to_dict() == {"Mon": 10, "Tue": 6}
    np.testing.assert_array_equal(columns(table)[10:], model.neuron_factors_[1, :6])
    coupled = tt.CoupledTCA(2, shared="time", **QUICK).fit({"x": data(), "y": data()[:30]})
    table = written(coupled, tmp_path)["trial_factors"]
    assert table.groupby("dataset").size().to_dict() == {"x": 40, "y": 30}
    assert table["trial"].tolist() == [*range(40), *range(30)]


def test_after_partial_fit_the_latest_trials_are_in_the_table(tmp_path):
    model = tt.TCA(2, **QUICK).partial_fit(data()[:30]).partial_fit(data()[30:])
    table = written(model, tmp_path)["trial_factors"]
    np.testing.assert_array_equal(columns(table), model.trial_factors_)
    assert len(table) == 10
    assert summarize(model, source="", transform="none")["n_trials_seen"] == 40


class Given(TrialEstimator):
    """A model of another package, with two families of components and odd names."""

    def fit(self, X=None, y=None, *, mask=None):
        rng = np.random.default_rng(0)
        arrays = {
            "strengths": Named(("trial", "fast_component"), rng.normal(size=(40, 2))),
            "map": Named(("fast_component", "neuron", "time"), rng.normal(size=(2, 12, 15))),
            "gains": Named(("neuron", "slow_component"), rng.normal(size=(12, 1))),
            "weights": Named(("component",), np.array([3.0, 2.0, 1.0])),
            "temperature": Named((), 0.5),
        }
        return self._put(arrays)

    def _put(self, arrays):
        components = make_components(arrays, parts=["strengths", "map", "gains"])
        data = {"shape": (40, 12, 15)}
        self._store(Fitted("Given", arrays, components, FitRecord.given(), data, {}))
        return self


def test_a_model_of_another_package(tmp_path):
    model = Given().fit()
    assert factor_files(model) == ("strengths.csv", "gains.csv", "slices.nc")
    tables = written(model, tmp_path)
    np.testing.assert_array_equal(columns(tables["strengths"]), model.strengths_)
    assert list(tables["gains"]) == ["neuron", "component_1"]
    with xarray.open_dataset(tmp_path / "slices.nc", engine="h5netcdf") as stored:
        np.testing.assert_array_equal(stored["map"], model.map_)
    found = summarize(model, source="", transform="none")
    assert [each["slicing"] for each in found["components"]] == ["fast", "fast", "slow"]
    assert found["temperature"] == 0.5
    with pytest.raises(ValueError, match="got Given"):
        tt.to_tensorly(model)


def test_files_of_an_earlier_model_are_known(tmp_path):
    other = tmp_path / "strengths.csv"
    for path in (other, tmp_path / "gains.csv", tmp_path / "notes.csv", tmp_path / "slices.nc"):
        path.touch()
    assert factor_files_in(tmp_path) == ("slices.nc",)
    Given().fit().save(tmp_path / "model.h5")
    assert set(factor_files_in(tmp_path)) == {"strengths.csv", "gains.csv", "slices.nc"}
    (tmp_path / "model.h5").write_text("damaged")
    assert factor_files_in(tmp_path) == ("slices.nc",)


# --- summaries --------------------------------------------------------------------------------


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("kind", KINDS)
def test_summaries_are_strict_json(kind, case, tmp_path):
    model = fitted(kind, case, tmp_path)
    found = summarize(model, source="a.npz", transform="none", fit_options={"blocks": "phase"})
    write_summary(found, tmp_path / "summary.json")
    assert json.loads((tmp_path / "summary.json").read_text(), parse_constant=pytest.fail) == found
    assert found["model"] == kind
    assert found["explained_variance"] == pytest.approx(float(model.explained_variance_ratio_))
    assert [c["weight"] for c in found["components"]] == [
        c.weight for c in model.fitted_.components
    ]
    assert found["fit_options"] == {"blocks": "phase"}
    scalars = {"core_consistency", "triple_cosine"} & set(model.fitted_.arrays)
    for name in scalars:
        assert found[name] == pytest.approx(model.fitted_.number(name))


def test_what_a_kind_says_of_itself():
    coupled = fitted("CoupledTCA", "complete", None)
    found = summarize(coupled, source="", transform="none")
    assert [each["datasets"] for each in found["components"]] == [["M1", "PMd"], ["M1"], ["PMd"]]
    for i, name in enumerate(("M1", "PMd")):
        assert (
            found["explained_variance_by_dataset"][name]
            == (coupled.explained_variance_by_dataset_[i])
        )
        shares = [each["shares"][name] for each in found["components"]]
        assert shares == coupled.shares_[i].tolist()
    sliced = summarize(fitted("SliceTCA", "complete", None), source="", transform="none")
    counts = {name: each["n_components"] for name, each in sliced["slicing_types"].items()}
    assert counts == {"trial": 1, "neuron": 0, "time": 2}
    blocks = summarize(fitted("Parafac2", "complete", None), source="", transform="none")["blocks"]
    assert blocks["b"] == list(range(10, 20))


# --- tensorly ---------------------------------------------------------------------------------


@pytest.mark.parametrize("varying", ["neuron", "time"])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_parafac2_becomes_that_of_tensorly(varying, dtype):
    model = tt.Parafac2(2, varying=varying, **QUICK).fit(data().astype(dtype), blocks=BLOCKS)
    found = tt.to_tensorly(model)
    whole = tensorly.parafac2_tensor.parafac2_to_tensor(found)
    if varying == "time":
        whole = whole.transpose(0, 2, 1)
    tolerance = 1e-10 if dtype == np.float64 else 1e-4
    np.testing.assert_allclose(whole, model.reconstruct(), atol=tolerance * np.abs(whole).max())
    for projection in found.projections:
        np.testing.assert_allclose(projection.T @ projection, np.eye(2), atol=1e-6)


def test_parafac2_of_sessions_with_gaps():
    sessions = {"Mon": data()[:, :10], "Tue": data()[:, :6], "Wed": data()[:, :8].copy()}
    sessions["Wed"][:, 3] = np.nan
    sessions["Mon"][4] = np.nan
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = tt.Parafac2(2, **QUICK).fit(sessions)
    slices = tensorly.parafac2_tensor.parafac2_to_slices(tt.to_tensorly(model))
    expected = [trial for session in model.reconstruct() for trial in session]
    assert [each.shape for each in slices] == [each.shape for each in expected]
    for ours, theirs in zip(expected, slices, strict=True):
        np.testing.assert_allclose(theirs, np.nan_to_num(ours), atol=1e-10)


@pytest.mark.parametrize("kind", ["SliceTCA", "CoupledTCA", "TrialVaryingDynamics"])
def test_others_have_no_counterpart_in_tensorly(kind):
    with pytest.raises(ValueError, match=f"got {kind}"):
        tt.to_tensorly(fitted(kind, "complete", None))


def test_what_is_not_fitted_or_no_model(tmp_path):
    for model, _ in KINDS.values():
        unfitted = type(model)(**model.get_params())
        for function in (
            tt.to_tensorly,
            factor_files,
            lambda m: write_factors(m, tmp_path),
            lambda m: summarize(m, source="", transform="none"),
        ):
            with pytest.raises(NotFittedError):
                function(unfitted)
    with pytest.raises(ValueError, match="model: expected a fitted model, got str"):
        tt.to_tensorly("model")
