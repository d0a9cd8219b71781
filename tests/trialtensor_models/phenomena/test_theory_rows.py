"""Theories of behaviour in the table: with unperturbed reaching behind them."""

import numpy as np
import pytest

from trialtensor_models.phenomena import Theory
from trialtensor_models.phenomena.memory import savings_after_washout
from trialtensor_models.phenomena.paradigms import recovery, washout
from trialtensor_models.rates import THEORIES

LINEAR = ("one-rate", "two-state", "two-state, serial", "gated slow states")


@pytest.mark.parametrize("name", LINEAR)
def test_linear_theories_start_as_they_would_without(name):
    model = THEORIES[name]
    for schedule in (washout, recovery):
        trace, (curve,) = model.simulate(schedule), Theory(model).curves(schedule)
        assert np.allclose(30 * curve.adaptation, trace.output)
        assert np.array_equal(curve.block, trace.block)


def test_who_saves_after_a_long_washout():
    class OneColumn:
        """Takes a row's measure, and gives it to every theory."""

        def measure(self, name, what, schedule, **more):
            assert name == "savings after 200 null trials"
            return {key: what(Theory(m).curves(schedule)[0]) for key, m in THEORIES.items()}

    (found,) = savings_after_washout(OneColumn())
    assert found.pop("context inference") > 2
    assert all(0.95 < value < 1.05 for value in found.values())
