"""Tables of factors and loadings, and files of slices, for other programs."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from trialtensor.data.axes import AXES
from trialtensor.data.labels import plain_labels, unlabelled
from trialtensor.models.base import TrialEstimator
from trialtensor.models.fitted import Component, Fitted, Part
from trialtensor.opening.guard import reading_own
from trialtensor.opening.hdf5 import open_hdf5
from trialtensor.storage import csv_text, write_netcdf, write_whole

FACTORS = tuple(f"{axis}_factors.csv" for axis in AXES)
SLICES = "slices.nc"
# Files of this package's models; names for other models are in the model file next to them.
FACTOR_FILES = (
    *FACTORS,
    *(f"{axis}_loadings.csv" for axis in AXES),
    "output_factors.csv",
    "input_factors.csv",
    SLICES,
)


def write_factors(model: TrialEstimator, folder: Path) -> list[Path]:
    """Write factors or loadings as CSV tables, and slices as netCDF.

    There is one table per array of the model that has one number per entry of an axis:
    trial_factors.csv, neuron_factors.csv and time_factors.csv of a TCA; trial_loadings.csv, ... of
    a SliceTCA, if it has components of that type. Each trial, neuron or time has a row with its
    number or label, its coordinates, and one column per component (component_1, ...).
    Rows without data have empty cells. Text that a spreadsheet would take for a formula has an
    apostrophe before it.

    Factors that differ between blocks of trials or datasets are stacked, and a column ``block`` or
    ``dataset`` identifies them. A component that is private to another dataset is 0 there.

    Models with slices also write slices.nc: the result of `to_xarray`, with labels of the data.

    Parameters
    ----------
    model : fitted model of any kind
    folder : Path
        Must exist.

    Returns
    -------
    list of Path
        The files, in the order of `factor_files`.

    Raises
    ------
    OSError
        If one can't be written; those that can are.
    """
    paths = [folder / name for name in factor_files(model)]
    failure: OSError | None = None
    for path in paths:
        try:
            if path.name == SLICES:
                _write_slices(model, path)
            else:
                _write_table(path, model.fitted_, path.stem)
        except OSError as error:
            failure = failure or error
    if failure is not None:
        raise failure
    return paths


def factor_files(model: TrialEstimator) -> tuple[str, ...]:
    """Names of the files that `write_factors` writes for this model.

    Parameters
    ----------
    model : fitted model of any kind
    """
    check_is_fitted(model)
    names = dict.fromkeys(part.name for _, part in _vectors(model.fitted_))
    return (*(f"{name}.csv" for name in names), *((SLICES,) if model.fitted_.sliced else ()))


def factor_files_in(folder: Path, model_file: str = "model.h5") -> tuple[str, ...]:
    """Return files in a folder that `write_factors` may have left there, for any model.

    Parameters
    ----------
    folder : Path
    model_file : str
        The model saved next to them: a model from another package may use other names.
    """
    names = list(FACTOR_FILES)
    try:
        path = folder / model_file
        with reading_own(path, "saved model"), open_hdf5(path, own=True) as file:
            names += [f"{name}.csv" for name in file["arrays"]]
    except (OSError, ValueError):
        pass  # no such file, or an older form, of which all names are known
    return tuple(name for name in dict.fromkeys(names) if (folder / name).is_file())


def _vectors(fitted: Fitted) -> Iterator[tuple[Component, Part]]:
    for component in fitted.components:
        for part in component.parts:
            if part.is_vector:
                yield component, part


def _write_table(path: Path, fitted: Fitted, name: str) -> None:
    """Write one array, with one row for each entry of its axis in every dataset or block."""
    parts = {
        (component.name, part.dataset, part.block): part
        for component, part in _vectors(fitted)
        if part.name == name
    }
    components = list(dict.fromkeys(component for component, _, _ in parts))
    tables = []
    for dataset, block in dict.fromkeys((part.dataset, part.block) for part in parts.values()):
        own = [parts.get((component, dataset, block)) for component in components]
        known = np.stack([each.values for each in own if each is not None], axis=1)
        # A component that isn't in this dataset adds nothing there, where there is data.
        nothing = np.where(np.isnan(known).all(axis=1), np.nan, 0.0)
        values = [nothing if each is None else each.values for each in own]
        tables.append((dataset, block, np.stack(values, axis=1)))
    axis = next(iter(parts.values())).dims[0]
    header: list[str] = []
    rows: list[list[Any]] = []
    for labels, table in _labelled(fitted, axis, tables):
        header = header or [*labels, *_column_names(components)]
        for label, row in zip(zip(*labels.values(), strict=True), table, strict=True):
            rows.append([*label, *("" if np.isnan(x) else repr(float(x)) for x in row)])
    write_whole(path, csv_text(header, rows))


def _labelled(
    fitted: Fitted, axis: str, tables: list[tuple[str | None, Any, np.ndarray]]
) -> Iterator[tuple[dict[str, Any], np.ndarray]]:
    """Return the identifying columns of each row: dataset, block, number, coordinates."""
    rows = [_row_numbers(fitted, axis, dataset, len(table)) for dataset, _, table in tables]
    n_rows = 1 + max(int(each.max(initial=-1)) for each in rows)
    coords = {name: c for name, (of, c) in fitted.coords.items() if of == axis and len(c) >= n_rows}
    for (dataset, block, table), own in zip(tables, rows, strict=True):
        whose = {"dataset": dataset, "block": block}
        labels = {name: [each] * len(own) for name, each in whose.items() if each is not None}
        given = {f"{n}_label" if n in labels else n: _shown(c)[own] for n, c in coords.items()}
        yield labels | {axis: own} | given, table


def _shown(labels: Any) -> np.ndarray:
    """Return labels as cells of a table, empty where there is none."""
    found = plain_labels(labels)
    gone = unlabelled(found)
    return np.where(gone, "", found.astype(object)) if gone.any() else found


def _row_numbers(fitted: Fitted, axis: str, dataset: str | None, n: int) -> np.ndarray:
    """Number the rows within the data, counting all neurons if datasets came in one array."""
    places = fitted.arrays.get(f"{axis}_places")
    if dataset is None or places is None or not len(places.values):
        return np.arange(n)
    return np.flatnonzero(places.values == fitted.datasets.index(dataset))


def _column_names(components: list[str]) -> list[str]:
    """Name the columns component_1, ...; include the type if a table has several types."""
    numbered = [f"component_{name.rpartition(' ')[2]}" for name in components]
    several = len(set(numbered)) < len(numbered)
    return [name.replace(" ", "_") for name in components] if several else numbered


def _write_slices(model: TrialEstimator, path: Path) -> None:
    dataset = model.to_xarray()
    # A slash would make groups of an HDF5 file.
    renamed = {name: str(name).replace("/", "_") for name in dataset.variables if "/" in str(name)}
    write_netcdf(path, {"": dataset.rename(renamed)})
