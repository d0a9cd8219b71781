"""Where the data of a fit is held: in memory, in its file, or on a device."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from trialtensor.models import TrialEstimator

TOO_LARGE = (
    "; trialtensor fit and rank with --memory 2GB read it a few trials at a time (tca, slicetca); "
    "everything else needs all of it in memory: take fewer neurons, wider bins, or float32"
)


@dataclass(frozen=True)
class Place:
    """The options that say where the data of a fit is held.

    Attributes
    ----------
    memory : str or None
        How much memory a fit may use, such as "2GB": the file is read a few trials at a time.
    checkpoint : Path or None
        A file from which a fit that was stopped goes on.
    device : str or None
        Such as "cuda".
    """

    memory: str | None = None
    checkpoint: Path | None = None
    device: str | None = None

    @property
    def in_blocks(self) -> bool:
        """Whether the file is read a few trials at a time."""
        return self.memory is not None or self.checkpoint is not None

    def check(self, model: TrialEstimator) -> None:
        """Refuse what can't be done, before a file is read.

        Parameters
        ----------
        model : TrialEstimator

        Raises
        ------
        ValueError
            Naming the option.
        """
        from trialtensor.data.elsewhere import parse_bytes
        from trialtensor.models import kinds

        given = [name for name in ("memory", "checkpoint", "device") if getattr(self, name)]
        if given and not model.reads_in_passes:
            able = " and ".join(each.command_name() for each in kinds() if each.reads_in_passes)
            raise ValueError(
                f"--{given[0]}: {model.command_name()} needs all of its data in memory; models of "
                f"data that is elsewhere are {able}"
            )
        if self.memory is not None:
            parse_bytes(self.memory, "--memory")
        if self.device is not None:
            if self.in_blocks:
                raise ValueError(
                    f"--device: takes all of the data to the device, so that --{given[0]} means "
                    "nothing; leave out one of the two"
                )
            _device(self.device)

    def put(self, tensor: Any) -> tuple[Any, str]:
        """Return what a fit takes instead of a tensor, and the line of Python that makes it.

        Parameters
        ----------
        tensor : xarray.DataArray
        """
        from trialtensor.data.elsewhere import is_lazy, on_disk
        from trialtensor.data.notices import warn

        if self.device is not None:
            import torch

            values = torch.as_tensor(tensor.to_numpy()).to(_device(self.device))
            line = f"X = torch.as_tensor(X.to_numpy()).to({self.device!r})  # labels stay behind"
            return values, f"\nimport torch\n\n{line}"
        if not self.in_blocks:
            return tensor, ""
        if self.memory is not None and not is_lazy(tensor):
            warn(
                "--memory: what has to be cut into trials or put together is held in memory as a "
                "whole; the limit is for what the fit needs besides"
            )
        checkpoint = None if self.checkpoint is None else str(self.checkpoint)
        given = {"memory": self.memory, "checkpoint": checkpoint}
        words = "".join(f", {name}={value!r}" for name, value in given.items() if value is not None)
        data = on_disk(tensor, memory=self.memory, checkpoint=self.checkpoint)
        return data, f"\nX = trialtensor.on_disk(X{words})"


def is_of_arrays(path: Path) -> bool:
    """Return whether a file or Zarr folder holds arrays and nothing that must be cut into trials.

    Parameters
    ----------
    path : Path
    """
    from trialtensor.sessions.formats import matching, tensors
    from trialtensor.variables.readers import suffixes

    may_be = path.is_file() or (path.is_dir() and path.suffix.lower() in suffixes())
    reader: object = matching(path)[0] if may_be else None
    return reader is tensors


def _device(name: str) -> Any:
    """Return a device of torch, or refuse one that isn't there."""
    try:
        import torch
    except ImportError:
        raise ValueError("--device: needs torch: pip install trialtensor[gpu]") from None
    try:
        return torch.zeros(1, device=name).device
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        why = str(error).splitlines()[0]
        raise ValueError(f"--device: there is no {name!r} here ({why})") from None
