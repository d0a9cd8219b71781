"""Ways to damage a folder: one of its files, or what there is."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks.fuzz_files.damage import ways_for
from benchmarks.fuzz_files.sessions import plant


def damage_folder(path: Path, mark: Path, rng: np.random.Generator) -> None:
    """Damage a copy of a folder in one to three ways.

    Parameters
    ----------
    path : Path
    mark : Path
        Of traps.
    rng : numpy.random.Generator
    """
    for _ in range(rng.integers(1, 4)):
        files = sorted(each for each in path.rglob("*") if each.is_file())
        if files:
            way = _WAYS[rng.integers(len(_WAYS))]
            way(path, files[rng.integers(len(files))], files, mark, rng)


Way = Callable[[Path, Path, list[Path], Path, np.random.Generator], None]


def _bytes(path: Path, file: Path, files: list[Path], mark: Path, rng: np.random.Generator) -> None:
    data = bytearray(file.read_bytes())
    ways = ways_for(file)
    if len(data) > 8:
        file.write_bytes(ways[rng.integers(len(ways))](data, rng))


def _delete(
    path: Path, file: Path, files: list[Path], mark: Path, rng: np.random.Generator
) -> None:
    file.unlink()


def _swap(path: Path, file: Path, files: list[Path], mark: Path, rng: np.random.Generator) -> None:
    other = files[rng.integers(len(files))]
    if other != file:
        shutil.copy(other, file)


def _trap(path: Path, file: Path, files: list[Path], mark: Path, rng: np.random.Generator) -> None:
    plant(file, mark)


def _empty(path: Path, file: Path, files: list[Path], mark: Path, rng: np.random.Generator) -> None:
    file.write_bytes(b"")


def _loop(path: Path, file: Path, files: list[Path], mark: Path, rng: np.random.Generator) -> None:
    target = path if rng.random() < 0.5 else Path("/etc")
    if not (file.parent / "more").exists():
        os.symlink(target, file.parent / "more")


def _pipe(path: Path, file: Path, files: list[Path], mark: Path, rng: np.random.Generator) -> None:
    file.unlink()
    os.mkfifo(file)


_WAYS: list[Way] = [_bytes, _bytes, _bytes, _delete, _swap, _trap, _empty, _loop, _pipe]
