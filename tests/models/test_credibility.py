"""The sentence that says whether components can be believed."""

from dataclasses import replace

import numpy as np
import pytest

import trialtensor as tt
from tests.changed_models import changed
from tests.other_kinds import DATA, models
from trialtensor.models.credibility import credibility
from trialtensor.solvers.result import StopReason


def said(model, **changes):
    return credibility((changed(model, **changes) if changes else model).fitted_)


def restarts(model, **changes):
    best, *others = model.restarts_
    return {"restarts": [best, *(replace(each, **changes) for each in others)]}


def test_a_good_fit(labelled_model):
    found = said(labelled_model)
    assert found.believable is True
    assert found.sentence.startswith("As far as the fit can tell, these 2 components can be")
    assert "all 3 restarts found the same components (similarity " in found.sentence
    assert "assumed" not in found.sentence


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"record": {"stop_reason": StopReason.MAX_ITER, "n_iter": 7}}, "converged after 7 sweeps"),
        ({"record": {"stop_reason": StopReason.INTERRUPTED}}, "interrupted"),
        ({"record": {"stop_reason": StopReason.DEGENERATE}}, "cancel each other"),
        ({"triple_cosine": -0.97}, "cancel in part"),
    ],
)
def test_what_speaks_against_a_fit(labelled_model, changes, why):
    found = said(labelled_model, **changes)
    assert found.believable is False and why in found.sentence
    assert found.sentence.startswith("Do not believe these 2 components yet: ")


def test_restarts(labelled_model):
    apart = said(labelled_model, record=restarts(labelled_model, similarity=0.4))
    assert apart.believable is False
    assert "2 of 2 others fit as well with other components (similarity down to 0.40)" in (
        apart.sentence
    )
    worse = restarts(labelled_model, similarity=0.4, loss=2 * labelled_model.loss_)
    assert "none of the 2 others found the same" in said(labelled_model, record=worse).sentence
    alone = said(labelled_model, record={"restarts": labelled_model.restarts_[:1]})
    assert alone.believable is None and "there was only one restart" in alone.sentence


def test_data_below_zero_and_zero_components():
    X = np.random.default_rng(0).normal(size=(12, 6, 8))
    with pytest.warns(UserWarning, match="below zero"):
        model = tt.TCA(2, nonnegative=True, n_init=2, random_state=0).fit(X)
    found = said(model)
    assert found.believable is False
    assert "values below zero, which non-negative components can't reach (" in found.sentence
    assert found.sentence.endswith("; the order of axes was assumed: trials, neurons, times.")


def test_an_order_of_axes_that_was_assumed_is_a_condition():
    X = tt.make_tca(20, 10, 15, 2, snr=5.0, random_state=0).X
    sentence = said(tt.TCA(2, n_init=2, random_state=0).fit(X)).sentence
    assert sentence.endswith(", provided that the axes are trials, neurons, times, as was assumed.")


def test_factors_that_were_given():
    factors = [np.eye(n)[:, :2] for n in (4, 5, 6)]
    found = said(tt.from_tensorly((np.ones(2), factors)))
    assert found.believable is None and "were given, not fitted" in found.sentence


@pytest.mark.parametrize("kind", DATA)
def test_every_kind_has_a_verdict_in_one_sentence(kind):
    for name, model in models(kind).items():
        sentence = said(model).sentence
        assert sentence.count(". ") == 0 and sentence.endswith("."), (name, sentence)
    assert "overlap" in said(models(kind)["SliceTCA"]).sentence
