"""Pages about every kind of model, with the numbers of the model in them."""

import re

import numpy as np
import pytest
from markupsafe import Markup
from sklearn.exceptions import ConvergenceWarning, NotFittedError

import trialtensor as tt
from tests.other_kinds import DATA, OPTIONS, PHASES, MeanNMF, data, models
from trialtensor.report import Fragment, common, register_section
from trialtensor.report.registry import remove_section, sections


@pytest.fixture(scope="module")
def fitted():
    return models("labelled")


def percent(value):
    return f"{100 * value:.1f} %"


def tidy(text):
    return re.sub(r"\s+([).,:;])", r"\1", re.sub(r"\s+", " ", text))


@pytest.mark.parametrize("kind", DATA)
def test_every_kind_has_a_page(kind, page):
    for name, model in models(kind).items():
        report = page(model)
        text = tidy(report.text)
        assert f"{name} report" in text
        assert f"{model.explained_variance_ratio_:.4f}" in text
        assert model.stop_reason_.advice in text
        assert not re.search(r"\b(nan|inf)\b", text), name
        for restart in model.restarts_:
            assert str(restart.seed) in text
        assert not {"script", "link", "iframe"} & {tag for tag, _ in report.tags}
        assert all(len(a["alt"]) > 40 for tag, a in report.tags if tag == "img")


def test_blocks_are_listed_with_what_they_have(page):
    made = tt.make_parafac2(n_trials=8, n_neurons=(7, 9, 6, 8), snr=3.0, random_state=0)
    sizes = {"Mon": 8, "Tue": 5, "Wed": 8, "Thu": 7}
    sessions = {day: X[:n] for (day, n), X in zip(sizes.items(), made.X, strict=True)}
    model = tt.Parafac2(2, **OPTIONS).fit(sessions)
    text = tidy(page(model).text)
    assert "may differ between blocks of trials" in text
    assert "28 trials × 6 to 9 neurons × 50 time bins, in 4 blocks of trials" in text
    assert "Block Trials Neurons with data Mon 8 7 Tue 5 9 Wed 8 6 Thu 7 8" in text
    cross = f"{model.cross_product_[0, 1]:.2f}".replace("-", "−")
    assert f"1 1.00 {cross} 2 {cross} 1.00" in text
    assert "No entry is missing." in text
    assert ".fit(X)" in text and "blocks" not in text.split("import trialtensor")[1]


def test_code_names_the_blocks_of_one_array(fitted, page):
    text = page(fitted["Parafac2"]).text
    assert "blocks = ... # one for each trial" in text and ".fit(X, blocks=blocks)" in text


def test_single_trials_as_blocks_are_not_all_listed(page):
    X = np.tile(np.asarray(data()), (2, 1, 1))
    with pytest.warns(ConvergenceWarning):
        model = tt.Parafac2(2, n_init=1, max_iter=5, random_state=0).fit(X)
    text = tidy(page(model).text)
    assert "There are 48 blocks of trials" in text and "The first 30 are:" in text


def test_datasets_and_shares_are_told(fitted, page):
    model = fitted["CoupledTCA"]
    report = page(model)
    text = tidy(report.text)
    assert "here cortex and cerebellum" in text
    assert "1 component is shared by all datasets; 2 are private" in text
    assert "2 datasets of 24 trials × 4 to 6 neurons × 15 time bins" in text
    ratios = [percent(value) for value in model.explained_variance_by_dataset_]
    assert f"cortex 24 6 15 {ratios[0]} cerebellum 24 4 15 {ratios[1]}" in text
    shares = " ".join(percent(value) for value in model.shares_[:, 0])
    assert f"1 shared {shares} 2 only in cortex 100.0 % 0.0 % 3 only in cerebellum" in text
    assert "Each dataset counts the same." in text
    assert "units of the data" not in text


def test_many_datasets_come_in_several_figures(page):
    X = np.asarray(data())
    datasets = {name: X + i for i, name in enumerate("abc")}
    model = tt.CoupledTCA(1, n_init=1, random_state=0).fit(datasets)
    report = page(model)
    alts = [attributes["alt"] for tag, attributes in report.tags if tag == "img"]
    assert len(alts) == 3  # two of components, one of the fit
    assert "b: neuron factors" in alts[0] and "c: neuron factors" in alts[1]
    assert "the same in every figure" in report.text


def test_dynamics_say_how_many_steps_and_how_stable(page):
    model = models("missing")["TrialVaryingDynamics"]
    text = tidy(page(model).text)
    # A trial has 14 steps; trial 3 has none, and trial 5 lacks those into and out of bin 4.
    steps = "320 of 336 steps from one bin to the next were complete and fitted; 1 trial had none."
    assert steps in text
    radius = model.spectral_radius_[np.isfinite(model.spectral_radius_)]
    n = int(np.sum(radius < 1))
    assert f"On {n} of 23 trials ({100 * n / 23:.0f} %) activity would decay" in text
    assert f"from {radius.min():.3f} to {radius.max():.3f} over trials" in text
    ratio = percent(model.explained_variance_ratio_)
    assert f"Predicting each bin from the one before it, the model reproduces {ratio} of" in text
    assert "Weight (units" not in text


def test_pages_with_labels(fitted, page):
    for model in fitted.values():
        report = page(model, color_by="phase")
        assert "coloured by phase" in tidy(report.text)
        assert any("coloured by phase" in a["alt"] for tag, a in report.tags if tag == "img")
        with pytest.raises(ValueError, match="color_by"):
            page(model, color_by="site")


def test_labels_of_the_trials_of_each_dataset(page):
    X = np.asarray(data())
    model = tt.CoupledTCA(2, shared="time", **OPTIONS).fit({"A": X[:10], "B": X[10:]})
    text = tidy(page(model, color_by={"A": PHASES[:10], "B": PHASES[10:]}).text)
    assert "2 datasets of 10 to 14 trials × 10 neurons × 15 time bins" in text
    assert "The datasets have trials of their own" in text
    assert "95 % interval" not in text


@pytest.mark.parametrize("n_init", [1, 3])
def test_a_model_of_batches_says_so(n_init, page):
    X = np.asarray(data())
    model = tt.TCA(2, n_init=n_init, random_state=0).partial_fit(X[:10]).partial_fit(X[10:16])
    model.partial_fit(X[16:])
    text = tidy(page(model).text)
    assert "fitted to 24 trials that came in batches and were not kept" in text
    assert "those of the last batch, 8 trials" in text
    assert "24 trials × 10 neurons × 15 time bins" in text
    assert "24 trials were fitted in batches and not kept." in text
    assert model.stop_reason_.advice in text
    assert f"repeated from {n_init} start" in text
    assert ("found in the first batch" in text) == (n_init > 1)
    assert "model.partial_fit(batch)" in text and ".fit(X)" not in text
    assert "so large that" not in text


def test_what_is_left_over_or_why_not(fitted, page, monkeypatch):
    def sees(model, X, mask=None):
        raise ValueError(f"model: {type(model).__name__} leaves nothing that can be looked at")

    monkeypatch.setattr(common, "residual_report", sees)
    text = tidy(page(fitted["Parafac2"], X=data()).text)
    assert "This could not be looked at. Parafac2 leaves nothing that can be looked at." in text

    def other(model, X, mask=None):
        raise ValueError("X: expected the data of the fit")

    monkeypatch.setattr(common, "residual_report", other)
    with pytest.raises(ValueError, match=r"^X: expected"):
        page(fitted["Parafac2"], X=data())


def test_agreement_that_is_not_known_is_said(fitted, page, monkeypatch):
    def refused(model):
        raise ValueError("model: restarts of Parafac2 can't be compared")

    monkeypatch.setattr(common, "stability", refused)
    text = tidy(page(fitted["Parafac2"]).text)
    assert "Agreement beyond chance is not known: Restarts of Parafac2 can't be compared." in text


def test_a_kind_of_a_third_party_has_a_page(page):
    model = MeanNMF(2).fit(np.abs(data()))
    text = tidy(page(model, color_by=PHASES).text)
    assert (
        "MeanNMF: Non-negative factors of trials x neurons, of activity averaged over time." in text
    )
    assert "More text" not in text
    assert "2 components. Each consists of neuron factors and trial factors" in text
    assert "Neuron factors (how much each neuron takes part); Trial factors (how strongly" in text
    assert "core consistency" not in text.lower() and "There was only one restart" in text
    assert "from tests.other_kinds import MeanNMF" in text
    assert f"{model.fitted_.components[0].weight:.4g}" in text


def test_sections_of_ones_own(fitted, page):
    def animal(model, context):
        if type(model).__name__ == "TCA":
            return Fragment("Animal", Markup("<p>Monkey {}</p>").format("<J>"))
        return None

    names = [section.name for section in sections()]
    register_section("animal", animal, before="components")
    try:
        text = tidy(page(fitted["TCA"]).text)
        assert text.index("Data Size") < text.index("Animal Monkey <J>") < text.index("Each row is")
        assert "Monkey" not in page(fitted["SliceTCA"]).text
        register_section("animal", lambda model, context: None)
        assert "Monkey" not in page(fitted["TCA"]).text
        with pytest.raises(ValueError, match=r"before: expected one of .*'data'.* got 'nothing'"):
            register_section("more", animal, before="nothing")
    finally:
        remove_section("animal")
    assert [section.name for section in sections()] == names
    with pytest.raises(ValueError, match="name: expected one of"):
        remove_section("animal")


def test_what_is_no_fitted_model(page, tmp_path):
    with pytest.raises(NotFittedError):
        page(tt.CoupledTCA(2))
    with pytest.raises(ValueError, match=r"^model: expected a fitted model, got str"):
        page("model.h5")
    assert not list(tmp_path.iterdir())
