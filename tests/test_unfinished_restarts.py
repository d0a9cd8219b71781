"""Restarts stopped on the way neither agree nor disagree, whatever speaks of it."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from trialtensor import TCA, Parafac2, SliceTCA, load, make_slicetca, make_tca
from trialtensor.cli.describing import describe
from trialtensor.io.export import summarize
from trialtensor.plotting import plot_factors, plot_restarts
from trialtensor.report import write_report
from trialtensor.selection import restart_profile, stability
from trialtensor.solvers.result import StopReason


@pytest.fixture(scope="module")
def sliced():
    """Of more than 20,000 entries, so that few restarts are run to their end."""
    X = make_slicetca(40, 30, 25, (2, 1, 1), snr=5.0, random_state=0).X
    return SliceTCA((2, 1, 1), n_init=6, random_state=0).fit(X)


def tca(*left, reason=StopReason.MAX_ITER, best=None):
    """A TCA with other restarts that did not get to the full data, for the given reason."""
    X = make_tca(25, 12, 15, 2, snr=3.0, random_state=0).X
    model = TCA(2, n_init=4, random_state=0).fit(X)
    record = model.fitted_.record
    rng = np.random.default_rng(0)
    restarts = list(record.restarts)
    for i in left:
        # Another solution altogether: counting it would show.
        factors = tuple(rng.standard_normal(f.shape) for f in restarts[i].factors)
        restarts[i] = replace(
            restarts[i], on_full_data=False, stop_reason=reason, similarity=0.01, factors=factors
        )
    if best is not None:
        restarts[0] = replace(restarts[0], stop_reason=best)
    model._store(replace(model.fitted_, record=replace(record, restarts=restarts)))
    return model


def page_of(model, folder):
    write_report(model, folder / "page.html", static=True)
    text = (folder / "page.html").read_text(encoding="utf-8")
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", text)).replace("&#39;", "'")


def legend(model):
    return [text.get_text() for text in plot_restarts(model).get_legend().get_texts()]


WHY = "on the way to a solution already found or to a worse one: they don't count"


def test_slices_say_why_restarts_were_stopped(sliced, tmp_path):
    left = [each for each in sliced.restarts_ if not each.finished]
    assert len(left) == 4
    assert all(each.stop_reason is StopReason.MAX_ITER for each in left)
    text = f"4 of 6 restarts were stopped before they had converged, because they were {WHY}"
    told, page = describe(sliced, Path("a.npz")), page_of(sliced, tmp_path)
    assert "1 of 1 other restarts found the same loading subspaces" in told and text in told
    assert "2 of 2 restarts ended within 0.1 %" in page and text in page
    assert page.count("on the way to a known or a worse solution") == 4
    assert "so large" not in page and "max iter" not in page
    assert legend(sliced) == ["converged", "stopped on the way", "best"]


def test_slices_that_agree_are_known_to(sliced):
    assert stability(sliced).pairs.shape == (2, 2)
    X = make_slicetca(40, 30, 25, (2, 1, 1), snr=5.0, random_state=0).X
    found = restart_profile(SliceTCA((1, 0, 0), n_init=6), [(2, 1, 1)], X, random_state=0)
    assert found["stability"][0] > 0.99


def test_unfinished_restarts_of_a_tca_count_for_nothing(tmp_path):
    model, whole = tca(2, 3), tca()
    assert stability(model).score == pytest.approx(stability(whole.restarts_[:2]).score)
    assert "1 of 1 other restarts found the same" in describe(model, Path("a.npz"))
    page = page_of(model, tmp_path)
    assert "2 of 2 restarts ended within 0.1 %" in page
    assert (
        f"2 of 4 restarts were stopped before they had converged, because they were {WHY}" in page
    )
    titles = [ax.get_title(loc="left") for ax in plot_factors(model, restarts=True)[0]]
    assert any("faint: 1 other restart)" in title for title in titles)
    told = summarize(model, source="", transform="")["restarts"]
    assert [each["finished"] for each in told] == [True, True, False, False]


def test_restarts_that_converged_on_a_core_count(tmp_path):
    model = tca(3, reason=StopReason.CONVERGED)
    assert stability(model).pairs.shape == (4, 4)
    assert "2 of 3 other restarts found the same" in describe(model, Path("a.npz"))
    page = page_of(model, tmp_path)
    assert "The data are so large" in page and "on the way" not in page
    assert "converged, some on the core" in legend(model)


def test_one_finished_restart_claims_nothing(tmp_path):
    model = tca(1, 2, 3)
    with pytest.raises(ValueError, match="run to their end, but of TCA only the best was; 3 of 4"):
        stability(model)
    told = describe(model, Path("a.npz"))
    assert "whether the 4 restarts agree is unknown; 3 of 4 restarts were stopped" in told
    page = page_of(model, tmp_path)
    assert "Whether other starts lead elsewhere is unknown. 3 of 4 restarts were stopped" in page
    assert "found the same" not in told and "ended within" not in page
    assert "Corrected for chance" not in page


def test_a_profile_knows_no_stability_of_one_finished_restart():
    class Left(TCA):
        """A TCA whose other restarts all stop on the way."""

        def _solve(self, *arguments):
            best, *others = super()._solve(*arguments)
            stop = StopReason.MAX_ITER
            return [
                best,
                *(
                    replace(e, on_full_data=False, result=replace(e.result, stop_reason=stop))
                    for e in others
                ),
            ]

    X = make_tca(25, 12, 15, 2, snr=3.0, random_state=0).X
    (row,) = restart_profile(Left(2, n_init=3), [2], X, random_state=0).to_dict("records")
    assert np.isnan(row["stability"]) and row["stop_reason"] == "converged"


def test_an_interrupt_is_another_reason():
    told = describe(tca(1, 2, best=StopReason.INTERRUPTED), Path("a.npz"))
    assert "2 of 4 restarts were stopped before they had converged, because the fit was" in told
    assert "on the way" not in told


def test_files_keep_it(sliced, tmp_path):
    sliced.save(tmp_path / "model.h5")
    copy = load(tmp_path / "model.h5")
    assert [e.finished for e in copy.restarts_] == [e.finished for e in sliced.restarts_]


@pytest.mark.parametrize("max_iter", [3, 2000])
def test_restarts_without_a_core_are_on_the_data(max_iter):
    X = make_tca(12, 8, 9, 2, snr=3.0, random_state=0).X
    model = Parafac2(2, n_init=3, max_iter=max_iter, random_state=0)
    record = model.fit(X, blocks=np.repeat([0, 1], 6)).fitted_.record
    assert record.all_on_full_data and len(record.comparable) == 3


def test_restarts_of_the_first_batch_are_as_it_left_them():
    X = make_tca(30, 8, 9, 2, snr=5.0, random_state=0).X
    model = TCA(2, n_init=3, max_iter=2, random_state=0)
    model.partial_fit(X[:20]).partial_fit(X[20:])
    assert len(model.fitted_.record.comparable) == 3
