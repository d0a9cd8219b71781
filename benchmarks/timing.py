"""A stopwatch, and the table that collects all results."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

HEADER = (
    "task", "peer", "ours (s)", "peer (s)", "ratio", "our loss", "peer loss", "required", "verdict",
)  # fmt: skip


@dataclass(frozen=True)
class Run:
    """One timed run.

    Attributes
    ----------
    seconds, cpu_seconds : float
        By the wall clock, and by the processor; they differ when the machine is busy.
    loss : float
        Sum of squared errors over the observed entries, computed here from the factors.
    reached : bool
        True if it got within the tolerance of the best loss. If not, `seconds` is only a lower
        bound on the time that it would need.
    sweeps : int, optional
    """

    seconds: float
    cpu_seconds: float
    loss: float = float("nan")
    reached: bool = True
    sweeps: int | None = None


def clock(call: Callable[[], Any]) -> tuple[Any, float, float]:
    """Return the result, wall seconds and processor seconds of ``call()``."""
    gc.collect()
    wall, cpu = time.perf_counter(), time.process_time()
    result = call()
    return result, time.perf_counter() - wall, time.process_time() - cpu


@dataclass(frozen=True)
class Row:
    """A row of the table: ours compared with one peer on one task.

    Losses are shown relative to `best`, the lowest that anyone reached: ``+2.0e-05`` is
    0.002 % above it.
    """

    task: str
    peer: str
    ours: Sequence[Run]
    theirs: Sequence[Run]
    best: float
    required: float | None = None
    note: str = ""
    extra: dict[str, Any] = field(default_factory=dict)

    @property
    def ratio(self) -> float:
        """Speed-up of ours over the peer, by the medians of the wall clock."""
        return median(r.seconds for r in self.theirs) / median(r.seconds for r in self.ours)

    @property
    def is_bound(self) -> bool:
        """True if the ratio is only a lower bound, because the peer's median run was cut off."""
        middle = median(r.seconds for r in self.theirs)
        return any(not r.reached and r.seconds <= middle for r in self.theirs)

    @property
    def met(self) -> bool:
        """True if all of our runs reached the target fast enough."""
        return all(r.reached for r in self.ours) and self.ratio >= (self.required or 0)

    def cells(self) -> tuple[str, ...]:
        """The cells of the row, in the order of `HEADER`."""
        bound = ">" if self.is_bound else ""
        verdict = "" if self.required is None else "met" if self.met else "MISSED"
        if not all(r.reached for r in self.ours):
            verdict += f" (ours reached {sum(r.reached for r in self.ours)}/{len(self.ours)})"
        reached = sum(r.reached for r in self.theirs)
        if reached < len(self.theirs):
            verdict += f" (peer reached {reached}/{len(self.theirs)})"
        return (
            self.task,
            self.peer + self.note,
            f"{median(r.seconds for r in self.ours):.3f}",
            f"{bound}{median(r.seconds for r in self.theirs):.3f}",
            f"{bound}{self.ratio:.1f}",
            self._relative(self.ours),
            self._relative(self.theirs),
            "" if self.required is None else f"{self.required:g}",
            verdict.strip(),
        )

    def _relative(self, runs: Sequence[Run]) -> str:
        return f"{max(r.loss for r in runs) / self.best - 1:+.1e}"


def table(rows: Sequence[Row]) -> str:
    """Format rows as a Markdown table."""
    lines = [HEADER, ("---",) * len(HEADER), *(row.cells() for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
