"""Data on a graphics card, or in any other array of the array API standard."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from trialtensor.solvers.contraction import trial_chunks
from trialtensor.solvers.exact_products import exact_products
from trialtensor.solvers.namespaces import as_numpy, contiguous, is_device_array, like, namespace
from trialtensor.solvers.passes.base import Passes
from trialtensor.solvers.passes.block import Block, Job, join_there
from trialtensor.solvers.passes.device_sweeps import sweep_on_device
from trialtensor.solvers.passes.jobs import Project
from trialtensor.solvers.passes.long_sums import long_product
from trialtensor.solvers.passes.together import Equations, GramOf, RowUpdate
from trialtensor.solvers.result import Factors

# Entries of what is worked on in memory, a core or all of the data.
SMALL = 4_000_000
# Bytes of a block that is a copy, and of one that is a view. Jobs take a few trials at a time where
# they need temporaries as large as those.
BLOCK_BYTES = 1_000_000_000
VIEW_BYTES = 8_000_000_000


class DevicePasses(Passes):
    """An array of any library of the array API standard; passes run on the device it is on.

    Only factors and other small results come to memory. Nothing of the size of the data is copied:
    blocks are views, or, where missing entries or integers have to be converted, copies of a
    gigabyte at most.

    Parameters
    ----------
    X : (n_trials, n_neurons, n_times) array
        A torch tensor, a CuPy array and so on, of real numbers.
    dtype : numpy.dtype, optional
        float32 or float64, of what is computed with. By default float32 for types whose values it
        holds exactly (integers of up to 16 bits, float16, bfloat16), otherwise float64.
    has_missing : bool
        Whether some entries are NaN, and so missing.
    kept : three bool arrays, optional
        Trials, neurons and times to leave the others out.
    block_bytes, view_bytes : int
        Bytes of a block where it is a copy of the data, and where it is a view.
    mask : bool array of the library, device and shape of ``X``, optional
        False where missing.
    """

    def __init__(
        self,
        X: Any,
        dtype: Any = None,
        *,
        has_missing: bool = False,
        kept: tuple[np.ndarray, np.ndarray, np.ndarray] | None = None,
        block_bytes: int = BLOCK_BYTES,
        view_bytes: int = VIEW_BYTES,
        mask: Any = None,
    ) -> None:
        # Gradients would keep all temporaries.
        self.X = X.detach() if hasattr(X, "detach") else X
        self.dtype = computed_in(X) if dtype is None else np.dtype(dtype)
        self.mask = mask
        self.has_missing = has_missing or mask is not None
        self.kept = kept
        self._chosen = [_places(X, keep) for keep in kept or (None,) * 3]
        n_trials, n_neurons, n_times = (
            n if chosen is None else chosen.shape[0]
            for n, chosen in zip(X.shape, self._chosen, strict=True)
        )
        self.shape = n_trials, n_neurons, n_times
        self.block_bytes, self.view_bytes = block_bytes, view_bytes

    def without(self, kept: tuple[np.ndarray, np.ndarray, np.ndarray]) -> DevicePasses:
        """Return passes over a part of the data.

        Parameters
        ----------
        kept : three bool arrays
            Trials, neurons and times to keep.
        """
        return DevicePasses(
            self.X,
            self.dtype,
            has_missing=self.has_missing,
            kept=kept,
            block_bytes=self.block_bytes,
            view_bytes=self.view_bytes,
            mask=self.mask,
        )

    def parts(self) -> list[slice]:
        """Return the blocks of trials."""
        return trial_chunks(self.shape, self.block_bytes // self.dtype.itemsize)

    def run(self, job: Job) -> tuple[np.ndarray, ...]:
        """Do a job on all blocks and join the results.

        Parameters
        ----------
        job : Job
        """
        return tuple(as_numpy(each) for each in self.run_there(job))

    def run_there(self, job: Job) -> tuple[Any, ...]:
        """Do a job as `run` does, and leave the results on the device.

        Parameters
        ----------
        job : Job
        """
        with exact_products():
            return join_there(job.joins, (job(block) for block in self.views()))

    def trials(self, part: slice) -> Block:
        """Return some trials as NumPy arrays.

        Parameters
        ----------
        part : slice
        """
        block = self._block(slice(*part.indices(self.shape[0])))
        observed = None if block.observed is None else as_numpy(block.observed)
        return Block(block.part, as_numpy(block.values), observed)

    def compressed(self, axis: int, basis: np.ndarray) -> np.ndarray | Passes:
        """Express the data in the coordinates of ``basis``; what is still large stays there.

        Parameters
        ----------
        axis : {0, 1, 2}
        basis : (n_axis, n_core) array
        """
        n_entries = self.size // self.shape[axis] * basis.shape[1]
        if n_entries <= SMALL or axis == 0:
            return self.project(axis, basis)
        return DevicePasses(self.run_there(Project(axis, basis))[0], self.dtype)

    def gram_of_trials(self) -> np.ndarray:
        """Return the Gram matrix of trials, from all trials of some neurons at a time."""
        n_trials, n_neurons, n_times = self.shape
        n = max(1, self.block_bytes // (self.dtype.itemsize * n_trials * n_times))
        xp = namespace(self.X)
        total: Any = 0.0
        with exact_products():
            for first in range(0, n_neurons, n):
                block = self._block(slice(0, n_trials), slice(first, min(first + n, n_neurons)))
                rows = xp.reshape(block.values, (n_trials, -1))
                total = total + long_product(rows, rows.T)
        return as_numpy(total)

    def sweep_together(
        self, models: Sequence[Factors], gram: GramOf, update: RowUpdate
    ) -> list[Equations]:
        """Update all factors of several CP models in two passes; see ``passes.sweep_together``.

        Parameters
        ----------
        models : sequence of three (n_axis, R) arrays
        gram : callable
        update : RowUpdate
        """
        return sweep_some_at_a_time(self.views, self.shape[2], models, gram, update)

    def views(self) -> Iterator[Block]:
        """Yield blocks as large as they can be."""
        return self._blocks(self.view_bytes if self._as_it_is else self.block_bytes)

    def _blocks(self, n_bytes: int) -> Iterator[Block]:
        for part in trial_chunks(self.shape, n_bytes // self.dtype.itemsize):
            yield self._block(part)

    @property
    def _as_it_is(self) -> bool:
        """Whether blocks are views."""
        whole = all(chosen is None for chosen in self._chosen[1:])
        return whole and not self.has_missing and dtype_of(self.X) == self.dtype

    def _block(self, part: slice, neurons: slice | None = None) -> Block:
        """Return some trials, on the device, with zeros where missing."""
        xp = namespace(self.X)
        own = (part, slice(None) if neurons is None else neurons, slice(None))
        values = self._taken(self.X, own)
        values = xp.astype(values, getattr(xp, self.dtype.name), copy=False)
        # Otherwise each product of a transposed tensor would make its own copy.
        values = contiguous(values) if neurons is None else values
        if not self.has_missing:
            return Block(part, values)
        observed = xp.logical_not(xp.isnan(values))
        if self.mask is not None:
            observed = xp.logical_and(observed, self._taken(self.mask, own))
        return Block(part, xp.where(observed, values, like(values, np.zeros(1))), observed)

    def _taken(self, values: Any, own: tuple[slice, ...]) -> Any:
        """Return a part of what is kept."""
        xp = namespace(values)
        for axis, (where, chosen) in enumerate(zip(own, self._chosen, strict=True)):
            if chosen is not None:
                values = xp.take(values, chosen[where], axis=axis)
            else:
                values = values[(slice(None),) * axis + (where, ...)]
        return values


def sweep_some_at_a_time(
    views: Callable[[], Iterable[Block]],
    n_times: int,
    models: Sequence[Factors],
    gram: GramOf,
    update: RowUpdate,
) -> list[Equations]:
    """Sweep as many models at once as have products with the data that are clearly smaller than it.

    Parameters
    ----------
    views : callable
        Returns all blocks of the data.
    n_times : int
    models, gram, update : as for `sweep_on_device`
    """
    n = max(1, n_times // 2 // max(1, max(time.shape[1] for _, _, time in models)))
    found: list[Equations] = []
    with exact_products():
        for first in range(0, len(models), n):
            found += sweep_on_device(views, models[first : first + n], gram, update)
    return found


def of_device_array(
    X: Any, dtype: Any = None, *, has_missing: bool | None = None, **options: Any
) -> DevicePasses | None:
    """Return the passes over an array of another library, or None for what isn't one.

    None also for an array on a device without float64, which is to be brought to memory.

    Parameters
    ----------
    X : anything
    dtype : numpy.dtype, optional
        As for `DevicePasses`.
    has_missing : bool, optional
        Whether some entries are NaN; looked for if not given.
    **options
        As for `DevicePasses`.

    Raises
    ------
    ImportError
        Naming the extra, where array-api-compat isn't installed.
    """
    if not is_device_array(X) or not adds_in_double(X):
        return None
    if has_missing is None:
        has_missing = _any_nan(DevicePasses(X, dtype))
    return DevicePasses(X, dtype, has_missing=has_missing, **options)


def dtype_of(X: Any) -> np.dtype:
    """Return the type of the numbers of any array as one of NumPy's.

    Parameters
    ----------
    X : array
        Of bfloat16, which NumPy doesn't have, float16 stands in.
    """
    if isinstance(X.dtype, np.dtype):
        return X.dtype
    # The names of torch's and others' end with those of NumPy.
    name = str(X.dtype).split(".")[-1]
    return np.dtype("float16" if name == "bfloat16" else name)


def computed_in(X: Any) -> np.dtype:
    """Return the type that numbers of an array are computed in, float32 or float64.

    Parameters
    ----------
    X : array
    """
    return np.dtype(np.float32 if np.can_cast(dtype_of(X), np.float32) else np.float64)


def adds_in_double(X: Any) -> bool:
    """Tell whether the device of an array has float64, in which sums are added up; Apple's hasn't.

    Parameters
    ----------
    X : array
    """
    return not str(getattr(X, "device", "")).startswith("mps")


def _any_nan(passes: DevicePasses) -> bool:
    xp = namespace(passes.X)
    if not xp.isdtype(passes.X.dtype, "real floating"):
        return False
    found = [xp.any(xp.isnan(block.values)) for block in passes._blocks(BLOCK_BYTES)]
    return bool(xp.any(xp.stack(found)))


def _places(X: Any, keep: np.ndarray | None) -> Any:
    """Return the indices of what to keep, on the device; None for all."""
    return None if keep is None or keep.all() else like(X, np.flatnonzero(keep))
