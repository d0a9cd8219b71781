"""One fast state and a slow one for each context."""

import numpy as np
import pandas as pd
import pytest

from trialtensor_models import Schedule, TwoStateModel
from trialtensor_models.rates import Behaviour, GatedSlowModel

SCHEDULE = Schedule().baseline(10).rotate(30, 80).rotate(-30, until="zero").clamp(30)


def test_without_cues_it_is_the_two_state_model():
    found, expected = GatedSlowModel().simulate(SCHEDULE), TwoStateModel().simulate(SCHEDULE)
    for name in ("output", "fast", "slow", "error", "block"):
        assert np.array_equal(getattr(found, name), getattr(expected, name))


def test_one_cue_is_none():
    sizes = TwoStateModel().simulate(SCHEDULE).perturbation
    table = pd.DataFrame({"perturbation": sizes, "context": "here"})
    assert np.array_equal(
        GatedSlowModel().simulate(table).output, GatedSlowModel().simulate(sizes).output
    )


def test_the_slow_state_of_another_context_only_decays():
    table = pd.DataFrame(
        {"perturbation": [1.0] * 100 + [0.0] * 200, "context": ["a"] * 100 + ["b"] * 199 + ["a"]}
    )
    trace = GatedSlowModel().simulate(table)
    assert trace.slow[-1] == pytest.approx(
        0.992**200 * (trace.slow[99] + 0.02 * trace.error[99] / 0.992), rel=1e-9
    )
    assert trace.slow[100] == 0


def test_fit_finds_what_was_planted():
    rng = np.random.default_rng(0)
    p = np.r_[np.zeros(10), np.ones(60), np.full(20, np.nan), rng.choice([1.0, -1.0], 80)]
    table = pd.DataFrame({"perturbation": p, "context": np.where(p < 0, "b", "a")})
    planted = GatedSlowModel(A_f=0.7, B_f=0.3, A_s=0.99, B_s=0.05)
    y = [planted.simulate(table, noise=0.1, random_state=i).shown for i in range(8)]
    found = GatedSlowModel.fit(Behaviour.of(y, table)).found
    for name, (low, high) in found.intervals.items():
        assert low < getattr(planted, name) < high
        assert high - low < 0.2


@pytest.mark.parametrize("rates", [{"A_f": 1.1}, {"B_s": -0.1}, {"A_s": float("nan")}])
def test_rates_out_of_range(rates):
    with pytest.raises(ValueError, match=next(iter(rates))):
        GatedSlowModel(**rates)
