"""The recording bundled with the package."""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import xarray


EXAMPLE_PATH = Path(__file__).with_name("adaptation.nc")


def load_example() -> "xarray.DataArray":
    """Load spike counts of 60 neurons over 200 reaches: baseline, adaptation, washout.

    The recording is simulated (see `trialtensor.data.adaptation`): the cursor is rotated by 30
    degrees during adaptation, and the reach error follows a fast and a slow learning process.

    Returns
    -------
    xarray.DataArray of shape (200, 60, 50), float32
        Spike counts in bins of 20 ms, NaN where a neuron was not tracked (1.9 %). Coordinates:

        - of trials: `phase` ("baseline", "adaptation", "washout"), `trial_in_phase`,
          `target_deg` (eight targets), `error_deg` (the reach error);
        - of neurons: `area` ("M1", "PMd");
        - of times: `time`, seconds from movement onset.

    Examples
    --------
    >>> from trialtensor.data import load_example
    >>> X = load_example()
    >>> X.sizes
    Frozen({'trial': 200, 'neuron': 60, 'time': 50})
    >>> X["phase"].to_numpy()[[0, 100, 199]].tolist()
    ['baseline', 'adaptation', 'washout']
    """
    import xarray

    with xarray.open_dataarray(EXAMPLE_PATH, engine="h5netcdf") as stored:
        return stored.load()
