"""Labels have one plain form, and one way to be missing."""

import datetime

import numpy as np
import pandas
import pytest
import xarray

from trialtensor.data import as_trial_tensor, check_trial_tensor
from trialtensor.data.labels import complete_labels, labels_alike, plain_labels, unlabelled

DAY = datetime.datetime(2020, 1, 2)
FORMS = {
    "None": ["a", None, "b"],
    "NaN among words": ["a", np.nan, "b"],
    "as NumPy writes it": np.array(["a", np.nan, "b"]),
    "as pandas writes it": np.array(["a", "<NA>", "b"]),
    "NA": np.array(["a", pandas.NA, "b"], object),
    "NaT": np.array(["a", pandas.NaT, "b"], object),
    "empty text": np.array(["a", "", "b"]),
    "spaces": np.array(["a", "  ", "b"]),
    "empty bytes": np.array([b"a", b"", b"b"]),
    "bytes among objects": np.array([b"a", b"", "b"], object),
    "masked text": np.ma.masked_array(["a", "hidden", "b"], [False, True, False]),
    "masked bytes": np.ma.masked_array([b"a", b"hidden", b"b"], [False, True, False]),
    "masked objects": np.ma.masked_array(np.array(["a", 7, "b"], object), [False, True, False]),
    "pandas text": pandas.array(["a", None, "b"], dtype="string"),
    "category": pandas.Categorical(["a", None, "b"]),
    "Series": pandas.Series(["a", None, "b"]),
    "DataArray": xarray.DataArray(np.array(["a", None, "b"], object)),
}


@pytest.mark.parametrize("form", FORMS)
def test_all_ways_to_have_no_label_are_one(form):
    found = plain_labels(FORMS[form])
    assert found.tolist() == ["a", None, "b"]
    assert unlabelled(found).tolist() == [False, True, False]
    assert plain_labels(found).tolist() == found.tolist()
    with pytest.raises(ValueError, match=r"groups: some labels are NaN, .* 1 of 3, .* place 1"):
        complete_labels(FORMS[form], "groups", "neuron needs a dataset")


@pytest.mark.parametrize(
    ("given", "expected", "dtype"),
    [
        (["a", "b"], ["a", "b"], "U"),
        (np.array([b"left", b"right"]), ["left", "right"], "U"),
        (np.array(["é".encode(), b"\xff"]), ["é", "�"], "U"),
        (np.array([1, 2]), [1, 2], "i"),
        (pandas.array([1, 2], dtype="Int64"), [1, 2], "i"),
        (pandas.array([1, None], dtype="Int64"), [1.0, None], "f"),
        (np.ma.masked_array([1, 2], [False, True]), [1.0, None], "f"),
        ([1, 2.5], [1.0, 2.5], "f"),
        ([2**60, None], [str(2**60), None], "O"),
        ([True, False], [True, False], "b"),
        (pandas.array([True, None], dtype="boolean"), [True, None], "O"),
        ([DAY, None], [DAY, None], "M"),
        ([pandas.Timestamp(DAY), pandas.NaT], [DAY, None], "M"),
        ([datetime.timedelta(seconds=3), None], [datetime.timedelta(seconds=3), None], "m"),
        ([1, "a", None], ["1", "a", None], "O"),
        ([None, None], [None, None], "O"),
        ([], [], "O"),
    ],
)
def test_kinds_of_labels(given, expected, dtype):
    found = plain_labels(given)
    assert found.dtype.kind == dtype
    gone = unlabelled(found)
    assert [None if none else each for each, none in zip(found.tolist(), gone, strict=True)] == (
        expected
    )


def test_words_that_only_look_missing_are_labels():
    assert not unlabelled(plain_labels(["None", "none", "NA", "0", "nan1"])).any()


def test_labels_are_compared_one_by_one():
    assert labels_alike(["a", None, "b"], np.array([b"a", b"", b"c"])).tolist() == [
        True,
        True,
        False,
    ]
    assert labels_alike([1.0, np.nan], [1, None]).all()
    assert not labels_alike(["1"], [1]).any()


def test_inputs_are_left_as_they_are():
    given = np.array(["a", None, b"b"], object)
    before = given.copy()
    plain_labels(given)
    assert given.tolist() == before.tolist()
    masked = np.ma.masked_array([1, 2], [False, True])
    plain_labels(masked)
    assert masked.mask.tolist() == [False, True]


def test_coordinates_of_a_tensor_are_plain():
    X = xarray.DataArray(
        np.ones((3, 2, 2)),
        dims=("trial", "neuron", "time"),
        coords={"side": ("trial", np.array([b"l", b"", b"r"])), "area": ("neuron", ["", "V1"])},
    )
    coords = check_trial_tensor(X).coords
    assert coords["side"][1].tolist() == ["l", None, "r"]
    assert coords["area"][1].tolist() == [None, "V1"]
    assert X["side"].dtype.kind == "S", "the user's own array has been changed"
    read = as_trial_tensor(X)["side"].values
    assert read[[0, 2]].tolist() == ["l", "r"]
    assert unlabelled(plain_labels(read)).tolist() == [False, True, False]
