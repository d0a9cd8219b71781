"""The suites pass what is right, and name what is wrong."""

import itertools
from dataclasses import dataclass, replace

import numpy as np
import pytest

from trialtensor_models import (
    CCRNNSimulator,
    CenterOut,
    DelayedMatch,
    EvidenceAccumulation,
    PointMass,
    ReversalLearning,
    RotatedReaching,
    Run,
    Schedule,
    SequenceDrawing,
    TwoLinkArm,
)
from trialtensor_models.plants import Movement
from trialtensor_models.tasks import Draw
from trialtensor_models.testing import check_plant, check_simulator, check_task

SHORT = CCRNNSimulator(schedule=Schedule().rotate(30, 3), record="activity")
RUNS = [SHORT.simulate(seed) for seed in (0, 1)]


@pytest.mark.parametrize(
    "plant", [PointMass(), TwoLinkArm(), PointMass(mass=3.0, motor_noise=0.0)], ids=repr
)
def test_our_plants_pass(plant):
    check_plant(plant)


@pytest.mark.parametrize(
    "task",
    [
        CenterOut(),
        CenterOut(n_targets=1, hold=0.4),
        RotatedReaching(),
        RotatedReaching(n_targets=3, rotations=(15,), first_angle=11.25),
        SequenceDrawing(),
        SequenceDrawing(n_sequences=9, n_strokes=2, seed=4),
        DelayedMatch(),
        EvidenceAccumulation(),
        ReversalLearning(),
        ReversalLearning(n_cues=4, turns=(-60, -20, 20, 60)),
    ],
    ids=repr,
)
def test_our_tasks_pass(task):
    check_task(task)


@pytest.mark.parametrize("record", ["all", "behaviour"])
def test_our_simulator_passes(record):
    check_simulator(replace(SHORT, record=record))


class Body(PointMass):
    """A plant that is wrong in one way."""

    def wrong(self, velocity, desired, perturbation, dt):
        raise NotImplementedError

    def move(self, command, desired, perturbation, dt):
        return self.wrong(super().move(command, desired, perturbation, dt), command, desired, dt)


def plant(wrong):
    return type("Wrong", (Body,), {"wrong": lambda self, *given: wrong(*given)})()


def loud():
    made = PointMass()
    object.__setattr__(made, "motor_noise", -1.0)
    return made


def halved(m, command, desired, dt):
    return Movement(0.5 * m.hand, m.cursor, m.error)


def overwritten(m, command, desired, dt):
    command[:] = 0
    return m


def noisy(m, command, desired, dt):
    return Movement(m.hand + np.random.default_rng().normal(size=m.hand.shape), m.cursor, m.error)


class Turned(PointMass):
    def move(self, command, desired, perturbation, dt):
        other = replace(perturbation, rotation=-perturbation.rotation)
        return super().move(command, desired, other, dt)


class Unclamped(PointMass):
    def move(self, command, desired, perturbation, dt):
        return super().move(command, desired, replace(perturbation, clamp=False), dt)


class Left(PointMass):
    def move(self, command, desired, perturbation, dt):
        return super().move(command, desired, replace(perturbation, curl=-perturbation.curl), dt)


class NoField(PointMass):
    def move(self, command, desired, perturbation, dt):
        if perturbation.curl and not perturbation.clamp:
            raise ValueError("curl: this plant has no force field")
        return super().move(command, desired, perturbation, dt)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (3, "check_members: plant: expected a plant such as PointMass.., got int without move"),
        (PointMass, "check_members: plant: expected a plant, got the class PointMass"),
        (loud(), "check_members: plant.motor_noise: expected"),
        (plant(lambda m, *_: m.hand), "check_shapes: expected a Movement, got ndarray"),
        (
            plant(lambda m, *_: Movement(m.hand[:, 1:], m.cursor, m.error)),
            r"check_shapes: expected hand of shape \(8, 90, 2\), got \(8, 89, 2\)",
        ),
        (
            plant(lambda m, *_: Movement(m.hand * np.nan, m.cursor, m.error)),
            "check_shapes: expected finite hand, got NaN or infinity",
        ),
        (plant(halved), "check_command_is_carried_out: expected an undisturbed hand within 5 %"),
        (plant(overwritten), "check_command_is_carried_out|check_inputs_are_left_alone"),
        (plant(noisy), "check_command_is_carried_out: expected an undisturbed hand"),
        (plant(lambda m, *_: 1 / 0), "check_shapes: expected no error, got ZeroDivisionError"),
        (Turned(), "check_rotation: expected the cursor at the hand turned by rotation=90"),
        (Unclamped(), "check_clamp: expected no error in an error clamp, got "),
        (Left(), "check_curl: expected a hand pushed clockwise by curl=13"),
    ],
)
def test_wrong_plants_are_named(wrong, said):
    with pytest.raises(AssertionError, match=said):
        check_plant(wrong)


def test_a_plant_may_refuse_a_field_by_name():
    check_plant(NoField())


@dataclass(frozen=True)
class Reach(CenterOut):
    """A task that is wrong in one way."""

    name = "reach"


def task(**members):
    return type("Wrong", (Reach,), members)()


def redrawn(**changes):
    def draw(self, conditions, dt, rng):
        drawn = CenterOut.draw(self, conditions, dt, rng)
        return replace(drawn, **{k: change(getattr(drawn, k)) for k, change in changes.items()})

    return draw


def three_inputs(self, conditions, dt, rng):
    return CenterOut().draw(conditions, dt, rng)


def small(self):
    object.__setattr__(self, "target_radius", 0.0)


COUNTER = itertools.count()


def counted(self, conditions, dt, rng):
    drawn = CenterOut.draw(self, conditions, dt, rng)
    return replace(drawn, inputs=drawn.inputs + next(COUNTER))


@pytest.mark.parametrize(
    ("members", "said"),
    [
        ({"name": 5}, "check_members: expected no error, got ValueError: task: its name should"),
        ({"n_inputs": 0}, "check_members: .*reach should have at least one input, got 0"),
        ({"labels": np.array([])}, "check_members: .*reach should have a label a condition"),
        ({"labels": np.zeros(8)}, "check_members: expected a label of its own for each"),
        (
            {"n_inputs": 4, "draw": three_inputs},
            r"check_trials: .*inputs of reach should have shape \(8, 90, 4\)",
        ),
        ({"go": lambda self, dt: 2.5}, "check_trials: expected the go signal at a step from 0"),
        ({"go": lambda self, dt: 40}, "check_trials: expected no movement wanted before the go"),
        ({"draw": redrawn(desired=lambda d: 0 * d)}, "check_trials: expected a movement of more"),
        ({"draw": redrawn(desired=lambda d: d[..., :1])}, "check_trials: .*: desired: expec"),
        ({"draw": redrawn(inputs=lambda x: x + np.nan)}, "check_trials: .*should be finite num"),
        ({"draw": lambda self, *_: None}, "check_trials: .*should draw a Draw, got NoneType"),
        ({"draw": counted}, "check_randomness: expected the same trials from the same generator"),
        (
            {"draw": redrawn(desired=lambda d: d[np.argsort(d.sum((1, 2)))])},
            "check_any_conditions: expected the trials of conditions",
        ),
        (
            {"draw": redrawn(inputs=lambda x: 0 * x)},
            "check_inputs_are_told_apart: expected other inputs for conditions 0 and 1",
        ),
        (
            {"draw": lambda self, c, dt, rng: CenterOut.draw(self, c, 0.01, rng)},
            "check_time: expected twice as many steps at half the step, got 1.00 times",
        ),
        (
            {"reference": lambda self: ReversalLearning()},
            r"check_reference: expected reference\(\)",
        ),
        ({"practice": lambda self: 3}, "check_reference: expected no error, got ValueError: task:"),
        ({"__init__": small}, "check_members: .*task.target_radius: expected a number above 0"),
        ({"answers": (0.0, 10.0)}, "check_trials: .*side of reach should be one of"),
    ],
)
def test_wrong_tasks_are_named(members, said):
    with pytest.raises(AssertionError, match=said):
        check_task(task(**members))


def test_wrong_choices_are_named():
    class Sided(ReversalLearning):
        name = "sided"

        def draw(self, conditions, dt, rng):
            drawn = super().draw(conditions, dt, rng)
            return Draw(drawn.inputs, drawn.desired, np.ones_like(drawn.side))

    with pytest.raises(AssertionError, match="check_answers: expected several right answers"):
        check_task(Sided())


class Canned:
    """A simulator that gives runs that are made already, changed in one way."""

    name = "canned"

    def __init__(self, change=lambda run, seed: run):
        self.change = change

    def simulate(self, seed):
        if type(seed) is not int or seed < 0:
            raise ValueError(f"seed: expected a whole number, got {seed!r}")
        return self.change(RUNS[seed], seed)


def activity(change):
    return Canned(lambda run, seed: Run(change(run.activity), run.behaviour, run.truth))


def truth(**changes):
    return Canned(lambda run, seed: Run(run.activity, run.behaviour, replace(run.truth, **changes)))


class Unseeded(Canned):
    def simulate(self, seed):
        return RUNS[0]


class Global(Canned):
    def simulate(self, seed):
        np.random.random()
        return super().simulate(seed)


def test_canned_runs_pass():
    check_simulator(Canned())


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (3, "check_members: .*simulator: expected one with a name and simulate"),
        (Canned, "check_members: .*got the class Canned; write Canned"),
        (Canned(lambda run, seed: None), "check_run: expected a Run, got NoneType"),
        (Canned(lambda run, seed: 1 / 0), "expected no error, got ZeroDivisionError"),
        (truth(fast=[1, 2, 3]), "expected no error, got ValueError: fast: expected a DataArray"),
        (Unseeded(), "check_seeds: expected another session from another seed"),
        (Global(), "expected numpy's global random state left alone"),
        (
            Canned(lambda run, seed: RUNS[next(COUNTER) % 2]),
            "check_seeds: expected the same bits from the same seed",
        ),
        (activity(lambda X: X.transpose()), "check_activity: expected the axes trial, neuron, tim"),
        (activity(lambda X: X[:2]), "check_activity: expected 3 trials, got 2"),
        (activity(lambda X: X.where(X > 0)), "check_activity: expected finite activity, got NaN"),
        (activity(lambda X: X.drop_vars("time")), "check_activity: expected the coordinate time"),
        (activity(lambda X: X[..., ::-1]), "check_activity: expected rising times"),
        (activity(lambda X: X[:, :9]), "check_activity: expected truth.region for each of 9"),
        (
            Canned(lambda run, seed: Run(run.activity, run.behaviour[["hand"]], run.truth)),
            "check_behaviour: expected a number a trial in behaviour",
        ),
        (
            Canned(
                lambda run, seed: Run(run.activity, run.behaviour.drop_vars("epoch"), run.truth)
            ),
            "check_behaviour: expected the label epoch of each trial",
        ),
        (truth(configuration={"seed": {1}}), "check_truth: expected numbers, text, lists and"),
        (truth(slow=RUNS[0].truth.slow[:2]), r"check_truth: expected truth.slow of shape \(3,\)"),
        (
            truth(schedule=RUNS[0].truth.schedule.drop_vars("epoch")),
            "check_truth: expected the column epoch in truth.schedule",
        ),
    ],
)
def test_wrong_simulators_are_named(wrong, said):
    with pytest.raises(AssertionError, match=said):
        check_simulator(wrong)


def test_a_seed_must_be_refused():
    class Lax(Canned):
        def simulate(self, seed):
            return RUNS[seed if seed in (0, 1) else 0]

    with pytest.raises(AssertionError, match="expected a ValueError for seed=-1, got no error"):
        check_simulator(Lax())
