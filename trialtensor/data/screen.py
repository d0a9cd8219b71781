"""Standard error for progress bars, none of which may fail the work that it shows."""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import Any

_FAILURES = (OSError, ValueError, AttributeError)


class Screen:
    """Standard error, whose failures are nobody's concern: closed, or a terminal that is gone."""

    def write(self, text: str) -> None:
        with suppress(*_FAILURES):
            sys.stderr.write(text)

    def flush(self) -> None:
        with suppress(*_FAILURES):
            sys.stderr.flush()

    def isatty(self) -> bool:
        try:
            return sys.stderr.isatty()
        except _FAILURES:
            return False

    def __getattr__(self, name: str) -> Any:
        return getattr(sys.stderr, name)
