"""The component figure of data with four axes."""

import numpy as np
import pytest

from trialtensor import TCA
from trialtensor.data import as_trial_tensor
from trialtensor.plotting import plot_factors

X = np.random.default_rng(0).random((12, 5, 4, 9))


def drawn(**coords):
    labelled = as_trial_tensor(X, axes="trial,channel,frequency,time").assign_coords(coords)
    model = TCA(2, n_init=2, random_state=0).fit(labelled)
    return model, plot_factors(model)


def test_every_axis_has_a_panel_trials_last():
    model, axes = drawn()
    titles = [ax.get_title(loc="left") for ax in axes[0]]
    assert titles == [f"{axis} factors" for axis in ("Neuron", "Frequency", "Time", "Trial")]
    line = axes[1, 1].lines[-1]
    np.testing.assert_array_equal(line.get_ydata(), model.frequency_factors_[:, 1])


@pytest.mark.parametrize(
    ("values", "places", "labels"),
    [
        ([10.0, 20.0, 30.0, 40.0], [10, 20, 30, 40], None),
        ([4.0, 8.0, 16.0, 32.0], [0, 1, 2, 3], ["4", "8", "16", "32"]),
        (["delta", "theta", "beta", "gamma"], [0, 1, 2, 3], ["delta", "theta", "beta", "gamma"]),
    ],
)
def test_a_coordinate_places_its_entries(values, places, labels):
    _, axes = drawn(frequency=values)
    assert axes[0, 1].lines[-1].get_xdata().tolist() == places
    assert axes[1, 1].get_xlabel() == "frequency"
    if labels is not None:
        assert [text.get_text() for text in axes[1, 1].get_xticklabels()] == labels
