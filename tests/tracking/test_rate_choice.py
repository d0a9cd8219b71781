"""A learner, or a drift that has nothing to do with the perturbation."""

import numpy as np
import pytest

from benchmarks.trial_noise import noise
from trialtensor.tracking.adaptation import fit_adaptation
from trialtensor.tracking.rate_choice import criteria
from trialtensor.tracking.rate_models import one_state, two_states
from trialtensor.tracking.rate_noise import kinds

SCHEDULE = np.r_[np.zeros(20), np.ones(90), -np.ones(10), np.full(40, np.nan)]
TWO = two_states({"A_f": 0.6, "B_f": 0.2, "A_s": 0.99, "B_s": 0.03}, SCHEDULE, "parallel").sum(0)
ONE = one_state({"A": 0.98, "B": 0.1}, SCHEDULE)[0]


def choice(y, **options):
    found = criteria(y, SCHEDULE, **options)
    return min(found, key=found.get)


DRIFTS = {
    "walk": lambda rng: np.cumsum(rng.normal(size=160)),
    "walk and white": lambda rng: np.cumsum(rng.normal(size=160)) + 5 * rng.normal(size=160),
    "sinusoid": lambda rng: (
        np.sin(np.arange(160) / 25 + 6 * rng.random()) + 0.3 * rng.normal(size=160)
    ),
    "slow": lambda rng: noise("AR(.95)", 160, rng),
}


@pytest.mark.parametrize("drift", DRIFTS)
def test_a_drift_is_no_learner(drift):
    found = [choice(DRIFTS[drift](np.random.default_rng(seed))) for seed in range(8)]
    # One in eight has a probability of a third at 5 %, two of 6 %.
    assert found.count("none") >= 6


def test_learners_are_found_in_white_and_in_slow_noise():
    rng = np.random.default_rng(0)
    white = rng.normal(size=(2, 160))
    assert choice(3 - 2 * TWO + 0.1 * white[0]) == "two rates"
    assert choice(TWO + 0.1 * white[0], scale=1.0) == "two rates"
    assert choice(ONE + 0.1 * white[1]) == "one rate"
    slow = noise("AR(.95)", 160, rng)
    assert choice(ONE + 0.2 * slow) == "one rate"


def test_the_choice_has_no_unit():
    y = ONE + 0.2 * np.random.default_rng(1).normal(size=160)
    first, second = criteria(y, SCHEDULE), criteria(y * 2.0**40, SCHEDULE * 2.0**-9)
    assert first == second


def test_kinds_are_a_distribution_and_white_is_one():
    seen = np.ones(50, dtype=bool)
    seen[7] = False
    found = kinds(seen)
    assert sum(prior for prior, _ in found) == pytest.approx(1)
    np.testing.assert_array_equal(found[0][1].root, seen)
    for _, each in found:
        assert np.isfinite(each.root).all() and np.isfinite(each.log_determinant)
        assert each.root[7] == 0


def test_a_known_scale_is_in_the_table():
    y = TWO + 0.1 * np.random.default_rng(2).normal(size=160)
    table, fits = fit_adaptation({"behaviour": y, "other": y}, SCHEDULE, 0.9, {"behaviour": 1.0})
    known, fitted = (table.set_index("series").loc[name] for name in ("behaviour", "other"))
    assert (known["scale"], known["scale_low"], known["scale_high"]) == (1, 1, 1)
    assert known["scale_known"] and not fitted["scale_known"]
    assert fitted["scale_low"] < fitted["scale"] < fitted["scale_high"]
    assert fitted["offset_low"] < 0 < fitted["offset_high"]
    assert fits["behaviour"].scale_known
    widths = [row["B_s_high"] - row["B_s_low"] for row in (known, fitted)]
    assert widths[0] < widths[1]


@pytest.mark.parametrize("scale", [None, -1.0])
def test_people_have_two_rates_whatever_drifts(shared_data, scale):
    with np.load(shared_data / "two_rate_behaviour.npz") as file:
        mean, rotation = np.nanmean(file["hand_angle_deg"], axis=0), file["rotation_deg"]
    found = criteria(mean, rotation, scale)
    assert min(found, key=found.get) == "two rates"
    assert found["one rate"] < found["none"] - 100
