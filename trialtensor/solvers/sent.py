"""Objects on their way to other machines, which compute the same bits there as here."""

from __future__ import annotations

from typing import Any

import numpy as np


class Sent:
    """An object whose arrays arrive aligned in memory, as they were made.

    dask hands over arrays as views of what came through the network, which may begin at any byte.
    NumPy then computes in another way, and sums differ in their last digit.

    Parameters
    ----------
    thing : any object
    """

    def __init__(self, thing: Any) -> None:
        self.thing = thing

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle with a copy of all arrays, also functions that only exist in a script."""
        import cloudpickle

        return _arrived, (cloudpickle.dumps(self.thing),)

    def __sizeof__(self) -> int:
        """Return about how many bytes it takes on its way, without a copy of its arrays."""
        import cloudpickle

        buffers: list[Any] = []
        whole = cloudpickle.dumps(self.thing, protocol=5, buffer_callback=buffers.append)
        return len(whole) + sum(buffer.raw().nbytes for buffer in buffers)


def _arrived(pickled: bytes) -> Sent:
    import cloudpickle

    return Sent(cloudpickle.loads(pickled))


def aligned(array: np.ndarray) -> np.ndarray:
    """Return a writeable array that begins where NumPy would have put it, as it is if it does.

    Parameters
    ----------
    array : array
    """
    return np.require(array, requirements=["C", "A", "W"])
