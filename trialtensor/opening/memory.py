"""How much memory is free, and whether what a file declares fits into it."""

from pathlib import Path

from trialtensor.opening.guard import RefusedError


class TooLargeError(RefusedError):
    """What would fit into more memory."""


# Less than this is read without asking how much is free.
_SMALL = 10_000_000
# Share of the free memory that one variable may take: reading must leave some.
_MOST = 0.9


def refuse_too_large(n_bytes: int) -> None:
    """Refuse to read what doesn't fit into the free memory.

    Parameters
    ----------
    n_bytes : int
        What the values take in memory.

    Raises
    ------
    RefusedError
    """
    if n_bytes <= _SMALL:
        return
    free = free_memory()
    if n_bytes > (_MOST * sum(free) if free is not None else 2**62):
        left = "" if free is None else f", and {size(sum(free))} is free"
        raise TooLargeError(f"takes {size(n_bytes)} of memory{left}")


def refuse_whole(name: str, n_bytes: int) -> None:
    """Refuse to read all of a variable that doesn't fit into memory, by its name.

    Parameters
    ----------
    name : str
    n_bytes : int
    """
    try:
        refuse_too_large(n_bytes)
    except TooLargeError as error:
        raise TooLargeError(f"{name} {error}") from error


def size(n_bytes: float) -> str:
    """Write a number of bytes as text, such as "1.2 GB".

    Parameters
    ----------
    n_bytes : float
    """
    for unit, factor in (("PB", 1e15), ("TB", 1e12), ("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if n_bytes >= factor:
            return f"{n_bytes / factor:.3g} {unit}"
    return f"{n_bytes:.0f} bytes"


def free_memory() -> tuple[int, int] | None:
    """Return the memory that is free or can be freed, and the free swap space, in bytes.

    Returns
    -------
    (int, int) or None
        Within the limit of the container, if there is one. None where the system doesn't say.
    """
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
        about = {
            name: int(rest.split()[0]) * 1024 for name, _, rest in (x.partition(":") for x in lines)
        }
        free, swap = about["MemAvailable"], about.get("SwapFree", 0)
    except (OSError, ValueError, KeyError, IndexError):
        return None
    left = [each for each in map(_left_in, _group_folders()) if each is not None]
    return min([free, *left]), swap


def _group_folders() -> list[Path]:
    """List the folders of the control groups that limit the memory of this process."""
    root, found = Path("/sys/fs/cgroup"), []
    try:
        lines = Path("/proc/self/cgroup").read_text().splitlines()
    except OSError:
        return []
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers in ("", "memory"):
            base = root / "memory" if controllers else root
            own = base / path.lstrip("/")
            # Inside a container the path is that of the host, and the limit lies at the root.
            found += [each for each in (own, *own.parents) if each.is_relative_to(base)]
    return found


def _left_in(folder: Path) -> int | None:
    """Return how much more a control group may use, counting the file cache as free."""
    for limit, used in (
        ("memory.max", "memory.current"),
        ("memory.limit_in_bytes", "memory.usage_in_bytes"),
    ):
        try:
            most = int((folder / limit).read_text())
            now = int((folder / used).read_text())
            pairs = [line.split() for line in (folder / "memory.stat").read_text().splitlines()]
            cached = sum(int(n) for name, n in pairs if name in ("active_file", "inactive_file"))
        except (OSError, ValueError):
            continue
        return most - now + cached
    return None
