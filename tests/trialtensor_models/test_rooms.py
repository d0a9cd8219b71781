"""Imports of the simulators run one way: between rooms, and between the files of a room."""

import importlib.util
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

# Each room and what it may import; a room stands below those that import it.
ROOMS = {
    "tasks": set(),
    "plants": set(),
    "network": {"tasks"},
    "plasticity": {"tasks", "plants", "network"},
    "sessions": {"tasks", "plants", "network", "plasticity"},
    "circuit": {"tasks", "sessions"},
    "rates": {"sessions"},
    "simulators": {"tasks", "plants", "network", "sessions"},
    "testing": {"tasks", "plants", "network", "sessions", "simulators"},
    "analysis": {"sessions", "rates"},
    "recovery": {"tasks", "network", "sessions", "rates", "analysis"},
    "training": {"tasks", "plants", "network", "sessions", "circuit"},
    "phenomena": {"tasks", "plants", "network", "sessions", "rates"},
    "experiments": {
        *("tasks", "network", "sessions", "circuit", "rates", "analysis"),
        *("training", "phenomena"),
    },
    "cli": {
        *("tasks", "plants", "network", "sessions", "rates", "simulators", "circuit"),
        *("analysis", "recovery", "training", "phenomena", "experiments"),
    },
    # The public names.
    "": {"tasks", "plants", "network", "sessions", "rates", "simulators", "circuit"},
}


def _load_walker():
    # Tests are imported by path, so the walker has to be as well.
    spec = importlib.util.spec_from_file_location(
        "import_walker", ROOT / "tests" / "import_walker.py"
    )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


walker = _load_walker()
FILES = {name: file for name, *file in walker.modules(ROOT / "trialtensor_models")}


def room_of(module):
    """``trialtensor_models.network.wiring`` -> network, ``trialtensor_models`` -> nothing."""
    return ".".join(module.split(".")[1:2])


def backward(files):
    """Imports that the table of rooms doesn't allow, one readable line each."""
    return [
        f"{name} imports {target}"
        for name, file in files.items()
        for target in walker.imported(name, *file, files)
        if room_of(target) != room_of(name) and room_of(target) not in ROOMS[room_of(name)]
    ]


def test_rooms_stand_in_the_order_of_the_table():
    order = list(ROOMS)
    for room, below in ROOMS.items():
        assert all(order.index(other) < order.index(room) for other in below), room


def test_every_room_has_its_place():
    assert {room_of(name) for name in FILES} == set(ROOMS)


def test_rooms_import_only_those_below():
    assert backward(FILES) == []


def test_no_import_circle():
    assert walker.circle(FILES) == []


def test_rooms_name_what_they_offer():
    for name, (package, source) in FILES.items():
        if package and room_of(name) not in ("experiments", "training"):  # scripts
            assert "__all__" in source, name


def made(**sources):
    """Files of a package, by their module and source."""
    files = {f"trialtensor_models.{name.replace('__', '.')}": s for name, s in sources.items()}
    return {"trialtensor_models": [True, ""], **{name: [False, s] for name, s in files.items()}}


LATER = {
    "plain": "from trialtensor_models.network.b import B",
    "of a module": "import trialtensor_models.network.b",
    "relative": "from . import b",
    "inside a function": "def f():\n    from trialtensor_models.network.b import B",
    "for type checkers": (
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from .b import B"
    ),
    "by a string": "import importlib\nimportlib.import_module('trialtensor_models.network.b')",
}


@pytest.mark.parametrize("source", LATER.values(), ids=LATER)
def test_circles_are_seen(source):
    back = "from trialtensor_models.network.a import A"
    assert (
        len(walker.circle(made(network__a=source, network__b=back))) == 3
    )  # back where it started
    assert walker.circle(made(network__a=source, network__b="import numpy")) == []


def test_backward_imports_are_seen():
    upward = made(network__a="from trialtensor_models.sessions.run import Run", sessions__run="")
    assert backward(upward) == [
        "trialtensor_models.network.a imports trialtensor_models.sessions.run"
    ]
    by_public_name = made(network__a="from trialtensor_models import Run")
    assert backward(by_public_name) == ["trialtensor_models.network.a imports trialtensor_models"]
    downward = made(sessions__run="from trialtensor_models.network.a import A", network__a="")
    assert backward(downward) == []
