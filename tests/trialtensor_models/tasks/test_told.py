"""The commands that would be right, in tasks with choices and without."""

from dataclasses import replace

import numpy as np
import pytest

from trialtensor_models import (
    CenterOut,
    DelayedMatch,
    EvidenceAccumulation,
    ReversalLearning,
    RotatedReaching,
)
from trialtensor_models.tasks import chosen, told


def drawn(task):
    return task.draw(np.arange(len(task.labels)), 0.01, np.random.default_rng(0))


@pytest.mark.parametrize(
    "task",
    [DelayedMatch(), EvidenceAccumulation(), ReversalLearning(n_cues=4, turns=(-50, 0, 20))],
    ids=lambda task: task.name,
)
def test_pushes_to_the_right_answers(task):
    # Trials of pretraining have the same right answers, whatever is asked for in them.
    for trials in (task, task.reference()):
        draw = drawn(trials)
        commands = told(trials, draw)
        ends = commands.sum(1) * 0.01
        aside = np.rad2deg(np.arctan2(ends[:, 0], ends[:, 1]))
        assert [chosen(task, -angle) for angle in aside] == draw.side.tolist()
        assert np.abs(aside[:, None] - task.answers).min(1).max() < 1e-9
        speeds = np.linalg.norm(draw.desired, axis=2)
        np.testing.assert_allclose(np.linalg.norm(commands, axis=2), speeds, atol=1e-12)


def test_reaches_are_told_as_they_are():
    for task in (CenterOut(), RotatedReaching()):
        draw = drawn(task)
        assert told(task, draw) is draw.desired


def test_answers_that_are_none_are_refused():
    task, draw = DelayedMatch(), drawn(DelayedMatch())
    with pytest.raises(ValueError, match="draw: expected the right answers of match, got side=N"):
        told(task, replace(draw, side=None))
    with pytest.raises(ValueError, match=r"label: expected one of \(-1, 1\), got 3"):
        told(task, replace(draw, side=np.array([1, 1, 1, 3])))
