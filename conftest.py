"""What holds for every test and every example in a docstring."""

import sys

import pytest


@pytest.fixture(autouse=True)
def close_figures():
    """Leave no figure open for the next: matplotlib warns of many, and warnings are errors."""
    yield
    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot is not None:
        pyplot.close("all")
