"""Building components from named arrays."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

import numpy as np
from scipy.sparse.linalg import ArpackNoConvergence, svds

from trialtensor.models.fitted import Component, Named, Part
from trialtensor.solvers.diagnostics import ComponentVariance
from trialtensor.solvers.unfolding import leading_eigenpairs

# Arrays with such names are parts of components; the others describe the model as a whole.
_ENDINGS = ("_factors", "_loadings", "_slices")

# Length of the shorter side from which one singular vector is sought without the others.
_LARGE, _PRECISE = 200, 1e-12


def make_components(
    arrays: Mapping[str, Named],
    *,
    parts: Sequence[str] | None = None,
    blocks: Sequence[Any] = (),
    block_lengths: Sequence[int] = (),
    private_to: Mapping[int, str] | None = None,
    courses: Mapping[Any, np.ndarray] | None = None,
) -> tuple[Component, ...]:
    """Split arrays into components, along their axis that ends in "component".

    Parameters
    ----------
    arrays : dict of Named
        ``weights`` and ``explained_variance_alone`` and ``..._unique`` are those of the
        components, in their order; the first may have an axis ``dataset``.
    parts : names, optional
        Arrays that are parts; by default those named factors, loadings or slices.
    blocks, block_lengths : sequences, optional
        Labels along an axis ``block`` and how many entries each has on the axis that follows.
    private_to : dict, optional
        Component number -> the only dataset that it has parts in.
    courses : dict, optional
        Dataset (None: all data) -> (n_trials, n_components) strength of each component on every
        trial, in the units of the data; by default the part that trials have.

    Returns
    -------
    tuple of Component
    """
    names = [n for n in arrays if n.endswith(_ENDINGS)] if parts is None else list(parts)
    families: dict[str, list[str]] = {}
    for name in names:
        families.setdefault(_component_axis(arrays[name]), []).append(name)
    found: list[Component] = []
    for axis, members in families.items():
        kind = axis.removesuffix("component").rstrip("_") or "component"
        for r in range(_size(arrays[members[0]], axis)):
            only = (private_to or {}).get(len(found))
            own = tuple(
                part
                for name in members
                for part in _parts(name, arrays[name], axis, r, blocks, block_lengths)
                if only is None or part.dataset in (None, only)
            )
            found.append(_component(f"{kind} {r + 1}", len(found), own, arrays, courses))
    return tuple(found)


def explained(variance: ComponentVariance, order: np.ndarray | None = None) -> dict[str, Named]:
    """Name each component's explained variance: alone, unique, and shared with others.

    Parameters
    ----------
    variance : ComponentVariance
    order : (R,) int array, optional
        In which the components come.
    """
    everything = slice(None) if order is None else order
    return {
        f"explained_variance_{name}": Named(("component",), getattr(variance, name)[everything])
        for name in ("alone", "unique", "shared")
    }


def unexplained(n_components: int) -> dict[str, Named]:
    """Return the same names with NaN, for components from elsewhere."""
    unknown = np.full(n_components, np.nan)
    return explained(ComponentVariance(unknown, unknown))


def principal_course(values: np.ndarray) -> np.ndarray:
    """Reduce a slice over trials to one number per trial: its leading singular vector.

    Parameters
    ----------
    values : (n_trials, n) array
        NaN where nothing was observed.

    Returns
    -------
    (n_trials,) array
        In the units of ``values``, with the sign that makes its sum positive; NaN for a trial
        without any value.
    """
    seen = np.isfinite(values)
    filled = np.where(seen, values, 0.0)
    pattern = _leading_pattern(filled.astype(np.float64, copy=False))
    power = seen @ pattern**2
    course = (filled @ pattern) / np.where(power > 0, power, 1.0)
    course[~seen.any(axis=1)] = np.nan
    return course if np.nansum(course) >= 0 else -course


def _leading_pattern(values: np.ndarray) -> np.ndarray:
    """Return the leading right singular vector; all of a large slice would take longer than a fit.

    Of a small one it comes from the Gram matrix of the shorter side, of a large one from a Krylov
    space.
    """
    n_rows, n_columns = values.shape
    if min(values.shape) > _LARGE and values.any():
        with suppress(ArpackNoConvergence):
            start = np.full(min(values.shape), min(values.shape) ** -0.5)
            return np.asarray(svds(values, k=1, v0=start, tol=_PRECISE)[2][0])
    if n_rows < n_columns:
        vector = leading_eigenpairs(values @ values.T, 1)[1][:, 0] @ values
    else:
        vector = leading_eigenpairs(values.T @ values, 1)[1][:, 0]
    size = np.linalg.norm(vector)
    # Of nothing, any direction is as good as any other.
    return vector / size if size > 0 else np.eye(1, n_columns)[0]


def _component_axis(named: Named) -> str:
    found = [dim for dim in named.dims if dim.endswith("component")]
    if len(found) != 1:
        raise ValueError(f"expected one axis of components, got the axes {named.dims}")
    return found[0]


def _size(named: Named, axis: str) -> int:
    values = named.values
    first = next(iter(values.values())) if isinstance(values, dict) else values
    return int(first.shape[named.dims.index(axis)])


def _parts(
    name: str, named: Named, axis: str, r: int, blocks: Sequence[Any], lengths: Sequence[int]
) -> Iterator[Part]:
    place = named.dims.index(axis)
    dims = tuple(dim for dim in named.dims if dim != axis)
    if isinstance(named.values, dict):
        for dataset, each in named.values.items():
            yield Part(name, dims, np.moveaxis(each, place, 0)[r], dataset=dataset)
        return
    # A view: slices can be as large as the data.
    values = np.moveaxis(named.values, place, 0)[r]
    if dims[0] != "block":
        yield Part(name, dims, values)
        return
    for block, own, length in zip(blocks, values, lengths, strict=True):
        yield Part(name, dims[1:], own[:length], block=block)


def _component(
    name: str,
    i: int,
    parts: tuple[Part, ...],
    arrays: Mapping[str, Named],
    courses: Mapping[Any, np.ndarray] | None,
) -> Component:
    weights = np.asarray(arrays["weights"].values, dtype=np.float64)[..., i]
    scales: dict[str | None, float] = {None: float(weights) if weights.ndim == 0 else 1.0}
    if weights.ndim:
        datasets = next(n for n in arrays.values() if isinstance(n.values, dict)).values
        scales |= dict(zip(datasets, weights.tolist(), strict=True))
    if any(len(part.dims) > 1 for part in parts):
        scales = {None: 1.0}  # slices are in the units of the data
    weight = float(np.sqrt(np.sum(weights**2)))
    own = _courses(parts, scales, weight)
    if courses is not None:
        own |= {d: c[:, i] for d, c in courses.items() if np.isfinite(c[:, i]).any()}
    return Component(
        name,
        weight,
        _number(arrays, "explained_variance_alone", i),
        _number(arrays, "explained_variance_unique", i),
        parts,
        scales,
        own,
    )


def _courses(
    parts: tuple[Part, ...], scales: Mapping[str | None, float], weight: float
) -> dict[str | None, np.ndarray]:
    found: dict[str | None, np.ndarray] = {}
    for part in parts:
        if part.dims == ("trial",):
            scale = weight if part.dataset is None else scales[part.dataset]
            found[part.dataset] = part.values * scale
        elif "trial" in part.dims:
            matrix = np.moveaxis(part.values, part.dims.index("trial"), 0)
            found[part.dataset] = principal_course(matrix.reshape(len(matrix), -1))
    return found


def _number(arrays: Mapping[str, Named], name: str, i: int) -> float:
    return float(arrays[name].values[i]) if name in arrays else float("nan")
