"""Damage files and folders, have them read, and count what came of it."""

from __future__ import annotations

import argparse
import json
import selectors
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks.fuzz_files.damage import ways_for
from benchmarks.fuzz_files.folders import damage_folder
from benchmarks.fuzz_files.healthy import make_all
from benchmarks.fuzz_files.hostile import make_hostile
from benchmarks.fuzz_files.hostile_sessions import make_hostile_session
from benchmarks.fuzz_files.sessions import MARK

# Seconds after which a file hangs, and megabytes that reading a small file may take.
PATIENCE, MEMORY = 60.0, 700.0
# Share of files that are made to do harm.
HARMFUL = 0.15
GOOD = ("refused", "read", "read, other values (no checksum)")


class Watched:
    """A process that reads files, started again when it dies.

    Parameters
    ----------
    healthy : Path
        Folder of the files before they were damaged.
    errors : Path
        Where its standard error goes.
    """

    def __init__(self, healthy: Path, errors: Path) -> None:
        self._healthy, self._errors = healthy, errors
        self._start()

    def _start(self) -> None:
        self._log = self._errors.open("wb")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.fuzz_files.worker", str(self._healthy)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
        )
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._process.stdout, selectors.EVENT_READ)
        self._process.stdout.readline()

    def ask(self, path: Path) -> str:
        """Return what came of a file."""
        before = self._errors.stat().st_size
        self._process.stdin.write(f"{path}\n".encode())
        self._process.stdin.flush()
        if not self._selector.select(PATIENCE):
            self.close()
            self._start()
            return "hangs"
        answer = self._process.stdout.readline()
        if not answer:
            status = self._process.wait()
            self.close()
            self._start()
            return f"crash, status {status}"
        about = json.loads(answer)
        if about["said"] or self._errors.stat().st_size > before:
            text = self._errors.read_bytes()[before:][-200:].decode("utf-8", "replace")
            return f"printed: {about['said'] or text!r}"
        if about["megabytes"] > MEMORY:
            return f"takes {about['megabytes']:.0f} MB"
        return str(about["outcome"])

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.wait()
        self._selector.close()
        self._process.stdin.close()
        self._process.stdout.close()
        self._log.close()


def damaged(healthy: list[Path], folder: Path, n: int, seed: int) -> Iterator[Path]:
    """Write damaged files and folders, some of them made to do harm.

    Parameters
    ----------
    healthy : list of Path
    folder : Path
    n, seed : int
    """
    contents = {path: path.read_bytes() for path in healthy if path.is_file()}
    arrays = [path for path in healthy if not _is_session(path)]
    for number in range(n):
        rng = np.random.default_rng([seed, number])
        origin = healthy[number % len(healthy)]
        path = folder / f"{origin.stem}-{number:05}{origin.suffix}"
        harm = rng.random() < HARMFUL
        if harm and arrays and not _is_session(origin):
            yield make_hostile(folder, number, rng)
        elif origin.is_dir() or harm:
            copy = shutil.copytree if origin.is_dir() else shutil.copy
            copy(origin, path)
            change = make_hostile_session if harm else damage_folder
            change(path, folder / MARK, rng)
            yield path
        else:
            ways = ways_for(origin)
            path.write_bytes(ways[rng.integers(len(ways))](bytearray(contents[origin]), rng))
            yield path


def _is_session(path: Path) -> bool:
    return path.name.startswith("session_")


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()


def _keep(path: Path, folder: Path | None) -> None:
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        if path.is_dir():
            shutil.copytree(path, folder / path.name, symlinks=True, ignore=_pipes)
        else:
            shutil.copy(path, folder)


def _pipes(folder: str, names: list[str]) -> list[str]:
    return [name for name in names if (Path(folder) / name).is_fifo()]


def main() -> int:
    """Run the suite; the exit status is 1 if any file was not read as it should."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("n", type=int, nargs="?", default=5000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, help="folder for the files that were not refused well")
    parser.add_argument("--only", help="beginning of the names of what is damaged: session_nwb")
    given = parser.parse_args()
    counts: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "healthy").mkdir()
        healthy = make_all(folder / "healthy", given.only)
        watched = Watched(folder / "healthy", folder / "errors")
        whole = {path.name: watched.ask(path) for path in healthy}
        unread = {name: outcome for name, outcome in whole.items() if outcome != "read"}
        for path in damaged(healthy, folder, given.n, given.seed):
            outcome = watched.ask(path)
            counts[outcome] += 1
            if outcome not in GOOD:
                print(f"{path.name}: {outcome}", flush=True)
                _keep(path, given.keep)
            _remove(path)
        watched.close()
    print(f"{len(whole)} whole files: {len(whole) - len(unread)} read {unread or ''}")
    print(f"{given.n} damaged files, seed {given.seed}:")
    for outcome, count in counts.most_common():
        print(f"  {count:6}  {outcome}")
    return int(bool(unread) or any(outcome not in GOOD for outcome in counts))


if __name__ == "__main__":
    sys.exit(main())
