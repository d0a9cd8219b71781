"""Running `trialtensor bin`: from spike times or signals to a file with one tensor."""

from __future__ import annotations

import shlex
from pathlib import Path

from trialtensor.cli.reading import Reading


def bin_into(file: Path, how: Reading, output: Path) -> str:
    """Cut a recording into trials, write the tensor, and describe it.

    Parameters
    ----------
    file : Path
    how : Reading
        With an event to align to.
    output : Path
        The netCDF file.

    Raises
    ------
    ValueError
        Before any work if there is no event, or the file can't be written.
    """
    from trialtensor.io.inspection import describe_tensor
    from trialtensor.storage import check_target, write_netcdf

    if how.align is None:
        raise ValueError("--align: expected the event that trials are cut around, got none")
    if output.suffix.lower() != ".nc":
        raise ValueError(f"--output: expected a netCDF file such as trials.nc, got {output}")
    check_target(output)
    tensor, _ = how.read(file)
    name = "signal" if how.signal else "counts"
    write_netcdf(output, {"": tensor.rename(name).to_dataset()})
    lines = [f"{output}: {name}", *(f"  {line}" for line in describe_tensor(tensor))]
    return "\n".join([*lines, f"next: {shlex.join(['trialtensor', 'inspect', str(output)])}"])
