"""Sections of the page of a model, in order."""

from trialtensor.report import common
from trialtensor.report.kinds import coupled, dynamics, parafac2
from trialtensor.report.registry import register_section

for _name, _write in (
    ("introduction", common.introduction),
    ("data", common.data),
    ("datasets", coupled.datasets),
    ("blocks", parafac2.blocks),
    ("components", common.components),
    ("fit", common.fit),
    ("dynamics", dynamics.dynamics),
    ("explained", common.explained),
    ("left_over", common.left_over),
    ("restarts", common.restarts),
    ("repeating", common.repeating),
):
    register_section(_name, _write)
