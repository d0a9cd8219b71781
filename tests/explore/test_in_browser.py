"""Interactive figures in a browser: what is pointed at, selected, sorted, coloured, hidden."""

import tempfile
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import xarray

import trialtensor as tt
from tests.browsers import opened
from tests.other_kinds import MeanNMF, data, models
from trialtensor.explore import explore

KINDS = ("TCA", "SliceTCA", "Parafac2", "CoupledTCA", "TrialVaryingDynamics", "MeanNMF")
UGLY = ['<script>alert("1")</script>', 'a\' "b" $x$ $$y$$ \\(z\\)', "שלום עולם", "x" * 300]
# What every panel marks of the entry pointed at.
MARKED = """
() => trialtensor.explorers[0].panels.map((panel) => [
  panel.entity, panel.rows, panel.part("column").data.x.length, panel.part("rows").data.y.length])
"""
POINTED = "() => { const [e, i] = trialtensor.explorers[0].pointed; return [e.axis, i]; }"


@cache
def made():
    """A folder that goes when the tests end."""
    return tempfile.TemporaryDirectory(prefix="trialtensor-pages-")


def folder():
    return Path(made().name)


@cache
def page_of(kind):
    """The page of a kind of model with its data, written once."""
    if kind == "MeanNMF":
        figure = explore(MeanNMF(2).fit(data()), data())
    else:
        figure = explore(models("labelled")[kind], data("labelled"), color_by="phase")
    return figure.save(folder() / f"{kind}.html")


@pytest.fixture(scope="module")
def tca():
    """One open page of a TCA; who changes it puts it back."""
    with opened(page_of("TCA")) as page:
        yield page


def figure_at(page, i):
    """The middle of a plot; those of mean activity come first."""
    box = page.locator(".bk-Figure").nth(i).bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def ask(page, what):
    return page.evaluate(f"() => {{ const x = trialtensor.explorers[0]; return {what}; }}")


def choose(page, axis, what, option):
    group = page.locator("fieldset", has=page.locator("legend", has_text=axis)).first
    group.locator(f"select[data-tt='{what}']").select_option(label=option)


@pytest.mark.parametrize("kind", KINDS)
def test_pointing_marks_the_same_entry_in_every_panel(kind):
    with opened(page_of(kind)) as page:
        n_details = ask(page, "x.models.has('detail neuron') + x.models.has('detail trial')")
        page.mouse.move(*figure_at(page, n_details))
        page.wait_for_function("() => trialtensor.explorers[0].pointed")
        axes = {page.evaluate(POINTED)[0]}
        for axis in ("trial", "neuron"):
            ask(page, f"x.point(x.sorted.find((e) => e.axis === '{axis}'), 2)")
            key = ask(page, "x.pointed[0].key")
            for entity, rows, across, down in page.evaluate(MARKED):
                assert across == 1 or entity != key
                assert down >= 1 or rows != key
            axes.add(axis)
        assert "2" in page.locator(".tt-readout").inner_text()
        assert page.complaints == []
        assert axes >= {"trial", "neuron"}


def test_pointing_shows_means_of_data_and_model(tca):
    page = tca
    ask(page, "x.point(x.sorted.find((e) => e.axis === 'neuron'), 4)")
    source = "x.model('detail neuron source').data"
    shown = ask(page, f"({{ data: [...{source}.data], model: [...{source}.model] }})")
    X, model = data("labelled"), models("labelled")["TCA"]
    expected = {"data": X.values[:, 4].mean(axis=0), "model": model.reconstruct()[:, 4].mean(0)}
    for name, values in expected.items():
        assert np.array(shown[name]) == pytest.approx(np.asarray(values), abs=np.ptp(values) / 250)
    text = page.locator(".tt-readout").inner_text()
    assert "Neuron 4" in text and "site: cortex" in text
    weight = float(model.neuron_factors_[4, 0])
    assert f"1: {weight:.3g}".replace("-", "−") in text


def test_a_box_selects_the_same_trials_everywhere():
    with opened(page_of("TrialVaryingDynamics"), width=1400) as page:
        ask(page, "x.sorted")  # the panels are there
        box = page.locator(".bk-Figure").nth(4).bounding_box()
        page.mouse.move(box["x"] + 0.3 * box["width"], box["y"] + 60)
        page.mouse.down()
        page.mouse.move(box["x"] + 0.6 * box["width"], box["y"] + 90, steps=4)
        page.mouse.up()
        page.wait_for_function(
            "() => trialtensor.explorers[0].sorted.some((e) => e.selected.length)"
        )
        chosen = ask(page, "x.sorted.find((e) => e.axis === 'trial').selected")
        assert 3 <= len(chosen) < 24
        assert chosen == list(range(chosen[0], chosen[-1] + 1))
        assert f"{len(chosen)} of 24 trials selected" in page.locator(".tt-readout").inner_text()
        assert f"{len(chosen)} of 24 trials, selected" in ask(
            page, "x.model('detail trial').title.text"
        )
        # Two panels have neurons: selecting in one selects in the other.
        page.get_by_role("button", name="cerebellum").click()
        both = ask(
            page,
            "x.panels.filter((p) => p.entries.axis === 'neuron')"
            ".map((p) => [...p.part('lanes').selected.indices])",
        )
        assert both == [[6, 7, 8, 9]] * 2
        page.get_by_role("button", name="Clear selection").click()
        assert ask(page, "x.sorted.every((e) => !e.selected.length)")
        assert page.complaints == []


def test_sorting(tca):
    page = tca
    model = models("labelled")["TCA"]
    choose(page, "Neurons", "sort by", "weight in 2")
    order = ask(page, "[...x.panels[0].entries.order]")
    assert order == np.argsort(model.neuron_factors_[:, 1], kind="stable").tolist()
    assert "weight in 2" in ask(page, "x.panels[0].model.below[0].axis_label")
    choose(page, "Neurons", "sort by", "peak time")
    peaks = data("labelled").values.mean(axis=0).argmax(axis=1)
    found = ask(page, "[...x.panels[0].entries.order]")
    assert peaks[found].tolist() == sorted(peaks)
    choose(page, "Neurons", "sort by", "site")
    assert ask(page, "[...x.panels[0].entries.order]") == list(range(10))
    choose(page, "Neurons", "sort by", "order of the data")
    assert ask(page, "x.panels[0].model.below[0].axis_label") == "neuron"
    assert page.complaints == []


def test_rows_of_images_are_sorted_too():
    slices = models("labelled")["SliceTCA"]
    with opened(page_of("SliceTCA")) as page:
        choose(page, "Neurons", "sort by", "weight in neuron 1")
        loading = np.asarray(slices.fitted_["neuron_loadings"]).ravel()
        assert ask(page, "[...x.sorted.find((e) => e.axis === 'neuron').order]") == (
            np.argsort(loading, kind="stable").tolist()
        )
        place = ask(page, "x.panels.findIndex((p) => p.image && p.rows.startsWith('neuron'))")
        image = ask(page, f"[...x.panels[{place}].part('image0').data.image[0]]")
        shown = np.array(image).reshape(10, 15)[::-1]
        slice_ = np.asarray(slices.fitted_["trial_slices"])[0][np.argsort(loading, kind="stable")]
        assert np.corrcoef(shown.ravel(), slice_.ravel())[0, 1] > 0.97
        assert page.complaints == []


def test_colours_and_their_key(tca):
    page = tca
    colours = (
        "new Set(x.panels.find((p) => p.entries.axis === 'trial').part('lanes').data.color).size"
    )
    assert ask(page, colours) == 2  # phase, as asked for
    choose(page, "Trials", "colour by", "day")
    assert ask(page, colours) == 4
    assert page.get_by_role("button", name="Tue").is_visible()
    choose(page, "Trials", "colour by", "nothing")
    assert not page.get_by_role("button", name="Tue").count()
    assert page.complaints == []


def test_components_are_hidden_and_shown(tca):
    page = tca
    before = ask(page, "x.panels[0].model.height")
    page.locator("input[data-tt='component 0']").uncheck()
    assert ask(page, "x.panels.map((p) => p.slots.join())") == ["-1,0"] * 3
    assert ask(page, "x.panels[0].model.height") < before
    page.locator("input[data-tt='component 0']").check()
    assert ask(page, "x.panels[0].model.height") == before
    assert page.complaints == []


def test_tabs_of_restarts(tca):
    page = tca
    model = models("labelled")["TCA"]
    tabs = page.get_by_role("tab")
    assert tabs.count() == 2
    best = ask(page, "[...x.panels[0].current[0]]")
    assert best == pytest.approx(model.neuron_factors_[:, 0].tolist(), abs=1e-3)
    tabs.nth(0).focus()
    page.keyboard.press("ArrowRight")
    assert tabs.nth(1).get_attribute("aria-selected") == "true"
    assert ask(page, "x.panels[0].current !== x.panels[0].best")
    tabs.nth(0).click()
    assert ask(page, "x.panels[0].current === x.panels[0].best")
    assert page.complaints == []


def test_keyboard(tca):
    page = tca
    ask(page, "x.point(x.sorted[0], 8)")
    page.locator(".tt-figure").focus()
    page.keyboard.press("ArrowRight")
    assert page.evaluate(POINTED) == ["neuron", 9]
    page.keyboard.press("ArrowRight")
    assert page.evaluate(POINTED) == ["neuron", 0]
    page.keyboard.press("ArrowDown")
    assert page.evaluate(POINTED)[0] == "trial"
    page.locator("input[type=number]").nth(1).fill("5")
    assert page.evaluate(POINTED) == ["trial", 4]


def test_theme(tca):
    page = tca
    label = "x.panels[0].model.below[0].axis_label_text_color"
    light = ask(page, label)
    page.evaluate("trialtensor.setTheme('dark')")
    dark = ask(page, label)
    assert dark != light
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    page.evaluate("trialtensor.setTheme('system')")
    assert ask(page, label) == light
    page.emulate_media(color_scheme="dark")
    page.wait_for_function("() => document.documentElement.dataset.theme === 'dark'")
    assert ask(page, label) == dark
    page.emulate_media(color_scheme="light")
    page.wait_for_function("() => document.documentElement.dataset.theme === 'light'")
    assert page.complaints == []


@pytest.mark.parametrize("width", [400, 1000, 2500])
def test_no_page_scrolls_sideways(width):
    with opened(page_of("CoupledTCA"), width=width) as page:
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        boxes = [each.bounding_box() for each in page.locator(".bk-Figure").all()]
        assert all(box["width"] >= 240 and box["x"] + box["width"] <= width for box in boxes)
        if width == 400:  # below each other
            tops = [box["y"] for box in boxes]
            assert len(set(tops)) == len(tops)


def test_any_labels():
    X = xarray.DataArray(
        data(),
        dims=("trial", "neuron", "time"),
        coords={
            UGLY[0]: ("trial", np.resize(UGLY, 24)),
            "neuron": [f"{UGLY[i % 4]} {i}" for i in range(10)],
            UGLY[1]: ("neuron", np.resize(UGLY, 10)),
            UGLY[3]: ("neuron", np.where(np.arange(10) < 9, np.arange(10.0), np.nan)),
        },
    )
    model = tt.TCA(1, n_init=1, random_state=0).fit(X)
    path = explore(model, X, color_by=UGLY[0], title=UGLY[0]).save(folder() / "ugly.html")
    with opened(path, width=400) as page:
        page.on("dialog", lambda dialog: page.complaints.append(dialog.message))
        for i in range(4):
            ask(page, f"x.point(x.sorted[0], {i})")
            assert UGLY[i][:20] in page.locator(".tt-readout").inner_text()
        assert page.locator("h1").inner_text() == UGLY[0]
        assert page.evaluate("document.documentElement.scrollWidth") <= 400
        assert page.complaints == []


def test_smallest_model():
    """One trial, one neuron, one component, and no data."""
    factors = [np.ones((1, 1)), np.ones((1, 1)), np.arange(3.0)[:, None]]
    path = explore(tt.from_tensorly((None, factors))).save(folder() / "small.html")
    with opened(path) as page:
        page.mouse.move(*figure_at(page, 2))
        page.wait_for_function("() => trialtensor.explorers[0].pointed")
        assert page.evaluate(POINTED) == ["neuron", 0]
        assert page.complaints == []
