"""Files that the first format was written in, by the code of that time, still open."""

from pathlib import Path

import numpy as np
import pytest

import trialtensor

FOLDER = Path(__file__).parent / "first_format"


@pytest.fixture(scope="module")
def rebuilt():
    with np.load(FOLDER / "rebuilt.npz") as file:
        return dict(file)


@pytest.mark.parametrize(
    "name", ["tca", "streamed", "slicetca", "parafac2", "ragged", "coupled", "dynamics"]
)
def test_models_of_the_first_format_say_the_same(name, rebuilt, tmp_path):
    model = trialtensor.load(FOLDER / f"{name}.h5")
    expected = {k.split("/")[1]: v for k, v in rebuilt.items() if k.startswith(f"{name}/")}
    found = model.predict(rebuilt["X"]) if name == "dynamics" else model.reconstruct()
    if isinstance(found, list):
        found = {str(i): each for i, each in enumerate(found)}
    found = found if isinstance(found, dict) else {"": found}
    assert list(found) == list(expected)
    for key, values in expected.items():
        np.testing.assert_allclose(found[key], values, rtol=1e-10)
    assert len(model.restarts_) == (0 if name == "streamed" else 2)
    assert model.fitted_.components[0].weight > 0
    # Saved anew, it is a model of the present format.
    model.save(tmp_path / "again.h5")
    again = trialtensor.load(tmp_path / "again.h5")
    assert again.fitted_.n_parameters == model.fitted_.n_parameters
    assert again.stop_reason_ is model.stop_reason_


def test_what_else_is_kept(rebuilt):
    model = trialtensor.load(FOLDER / "tca.h5")
    assert model.coords_["phase"][1].tolist() == list("aabbccdd")
    assert trialtensor.load(FOLDER / "slicetca.h5").fitted_.identified == "subspaces"
    ragged = trialtensor.load(FOLDER / "ragged.h5")
    assert list(ragged.fitted_.blocks) == ["mon", "tue"] and ragged.ragged_ is True
    assert trialtensor.load(FOLDER / "coupled.h5").dataset_names_ == ["m1", "cb"]
    streamed = trialtensor.load(FOLDER / "streamed.h5")
    more = streamed.partial_fit(rebuilt["X"])
    assert more.n_trials_seen_ == 16
