"""Names and order of axes, of tensors with more than three."""

import numpy as np
import pytest
import xarray

from trialtensor.data import as_trial_tensor, check_trial_tensor
from trialtensor.data.more_axes import assumed_axes, name_axes, ordered_axes

ECOG = ("epoch", "channel", "frequency", "time")


def test_other_names_are_axes_of_their_own():
    assert name_axes(ECOG) == ("trial", "neuron", "frequency", "time")
    assert name_axes("trial,x,y,z,t") == ("trial", "x", "y", "z", "time")
    assert name_axes(["unit", "bin", "epoch"]) == ("neuron", "time", "trial")


def test_of_two_names_for_an_axis_the_axis_is_the_one_that_is_called_so():
    assert name_axes(["trial", "neuron", "bin", "time"]) == ("trial", "neuron", "bin", "time")
    with pytest.raises(ValueError, match="'roi' and 'cell' both mean the neuron axis; rename one"):
        name_axes(["trial", "roi", "cell", "time"])
    with pytest.raises(ValueError, match="both mean the band axis"):
        name_axes(["trial", "band", "band", "time"])


def test_trials_are_needed():
    with pytest.raises(ValueError, match=r"none of the axes .* is called trial; accepted are"):
        name_axes(["a", "b", "c", "d"])


@pytest.mark.parametrize("name", ["frequency (Hz)", "component", "dataset", "2"])
def test_names_become_attributes(name):
    with pytest.raises(ValueError, match="can't be the name of an axis"):
        name_axes(["trial", "neuron", name, "time"])


def test_trials_and_neurons_come_first_and_time_last():
    assert ordered_axes(["time", "y", "neuron", "x", "trial"]) == (
        *("trial", "neuron", "y", "x", "time"),
    )
    assert assumed_axes(3) == ("trial", "neuron", "time")
    assert assumed_axes(5) == ("trial", "neuron", "axis2", "axis3", "time")


def test_arrays_are_labelled_by_the_axes_that_they_are_said_to_have():
    X = np.arange(120.0).reshape(2, 3, 4, 5)
    labelled = as_trial_tensor(X, axes="frequency,time,channel,trial")
    assert labelled.dims == ("trial", "neuron", "frequency", "time")
    np.testing.assert_array_equal(labelled, X.transpose(3, 2, 0, 1))
    assert as_trial_tensor(X).dims == ("trial", "neuron", "axis2", "time")
    with pytest.raises(ValueError, match="axes: X has 4 axes, got 3 names"):
        as_trial_tensor(X, axes="trial,neuron,time")


def test_a_checked_tensor_has_what_is_missing_by_axis():
    X = np.ones((4, 3, 2, 5))
    X[:, :, 1], X[3] = np.nan, np.nan
    given = xarray.DataArray(X, dims=ECOG).transpose("time", "frequency", "epoch", "channel")
    checked = check_trial_tensor(given, many=True)
    assert checked.axes == ("trial", "neuron", "frequency", "time")
    assert [np.flatnonzero(each).tolist() for each in checked.empty] == [[3], [], [1], []]
    assert checked.values.shape == X.shape and checked.values.sum() == 3 * 3 * 5


def test_a_mask_goes_by_names_too():
    X = xarray.DataArray(np.ones((4, 3, 2, 5)), dims=ECOG)
    seen = xarray.DataArray(np.ones((5, 2, 3, 4), bool), dims=ECOG[::-1])
    seen[0, 1, 2, 3] = False
    observed = check_trial_tensor(X, mask=seen, many=True).observed
    assert np.argwhere(~observed).tolist() == [[3, 2, 1, 0]]
    with pytest.raises(ValueError, match="mask: expected the axes of X"):
        check_trial_tensor(X, mask=seen.rename(frequency="band"), many=True)


def test_infinite_values_are_found_by_axis():
    X = np.ones((4, 3, 2, 5))
    X[1, 2, 0, 3] = np.inf
    with pytest.raises(ValueError, match="the first at trial 1, neuron 2, axis2 0, time 3"):
        check_trial_tensor(X, many=True)
