"""How a tensor was made is kept by models and shown on all pages."""

import json

import numpy as np
import pytest
import xarray
from sklearn.pipeline import make_pipeline

import trialtensor as tt
from trialtensor.data import transform_values
from trialtensor.data.making import PREPARED, making_of, making_phrases, preparations_of
from trialtensor.io import inspect
from trialtensor.preparation import Smooth, SquareRoot
from trialtensor.selection import CrossValidatedSearch, Speckled, fit_ranks

SMALL = {"n_init": 1, "random_state": 0}
KINDS = [
    tt.TCA(1, **SMALL),
    tt.SliceTCA((1, 0, 0), **SMALL),
    tt.TrialVaryingDynamics(1, **SMALL),
    tt.Parafac2(1, **SMALL),
]
# xarray's word on files that tests write with a label of two words.
pytestmark = pytest.mark.filterwarnings("ignore:coordinate 'go cue' has a space")
SAID = "Cut around go cue, -0.2 to 0.4 s, in bins of 0.05 s."


@pytest.fixture(scope="module")
def counts():
    rng = np.random.default_rng(0)
    spikes = {f"u{i}": np.sort(rng.random(3000) * 100) for i in range(5)}
    trials = {"go cue": 2 + 2.0 * np.arange(44), "notes": [["two", "values"]] * 44}
    return tt.bin_spikes(spikes, trials, align_to="go cue", window=(-0.2, 0.4), bin_size=0.05)


@pytest.mark.parametrize("model", KINDS, ids=repr)
def test_a_fit_its_file_and_its_page_know(model, counts, tmp_path):
    given = {"blocks": np.arange(44) // 22} if isinstance(model, tt.Parafac2) else {}
    model.fit(counts, **given)
    model.save(tmp_path / "model.h5")
    again = tt.load(tmp_path / "model.h5")
    assert again.data_summary_["made"] == model.data_summary_["made"] == making_of(counts)
    page = tt.write_report(again, tmp_path / "page.html", static=True).read_text()
    assert SAID in page and "spikes per bin" in page and "notes (several values" in page
    assert "trialtensor.bin_spikes(units, trials, align_to=&#39;go cue&#39;" in page
    found = again.to_xarray()
    assert found.attrs["align_to"] == "go cue"
    found.to_netcdf(tmp_path / "model.nc", engine="h5netcdf")


def test_bare_arrays_say_nothing(counts, tmp_path):
    model = tt.TCA(1, **SMALL).fit(counts.to_numpy())
    assert "made" not in model.data_summary_
    page = tt.write_report(model, tmp_path / "page.html", static=True).read_text()
    assert ">Tensor<" not in page and "X = ...  # trials x neurons x time" in page


def test_what_was_done_to_values_is_said_in_order(counts, tmp_path):
    rooted = transform_values(counts, "sqrt")
    assert preparations_of(counts) == [] and preparations_of(rooted) == ["sqrt"]
    smooth = Smooth(0.05).fit_transform(rooted)
    assert preparations_of(smooth) == ["sqrt", "Smooth(width=0.05)"]
    line = make_pipeline(SquareRoot(), Smooth(0.05), tt.TCA(1, **SMALL)).fit(counts)
    assert line[-1].data_summary_["made"][PREPARED] == "SquareRoot() > Smooth(width=0.05)"
    page = tt.write_report(line[-1], tmp_path / "page.html", static=True).read_text()
    assert "SquareRoot(); Smooth(width=0.05)" in page
    said = tt.write_report(
        line[-1], tmp_path / "page.html", preprocessing="by hand", static=True
    ).read_text()
    assert "by hand" in said and "SquareRoot()" not in said


def test_an_inverse_takes_its_step_back(counts):
    root = SquareRoot().fit(counts)
    rooted = root.transform(counts)
    assert root.inverse_transform(rooted).attrs == counts.attrs
    # What was done in between stays done.
    smooth = Smooth(0.05).fit_transform(rooted)
    assert root.inverse_transform(smooth).attrs[PREPARED] == "SquareRoot() > Smooth(width=0.05)"


def test_several_arrays_say_what_they_share(counts):
    one, two = counts.assign_attrs(source="a.nwb"), counts.assign_attrs(source="b.nwb", bin_size=1)
    made = tt.CoupledTCA(1, **SMALL).fit({"a": one, "b": two}).data_summary_["made"]
    assert made["source"] == "a.nwb; b.nwb" and made["align_to"] == "go cue"
    assert "bin_size" not in made


def test_searches_and_their_pages(counts, tmp_path):
    assert fit_ranks(tt.TCA(1, **SMALL), [1], counts)[0].data_summary_["made"] == making_of(counts)
    search = CrossValidatedSearch(tt.TCA(1, **SMALL), [1], splits=Speckled(n_splits=2)).fit(counts)
    assert search.best_estimator_.data_summary_["made"] == making_of(counts)
    assert (
        SAID
        in tt.write_search_report(
            search, tmp_path / "search.html", X=counts, static=True
        ).read_text()
    )


@pytest.mark.parametrize("refit", [True, False])
def test_pages_of_searches_know_it_without_the_data(refit, counts, tmp_path):
    splits = Speckled(n_splits=2)
    search = CrossValidatedSearch(tt.TCA(1, **SMALL), [1, 2], splits=splits, refit=refit)
    search.fit(SquareRoot().fit_transform(counts))
    page = tt.write_search_report(search, tmp_path / "page.html", static=True).read_text()
    assert SAID in page and "SquareRoot()" in page
    assert "trialtensor.bin_spikes(units, trials, align_to=&#39;go cue&#39;" in page


def test_an_alignment_keeps_what_the_tensor_was_cut_around(counts):
    aligned = tt.align_trials(counts.assign_coords(move=("trial", np.full(44, 0.1))), "move")
    said = " ".join(making_phrases(making_of(aligned)))
    assert "cut around go cue, -0.2 to 0.4 s" in said and "aligned to: move" in said
    back = tt.unalign_trials(aligned)
    assert making_of(back) == making_of(counts) and back.name == counts.name


def test_following_and_its_page(counts, tmp_path):
    found = tt.track(tt.TCA(1, **SMALL).fit(counts), random_state=0)
    assert SAID in tt.write_tracking_report(found, tmp_path / "page.html", static=True).read_text()
    bare = tt.track(np.random.default_rng(0).normal(size=40), random_state=0)
    assert (
        "The tensor"
        not in tt.write_tracking_report(bare, tmp_path / "page.html", static=True).read_text()
    )


def test_a_file_says_it_when_it_is_inspected(counts, tmp_path):
    transform_values(counts, "sqrt").to_netcdf(tmp_path / "counts.nc", engine="h5netcdf")
    text = inspect(tmp_path / "counts.nc")
    assert SAID[1:-1] in text and "done before: sqrt" in text
    assert making_of(tt.read(tmp_path / "counts.nc"))["window"] == [-0.2, 0.4]


def test_signals_say_how_they_were_resampled(tmp_path):
    signal = tt.Traces("dff", None, lambda: np.random.default_rng(0).normal(size=(900, 3)), rate=30)
    trials = {"cue": 2 + 2.0 * np.arange(12)}
    X = tt.cut_traces(signal, trials, align_to="cue", window=(0, 0.5), bin_size=0.1)
    page = tt.write_report(
        tt.TCA(1, **SMALL).fit(X), tmp_path / "page.html", static=True
    ).read_text()
    assert "Signal: dff." in page and "means of the samples in each bin" in page
    assert "trialtensor.cut_traces(traces, trials" in page


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        (np.float32(0.5), 0.5),
        (np.array([0.0, 1.0]), [0.0, 1.0]),
        ("x" * 10**6, "x" * 1997 + "..."),
        (np.zeros(10**5), None),
        (object(), None),
        ({"a": 1}, None),
        ([[1, 2], [3]], None),
        (1j, None),
    ],
)
def test_attributes_of_any_kind_are_harmless(value, kept, tmp_path):
    X = xarray.DataArray(
        np.random.default_rng(0).random((4, 3, 5)),
        dims=("trial", "neuron", "time"),
        attrs={"window": value, "bin_size": value, "made_by": value},
    )
    assert making_of(X).get("window") == kept
    json.dumps(making_of(X))
    assert all(isinstance(each, str) for each in making_phrases(making_of(X)))
    tt.write_report(tt.TCA(1, **SMALL).fit(X), tmp_path / "page.html", static=True)
