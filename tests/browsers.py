"""Pages in a real browser: one headless Chromium for all tests of a process."""

import atexit
import os
import shutil
from contextlib import contextmanager
from functools import cache

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome")
READY = "html[data-trialtensor=ready]"


def missing(reason):
    """Skip, but not where all tests are meant to run."""
    if os.environ.get("CI"):
        pytest.fail(f"{reason}; CI has to have one")
    pytest.skip(reason)


@cache
def chromium():
    """The browser, started once: that of the system, or Playwright's own."""
    try:
        from playwright.sync_api import Error, sync_playwright
    except ImportError:
        missing("no Playwright, so that no page can be opened")
    path = next((found for name in NAMES if (found := shutil.which(name))), None)
    driver = sync_playwright().start()
    try:
        browser = driver.chromium.launch(executable_path=path, args=["--no-sandbox"])
    except Error as error:
        driver.stop()
        missing(f"no browser, so that no page can be opened: {str(error).splitlines()[0]}")
    atexit.register(_close, browser, driver)
    return browser


def _close(browser, driver):
    browser.close()
    driver.stop()


@contextmanager
def opened(path, *, width=1000, height=800, theme="light", wait_for=READY, scripts=True):
    """Open a page without a network; nothing that it complains of, or asks for, goes unseen.

    ``page.complaints`` lists errors and warnings of the console, errors of scripts, and requests.
    """
    context = chromium().new_context(
        viewport={"width": width, "height": height},
        color_scheme=theme,
        offline=True,
        java_script_enabled=scripts,
    )
    page = context.new_page()
    page.complaints = []
    page.on("console", lambda m: _note(page, m.type in ("error", "warning"), m.text))
    page.on("pageerror", lambda error: _note(page, True, str(error)))
    page.on("request", lambda r: _note(page, r.url.startswith(("http", "ws")), r.url))
    try:
        page.goto(path.as_uri() if hasattr(path, "as_uri") else str(path))
        if wait_for:
            page.wait_for_selector(wait_for, timeout=30_000, state="attached")
        yield page
    finally:
        context.close()


def _note(page, bad, text):
    if bad:
        page.complaints.append(text)
