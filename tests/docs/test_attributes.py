"""Documented attributes exist: on fitted estimators, and on what functions return."""

import dataclasses
import inspect
import warnings

import numpy as np
import pytest
import xarray
from sklearn.base import BaseEstimator

import trialtensor as tt
from tests.docs import site  # noqa: F401  (finds the extensions)

import attributes  # isort: skip
import public  # isort: skip

CLASSES = {name: public.find(name) for name in public.public_names()}
CLASSES = {name: cls for name, cls in CLASSES.items() if inspect.isclass(cls)}
ESTIMATORS = {name: cls for name, cls in CLASSES.items() if issubclass(cls, BaseEstimator)}
ABSTRACT = {"trialtensor.models.TrialEstimator", "trialtensor.preparation.TrialTransformer"}
OPTIONS = {"n_init": 2, "max_iter": 20, "random_state": 0}


def documented(cls) -> dict[str, bool]:
    """Return the documented attributes of a class, and whether only some objects have each."""
    lines = (inspect.getdoc(cls) or "").splitlines()
    where = attributes.section(lines)
    if where is None:
        return {}
    return {
        name: "".join(entry.text).strip().startswith("Only")
        for entry in attributes.entries(lines[where[0] + 2 : where[1]])
        for name in entry.names
    }


@pytest.fixture(scope="module")
def fitted():
    """At least one fitted instance of every public estimator."""
    X = tt.make_tca(30, 8, 10, 2, snr=2.0, random_state=0).X
    gaps = X.copy()
    gaps[:12, :4] = np.nan  # fewer neurons in common than components
    gaps[12:, 3:] = np.nan
    cut = X.copy()
    cut[:12, :, :5] = np.nan
    cut[12:, :, 4:] = np.nan
    labelled = xarray.DataArray(
        np.abs(X),
        dims=("trial", "neuron", "time"),
        coords={"target": ("trial", ["a", "b"] * 15), "time": np.linspace(0, 1, 10)},
    )
    events = np.tile([0.2, 0.5], (30, 1)) + np.linspace(0, 0.2, 30)[:, None]
    blocks = np.repeat([0, 1], 15)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return {
            tt.TCA: [tt.TCA(2, **OPTIONS).fit(each) for each in (X, gaps, cut)],
            tt.SliceTCA: [tt.SliceTCA((1, 1, 1), **OPTIONS).fit(each) for each in (X, gaps)],
            tt.Parafac2: [tt.Parafac2(2, **OPTIONS).fit(X, blocks=blocks)],
            tt.CoupledTCA: [tt.CoupledTCA(2, **OPTIONS).fit({"a": X[:, :4], "b": X[:, 4:]})],
            tt.TrialVaryingDynamics: [tt.TrialVaryingDynamics(2, **OPTIONS).fit(X)],
            tt.CrossValidatedSearch: [
                tt.CrossValidatedSearch(tt.TCA(1, **OPTIONS), [1, 2], random_state=0).fit(X)
            ],
            tt.Smooth: [tt.Smooth(0.1).fit(labelled)],
            tt.SquareRoot: [tt.SquareRoot().fit(labelled)],
            tt.SoftNormalize: [tt.SoftNormalize().fit(labelled)],
            tt.ZScore: [tt.ZScore().fit(labelled)],
            tt.SubtractBaseline: [tt.SubtractBaseline((0.0, 0.3)).fit(labelled)],
            tt.SubtractConditionMean: [tt.SubtractConditionMean("target").fit(labelled)],
            tt.SelectNeurons: [tt.SelectNeurons().fit(labelled)],
            tt.TimeWarp: [tt.TimeWarp(events, times="same").fit(labelled)],
        }


def test_every_model_documents_its_common_form():
    kinds = [cls for cls in ESTIMATORS.values() if issubclass(cls, tt.models.TrialEstimator)]
    assert len(kinds) > 5
    for cls in kinds:
        if cls is not tt.models.TrialEstimator:
            assert "fitted_" in documented(cls), cls


def test_every_estimator_is_fitted(fitted):
    assert set(fitted) == {cls for name, cls in ESTIMATORS.items() if name not in ABSTRACT}


@pytest.mark.parametrize("name", [name for name in ESTIMATORS if name not in ABSTRACT])
def test_fitted_estimators_have_what_is_documented(name, fitted):
    cls = ESTIMATORS[name]
    for attribute, only_some in documented(cls).items():
        has = [hasattr(estimator, attribute) for estimator in fitted[cls]]
        assert any(has) if only_some else all(has), attribute


def test_results_have_what_is_documented():
    lost = []
    for name, cls in CLASSES.items():
        fields = dataclasses.fields(cls) if dataclasses.is_dataclass(cls) else ()
        own = {field.name for field in fields} | set(inspect.get_annotations(cls))
        if name not in ESTIMATORS:
            source = "" if fields else inspect.getsource(cls)
            lost += [
                f"{name}.{attribute}"
                for attribute in documented(cls)
                if attribute not in own
                and not hasattr(cls, attribute)
                and f"self.{attribute}" not in source
            ]
    assert lost == []
