"""Restarts that began at the same place prove nothing by agreeing, whatever speaks of it."""

import re
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import trialtensor
from trialtensor import TCA, make_tca
from trialtensor.cli.describing import describe
from trialtensor.io.export import summarize
from trialtensor.models.comparison import origins
from trialtensor.models.fitted import different_starts
from trialtensor.plotting import plot_factors, plot_restarts
from trialtensor.report import write_report
from trialtensor.selection import restart_profile, stability


@pytest.fixture(scope="module")
def data():
    return make_tca(25, 12, 15, 2, snr=3.0, random_state=0)


def with_origins(data, *numbers):
    """A model whose restarts began where the numbers say."""
    model = TCA(2, n_init=len(numbers), random_state=0).fit(data.X)
    record = model.fitted_.record
    restarts = [
        replace(each, origin=number) for each, number in zip(record.restarts, numbers, strict=True)
    ]
    model._store(replace(model.fitted_, record=replace(record, restarts=restarts)))
    return model


def page_of(model, folder):
    write_report(model, folder / "page.html", static=True)
    text = (folder / "page.html").read_text(encoding="utf-8")
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", text))


def test_origins_are_numbers_of_places_that_restarts_share():
    found = [SimpleNamespace(origin=each) for each in (None, "a", ("b", 1), "a", None, "c", "a")]
    assert origins(found) == [None, 0, None, 0, None, None, 0]


def test_the_best_of_each_place_counts():
    found = [
        SimpleNamespace(origin=each, name=i) for i, each in enumerate([1, None, 1, 0, None, 0])
    ]
    assert [each.name for each in different_starts(found)] == [0, 1, 3, 4]


def test_a_single_start_claims_nothing(data, tmp_path):
    model = with_origins(data, 0, 0, 0, 0)
    with pytest.raises(ValueError, match="all 4 of TCA began at the same place"):
        stability(model)
    told = describe(model, Path("a.npz"))
    assert "all 4 restarts began at the same place, so their agreement proves nothing" in told
    assert "found the same" not in told
    page = page_of(model, tmp_path)
    assert "All 4 restarts began at the same place, so their agreement proves nothing" in page
    assert "Corrected for chance" not in page and "ended within" not in page
    title = plot_restarts(model).get_title(loc="left")
    assert title == "4 restarts, all from the same start"
    assert summarize(model, source="", transform="")["n_different_starts"] == 1


def test_only_different_starts_count(data, tmp_path):
    model = with_origins(data, 0, 0, None, 0, 1, 1)
    assert stability(model).pairs.shape == (3, 3)
    assert "2 of 2 other different starts found the same" in describe(model, Path("a.npz"))
    page = page_of(model, tmp_path)
    assert "repeated from 3 different starts" in page
    assert "The 6 restarts began at 3 different places, and only these count here." in page
    assert "3 of 3 different starts ended within 0.1 %" in page
    assert plot_restarts(model).get_title(loc="left") == "6 restarts, from 3 different starts"
    titles = [ax.get_title(loc="left") for ax in plot_factors(model, restarts=True)[0]]
    assert any("faint: 2 other restarts" in title for title in titles)
    summary = summarize(model, source="", transform="")
    assert summary["n_different_starts"] == 3
    assert [each["origin"] for each in summary["restarts"]] == [0, 0, None, 0, 1, 1]


def test_starts_of_their_own_are_told_of_as_before(data, tmp_path):
    model = with_origins(data, None, None, None)
    assert "2 of 2 other restarts found the same" in describe(model, Path("a.npz"))
    assert "different" not in plot_restarts(model).get_title(loc="left")
    assert "repeated from 3 starts" in page_of(model, tmp_path)


def test_files_keep_origins(data, tmp_path):
    model = with_origins(data, 0, None, 0)
    model.save(tmp_path / "model.h5")
    copy = trialtensor.load(tmp_path / "model.h5")
    assert [each.origin for each in copy.restarts_] == [0, None, 0]


def test_a_profile_knows_no_stability_of_a_single_start(data):
    class Same(TCA):
        """A TCA all of whose restarts begin at the same place."""

        def _solve(self, *arguments):
            return [replace(each, origin="here") for each in super()._solve(*arguments)]

    (row,) = restart_profile(Same(2, n_init=3), [2], data.X, random_state=0).to_dict("records")
    assert np.isnan(row["stability"]) and row["stop_reason"] == "converged"


@pytest.mark.parametrize("n_init", [2, 5])
def test_restarts_of_a_tca_begin_at_different_places(data, n_init):
    model = TCA(2, n_init=n_init, random_state=0).fit(data.X)
    assert len(model.fitted_.record.different_starts) == n_init
