"""The output folder of a command: claimed before the work, so that its results find room."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

FIGURES = "figures"
_LOCK = ".trialtensor.lock"


@contextmanager
def claimed(folder: Path, names: Iterable[str]) -> Iterator[None]:
    """Make the folder, check that all files can be written, and keep other commands out.

    Folders that it made and that stay empty are removed again.

    Parameters
    ----------
    folder : Path
    names : iterable of str
        Of the files that may be written.

    Raises
    ------
    ValueError
        If nothing can be written there, a folder is where a file is to be, or another process is
        writing there.
    """
    from trialtensor.storage import held

    made = [each for each in (folder / FIGURES, folder, *folder.parents) if not each.exists()]
    begun = False
    try:
        _make(folder, names)
        with held(folder / _LOCK, str(folder)):
            begun = True
            yield
    finally:
        for each in made if not begun or _is_bare(folder) else ():
            with suppress(OSError):
                each.rmdir()


def _make(folder: Path, names: Iterable[str]) -> None:
    from trialtensor.storage import check_room

    figures = folder / FIGURES
    try:
        figures.mkdir(parents=True, exist_ok=True)
        check_room(figures)
        check_room(folder)
    except OSError as error:
        raise ValueError(f"{folder}: cannot write there: {_reason(error, figures)}") from error
    _check_names(folder, names)


def _check_names(folder: Path, names: Iterable[str]) -> None:
    for name in names:
        if (folder / name).is_dir():
            raise ValueError(
                f"{folder / name}: is a folder, and a file of that name is to be written; move it "
                "away, or name another output folder"
            )


def _reason(error: OSError, figures: Path) -> str:
    if isinstance(error, FileExistsError | NotADirectoryError):
        there = [each for each in (figures, *figures.parents) if each.exists()]
        return f"{there[0]} is not a folder" if there else str(error.strerror)
    return str(error.strerror or error)


def _is_bare(folder: Path) -> bool:
    """Return whether nothing has been written, but perhaps a folder for figures made."""
    with suppress(OSError):
        return not {each.name for each in folder.iterdir()} - {FIGURES}
    return False
