"""The figure of an experiment, as a file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from trialtensor.cli.running import clear_errors
from trialtensor.storage import check_room, check_target, figure_format, write_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@contextmanager
def figure_to(output: Path) -> Iterator[Callable[[Figure], Path]]:
    """Check that a figure can be written before it is measured for; give what writes it.

    Errors end the command, in one line.

    Parameters
    ----------
    output : Path
    """
    with clear_errors():
        check_figure(output)
        yield lambda figure: write_figure(figure, output, dpi=150)


def check_figure(output: Path) -> None:
    """Refuse a path that no figure can be written to.

    Parameters
    ----------
    output : Path

    Raises
    ------
    ValueError, OSError
        Saying why.
    """
    path, _ = figure_format(output)
    check_target(path)
    check_room(path.parent)
