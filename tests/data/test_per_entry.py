"""Labels, values and masks with coordinates of their own go by them."""

import numpy as np
import pandas
import pytest
import xarray

from trialtensor import Parafac2
from trialtensor.data import check_trial_tensor
from trialtensor.data.per_entry import one_each, own_index, trials_first
from trialtensor.selection.components import take_options
from trialtensor.tracking import block_contrasts, relate, template_alignment, track
from trialtensor.tracking.rate_input import check_adaptation

TRIALS = np.array([14, 11, 12, 13])
VALUES = np.array([4, 1, 2, 3])
ORDER = np.array([2, 0, 3, 1])
RNG = np.random.default_rng(0)


def series(values, index):
    return pandas.Series(values, index=index)


def labelled(values, index, dim="trial"):
    return xarray.DataArray(values, dims=dim, coords={dim: index})


@pytest.mark.parametrize("make", [series, labelled])
def test_values_are_put_in_the_order_of_the_data(make):
    given = make(VALUES[ORDER], TRIALS[ORDER])
    assert one_each(given, 4, "labels", along=TRIALS).tolist() == VALUES.tolist()
    # Without a coordinate of the data there is no other order.
    assert one_each(given, 4, "labels").tolist() == VALUES[ORDER].tolist()


@pytest.mark.parametrize("make", [series, labelled])
@pytest.mark.parametrize(
    ("index", "message"),
    [
        ([11, 12, 13], "3 trials, of which 0 are not in the data, and 1 of the 4"),
        ([11, 12, 13, 15], "1 are not in the data, and 1 of the 4"),
        ([11, 12, 13, 13], "and 1 of the 4"),
        ([11, 12, 13, 14, 14], "some occur twice"),
        (["a", "b", "c", "d"], "4 are not in the data"),
    ],
)
def test_other_coordinates_are_refused(make, index, message):
    with pytest.raises(ValueError, match=f"labels: its trial coordinate .*{message}"):
        one_each(make(np.arange(len(index)), index), 4, "labels", along=TRIALS)


def test_duplicates_in_the_same_order_are_no_trouble():
    twice = [1, 1, 2, 2]
    assert one_each(series(VALUES, twice), 4, "labels", along=twice).tolist() == VALUES.tolist()


def test_dates_may_have_two_units():
    days = np.array(["2020-01-04", "2020-01-01", "2020-01-02", "2020-01-03"], "datetime64[us]")
    given = series(VALUES[ORDER], days[ORDER].astype("datetime64[ns]"))
    assert one_each(given, 4, "labels", along=days).tolist() == VALUES.tolist()


@pytest.mark.parametrize("index", [range(4), [0, 1, 2, 3]])
def test_the_numbering_of_pandas_is_no_coordinate(index):
    given = series(VALUES, index)
    assert own_index(given, "trial", "labels") is None
    assert one_each(given, 4, "labels", along=TRIALS).tolist() == VALUES.tolist()


def test_trials_numbered_in_another_order_need_a_coordinate():
    with pytest.raises(ValueError, match="labels: its trials are numbered in another order"):
        one_each(series(VALUES, [3, 0, 1, 2]), 4, "labels")


@pytest.mark.parametrize(
    "given",
    [
        VALUES[:, None],
        VALUES[:, None].tolist(),
        pandas.DataFrame({"block": VALUES}),
        VALUES.tolist(),
    ],
)
def test_columns_are_read(given):
    assert one_each(given, 4, "labels").tolist() == VALUES.tolist()


@pytest.mark.parametrize("given", [VALUES[:3], VALUES.reshape(2, 2), "abcd", [[1], [1, 2]], 3])
def test_other_shapes_are_refused(given):
    with pytest.raises(ValueError, match="labels: expected a value for each of the 4 trials, got"):
        one_each(given, 4, "labels")


def test_values_of_another_axis_are_refused():
    with pytest.raises(ValueError, match="labels: expected values of trials, got those of neurons"):
        one_each(labelled(VALUES, TRIALS, "unit"), 4, "labels", along=TRIALS)


def test_names_of_dimensions_are_known_in_all_their_forms():
    given = xarray.DataArray(
        VALUES[ORDER], dims="epoch", coords={"trial": ("epoch", TRIALS[ORDER])}
    )
    assert one_each(given, 4, "labels", along=TRIALS).tolist() == VALUES.tolist()
    turned = xarray.DataArray(np.ones((2, 4)), dims=("component", "trials"))
    assert trials_first(turned).shape == (4, 2)


X = xarray.DataArray(
    RNG.normal(size=(4, 3, 2)),
    dims=("trial", "neuron", "time"),
    coords={"trial": TRIALS, "neuron": list("abc"), "time": [0.1, 0.2]},
)
MASK = X.copy(data=RNG.random(X.shape) > 0.3)


@pytest.mark.parametrize(
    "turn",
    [
        lambda mask: mask[::-1],
        lambda mask: mask.transpose("time", "trial", "neuron"),
        lambda mask: mask[:, [2, 0, 1], ::-1].transpose("neuron", "time", "trial"),
        lambda mask: mask.rename(trial="epochs", neuron="units")[::-1],
        lambda mask: mask.assign_coords(time=mask["time"] * (1 + 1e-12)),
        lambda mask: mask.drop_vars(["trial", "neuron", "time"]),
    ],
)
@pytest.mark.parametrize("order", [("trial", "neuron", "time"), ("neuron", "time", "trial")])
def test_a_mask_goes_by_its_names_and_coordinates(turn, order):
    found = check_trial_tensor(X.transpose(*order), mask=turn(MASK)).observed
    np.testing.assert_array_equal(found, MASK.values)


@pytest.mark.parametrize(
    ("data", "mask", "message"),
    [
        (X, MASK[:3], "mask: its trial coordinate"),
        (X, MASK.assign_coords(trial=[11, 11, 12, 13]), "mask: its trial coordinate"),
        (X, MASK.assign_coords(neuron=list("abd")), "mask: its neuron coordinate"),
        (X, MASK.assign_coords(time=[0.1, 0.3]), "mask: its time coordinate"),
        (X.values, MASK.assign_coords(trial=[3, 2, 1, 0]), "mask: its trials are numbered"),
    ],
)
def test_a_mask_of_other_entries_is_refused(data, mask, message):
    with pytest.raises(ValueError, match=message):
        check_trial_tensor(data, mask=mask)


def test_tracking_goes_by_coordinates():
    n = 60
    trials, order = np.arange(100, 100 + n), RNG.permutation(n)
    values = np.repeat([0.0, 3.0], n // 2) + RNG.normal(size=n)
    blocks = np.repeat(["a", "b"], n // 2)
    y = series(values, trials)
    expected = block_contrasts(values, blocks).blocks
    for given in (series(blocks[order], trials[order]), labelled(blocks[order], trials[order])):
        pandas.testing.assert_frame_equal(block_contrasts(y, given).blocks, expected)
    other = np.r_[0.0, values[:-1]] + 0.1 * RNG.normal(size=n)
    moved = series(other[order], trials[order])
    few = {"n_null": 19, "n_bootstrap": 20}
    assert relate(y, moved, **few).correlation == relate(values, other, **few).correlation
    schedule = np.r_[np.zeros(5), np.ones(n - 5)]
    # As two_rate_fit and one_rate_fit do first.
    found = check_adaptation(y, series(schedule[order], trials[order]), 4, 0.9)[1]
    np.testing.assert_array_equal(found, schedule)
    with pytest.raises(ValueError, match="behaviour: its trial coordinate"):
        track(y, behaviour=moved[5:])
    tensor = xarray.DataArray(
        RNG.normal(size=(n, 4, 5)), dims=("trial", "neuron", "time"), coords={"trial": trials}
    )
    early, late = blocks == "a", blocks == "b"
    expected = template_alignment(tensor, early, late).shift
    found = template_alignment(tensor, labelled(early[order], trials[order]), late).shift
    np.testing.assert_array_equal(found, expected)


def test_blocks_go_by_coordinates_in_fits_and_in_parts_of_them():
    trials = np.arange(20, 32)
    data = xarray.DataArray(
        RNG.normal(size=(12, 6, 5)), dims=("trial", "neuron", "time"), coords={"trial": trials}
    )
    blocks, order = np.repeat([1, 2, 3], 4), RNG.permutation(12)
    given = series(blocks[order], trials[order])
    model = Parafac2(2, n_init=1, tol=1e-3, random_state=0)
    expected = model.fit(data, blocks=blocks).loss_
    assert model.fit(data, blocks=given).loss_ == expected
    rows = np.array([0, 3, 9])
    kept = take_options({"blocks": given}, model.layout(data, None), rows)["blocks"]
    assert kept.tolist() == blocks[rows].tolist()
