"""Published effects, by the theories that have them and those that don't."""

import numpy as np
import pytest

from trialtensor_models import Schedule
from trialtensor_models.rates import EFFECTS, THEORIES, ContextInference, effect

LINEAR = ("one-rate", "two-state", "two-state, serial", "gated slow states")


@pytest.mark.parametrize("name", EFFECTS)
def test_inference_of_contexts_shows_all(name):
    assert EFFECTS[name].holds(effect(name, ContextInference()))


@pytest.mark.parametrize(
    "name",
    [
        "savings after 200 null trials",
        "evoked recovery",
        "single-trial learning, relearning over naive",
    ],
)
@pytest.mark.parametrize("theory", LINEAR)
def test_no_linear_theory_shows_these(name, theory):
    value = effect(name, THEORIES[theory])
    assert not EFFECTS[name].holds(value) and value < 1.6


def test_two_rates_recover_and_one_does_not():
    assert EFFECTS["spontaneous recovery"].holds(
        effect("spontaneous recovery", THEORIES["two-state"])
    )
    assert effect("spontaneous recovery", THEORIES["one-rate"]) == 0


def test_interference_grows_with_what_was_learned():
    """The longer one perturbation was there, the slower the opposite is learned."""
    model = ContextInference()
    learned = []
    for n in (5, 40, 160):
        trace = model.simulate(Schedule().baseline(50).rotate(1, n).rotate(-1, 30))
        learned.append(-trace.output[trace.block == 2].mean())
    assert np.all(np.diff(learned) < 0)


def test_a_fitted_scale_does_not_matter():
    name = "savings after 200 null trials"
    assert effect(name, ContextInference(scale=30.0)) == effect(name, ContextInference())


def test_bounds_in_words():
    assert [EFFECTS[name].expected for name in list(EFFECTS)[:3]] == [
        ">= 1.2",
        ">= 1.3",
        "0.1 to 0.8",
    ]
    assert EFFECTS["anterograde interference"].expected == "<= 0.8"
