"""Figures as files, whole or not at all."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import TYPE_CHECKING

from trialtensor.storage.whole import write_whole

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def write_figure(figure: Figure, path: str | os.PathLike[str], *, dpi: int = 150) -> Path:
    """Draw a figure in memory, and write it in the format that the name ends in.

    Parameters
    ----------
    figure : matplotlib figure
    path : path
        ``.png`` is added to a name without an ending.
    dpi : int

    Returns
    -------
    Path
        Of the file.

    Raises
    ------
    ValueError
        If there is no such format.
    OSError
        If the file can't be written.
    """
    path, kind = figure_format(path)
    content = io.BytesIO()
    figure.savefig(content, format=kind, dpi=dpi)
    write_whole(path, content.getbuffer())
    return path


def figure_format(path: str | os.PathLike[str]) -> tuple[Path, str]:
    """Return where a figure goes and its format; refuse what can't be drawn.

    Parameters
    ----------
    path : path

    Raises
    ------
    ValueError
        If there is no such format; the message lists those that there are.
    """
    from matplotlib.backend_bases import FigureCanvasBase

    path = Path(path)
    if not path.suffix and not path.exists():
        path = path.with_name(f"{path.name}.png")
    kind = path.suffix.removeprefix(".").lower() or "png"
    known = sorted(FigureCanvasBase.get_supported_filetypes())
    if kind not in known:
        raise ValueError(f"{path}: no figure ends in .{kind}; name one of {', '.join(known)}")
    return path, kind
