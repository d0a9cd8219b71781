"""The same variables in MATLAB's two formats: by SciPy, and by h5py in the layout of v7.3."""

import h5py
import numpy as np
import scipy.io


def cell(values, shape=None):
    """Make a cell array; a row by default."""
    found = np.empty(len(values), dtype=object)
    found[:] = values
    return found.reshape(shape or (1, -1))


def structs(rows, shape=(1, -1)):
    """Make an array of structs of dicts with the same keys."""
    found = np.empty(len(rows), dtype=[(name, object) for name in rows[0]])
    for place, row in enumerate(rows):
        found[place] = tuple(row.values())
    return found.reshape(shape)


def save5(path, variables, **how):
    scipy.io.savemat(path, variables, oned_as="row", **how)
    return path


def save73(path, variables, **_):
    """Write as ``save(..., '-v7.3')`` does: axes in reverse, cells and structs by references."""
    with h5py.File(path, "w", userblock_size=512) as file:
        writer = _Writer(file)
        for name, value in variables.items():
            writer.put(file, name, value)
    with path.open("r+b") as raw:
        raw.write(b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(512, b" "))
    return path


class _Writer:
    def __init__(self, file):
        self.file, self.n = file, 0

    def put(self, group, name, value):
        if isinstance(value, dict):
            self._struct(group, name, value)
        elif isinstance(value, str):
            codes = np.frombuffer(value.encode("utf-16-le"), "<u2")[:, None]
            self._dataset(group, name, codes, "char", (len(value) > 0, len(value)))
        elif isinstance(value, np.ndarray) and value.dtype.names:
            self._structs(group, name, value)
        elif isinstance(value, np.ndarray) and value.dtype == object:
            self._references(group, name, np.atleast_2d(value), "cell")
        else:
            array = np.asarray(value)
            array = array.reshape(1, -1) if array.ndim < 2 else array
            kind = {"f": "double", "b": "logical", "i": "int64", "u": "uint8"}[array.dtype.kind]
            stored = array.astype("u1") if kind == "logical" else array
            self._dataset(group, name, stored.T, kind, array.shape)

    def _dataset(self, group, name, stored, kind, shape):
        empty = 0 in shape
        group[name] = np.array(shape, "u8") if empty else stored
        group[name].attrs["MATLAB_class"] = np.bytes_(kind)
        if empty:
            group[name].attrs["MATLAB_empty"] = np.uint8(1)
        if kind in ("char", "logical"):
            group[name].attrs["MATLAB_int_decode"] = np.int32(2 if kind == "char" else 1)

    def _struct(self, group, name, fields):
        made = group.create_group(name)
        made.attrs["MATLAB_class"] = np.bytes_("struct")
        self._ordered(made, fields)
        for each, value in fields.items():
            self.put(made, each, value)

    def _ordered(self, group, names):
        words = np.empty(len(names), dtype=object)
        for place, name in enumerate(names):
            words[place] = np.array([each.encode() for each in name], "S1")
        group.attrs.create("MATLAB_fields", words, dtype=h5py.vlen_dtype(np.dtype("S1")))

    def _structs(self, group, name, array):
        made = group.create_group(name)
        made.attrs["MATLAB_class"] = np.bytes_("struct")
        self._ordered(made, array.dtype.names)
        for each in array.dtype.names:
            self._references(made, each, array[each], None)

    def _references(self, group, name, values, kind):
        if values.size == 0:
            self._dataset(group, name, None, kind, values.shape)
            return
        stored = group.create_dataset(name, values.T.shape, h5py.ref_dtype)
        if kind:
            stored.attrs["MATLAB_class"] = np.bytes_(kind)
        for place, value in np.ndenumerate(values.T):
            self.n += 1
            name = f"#refs#/{self.n}"
            self.put(self.file, name, value)
            stored[place] = self.file[name].ref
