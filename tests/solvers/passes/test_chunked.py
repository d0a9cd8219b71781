"""Files that are read block by block."""

import h5py
import numpy as np
import pytest

from trialtensor.solvers.passes.chunked import ChunkedPasses
from trialtensor.solvers.passes.jobs import SumOfSquares
from trialtensor.solvers.passes.mapped import as_read
from trialtensor.solvers.passes.survey import survey


@pytest.fixture
def X():
    return np.random.default_rng(0).standard_normal((23, 7, 5))


def passes(source, **options):
    options = {"block_bytes": 1500, **options}
    return ChunkedPasses(source, np.dtype("f8"), **options)


def test_blocks_cover_all_trials_once(X):
    parts = passes(X).parts()
    assert len(parts) > 3
    assert np.concatenate([np.arange(23)[part] for part in parts]).tolist() == list(range(23))


def test_blocks_hold_whole_chunks_of_the_file(X):
    assert {part.start % 4 for part in passes(X, step=4).parts()} == {0}


@pytest.mark.parametrize("dtype", ["u1", "i2", "f2", "f4", ">f8"])
def test_numbers_are_converted_block_by_block(X, dtype):
    raw = np.round(X * 10 + 50).astype(dtype)
    found = passes(raw).norm2()
    assert found == pytest.approx(float(np.sum(raw.astype(float) ** 2)), rel=1e-12)


def test_kept_slices_are_those_that_count(X):
    rng = np.random.default_rng(1)
    kept = tuple(rng.random(n) < 0.6 for n in X.shape)
    small = X[np.ix_(*kept)]
    found = passes(X, kept=kept)
    assert found.shape == small.shape
    np.testing.assert_array_equal(found[2:5], small[2:5])
    np.testing.assert_allclose(found.gram(0), np.einsum("int,jnt->ij", small, small))
    np.testing.assert_allclose(found.gram(1), np.einsum("kit,kjt->ij", small, small))


def test_missing_entries_are_zeros_and_counted(X):
    X = X.copy()
    X[3, 2], X[20, :, 1] = np.nan, np.nan
    found = survey(passes(X, has_missing=True))
    assert found.n_missing == int(np.isnan(X).sum())
    assert found.norm2 == pytest.approx(np.nansum(X**2), rel=1e-12)


def test_infinite_values_are_counted_among_missing_ones(X):
    X = X.copy()
    X[3, 2, 1], X[9] = np.inf, np.nan
    assert survey(passes(X, has_missing=True)).n_infinite > 0


class Failing:
    """A source of which a block can't be read, once or for ever."""

    def __init__(self, X, times):
        self.X, self.times = X, times
        self.shape, self.dtype = X.shape, X.dtype

    def __getitem__(self, index):
        part = index[0]
        if part.start <= 9 < part.stop and self.times > 0:
            self.times -= 1
            raise OSError("disk on fire\nand more")
        return self.X[index]


def test_what_cannot_be_read_once_is_read_again(X, monkeypatch):
    monkeypatch.setattr("trialtensor.solvers.passes.chunked._BEFORE_ANOTHER_TRY", 0)
    assert passes(Failing(X, 1)).norm2() == pytest.approx(float(np.sum(X**2)))


def test_an_unreadable_block_is_named(X, monkeypatch):
    monkeypatch.setattr("trialtensor.solvers.passes.chunked._BEFORE_ANOTHER_TRY", 0)
    with pytest.raises(OSError, match=r"X: trials \d+ to \d+ of the data can't be read: disk on f"):
        passes(Failing(X, 99)).norm2()


def test_a_file_that_changes_is_noticed(X, tmp_path):
    path = tmp_path / "x.npy"
    np.save(path, X)
    mapped = np.load(path, mmap_mode="r+")
    found = passes(as_read(mapped))
    found.run(SumOfSquares())
    mapped[11] += 1
    mapped.flush()
    with pytest.raises(ValueError, match="the data changed while it was read"):
        found.run(SumOfSquares())


def test_a_file_that_was_written_to_is_noticed(X, tmp_path):
    path = tmp_path / "x.h5"
    with h5py.File(path, "w") as file:
        file["X"] = X
    with h5py.File(path) as file:
        found = passes(file["X"], path=path)
        found.run(SumOfSquares())
        path.touch()
        with pytest.raises(ValueError, match=r"x\.h5 changed while it was read"):
            found.run(SumOfSquares())


def test_a_memmap_is_read_as_it_is_mapped(X, tmp_path):
    path = tmp_path / "x.npy"
    np.save(path, X)
    mapped = np.load(path, mmap_mode="r")
    read = as_read(mapped)
    assert read is not mapped
    for index in (slice(3, 9), (slice(20, 99),), (slice(None), slice(2, 4)), np.array([4, 1])):
        np.testing.assert_array_equal(read[index], X[index])
    assert as_read(mapped[2:]).shape == (21, 7, 5)
    np.testing.assert_array_equal(as_read(mapped[2:])[slice(0, 3)], X[2:5])
    turned = np.asfortranarray(X)
    np.save(path, turned)
    np.testing.assert_array_equal(as_read(np.load(path, mmap_mode="r"))[slice(1, 3)], X[1:3])
