"""Time constants that were planted are recovered, with the right model."""

import numpy as np
import pytest
import scipy.optimize
import scipy.signal
import scipy.special

from trialtensor.tracking import learning_curve
from trialtensor.tracking.learning import DOUBT, N_PARAMETERS, trials_needed
from trialtensor.tracking.transitions.noise_kinds import noise_kinds


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


def test_one_exponential_in_white_noise_is_that_of_scipy():
    y = exponential([15], sd=0.2)

    def model(t, plateau, amplitude, tau):
        return plateau - amplitude * np.exp(-t / tau)

    expected, covariance = scipy.optimize.curve_fit(model, np.arange(200), y, p0=(1, 1, 10))
    found = learning_curve(y, models=["exponential"]).best
    told = [found.plateau, found.amplitudes[0], found.time_constants[0]]
    # Outliers are drawn in, and noise may be somewhat slow.
    assert (np.abs(told - expected) < 0.4 * np.sqrt(np.diag(covariance))).all()
    low, high = found.time_constant_intervals[0]
    assert 0.8 < (high - low) / (2 * 1.645 * np.sqrt(covariance[2, 2])) < 1.6


def test_odds_are_those_of_dense_covariance_matrices():
    """Over kinds of noise and a grid of time constants, for a line and one exponential."""
    n = 25
    # Uniform noise has no outliers that would be drawn in.
    y = exponential([6], n=n, sd=0) + 0.4 * np.random.default_rng(0).uniform(-1, 1, n)
    y[[4, 11]] = np.nan
    seen = np.isfinite(y)
    t, kinds = np.arange(n), noise_kinds()
    taus = np.exp(np.linspace(np.log(0.5), np.log(3 * n), 400))
    columns = {"linear": [t / n], "exponential": [np.exp(-t / tau) for tau in taus]}
    logs = {"constant": [], "linear": [], "exponential": []}
    for k in range(len(kinds.rho)):
        slow = kinds.rho[k] ** np.abs(np.subtract.outer(t, t)) * kinds.start[k]
        if kinds.walks[k]:
            slow = kinds.new[k] * np.minimum.outer(t, t)
        inverse = np.linalg.inv((slow + kinds.white[k] * np.eye(n))[np.ix_(seen, seen)])
        fixed = kinds.log_prior[k] + 0.5 * np.linalg.slogdet(inverse)[1]
        one = np.ones(seen.sum())
        fixed -= 0.5 * np.log(one @ inverse @ one)
        for name in logs:
            for column in columns.get(name, [None]):
                rows = np.array([one] if column is None else [one, column[seen]])
                gram, along = rows @ inverse @ rows.T, rows @ inverse @ y[seen]
                left = y[seen] @ inverse @ y[seen] - along @ np.linalg.solve(gram, along)
                cost = 0.5 * np.log1p(seen.sum()) * (len(rows) - 1)
                log = fixed - cost - 0.5 * (seen.sum() - 1) * np.log(left)
                logs[name].append(log - np.log(len(columns.get(name, [0]))))
    expected = {name: scipy.special.logsumexp(each) for name, each in logs.items()}
    expected["constant"] += DOUBT / np.sqrt(seen.sum())
    found = learning_curve(y, models=["constant", "linear", "exponential"]).fits
    for name in ("constant", "linear"):
        told = found[name].log_odds - found["exponential"].log_odds
        assert told == pytest.approx(expected[name] - expected["exponential"], abs=0.05)
    assert max(each.log_odds for each in found.values()) == 0


@pytest.mark.parametrize("memory", [0.0, 0.8])
def test_slow_noise_is_no_learning(memory):
    constant = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        new = rng.normal(size=300)
        y = scipy.signal.lfilter([1.0], [1.0, -memory], new)[-80:]
        constant += learning_curve(y).best.model == "constant"
    # At least 95 %; 34 or fewer of 40 has a probability of 1 %.
    assert constant >= 35


def test_an_outlier_at_the_first_trial_is_no_learning():
    for seed in range(10):
        y = np.random.default_rng(seed).normal(size=100)
        y[0] = 8.0
        assert learning_curve(y).best.model == "constant"


def test_learning_that_is_soon_over_shows_on_the_second_trial():
    found = learning_curve(exponential([1.0], n=80, sd=0.02)).best
    assert found.model == "exponential"
    assert found.time_constants == pytest.approx([1.0], rel=0.15)


def test_outliers_hardly_matter():
    y = exponential([15], sd=0.1, seed=2)
    spoiled = y.copy()
    spoiled[[40, 90, 91, 150]] += [3, -4, 5, -3]
    one, other = learning_curve(y).best, learning_curve(spoiled).best
    assert other.model == "exponential"
    assert other.time_constants == pytest.approx(one.time_constants, rel=0.1)


def test_time_constants_that_are_not_bounded():
    """Hardly curved: nothing speaks against a line, which has a time constant without end."""
    y = exponential([150], n=80, sd=0.1, seed=1)
    low, high = learning_curve(y, models=["exponential"]).best.time_constant_intervals[0]
    assert 5 < low < 150 and high == np.inf


@pytest.mark.parametrize("n", [8, 12, 20])
def test_short_series(n):
    names = [name for name in N_PARAMETERS if trials_needed(name) <= n]
    curve = learning_curve(exponential([3], n=n, sd=0.02), models=names)
    assert curve.best.model == ("exponential" if n > 8 else "linear")
    assert np.isfinite(curve.best.fitted).all() and 1 <= curve.n_effective <= n


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
