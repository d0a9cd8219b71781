"""A table of trainings of circuits, a row each, that can be stopped and continued."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from trialtensor.plotting.panels import mean_interval
from trialtensor.storage import frame_text, held, write_whole
from trialtensor_models.circuit import Training, n_trained
from trialtensor_models.tasks import EvidenceAccumulation, RotatedReaching, SequenceDrawing

SHIPPED = Path(__file__).parent / "tables"
TASKS = {
    "rotated reaching": RotatedReaching,
    "sequence drawing": SequenceDrawing,
    "evidence": EvidenceAccumulation,
}
# Stimuli of this task are noisy; each condition is measured on so many of them.
N_REPEATS = {"evidence": 8}


def fill(
    path: Path,
    wanted: Sequence[Mapping[str, Any]],
    train: Callable[..., Training],
    say: Callable[[str], None] = lambda line: None,
) -> pd.DataFrame:
    """Train what a table lacks; each row is written at once.

    Parameters
    ----------
    path : Path
        A CSV file; made if there is none. What it holds is not trained again.
    wanted : sequence of mappings
        What tells a training from others: arguments of `train`, and columns of the table.
    train : callable
    say : callable
        Told about each row.

    Returns
    -------
    DataFrame
        What was wanted, in this order.

    Raises
    ------
    ValueError
        If another process fills the table, or it has other columns.
    """
    with held(path.with_name(path.name + ".lock"), f"{path.name} is being filled"):
        table = read(path) if path.exists() else pd.DataFrame()
        for key in wanted:
            if _place(table, key) is None:
                row = pd.DataFrame([{**key, **_trained(train, key)}])
                table = pd.concat([table, row], ignore_index=True) if len(table) else row
                write_whole(path, frame_text(table))
                say(_line(key, row.iloc[0]))
    return table.loc[[_place(table, key) for key in wanted]].reset_index(drop=True)


def read(path: Path) -> pd.DataFrame:
    """Read a table.

    Parameters
    ----------
    path : Path

    Returns
    -------
    DataFrame
    """
    return pd.read_csv(path)


def _trained(train: Callable[..., Training], key: Mapping[str, Any]) -> dict[str, float]:
    try:
        return measured(train(**key), key["task"])
    except FloatingPointError:
        # That is a result too. What wasn't measured stays empty.
        return {"diverged": 1}


def _place(table: pd.DataFrame, key: Mapping[str, Any]) -> int | None:
    """Find the row of a training."""
    if not len(table):
        return None
    missing = [name for name in key if name not in table]
    if missing:
        raise ValueError(f"table: expected the columns {', '.join(key)}, got no {missing[0]}")
    same = np.logical_and.reduce([_equal(table[name], value) for name, value in key.items()])
    return int(np.flatnonzero(same)[0]) if same.any() else None


def _equal(column: pd.Series, value: Any) -> np.ndarray:
    # What was read from text may be off by the last bit.
    same = np.isclose(column, value) if isinstance(value, float) else column == value
    return np.asarray(same)


def _line(key: Mapping[str, Any], row: pd.Series) -> str:
    told = ", ".join(f"{name} {value}" for name, value in key.items())
    if row["diverged"]:
        return f"{told}: diverged"
    return f"{told}: misses {row['missed']:.2f}; {row['seconds']:.1f} s, {row['megabytes']:.1f} MB"


def measured(training: Training, task: str) -> dict[str, float]:
    """Measure a training for a row of a table.

    Parameters
    ----------
    training : Training
    task : str
        One of `TASKS`.

    Returns
    -------
    dict
        0 for diverged (a training that does has nothing else), sizes, seconds, megabytes of all
        checkpoints, the mean loss of the last tenth (with pushes and noise), the last of each
        measure of `Training.performance`, and missed_0, ... at each checkpoint.
    """
    course = training.performance(n_repeats=N_REPEATS.get(task, 1))
    plan = training.plan
    last = {str(name): float(course[name][-1]) for name in course.data_vars if name != "iteration"}
    missed = zip(course["iteration"].values, course["missed"].values, strict=True)
    return {
        "diverged": 0,
        "n_cortex": plan.anatomy.n_cortex,
        "n_granule": plan.anatomy.n_granule if plan.anatomy.cerebellum else 0,
        "n_trained": n_trained(plan.anatomy, plan.setting.task.n_inputs),
        "seconds": round(training.seconds, 2),
        "megabytes": round(training.nbytes / 1e6, 2),
        "loss": float(training.losses[-max(1, plan.n_iterations // 10) :].mean()),
        **last,
        **{f"missed_{i}": float(each) for i, each in missed},
    }


def courses(table: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Take the courses of learning out of a table.

    Parameters
    ----------
    table : DataFrame
        Of trainings of the same length.

    Returns
    -------
    iterations : (n,) int array
    missed : (n_trainings, n) array
        NaN for those that diverged.
    """
    names = [name for name in table if name.startswith("missed_") and name[7:].isdigit()]
    names = [name for name in names if table[name].notna().any()]
    return np.array([int(name[7:]) for name in names]), table[names].to_numpy(dtype=float)


def mean_missed(table: pd.DataFrame) -> np.ndarray:
    """Average what is missed over the course of learning: the lower, the faster.

    Parameters
    ----------
    table : DataFrame

    Returns
    -------
    (n_trainings,) array
    """
    iterations, missed = courses(table)
    area = np.trapezoid(missed, iterations, axis=1)
    return np.asarray(area / (iterations[-1] - iterations[0]))


def paired(
    table: pd.DataFrame, measure: str, column: str, one: Any, other: Any
) -> tuple[float, float, int]:
    """Compare two values of a column by what they do to the same seeds.

    Parameters
    ----------
    table : DataFrame
        Trainings that differ in this column and in their seeds.
    measure : str
        Another column.
    column : str
    one, other : object
        Values of `column`.

    Returns
    -------
    mean : float
        Of the measure with `one`, less that with `other`.
    half : float
        Half of its 95 % interval (Student's t over seeds); NaN for a single seed.
    n : int
        Seeds that have both.
    """
    values = table.pivot(index="seed", columns=column, values=measure)
    difference = (values[one] - values[other]).dropna().to_numpy()
    return (*mean_interval(difference), len(difference))


def costs(table: pd.DataFrame) -> str:
    """Say what trainings took.

    Parameters
    ----------
    table : DataFrame

    Returns
    -------
    str
    """
    seconds, megabytes = table["seconds"], table["megabytes"]
    return (
        f"{len(table)} trainings in {seconds.sum() / 60:.0f} min: {seconds.median():.1f} s each in "
        f"the median, at most {seconds.max():.1f} s and checkpoints of {megabytes.max():.1f} MB"
    )
