"""NumPy forms of the kernels for slow noise and transitions, and the cases used to time them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from scipy.special import logsumexp

from trialtensor.kernels import slow_noise as noise
from trialtensor.kernels import transition_sampling as sampling
from trialtensor.kernels import transition_scans as scans

Case = tuple[str, Callable[[], np.ndarray], Callable[[], np.ndarray]]
N, COST, LEAST, MIN_SIZE = 300, 2.8, 1e-9, 5
SLOW = (0.9, 0.1, 0.4, 0.6)
KINDS = ((0.0, 0.0, 1.0, 0.0), SLOW, (1.0, 0.01, 1.0, 0.0))
TAUS = np.array([0.0, 2.0, 8.0, 32.0, np.inf])


class Setting:
    """A series of 300 trials with two changes, under three kinds of noise."""

    def __init__(self) -> None:
        rng = np.random.default_rng(0)
        t = np.arange(N)
        y = 3.0 * (t >= 90) - 3 * (t >= 210) + rng.normal(size=N)
        filters = [noise.noise_filter(*kind, np.ones(N)) for kind in KINDS]
        self.gains = np.stack([gains for gains, _ in filters])
        self.offsets = np.array([-0.5 * determinant for _, determinant in filters])
        self.y = np.stack([noise.whiten(gains, y[None])[0] for gains in self.gains])
        self.base = np.stack([noise.whiten(gains, np.ones((1, N))) for gains in self.gains])
        self.energies = np.stack([scans.transition_energies(g, TAUS) for g in self.gains])
        self.columns = scans.transition_shape(90, 0.0, N)[None]
        self.rows = rng.normal(size=(8, N))
        self.log_prior = np.zeros((len(TAUS), N))
        self.log_prior[:, :MIN_SIZE] = self.log_prior[:, -MIN_SIZE:] = -np.inf
        # Time constants of given transitions and none that repeats them.
        self.uniforms = rng.random((12, 3))
        self.normals, self.chi = rng.normal(size=(200, 3)), rng.chisquare(N - 1, 200)
        self.onsets = np.stack([rng.integers(80, 100, 200), rng.integers(200, 220, 200)], axis=1)
        self.taus = rng.choice([0.0, 2.0, 8.0], size=(200, 2))
        self.kinds = rng.integers(0, 3, 200)

    def scan(self) -> np.ndarray:
        """Scan with the kernel, over all kinds."""
        out = np.empty((len(TAUS), N))
        scans.scan_kinds(
            np.arange(3), self.gains, self.offsets, self.y, self.base, self.columns, TAUS,
            self.energies, N - 1, COST, LEAST, out,
        )  # fmt: skip
        return _finite(out)

    def one_more(self, back: np.ndarray) -> np.ndarray:
        """Return what each further transition would explain, by the kernel."""
        out = np.empty((len(TAUS), N))
        scans.gains_of_one_more(back, TAUS, self.energies[1], out)
        return out

    def draws(self) -> np.ndarray:
        """Draw transitions with the kernel."""
        onsets, _, _ = sampling.sample_transitions(
            np.zeros(1, np.int64), self.gains[None], self.offsets[None], self.y[None],
            self.base[None], self.energies[None], np.array([N - 1]), np.array([COST]),
            np.array([LEAST]), TAUS, self.log_prior, np.arange(N), MIN_SIZE,
            np.array([90, 210]), np.array([0, 0]), self.uniforms,
        )  # fmt: skip
        return onsets

    def coefficients(self) -> np.ndarray:
        """Draw coefficients with the kernel."""
        return sampling.sample_coefficients(
            self.gains, self.y, self.base, self.onsets, self.taus, self.kinds, N - 1, LEAST,
            self.normals, self.chi,
        )[0]  # fmt: skip


def cases() -> Iterator[Case]:
    """Return for each case its name, the kernel call and the NumPy equivalent."""
    yield from _noise_cases(Setting())
    yield from _scan_cases(Setting())
    s = Setting()
    yield "sample_transitions, 12 draws of two", s.draws, lambda: draws_numpy(s)
    yield "sample_coefficients, 200 draws", s.coefficients, lambda: coefficients_numpy(s)


def _noise_cases(s: Setting) -> Iterator[Case]:
    spread, gains = np.ones(N), s.gains[1]
    pairs: list[tuple[str, Callable[..., Any], Callable[..., Any], tuple[Any, ...]]] = [
        ("noise_filter, 300 trials", _gains, filter_numpy, (*SLOW, spread)),
        ("whiten, 8 rows", noise.whiten, whiten_numpy, (gains, s.rows)),
        ("whiten_transposed, 8 rows", noise.whiten_transposed, transposed_numpy, (gains, s.rows)),
        ("precisions, 300 trials", noise.precisions, precisions_numpy, (gains,)),
        ("orthonormal, 8 rows", _basis, basis_numpy, (s.rows,)),
    ]
    for name, compiled, numpy, given in pairs:
        yield name, lambda f=compiled, a=given: f(*a), lambda f=numpy, a=given: f(*a)


def _scan_cases(s: Setting) -> Iterator[Case]:
    fit = (s.gains[1], s.y[1], s.base[1], s.columns)
    back = scans.fit_columns(*fit)[0]
    scored = (s.gains, s.offsets, s.y, s.base, s.columns, N - 1, COST, LEAST)
    yield (
        "transition_shape, 300 trials",
        lambda: scans.transition_shape(90, 8.0, N),
        lambda: shapes_numpy(np.array([90]), 8.0)[0],
    )
    yield (
        "transition_energies, 5 time constants",
        lambda: scans.transition_energies(s.gains[1], TAUS),
        lambda: energies_numpy(s.gains[1]),
    )
    yield (
        "gains_of_one_more, all onsets",
        lambda: s.one_more(back),
        lambda: one_more_numpy(back, s.energies[1]),
    )
    yield (
        "fit_columns, one beyond the level",
        lambda: scans.fit_columns(*fit)[0],
        lambda: fit_numpy(*fit)[0],
    )
    yield (
        "score_kinds, three kinds",
        lambda: scans.score_kinds(*scored),
        lambda: scores_numpy(*scored),
    )
    yield "scan_kinds, three kinds", s.scan, lambda: scan_numpy(s)


def _gains(*given: Any) -> np.ndarray:
    return noise.noise_filter(*given)[0]


def _basis(rows: np.ndarray) -> np.ndarray:
    return noise.orthonormal(rows, 1e-9)[0]


def _finite(values: np.ndarray) -> np.ndarray:
    return np.where(np.isfinite(values), values, 0.0)


def filter_numpy(
    rho: float, new: float, white: float, start: float, spread: np.ndarray
) -> np.ndarray:
    """Return the gains of a Kalman filter for trials that all have a value."""
    uncertain, before = np.empty(len(spread)), start
    for t in range(len(spread)):
        uncertain[t] = before
        before = rho**2 * before * white / (before + white) + new
    total = uncertain + white
    return np.stack([rho * white / total, rho * uncertain / total, 1 / np.sqrt(total)])


def whiten_numpy(gains: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Return innovations, trial after trial for all rows at once."""
    out, predicted = np.empty_like(rows), np.zeros(len(rows))
    for t in range(rows.shape[1]):
        out[:, t] = gains[2, t] * (rows[:, t] - predicted)
        predicted = gains[0, t] * predicted + gains[1, t] * rows[:, t]
    return out


def transposed_numpy(gains: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Return the transpose of whitening, for all rows at once."""
    out, carried = np.empty_like(rows), np.zeros(len(rows))
    for t in range(rows.shape[1] - 1, -1, -1):
        out[:, t] = gains[2, t] * rows[:, t] + gains[1, t] * carried
        carried = gains[0, t] * carried - gains[2, t] * rows[:, t]
    return out


def precisions_numpy(gains: np.ndarray) -> np.ndarray:
    """Return the diagonal of the inverse covariance."""
    matrix = whiten_numpy(gains, np.eye(gains.shape[1]))
    return np.asarray(np.sum(matrix**2, axis=1))


def basis_numpy(rows: np.ndarray) -> np.ndarray:
    """Return an orthonormal basis with the signs of Gram and Schmidt."""
    q, r = np.linalg.qr(rows.T)
    return np.asarray((q * np.sign(np.diag(r))).T)


def shapes_numpy(onsets: np.ndarray, tau: float) -> np.ndarray:
    """Return transitions of unit size, ``(n_onsets, n)``."""
    since = np.maximum(np.arange(N) - onsets[:, None] + 1, 0.0)
    if tau == 0:
        return np.minimum(since, 1.0)
    return since / N if np.isinf(tau) else 1 - np.exp(-since / tau)


def energies_numpy(gains: np.ndarray) -> np.ndarray:
    """Whiten every transition, and square."""
    every = [whiten_numpy(gains, shapes_numpy(np.arange(N), tau)) for tau in TAUS]
    return np.array([np.sum(each**2, axis=1) for each in every])


def one_more_numpy(back: np.ndarray, energies: np.ndarray) -> np.ndarray:
    """Return what each further transition would explain, by products with all shapes."""
    inner = np.stack([back @ shapes_numpy(np.arange(N), tau).T for tau in TAUS])
    left = energies - np.sum(inner[:, 1:] ** 2, axis=1)
    enough = left > scans.NEARLY_ALIKE * energies
    return np.where(enough, inner[:, 0] ** 2 / np.where(enough, left, 1.0), -1.0)


def fit_numpy(
    gains: np.ndarray, y: np.ndarray, base: np.ndarray, columns: np.ndarray
) -> tuple[np.ndarray, float]:
    """Return residual and basis, times the transposed filter, and what is left."""
    basis = basis_numpy(np.vstack([base, whiten_numpy(gains, columns)]))
    rest = y - (basis @ y) @ basis
    return transposed_numpy(gains, np.vstack([rest, basis])), float(rest @ rest)


def scores_numpy(
    gains: np.ndarray, offsets: np.ndarray, y: np.ndarray, base: np.ndarray,
    columns: np.ndarray, n: int, cost: float, least: float,
) -> np.ndarray:  # fmt: skip
    """Return the log evidence under each kind."""
    left = [fit_numpy(gains[k], y[k], base[k], columns)[1] for k in range(len(gains))]
    volume = np.log(np.sum(base[:, 0] ** 2, axis=1))
    return offsets - 0.5 * volume - cost * len(columns) - 0.5 * n * np.log(np.add(left, least))


def scan_numpy(s: Setting) -> np.ndarray:
    """Return the log evidence of one more transition, over kinds; 0 where it adds nothing."""
    logs = []
    for k in range(len(KINDS)):
        back, left = fit_numpy(s.gains[k], s.y[k], s.base[k], s.columns)
        found = one_more_numpy(back, s.energies[k])
        fixed = s.offsets[k] - 0.5 * np.log(np.sum(s.base[k] ** 2)) - COST * 2
        log = fixed - 0.5 * (N - 1) * np.log(np.maximum(left - found, 0) + LEAST)
        logs.append(np.where(found < 0, -np.inf, log))
    with np.errstate(invalid="ignore"):
        return _finite(logsumexp(logs, axis=0))


def draws_numpy(s: Setting) -> np.ndarray:
    """Draw two transitions, each given the other, and kinds of noise."""
    at, drawn = [(90, 0), (210, 0)], []
    for draw, uniforms in enumerate(s.uniforms):
        columns = np.vstack([shapes_numpy(np.array([t]), TAUS[j]) for t, j in at])
        if draw % sampling.EVERY == 0:
            scores = scores_numpy(s.gains, s.offsets, s.y, s.base, columns, N - 1, COST, LEAST)
            k = _pick(scores, uniforms[2])
        for i in range(2):
            onset, tau = at[1 - i][0], TAUS[at[1 - i][1]]
            other = shapes_numpy(np.array([onset]), tau)
            back, left = fit_numpy(s.gains[k], s.y[k], s.base[k], other)
            found = one_more_numpy(back, s.energies[k])
            log = s.log_prior - 0.5 * (N - 1) * np.log(np.maximum(left - found, 0) + LEAST)
            longer, shorter = np.maximum(TAUS, tau), np.minimum(TAUS, tau)
            alike = (longer < MIN_SIZE) | (tau == TAUS) | (longer < 2 * shorter)
            near = np.abs(np.arange(N) - onset) < MIN_SIZE
            log = np.where((found < 0) | (alike[:, None] & near), -np.inf, log)
            j, t = divmod(_pick(log.ravel(), uniforms[i]), N)
            at[i] = (t, j)
        drawn.append([t for t, _ in at])
    return np.array(drawn)


def _pick(logs: np.ndarray, uniform: float) -> int:
    weights = np.cumsum(np.exp(logs - logs.max()))
    return int(np.searchsorted(weights, uniform * weights[-1], side="right"))


def coefficients_numpy(s: Setting) -> np.ndarray:
    """Draw coefficients by the triangle of a QR decomposition."""
    out = np.empty((len(s.kinds), 3))
    for draw, k in enumerate(s.kinds):
        shapes = [
            shapes_numpy(s.onsets[draw, [i]], s.taus[draw, i]) for i in range(s.onsets.shape[1])
        ]
        rows = np.vstack([s.base[k], whiten_numpy(s.gains[k], np.vstack(shapes))])
        q, r = np.linalg.qr(rows.T)
        signs = np.sign(np.diag(r))
        q, r = q * signs, signs[:, None] * r
        along = q.T @ s.y[k]
        rest = s.y[k] - q @ along
        sd = np.sqrt((rest @ rest + LEAST) / s.chi[draw])
        out[draw] = np.linalg.solve(r, along + sd * s.normals[draw])
    return out
