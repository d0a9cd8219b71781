"""Trained circuits and courses of training that come with the package."""

from __future__ import annotations

from importlib.resources import as_file, files

from trialtensor.data.parameters import check_choice
from trialtensor_models.circuit.trained import Training
from trialtensor_models.sessions import Run

# `trialtensor_models.training.circuits` makes these files.
PACKAGED = files("trialtensor_models.circuit") / "packaged"
_COURSE, _CIRCUIT = ".nc", ".h5"


def list_packaged() -> dict[str, list[str]]:
    """Name what the package has.

    Returns
    -------
    dict of lists
        Of "courses", for `load_course`, and "circuits", for `load_circuit`.

    Examples
    --------
    >>> "reaching_local" in list_packaged()["courses"]
    True
    """
    return {"courses": _names(_COURSE), "circuits": _names(_CIRCUIT)}


def load_course(name: str) -> Run:
    """Read a course of training: a run whose trials are (checkpoint x condition).

    Parameters
    ----------
    name : str
        See `list_packaged`.

    Returns
    -------
    Run

    Raises
    ------
    ValueError
        If there is no such course; names those that there are.

    Examples
    --------
    >>> run = load_course("reaching_local")
    >>> sorted(set(run.activity.region.values.tolist()))
    ['cortex', 'granule', 'nuclei', 'olive', 'pons', 'purkinje']
    """
    check_choice("name", name, tuple(_names(_COURSE)))
    with as_file(PACKAGED / (name + _COURSE)) as path:
        return Run.load(path)


def load_circuit(name: str) -> Training:
    """Read a training at its end, to run, lesion and measure the circuit that came of it.

    Parameters
    ----------
    name : str
        See `list_packaged`.

    Returns
    -------
    Training
        With one checkpoint.

    Raises
    ------
    ValueError
        If there is no such circuit; names those that there are.

    Examples
    --------
    >>> circuit = load_circuit("reaching_local").circuit()
    >>> circuit.lesion("nuclei").output
    0.0
    """
    check_choice("name", name, tuple(_names(_CIRCUIT)))
    with as_file(PACKAGED / (name + _CIRCUIT)) as path:
        return Training.load(path)


def _names(ending: str) -> list[str]:
    names = [entry.name for entry in PACKAGED.iterdir()]
    return sorted(name.removesuffix(ending) for name in names if name.endswith(ending))
