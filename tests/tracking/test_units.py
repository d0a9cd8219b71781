"""Results don't depend on the unit of the data, or the unit is refused by name."""

import warnings

import numpy as np
import pytest

from trialtensor import make_tca, track
from trialtensor.tracking import (
    block_contrasts,
    change_points,
    learning_curve,
    one_rate_fit,
    pattern_change,
    relate,
    smooth_curve,
    subspace_drift,
    template_alignment,
    trial_similarity,
    two_rate_fit,
)

RNG = np.random.default_rng(0)
STEP = np.r_[RNG.normal(0, 1, 60), RNG.normal(4, 1, 60)]
CURVE = 2 - np.exp(-np.arange(120) / 15) + 0.1 * RNG.normal(size=120)
LABELS = np.repeat(["base", "adapt", "wash"], 40)
SCHEDULE = np.repeat([0.0, 1.0, np.nan], [20, 80, 20])
ADAPTED = np.r_[np.zeros(20), 1 - np.exp(-np.arange(80) / 9), 0.9 ** np.arange(20)]
ADAPTED = ADAPTED + 0.05 * RNG.normal(size=120)
X = make_tca(80, 12, 10, 2, snr=3.0, random_state=0).X
EARLY, LATE = np.arange(40), np.arange(40, 80)
SHAPES = np.stack([np.hanning(10), np.linspace(0, 1, 10)], axis=1)


def _rates(fit):
    free = [fit.parameters[name] for name in ("A_f", "B_f", "A_s", "B_s") if name in fit.parameters]
    return free, [fit.noise, *fit.predicted]


# From data in a unit: numbers without a unit, and numbers in that of the data.
RESULTS = {
    "change_points": lambda u: (
        lambda f: ([*f.trials, *f.intervals.ravel(), f.p_value], [*f.levels, *f.noise_sd])
    )(change_points(STEP * u)),
    "change_points_together": lambda u: (
        lambda f: ([*f.trials, f.p_value], f.levels[:, 0])
    )(change_points(np.stack([STEP * u, STEP + RNG.normal(size=120) * 0], axis=1))),
    "smooth_curve": lambda u: (
        lambda f: ([f.bandwidth], [*f.value, *f.interval.ravel(), f.noise.variance**0.5])
    )(smooth_curve(CURVE * u)),
    "learning_curve": lambda u: (
        lambda f: (
            [*f.best.time_constants, *f.best.time_constant_intervals.ravel(), f.n_effective],
            [f.best.start, f.best.plateau, *f.best.amplitudes],
        )
    )(learning_curve(CURVE * u)),
    "block_contrasts": lambda u: (
        lambda f: (
            f.contrasts["p_value"],
            [*f.contrasts["difference"], *f.contrasts["low"], *f.blocks["high"]],
        )
    )(block_contrasts(CURVE * u, LABELS)),
    "relate": lambda u: (
        lambda f: ([f.lead, *f.lead_interval, f.p_value, *f.correlations, *f.chance], [])
    )(relate(CURVE * u, STEP, n_null=49, n_bootstrap=50)),
    "relate_to_behaviour": lambda u: (
        lambda f: ([f.lead, *f.lead_interval, f.p_value, *f.correlations, *f.chance], [])
    )(relate(CURVE, STEP * u, n_null=49, n_bootstrap=50)),
    "two_rate_fit": lambda u: _rates(two_rate_fit(ADAPTED * u, SCHEDULE * u)),
    "two_rate_fit_scaled": lambda u: _rates(two_rate_fit(ADAPTED * u, SCHEDULE, scale=True)),
    "one_rate_fit": lambda u: _rates(one_rate_fit(ADAPTED * u, SCHEDULE, scale=True, offset=True)),
    "pattern_change": lambda u: (
        pattern_change(X * u, EARLY, LATE, n_null=49, components=SHAPES)
        .components.select_dtypes(float)
        .to_numpy()
        .ravel(),
        [],
    ),
    "pattern_change_of_courses": lambda u: (
        pattern_change(X, EARLY, LATE, n_null=49, components=SHAPES * u)
        .components.select_dtypes(float)
        .to_numpy()
        .ravel(),
        [],
    ),
    "subspace_drift": lambda u: (
        lambda f: ([*f.overlap.ravel(), f.p_value], [])
    )(subspace_drift(X * u, n_windows=4, n_null=19)),
    "template_alignment": lambda u: (template_alignment(X * u, EARLY, LATE).shift, []),
    "trial_similarity": lambda u: (trial_similarity(X * u, n_windows=8)[0].ravel(), []),
    "track": lambda u: (
        lambda f: ([*f.summary["change_p"], *f.changes["onset"]], [*f.changes["before"]])
    )(track(np.stack([STEP, CURVE], axis=1) * u, labels=LABELS)),
}  # fmt: skip
SCALES = [1e-308, 1e-200, 1e-160, 1e-155, 1e-140, 1e-20, 1e20, 1e140, 1e155, 1e160, 1e200, 1e307]


@pytest.fixture(scope="module")
def in_unit_one():
    return {}


# Those that take long are solved in a unit of their own like the others.
LONG = {"track", "two_rate_fit", "two_rate_fit_scaled", "one_rate_fit"}
CASES = [(n, u) for n in RESULTS for u in SCALES if n not in LONG or u in (1e-160, 1e-20, 1e140)]


@pytest.mark.parametrize(("name", "unit"), CASES)
def test_every_unit_is_right_or_refused(name, unit, in_unit_one):
    if name not in in_unit_one:
        in_unit_one[name] = RESULTS[name](1.0)
    free, sizes = in_unit_one[name]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            found, scaled = RESULTS[name](unit)
        except ValueError as error:
            assert str(error).split(":")[0] in ("values", "component", "behaviour", "y", "model",
                                                "perturbation", "X", "components")  # fmt: skip
            assert "use other units" in str(error)
            assert not 1e-150 < unit < 1e150, "this unit can be worked in"
            return
    np.testing.assert_allclose(found, free, rtol=2e-4 if "rate" in name else 1e-6, atol=1e-9)
    np.testing.assert_allclose(np.divide(scaled, unit), sizes, rtol=1e-5, atol=1e-7)


def test_float32_near_its_limits():
    for unit in (1e-37, 1e37):
        series = (STEP * unit).astype(np.float32)
        assert change_points(series).trials.tolist() == [60]
        found = template_alignment((X * unit).astype(np.float32), EARLY, LATE)
        np.testing.assert_allclose(found.shift, template_alignment(X, EARLY, LATE).shift, atol=1e-4)
