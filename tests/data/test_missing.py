"""Numbers with something missing, in any form."""

import numpy as np
import pandas
import pytest

from trialtensor.data import as_trial_tensor, check_trial_tensor, transform_values
from trialtensor.data.arrays import as_floats, whole, with_nan
from trialtensor.data.missing import as_array

MASK = [False, True, False]


@pytest.mark.parametrize(
    "given",
    [
        [1, None, 3],
        [1.0, np.nan, 3.0],
        np.ma.masked_array([1, -999, 3], MASK),
        np.ma.masked_array(np.array([1, "hidden", 3], object), MASK),
        pandas.array([1, None, 3], dtype="Int64"),
        pandas.Series([1, None, 3], dtype="Float64"),
        [1, np.ma.masked, 3],
    ],
)
def test_missing_is_nan(given):
    np.testing.assert_array_equal(as_floats(given, "values"), [1, np.nan, 3])


def test_a_frame_and_lists_of_masked_arrays():
    frame = pandas.DataFrame({"a": pandas.array([1, None], dtype="Int64"), "b": [3.0, 4.0]})
    np.testing.assert_array_equal(as_floats(frame, "values"), [[1, 3], [np.nan, 4]])
    rows = [np.ma.masked_array([1, 2], [False, True]), np.ma.masked_array([3, 4], [True, False])]
    np.testing.assert_array_equal(as_floats(rows, "values"), [[1, np.nan], [np.nan, 4]])
    np.testing.assert_array_equal(as_floats([rows, rows], "v")[1], [[1, np.nan], [np.nan, 4]])
    assert as_array([rows, rows]).mask.sum() == 4


def test_precision_is_kept_where_asked():
    single = np.ones(3, np.float32)
    assert as_floats(single, "values", None) is single
    assert as_floats(np.ma.masked_array(single, MASK), "values", None).dtype == np.float32
    assert as_floats(np.ones(3, int), "values", None).dtype == np.float64


def test_integers_stay_where_nothing_is_masked():
    assert with_nan(np.ma.masked_array([1, 2], False), "X").dtype.kind == "f"
    assert with_nan(np.array([1, 2]), "X").dtype.kind == "i"


@pytest.mark.parametrize("given", [["a"], np.array([1 + 2j]), {"a": 1}, "abc"])
def test_what_is_no_number_is_refused(given):
    with pytest.raises(ValueError, match=r"^values: expected (real )?numbers"):
        as_floats(given, "values")


def test_whole_arrays_are_plain():
    found = whole(np.ma.masked_array([1, 2], False), "early")
    assert type(found) is np.ndarray
    with pytest.raises(ValueError, match="early: 2 of 3 entries are masked"):
        whole(np.ma.masked_array([1, 2, 3], [True, True, False]), "early")


@pytest.mark.parametrize("form", ["masked", "list of masked", "objects"])
def test_a_tensor_in_any_form(form):
    rng = np.random.default_rng(0)
    values = rng.integers(0, 9, (5, 4, 3))
    gone = rng.random(values.shape) < 0.2
    nan = np.where(gone, np.nan, values)
    masked = np.ma.masked_array(np.where(gone, -99, values), gone)
    given = {
        "masked": masked,
        "list of masked": [[*trial] for trial in masked],
        "objects": np.where(gone, None, values.astype(object)),
    }[form]
    np.testing.assert_array_equal(as_trial_tensor(given), nan)
    np.testing.assert_array_equal(transform_values(given, "sqrt"), np.sqrt(nan))
    np.testing.assert_array_equal(check_trial_tensor(given).observed, ~gone)


def test_a_masked_entry_of_a_mask_is_not_observed():
    X = np.ones((4, 3, 2))
    mask = np.ones(X.shape, bool)
    hidden = np.zeros(X.shape, bool)
    hidden[0, 1] = True
    found = check_trial_tensor(X, mask=np.ma.masked_array(mask, hidden))
    np.testing.assert_array_equal(found.observed, ~hidden)
