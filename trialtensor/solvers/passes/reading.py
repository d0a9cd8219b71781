"""What can go wrong while a file is read again and again, and how far a pass is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from trialtensor.data.screen import Screen

# Values at both ends of a block that are compared with those of the first time.
_COMPARED = 64
# Seconds that a pass takes before its bar is shown.
_SHORT = 0.5


class Unchanged:
    """A file that must be the same in every pass.

    Parameters
    ----------
    path : path, optional
        None where the source doesn't say where it is.
    argument : str
        Name used in error messages.
    """

    def __init__(self, path: Path | None, argument: str = "X") -> None:
        self.path, self.argument = path, argument
        self.name = "the data" if path is None else path.name
        self._state = self._look()
        self._seen: dict[tuple[int, int], bytes] = {}

    def check(self) -> None:
        """Refuse a file that was written to since the fit began.

        Raises
        ------
        ValueError
            If so.
        """
        if self._look() != self._state:
            self._refuse()

    def check_values(self, part: slice, raw: np.ndarray) -> None:
        """Refuse a block whose values at both ends aren't those of the first time.

        Parameters
        ----------
        part : slice
        raw : array

        Raises
        ------
        ValueError
            If so.
        """
        flat = raw.reshape(-1)
        now = flat[:_COMPARED].tobytes() + flat[-_COMPARED:].tobytes()
        if self._seen.setdefault((part.start, part.stop), now) != now:
            self._refuse()

    def _look(self) -> tuple[int, int] | None:
        if self.path is None:
            return None
        try:
            found = self.path.stat()
        except OSError:
            return -1, -1
        return found.st_mtime_ns, found.st_size

    def _refuse(self) -> None:
        raise ValueError(
            f"{self.argument}: {self.name} changed while it was read, so its passes don't belong "
            "together; fit it once nothing writes to it any more"
        )


def reading_bar(total: int, number: int, *, shown: bool) -> Any:
    """Open a bar that counts the bytes of one pass, with the remaining time.

    Parameters
    ----------
    total : int
        Bytes of the pass.
    number : int
        Which pass this is, counted from 1.
    shown : bool
        Shown on a terminal only.
    """
    from tqdm import tqdm

    return tqdm(
        total=total,
        desc=f"pass {number}",
        unit="B",
        unit_scale=True,
        leave=False,
        disable=None if shown else True,
        file=Screen(),
        delay=_SHORT,
    )
