"""Whatever speaks of a degenerate fit says the same: warning, command, page, figures, files."""

import re
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

import trialtensor
from tests.solvers.test_degeneracy import nearly_opposite, without_a_best_fit
from trialtensor import TCA, CoupledTCA
from trialtensor.cli import app
from trialtensor.cli.describing import describe
from trialtensor.io.export import summarize
from trialtensor.models.credibility import credibility
from trialtensor.models.verdict import advice, cancelling_pair
from trialtensor.models.warnings import DegeneracyWarning
from trialtensor.plotting import plot_factors, plot_restarts
from trialtensor.report import write_report, write_tracking_report
from trialtensor.report.tracking_headline import overview_sentence
from trialtensor.solvers.result import StopReason
from trialtensor.tracking import track


@pytest.fixture(scope="module")
def fitted():
    X = without_a_best_fit(1, noise=0.5)
    with pytest.warns(DegeneracyWarning) as caught:
        model = TCA(2, n_init=3, random_state=0).fit(X)
    (warning,) = caught
    return model, str(warning.message)


@pytest.fixture(scope="module")
def opposite():
    X, _ = nearly_opposite(0)
    with pytest.warns(DegeneracyWarning, match="together, not one by one"):
        return TCA(2, n_init=2, random_state=0).fit(X)


def text_of(path):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", Path(path).read_text(encoding="utf-8")))


def row_names(axes):
    return [ax.get_ylabel() for ax in axes[:, 0]]


def test_the_advice_says_what_to_do_and_has_numbers(fitted):
    model, warning = fitted
    text = advice(model.fitted_)
    assert text == warning and text.startswith(StopReason.DEGENERATE.advice)
    assert "Use fewer components" in text and "nonnegative" in text
    assert f"Components 1 and 2 have a cosine of {model.triple_cosine_:.4f}" in text
    # How large they are beside their sum, from the whole tensors.
    one, two = (each.outer(dict(zip(("trial", "neuron", "time"), (30, 14, 15), strict=True)))
                for each in model.fitted_.components)  # fmt: skip
    times = max(np.linalg.norm(one), np.linalg.norm(two)) / np.linalg.norm(one + two)
    assert f"{times:.0f} times as large as their sum" in text


def test_one_verdict_everywhere(fitted, tmp_path):
    model, warning = fitted
    assert warning in describe(model, Path("a.npz")) and "degenerate after" in describe(
        model, Path("a.npz")
    )
    summary = summarize(model, source="a.npz", transform="none")
    sentence = credibility(model.fitted_).sentence
    assert summary["verdict"] == {"believable": False, "sentence": sentence}
    assert describe(model, Path("a.npz")).startswith(f"{sentence}\n")
    assert "1 and 2 cancel each other (a degenerate fit)" in sentence
    assert summary["stop_reason"] == "degenerate" and summary["advice"] == warning
    assert {each["stop_reason"] for each in summary["restarts"]} == {"degenerate"}
    write_report(model, tmp_path / "page.html", static=True)
    page = text_of(tmp_path / "page.html")
    assert sentence in page and sentence in model._repr_html_()
    assert warning in page and "Do not interpret them" in page and "stopped falling" not in page
    tracking = track(model, random_state=0)
    assert tracking.caution == warning and warning in overview_sentence(tracking)
    write_tracking_report(tracking, tmp_path / "tracking.html", static=True)
    assert warning in text_of(tmp_path / "tracking.html")
    assert all("(degenerate)" in name for name in row_names(plot_factors(model)))
    labels = plot_restarts(model).get_legend_handles_labels()[1]
    assert labels == ["degenerate: components cancel", "best (degenerate)"]
    model.save(tmp_path / "model.h5")
    copy = trialtensor.load(tmp_path / "model.h5")
    assert copy.stop_reason_ is StopReason.DEGENERATE and advice(copy.fitted_) == warning


def test_the_command_says_it_once(tmp_path):
    np.save(tmp_path / "a.npy", without_a_best_fit(1, noise=0.5))
    words = ["fit", tmp_path / "a.npy", "--components", 2, "--n-init", 3, "-o", tmp_path / "out"]
    result = CliRunner().invoke(app, [str(word) for word in words])
    assert result.output.count(StopReason.DEGENERATE.advice) == 1


def test_components_at_rest_are_not_called_degenerate(opposite, tmp_path):
    text = advice(opposite.fitted_)
    assert "nothing to do" not in text and "degenerate" not in text
    assert cancelling_pair(opposite.fitted_) == (0, 1)
    assert "converged after" in describe(opposite, Path("a.npz"))
    write_report(opposite, tmp_path / "page.html", static=True)
    page = text_of(tmp_path / "page.html")
    assert text in page and "Do not interpret them" not in page
    names = row_names(plot_factors(opposite))
    assert "cancels 2" in names[0] and "degenerate" not in "".join(names)


def test_a_restart_that_is_not_degenerate_is_named():
    X = without_a_best_fit(0, noise=0.5)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = TCA(3, random_state=0).fit(X)
    fitted = model.fitted_
    best, *others = fitted.record.restarts
    calm = replace(others[-1], loss=1.002 * best.loss, stop_reason=StopReason.CONVERGED)
    crossed = [np.linalg.qr(f)[0] for f in calm.factors]
    calm = replace(calm, factors=tuple(crossed))
    record = replace(
        fitted.record,
        stop_reason=StopReason.DEGENERATE,
        restarts=[replace(best, stop_reason=StopReason.DEGENERATE), calm],
    )
    text = advice(replace(fitted, record=record))
    assert "Restart 2 of 2 has no such components, and its loss is only 0.2 % higher" in text
    far = replace(record, restarts=[record.restarts[0], replace(calm, loss=1.5 * best.loss)])
    assert "Restart" not in advice(replace(fitted, record=far))


def test_the_pair_of_a_coupled_model_counts_datasets_as_in_the_fit():
    X = without_a_best_fit(1)
    with pytest.warns(DegeneracyWarning, match="Components 1 and 2"):
        model = CoupledTCA(2, n_init=2, random_state=0).fit({"a": 1000 * X[:, :7], "b": X[:, 7:]})
    assert cancelling_pair(model.fitted_) == (0, 1)


def test_further_trials_do_not_mend_it():
    X = without_a_best_fit(1, noise=0.5)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = TCA(2, n_init=2, random_state=0).partial_fit(X[:20])
        first = model.stop_reason_
        model.partial_fit(X[20:])
    assert first is model.stop_reason_ is StopReason.DEGENERATE
    assert "cancels" in "".join(row_names(plot_factors(model)))
