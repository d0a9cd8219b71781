"""Trials and neurons without a label are in no group, anywhere, in memory and after saving."""

from __future__ import annotations

import csv

import numpy as np
import pandas
import pytest
import xarray

import trialtensor
from trialtensor import TCA, CoupledTCA, Parafac2
from trialtensor.data import make_tca
from trialtensor.data.labels import plain_labels
from trialtensor.io import summarize, write_factors
from trialtensor.plotting import plot_factors, plot_tracking
from trialtensor.plotting.colors import NO_LABEL
from trialtensor.report import write_report
from trialtensor.tracking import block_contrasts, track

N = 48
GONE = np.arange(N) % 24 >= 18
WORDS = np.repeat(["base", "adapt"], N // 2)
X = make_tca(N, 6, 8, 2, snr=3.0, random_state=0).X


def missing_as(value):
    return np.where(GONE, np.array(value, object), WORDS.astype(object))


FORMS = {
    "None": missing_as(None),
    "NaN": missing_as(np.nan),
    "NA": missing_as(pandas.NA),
    "NaT": missing_as(pandas.NaT),
    "empty": np.where(GONE, "", WORDS),
    "bytes": np.where(GONE, "", WORDS).astype("S"),
    "masked": np.ma.masked_array(WORDS, GONE),
    "pandas text": pandas.array(missing_as(None), dtype="string"),
    "category": pandas.Categorical(missing_as(None)),
    "list": missing_as(np.nan).tolist(),
    "column": missing_as(None)[:, None],
    "Series": pandas.Series(missing_as(None)),
    "DataFrame": pandas.DataFrame({"block": missing_as(None)}),
}
AS_COORDINATE = [name for name in FORMS if name not in ("masked", "column", "DataFrame")]
FORBIDDEN = ("nan", "None", "<NA>", "NaT", "", "b''")


def recording(labels):
    area = np.array(["V1", "", "V1", None, b"PMd", "PMd"], object)
    return xarray.DataArray(
        X,
        dims=("trial", "neuron", "time"),
        coords={"block": ("trial", labels), "area": ("neuron", area)},
    )


@pytest.mark.parametrize("form", FORMS)
def test_blocks_of_tracking(form):
    y = X[:, 0, 0]
    found = block_contrasts(y, FORMS[form])
    alone = block_contrasts(np.where(GONE, np.nan, y), WORDS)
    assert found.blocks["block"].tolist() == ["base", "adapt"]
    assert found.blocks["n_trials"].tolist() == [18, 18]
    np.testing.assert_allclose(found.blocks["mean"], alone.blocks["mean"])


@pytest.mark.parametrize("form", FORMS)
def test_colours(form):
    from matplotlib.colors import to_rgba

    from trialtensor.plotting.labels import resolve_labels

    found = resolve_labels({}, FORMS[form], N, "color_by")
    assert found.texts == ("base", "adapt")
    np.testing.assert_array_equal(found.missing, GONE)
    assert {tuple(each) for each in found.colors()[GONE]} == {to_rgba(NO_LABEL)}


@pytest.mark.parametrize("form", AS_COORDINATE)
def test_a_saved_model_says_the_same(tmp_path, form):
    model = TCA(2, n_init=1, random_state=0).fit(recording(FORMS[form]))
    model.save(tmp_path / "model.h5")
    loaded = trialtensor.load(tmp_path / "model.h5")
    known = np.where(GONE, None, WORDS.astype(object)).tolist()
    for each in (model, loaded):
        assert each.coords_["block"][1].tolist() == known
        assert each.coords_["area"][1].tolist() == ["V1", None, "V1", None, "PMd", "PMd"]
    (tmp_path / "tables").mkdir()
    write_factors(loaded, tmp_path / "tables")
    with (tmp_path / "tables" / "trial_factors.csv").open() as file:
        cells = [row["block"] for row in csv.DictReader(file)]
    assert cells == ["" if gone else word for gone, word in zip(GONE, WORDS, strict=True)]
    loaded.to_xarray().to_netcdf(tmp_path / "model.nc", engine="h5netcdf")
    with xarray.open_dataset(tmp_path / "model.nc", engine="h5netcdf") as stored:
        assert plain_labels(stored["block"].values).tolist() == known


def test_all_that_follows_a_fit(tmp_path):
    from matplotlib import pyplot
    from matplotlib.text import Text

    model = TCA(2, n_init=1, random_state=0).fit(recording(FORMS["NaN"]))
    model.save(tmp_path / "model.h5")
    loaded = trialtensor.load(tmp_path / "model.h5")
    followed = track(loaded, labels="block")
    assert followed.blocks["block"].unique().tolist() == ["base", "adapt"]
    assert followed.learning_trials == (24, 41)
    figures = [plot_factors(loaded, color_by="block", order_trials_by="block", label_means=True)]
    figures.append(plot_tracking(followed))
    for axes in figures:
        figure = axes.ravel()[0].figure
        figure.canvas.draw()
        texts = [text.get_text() for text in figure.findobj(Text) if text.get_text()]
        assert "base" in texts
        assert not set(FORBIDDEN) & set(texts)
        pyplot.close(figure)
    page = write_report(loaded, tmp_path / "page.html", color_by="block", static=True).read_text()
    assert ">nan<" not in page
    assert ">None<" not in page
    assert "nan" not in str(summarize(loaded, source="a", transform="none"))


def test_numbers_and_booleans_keep_their_kind_in_files(tmp_path):
    coords = {
        "count": ("trial", pandas.array(np.where(GONE, None, np.arange(N) // 24), dtype="Int64")),
        "right": ("trial", pandas.array(np.where(GONE, None, WORDS == "base"), dtype="boolean")),
        "day": ("trial", np.where(GONE, np.datetime64("NaT"), np.datetime64("2020-01-02"))),
        "reward": ("trial", WORDS == "base"),
    }
    data = xarray.DataArray(X, dims=("trial", "neuron", "time"), coords=coords)
    model = TCA(1, n_init=1, random_state=0).fit(data)
    model.save(tmp_path / "model.h5")
    loaded = trialtensor.load(tmp_path / "model.h5")
    for name, (_, values) in model.coords_.items():
        again = loaded.coords_[name][1]
        assert again.dtype == values.dtype
        assert str(again.tolist()) == str(values.tolist())
    assert loaded.coords_["right"][1].tolist()[:1] == [True]


def test_words_of_files_of_earlier_versions(tmp_path):
    import h5py

    model = TCA(1, n_init=1, random_state=0).fit(recording(FORMS["None"]))
    model.save(tmp_path / "model.h5")
    with h5py.File(tmp_path / "model.h5", "r+") as file:
        (stored,) = (each for each in file["coords"].values() if each.attrs["name"] == "block")
        del stored.attrs["unlabelled"], stored.attrs["boolean"]
        stored[:] = ["None" if gone else "nan" if i == 0 else "base" for i, gone in enumerate(GONE)]
    found = trialtensor.load(tmp_path / "model.h5").coords_["block"][1].tolist()
    assert found == [None if gone or i == 0 else "base" for i, gone in enumerate(GONE)]


@pytest.mark.parametrize("form", FORMS)
def test_blocks_and_groups_of_a_model_need_every_label(form):
    with pytest.raises(ValueError, match=r"blocks: some labels are NaN, None or empty, 12 of 48"):
        Parafac2(2).fit(X, blocks=FORMS[form])
    turned = X.transpose(2, 0, 1)
    with pytest.raises(ValueError, match=r"groups: some labels are NaN, None or empty, 12 of 48"):
        CoupledTCA(2, groups=FORMS[form]).fit(turned)


@pytest.mark.parametrize("words", [WORDS.astype("S"), WORDS[:, None], pandas.array(WORDS)])
def test_blocks_and_groups_in_other_forms(words):
    blocks = Parafac2(1, n_init=1, tol=1e-2, random_state=0).fit(X, blocks=words)
    assert blocks.block_labels_.tolist() == ["base", "adapt"]
    groups = CoupledTCA(1, groups=words, n_init=1, tol=1e-2, random_state=0)
    assert groups.fit(X.transpose(2, 0, 1)).dataset_names_ == ["base", "adapt"]


def test_names_of_datasets_may_be_bytes():
    data = {b"m1": X[:, :3], b"pmd": X[:, 3:]}
    model = CoupledTCA(1, n_init=1, tol=1e-2, random_state=0).fit(data)
    assert list(model.fitted_.datasets) == ["m1", "pmd"]
    assert model.score(data) == pytest.approx(model.explained_variance_ratio_, abs=0.1)
    blocks = Parafac2(1, n_init=1, tol=1e-2, random_state=0).fit({b"a": X[:20], b"b": X[20:]})
    assert blocks.block_labels_.tolist() == ["a", "b"]


def test_new_trials_whose_neurons_have_no_name():
    names = np.array(["a", "", None, "b", np.nan, "c"], object)
    data = xarray.DataArray(
        X, dims=("trial", "neuron", "time"), coords={"neuron": np.arange(6.0)}
    ).assign_coords(neuron=names)
    model = TCA(1, n_init=1, random_state=0).fit(data)
    assert model.feature_names_in_.tolist() == ["a", "1", "2", "b", "4", "c"]
    assert np.isfinite(model.transform(data)).all()
    with pytest.raises(ValueError, match="neuron 1 is labelled 'x'"):
        model.transform(data.assign_coords(neuron=["a", "x", None, "b", None, "c"]))


def test_blocks_may_be_dates(tmp_path):
    days = np.where(WORDS == "base", "2020-01-02", "2020-03-04").astype("datetime64[ns]")
    days[GONE] = "NaT"
    found = block_contrasts(X[:, 0, 0], days)
    assert found.blocks["block"].tolist() == ["2020-01-02", "2020-03-04"]
    model = Parafac2(1, n_init=1, tol=1e-2, random_state=0).fit(X[~GONE], blocks=days[~GONE])
    assert list(model.fitted_.blocks) == ["2020-01-02", "2020-03-04"]
    model.save(tmp_path / "model.h5")
    assert list(trialtensor.load(tmp_path / "model.h5").fitted_.blocks) == list(
        model.fitted_.blocks
    )


def test_a_label_that_is_the_word_none_is_one(tmp_path):
    words = np.where(WORDS == "base", "None", "late")
    model = Parafac2(1, n_init=1, tol=1e-2, random_state=0).fit(recording(words), blocks="block")
    model.save(tmp_path / "model.h5")
    loaded = trialtensor.load(tmp_path / "model.h5")
    assert list(loaded.fitted_.blocks) == ["None", "late"]
    assert loaded.coords_["block"][1].tolist() == words.tolist()
