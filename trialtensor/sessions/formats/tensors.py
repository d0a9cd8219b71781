"""Files that hold a tensor as it is: names and shapes, for `trialtensor.read`."""

from pathlib import Path

from trialtensor.opening.guard import RefusedError
from trialtensor.sessions.session import Session
from trialtensor.variables.contents import listed
from trialtensor.variables.readers import find_reader, suffixes
from trialtensor.variables.zarr_store import is_zarr

NAME = "a file of arrays"


def match(path: Path) -> float:
    """Return little, so that whoever finds events in the file comes first.

    Parameters
    ----------
    path : Path
    """
    if path.is_dir():
        return 0.4 if is_zarr(path) else 0.0
    return 0.1 if path.suffix.lower() in suffixes() else 0.0


def open(path: Path) -> Session:
    """List the arrays that can be trial tensors.

    Parameters
    ----------
    path : Path

    Raises
    ------
    RefusedError
        If there is none.
    """
    variables = find_reader(path).describe(path)
    tensors = {info.name: info.shape for info in variables if info.is_tensor}
    if not tensors:
        raise RefusedError(
            "holds neither a trial tensor (three axes) nor trials, units or signals by a layout "
            f"that is known, but {listed(variables)}"
        )
    main = [info.name for info in variables if info.is_tensor and info.is_main]
    notes = [f"trialtensor.read({str(path)!r}) reads {name}" for name in main] or [
        f"trialtensor.read({str(path)!r}, variable={name!r}) reads it" for name in tensors
    ]
    return Session(path.name, path, kind=NAME, tensors=tensors, notes=notes)
