"""Settings that hold for every test, and the recordings that some of them read."""

import os
import warnings

# Before anything imports numpy: libraries read these once.
for _name in (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "NUMBA_NUM_THREADS",
):
    os.environ.setdefault(_name, "1")
os.environ.setdefault("MPLBACKEND", "Agg")

from pathlib import Path  # noqa: E402

import pytest  # noqa: E402
from hypothesis import settings  # noqa: E402

# No deadline: the first call of a kernel compiles it. "ci" tries the same examples every time.
settings.register_profile("default", deadline=None, max_examples=25)
settings.register_profile("ci", deadline=None, max_examples=25, derandomize=True, database=None)
settings.load_profile(
    os.environ.get("HYPOTHESIS_PROFILE", "ci" if os.environ.get("CI") else "default")
)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of the recordings; they have licences of their own, so the repository lacks them."""
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    folder = Path(os.environ.get("TRIALTENSOR_DATA", beside))
    if not folder.is_dir():
        pytest.skip(f"no recordings in {folder}; TRIALTENSOR_DATA says where they are")
    return folder


@pytest.fixture(scope="session")
def labelled_model():
    """Two components, eight directions, two areas, missing trial 3 and neuron 5."""
    from trialtensor.data import make_tca
    from trialtensor.models import TCA

    X = make_tca(n_trials=40, n_neurons=12, n_times=15, n_components=2, random_state=0).X
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return TCA(2, n_init=3, random_state=0).fit(_labelled(X))


@pytest.fixture(scope="session")
def sliced_model():
    """SliceTCA with two, three and one component of the same recording as `labelled_model`."""
    from trialtensor.data import make_slicetca
    from trialtensor.models import SliceTCA

    X = make_slicetca(40, 12, 15, (2, 3, 1), snr=5.0, random_state=0).X
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return SliceTCA((2, 3, 1), n_init=3, random_state=0).fit(_labelled(X))


def _labelled(X):
    import numpy as np
    import xarray

    X = X.copy()
    X[3] = np.nan
    X[:, 5] = np.nan
    return xarray.DataArray(
        X,
        dims=("trial", "neuron", "time"),
        coords={
            "direction_deg": ("trial", 45.0 * (np.arange(40) % 8)),
            "phase": ("trial", np.repeat(["baseline", "washout"], 20)),
            "area": ("neuron", np.tile(["M1", "PMd"], 6)),
            "time": np.linspace(-0.2, 0.5, 15),
        },
    )
