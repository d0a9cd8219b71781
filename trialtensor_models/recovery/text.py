"""The benchmark as text: a part a problem, a line a method, a column a score."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from trialtensor_models.recovery.entry import Entry

SHOWN = ("fast", "slow", "change subspace", "region")
_NAME, _CELL = 22, 17


def benchmark_text(entries: Sequence[Entry]) -> str:
    """Write scores, with 95 % of the null in brackets and a star where p is at most .05.

    Parameters
    ----------
    entries : sequence of Entry
    """
    lines = []
    for problem in dict.fromkeys(entry.problem for entry in entries):
        own = [entry for entry in entries if entry.problem == problem]
        lines += ["", problem.ljust(_NAME) + "".join(s.rjust(_CELL) for s in (*SHOWN, "seconds"))]
        for method in dict.fromkeys(entry.method for entry in own):
            lines.append(_line(method, [entry for entry in own if entry.method == method]))
    note = "score (95 % of its null); * where p is at most .05"
    return "\n".join([*lines[1:], "", note])


def _line(method: str, entries: Sequence[Entry]) -> str:
    start = f"  {method}".ljust(_NAME)
    if entries[0].remark:
        return f"{start}  {entries[0].remark}"
    by_score = {entry.score: entry for entry in entries}
    cells = [_cell(by_score.get(name)) for name in SHOWN]
    return start + "".join(cell.rjust(_CELL) for cell in [*cells, f"{entries[0].seconds:.1f}"])


def _cell(entry: Entry | None) -> str:
    if entry is None:
        return "–"
    star = "*" if entry.p_value <= 0.05 else " "
    return f"{entry.value:z.2f} ({entry.chance:z.2f}){star}"
