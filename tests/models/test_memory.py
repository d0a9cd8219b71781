"""What is said before a fit that wouldn't fit into memory, with a made-up amount that is free."""

import warnings

import numpy as np
import pytest
import xarray

from trialtensor import TCA, CoupledTCA, SliceTCA
from trialtensor.models import memory
from trialtensor.models.memory import MemoryWarning, check_memory
from trialtensor.selection import fit_ranks

# 40 MB that are never touched.
X = np.zeros((500, 100, 100))


def free(monkeypatch, megabytes, swap=0):
    monkeypatch.setattr(memory, "BEYOND_DATA", {"TCA": (1.0, 2.0), "CoupledTCA": (1.0, 2.0)})
    monkeypatch.setattr(memory, "free_memory", lambda: (int(megabytes * 1e6), int(swap * 1e6)))


def said(*data):
    """Return what is warned of; raises what is raised."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        check_memory(*data)
    return [str(each.message) for each in caught if each.category is MemoryWarning]


def test_nothing_is_said_where_there_is_room(monkeypatch):
    free(monkeypatch, 100)
    assert said(TCA, X, None) == []


def test_a_fit_that_is_close_is_warned_of(monkeypatch):
    free(monkeypatch, 41)
    (text,) = said(TCA, X, None)
    for part in ("TCA", "500 x 100 x 100", "40 MB", "41 MB", "float32", "partial_fit"):
        assert part in text


def test_missing_entries_need_more(monkeypatch):
    free(monkeypatch, 60)
    holed = X.copy()
    holed[3, 2, 1] = np.nan
    assert said(TCA, X, None) == []
    assert said(TCA, holed, None) and said(TCA, X, np.ones(X.shape, bool))


def test_missing_entries_of_labelled_data_count(monkeypatch):
    """The sum of a labelled array leaves NaN out."""
    free(monkeypatch, 60)
    holed = xarray.DataArray(X.copy(), dims=("trial", "neuron", "time"))
    holed[3, 2, 1] = np.nan
    assert said(TCA, holed, None)


def test_swap_space_is_enough_to_begin(monkeypatch):
    free(monkeypatch, 10, swap=100)
    assert said(TCA, X, None)
    free(monkeypatch, 10)
    with pytest.raises(MemoryError, match="40 MB"):
        said(TCA, X, None)


def test_float32_needs_half_and_is_not_advised_again(monkeypatch):
    free(monkeypatch, 21)
    (text,) = said(TCA, X.astype(np.float32), None)
    assert "20 MB" in text and "float32" not in text


def test_copies_count(monkeypatch):
    free(monkeypatch, 70)
    for copied in (X.astype(np.int16), X[:, ::-1], X.transpose(2, 1, 0)):
        (text,) = said(TCA, copied, None)
        assert "80 MB" in text
    assert said(TCA, xarray.DataArray(X, dims=("trial", "neuron", "time")), None) == []


def test_several_datasets_are_added_up(monkeypatch):
    free(monkeypatch, 60)
    (text,) = said(CoupledTCA, {"a": X, "b": X[:400], "c": X[:1]}, None)
    assert "72 MB" in text and "others" in text
    assert said(CoupledTCA, {"a": X}, None) == []


def test_nothing_is_said_of_what_is_not_known(monkeypatch):
    free(monkeypatch, 1)
    assert said(SliceTCA, X, None) == []  # not in the made-up table
    assert said(TCA, X.tolist()[:2], None) == []
    monkeypatch.setattr(memory, "free_memory", lambda: None)
    assert said(TCA, X, None) == []


def test_a_kind_made_from_another_needs_as_much(monkeypatch):
    class Own(TCA):
        pass

    free(monkeypatch, 1)
    with pytest.raises(MemoryError, match="Own"):
        check_memory(Own, X, None)


@pytest.mark.parametrize("fit", [lambda: TCA(1).fit(X), lambda: fit_ranks(TCA(1), [1], X)])
def test_it_is_said_before_any_work(monkeypatch, fit):
    def never(*_):
        raise AssertionError("work began")

    free(monkeypatch, 1)
    monkeypatch.setattr(TCA, "_observe", never)
    with pytest.raises(MemoryError, match="X: the fit of a TCA"):
        fit()


def test_small_data_is_never_judged(monkeypatch):
    free(monkeypatch, 0)
    TCA(1, n_init=1, random_state=0).fit(np.random.default_rng(0).normal(size=(9, 8, 7)))
