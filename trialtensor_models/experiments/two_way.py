"""What is missed by ratio of sizes and coding level, in tables of a few seeds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import stdtrit


@dataclass(frozen=True, eq=False)
class TwoWay:
    """What is missed at the end by ratio and coding level; seeds are blocks.

    What makes seeds differ in all cells alike is taken out. One error is shared by all cells, so
    that a few seeds of many cells say more than as few of one.

    Attributes
    ----------
    means : (n_cells,) Series
        By ratio and coding level.
    covariance : (n_cells, n_cells) array
        Of their errors.
    reach : float
        Quantile of Student's t for a 95 % interval.
    diverged : (n_cells,) Series
        Trainings that diverged; they are in no mean.
    """

    means: pd.Series
    covariance: np.ndarray
    reach: float
    diverged: pd.Series

    @classmethod
    def of(cls, table: pd.DataFrame) -> TwoWay:
        """Fit a mean for each cell and one for each seed.

        Parameters
        ----------
        table : DataFrame
            Of one task, with two seeds at least.

        Returns
        -------
        TwoWay
        """
        sizes = ["ratio", "coding_level"]
        diverged = table.groupby(sizes)["diverged"].sum()
        own = table[table["diverged"] == 0]
        means = own.groupby(sizes)["missed"].mean()
        cells = np.eye(len(means))[own.groupby(sizes).ngroup()]
        seeds = pd.get_dummies(own["seed"]).to_numpy(dtype=float)
        design = np.hstack([cells, seeds - 1 / seeds.shape[1]])
        inverse = np.linalg.pinv(design.T @ design)
        found = inverse @ design.T @ own["missed"].to_numpy()
        rest = len(own) - int(np.linalg.matrix_rank(design))
        if rest < 1:
            raise ValueError("table: expected two seeds at least, got too few for an interval")
        error = ((own["missed"] - design @ found) ** 2).sum() / rest
        n = len(means)
        covariance = error * inverse[:n, :n]
        reach = float(stdtrit(rest, 0.975))
        return cls(pd.Series(found[:n], means.index), covariance, reach, diverged)

    def as_text(self) -> pd.DataFrame:
        """Tell the means and half their 95 % intervals.

        Returns
        -------
        DataFrame
            A row a ratio, a column a coding level.
        """
        halves = self.reach * np.sqrt(np.diag(self.covariance))
        told = [f"{m:.2f} ± {h:.2f}" for m, h in zip(self.means, halves, strict=True)]
        text = pd.Series(told, self.means.index).reindex(self.diverged.index, fill_value="none")
        lost = self.diverged.map(lambda n: f" ({n} diverged)" if n else "")
        return (text + lost).unstack()

    def less(self, one: tuple[float, float], other: tuple[float, float]) -> tuple[float, float]:
        """Find the difference of two cells.

        Parameters
        ----------
        one, other : tuple of float
            Ratio and coding level.

        Returns
        -------
        difference, half : float
            And half of its 95 % interval (not corrected for how many are looked at).
        """
        contrast = np.zeros(len(self.means))
        contrast[self.means.index.get_loc(one)] += 1
        contrast[self.means.index.get_loc(other)] -= 1
        spread = float(np.sqrt(contrast @ self.covariance @ contrast))
        return float(contrast @ self.means), self.reach * spread


def effects(table: pd.DataFrame) -> pd.DataFrame:
    """Compare sizes while the other is held.

    Parameters
    ----------
    table : DataFrame
        Of one task.

    Returns
    -------
    DataFrame
        At each coding level, what is missed with most granule cells less that with fewest and with
        the next most; at each ratio, with the sparsest and with the densest code less that with the
        one between. Half of the 95 % intervals. Cells of which all trainings diverged are left out.
    """
    found = TwoWay.of(table)
    cells = set(found.means.index)
    ratios = sorted({ratio for ratio, _ in cells})
    levels = sorted({level for _, level in cells})
    fewer = dict.fromkeys((ratios[0], ratios[-2])) if len(ratios) > 1 else {}
    pairs = [((ratios[-1], at), (ratio, at)) for ratio in fewer for at in levels]
    for ratio in ratios:
        middle = (ratio, levels[len(levels) // 2])
        pairs += [((ratio, level), middle) for level in (levels[0], levels[-1])]
    rows = []
    for one, other in pairs:
        if one != other and {one, other} <= cells:
            mean, half = found.less(one, other)
            told = [f"ratio {ratio:g}, coding level {level:g}" for ratio, level in (one, other)]
            rows.append({"one": told[0], "other": told[1], "missed": mean, "half": half})
    return pd.DataFrame(rows)
