"""Where components are: their shares by dataset or region."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from trialtensor.models import Fitted
from trialtensor.plotting.chosen import choose
from trialtensor.plotting.colors import INK
from trialtensor.plotting.columns import check_datasets, fitted_of
from trialtensor.plotting.grid import take_one
from trialtensor.plotting.labels import shorten
from trialtensor.plotting.panels import caption

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_NUMBERS = 300  # of cells; more would be too small to read
DARK = 0.55  # shares on which white is easier to read


def plot_shares(
    model: Any, *, components: Any = None, datasets: Any = None, ax: Axes | None = None
) -> Axes:
    """Plot the share of each component in each dataset, such as regions.

    A column per component, which sums to 100 % over all datasets of the model; a row per dataset,
    with the part of its sum of squares that the model explains. A share is the component's sum of
    squares there, relative to that of the dataset, so that a large dataset doesn't win by its size.
    A component that is private to a dataset has nothing elsewhere.

    Parameters
    ----------
    model : fitted CoupledTCA, or another with ``shares_``
    components : sequence of int or str, optional
        Draw these, in this order, as in `plot_factors`.
    datasets : sequence of str, optional
        Draw these, in this order.
    ax : Axes, optional
        By default of a new figure.

    Returns
    -------
    Axes

    Raises
    ------
    ValueError
        If the model has no shares, and for components or datasets that aren't there.
    sklearn.exceptions.NotFittedError
        If the model has not been fitted.

    Examples
    --------
    >>> import matplotlib
    >>> matplotlib.use("Agg")
    >>> from trialtensor import CoupledTCA, make_tca
    >>> X = make_tca(40, 20, 20, 2, snr=10.0, random_state=0).X
    >>> regions = {"cortex": X[:, :12], "cerebellum": X[:, 12:]}
    >>> ax = plot_shares(CoupledTCA(2, n_init=1, random_state=0).fit(regions))
    >>> [text.get_text().split()[0] for text in ax.get_yticklabels()]
    ['cortex', 'cerebellum']
    """
    from matplotlib import colormaps

    fitted = fitted_of(model)
    if "shares" not in fitted.arrays:
        raise ValueError(f"model: {fitted.kind} has no shares by dataset; CoupledTCA has")
    chosen = choose(components, [each.name for each in fitted.components])
    names = check_datasets(fitted, datasets)
    places = [fitted.datasets.index(name) for name in names]
    shares = np.asarray(fitted["shares"], dtype=np.float64)[np.ix_(places, chosen)]
    size = (0.42 * max(len(chosen), 4) + 3.4, 0.42 * len(names) + 1.5)
    ax = take_one(ax, size)
    image = ax.imshow(100 * shares, cmap=colormaps["Blues"], vmin=0, vmax=100, aspect="auto")
    if shares.size <= MOST_NUMBERS:
        _write(ax, shares)
    labels = [fitted.components[r].label for r in chosen]
    ax.set_xticks(range(len(chosen)), [shorten(each, 12) for each in labels], fontsize=8)
    if max(map(len, labels)) > 3:
        ax.tick_params(axis="x", labelrotation=90)
    ax.set_yticks(range(len(names)), _rows(fitted, names, places), fontsize=8)
    ax.tick_params(length=0, colors=INK)
    ax.spines[:].set_visible(False)
    ax.set_xticks(np.arange(len(chosen) + 1) - 0.5, minor=True)
    ax.set_yticks(np.arange(len(names) + 1) - 0.5, minor=True)
    ax.grid(which="minor", color="white", linewidth=2)
    ax.tick_params(which="minor", length=0)
    caption(ax, x="component", title="Share of each component by dataset")
    bar = ax.figure.colorbar(image, ax=ax)
    bar.set_label("share (%)", fontsize=8, color=INK)
    bar.ax.tick_params(labelsize=7, colors=INK)
    bar.outline.set_visible(False)
    return ax


def _write(ax: Axes, shares: np.ndarray) -> None:
    for (row, column), share in np.ndenumerate(shares):
        if not share > 0:
            continue
        text = "<1" if share < 0.005 else f"{100 * share:.0f}"
        color = "white" if share > DARK else INK
        ax.text(column, row, text, ha="center", va="center", fontsize=7.5, color=color)


def _rows(fitted: Fitted, names: tuple[str, ...], places: list[int]) -> list[str]:
    explained = fitted.arrays.get("explained_variance_by_dataset")
    if explained is None:
        return [shorten(name) for name in names]
    return [
        f"{shorten(name)}\n({100 * float(explained.values[place]):.0f} % explained)"
        for name, place in zip(names, places, strict=True)
    ]
