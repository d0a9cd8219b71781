"""Surrogate courses over trials: as slow, and as variable in every part of the session."""

from __future__ import annotations

import numpy as np
import scipy.fft
import scipy.ndimage

# Any two courses that rise, or rise and fall, have the slowest cosines in common.
_N_KEPT = 3
# Of the frequencies: slower ones are a course, faster ones its noise.
_SLOW = 0.1
# Of the trials, over which the variance of the noise is averaged.
_WINDOW = 0.2


class CourseSurrogates:
    """Draws courses with the autocorrelation of the given ones, related to nothing else.

    A course is a sum of cosines over trials (of its discrete cosine transform, which, other than
    the Fourier transform, has no jump from the last trial to the first). Each gets a random sign,
    the same in all columns, so that columns keep their relation to each other. For white noise and
    for random walks, whose cosines are independent, the surrogates are draws of the same kind. The
    mean and the three slowest cosines stay: that two courses both rise isn't evidence that they
    are the same. The
    faster cosines are divided by their local standard deviation before and multiplied by it after,
    so that a part of the session with more noise keeps it.

    Parameters
    ----------
    values : (n_trials,) or (n_trials, n_columns) array
        Without missing values.

    References
    ----------
    Theiler et al. 1992, "Testing for nonlinearity in time series: the method of surrogate data",
    for surrogates that keep the spectrum; Bullmore et al. 2001 for random coefficients of a
    transform that suits long memory.

    Examples
    --------
    >>> course = np.linspace(0, 1, 50) ** 2
    >>> drawn = CourseSurrogates(course).draw(np.random.default_rng(0))
    >>> bool(np.isclose(np.mean(drawn), np.mean(course)))
    True
    >>> bool(np.corrcoef(drawn[1:], drawn[:-1])[0, 1] > 0.9)
    True
    """

    def __init__(self, values: np.ndarray):
        self._shape = values.shape
        columns = values.reshape(len(values), -1)
        self._cosines = cosines_of(columns)
        n_slow = max(2, round(_SLOW * len(columns)))
        self._fast = np.arange(len(columns)) >= n_slow
        fast = courses_of(np.where(self._fast[:, None], self._cosines, 0))
        self._scale = _local_scale(fast)
        self._evened = cosines_of(fast / self._scale)
        self._power = np.sum(fast**2, axis=0)

    def draw(self, rng: np.random.Generator) -> np.ndarray:
        """Return one surrogate, in the shape of the values.

        Parameters
        ----------
        rng : numpy.random.Generator
        """
        signs = rng.choice([-1.0, 1.0], size=(len(self._cosines), 1))
        signs[: 1 + _N_KEPT] = 1.0
        slow = courses_of(np.where(self._fast[:, None], 0, signs * self._cosines))
        fast = courses_of(signs * self._evened) * self._scale
        power = np.sum(fast**2, axis=0)
        fast *= np.sqrt(np.divide(self._power, power, out=np.ones_like(power), where=power > 0))
        return (slow + fast - fast.mean(axis=0)).reshape(self._shape)


def cosines_of(courses: np.ndarray) -> np.ndarray:
    """Return the orthonormal cosine transform of courses along their first axis.

    Parameters
    ----------
    courses : (n_trials, ...) array
    """
    return np.asarray(scipy.fft.dct(courses, axis=0, norm="ortho"))


def courses_of(cosines: np.ndarray) -> np.ndarray:
    """Return the courses that have this transform.

    Parameters
    ----------
    cosines : (n_trials, ...) array
    """
    return np.asarray(scipy.fft.idct(cosines, axis=0, norm="ortho"))


def _local_scale(noise: np.ndarray) -> np.ndarray:
    """Return the running standard deviation of noise over trials, (n_trials, n_columns)."""
    size = max(3, round(_WINDOW * len(noise)))
    power = scipy.ndimage.uniform_filter1d(noise**2, size, axis=0, mode="reflect")
    # Of a course without noise nothing is divided by what is nearly zero.
    floor = 0.05 * np.mean(power, axis=0)
    return np.sqrt(np.where(floor > 0, np.maximum(power, floor), 1.0))
