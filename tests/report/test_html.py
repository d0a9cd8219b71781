import base64
import re

import numpy as np
import pytest

from tests.changed_models import changed
from trialtensor.report import write_report
from trialtensor.selection import stability
from trialtensor.solvers.result import StopReason


def test_page_is_self_contained(labelled_model, page):
    report = page(labelled_model, color_by="direction_deg")
    assert not {"script", "link", "iframe"} & {tag for tag, _ in report.tags}
    for _, attributes in report.tags:
        assert attributes.get("href", "#")[0] == "#"  # within the page
    images = [attributes for tag, attributes in report.tags if tag == "img"]
    assert len(images) == 2
    for image in images:
        assert base64.b64decode(image["src"].removeprefix("data:image/png;base64,")).startswith(
            b"\x89PNG"
        )
        assert len(image["alt"]) > 40


def test_page_says_what_was_found(labelled_model, page):
    text = page(labelled_model).text
    assert f"{labelled_model.explained_variance_ratio_:.4f}" in text
    assert labelled_model.stop_reason_.advice in text
    assert labelled_model.data_summary_["treatment"] in text
    assert "40 trials × 12 neurons × 15 time bins" in text
    assert "not corrected for chance" in text
    assert re.search(r"python 3\.\d+", text)
    for restart in labelled_model.restarts_:
        assert str(restart.seed) in text


def test_text_from_outside_is_escaped(labelled_model, page, tmp_path):
    evil = "<script>alert(1)</script>"
    report = page(
        labelled_model,
        title=evil,
        source=evil,
        preprocessing=[evil],
        command=["trialtensor", evil],
    )
    assert "script" not in {tag for tag, _ in report.tags}
    assert report.text.count("alert(1)") >= 4


def test_code_repeats_the_fit(labelled_model, tmp_path):
    text = write_report(
        labelled_model, tmp_path / "r.html", source="a b.npz", static=True
    ).read_text(encoding="utf-8")
    code = next(part for part in re.findall(r"<pre>(.*?)</pre>", text, re.S) if "import" in part)
    code = code.replace("&#39;", "'")
    compile(code, "report", "exec")
    for name, value in labelled_model.get_params().items():
        assert f"{name}={value!r}" in code


def test_missing_seed_is_said(labelled_model, page):
    assert "No integer seed" not in page(labelled_model).text
    unseeded = changed(labelled_model, parameters={"random_state": None})
    assert "No integer seed" in page(unseeded).text


def test_degenerate_fit_is_said(labelled_model, page):
    reason = StopReason.DEGENERATE
    degenerate = changed(labelled_model, triple_cosine=-0.99, record={"stop_reason": reason})
    text = page(degenerate).text
    assert "Do not interpret them" in text and reason.advice in text
    assert StopReason.CONVERGED.advice not in text
    # Nearly opposite components at which a fit has come to rest are another thing.
    text = page(changed(labelled_model, triple_cosine=-0.95)).text
    assert "together, not one by one" in text and "Do not interpret them" not in text
    assert StopReason.CONVERGED.advice not in text


def test_interrupted_fit_is_said(labelled_model, page):
    interrupted = changed(labelled_model, record={"stop_reason": StopReason.INTERRUPTED})
    assert StopReason.INTERRUPTED.advice in page(interrupted).text


def test_pyplot_is_left_alone(labelled_model, page):
    import matplotlib.pyplot as plt

    page(labelled_model, color_by="phase")
    assert plt.get_fignums() == []


def test_unknown_label_writes_nothing(labelled_model, tmp_path):
    with pytest.raises(ValueError, match="color_by"):
        write_report(labelled_model, tmp_path / "report.html", color_by="nothing", static=True)
    assert list(tmp_path.iterdir()) == []


def test_folder_that_is_not_there(labelled_model, tmp_path):
    with pytest.raises(FileNotFoundError):
        write_report(labelled_model, tmp_path / "nowhere" / "report.html", static=True)


def test_page_says_what_is_left_over(labelled_model, page):
    assert "What is left over" not in page(labelled_model).text
    X = labelled_model.reconstruct()
    X = X + np.random.default_rng(0).standard_normal(X.shape)
    X[8] += 30 * np.random.default_rng(1).standard_normal(X[8].shape)
    text = page(labelled_model, X=X).text
    assert "What is left over" in text and "Trial 8 is described much worse" in text
    with pytest.raises(ValueError, match="expected the data of the fit"):
        page(labelled_model, X=X[1:])


def test_agreement_is_said_beyond_chance_too(labelled_model, sliced_model, page):
    for model in (labelled_model, sliced_model):
        found = stability(model)
        text = page(model).text
        assert f"agree by {found.corrected:.2f}, where 1 is" in text
        assert f"(that is {found.chance:.2f} before the correction)" in text
    alone = changed(labelled_model, record={"restarts": labelled_model.restarts_[:1]})
    assert "Corrected for chance" not in page(alone).text
