"""The site as it is built: names, links, no requests, no page that scrolls sideways."""

import inspect
import os

import pytest

from tests.browsers import opened
from tests.docs import site as built

if not os.environ.get("CI"):
    pytest.importorskip("sphinx_gallery")

import commands
import public
from attributes import documented

NAMES = public.public_names()


def page_of(name, pages):
    """Return the page of the reference that describes a name."""
    found = [
        page
        for path, page in pages.items()
        if path.parent.name == "reference" and name in page.objects and path.stem.startswith(name)
    ]
    assert len(found) == 1, f"{name} is described on {len(found)} pages"
    return found[0]


def test_the_build_warns_of_nothing(site):
    _, done = site
    assert (done.returncode, done.stderr) == (0, "")


def test_every_public_name_has_a_page(pages):
    assert len(NAMES) > 250
    for name in NAMES:
        page_of(name, pages)


def test_attributes_have_the_names_of_the_objects(pages):
    checked = 0
    for name in NAMES:
        obj = public.find(name)
        if inspect.isclass(obj):
            objects = page_of(name, pages).objects
            shown = [
                each.removeprefix(f"{name}.")
                for each, kind in objects.items()
                if kind.startswith("py attribute")
            ]
            expected = documented(inspect.getdoc(obj) or "")
            assert sorted(shown) == sorted(expected), name
            checked += len(expected)
    assert checked > 300


def test_names_keep_their_underscores(pages):
    text = page_of("trialtensor.TCA", pages).text
    for name in ("trial_factors_", "explained_variance_ratio_", "loss_"):
        assert name in text.split() or f"{name}#" in text


def test_types_are_as_written(pages):
    text = page_of("trialtensor.TCA", pages).text
    assert '{"svd", "random"}, one array an axis, CPTensor or fitted TCA, default "svd"' in text
    assert "bool or iterable of {" in text


def test_every_command_and_option_has_its_place(pages):
    by_stem = {path.stem: page for path, page in pages.items() if path.parent.name == "commands"}
    for program in commands.PROGRAMS:
        for words, command in commands.tree(program):
            text = " ".join(by_stem[words.replace(" ", "-")].text.split())
            usage, arguments, options = commands.parameters(words, command)
            assert usage in text
            for name, said in [*arguments, *options]:
                assert name in text, (words, name)
                assert " ".join(said.replace("`", "").split()) in text, (words, name)


def test_links_lead_somewhere(pages):
    assert {str(path): lost for path in pages if (lost := built.broken(pages[path], pages))} == {}


def test_links_to_elsewhere_are_secure(pages):
    """They are listed where one fails, and not visited."""
    away = {link for page in pages.values() for link in page.links if built.is_external(link)}
    assert [link for link in sorted(away) if not link.startswith(("https://", "mailto:"))] == []


def test_pages_load_nothing_from_elsewhere(pages):
    assert {str(path): away for path in pages if (away := built.outside(pages[path]))} == {}
    assert any("mathjax" in each for page in pages.values() for each in page.loads)


@pytest.fixture(scope="module")
def phone(site):
    """A page of 400 pixels without a network; `complaints` has all that went wrong in it."""
    with opened(site[0] / "index.html", width=400, wait_for="footer") as page:
        yield page


def test_no_page_scrolls_sideways_on_a_phone(pages, phone):
    """Nor does any ask for something, or fail. Of the reference, one page in ten."""
    reference = [path for path in pages if path.parent.name == "reference"]
    shown = [path for path in pages if path not in reference] + reference[::10]
    wide = {}
    for path in shown:
        phone.goto(path.as_uri())
        phone.evaluate("window.MathJax?.startup?.promise")
        width = phone.evaluate("document.documentElement.scrollWidth")
        if width > 400:
            wide[path.name] = width
    assert wide == {}
    assert phone.complaints == []


def test_formulas_are_drawn(site, phone):
    phone.goto((site[0] / "guide" / "tca.html").as_uri())
    phone.wait_for_selector("mjx-container", state="attached")
    assert phone.locator("mjx-container").count() > 5
    assert phone.locator("mjx-merror").count() == 0


def test_search_finds_an_attribute(site, phone):
    phone.goto((site[0] / "search.html").as_uri() + "?q=trial_factors_")
    phone.wait_for_selector("#search-results li")
    assert "TCA" in phone.inner_text("#search-results")
    assert phone.complaints == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_dark_mode_follows_the_system(site, theme):
    with opened(site[0] / "index.html", theme=theme, wait_for="footer") as page:
        colour = page.evaluate("getComputedStyle(document.body).backgroundColor")
    light = sum(map(int, colour[colour.index("(") + 1 : -1].split(",")[:3])) > 384
    assert light == (theme == "light")
