"""Trial labels: their kind, and the colour of each trial."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from trialtensor.data.labels import plain_labels, unlabelled
from trialtensor.data.per_entry import one_each
from trialtensor.plotting.colors import (
    NO_LABEL,
    cyclic_colormap,
    cyclic_colors,
    qualitative_colors,
    sequential_colormap,
)

if TYPE_CHECKING:
    from matplotlib.cm import ScalarMappable

Kind = Literal["circular", "categorical", "continuous"]
Extend = Literal["neither", "min", "max", "both"]
MAX_CIRCULAR_LEVELS = 12
MAX_NUMERIC_LEVELS = 8
N_SECTORS = 8
N_QUANTILES = 6
# An extreme this far outside the 1st to 99th percentile, as a share of it, is an outlier.
OUTLYING = 0.1


@dataclass(frozen=True)
class Group:
    """Trials that share a label (or a range of labels)."""

    position: float
    text: str
    color: np.ndarray
    rows: np.ndarray


@dataclass(frozen=True)
class TrialLabels:
    """One label for each trial.

    `values` holds numbers (NaN where the label is missing): the label itself where it is
    numeric, otherwise the index of its category. `levels` and `texts` list the distinct
    labels; they are empty where the label varies continuously. `dates` marks numbers that are
    days since 1970.
    """

    name: str
    kind: Kind
    values: np.ndarray
    levels: np.ndarray
    texts: tuple[str, ...]
    dates: bool = False

    @property
    def discrete(self) -> bool:
        """True if the labels are few enough to list."""
        return len(self.texts) > 0

    @property
    def title(self) -> str:
        """Name for a legend; degrees are written as a unit."""
        return (
            f"{shorten(self.name.removesuffix('_deg'))} (°)"
            if self.in_degrees
            else shorten(self.name)
        )

    @property
    def in_degrees(self) -> bool:
        """True if the label is an angle in degrees."""
        return self.name.endswith("_deg")

    @property
    def missing(self) -> np.ndarray:
        """Trials without a label, shape (n_trials,)."""
        return np.isnan(self.values)

    def level_colors(self) -> np.ndarray:
        """Return one colour per level, shape (n_levels, 4)."""
        if self.kind == "circular":
            return cyclic_colors(self.levels)
        return qualitative_colors(len(self.levels))

    def mappable(self) -> ScalarMappable:
        """Values to colours, for labels without levels; feeds a colour bar."""
        from matplotlib.cm import ScalarMappable
        from matplotlib.colors import Normalize

        if self.kind == "circular":
            return ScalarMappable(Normalize(0, 360), cyclic_colormap())
        low, high, _ = self.color_range()
        return ScalarMappable(Normalize(low, high), sequential_colormap())

    def color_range(self) -> tuple[float, float, Extend]:
        """Return the range of the colours of numbers, and the ends beyond which values lie.

        An end stops at the 1st or 99th percentile where values lie far beyond it: one outlier
        would leave all other trials the same colour.
        """
        present = self.values[~self.missing]
        if not present.size:
            return 0.0, 1.0, "neither"
        ends = float(present.min()), float(present.max())
        inner = tuple(float(p) for p in np.percentile(present, (1, 99)))
        far = OUTLYING * (inner[1] - inner[0])
        if self.dates or far == 0:
            return *ends, "neither"
        below, above = inner[0] - ends[0] > far, ends[1] - inner[1] > far
        extends: dict[tuple[bool, bool], Extend] = {
            (False, False): "neither",
            (True, False): "min",
            (False, True): "max",
            (True, True): "both",
        }
        low = inner[0] if below else ends[0]
        return low, inner[1] if above else ends[1], extends[below, above]

    def colors(self) -> np.ndarray:
        """Return one colour per trial, shape (n_trials, 4); grey where the label is missing."""
        from matplotlib.colors import to_rgba

        out = np.tile(to_rgba(NO_LABEL), (len(self.values), 1))
        known = ~self.missing
        if self.discrete:
            out[known] = self.level_colors()[self.level_index()[known]]
        elif self.kind == "circular":
            out[known] = cyclic_colors(self.values[known])
        else:
            out[known] = self.mappable().to_rgba(self.values[known])
        return out

    def level_index(self) -> np.ndarray:
        """Index of the level of every trial; -1 where missing."""
        values = _wrap(self.values) if self.kind == "circular" else self.values
        index = np.searchsorted(self.levels, np.where(self.missing, self.levels[0], values))
        return np.where(self.missing, -1, index)

    def date_ticks(self, n: int) -> tuple[list[float], list[str]]:
        """Positions and texts of `n` dates from the first to the last."""
        known = self.values[~self.missing]
        days = np.unique(np.linspace(known.min(), known.max(), n)) if known.size else np.empty(0)
        unit = "D" if days.size and np.ptp(days) >= n else "m"
        dates = (days * 86_400e6).round().astype("datetime64[us]").astype(f"datetime64[{unit}]")
        return days.tolist(), [str(date).replace("T", " ") for date in dates]

    def groups(self) -> list[Group]:
        """Group trials by label; by sector or quantile if the label is continuous."""
        if self.discrete:
            index = self.level_index()
            positions = self.levels if self.kind == "circular" else np.arange(len(self.levels))
            return [
                Group(float(positions[i]), self.texts[i], color, np.flatnonzero(index == i))
                for i, color in enumerate(self.level_colors())
            ]
        if self.kind == "circular":
            return self._sectors()
        return self._quantiles()

    def _sectors(self) -> list[Group]:
        width = 360 / N_SECTORS
        sector = np.where(self.missing, -1, np.round(_wrap(self.values) / width) % N_SECTORS)
        centres = width * np.arange(N_SECTORS)
        return [
            Group(float(centre), f"{centre:g}°", color, np.flatnonzero(sector == i))
            for i, (centre, color) in enumerate(zip(centres, cyclic_colors(centres), strict=True))
        ]

    def _quantiles(self) -> list[Group]:
        known = np.flatnonzero(~self.missing)
        by_value = known[np.argsort(self.values[known], kind="stable")]
        mappable = self.mappable()
        groups = []
        for rows in np.array_split(by_value, min(N_QUANTILES, max(len(by_value), 1))):
            if rows.size:
                centre = float(self.values[rows].mean())
                groups.append(
                    Group(centre, f"{centre:.3g}", mappable.to_rgba(np.array(centre)), rows)
                )
        return groups


def resolve_labels(
    coords: Mapping[str, tuple[str, Any]], label: Any, n_trials: int, argument: str
) -> TrialLabels:
    """Return trial labels from the name of a trial coordinate or from an array.

    Raises
    ------
    ValueError
        If no trial coordinate has the name, or the array doesn't have one entry per trial.
    """
    if isinstance(label, str):
        known = [name for name, (dim, _) in coords.items() if dim == "trial"]
        if label not in known:
            have = ", ".join(repr(name) for name in known) or "none"
            raise ValueError(
                f"{argument}: no trial coordinate is called {label!r}; trial coordinates: {have}"
            )
        return make_labels(coords[label][1], label)
    axis, along = coords.get("trial", (None, None))
    values = one_each(
        label,
        n_trials,
        argument,
        along=along if axis == "trial" else None,
        expected=f"the name of a trial coordinate or an array of {n_trials} labels",
    )
    name = getattr(label, "name", None)
    return make_labels(values, name if isinstance(name, str) and name else "label")


def make_labels(values: Any, name: str) -> TrialLabels:
    """Decide whether labels are circular, categorical or continuous (see `TrialLabels`)."""
    values = plain_labels(values)
    if values.dtype.kind == "M":
        days = values.astype("datetime64[us]").astype(np.float64) / 86_400e6
        days[np.isnat(values)] = np.nan
        return TrialLabels(name, "continuous", days, np.empty(0), (), dates=True)
    if values.dtype.kind == "m":
        seconds = values / np.timedelta64(1, "s")
        return TrialLabels(f"{name} (s)", "continuous", seconds, np.empty(0), ())
    if values.dtype.kind not in "iuf":
        return _categories(values, name)
    numbers = values.astype(np.float64)
    numbers[np.isinf(numbers)] = np.nan
    present = np.unique(numbers[~np.isnan(numbers)])
    if name.endswith("_deg") and covers_circle(present):
        ring = np.unique(_wrap(present))
        few = len(ring) <= MAX_CIRCULAR_LEVELS
        texts = tuple(f"{level:g}°" for level in ring) if few else ()
        return TrialLabels(name, "circular", numbers, ring if few else np.empty(0), texts)
    if 0 < len(present) <= MAX_NUMERIC_LEVELS:
        return TrialLabels(name, "categorical", numbers, present, tuple(f"{v:g}" for v in present))
    return TrialLabels(name, "continuous", numbers, np.empty(0), ())


def covers_circle(degrees: np.ndarray) -> bool:
    """Return whether angles cover the circle: three or more, no gap wider than 120 degrees.

    Examples
    --------
    >>> from trialtensor.plotting.labels import covers_circle
    >>> covers_circle([0, 90, 180, 270]), covers_circle([-30, 0, 30])
    (True, False)
    """
    ring = np.unique(_wrap(np.asarray(degrees, dtype=np.float64)))
    if len(ring) < 3:
        return False
    gaps = np.diff(np.append(ring, ring[0] + 360))
    return bool(gaps.max() <= 120 + 1e-6)


def _wrap(degrees: np.ndarray) -> np.ndarray:
    # Rounded so that 360 - 1e-13 and 0 are one direction.
    return np.round(np.mod(degrees, 360), 6) % 360


def _categories(values: np.ndarray, name: str) -> TrialLabels:
    # In order of first appearance: "baseline, adaptation, washout" is how the experiment went.
    index: dict[str, int] = {}
    codes = [
        np.nan if gone else index.setdefault(str(label), len(index))
        for gone, label in zip(unlabelled(values), values.tolist(), strict=True)
    ]
    return TrialLabels(
        name,
        "categorical",
        np.array(codes, float),
        np.arange(len(index), dtype=float),
        tuple(index),
    )


def shorten(text: str, limit: int = 20) -> str:
    """Cut a long name in the middle, ready for a figure."""
    return as_drawn(cut(text, limit))


def cut(text: str, limit: int) -> str:
    """Cut a long name in the middle, since its beginning and its end tell names apart."""
    if len(text) <= limit:
        return text
    head = (limit - 1) * 2 // 3
    return f"{text[:head]}…{text[head + 1 - limit :]}"


def as_drawn(text: str) -> str:
    """Return text for a figure: what stands between two dollars in it isn't read as a formula."""
    from matplotlib import rcParams

    return text.replace("$", r"\$") if rcParams["text.parse_math"] else text
