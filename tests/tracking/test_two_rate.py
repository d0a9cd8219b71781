"""Fits of adaptation by one and by two rates."""

import warnings

import numpy as np
import pytest
from scipy import optimize, signal, stats

from trialtensor.tracking import one_rate_fit, rebound, two_rate_fit
from trialtensor.tracking.rate_fitting import profile_interval, solve
from trialtensor.tracking.rate_models import TWO_RATE
from trialtensor.tracking.rate_observed import Observed

PLANTED = {"A_f": 0.7, "B_f": 0.25, "A_s": 0.99, "B_s": 0.05}
SCHEDULE = np.r_[np.zeros(10), np.ones(100), -np.ones(12), np.full(40, np.nan)]


def adapt(schedule, A_f, B_f, A_s, B_s, form="parallel"):
    """The recursion as a matrix that changes with the clamp, written apart from the package."""
    learn = np.array([B_f, B_s]) if form == "parallel" else np.array([B_f, 0.0])
    retain = np.array([[A_f, 0.0], [0.0 if form == "parallel" else B_s, A_s]])
    states = [np.zeros(2)]
    for p in schedule:
        closed = retain - np.outer(learn, np.ones(2))
        now = states[-1]
        states.append(retain @ now if np.isnan(p) else closed @ now + learn * p)
    return np.array(states[:-1]).T


@pytest.mark.parametrize("form", ["parallel", "serial"])
def test_planted_parameters_and_states_are_found(form):
    states = adapt(SCHEDULE, **PLANTED, form=form)
    found = two_rate_fit(states.sum(axis=0), SCHEDULE, form=form)
    for name, value in PLANTED.items():
        assert found.parameters[name] == pytest.approx(value, rel=1e-3), name
    np.testing.assert_allclose([found.fast, found.slow], states, atol=1e-3)
    np.testing.assert_allclose(found.output, found.fast + found.slow)


def test_without_clamp_it_is_a_linear_filter():
    p = np.r_[np.ones(80), -np.ones(40)]
    A, B = 0.97, 0.12
    # x[k+1] = (A - B) x[k] + B p[k]
    y = signal.lfilter([0, B], [1, -(A - B)], p)
    found = one_rate_fit(y, p)
    assert found.parameters == pytest.approx({"A": A, "B": B}, rel=1e-4)
    np.testing.assert_allclose(found.predicted, y, atol=1e-6)


def test_forms_are_the_same_system():
    y = adapt(SCHEDULE, **PLANTED).sum(axis=0)
    y = y + 0.05 * np.random.default_rng(0).standard_normal(y.size)
    parallel, serial = (two_rate_fit(y, SCHEDULE, form=form) for form in ("parallel", "serial"))
    assert parallel.log_likelihood == pytest.approx(serial.log_likelihood, abs=1e-4)
    s = serial.parameters
    assert parallel.parameters["A_f"] == pytest.approx(s["A_f"], abs=1e-3)
    slow = s["B_f"] * s["B_s"] / (s["A_s"] - s["A_f"])
    assert parallel.parameters["B_s"] == pytest.approx(slow, rel=1e-2)


def test_scale_and_offset_of_a_component():
    y = -3.0 * adapt(SCHEDULE, **PLANTED).sum(axis=0) + 1.5
    found = two_rate_fit(y, SCHEDULE, scale=True, offset=True)
    assert found.parameters == pytest.approx(PLANTED | {"scale": -3.0, "offset": 1.5}, rel=1e-2)
    np.testing.assert_allclose(found.predicted, y, atol=1e-3)
    np.testing.assert_allclose(found.predict(SCHEDULE), found.predicted)


def test_a_known_scale_is_held_and_shown():
    y = -2.0 * adapt(SCHEDULE, **PLANTED).sum(axis=0)
    y = y + 0.1 * np.random.default_rng(7).standard_normal(y.size)
    fitted, known = (two_rate_fit(y, SCHEDULE, scale=scale) for scale in (True, -2))
    assert (fitted.scale_known, known.scale_known) == (False, True)
    assert fitted.scale == fitted.parameters["scale"]
    assert known.scale == -2 and set(known.parameters) == set(PLANTED)
    np.testing.assert_allclose(known.predicted, -2 * known.output)
    np.testing.assert_allclose(known.predict(SCHEDULE), known.predicted)
    assert "scale=-2" in repr(known)
    for name, (low, high) in known.intervals.items():
        assert low < PLANTED[name] < high
        assert high - low < np.subtract(*fitted.intervals[name][::-1])
    # A fit without a scale is one with 1.
    assert two_rate_fit(y / -2, SCHEDULE).parameters == pytest.approx(known.parameters, rel=1e-6)
    assert two_rate_fit(y / -2, SCHEDULE, scale=1).scale == 1


def test_least_squares_are_those_of_scipy():
    rng = np.random.default_rng(8)
    y = adapt(SCHEDULE, **PLANTED).sum(axis=0) + 0.1 * rng.standard_normal(SCHEDULE.size)
    y[rng.random(y.size) < 0.2] = np.nan

    def rest(z):
        # Shares of the larger rate of each pair keep them in order.
        rates = {"A_f": z[0] * z[2], "B_f": z[1], "A_s": z[2], "B_s": z[3] * z[1]}
        return (z[4] * adapt(SCHEDULE, **rates).sum(axis=0) + z[5] - y)[np.isfinite(y)]

    start = [0.7, 0.25, 0.99, 0.2, 1.0, 0.0]
    box = [0, 0, 0, 0, -np.inf, -np.inf], [1, 1, 1, 1, np.inf, np.inf]
    expected = 2 * optimize.least_squares(rest, start, bounds=box).cost
    found = two_rate_fit(y, SCHEDULE, scale=True, offset=True)
    loss = found.noise**2 * (found.n_observations - 6)
    assert loss <= expected * (1 + 1e-9)


def test_intervals_end_where_the_loss_is_as_high_as_allowed_with_a_scale_too():
    y = -3.0 * adapt(SCHEDULE, **PLANTED).sum(axis=0) + 1.5
    y = y + 0.1 * np.random.default_rng(6).standard_normal(y.size)
    seen = Observed(y, SCHEDULE, TWO_RATE["parallel"], True, True, 0.9)
    best = seen.best()
    freedom = y.size - 6
    for name in ("A_s", "B_f", "scale"):
        for end in profile_interval(seen.problem, best, name, 0.9):
            assert end != best.parameters[name]
            held = solve(seen.problem, best.parameters, {name: end})
            statistic = (held.loss - best.loss) / (best.loss / freedom)
            assert statistic == pytest.approx(stats.f.ppf(0.9, 1, freedom), rel=0.01)


def test_constraints_hold_where_nothing_else_would_hold_them():
    rng = np.random.default_rng(1)
    for _ in range(5):
        y = rng.standard_normal(SCHEDULE.size) + 0.2 * np.nan_to_num(SCHEDULE)
        p = two_rate_fit(y, SCHEDULE).parameters
        assert 0 <= p["A_f"] <= p["A_s"] <= 1
        assert 0 <= p["B_s"] <= p["B_f"] <= 1


def test_bic_counts_parameters_and_noise():
    y = adapt(SCHEDULE, **PLANTED).sum(axis=0)
    y = y + 0.1 * np.random.default_rng(2).standard_normal(y.size)
    found = two_rate_fit(y, SCHEDULE)
    residual = y - found.predicted
    sigma = np.sqrt(np.mean(residual**2))
    likelihood = -np.sum(0.5 * (residual / sigma) ** 2 + np.log(sigma * np.sqrt(2 * np.pi)))
    assert found.log_likelihood == pytest.approx(likelihood)
    assert found.bic == pytest.approx(5 * np.log(y.size) - 2 * likelihood)


def test_two_rates_are_chosen_when_there_are_two_and_one_when_there_is_one():
    noise = 0.05 * np.random.default_rng(3).standard_normal((2, SCHEDULE.size))
    two = adapt(SCHEDULE, **PLANTED).sum(axis=0) + noise[0]
    one = adapt(SCHEDULE, 0.97, 0.1, 0.97, 0.0).sum(axis=0) + noise[1]
    assert two_rate_fit(two, SCHEDULE).bic < one_rate_fit(two, SCHEDULE).bic - 10
    assert one_rate_fit(one, SCHEDULE).bic < two_rate_fit(one, SCHEDULE).bic


def test_missing_trials_are_no_evidence():
    y = adapt(SCHEDULE, **PLANTED).sum(axis=0)
    y = y + 0.03 * np.random.default_rng(4).standard_normal(y.size)
    gap = y.copy()
    gap[20:40:2] = np.nan
    # R writes a signalling NaN.
    gap.view(np.uint64)[20] = 0x7FF00000000007A2
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = two_rate_fit(gap, SCHEDULE)
    assert found.n_observations == y.size - 10
    assert np.isfinite(found.predicted).all()
    assert found.parameters == pytest.approx(two_rate_fit(y, SCHEDULE).parameters, abs=0.05)


def test_inputs_are_left_alone():
    y, p = adapt(SCHEDULE, **PLANTED).sum(axis=0), SCHEDULE.copy()
    before = y.copy()
    two_rate_fit(y, p)
    np.testing.assert_array_equal(y, before)
    np.testing.assert_array_equal(p, SCHEDULE)


@pytest.mark.slow
def test_profile_intervals_cover():
    # 20 data sets: the table of 100 and more is in benchmarks/two_rate.py.
    rng = np.random.default_rng(5)
    clean = adapt(SCHEDULE, **PLANTED).sum(axis=0)
    covered = []
    for _ in range(20):
        y = clean + 0.05 * rng.standard_normal(clean.size)
        ends = two_rate_fit(y, SCHEDULE, level=0.9).intervals
        covered.append([ends[name][0] <= PLANTED[name] <= ends[name][1] for name in PLANTED])
    # 80 intervals of 90 %; those of one data set hang together.
    assert np.mean(covered) >= 0.8


def test_subjects_that_differ_widen_the_intervals():
    rng = np.random.default_rng(6)
    clean = adapt(SCHEDULE, **PLANTED).sum(axis=0)
    alike = clean + 0.1 * rng.standard_normal((8, clean.size))
    differing = alike * rng.uniform(0.7, 1.3, (8, 1))
    narrow, wide = (two_rate_fit(y, SCHEDULE).intervals["B_s"] for y in (alike, differing))
    assert wide[1] - wide[0] > 1.5 * (narrow[1] - narrow[0])
    assert narrow[0] < PLANTED["B_s"] < narrow[1]


def test_rebound():
    fit = two_rate_fit(adapt(SCHEDULE, **PLANTED).sum(axis=0), SCHEDULE)
    clamp = fit.output[-40:]
    assert fit.rebound == pytest.approx((clamp.max() - max(clamp[0], 0)) / fit.output[:122].max())
    assert fit.rebound > 0.1
    assert rebound([0, 0.5, 0.6, 0.4], [1, 1, np.nan, np.nan]) == 0
    assert np.isnan(rebound([0, 0.5, 0.6], [1, 1, 1]))
    # The direction is that of what was learned.
    assert rebound([0, -1, 0, -0.5], [-1, 1, np.nan, np.nan]) == 0.5


def test_one_rate_never_rebounds():
    y = adapt(SCHEDULE, **PLANTED).sum(axis=0)
    assert one_rate_fit(y, SCHEDULE).rebound < 0.02


def test_prediction_of_another_schedule():
    fitted_on = SCHEDULE[:122]
    y = adapt(fitted_on, **PLANTED).sum(axis=0)
    predicted = two_rate_fit(y, fitted_on).predict(SCHEDULE)
    np.testing.assert_allclose(predicted, adapt(SCHEDULE, **PLANTED).sum(axis=0), atol=2e-3)


def test_series_that_opposes_the_perturbation_is_named():
    y = -adapt(SCHEDULE, **PLANTED).sum(axis=0)
    with pytest.warns(UserWarning, match="give -perturbation"):
        two_rate_fit(y, SCHEDULE)


GOOD = np.zeros(SCHEDULE.size)


@pytest.mark.parametrize(
    "y, perturbation, options, message",
    [
        (np.zeros((2, 3, 4)), SCHEDULE, {}, r"y: expected \(n_trials,\) or .* got shape \(2, 3, 4"),
        (GOOD[:-1], SCHEDULE, {}, r"perturbation: expected shape \(161,\), .*got \(162,\)"),
        (GOOD + np.inf, SCHEDULE, {}, "y: expected numbers or NaN, got an infinite value"),
        (GOOD, np.zeros(162), {}, "perturbation: expected trials with a perturbation"),
        (GOOD, SCHEDULE, {"level": 95}, "level: expected a number between 0 and 1, got 95"),
        (GOOD, SCHEDULE, {"scale": 0}, "scale: expected a number other than 0, or True"),
        (GOOD, SCHEDULE, {"scale": np.inf}, "scale: expected a number"),
        (GOOD, SCHEDULE, {"form": "both"}, "form: expected one of .* got 'both'"),
        (np.zeros((3, 162)), SCHEDULE, {}, "y: expected one series or at least 5 subjects, got 3"),
        (GOOD[:11], SCHEDULE[:11], {}, "y: 4 parameters need at least 12 observed trials, got 11"),
    ],
)
def test_bad_input(y, perturbation, options, message):
    with pytest.raises(ValueError, match=message):
        two_rate_fit(y, perturbation, **options)


def test_subject_without_trials():
    y = np.zeros((6, SCHEDULE.size))
    y[4] = np.nan
    with pytest.raises(ValueError, match="y: subject 4 has no trial that isn't NaN"):
        two_rate_fit(y, SCHEDULE)


@pytest.fixture(scope="module")
def people(shared_data):
    with np.load(shared_data / "two_rate_behaviour.npz") as file:
        # Hands go against the rotation of the cursor.
        return file["hand_angle_deg"], -file["rotation_deg"], file["block"]


@pytest.mark.parametrize("form", ["parallel", "serial"])
def test_people_have_two_rates(people, form):
    angle, rotation, block = people
    mean = np.nanmean(angle, axis=0)
    two, one = two_rate_fit(mean, rotation, form=form), one_rate_fit(mean, rotation)
    assert two.bic < one.bic - 100
    # They rebound to about 7 of 28 degrees.
    seen = np.nanmean(mean[block == 4][-10:]) / np.nanmean(mean[block == 2][-20:])
    assert two.rebound == pytest.approx(seen, abs=0.1)
    assert one.rebound == pytest.approx(0, abs=0.01)
    for name, (low, high) in two.intervals.items():
        assert low <= two.parameters[name] <= high, name
        assert high - low < 0.2, name


def test_people_one_by_one_agree_with_their_mean(people):
    angle, rotation, _ = people
    group, mean = two_rate_fit(angle, rotation), two_rate_fit(np.nanmean(angle, axis=0), rotation)
    assert group.parameters == pytest.approx(mean.parameters, abs=0.01)
    for name, (low, high) in group.intervals.items():
        assert low <= group.parameters[name] <= high, name
