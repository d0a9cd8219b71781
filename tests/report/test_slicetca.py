import base64
import re

import numpy as np
import pytest

from tests.changed_models import changed
from trialtensor.data import make_slicetca
from trialtensor.models import SliceTCA
from trialtensor.solvers.result import StopReason

SHARES = ("alone", "unique", "shared")


def test_page_is_self_contained(sliced_model, page):
    report = page(sliced_model, color_by="direction_deg", source="session.npz")
    assert not {"script", "link", "iframe"} & {tag for tag, _ in report.tags}
    images = [attributes for tag, attributes in report.tags if tag == "img"]
    assert len(images) == 2
    for image in images:
        png = base64.b64decode(image["src"].removeprefix("data:image/png;base64,"))
        assert png.startswith(b"\x89PNG")
        assert len(image["alt"]) > 40
    assert "SliceTCA of session.npz" in report.text


def test_page_says_what_was_found(sliced_model, page):
    text = page(sliced_model).text
    assert f"{sliced_model.explained_variance_ratio_:.4f}" in text
    assert sliced_model.stop_reason_.advice in text
    assert "3 of 3 restarts ended within 0.1 %" in text
    assert "the same loading subspaces (overlap" in text
    assert "Overlap with the best" in text
    for restart in sliced_model.restarts_:
        assert str(restart.seed) in text


def test_page_says_what_the_types_mean_and_how_many_there_are(sliced_model, page):
    text = page(sliced_model).text
    for words in ("Trial-slicing (2 here)", "Neuron-slicing (3 here)", "Time-slicing (1 here)"):
        assert words in re.sub(r"\s+([):])", r"\1", text)
    arrays = {
        "trial_loadings": np.empty((40, 0)),
        "trial_slices": np.empty((0, 12, 15)),
        "weights": sliced_model.weights_[2:],
    }
    arrays |= {
        f"explained_variance_{name}": getattr(sliced_model, f"explained_variance_{name}_")[2:]
        for name in SHARES
    }
    none = changed(sliced_model, **arrays)
    text = page(none).text
    assert "Trial-slicing (none here)" in re.sub(r"\s+([):])", r"\1", text)
    assert "Neurons stand in one order everywhere, as recorded" in text
    assert "trial 1" not in text


def test_nothing_of_tca_is_left(sliced_model, page):
    text = page(sliced_model, color_by="phase").text.lower()
    for words in ("core consistency", "cosine", "factor match", "factors", "trial factor"):
        assert words not in text


def test_tables_hold_the_numbers_of_the_model(sliced_model, page):
    text = page(sliced_model).text
    shares = [getattr(sliced_model, f"explained_variance_{name}_")[3] for name in SHARES]
    row = " ".join(f"{100 * share:.1f} %" for share in shares)
    assert f"neuron 2 {row} {sliced_model.weights_[3]:.4g}" in text
    shares = [getattr(sliced_model, f"type_explained_variance_{n}_")[0] for n in SHARES[:2]]
    row = " ".join(f"{100 * share:.1f} %" for share in shares)
    assert f"trial-slicing 2 {row}" in text


@pytest.mark.parametrize(
    ("gauge", "words"),
    [
        ("minimal-norm", "divided evenly between them"),
        ("neuron-first", "what the neuron-slicing type shares with others was given to it"),
    ],
)
def test_the_gauge_is_named(sliced_model, page, gauge, words):
    text = page(changed(sliced_model, parameters={"gauge": gauge})).text
    assert words in text
    assert gauge in text


def test_nonnegative_components_have_no_gauge(sliced_model, page):
    text = page(changed(sliced_model, parameters={"nonnegative": True})).text
    assert "No gauge was applied" in text
    assert "divided evenly" not in text


def test_code_repeats_the_fit(sliced_model, page):
    text = page(sliced_model).text
    call = text.split("model = trialtensor.SliceTCA(")[1].split(").fit(X)")[0]
    arguments = eval(f"dict({call})")
    assert arguments == sliced_model.get_params()


def test_a_dead_component_and_an_interrupted_fit_are_said(sliced_model, page):
    weights = sliced_model.weights_.copy()
    weights[4] = 0
    record = {"stop_reason": StopReason.INTERRUPTED}
    text = page(changed(sliced_model, weights=weights, record=record)).text
    assert "1 of 6 components is zero" in text
    assert "the loading of a component that is zero means nothing" in text
    assert StopReason.INTERRUPTED.advice in text


def test_many_components_are_drawn_in_part(page, monkeypatch, sliced_model):
    monkeypatch.setattr("trialtensor.report.figures.MAX_OF_TYPE", 2)
    report = page(sliced_model)
    assert "Of each type only the first 2 are drawn" in report.text
    assert "slices of 5 components" in next(
        attributes["alt"] for tag, attributes in report.tags if tag == "img"
    ).replace("\n", " ")
    assert "neuron 3" in report.text


@pytest.mark.parametrize(
    "weight, said", [(0.01, "for a weight of 0.01"), (0, "nothing was filled")]
)
def test_what_became_of_missing_entries_is_said(weight, said, page):
    X = make_slicetca(20, 10, 15, (1, 1, 1), missing="entries", random_state=0).X
    model = SliceTCA((1, 1, 1), n_init=1, missing_weight=weight, random_state=0).fit(X)
    text = page(model).text
    assert said in text
    assert "are nearly orthogonal" in text


def test_components_that_were_given(page):
    from trialtensor.data import make_slicetca

    data = make_slicetca(20, 8, 9, (1, 1, 1), random_state=0)
    report = page(SliceTCA._from_components(data.loadings, data.slices))
    assert "The components were given, not fitted here." in report.text
    assert "Do the restarts agree?" not in report.text
    assert "nan" not in report.text.lower()


def test_unknown_label_writes_nothing(sliced_model, page, tmp_path):
    with pytest.raises(ValueError, match="color_by"):
        page(sliced_model, color_by="nothing")
    assert list(tmp_path.iterdir()) == []
