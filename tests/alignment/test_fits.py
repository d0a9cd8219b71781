"""Components of separate fits find each other, and nothing else."""

import numpy as np
import pytest

from trialtensor import TCA, SliceTCA, TrialVaryingDynamics, from_tensorly, make_tca
from trialtensor.alignment import match_fits


def model(seed=0, rank=3, shape=(40, 30, 50), **factors):
    data = make_tca(*shape, rank, random_state=seed).factors
    names = ("trial_factors_", "neuron_factors_", "time_factors_")
    whole = [factors.get(name, each) for name, each in zip(names, data, strict=True)]
    n = min(each.shape[1] for each in whole)
    return from_tensorly((np.ones(n), [each[:, :n] for each in whole]))


def test_a_permutation_and_signs_come_back():
    first = model()
    order, flip = [2, 0, 1], np.array([1, -1, -1])
    second = model(
        neuron_factors_=first.neuron_factors_[:, order] * flip,
        time_factors_=first.time_factors_[:, order],
    )
    found = match_fits([first, second], axes=("neuron", "time"))
    assert found.order.tolist() == [[0, 1, 2], [1, 2, 0]]
    np.testing.assert_allclose(found.congruence, 1)
    assert found.signs["neuron"].tolist() == [[1, 1, 1], [-1, -1, 1]]
    assert (found.signs["time"] == 1).all() and found.matched.all()


def test_fits_of_two_sessions_with_other_neurons():
    X = make_tca(80, 60, 50, 3, snr=10.0, random_state=1).X
    fits = [TCA(3, random_state=0).fit(X[:40, :30]), TCA(3, random_state=0).fit(X[40:, 30:])]
    found = match_fits(fits, axes="time")
    assert (found.congruence[1] > 0.95).all() and found.matched.all()


def test_fewer_components_leave_some_without_a_partner():
    first = model()
    second = model(time_factors_=first.time_factors_[:, [2]])
    found = match_fits([first, second], axes="time")
    assert found.order[1].tolist() == [-1, -1, 0]
    assert np.isnan(found.congruence[1, :2]).all()
    assert found.matched[1].tolist() == [False, False, True]
    back = match_fits([first, second], axes="time", reference=1)
    assert back.order.tolist() == [[2], [0]]


def test_unrelated_fits_rarely_match():
    """At a level of 5 %, over 40 pairs of three components."""
    hits = [
        match_fits([model(seed), model(seed + 1000)], axes="neuron", n_null=100).matched[1].mean()
        for seed in range(40)
    ]
    assert np.mean(hits) < 0.12


def test_rows_without_data_are_left_out():
    first = model()
    holed = first.time_factors_.copy()
    holed[7] = np.nan
    assert match_fits([first, model(time_factors_=holed)]).congruence == pytest.approx(1)


def dynamics():
    return TrialVaryingDynamics(1, n_init=1).fit(make_tca(10, 5, 8, 1, random_state=0).X)


def slices():
    return SliceTCA((1, 1, 0), n_init=1).fit(make_tca(10, 5, 8, 1, random_state=0).X)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda a: match_fits([a]), "at least 2"),
        (lambda a: match_fits([a, a], axes="cells"), "axes: .*cells"),
        (lambda a: match_fits([a, a], reference=2), "reference: expected an integer from 0 to 1"),
        (lambda a: match_fits([a, model(shape=(40, 30, 20))]), "50 and 20 times"),
        (lambda a: match_fits([a, object()]), "fits: number 1: expected a model"),
        (lambda a: match_fits([a, dynamics()]), r"TrialVaryingDynamics\) has no time factors"),
        (lambda a: match_fits([slices(), a]), r"number 0 \(SliceTCA\) .*subspace_angles"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call(model())
