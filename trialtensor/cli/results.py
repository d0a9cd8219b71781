"""Writing of many files, where one that fails stops none of the others."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trialtensor.cli.folder import FIGURES

if TYPE_CHECKING:
    from trialtensor.models import TrialEstimator

Steps = Iterable[tuple[tuple[str, ...], Callable[[], Any]]]


@dataclass
class Written:
    """What of the results is on disk.

    Attributes
    ----------
    folder : Path
        Another one than was asked for, if that can't be written to.
    names : list of str
        Of whole files.
    failures : dict
        Reason -> names of files, or the folder.
    model : Path or None
        The model, once it is saved.
    """

    folder: Path
    names: list[str] = field(default_factory=list)
    failures: dict[str, list[str]] = field(default_factory=dict)
    model: Path | None = None

    def save(self, model: TrialEstimator, name: str) -> None:
        """Save a model; if its folder can't take it, in a new one, where the rest goes as well.

        Parameters
        ----------
        model : fitted model
        name : str
        """
        try:
            # Somebody may have removed it during a long fit.
            (self.folder / FIGURES).mkdir(parents=True, exist_ok=True)
            model.save(self.folder / name)
        except OSError as error:
            self._fail(error, [str(self.folder)])
            if not self._save_elsewhere(model, name):
                return
        except Exception as error:
            self._fail(error, [name])
            return
        self.model = self.folder / name
        self.names.append(name)

    def _save_elsewhere(self, model: TrialEstimator, name: str) -> bool:
        for place in _other_places():
            folder = None
            try:
                folder = Path(tempfile.mkdtemp(prefix="trialtensor-", dir=place))
                (folder / FIGURES).mkdir()
                model.save(folder / name)
            except OSError:
                if folder is not None:
                    with suppress(OSError):
                        (folder / FIGURES).rmdir()
                        folder.rmdir()
                continue
            self.folder = folder
            return True
        return False

    def run(self, steps: Steps) -> None:
        """Run the steps, each named by its files; what an interrupt leaves of a step is removed.

        Parameters
        ----------
        steps : pairs of names and a function
        """
        for names, write in steps:
            try:
                write()
            except Exception as error:
                # Files appear whole or not at all, and older ones were removed before.
                there = [name for name in names if (self.folder / name).is_file()]
                self._fail(error, [name for name in names if name not in there])
                self.names += there
            except BaseException:
                remove(self.folder, names)
                raise
            else:
                self.names += names

    def complaint(self) -> str:
        """Say in one line what isn't there and why; nothing if all is."""
        if not self.failures:
            return ""
        lost = "; ".join(f"{', '.join(names)}: {why}" for why, names in self.failures.items())
        if self.model is not None:
            return f"cannot write {lost}; the model is saved in {self.model}"
        return f"cannot write {lost}" + ("" if self.names else "; nothing is saved")

    def _fail(self, error: Exception, names: list[str]) -> None:
        if names:
            self.failures.setdefault(reason(error), []).extend(names)


def reason(error: Exception) -> str:
    """Return why something failed, in one line.

    Parameters
    ----------
    error : Exception
    """
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    kind = "" if isinstance(error, ValueError | OSError) else f"{type(error).__name__}: "
    return kind + " ".join(str(error).split())


def remove(folder: Path, names: Iterable[str]) -> None:
    """Remove those of the files that exist; what can't be removed can't be replaced either."""
    for name in names:
        with suppress(OSError):
            (folder / name).unlink(missing_ok=True)


def _other_places() -> Iterator[Path]:
    with suppress(OSError):
        yield Path(tempfile.gettempdir())
    with suppress(OSError):
        yield Path.cwd()
    with suppress(RuntimeError):
        yield Path.home()
