"""Who leads, and that memory alone is no relation."""

import numpy as np
import pytest

from benchmarks.trial_noise import noise
from trialtensor.tracking import relate
from trialtensor.tracking.relation import _local_scale, _surrogates


def series(kind, n, seed):
    return noise(kind, n, np.random.default_rng(seed))


@pytest.mark.parametrize("lead", [-4, 0, 6])
def test_a_planted_lead(lead):
    rng = np.random.default_rng(lead + 10)
    shared = series("AR(.6)", 320, lead + 10)
    component = shared[10 + lead : 310 + lead] + 0.5 * rng.normal(size=300)
    behaviour = -shared[10:310] + 0.5 * rng.normal(size=300)
    found = relate(component, behaviour)
    assert found.lead == lead
    assert found.lead_interval[0] <= lead <= found.lead_interval[1]
    assert found.correlation < -0.5
    assert found.p_value < 0.01
    assert found.leads[np.argmin(found.correlations)] == lead


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["white", "AR(.95)"])
def test_unrelated_series_are_rarely_related(kind):
    alarms = [
        relate(series(kind, 200, [seed, 0]), series(kind, 200, [seed, 1]), n_null=59).p_value
        for seed in range(60)
    ]
    # At most 5 %; eight or more of 60 has a probability of 1 %.
    assert np.sum(np.array(alarms) <= 0.05) <= 7


@pytest.mark.slow
def test_learning_curves_alone_are_no_relation():
    alarms = []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        curves = [
            1 - np.exp(-np.arange(200) / tau) + 0.2 * rng.normal(size=200) for tau in (20, 40)
        ]
        alarms.append(relate(*curves, n_null=59).p_value)
    assert np.sum(np.array(alarms) <= 0.05) <= 5


def test_correlations_are_those_of_numpy():
    x, y = series("AR(.3)", 100, 0), series("AR(.4)", 100, 1)
    found = relate(x, y, detrend=False, max_lead=5, n_null=19, n_bootstrap=20)
    for lead, correlation in zip(found.leads, found.correlations, strict=True):
        expected = np.corrcoef(x[5 - lead : 95 - lead], y[5:95])[0, 1]
        assert correlation == pytest.approx(expected)


def test_surrogates_keep_the_spectrum_and_gaps():
    x = series("AR(.7)", 300, 0) + np.linspace(0, 3, 300)
    draws = _surrogates(x, 200, np.random.default_rng(0))
    lagged = [np.mean((x[1:] - x[:-1]) ** 2), np.mean((draws[:, 1:] - draws[:, :-1]) ** 2)]
    assert lagged[1] == pytest.approx(lagged[0], rel=0.1)
    x[5] = np.nan
    assert np.isnan(_surrogates(x, 2, np.random.default_rng(0))[:, 5]).all()


def test_surrogates_keep_every_value():
    x = np.random.default_rng(0).standard_t(2, size=100)
    for draw in _surrogates(x, 5, np.random.default_rng(1), trend=False):
        np.testing.assert_allclose(np.sort(draw), np.sort(x))


def test_the_scale_of_a_series_is_followed():
    rng = np.random.default_rng(0)
    scale = np.geomspace(1, 8, 400)
    found = _local_scale(scale * rng.normal(size=400))
    np.testing.assert_allclose(np.log(found / found[200]), np.log(scale / scale[200]), atol=0.4)
    # And is one where it doesn't change.
    assert np.ptp(np.log(_local_scale(rng.normal(size=400)))) < 0.6


LATE = np.arange(160) >= 80
OWN = {
    "louder": lambda rng: rng.normal(size=(2, 160)) * np.where(LATE, 4, 1),
    "heavy tails": lambda rng: rng.standard_t(3, size=(2, 160)),
    "counts": lambda rng: rng.poisson(np.where(LATE, 8.0, 2.0), (2, 160)).astype(float),
    "steps": lambda rng: rng.normal(size=(2, 160)) + 3 * LATE,
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", OWN)
def test_what_each_series_does_on_its_own_is_no_relation(kind):
    pairs = (OWN[kind](np.random.default_rng(seed)) for seed in range(30))
    alarms = [relate(*pair, n_null=59, n_bootstrap=20).p_value <= 0.05 for pair in pairs]
    # At most 5 %; six or more of 30 has a probability of less than 1 %.
    assert np.sum(alarms) <= 5


def test_counts_that_are_mostly_zero():
    shared = np.random.default_rng(0).poisson(0.2, size=200).astype(float)
    found = relate(shared, shared)
    assert found.lead == 0
    assert found.correlation > 0.99
    assert found.p_value < 0.01


def test_missing_trials_are_left_out():
    shared = series("AR(.3)", 200, 0)
    x, y = shared.copy(), shared.copy()
    x[::5], y[::7] = np.nan, np.nan
    found = relate(x, y)
    assert found.lead == 0
    assert found.correlation > 0.99


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        ((np.zeros(30), np.zeros(30)), {}, "component: expected at least 40 trials"),
        ((np.zeros(50), np.zeros(51)), {}, "behaviour: expected a value for each of the 50 trials"),
        ((np.zeros(50), np.zeros(50)), {"max_lead": 20}, "max_lead: expected at most a quarter"),
    ],
)
def test_what_is_refused(arguments, options, message):
    with pytest.raises(ValueError, match=message):
        relate(*arguments, **options)
