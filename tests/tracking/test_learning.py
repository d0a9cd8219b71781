"""Time constants that were planted are recovered, with the right model."""

import numpy as np
import pytest
import scipy.optimize

from trialtensor.tracking import learning_curve


def exponential(taus, amplitudes=(1.0,), n=200, sd=0.05, seed=0):
    trials = np.arange(n)
    y = sum(a * (1 - np.exp(-trials / tau)) for a, tau in zip(amplitudes, taus, strict=True))
    return y + sd * np.random.default_rng(seed).normal(size=n)


@pytest.mark.parametrize("tau", [3, 10, 40])
def test_planted_time_constants(tau):
    found, covered = [], []
    for seed in range(12):
        curve = learning_curve(exponential([tau], seed=seed))
        assert curve.best.model == "exponential"
        found.append(curve.best.time_constants[0])
        low, high = curve.best.time_constant_intervals[0]
        assert low < found[-1] < high
        covered.append(low <= tau <= high)
    assert np.median(np.abs(np.array(found) / tau - 1)) < 0.15
    assert np.max(np.abs(np.array(found) / tau - 1)) < 0.2
    assert sum(covered) >= 8  # of 90 % intervals


def test_two_exponentials_when_there_are_two():
    curve = learning_curve(exponential([4, 50], (0.6, 0.6), n=300, sd=0.03))
    assert curve.best.model == "two-exponential"
    np.testing.assert_allclose(curve.best.time_constants, [4, 50], rtol=0.25)
    np.testing.assert_allclose(curve.best.amplitudes, [0.6, 0.6], rtol=0.2)
    assert curve.best.plateau == pytest.approx(1.2, rel=0.05)
    assert curve.best.start == pytest.approx(0, abs=0.1)


@pytest.mark.parametrize(
    ("truth", "model"), [(np.zeros(150), "constant"), (np.arange(150) / 50, "linear")]
)
def test_nothing_and_a_line(truth, model):
    rng = np.random.default_rng(0)
    curve = learning_curve(truth + 0.3 * rng.normal(size=150))
    assert curve.best.model == model
    assert curve.best.slope == pytest.approx(np.polyfit(np.arange(150), truth, 1)[0], abs=0.002)


def test_one_exponential_is_that_of_scipy():
    y = exponential([15], sd=0.2)

    def model(t, plateau, amplitude, tau):
        return plateau - amplitude * np.exp(-t / tau)

    expected, _ = scipy.optimize.curve_fit(model, np.arange(200), y, p0=(1, 1, 10))
    found = learning_curve(y, models=["exponential"]).best
    assert found.plateau == pytest.approx(expected[0], rel=1e-3)
    assert found.amplitudes[0] == pytest.approx(expected[1], rel=1e-3)
    assert found.time_constants[0] == pytest.approx(expected[2], rel=1e-3)


def test_bic_of_white_noise_is_that_of_its_definition():
    y = exponential([15], sd=0.2, seed=4)
    curve = learning_curve(y, models=["constant", "exponential"])
    n = curve.n_effective
    sse = [np.sum((y - curve.fits[m].fitted) ** 2) for m in ("constant", "exponential")]
    expected = n * np.log(sse[0] / sse[1]) + (1 - 3) * np.log(n)
    assert curve.fits["constant"].bic - curve.fits["exponential"].bic == pytest.approx(expected)


def test_slow_noise_makes_intervals_wider():
    rng = np.random.default_rng(0)
    new = 0.1 * rng.normal(size=300)
    slow = np.zeros(300)
    for i in range(1, 300):
        slow[i] = 0.7 * slow[i - 1] + new[i]
    clean = exponential([20], n=300, sd=0)
    white = learning_curve(clean + new * np.std(slow) / np.std(new), models=["exponential"])
    dependent = learning_curve(clean + slow, models=["exponential"])
    assert dependent.n_effective < 150 < white.n_effective
    width = [np.diff(c.best.time_constant_intervals[0])[0] for c in (white, dependent)]
    assert width[1] > 1.5 * width[0]


def test_missing_trials_are_left_out():
    y = exponential([10])
    y[5::7] = np.nan
    curve = learning_curve(y)
    assert curve.best.time_constants[0] == pytest.approx(10, rel=0.15)
    assert np.isfinite(curve.best.fitted).all()


def test_what_is_refused():
    with pytest.raises(ValueError, match="at least 20 trials with a value, got 15; the model 'two"):
        learning_curve(np.zeros(15))
    with pytest.raises(ValueError, match="models: expected some of constant"):
        learning_curve(np.zeros(50), models=["cubic"])
    with pytest.raises(ValueError, match=r"values: expected \(n_trials,\), got shape \(50, 2\)"):
        learning_curve(np.zeros((50, 2)))
    learning_curve(np.random.default_rng(0).normal(size=12), models=["exponential"])
