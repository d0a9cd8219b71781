"""What ``import trialtensor`` offers."""

import importlib
import re
from pathlib import Path

import pytest

import trialtensor


@pytest.mark.parametrize("name", trialtensor.__all__)
def test_name_exists(name):
    assert getattr(trialtensor, name) is not None


@pytest.mark.parametrize("name", trialtensor._NAMES)
def test_name_is_the_one_of_its_layer(name):
    layer = importlib.import_module(f"trialtensor.{trialtensor._NAMES[name]}")
    assert getattr(trialtensor, name) is getattr(layer, name)
    assert name in layer.__all__


def test_all_lists_every_lazy_name_once():
    expected = {*trialtensor._NAMES, *trialtensor._SUBMODULES, "__version__"}
    assert set(trialtensor.__all__) == expected
    assert len(trialtensor.__all__) == len(expected)


def test_dir_lists_public_names_before_they_are_used():
    assert set(trialtensor.__all__) <= set(dir(trialtensor))


def test_unknown_name():
    with pytest.raises(AttributeError, match=r"module 'trialtensor' has no attribute 'TAC'"):
        trialtensor.TAC  # noqa: B018


def test_public_things_are_documented():
    for name in trialtensor._NAMES:
        assert getattr(trialtensor, name).__doc__, name


def test_version():
    assert re.fullmatch(r"\d+\.\d+\.\d+", trialtensor.__version__)


def test_marked_as_typed():
    assert (Path(trialtensor.__file__).parent / "py.typed").is_file()
