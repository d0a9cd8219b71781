"""Imports run one way."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


def _load_walker():
    # Tests are imported by path, so a neighbour has to be as well.
    spec = importlib.util.spec_from_file_location(
        "import_walker", Path(__file__).with_name("import_walker.py")
    )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


walker = _load_walker()


@pytest.mark.parametrize(
    "module, package, source",
    [pytest.param(*file, id=file[0]) for file in walker.modules(ROOT / "trialtensor")],
)
def test_no_import_runs_back(module, package, source):
    assert walker.violations(source, module, package=package) == []


def test_no_import_circle():
    """Neither at run time, inside functions included, nor for type checkers."""
    files = {name: file for name, *file in walker.modules(ROOT / "trialtensor")}
    del files["trialtensor"]  # its lazy names are followed by no module
    assert walker.circle(files) == []


def test_simulators_import_no_numba():
    for module, package, source in walker.modules(ROOT / "trialtensor_models"):
        names = [name for _, name in walker.imports_of(source, module, package=package)]
        assert not [name for name in names if name.split(".")[0] == "numba"], module


def test_walk_reaches_every_layer():
    found = {walker.layer_of(name) for name, _, _ in walker.modules(ROOT / "trialtensor")}
    assert {"data", "solvers", "kernels", "models", "io", "plotting", "report", "cli"} <= found
    assert found <= set(walker.ALLOWED), "give the new layer its place in import_walker.ALLOWED"


BACKWARDS = {
    "model in a solver": ("trialtensor.solvers.als", "from trialtensor.models.tca import TCA"),
    "model in a solver, as a package": (
        "trialtensor.solvers.als",
        "from trialtensor import models",
    ),
    "by a lazy name": ("trialtensor.solvers.als", "from trialtensor import TCA"),
    "by the whole package": ("trialtensor.solvers.als", "import trialtensor"),
    "by the whole package, beside its version": (
        "trialtensor.solvers.als",
        "import trialtensor\nprint(trialtensor.__version__)\nTCA = trialtensor.TCA",
    ),
    "solver in a kernel": ("trialtensor.kernels.hals", "import trialtensor.solvers.als"),
    "data in a kernel": ("trialtensor.kernels.hals", "import trialtensor.data"),
    "relative": ("trialtensor.solvers.als", "from ..models import tca"),
    "relative, of a package": ("trialtensor.models.tca", "from .. import plotting"),
    "inside a function": ("trialtensor.models.tca", "def f():\n    import trialtensor.report"),
    "for type checkers": (
        "trialtensor.data.axes",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from trialtensor.models import T",
    ),
    "by a string": (
        "trialtensor.plotting.grid",
        "import importlib\nimportlib.import_module('trialtensor.cli')",
    ),
    "anything in data": ("trialtensor.data.axes", "from trialtensor.solvers import als"),
    "plotting in io": ("trialtensor.io.reading", "import trialtensor.plotting"),
    "io in events": ("trialtensor.events.given", "from trialtensor.io import read"),
    "a model in events": ("trialtensor.events.given", "from trialtensor.models import TCA"),
    "events in data": ("trialtensor.data.axes", "from trialtensor.events import Units"),
    "events in a model": ("trialtensor.models.tca", "from trialtensor.events import Units"),
    "io in a model": ("trialtensor.models.tca", "from trialtensor.io import read"),
    "an estimator in its helper": (
        "trialtensor.models.tca.outcome",
        "from trialtensor.models.tca.estimator import TCA",
    ),
    "an estimator in its helper, by its package": (
        "trialtensor.models.tca.outcome",
        "from trialtensor.models.tca import TCA",
    ),
    "the base in a helper": (
        "trialtensor.models.observed",
        "from trialtensor.models.base import TrialEstimator",
    ),
    "another kind in an estimator": (
        "trialtensor.models.tca.estimator",
        "from trialtensor.models.slicetca.estimator import SliceTCA",
    ),
    "numba outside kernels": ("trialtensor.solvers.als", "from numba import njit"),
    "torch": ("trialtensor.models.tca", "def f():\n    import torch.nn"),
    "the simulators": ("trialtensor.models.tca", "import trialtensor_models"),
    "a layer without a place": ("trialtensor.attic.old", "import trialtensor.data"),
}


@pytest.mark.parametrize("module, source", BACKWARDS.values(), ids=BACKWARDS)
def test_walker_sees(module, source):
    assert len(walker.violations(source, module)) == 1


FORWARDS = {
    "torch for --device": ("trialtensor.cli.in_blocks", "def f():\n    import torch"),
    "solver in a model": ("trialtensor.models.tca", "from trialtensor.solvers import als"),
    "own layer": ("trialtensor.models.tca", "from trialtensor.models.observed import Observed"),
    "own layer, relative": ("trialtensor.models.tca", "from .observed import Observed"),
    "the base in an estimator": (
        "trialtensor.models.tca.estimator",
        "from trialtensor.models.base import TrialEstimator",
    ),
    "a helper in its estimator": (
        "trialtensor.models.tca.estimator",
        "from trialtensor.models.tca import outcome, trials",
    ),
    "the version": ("trialtensor.models.tca", "from trialtensor import __version__"),
    "the version, by the package": (
        "trialtensor.io.export",
        "import trialtensor\nprint(trialtensor.__version__)",
    ),
    "others' code": ("trialtensor.data.axes", "import numpy as np\nfrom scipy import linalg"),
    "a name like ours": ("trialtensor.data.axes", "import trialtensorflow"),
    "a kernel in events": ("trialtensor.events.binning", "from trialtensor.kernels import x"),
    "events in io": ("trialtensor.io.reading", "from trialtensor.events import Units"),
    "numba in a kernel": ("trialtensor.kernels.hals", "import numba"),
}


@pytest.mark.parametrize("module, source", FORWARDS.values(), ids=FORWARDS)
def test_walker_lets_through(module, source):
    assert walker.violations(source, module) == []


def test_walker_resolves_relative_imports_of_a_package():
    source = "from .models import tca"
    assert walker.violations(source, "trialtensor.solvers", package=True) == []
    assert walker.violations("from ..models import tca", "trialtensor.solvers", package=True)


def _loaded_by(code: str) -> set[str]:
    """Top-level packages that a fresh process has loaded after ``code``."""
    done = subprocess.run(
        [sys.executable, "-c", f"import sys\n{code}\nprint(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    return {name.split(".")[0] for name in done.stdout.split()}


HEAVY = {"h5py", "matplotlib", "numba", "pandas", "scipy", "sklearn", "tensorly", "torch", "xarray"}


def test_import_loads_nothing_heavy():
    assert _loaded_by("import trialtensor") & (HEAVY | {"numpy"}) == set()


def test_model_loads_nothing_that_it_does_not_need():
    loaded = _loaded_by("import trialtensor; trialtensor.TCA")
    assert "sklearn" in loaded  # the check itself works
    assert loaded & {"matplotlib", "tensorly", "torch"} == set()


def test_checking_a_bare_array_does_not_load_xarray():
    loaded = _loaded_by(
        "import numpy\nfrom trialtensor.data.validation import check_trial_tensor\n"
        "check_trial_tensor(numpy.ones((3, 4, 5)))"
    )
    assert "xarray" not in loaded
