"""Logs of our rig for trialtensor: a line for every spike and every trial."""

from pathlib import Path

import pandas

from trialtensor import Session, Units

NAME = "a log of our rig"
FIRST_LINE = b"# rig log 1"


def match(path: Path) -> float:
    """Tell by the first line; a suffix alone would be worth 0.3 at most."""
    if not path.is_file():
        return 0.0
    with path.open("rb") as file:
        return float(file.readline().strip() == FIRST_LINE)


def open(path: Path, *, ticks: float = 1000.0) -> Session:
    """Read spikes ("s", tick, unit) and trials ("t", tick of the cue, side); `ticks` a second."""
    spikes: list[tuple[float, int]] = []
    trials: list[dict[str, object]] = []
    other = 0
    for line in path.read_text("utf-8").splitlines()[1:]:
        kind, *rest = line.split()
        if kind == "s":
            spikes.append((float(rest[0]) / ticks, int(rest[1])))
        elif kind == "t":
            trials.append({"cue": float(rest[0]) / ticks, "side": rest[1]})
        else:
            other += 1
    times, units = zip(*spikes, strict=True) if spikes else ((), ())
    return Session(
        path.name,
        path,
        trials=pandas.DataFrame(trials).rename_axis("trial"),
        units=Units.from_flat(times, units),
        notes=[f"left out: {other} lines of other kinds"] if other else [],
    )
