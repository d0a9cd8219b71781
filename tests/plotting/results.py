"""Results of every kind, with the names and numbers that are hardest to draw."""

from dataclasses import replace
from functools import cache

import numpy as np
import pandas

from tests.made_searches import made_profile, made_search
from tests.other_kinds import data, models
from trialtensor import plotting
from trialtensor.models.dynamics.intervals import DynamicsIntervals
from trialtensor.selection import Bootstrap, ComponentTest, ResidualReport, Stability
from trialtensor.selection.residual_structure import Autocorrelation, TrialTrend
from trialtensor.selection.shared_structure import SharedStructure
from trialtensor.selection.transforms import TransformComparison
from trialtensor.tracking import (
    BlockContrasts,
    ChangePoints,
    LearningCurve,
    LearningFit,
    PatternChange,
    Relation,
    Replication,
    SmoothCurve,
    SubspaceDrift,
    TemplateAlignment,
    one_rate_fit,
    track,
    track_group,
    transitions,
    trial_similarity,
    two_rate_fit,
)
from trialtensor.tracking.noise import Noise

NAMES = (
    "<script>alert('$x_1^2$')</script>",
    "שלום עולם",
    "x" * 300,
    "quote \" and ' $\\frac{$",
    "ok",
    "late & <b>bold</b>",
)
N = 60
RNG = np.random.default_rng(0)
Y = np.r_[np.zeros(20), 1 - np.exp(-np.arange(20) / 4), np.zeros(20)] + 0.1 * RNG.normal(size=N)
P = np.r_[np.zeros(10), np.ones(30), np.full(20, np.nan)]


def hard_names(n):
    """Names that are as long, or as strange, as any; no two the same."""
    return [f"{NAMES[i % len(NAMES)]}{i}" for i in range(n)]


@cache
def tracking():
    """Two series in twelve blocks with names of any kind."""
    found = track(np.stack([Y, RNG.normal(size=N)], axis=1), labels=np.repeat(["a", "b", "c"], 20))
    row = found.changes.iloc[[0]]
    close = [row.assign(onset=at, onset_low=at - 1, onset_high=at + 1) for at in (2, 3, 4, 58, 59)]
    names = dict(zip(found.series.columns, hard_names(2), strict=True))
    return replace(
        found,
        changes=pandas.concat(close, ignore_index=True).replace({"series": names}),
        series=found.series.rename(columns=names),
        found={names[name]: each for name, each in found.found.items()},
        labels=np.repeat(hard_names(12), 5),
    )


@cache
def rates():
    """A fit of two rates, and one of one rate."""
    return two_rate_fit(Y, P), one_rate_fit(Y, P, offset=True)


def relation():
    leads = np.arange(-6, 7)
    r = np.exp(-0.5 * ((leads - 3) / 2.0) ** 2)
    return Relation(3, np.array([2, 5]), 1.0, 0.02, leads, r, np.full(13, 0.3), 0.9, 0.02)


def learning():
    fits = {
        name: LearningFit(name, odds, 0.0, 1.0, np.ones(k), taus, ends, np.linspace(0, 1, N))
        for name, odds, k, taus, ends in (
            ("constant", -40.0, 0, np.empty(0), np.empty((0, 2))),
            ("linear", -3.2, 0, np.empty(0), np.empty((0, 2))),
            ("exponential", -1.0, 1, np.array([8.0]), np.array([[4.0, 12.0]])),
            ("two-exponential", 0.0, 2, np.array([3.0, 40.0]), np.array([[0, 6], [20, np.inf]])),
        )
    }
    return LearningCurve(fits["two-exponential"], fits, 0.9, 50.0)


def smooth():
    band = np.stack([Y - 0.2, Y + 0.2])
    return SmoothCurve(Y, band, 0 * Y, 0 * band, 10.0, 0.9, Noise(np.zeros(1), 1.0, 1.0))


def change_points():
    trials = np.array([2, 3, 4, 20, 21, 22, 23, 40, 58, 59])
    ends = np.stack([np.maximum(trials - 1, 0), trials + 1], axis=1)
    both = np.stack([Y, 2 * Y], axis=1)
    return ChangePoints(trials, ends, np.zeros((11, 2)), 0.01, 0.9, np.ones(2), np.ones(2), both)


def replication():
    names = hard_names(3)
    table = pandas.DataFrame(
        {
            "series": [name for name in names for _ in range(3)],
            "trial": [20, 22, 59] * 3,
            "verdict": ["confirmed", "all neurons together", "also seen in"] * 3,
            "also_seen_in": ["", "", "component 2, component 3"] * 3,
            "gain": np.linspace(-1, 1, 9),
            "p_value": 0.01,
            "p_adjusted": 0.05,
            "n_neurons": 10,
        }
    )
    return Replication(table, {name: 1 + Y for name in names}, 0.05)


def contrasts(n=7):
    names = hard_names(n)
    level = np.arange(n, dtype=float)
    blocks = pandas.DataFrame({"block": names, "n_trials": 10, "mean": level})
    blocks = blocks.assign(low=level - 0.5, high=level + 0.5, end=level + 1)
    blocks = blocks.assign(end_low=level, end_high=level + 2.5)
    pairs = [(a, b) for a in range(n) for b in range(a + 1, n)]
    table = pandas.DataFrame(
        {
            "block": [names[b] for _, b in pairs],
            "minus": [names[a] for a, _ in pairs],
            "difference": [float(b - a) for a, b in pairs],
            "low": [b - a - 1.0 for a, b in pairs],
            "high": [b - a + 1.0 for a, b in pairs],
            "p_adjusted": np.linspace(0, 0.2, len(pairs)),
        }
    )
    return BlockContrasts(blocks, table, 0.9, 50.0)


def drift():
    windows = np.stack([np.arange(0, 60, 10), np.arange(9, 60, 10)], axis=1)
    return SubspaceDrift(windows, RNG.uniform(size=(6, 6)), np.zeros((6, 6, 2)), 0.005, 0.005)


def templates():
    late = np.linspace(-0.5, 0.9, N)
    late[7] = np.nan
    blocks = (NAMES[2], NAMES[0])
    return TemplateAlignment(-late, late, 2 * late, blocks, np.arange(10), np.arange(50, 60))


def pattern_change():
    n = 8
    table = pandas.DataFrame({"component": range(n), "name": hard_names(n)})
    table = table.assign(gain=np.linspace(0.5, 2, n), gain_low=0.3, gain_high=2.5, gain_p=0.01)
    angle = np.linspace(0, 80, n)
    table = table.assign(angle_deg=angle, angle_low=angle - 9, angle_high=angle + 9, rotation_p=0.3)
    table["verdict"] = ["gain change and rotation", "new", "not seen", "none"] * 2
    table.loc[2, ["gain", "gain_low", "gain_high", "angle_deg"]] = np.nan
    table.loc[5, "gain_high"] = np.inf
    none = np.zeros((10, 0))
    return PatternChange(table, 0.4, 0, none, none, np.ones(10, bool), np.ones(5, bool), 0.05, 0.9)


def residuals():
    trials, neurons = RNG.normal(size=N), np.full(10, np.nan)
    trials[[7, 8, 9, 40]] = [np.inf, 12.0, 5.0, 9.0]
    neurons[:9] = RNG.normal(size=9)
    return ResidualReport(
        np.full(N, 0.02), np.linspace(0, 0.9, 10), trials, neurons, np.array([7, 8, 40, 9]),
        np.empty(0, int), Autocorrelation(0.1, 0.0, (-0.1, 0.2)),
        TrialTrend(np.zeros(10), 0.1, 0.05, 0.3), SharedStructure(0.1, 0.1, 0.4), 0.37,
    )  # fmt: skip


def agreement(n=30):
    scores = np.linspace(-0.3, 1, n)
    return Stability(0.7, 0.2, 0.6, scores, RNG.uniform(size=(12, 12)))


def component_test(n=30):
    statistic = np.linspace(0.001, 0.4, n)
    statistic[4] = np.nan
    return ComponentTest("shift_times", statistic, np.linspace(0.05, 0.1, 19),
                         np.linspace(0.05, 1, n))  # fmt: skip


def transforms():
    table = pandas.DataFrame({"transform": hard_names(6), "n_components": 3})
    table = table.assign(error=np.linspace(0.8, 1.3, 6), error_se=0.05)
    return TransformComparison(table, table["transform"][2], "", "poisson", None, table)


def bootstrapped():
    found = models("complete")["TCA"].fitted_
    names = [f"{axis}_factors" for axis in ("trial", "neuron", "time")]
    estimates = {name: found[name] for name in names}
    errors = {name: 0.1 + 0 * values for name, values in estimates.items()}
    errors["trial_factors"][3] = np.nan
    return Bootstrap(estimates, errors, 0.9, 20, False)


def intervals():
    radius = np.asarray(models("labelled")["TrialVaryingDynamics"].spectral_radius_)
    nothing = np.empty(0)
    return DynamicsIntervals(nothing, nothing, np.stack([radius - 0.1, radius + 0.1]), 0.9, 0.0)


def similarity():
    return trial_similarity(np.asarray(data()), n_windows=6)


@cache
def group():
    """Three animals with names of any kind, of which all change."""
    step = RNG.normal(size=(3, 60, 1)) + 5 * (np.arange(60) > 30)[:, None]
    return track_group(dict(zip(hard_names(3), step, strict=True)))


@cache
def found_transitions():
    return transitions(Y)


def search():
    errors = {r: [1.0 - 0.02 * r + 0.001 * r**2, 0.98 - 0.02 * r] for r in range(1, 31)}
    return made_search(errors), made_profile(dict.fromkeys(errors, 0.5))


# Figure -> what draws it, given the axes or None; and the shape of its axes, () for a single one.
FIGURES = {
    "blocks": (lambda a: plotting.plot_blocks(models("labelled")["Parafac2"], axes=a), (2, 2)),
    "bootstrap": (lambda a: plotting.plot_bootstrap(bootstrapped(), axes=a), (2, 3)),
    "change points": (
        lambda a: plotting.plot_change_points(
            change_points(), np.stack([Y, 2 * Y], axis=1), units=NAMES[3], axes=a
        ),
        (2,),
    ),
    "component test": (lambda a: plotting.plot_component_test(component_test(), ax=a), ()),
    "contrasts": (lambda a: plotting.plot_contrasts(contrasts(), units="Hz", axes=a), (2,)),
    "drift": (lambda a: plotting.plot_drift(drift(), axes=a), (2,)),
    "dynamics": (
        lambda a: plotting.plot_dynamics(
            models("labelled")["TrialVaryingDynamics"], intervals=intervals(), axes=a
        ),
        (2,),
    ),
    "factors": (
        lambda a: plotting.plot_factors(models("labelled")["TCA"], color_by=hard_names(24), axes=a),
        (2, 3),
    ),
    "factors of datasets": (
        lambda a: plotting.plot_factors(
            models("labelled")["CoupledTCA"], color_by=hard_names(24), axes=a
        ),
        (3, 5),
    ),
    "group": (lambda a: plotting.plot_group(group(), axes=a), (1, 3)),
    "learning": (lambda a: plotting.plot_learning(learning(), Y, units=NAMES[2], ax=a), ()),
    "loss": (lambda a: plotting.plot_loss(models("labelled")["TCA"], ax=a), ()),
    "missing": (lambda a: plotting.plot_missing(data("missing"), axes=a), (2,)),
    "pattern change": (lambda a: plotting.plot_pattern_change(pattern_change(), axes=a), (2,)),
    "rates": (lambda a: plotting.plot_rates(rates()[0], Y, P, units="°", ax=a), ()),
    "one rate": (lambda a: plotting.plot_rates(rates()[1], [Y, Y + 0.1], P, ax=a), ()),
    "relation": (
        lambda a: plotting.plot_relation(relation(), component=Y, behaviour=-Y, axes=a),
        (2,),
    ),
    "replication": (lambda a: plotting.plot_replication(replication(), axes=a), (3,)),
    "residuals": (lambda a: plotting.plot_residuals(residuals(), axes=a), (2, 2)),
    "restarts": (lambda a: plotting.plot_restarts(models("labelled")["TCA"], ax=a), ()),
    "search": (lambda a: plotting.plot_search(*search(), axes=a), (4,)),
    "shares": (lambda a: plotting.plot_shares(models("labelled")["CoupledTCA"], ax=a), ()),
    "similarity": (lambda a: plotting.plot_similarity(*similarity(), ax=a), ()),
    "slices": (
        lambda a: plotting.plot_slices(
            models("labelled")["SliceTCA"], color_by=hard_names(24), axes=a
        ),
        (3, 2),
    ),
    "smooth": (lambda a: plotting.plot_smooth(smooth(), Y, units="Hz", ax=a), ()),
    "stability": (lambda a: plotting.plot_stability(agreement(), axes=a), (2,)),
    "templates": (lambda a: plotting.plot_templates(templates(), axes=a), (2,)),
    "tracking": (lambda a: plotting.plot_tracking(tracking(), units=NAMES[2], axes=a), (2,)),
    "transitions": (
        lambda a: plotting.plot_transitions(found_transitions(), Y, units=NAMES[3], axes=a),
        (1,),
    ),
    "transforms": (lambda a: plotting.plot_transforms(transforms(), ax=a), ()),
}
