"""Behaviour from arrays, tables and runs."""

import numpy as np
import pandas as pd
import pytest

from trialtensor_models import Schedule
from trialtensor_models.rates import Behaviour

P = np.r_[np.zeros(5), np.full(20, 30.0), np.full(5, np.nan)]


def rows(name, n=30, **more):
    columns = {"subject": name, "trial": np.arange(n), "perturbation": P[:n], "adaptation": 1.0}
    return pd.DataFrame(columns | more)


def test_a_table_is_what_arrays_are():
    y = np.random.default_rng(0).standard_normal((3, 30))
    table = pd.concat([rows(f"p{i}", adaptation=y[i]) for i in range(3)])
    found = Behaviour.from_table(table.sample(frac=1, random_state=0).sort_values("subject"))
    expected = Behaviour.of(y, P, subjects=["p0", "p1", "p2"])
    for name in ("adaptation", "perturbation", "cues", "pauses"):
        assert np.array_equal(getattr(found, name), getattr(expected, name), equal_nan=True)
    assert found.subjects == expected.subjects
    assert repr(found) == "Behaviour(3 subjects, 30 trials)"


def test_subjects_may_have_other_trials():
    short = rows("short", 24)
    other = rows("other", context="left", perturbation=-P)
    found = Behaviour.from_table(pd.concat([rows("a"), short, other, rows("b")]))
    assert np.isnan(found.adaptation[1, 24:]).all() and np.isnan(found.perturbation[1, 24:]).all()
    assert found.labels == ("left",) and found.cues[2].tolist() == [0] * 30
    assert sorted(map(tuple, found.groups)) == [(0, 3), (1,), (2,)]
    assert found.size == 30


def test_parts():
    y = np.arange(90.0).reshape(3, 30)
    behaviour = Behaviour.of(y, P)
    assert behaviour.take([2, 0]).subjects == ("2", "0")
    assert behaviour.take(1).adaptation.tolist() == [y[1].tolist()]
    hidden = behaviour.without(np.arange(30) < 10)
    assert np.isnan(hidden.adaptation[:, :10]).all() and np.isfinite(behaviour.adaptation).all()


def test_inputs_stay_as_they_are():
    y, p = np.zeros((2, 30)), P.copy()
    Behaviour.of(y, p).without(np.ones(30, bool))
    assert not y.any() and np.array_equal(p, P, equal_nan=True)


@pytest.mark.parametrize(
    "adaptation, trials, message",
    [
        (np.zeros((2, 3, 4)), P, "got shape"),
        (np.zeros(29), P, "expected 29 trials"),
        (np.r_[np.full(15, np.nan), np.zeros(15)], P, "subject 0 has 15 observed trials"),
        (np.full(30, np.inf), P, "infinite"),
        (np.zeros(30), np.zeros(30), "only 0 or NaN"),
        (np.zeros(30), Schedule().rotate(30, 30, until="zero"), "until="),
    ],
)
def test_wrong_arrays(adaptation, trials, message):
    with pytest.raises(ValueError, match=message):
        Behaviour.of(adaptation, trials)


@pytest.mark.parametrize(
    "table, message",
    [
        (rows("a").drop(columns="adaptation"), "expected a column adaptation"),
        (rows("a").iloc[:0], "got none"),
        (rows("a", trial=1), "trial 1 twice"),
        (rows("a", adaptation="far"), "adaptation"),
    ],
)
def test_wrong_tables(table, message):
    with pytest.raises(ValueError, match=message):
        Behaviour.from_table(table)


def test_names_have_to_differ():
    with pytest.raises(ValueError, match="different names"):
        Behaviour.of(np.zeros((2, 30)), P, subjects=["a", "a"])
    with pytest.raises(ValueError, match="expected 2 names, got 1"):
        Behaviour.of(np.zeros((2, 30)), P, subjects=["a"])
