"""What non-negative models can't reach is said, with a share that is right."""

import html
import warnings

import numpy as np
import pytest

from trialtensor import TCA, CoupledTCA, Parafac2, SliceTCA, write_report
from trialtensor.selection import CrossValidatedSearch, Speckled

RNG = np.random.default_rng(0)
X = RNG.normal(size=(12, 7, 8)) + 0.5


def _said(fit):
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        fit()
    return [str(w.message) for w in seen if str(w.message).startswith("nonnegative")]


def _share(values):
    """The share that is left if every entry is as near as a number of at least 0 can be."""
    return np.nansum((values - np.maximum(values, 0)) ** 2) / np.nansum(values**2)


def _gap(values, mask=None):
    values = values.copy()
    values[3, 2] = np.nan
    return values


SMALL = {"n_init": 1, "max_iter": 200, "random_state": 0}


@pytest.mark.parametrize("data", [X, _gap(X), X.astype(np.float32)])
@pytest.mark.parametrize("model", [TCA(2, nonnegative=True), SliceTCA((1, 1, 1), nonnegative=True)])
def test_the_share_is_what_no_nonnegative_tensor_reaches(model, data):
    (said,) = _said(lambda: model.set_params(**SMALL).fit(data))
    assert f"{100 * _share(data):.2g} % of the sum of squares" in said
    assert model.explained_variance_ratio_ <= 1 - _share(data) + 1e-6
    assert model.data_summary_["out_of_reach"] == pytest.approx(_share(data), rel=1e-5)


def test_the_page_says_it_too(tmp_path):
    said = "Non-negative components can't reach values below zero"
    for data, is_said in ((X, True), (np.abs(X), False)):
        model = TCA(1, nonnegative=True, **SMALL)
        _said(lambda model=model, data=data: model.fit(data))
        page = html.unescape(write_report(model, tmp_path / "page.html", static=True).read_text())
        assert (f"{said}: {100 * _share(data):.2g} %" in page) is (said in page) is is_said


def test_it_is_reached_where_enough_components_are_there():
    """The bound is tight: four components hold any non-negative tensor of this shape."""
    small = RNG.normal(size=(3, 2, 2)) + 0.3
    model = TCA(4, nonnegative=True, n_init=3, max_iter=5000, tol=1e-10, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(small)
    assert model.explained_variance_ratio_ == pytest.approx(1 - _share(small), abs=1e-3)


def test_datasets_are_weighted_as_in_the_fit():
    regions = {"a": 100 * X[:, :4], "b": np.abs(X[:, 4:])}
    (said,) = _said(lambda: CoupledTCA(2, nonnegative=True, **SMALL).fit(regions))
    assert f"{100 * _share(regions['a']) / 2:.2g} % of" in said
    given = CoupledTCA(2, nonnegative=True, balanced=False, **SMALL)
    (said,) = _said(lambda: given.fit(regions))
    assert f"{100 * _share(np.concatenate(list(regions.values()), axis=1)):.2g} % of" in said


def test_nothing_is_said_where_nothing_is_provable():
    positive = np.abs(X)
    assert not _said(lambda: TCA(2, nonnegative=True, **SMALL).fit(positive))
    assert not _said(lambda: TCA(2, nonnegative=["trial", "neuron"], **SMALL).fit(X))
    assert not _said(lambda: TCA(2, **SMALL).fit(X))
    # The neurons of each block are free.
    assert not _said(lambda: Parafac2(1, nonnegative=["trial", "time"], **SMALL).fit([X, X]))


def test_batches_and_searches_say_it_once():
    assert len(_said(lambda: TCA(2, nonnegative=True, **SMALL).partial_fit(X))) == 1
    search = CrossValidatedSearch(
        TCA(1, nonnegative=True, **SMALL), [1, 2], splits=Speckled(n_splits=2), refit=False
    )
    assert not _said(lambda: search.fit(X))
