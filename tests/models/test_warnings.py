"""Warnings point at the line that the user wrote, from whatever depth."""

import inspect
import warnings

import numpy as np
import pytest
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from trialtensor import TCA, CoupledTCA, Parafac2, SliceTCA, TrialVaryingDynamics
from trialtensor.models import kinds

HARD = {"max_iter": 1, "n_init": 1, "random_state": 0}
MODELS = [
    TCA(3, **HARD),
    SliceTCA((1, 1, 1), **HARD),
    Parafac2(2, **HARD),
    CoupledTCA(3, groups=["a"] * 6 + ["b"] * 6, **HARD),
    TrialVaryingDynamics(2, **HARD),
]


def holed():
    X = np.random.default_rng(0).standard_normal((20, 12, 10))
    X[3] = np.nan
    return X


def places(call):
    """Files and lines that the warnings of a call point at."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        call()
    ours = [each for each in caught if "trialtensor" in each.category.__module__
            or each.category.__name__ == "ConvergenceWarning"]  # fmt: skip
    return {(each.filename, each.lineno) for each in ours}


@pytest.mark.parametrize("model", MODELS, ids=lambda m: type(m).__name__)
@pytest.mark.parametrize("entry", ["fit", "fit_transform", "pipeline", "search", "transform"])
def test_they_point_here(model, entry):
    X = holed()
    if entry == "transform":
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model.fit(X)
    calls = {
        "fit": lambda: model.fit(X),
        "fit_transform": lambda: model.fit_transform(X),
        "pipeline": lambda: make_pipeline(model).fit(X),
        "search": lambda: GridSearchCV(model, {"max_iter": [1]}, cv=2).fit(X),
        "transform": lambda: model.transform(X),
    }
    call = calls[entry]
    lines, first = inspect.getsourcelines(call)
    found = places(call)
    assert found and all(filename == __file__ for filename, _ in found)
    assert {line for _, line in found} <= set(range(first, first + len(lines)))


def test_partial_fit_points_here():
    model, X = TCA(3, **HARD), holed()
    for _ in range(2):
        assert {filename for filename, _ in places(lambda: model.partial_fit(X))} == {__file__}


def test_every_kind_is_here():
    ours = {kind for kind in kinds() if kind.__module__.startswith("trialtensor.")}
    assert {type(model) for model in MODELS} == ours
