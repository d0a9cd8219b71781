"""Colours that people with a colour vision deficiency can tell apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from matplotlib.colors import Colormap, ListedColormap

INK = "#2b3a4a"
ACCENT = "#0072b2"
MUTED = "#8d99a6"
FAINT = "#d5dbe1"
NO_LABEL = "#b9b9b9"

# Okabe & Ito (2008), without the black (it is the ink) and with the yellow last (weak on white).
QUALITATIVE = (
    "#0072b2",
    "#e69f00",
    "#009e73",
    "#d55e00",
    "#cc79a7",
    "#56b4e9",
    "#7f6000",
    "#f0e442",
)

_OKLAB_TO_LMS = np.array(
    [
        [1.0, 0.3963377774, 0.2158037573],
        [1.0, -0.1055613458, -0.0638541728],
        [1.0, -0.0894841775, -1.2914855480],
    ]
)
_LMS_TO_LINEAR_RGB = np.array(
    [
        [4.0767416621, -3.3077115913, 0.2309699292],
        [-1.2684380046, 2.6097574011, -0.3413193965],
        [-0.0041960863, -0.7034186147, 1.7076147010],
    ]
)


def cyclic_colors(degrees: np.ndarray) -> np.ndarray:
    """Return colours on a closed ring, for directions and phases.

    The ring is a tilted circle in the OKLab space (Ottosson 2020): lightness goes with the
    cosine and blue to yellow with the sine. Both are kept in red-green colour vision
    deficiency, so opposite directions never look alike; none of the colours vanishes on white.

    Parameters
    ----------
    degrees : array of any shape, in degrees

    Returns
    -------
    ndarray, shape (*degrees.shape, 4)
        Red, green, blue and opacity in 0 to 1.

    Examples
    --------
    >>> from trialtensor.plotting.colors import cyclic_colors
    >>> cyclic_colors([0.0, 360.0]).round(2).tolist()
    [[0.46, 0.09, 0.25, 1.0], [0.46, 0.09, 0.25, 1.0]]
    """
    angle = np.deg2rad(np.asarray(degrees, dtype=np.float64))
    lightness = 0.60 - 0.22 * np.cos(angle)
    green_red = 0.13 * np.cos(angle)
    blue_yellow = 0.145 * np.sin(angle)
    lab = np.stack([lightness, green_red, blue_yellow], axis=-1)
    linear = np.clip((lab @ _OKLAB_TO_LMS.T) ** 3 @ _LMS_TO_LINEAR_RGB.T, 0.0, 1.0)
    rgb = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.concatenate([rgb, np.ones((*rgb.shape[:-1], 1))], axis=-1)


def cyclic_colormap() -> ListedColormap:
    """Return the ring of `cyclic_colors` as a colour map; 0 and 1 are the same colour."""
    from matplotlib.colors import ListedColormap

    return ListedColormap(cyclic_colors(np.linspace(0, 360, 257)), name="trialtensor_cyclic")


def sequential_colormap() -> Colormap:
    """Return viridis without its palest end, which is hard to see as points on white."""
    import matplotlib
    from matplotlib.colors import ListedColormap

    return ListedColormap(
        matplotlib.colormaps["viridis"](np.linspace(0, 0.93, 256)), name="viridis"
    )


def diverging_colormap() -> Colormap:
    """Return blue below zero, white at zero, red above; the ends differ in lightness.

    Red and blue stay apart in every colour vision deficiency, and no colour of it is the grey of
    what is missing.
    """
    import matplotlib

    return matplotlib.colormaps["RdBu_r"]


def positive_colormap() -> Colormap:
    """Return the upper half of `diverging_colormap`: white at zero, red above, never blue."""
    import matplotlib
    from matplotlib.colors import ListedColormap

    return ListedColormap(matplotlib.colormaps["RdBu_r"](np.linspace(0.5, 1, 256)), name="Rd")


def qualitative_colors(n: int) -> np.ndarray:
    """Return `n` colours for categories without an order, shape (n, 4).

    Beyond the eight of Okabe and Ito no set stays distinguishable, so a sequential map is
    sampled and the order of the categories carries the meaning.
    """
    from matplotlib.colors import to_rgba_array

    if n <= len(QUALITATIVE):
        return to_rgba_array(QUALITATIVE[:n])
    return sequential_colormap()(np.linspace(0, 1, n))
