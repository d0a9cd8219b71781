"""What a new installation must do with its core dependencies alone.

``make test-wheel`` runs this file, outside the working tree, against a wheel that was installed
into an empty environment with pytest and nothing else.
"""

import importlib.resources
import importlib.util
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import trialtensor as tt

X = tt.make_tca(12, 8, 10, 2, random_state=0).X
KINDS = [
    tt.TCA(2, random_state=0),
    tt.TCA(2, nonnegative=True, random_state=0),
    tt.SliceTCA((1, 1, 0), random_state=0),
    tt.TrialVaryingDynamics(2, random_state=0),
]


def command(name, *words):
    """Run an entry point of the environment that runs the tests."""
    found = shutil.which(name, path=str(Path(sys.executable).parent))
    assert found, f"{name} isn't beside {sys.executable}"
    return subprocess.run([found, *words], capture_output=True, text=True, check=True).stdout


def test_commands_start():
    assert tt.__version__ in command("trialtensor", "--version")
    assert "--output" in command("trialtensor", "demo", "--help")
    assert "Usage" in command("trialtensor-models", "--help")


@pytest.mark.filterwarnings("ignore::UserWarning")  # advice on fits as small as these
@pytest.mark.parametrize("model", KINDS, ids=lambda model: type(model).__name__)
def test_a_model_is_fitted_saved_loaded_drawn_and_reported(model, tmp_path):
    fitted = model.fit(np.maximum(X, 0) if getattr(model, "nonnegative", False) else X)
    fitted.save(tmp_path / "model.h5")
    again = tt.load(tmp_path / "model.h5")
    np.testing.assert_array_equal(again.reconstruct(), fitted.reconstruct())
    tt.write_report(again, tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert page.rstrip().endswith("</html>") and type(model).__name__ in page


def test_a_tensor_file_goes_through_the_command(tmp_path):
    np.savez(tmp_path / "recording.npz", counts=X)
    command(
        "trialtensor", "fit", str(tmp_path / "recording.npz"), "--components", "2",
        "-o", str(tmp_path / "out"),
    )  # fmt: skip
    assert {"model.h5", "report.html", "summary.json"} <= {
        path.name for path in (tmp_path / "out").iterdir()
    }


def test_the_example_and_the_types_are_packaged():
    assert tt.load_example().dims == ("trial", "neuron", "time")
    for package in ("trialtensor", "trialtensor_models"):
        assert (importlib.resources.files(package) / "py.typed").is_file()


def test_every_public_name_is_there():
    assert all(hasattr(tt, name) for name in tt.__all__)


@pytest.mark.skipif(importlib.util.find_spec("zarr") is not None, reason="zarr is installed")
def test_what_is_not_installed_is_named_with_its_extra(tmp_path):
    array = tmp_path / "x.zarr" / "counts"
    array.mkdir(parents=True)
    (tmp_path / "x.zarr" / ".zgroup").write_text('{"zarr_format": 2}')
    about = {"shape": [4, 3, 2], "chunks": [4, 3, 2], "dtype": "<f8", "order": "C"}
    about |= {"zarr_format": 2, "compressor": None, "fill_value": 0, "filters": None}
    (array / ".zarray").write_text(json.dumps(about))
    with pytest.raises(ValueError, match=re.escape("pip install trialtensor[zarr]")):
        tt.read(tmp_path / "x.zarr")
