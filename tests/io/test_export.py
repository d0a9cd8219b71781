import copy
import csv
import json
from dataclasses import replace

import numpy as np
import pytest
import xarray
from numpy.testing import assert_array_equal

from trialtensor.data import make_slicetca
from trialtensor.io.export import factor_files, summarize, write_factors, write_summary
from trialtensor.models import SliceTCA

COMMON = {
    "model", "verdict", "explained_variance", "loss", "n_iter", "stop_reason", "about_missing",
    "advice",
    "components",
    "restarts", "n_different_starts", "parameters", "data", "versions",
}  # fmt: skip


def table(path):
    with path.open(newline="", encoding="utf-8") as file:
        header, *rows = csv.reader(file)
    start = header.index("component_1")
    values = [[float(cell) if cell else np.nan for cell in row[start:]] for row in rows]
    return header, np.array(values)


def test_tables_hold_factors(labelled_model, tmp_path):
    paths = write_factors(labelled_model, tmp_path)
    assert [path.name for path in paths] == [
        "trial_factors.csv", "neuron_factors.csv", "time_factors.csv",
    ]  # fmt: skip
    header, values = table(paths[0])
    assert header == ["trial", "direction_deg", "phase", "component_1", "component_2"]
    assert_array_equal(values, labelled_model.trial_factors_)


def test_tables_hold_loadings(sliced_model, tmp_path):
    paths = write_factors(sliced_model, tmp_path)
    names = ["trial_loadings.csv", "neuron_loadings.csv", "time_loadings.csv", "slices.nc"]
    assert [path.name for path in paths] == names == list(factor_files(sliced_model))
    for axis, path in zip(("trial", "neuron", "time"), paths, strict=False):
        _, values = table(path)
        assert_array_equal(values, getattr(sliced_model, f"{axis}_loadings_"))
    header, values = table(paths[1])
    assert header == ["neuron", "area", "component_1", "component_2", "component_3"]
    assert np.isnan(values[5]).all()


def test_slices_come_back_with_their_labels(sliced_model, tmp_path):
    write_factors(sliced_model, tmp_path)
    with xarray.open_dataset(tmp_path / "slices.nc", engine="h5netcdf") as dataset:
        for axis in ("trial", "neuron", "time"):
            slices = dataset[f"{axis}_slices"]
            assert_array_equal(slices, getattr(sliced_model, f"{axis}_slices_"))
        assert_array_equal(dataset["phase"], sliced_model.coords_["phase"][1])
        assert_array_equal(dataset["time"], sliced_model.coords_["time"][1])
        assert dataset["neuron_slices"].dims == ("neuron_component", "trial", "time")


def test_types_that_are_absent_have_no_table(tmp_path):
    X = make_slicetca(20, 8, 9, (0, 2, 0), random_state=0).X
    model = SliceTCA((0, 2, 0), n_init=1, random_state=0).fit(X)
    write_factors(model, tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"neuron_loadings.csv", "slices.nc"}


def test_a_label_with_a_slash(sliced_model, tmp_path):
    model = copy.copy(sliced_model)
    model.fitted_ = replace(model.fitted_, coords={"left/right": ("trial", np.arange(40))})
    write_factors(model, tmp_path)
    with xarray.open_dataset(tmp_path / "slices.nc", engine="h5netcdf") as dataset:
        assert_array_equal(dataset["left_right"], np.arange(40))


def test_the_summary_of_a_tca(labelled_model):
    summary = summarize(labelled_model, source="a.npz", transform="none")
    assert set(summary) == COMMON | {"core_consistency", "triple_cosine"}
    assert "slicing" not in summary["components"][0]


def test_the_summary_of_a_slicetca(sliced_model, tmp_path):
    summary = summarize(sliced_model, source="a.npz", transform="sqrt")
    assert set(summary) == COMMON | {"slicing_types"}
    types = summary["slicing_types"]
    assert [(axis, each["n_components"]) for axis, each in types.items()] == [
        ("trial", 2), ("neuron", 3), ("time", 1),
    ]  # fmt: skip
    unique = [each["explained_variance_unique"] for each in types.values()]
    assert unique == sliced_model.type_explained_variance_unique_.tolist()
    alone = [each["explained_variance_alone"] for each in types.values()]
    assert alone == sliced_model.type_explained_variance_alone_.tolist()
    kinds = [each["slicing"] for each in summary["components"]]
    assert kinds == ["trial"] * 2 + ["neuron"] * 3 + ["time"]
    assert summary["components"][5]["weight"] == sliced_model.weights_[5]
    assert summary["parameters"]["n_components"] == [2, 3, 1]
    write_summary(summary, tmp_path / "summary.json")
    assert json.loads((tmp_path / "summary.json").read_text()) == summary


@pytest.mark.parametrize("name", ["loss", "explained_variance_ratio"])
def test_what_is_not_known_is_null(sliced_model, name):
    model = copy.copy(sliced_model)
    record = replace(model.fitted_.record, **{name: float("nan")})
    model.fitted_ = replace(model.fitted_, record=record)
    summary = summarize(model, source="", transform="none")
    assert summary[name.removesuffix("_ratio")] is None
