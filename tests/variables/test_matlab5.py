"""Files of version 5 are parsed to what SciPy reads from them, value by value."""

import numpy as np
import pytest
import scipy.io
import scipy.sparse

from trialtensor.opening.guard import RefusedError
from trialtensor.variables.matlab5_parsing import values_of
from trialtensor.variables.matlab_values import Cells, Numbers, Struct, Text, Unread

RNG = np.random.default_rng(0)


def cells(values, shape):
    found = np.empty(len(values), dtype=object)
    found[:] = values
    return found.reshape(shape)


RECORDS = np.zeros((2, 3), dtype=[("a", object), ("name", object)])
for _place in np.ndindex(2, 3):
    RECORDS[_place] = (RNG.normal(size=_place), f"unit {_place}")
VARIABLES = {
    **{f"x_{kind}": (RNG.normal(size=(3, 4, 5)) * 50).astype(kind)
       for kind in ("f8", "f4", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8")},
    "wholes": np.arange(300.0).reshape(2, -1),
    "nans": np.array([[np.nan, np.inf, -np.inf]]),
    "flag": np.array([[True, False]]),
    "empty": np.zeros((0, 3)),
    "row": "one µ ü 漢 row",
    "rows": np.array(["one", "seventeen", "x"]),
    "no_text": "",
    "sparse": scipy.sparse.random_array((7, 9), density=0.3, rng=RNG, format="csc"),
    "cell": cells([np.arange(3.0), "text", np.zeros((0, 0)), cells(["deep"], (1, 1))], (2, 2)),
    "struct": {"field": {"deeper": np.arange(4.0)}, "words": cells(["a", "bc"], (1, 2))},
    "structs": RECORDS,
    "complex": np.array([[1 + 2j]]),
}  # fmt: skip


def same(ours, theirs):
    """Compare a value of ours with one of `scipy.io.loadmat`, all the way down."""
    if isinstance(ours, Unread):
        assert ours.why.startswith("holds complex numbers")
    elif isinstance(ours, Text):
        assert list(ours.rows) == [str(each).rstrip(" ") for each in np.ravel(theirs) if each]
    elif isinstance(ours, Numbers) and scipy.sparse.issparse(theirs):
        np.testing.assert_array_equal(ours.read(), theirs.toarray())
    elif isinstance(ours, Numbers):
        assert ours.dtype == theirs.dtype and ours.shape == theirs.shape
        found = ours.read()
        assert found.dtype == theirs.dtype
        np.testing.assert_array_equal(found, theirs)
    elif isinstance(ours, Cells):
        assert ours.shape == theirs.shape
        for place in np.ndindex(theirs.shape):
            same(ours.cells[place], theirs[place])
    else:
        assert isinstance(ours, Struct) and tuple(ours.fields) == theirs.dtype.names
        for name, values in ours.fields.items():
            for place in np.ndindex(theirs.shape):
                same(values[place], theirs[name][place])


@pytest.mark.filterwarnings("ignore:Casting complex values")  # scipy, of sparse ones
@pytest.mark.parametrize("compressed", [False, True])
def test_every_value_is_that_of_scipy(tmp_path, compressed):
    path = tmp_path / "s.mat"
    scipy.io.savemat(path, VARIABLES, do_compression=compressed)
    theirs = scipy.io.loadmat(path, mat_dtype=True)
    ours = values_of(path)
    assert set(ours) == set(VARIABLES)
    for name, value in ours.items():
        same(value, theirs[name])


def test_a_changed_byte_of_compressed_values_is_found(tmp_path):
    path = tmp_path / "s.mat"
    scipy.io.savemat(path, {"x": RNG.normal(size=(3, 4))}, do_compression=True)
    damaged = bytearray(path.read_bytes())
    damaged[-2] ^= 1  # of the checksum
    path.write_bytes(damaged)
    with pytest.raises(RefusedError, match="can't be unpacked"):
        values_of(path)
