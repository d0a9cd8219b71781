"""Circuits and courses of the package: there, and what they say they are."""

import numpy as np
import pytest

from trialtensor_models.circuit import list_packaged, load_circuit, load_course, missed
from trialtensor_models.training.circuits import CIRCUITS, COURSES, TASK


def test_the_package_has_what_its_script_makes():
    found = list_packaged()
    assert {f"reaching_{arm}" for arm in COURSES} <= set(found["courses"])
    assert {f"reaching_{arm}" for arm in CIRCUITS} <= set(found["circuits"])


def test_a_circuit_reaches():
    training = load_circuit("reaching_gradient")
    assert training.plan.setting.task == TASK
    circuit = training.circuit()
    trials = circuit.draw()
    assert missed(circuit.run(trials), trials).mean() < 0.05
    blocked = circuit.lesion("nuclei")
    assert missed(blocked.run(trials), trials).mean() > 0.1


def test_a_course_ends_where_its_circuit_is():
    run, training = load_course("reaching_local"), load_circuit("reaching_local")
    last = run.truth.schedule["iteration"].values[-1]
    assert last == training.iterations[-1] == 1000
    performance = training.performance().isel(checkpoint=-1)
    n = len(TASK.labels)
    assert np.isclose(1 - run.truth.slow[-n:].mean(), performance["missed_blocked"], atol=0.05)


@pytest.mark.parametrize("load", [load_course, load_circuit])
def test_unknown_names_are_refused(load):
    with pytest.raises(ValueError, match="name: expected one of 'reaching_alone'"):
        load("reaching")
