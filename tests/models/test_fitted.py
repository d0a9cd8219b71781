"""What every fitted model offers: arrays, components, a record, and a place in files."""

import dataclasses

import h5py
import numpy as np
import pytest
import xarray
from sklearn.base import clone

import trialtensor
from trialtensor import (
    TCA,
    CoupledTCA,
    Parafac2,
    SliceTCA,
    TrialVaryingDynamics,
    make_slicetca,
    make_tca,
)
from trialtensor.models.parts import principal_course

OPTIONS = {"n_init": 2, "random_state": 0}
BLOCKS = np.repeat(np.arange(5), 8)
GROUPS = ("a",) * 5 + ("b",) * 7


def tensor():
    return np.asarray(make_tca(40, 12, 15, 2, snr=5.0, random_state=0).X)


def cases():
    X = tensor()
    separate = {"a": X[:, :5], "b": X[:, 5:, :9]}
    ragged = {"mon": X[:15, :9], "tue": X[15:30], "wed": X[30:, 2:]}
    return {
        "TCA": (TCA(2, **OPTIONS), X, {}),
        "SliceTCA": (SliceTCA((2, 1, 1), **OPTIONS), X, {}),
        "Parafac2": (Parafac2(2, **OPTIONS), X, {"blocks": BLOCKS}),
        "Parafac2 by trial": (Parafac2(1, **OPTIONS), X, {}),
        "Parafac2 ragged": (Parafac2(2, **OPTIONS), ragged, {}),
        "Parafac2 times": (Parafac2(2, varying="time", **OPTIONS), X, {"blocks": BLOCKS}),
        "CoupledTCA": (CoupledTCA(2, groups=GROUPS, **OPTIONS), X, {}),
        "CoupledTCA private": (CoupledTCA(1, n_private=1, **OPTIONS), separate, {}),
        "CoupledTCA times": (
            CoupledTCA(2, shared="time", **OPTIONS), {"a": X[:20], "b": X[20:, :7]}, {},
        ),
    }  # fmt: skip


@pytest.fixture(scope="module")
def models():
    fitted = {name: (m.fit(X, **options), X) for name, (m, X, options) in cases().items()}
    dynamics = TrialVaryingDynamics(2, **OPTIONS).fit(tensor())
    return {**fitted, "TrialVaryingDynamics": (dynamics, tensor())}


@pytest.mark.parametrize("name", cases())
def test_components_add_up_to_the_model(models, name):
    """Brute force: the outer products of the parts are what ``reconstruct`` gives."""
    model, X = models[name]
    layout = model.layout(X)
    total = [np.zeros(values.shape) for values in layout.values]
    for tensors in model.component_tensors(layout):
        for whole, each in zip(total, tensors, strict=True):
            whole += each
    for whole, rebuilt in zip(total, layout.arrays(model.reconstruct()), strict=True):
        np.testing.assert_allclose(whole, rebuilt, atol=1e-9 * np.abs(rebuilt).max())


def test_components_of_dynamics_add_up_to_the_predictions(models):
    model, X = models["TrialVaryingDynamics"]
    total = sum(tensors[0] for tensors in model.component_tensors(model.layout(X)))
    predicted = X - model.residuals(X)  # of a smooth fit, ``predict`` takes trials one by one
    np.testing.assert_allclose(total[:, :, 1:], predicted[:, :, 1:], atol=1e-9)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("TCA", 2 * (40 + 12 + 15)),
        ("SliceTCA", 2 * (40 + 12 * 15) + (12 + 40 * 15) + (15 + 40 * 12)),
        ("Parafac2", 2 * (40 + 5 * 12 + 15)),
        ("Parafac2 by trial", 40 + 40 * 12 + 15),  # 535
        ("Parafac2 ragged", 2 * (40 + 9 + 12 + 10 + 15)),
        ("Parafac2 times", 2 * (40 + 12 + 5 * 15)),
        ("CoupledTCA", 2 * (40 + 12 + 2 * 15)),
        ("CoupledTCA private", (40 + 12 + 15 + 9) + (40 + 5 + 15) + (40 + 7 + 9)),
        ("CoupledTCA times", 2 * (40 + 12 + 7 + 15)),
        ("TrialVaryingDynamics", 2 * (40 + 12 + 12)),
    ],
)
def test_the_numbers_of_parameters(models, name, expected):
    assert models[name][0].fitted_.n_parameters == expected


def test_flat_attributes_are_views(models):
    for model, _ in models.values():
        for name, named in model.fitted_.arrays.items():
            assert getattr(model, f"{name}_") is named.values
        assert model.restarts_ is model.fitted_.record.restarts
        assert model.loss_ == model.fitted_.record.loss


def test_what_components_consist_of(models):
    def parts(name, i=0):
        component = models[name][0].fitted_.components[i]
        return [(part.dims, part.dataset, part.block) for part in component.parts]

    assert parts("TCA") == [(("trial",), None, None), (("neuron",), None, None),
                            (("time",), None, None)]  # fmt: skip
    assert parts("SliceTCA", 2) == [(("neuron",), None, None), (("trial", "time"), None, None)]
    assert [block for _, _, block in parts("Parafac2") if block is not None] == [0, 1, 2, 3, 4]
    assert parts("CoupledTCA private", 1) == [
        (("trial",), None, None), (("neuron",), "a", None), (("time",), "a", None)
    ]  # fmt: skip
    names = [part.name for part in models["TrialVaryingDynamics"][0].fitted_.components[0].parts]
    assert names == ["trial_factors", "output_factors", "input_factors"]
    assert [c.name for c in models["SliceTCA"][0].fitted_.components] == [
        "trial 1", "trial 2", "neuron 1", "time 1",
    ]  # fmt: skip


def test_courses_are_in_the_units_of_the_data(models):
    model, _ = models["TCA"]
    for r, component in enumerate(model.fitted_.components):
        expected = model.trial_factors_[:, r] * model.weights_[r]
        np.testing.assert_allclose(component.trial, expected)
    model, _ = models["CoupledTCA"]
    component = model.fitted_.components[1]
    expected = model.dataset_trial_factors_["b"][:, 1] * model.weights_[1, 1]
    np.testing.assert_allclose(component.courses["b"], expected)
    model, _ = models["CoupledTCA times"]
    component = model.fitted_.components[0]
    assert component.trial is None and component.courses["b"].shape == (20,)


def test_the_course_of_a_slice():
    """A slice that is a vector times a pattern has that vector as its course, at any sign."""
    rng = np.random.default_rng(0)
    course, pattern = rng.uniform(0.5, 1.5, 30), rng.normal(size=8)
    found = principal_course(np.outer(course, pattern))
    np.testing.assert_allclose(found, course * np.linalg.norm(pattern))
    values = np.outer(course, pattern)
    values[3], values[5, 2] = np.nan, np.nan
    found = principal_course(values)
    assert np.isnan(found[3]) and np.isfinite(np.delete(found, 3)).all()


def test_a_slice_with_a_planted_course():
    data = make_slicetca(60, 20, 25, (0, 1, 0), snr=20.0, random_state=0)
    model = SliceTCA((0, 1, 0), **OPTIONS).fit(data.X)
    truth = principal_course(data.slices[1][0])
    found = model.fitted_.components[0].trial
    assert abs(np.corrcoef(truth, found)[0, 1]) > 0.99


@pytest.mark.parametrize("name", [*cases(), "TrialVaryingDynamics"])
def test_everything_comes_back_from_a_file(models, name, tmp_path):
    model, _ = models[name]
    model.save(tmp_path / "model.h5")
    copy = trialtensor.load(tmp_path / "model.h5")
    ours, theirs = model.fitted_, copy.fitted_
    assert type(copy) is type(model) and copy.get_params() == model.get_params()
    assert list(theirs.arrays) == list(ours.arrays)
    for key, named in ours.arrays.items():
        assert theirs.arrays[key].dims == named.dims
        pairs = [(named.values, theirs[key])]
        if isinstance(named.values, dict):
            pairs = [(each, theirs[key][k]) for k, each in named.values.items()]
        for one, two in pairs:
            np.testing.assert_array_equal(one, two)
            assert type(one) is type(two)
    assert (theirs.datasets, theirs.identified) == (ours.datasets, ours.identified)
    assert list(theirs.blocks) == list(ours.blocks)
    assert theirs.n_parameters == ours.n_parameters
    for one, two in zip(ours.record.restarts, theirs.record.restarts, strict=True):
        assert (one.axes, one.joint, one.on_full_data) == (two.axes, two.joint, two.on_full_data)
    xarray.testing.assert_identical(copy.to_xarray(), model.to_xarray())


@pytest.mark.parametrize("name", [*cases(), "TrialVaryingDynamics"])
def test_residuals_are_what_the_loss_sums(models, name):
    model, X = models[name]
    layout = model.layout(X)
    squares = sum(np.nansum(each**2) for each in layout.arrays(model.residuals(X)))
    if name.startswith("CoupledTCA"):
        # Balanced datasets count relative to their own sums of squares.
        assert squares > 0
    else:
        assert squares == pytest.approx(model.loss_, rel=1e-8)


@pytest.mark.parametrize("name", [*cases(), "TrialVaryingDynamics"])
def test_features_and_names_of_neurons(models, name):
    model, X = models[name]
    expected = {"Parafac2 ragged": 9 + 12 + 10, "CoupledTCA times": 19}.get(name, 12)
    assert model.n_features_in_ == expected
    if not isinstance(X, dict):
        labels = [f"cell {n}" for n in range(12)]
        labelled = xarray.DataArray(X, dims=("trial", "neuron", "time"), coords={"neuron": labels})
        again = clone(model).fit(labelled)
        assert again.feature_names_in_.tolist() == labels
        assert not hasattr(again.fit(X), "feature_names_in_")
        with pytest.raises(ValueError, match="neuron 0 is labelled 'cell 11'"):
            clone(model).fit(labelled).transform(labelled[:, ::-1])


def test_blocks_are_found_by_name_in_any_order():
    X = tensor()
    model = Parafac2(2, **OPTIONS).fit({"x": X[:15, :9], "y": X[15:]})
    turned = {"y": X[15:], "x": X[:15, :9]}
    squares = sum(np.nansum(each**2) for each in model.residuals(turned).values())
    assert squares == pytest.approx(model.loss_, rel=1e-8)
    np.testing.assert_array_equal([len(each) for each in model.layout(turned).values], [15, 25])
    with pytest.raises(ValueError, match=r"Parafac2 was fitted to blocks \['x', 'y'\], got"):
        model.residuals({"x": X[:15, :9], "z": X[15:]})


@pytest.mark.parametrize("model", [CoupledTCA(1, **OPTIONS), Parafac2(1, **OPTIONS)])
def test_keys_of_masks_and_of_data_are_checked(model):
    X = tensor()
    data = {"a": X[:, :5], "b": X[:, 5:]}
    with pytest.raises(ValueError, match=r"mask: .*'A'|mask: expected a dict with the keys"):
        clone(model).fit(data, mask={"A": np.zeros(data["a"].shape, bool)})
    with pytest.raises(ValueError, match="X: two keys read '1'"):
        clone(model).fit({1: data["a"], "1": data["b"]})


def test_arrays_must_not_hide_other_attributes():
    fitted = TCA(1, **OPTIONS).fit(tensor()).fitted_
    for name in ("fitted", "restarts", "a/b", "loss"):
        with pytest.raises(ValueError, match="can't be the name of a fitted array"):
            dataclasses.replace(fitted, arrays={**fitted.arrays, name: fitted.arrays["weights"]})


@pytest.mark.parametrize("break_it", ["dims", "weights", "reason", "version", "empty", "parameter"])
def test_damaged_files_are_refused_with_their_path(break_it, tmp_path):
    path = tmp_path / "model.h5"
    TCA(2, **OPTIONS).fit(tensor()).save(path)
    with h5py.File(path, "a") as file:
        if break_it == "dims":
            file["arrays/trial_factors"].attrs["dims"] = '["trial", "thing"]'
        elif break_it == "weights":
            del file["arrays/weights"]
            file["arrays/weights"] = np.ones(1)
            file["arrays/weights"].attrs["dims"] = '["component"]'
        elif break_it == "reason":
            file.attrs["stop_reason"] = "zzz"
        elif break_it == "version":
            file.attrs["format_version"] = 0
        elif break_it == "empty":
            del file["arrays"]
            file.create_group("arrays")
        else:
            file.attrs["parameters"] = '{"n_components": "two"}'
    with pytest.raises(ValueError, match=r"model\.h5' is not a complete saved model"):
        trialtensor.load(path)


def test_tables_of_features_do_not_get_in_the_way():
    X = tensor()
    model = TCA(2, **OPTIONS).set_output(transform="pandas").fit(X)
    assert list(model.transform(X).columns) == ["tca0", "tca1"]
    errors = trialtensor.bootstrap(model, X, n_samples=3, random_state=0).standard_errors
    assert errors["trial_factors"].shape == (40, 2)
    with pytest.raises(ValueError, match="CoupledTCA with shared='time' returns a dict"):
        CoupledTCA(1, shared="time").set_output(transform="pandas")
