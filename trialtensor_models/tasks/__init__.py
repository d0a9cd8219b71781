"""Tasks: reaches to targets, shapes of strokes, and choices between answers."""

from trialtensor_models.tasks.center_out import CenterOut
from trialtensor_models.tasks.choices import (
    LEFT,
    RIGHT,
    ChoiceTask,
    Response,
    chosen,
    direction_of,
    has_choices,
    labels_of,
    next_answer,
    told,
    toward,
)
from trialtensor_models.tasks.evidence import EvidenceAccumulation
from trialtensor_models.tasks.interface import check_draw, check_is_task, check_task_members
from trialtensor_models.tasks.match import DelayedMatch
from trialtensor_models.tasks.registry import configuration_of, register_task, task_from
from trialtensor_models.tasks.reversal import ReversalLearning
from trialtensor_models.tasks.rotated_reaching import RotatedReaching
from trialtensor_models.tasks.sequence_drawing import SequenceDrawing
from trialtensor_models.tasks.task import Draw, Task, condition_of, target_radius_of

__all__ = [
    "LEFT",
    "RIGHT",
    "CenterOut",
    "ChoiceTask",
    "DelayedMatch",
    "Draw",
    "EvidenceAccumulation",
    "Response",
    "ReversalLearning",
    "RotatedReaching",
    "SequenceDrawing",
    "Task",
    "check_draw",
    "check_is_task",
    "check_task_members",
    "chosen",
    "condition_of",
    "configuration_of",
    "direction_of",
    "has_choices",
    "labels_of",
    "next_answer",
    "register_task",
    "target_radius_of",
    "task_from",
    "told",
    "toward",
]
