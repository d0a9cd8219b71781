"""Several jobs in one pass."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from trialtensor.solvers.passes.block import Block, Job, Join


@dataclass(frozen=True, eq=False)
class Several:
    """Jobs that are done on a block while it is there.

    Attributes
    ----------
    jobs : sequence of Job
    """

    jobs: Sequence[Job]

    @property
    def joins(self) -> Sequence[Join]:
        """Those of all jobs, one after the other."""
        return [join for job in self.jobs for join in job.joins]

    def __call__(self, block: Block) -> tuple[Any, ...]:
        """Return the results of all jobs."""
        return tuple(found for job in self.jobs for found in job(block))
