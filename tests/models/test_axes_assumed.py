"""That an order of axes was only assumed is said wherever results are shown, and kept in files."""

import json

import numpy as np
import pytest
import xarray
from typer.testing import CliRunner

from trialtensor import (
    TCA,
    CoupledTCA,
    Parafac2,
    SliceTCA,
    TrialVaryingDynamics,
    load,
    make_tca,
    read,
    write_report,
    write_search_report,
)
from trialtensor.cli import app
from trialtensor.selection import CrossValidatedSearch, Speckled, fit_ranks

X = make_tca(24, 6, 12, 1, snr=5.0, random_state=0).X
NAMED = xarray.DataArray(X, dims=("trial", "neuron", "time"))
SAID = "order of axes was assumed: trials, neurons, times"
SMALL = {"n_init": 1, "random_state": 0}
KINDS = [TCA(1, **SMALL), SliceTCA((1, 0, 0), **SMALL), TrialVaryingDynamics(1, **SMALL)]


@pytest.mark.parametrize("model", KINDS)
def test_a_fit_and_its_file_and_page_know(model, tmp_path):
    for given, assumed in ((X, True), (NAMED, False)):
        model.fit(given)
        assert model.data_summary_["axes_assumed"] is assumed
        model.save(tmp_path / "model.h5")
        again = load(tmp_path / "model.h5")
        assert again.data_summary_["axes_assumed"] is assumed
        assert (
            SAID in write_report(again, tmp_path / "page.html", static=True).read_text()
        ) is assumed


@pytest.mark.parametrize("model", [CoupledTCA(1, **SMALL), Parafac2(1, **SMALL)])
def test_several_arrays(model):
    for first, assumed in ((X, True), (NAMED, False)):
        arrays = {"a": first, "b": NAMED} if isinstance(model, CoupledTCA) else [first, NAMED]
        assert model.fit(arrays).data_summary_["axes_assumed"] is assumed


def test_searches_and_ranks(tmp_path):
    assert fit_ranks(TCA(1, **SMALL), [1], X)[0].data_summary_["axes_assumed"]
    assert not fit_ranks(TCA(1, **SMALL), [1], NAMED)[0].data_summary_["axes_assumed"]
    splits = Speckled(n_splits=2)
    search = CrossValidatedSearch(TCA(1, **SMALL), [1], splits=splits, refit=False).fit(X)
    for given, assumed in ((X, True), (NAMED, False)):
        page = write_search_report(
            search, tmp_path / "search.html", X=given, static=True
        ).read_text()
        assert (SAID in page) is assumed


@pytest.mark.parametrize(
    ("axes", "assumed"), [((), True), (("--axes", "trial,neuron,time"), False)]
)
def test_the_command_prints_it_and_writes_it(axes, assumed, tmp_path):
    np.save(tmp_path / "x.npy", X)
    words = ["fit", str(tmp_path / "x.npy"), *axes, "--components", "1", "--n-init", "1"]
    done = CliRunner().invoke(app, [*words, "-o", str(tmp_path / "out")])
    assert done.exit_code == 0, done.output
    assert (SAID in done.output) is assumed
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert summary["data"]["axes_assumed"] is assumed
    assert (SAID in (tmp_path / "out" / "report.html").read_text()) is assumed


def test_a_file_with_names_and_a_file_without(tmp_path):
    NAMED.rename("rates").to_netcdf(tmp_path / "named.nc", engine="h5netcdf")
    np.savez(tmp_path / "bare.npz", rates=X)
    assert not TCA(1, **SMALL).fit(read(tmp_path / "named.nc")).data_summary_["axes_assumed"]
    bare = read(tmp_path / "bare.npz")
    assert TCA(1, **SMALL).fit(bare).data_summary_["axes_assumed"]
    # It stays assumed when it is written with names.
    bare.to_netcdf(tmp_path / "again.nc", engine="h5netcdf")
    assert read(tmp_path / "again.nc").attrs["axes_order"] == "assumed"
