import itertools
import subprocess
import sys
import tracemalloc

import numpy as np
import pytest
import scipy.sparse
import xarray

from trialtensor.data import as_trial_tensor, check_trial_tensor
from trialtensor.data.axes import ALIASES, AXES

SHAPE = (5, 4, 3)


@pytest.fixture
def X():
    return np.random.default_rng(0).normal(size=SHAPE)


# --- dtypes and copies ------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_clean_float_arrays_are_not_copied(X, dtype):
    X = X.astype(dtype)
    checked = check_trial_tensor(X)
    assert np.shares_memory(checked.values, X)
    assert checked.values.dtype == dtype
    assert checked.observed is None
    assert checked.coords == {}


def test_the_values_cannot_be_written_through(X):
    with pytest.raises(ValueError, match="read-only"):
        check_trial_tensor(X).values[0] = 0
    assert X.flags.writeable


@pytest.mark.parametrize(
    ("given", "checked", "labelled"),
    [
        ("float16", "float32", "float32"),
        (">f4", "float32", "float32"),
        (">f8", "float64", "float64"),
        ("longdouble", "float64", "float64"),
        ("uint8", "float64", "uint8"),
        ("int64", "float64", "int64"),
        ("bool", "float64", "bool"),
    ],
)
def test_dtypes(given, checked, labelled):
    X = np.arange(60).reshape(SHAPE).astype(given)
    assert check_trial_tensor(X).values.dtype == checked
    np.testing.assert_array_equal(check_trial_tensor(X).values, X.astype(float))
    assert as_trial_tensor(X).dtype == labelled
    np.testing.assert_array_equal(as_trial_tensor(X), X)


def test_integers_become_float_where_something_is_missing():
    X = np.arange(60, dtype=np.uint8).reshape(SHAPE)
    mask = X != 7
    labelled = as_trial_tensor(X, mask=mask)
    assert labelled.dtype == np.float64
    np.testing.assert_array_equal(labelled.isnull(), ~mask)


def test_values_are_contiguous_for_any_memory_layout(X):
    checked = check_trial_tensor(np.asfortranarray(X))
    assert checked.values.flags.c_contiguous
    np.testing.assert_array_equal(checked.values, X)


def test_nested_lists_are_taken(X):
    np.testing.assert_array_equal(check_trial_tensor(X.tolist()).values, X)


def test_large_finite_values_whose_sum_overflows_are_kept():
    X = np.full(SHAPE, np.finfo(np.float32).max, dtype=np.float32)
    checked = check_trial_tensor(X)
    assert checked.observed is None
    np.testing.assert_array_equal(checked.values, X)


# --- missing entries --------------------------------------------------------------------------


def test_nan_is_missing(X):
    X[0, 1, 2] = X[3] = np.nan
    checked = check_trial_tensor(X)
    np.testing.assert_array_equal(checked.observed, ~np.isnan(X))
    np.testing.assert_array_equal(checked.values, np.nan_to_num(X))
    np.testing.assert_array_equal(as_trial_tensor(X), X)


def test_mask_and_nan_are_joined(X):
    mask = np.ones(SHAPE, dtype=bool)
    mask[1, 1, 1] = False
    X[2, 2, 2] = np.nan
    checked = check_trial_tensor(X, mask=mask)
    assert np.argwhere(~checked.observed).tolist() == [[1, 1, 1], [2, 2, 2]]
    assert checked.values[1, 1, 1] == checked.values[2, 2, 2] == 0


def test_a_mask_without_missing_entries_changes_nothing(X):
    checked = check_trial_tensor(X, mask=np.ones(SHAPE, dtype=bool))
    assert checked.observed is None
    assert np.shares_memory(checked.values, X)


@pytest.mark.parametrize("garbage", [np.inf, -np.inf, np.nan, 1e308])
def test_what_a_masked_entry_holds_does_not_matter(X, garbage):
    mask = np.random.default_rng(1).random(SHAPE) < 0.5
    expected = check_trial_tensor(X, mask=mask)
    X[~mask] = garbage
    checked = check_trial_tensor(X, mask=mask)
    np.testing.assert_array_equal(checked.values, expected.values)
    np.testing.assert_array_equal(checked.observed, expected.observed)
    assert np.isfinite(as_trial_tensor(X, mask=mask).to_numpy()[mask]).all()


def test_empty_slices_are_reported(X):
    X[1] = X[:, 2] = X[:, :, 0] = np.nan
    checked = check_trial_tensor(X)
    assert np.flatnonzero(checked.empty_trials).tolist() == [1]
    assert np.flatnonzero(checked.empty_neurons).tolist() == [2]
    assert np.flatnonzero(checked.empty_times).tolist() == [0]


def test_nothing_is_empty_in_complete_data(X):
    checked = check_trial_tensor(X)
    for empty, n in zip(
        (checked.empty_trials, checked.empty_neurons, checked.empty_times), SHAPE, strict=True
    ):
        assert empty.shape == (n,)
        assert not empty.any()


def test_a_masked_array_is_read_with_its_mask(X):
    masked = np.ma.masked_array(X, mask=X > 0)
    np.testing.assert_array_equal(check_trial_tensor(masked).observed, ~masked.mask)
    both = check_trial_tensor(masked, mask=X < -0.5)
    np.testing.assert_array_equal(both.observed, X < -0.5)


@pytest.mark.parametrize("check", [check_trial_tensor, as_trial_tensor])
@pytest.mark.parametrize("labelled", [False, True])
def test_the_input_is_never_modified(X, check, labelled):
    X[0, 0, 0] = np.nan
    mask = X > -1
    given = xarray.DataArray(X, dims=("roi", "bin", "epoch")) if labelled else X
    before, mask_before = X.copy(), mask.copy()
    check(given, mask=mask)
    np.testing.assert_array_equal(X, before)
    np.testing.assert_array_equal(mask, mask_before)
    assert mask.flags.writeable
    assert not labelled or given.dims == ("roi", "bin", "epoch")


@pytest.mark.parametrize("dtype", [np.float64, np.uint8])
def test_memory_is_one_copy_and_one_mask(dtype):
    X = np.ones((100, 100, 100), dtype=dtype)
    mask = np.ones(X.shape, dtype=bool)
    mask[::2] = False
    if dtype == np.float64:
        X[::3] = np.nan
    tracemalloc.start()
    try:
        checked = check_trial_tensor(X, mask=mask)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 1.05 * (checked.values.nbytes + checked.observed.nbytes)


def test_clean_data_takes_no_memory():
    X = np.ones((100, 100, 100))
    tracemalloc.start()
    try:
        check_trial_tensor(X)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 0.05 * X.nbytes


# --- labelled input ---------------------------------------------------------------------------


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_a_dataarray_is_read_by_name_in_any_order(X, order):
    given = xarray.DataArray(X, dims=AXES).transpose(*(AXES[i] for i in order))
    np.testing.assert_array_equal(check_trial_tensor(given).values, X)
    assert as_trial_tensor(given).dims == AXES


@pytest.mark.parametrize(
    ("alias", "axis"), [(alias, axis) for axis in AXES for alias in ALIASES[axis]]
)
def test_every_alias_is_read(X, alias, axis):
    dims = [alias if dim == axis else dim for dim in AXES]
    given = xarray.DataArray(X, dims=dims, coords={alias: np.arange(SHAPE[AXES.index(axis)])})
    given = given.transpose(*reversed(dims))
    labelled = as_trial_tensor(given)
    assert labelled.dims == AXES
    assert labelled.coords[axis].dims == (axis,)
    checked = check_trial_tensor(given)
    np.testing.assert_array_equal(checked.values, X)
    assert checked.coords[axis][0] == axis


def test_coordinates_are_kept(X):
    given = xarray.DataArray(
        X,
        dims=("epoch", "unit", "bin"),
        coords={
            "bin": [0.0, 0.1, 0.2],
            "phase": ("epoch", list("aabbc")),
            "position": (("epoch", "bin"), np.zeros((5, 3))),
            "animal": "m1",
        },
        attrs={"units": "Hz"},
    )
    checked = check_trial_tensor(given)
    assert set(checked.coords) == {"time", "phase"}
    assert checked.coords["phase"][0] == "trial"
    assert checked.coords["phase"][1].tolist() == list("aabbc")
    assert checked.coords["time"][1].tolist() == [0.0, 0.1, 0.2]
    labelled = as_trial_tensor(given)
    assert set(labelled.coords) == {"time", "phase", "position", "animal"}
    assert labelled.attrs == {"units": "Hz"}


def test_a_coordinate_named_like_the_axis_becomes_its_index(X):
    given = xarray.DataArray(
        X, dims=("epoch", "neuron", "time"), coords={"trial": ("epoch", np.arange(5) + 10)}
    )
    assert check_trial_tensor(given).coords["trial"][1].tolist() == [10, 11, 12, 13, 14]


def test_a_coordinate_that_takes_the_name_of_another_axis_is_refused(X):
    given = xarray.DataArray(
        X, dims=("trial", "neuron", "bin"), coords={"time": ("trial", np.arange(5.0))}
    )
    with pytest.raises(ValueError, match=r"X: dimension 'bin' is read as 'time', but there is a"):
        check_trial_tensor(given)


def test_a_mask_follows_the_order_of_a_dataarray_and_its_own_names(X):
    mask = X > 0
    given = xarray.DataArray(X, dims=AXES).transpose("time", "trial", "neuron")
    by_position = check_trial_tensor(given, mask=mask.transpose(2, 0, 1))
    by_name = check_trial_tensor(given, mask=xarray.DataArray(mask, dims=AXES))
    np.testing.assert_array_equal(by_position.observed, mask)
    np.testing.assert_array_equal(by_name.observed, mask)


def test_axes_say_what_a_bare_array_is(X):
    labelled = as_trial_tensor(
        X.transpose(1, 2, 0), mask=(X > 0).transpose(1, 2, 0), axes=("unit", "time", "epoch")
    )
    assert labelled.dims == AXES
    np.testing.assert_array_equal(labelled, np.where(X > 0, X, np.nan))


def test_axes_overrule_the_names_of_a_dataarray(X):
    given = xarray.DataArray(X.transpose(1, 0, 2), dims=AXES, coords={"neuron": np.arange(5)})
    labelled = as_trial_tensor(given, axes=("neuron", "trial", "time"))
    np.testing.assert_array_equal(labelled, X)
    assert labelled.coords["trial"].to_numpy().tolist() == [0, 1, 2, 3, 4]


def test_bare_arrays_do_not_wait_for_xarray():
    code = (
        "import sys, numpy; from trialtensor.data import check_trial_tensor; "
        "check_trial_tensor(numpy.ones((2, 2, 2))); assert 'xarray' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


# --- refusals ---------------------------------------------------------------------------------

FEWER = [(5,), (5, 4)]
both = pytest.mark.parametrize("check", [check_trial_tensor, as_trial_tensor])


@pytest.mark.parametrize(
    ("check", "shape"),
    [
        *((check, shape) for check in (check_trial_tensor, as_trial_tensor) for shape in FEWER),
        (check_trial_tensor, (5, 4, 3, 2)),
    ],
)
def test_the_number_of_axes(check, shape):
    with pytest.raises(ValueError) as caught:
        check(np.zeros(shape))
    assert str(caught.value) == f"X: expected (n_trials, n_neurons, n_times), got shape {shape}"


@both
def test_the_number_of_dimensions_of_a_dataarray(check, X):
    given = xarray.DataArray(X[0], dims=("unit", "bin"))
    with pytest.raises(ValueError, match=r"got shape \(4, 3\) with dimensions \('unit', 'bin'\)"):
        check(given)


@both
def test_dimension_names(check, X):
    with pytest.raises(ValueError, match=r"'depth' is no axis of a trial tensor; accepted are"):
        check(xarray.DataArray(X, dims=("trial", "depth", "time")))
    with pytest.raises(ValueError, match=r"'unit' and 'cell' both mean the neuron axis"):
        check(xarray.DataArray(X, dims=("trial", "unit", "cell")))


@both
def test_infinite_values_are_counted_and_located(check, X):
    X[1, 2, 0] = np.inf
    X[0] = np.nan
    with pytest.raises(ValueError, match="Y: 1 infinite value, the first at trial 1, neuron 2, "):
        check(X, name="Y")
    X[4, 0, 2] = -np.inf
    with pytest.raises(
        ValueError, match="X: 2 infinite values, the first at trial 1, neuron 2, time 0; set them"
    ):
        check(X)


@both
@pytest.mark.parametrize(
    ("dtype", "needed"),
    [(complex, "real numbers"), ("U3", "numbers"), ("M8[s]", "numbers")],
)
def test_the_dtype(check, dtype, needed):
    with pytest.raises(ValueError, match=rf"X: expected {needed}, got dtype "):
        check(np.zeros(SHAPE).astype(int).astype(dtype))


@both
def test_numbers_that_came_as_objects(check):
    X = np.arange(60.0).reshape(SHAPE)
    X[1, 2, 0] = np.nan
    objects = X.astype(object)
    found = check(objects)
    np.testing.assert_array_equal(
        found.to_numpy() if check is as_trial_tensor else found.values,
        X if check is as_trial_tensor else np.nan_to_num(X),
    )
    objects[0, 0, 0] = {"no": "number"}
    for error in (ValueError, TypeError):
        with pytest.raises(error, match=r"X: expected numbers, got an object array .*'dict'"):
            check(objects)


@both
def test_sparse_input(check):
    with pytest.raises(
        ValueError, match=r"X: is a sparse matrix \(csr_array\), .* pass X.toarray\(\)"
    ):
        check(scipy.sparse.csr_array(np.eye(3)))


@both
def test_the_mask(check, X):
    with pytest.raises(ValueError, match=r"mask: expected the shape of X, \(5, 4, 3\), got \(5, 4"):
        check(X, mask=np.ones((5, 4), dtype=bool))
    with pytest.raises(ValueError, match=r"mask: expected booleans .* got dtype int64"):
        check(X, mask=np.ones(SHAPE, dtype=np.int64))
    turned = xarray.DataArray(np.ones((3, 4, 5), dtype=bool), dims=AXES)
    with pytest.raises(ValueError, match=r"mask: expected the shape of X, \(5, 4, 3\), got \(3, 4"):
        check(X, mask=turned)


@both
@pytest.mark.parametrize(("shape", "axis"), [((0, 4, 3), "trial"), ((5, 4, 0), "time")])
def test_an_axis_of_length_zero(check, shape, axis):
    with pytest.raises(ValueError, match=rf"X: the {axis} axis has length 0, got \(n_trials"):
        check(np.zeros(shape))


@both
def test_nothing_observed(check, X):
    with pytest.raises(ValueError, match=r"X: all 60 entries are missing \(NaN, or False in mask"):
        check(np.full(SHAPE, np.nan))
    with pytest.raises(ValueError, match="X: all 60 entries are missing"):
        check(X, mask=np.zeros(SHAPE, dtype=bool))


@both
def test_ragged_lists(check):
    with pytest.raises(ValueError, match=r"unequal length; pad the shorter ones with NaN"):
        check([[[1.0, 2.0]], [[1.0]]])


@both
def test_a_dataset(check, X):
    with pytest.raises(
        ValueError, match=r"X: expected one variable, got a Dataset; pick one of \["
    ):
        check(xarray.Dataset({"rates": (AXES, X)}))


def test_wrong_axes_argument(X):
    with pytest.raises(ValueError, match=r"axes: 'depth' is no axis of a trial tensor"):
        as_trial_tensor(X, axes=("trial", "depth", "time"))
    with pytest.raises(ValueError, match="axes: expected three axis names"):
        as_trial_tensor(X, axes=("trial", "time"))


@pytest.mark.parametrize("by_mask", [False, True])
def test_missing_values_can_stay_as_they_are(by_mask):
    X = np.arange(24.0).reshape(2, 3, 4)
    X[0, 1, 2] = np.inf if by_mask else np.nan
    mask = np.isfinite(X) if by_mask else None
    checked = check_trial_tensor(X, mask=mask, fill=False)
    assert np.shares_memory(checked.values, X) and not checked.values.flags.writeable
    np.testing.assert_array_equal(checked.observed, np.isfinite(X))
    X[1, 0, 0] = np.inf
    with pytest.raises(ValueError, match="1 infinite value, the first at trial 1"):
        check_trial_tensor(X, mask=mask, fill=False)
