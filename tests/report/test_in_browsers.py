"""Pages as a browser shows them: no error, no request, and everything does what it must."""

import os
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pandas
import pytest
import xarray

import trialtensor as tt
from tests.browsers import READY, chromium
from tests.browsers import opened as open_in_browser
from tests.made_searches import TRIPLES, TYPICAL, made_profile, made_search
from tests.other_kinds import MeanNMF, data, models
from trialtensor.report import Report

WIDTHS = (400, 1000, 1400, 2500)
# Where to keep screenshots, to be looked at.
SHOTS = os.environ.get("TRIALTENSOR_SCREENSHOTS")
SCRIPT, RIGHT_TO_LEFT, LONG = '<script>alert("1")</script>', "מבחן ערב", "long " * 60
WILD = [SCRIPT, "costs $5 and $$6$$", RIGHT_TO_LEFT, LONG, '</script><!--"']
NAMES = (
    *("TCA", "SliceTCA", "Parafac2", "CoupledTCA", "TrialVaryingDynamics", "MeanNMF"),
    *("search", "slices", "tracking", "wild"),
)


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """Every kind of page, by name."""
    chromium()  # without a browser, no page is needed
    folder = tmp_path_factory.mktemp("pages")
    recording = data("labelled")
    tt.write_report(MeanNMF(2).fit(recording), folder / "MeanNMF.html")
    for name, model in models("labelled").items():
        tt.write_report(model, folder / f"{name}.html", X=recording, color_by="phase")
    profile = made_profile(dict.fromkeys(TYPICAL, 0.9))
    tt.write_search_report(made_search(TYPICAL), folder / "search.html", profile=profile)
    tt.write_search_report(made_search(TRIPLES), folder / "slices.html")
    y = np.r_[np.zeros(40), np.ones(40)] + 0.1 * np.random.default_rng(0).normal(size=(2, 80))
    y[0, 3] = np.nan
    labels = [WILD[i // 20] for i in range(80)]
    tt.write_tracking_report(tt.track(y.T, labels=labels), folder / "tracking.html")
    write_wild(folder / "wild.html")
    return folder


def write_wild(path):
    """A page whose every text comes from somebody who means no good."""
    labels = np.array([WILD[i % 5] for i in range(24)], dtype=object)
    X = xarray.DataArray(
        data(),
        dims=("trial", "neuron", "time"),
        coords={SCRIPT: ("trial", labels), "neuron": [f"{WILD[i % 5]}{i}" for i in range(10)]},
    )
    model = tt.TCA(2, n_init=2, random_state=0).fit(X)
    report = Report(model, X=X, color_by=SCRIPT, title=WILD[4], source=RIGHT_TO_LEFT + LONG)
    table = pandas.DataFrame({SCRIPT: WILD, "n": range(5)})
    report.add_section(SCRIPT, ["<p>by hand</p>", table, tt.track(np.arange(30.0))])
    report.write(path)


class Seen:
    """A page in the browser."""

    def __init__(self, page):
        self.page = page

    def ask(self, script, *arguments):
        return self.page.evaluate(script, *arguments)

    def sees(self, selector):
        return self.page.locator(selector).first.is_visible()

    @property
    def paper(self):
        return self.ask(PAPER)

    def turns(self, paper):
        """Whether the page gets this colour; its policy lets no browser wait for a script."""
        for _ in range(100):
            if self.paper == paper:
                return True
            self.page.wait_for_timeout(20)
        return False

    @property
    def complaints(self):
        return self.page.complaints

    def reload(self):
        self.page.reload()
        self.page.wait_for_selector(READY, state="attached")


@pytest.fixture
def opened(written):
    with ExitStack() as pages:

        def go(name, **options):
            path = written / f"{name}.html"
            return Seen(pages.enter_context(open_in_browser(path, **options)))

        yield go


PAPER = "getComputedStyle(document.body).backgroundColor"
LIGHT, DARK = "rgb(255, 255, 255)", "rgb(21, 25, 30)"


@pytest.mark.parametrize("name", NAMES)
def test_every_page(opened, name, tmp_path):
    page = opened(name)
    assert page.sees("figure canvas") or page.sees("figure .bk-Column")
    assert page.sees(".interactive") and not page.sees(".static")
    for scheme, paper in (("light", LIGHT), ("dark", DARK)):
        page.page.emulate_media(color_scheme=scheme)
        assert page.turns(paper)
        for width in WIDTHS if scheme == "light" or SHOTS else ():
            page.page.set_viewport_size({"width": width, "height": 800})
            page.page.wait_for_timeout(400 if SHOTS else 50)
            assert page.ask("document.documentElement.scrollWidth") <= width, width
            if SHOTS:
                shot = Path(SHOTS) / f"{name}_{width}_{scheme}.png"
                page.page.screenshot(path=shot, full_page=True)
    page.page.emulate_media(media="print")
    assert page.sees(".static") and not page.sees(".interactive")
    assert not page.sees("nav") and page.paper == LIGHT
    assert page.complaints == []


def test_the_theme_button(opened):
    page = opened("search")
    page.page.emulate_media(color_scheme="light")
    button = page.page.locator("#theme")
    assert button.inner_text() == "Dark page"
    button.click()
    assert page.paper == DARK and button.inner_text() == "Light page"
    ink = page.ask("Bokeh.documents[0].roots()[0].children[0].title.text_color")
    assert "#d9e1e8" in str(ink)
    page.reload()
    assert page.paper == DARK
    page.page.locator("#theme").click()
    assert page.paper == LIGHT and page.complaints == []


def test_a_browser_that_keeps_nothing(opened):
    page = opened("search")
    page.page.add_init_script(
        "Object.defineProperty(window, 'localStorage', {get() { throw new Error('closed'); }})"
    )
    page.reload()
    before = page.paper
    page.page.locator("#theme").click()
    assert page.paper != before and page.complaints == []


def test_without_scripts_pictures_are_there(opened):
    for name in ("TCA", "tracking"):
        page = opened(name, scripts=False, wait_for=None)
        assert page.sees(".static img") and not page.sees(".interactive")
        assert not page.sees("#theme")


def test_if_drawing_fails_pictures_are_there(opened):
    page = opened("search")
    page.ask("dispatchEvent(new ErrorEvent('error', {message: 'no canvas'}))")
    assert page.sees(".static img") and not page.sees(".interactive")


# The place on the screen of a point of the k-th panel of the first figure.
PLACE = """([k, x, y]) => {
  const view = Bokeh.index.roots[0].child_views[k];
  const box = view.canvas.el.getBoundingClientRect();
  return [box.x + view.frame.x_scale.compute(x), box.y + view.frame.y_scale.compute(y)];
}"""
TOOLTIPS = """() => {
  const texts = [];
  const visit = (root) => {
    for (const each of root.querySelectorAll("*")) {
      if (each.classList.contains("bk-Tooltip") && each.shadowRoot)
        texts.push(each.shadowRoot.textContent);
      if (each.shadowRoot) visit(each.shadowRoot);
    }
  };
  visit(document);
  return texts.join(" ");
}"""


def point_at(page, panel, x, y):
    page.page.locator("figure .interactive").first.scroll_into_view_if_needed()
    page.page.mouse.move(*page.ask(PLACE, [panel, x, y]))
    page.page.wait_for_timeout(200)
    return page.ask(TOOLTIPS)


def test_a_candidate_tells_its_numbers(opened):
    page = opened("search")
    row = made_search(TYPICAL).table_.iloc[0]
    text = point_at(page, 0, 0, row["error"])
    assert f"{row['error']:.4f} ± {row['error_se']:.4f}" in text and "0.90" in text
    assert page.complaints == []


def test_a_trial_tells_its_number_and_its_label(opened):
    page = opened("tracking")
    source = "Bokeh.documents[0].roots()[0].children[1].renderers.filter("
    y = page.ask(source + "r => r.glyph.type == 'Scatter')[0].data_source.data.y[4]")
    text = point_at(page, 1, 4, y)
    assert "trial (counted from 0): 4" in " ".join(text.split()) and SCRIPT in text
    boxes = page.page.locator(".tt-controls input")
    assert boxes.count() == 2 + 4
    boxes.nth(2).uncheck()
    shown = """Bokeh.documents[0].roots()[0].children.map(plot =>
        plot.renderers.filter(each => each.name == "item 2").map(each => each.visible))"""
    assert page.ask(shown) == [[False], [False]]
    assert page.complaints == []


def test_nobody_breaks_a_page(opened):
    page = opened("wild")
    assert page.page.locator("h1").inner_text() == WILD[4]
    assert page.page.locator("main > section").count() == 9
    assert page.page.locator("main td", has_text=SCRIPT).count() >= 1
    assert page.ask("document.scripts.length") == 3
    assert page.ask("getComputedStyle(document.querySelector('h1')).direction") == "ltr"
    policy = page.ask("document.querySelector('meta[http-equiv]').content")
    assert policy.startswith("default-src 'none'") and "unsafe-eval" not in policy
    assert page.complaints == []
