"""Warnings that point at the user's own line, from any depth in the library."""

from __future__ import annotations

import os
import sys
import warnings
from pathlib import Path

_PACKAGE = str(Path(__file__).resolve().parents[1])
# Estimators are also called by scikit-learn (pipelines, searches) and joblib.
_IN_BETWEEN = ("sklearn", "joblib")


def warn(message: str, category: type[Warning] = UserWarning) -> None:
    """Warn with the location of the first caller outside this library.

    Parameters
    ----------
    message : str
    category : type of Warning
    """
    frame, level = sys._getframe(1), 2
    while frame.f_back is not None and _is_ours(frame.f_code.co_filename):
        frame, level = frame.f_back, level + 1
    warnings.warn(message, category, stacklevel=level)


def _is_ours(filename: str) -> bool:
    if filename.startswith(_PACKAGE + os.sep):
        return True
    parts = Path(filename).parts
    return "site-packages" in parts and any(name in parts for name in _IN_BETWEEN)
