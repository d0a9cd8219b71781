"""Intervals from resampled trials."""

import numpy as np
import pytest
import scipy.linalg
import scipy.optimize

from tests.selection_cases import of_dynamics
from trialtensor.data import make_slicetca, make_tca
from trialtensor.models import TCA, CoupledTCA, Parafac2, SliceTCA, TrialVaryingDynamics
from trialtensor.selection import bootstrap
from trialtensor.solvers.matching import align_to
from trialtensor.solvers.slices import fix_gauge

AXES = ("trial", "neuron", "time")


def covered(interval, truth):
    return float(np.mean((truth >= interval[0]) & (truth <= interval[1])))


@pytest.mark.slow
@pytest.mark.parametrize("nonnegative", [False, True])
def test_intervals_of_tca_cover_what_was_planted(nonnegative):
    shares = []
    for seed in range(8):
        data = make_tca(80, 30, 40, 3, snr=0.5, nonnegative=nonnegative, random_state=seed)
        model = TCA(3, nonnegative=nonnegative, n_init=3, random_state=0).fit(data.X)
        sure = bootstrap(model, data.X, n_samples=50, random_state=0)
        own = tuple(getattr(model, f"{axis}_factors_") for axis in AXES)
        truth, _ = align_to(own, tuple(f / np.linalg.norm(f, axis=0) for f in data.factors))
        shares.append(
            [covered(sure.interval(f"{a}_factors"), f) for a, f in zip(AXES, truth, strict=True)]
        )
    assert all(0.85 <= share <= 0.95 for share in np.mean(shares, axis=0)), shares


@pytest.mark.slow
def test_intervals_of_slicetca_cover_what_was_planted():
    shares = []
    for seed in range(4):
        data = make_slicetca(80, 30, 40, (2, 1, 1), snr=4.0, random_state=seed)
        model = SliceTCA((2, 1, 1), n_init=2, random_state=0).fit(data.X)
        sure = bootstrap(model, data.X, n_samples=60, random_state=0)
        truth = fix_gauge(data.loadings, data.slices)
        for axis, loading, slices in zip(AXES, *truth, strict=True):
            own = sure.estimates[f"{axis}_loadings"]
            turn = scipy.linalg.orthogonal_procrustes(loading, own)[0]
            turned = np.tensordot(turn.T, slices, axes=(1, 0))
            shares.append(
                [
                    covered(sure.interval(f"{axis}_loadings"), loading @ turn),
                    covered(sure.interval(f"{axis}_slices"), turned),
                ]
            )
    assert all(0.85 <= share <= 0.95 for share in np.mean(shares, axis=0)), shares


def test_the_same_seed_gives_the_same_errors_and_more_noise_larger_ones():
    errors = []
    for snr in (2.0, 0.5):
        X = make_tca(30, 12, 15, 2, snr=snr, random_state=0).X
        model = TCA(2, n_init=2, random_state=0).fit(X)
        one, two = (bootstrap(model, X, n_samples=20, random_state=1) for _ in range(2))
        for name, error in one.standard_errors.items():
            np.testing.assert_allclose(error, two.standard_errors[name], rtol=1e-12)
        errors.append(np.mean(one.standard_errors["neuron_factors"]))
    assert 1.6 < errors[1] / errors[0] < 2.6  # the root of four


def test_explained_variance_has_an_interval():
    X = make_tca(40, 12, 15, 2, snr=1.0, random_state=0).X
    model = TCA(2, n_init=2, random_state=0).fit(X)
    low, high = bootstrap(model, X, n_samples=30, random_state=0).interval(
        "explained_variance_ratio"
    )
    assert low < model.explained_variance_ratio_ < high
    assert 0.005 < high - low < 0.3


def test_missing_data_and_blocks_of_trials():
    X = make_tca(30, 12, 15, 2, snr=2.0, missing="tracked", random_state=0).X
    X[4] = np.nan
    with pytest.warns(UserWarning, match="no data"):
        model = TCA(2, n_init=2, random_state=0).fit(X)
    sure = bootstrap(model, X, n_samples=10, block=3, random_state=0)
    assert np.isnan(sure.interval("trial_factors")[:, 4]).all()
    assert np.isfinite(np.delete(sure.interval("trial_factors"), 4, axis=1)).all()


def test_nonnegative_intervals_end_at_zero():
    X = np.abs(make_tca(30, 12, 15, 2, nonnegative=True, random_state=0).X)
    model = TCA(2, nonnegative=True, n_init=2, random_state=0).fit(X)
    assert bootstrap(model, X, n_samples=10).interval("neuron_factors").min() >= 0


@pytest.mark.parametrize(
    "options, message",
    [
        ({"n_samples": 1}, "n_samples: expected an integer of at least 2"),
        ({"block": 0}, "block: expected an integer of at least 1, got 0"),
        ({"block": 16}, "block: expected 1 to 15"),
        ({"level": 1}, "level: expected a number between 0 and 1"),
    ],
)
def test_bad_input(options, message):
    X = make_tca(30, 12, 15, 2, random_state=0).X
    model = TCA(2, n_init=1, random_state=0).fit(X)
    with pytest.raises(ValueError, match=message):
        bootstrap(model, X, **options)
    with pytest.raises(ValueError, match="X: expected the data of the fit"):
        bootstrap(model, X[1:])
    with pytest.raises(ValueError, match="name: expected one of"):
        bootstrap(model, X, n_samples=2).interval("factors")


def unit(factor):
    return factor / np.linalg.norm(factor, axis=0)


def matched_by(own, truth):
    """The order of planted components, by a factor that all data shares."""
    return scipy.optimize.linear_sum_assignment(np.abs(own.T @ unit(truth)), maximize=True)[1]


def turned(truth, own):
    """Unit columns that point where those of the model do."""
    return unit(truth) * np.sign(np.sum(unit(truth) * own, axis=0))


@pytest.mark.slow
@pytest.mark.long
def test_intervals_of_parafac2_cover_what_was_planted():
    shares = []
    for seed in range(6):
        rng = np.random.default_rng(seed)
        cross = np.linalg.cholesky([[1, 0.3], [0.3, 1]]).T
        patterns = [np.linalg.qr(rng.normal(size=(20, 2)))[0] @ cross for _ in range(6)]
        time, trial = rng.normal(size=(25, 2)), rng.gamma(3, 1, size=(6, 12, 2))
        X = np.einsum("bkr,bnr,tr->bknt", trial, patterns, time).reshape(72, 20, 25)
        X += X.std() * rng.normal(size=X.shape)
        model = Parafac2(2, n_init=3, random_state=0).fit(X, blocks=np.repeat(range(6), 12))
        sure = bootstrap(model, X, n_samples=40, random_state=0)
        order = matched_by(model.time_factors_, time)
        planted = [turned(p[:, order], f) for p, f in zip(patterns, model.neuron_factors_,
                                                           strict=True)]  # fmt: skip
        shares.append(
            [
                covered(sure.interval("time_factors"), turned(time[:, order], model.time_factors_)),
                covered(sure.interval("neuron_factors"), np.array(planted)),
                covered(
                    sure.interval("trial_factors"),
                    np.abs(unit(trial.reshape(72, 2)))[:, order]
                    * np.where(np.median(model.trial_factors_, axis=0) < 0, -1, 1),
                ),
            ]
        )
    assert all(0.8 <= share <= 0.97 for share in np.mean(shares, axis=0)), shares


@pytest.mark.slow
@pytest.mark.parametrize("shared", ["trial", "time"])
def test_intervals_of_coupledtca_cover_what_was_planted(shared):
    shares = []
    for seed in range(6):
        first, second = (make_tca(60, n, 20, 2, random_state=10 * seed + i).factors
                         for i, n in enumerate((15, 25)))  # fmt: skip
        place = ("trial", "neuron", "time").index(shared)
        planted = {"V1": list(first), "M1": list(second)}
        planted["M1"][place] = first[place]
        rng, regions = np.random.default_rng(seed), {}
        for name, scale in (("V1", 1.0), ("M1", 100.0)):  # units must not matter
            X = np.einsum("kr,nr,tr->knt", *planted[name])
            regions[name] = scale * (X + X.std() * rng.normal(size=X.shape))
        model = CoupledTCA(2, shared=shared, n_init=3, random_state=0).fit(regions)
        sure = bootstrap(model, regions, n_samples=40, random_state=0)
        order = matched_by(getattr(model, f"{shared}_factors_"), first[place])
        found = []
        for axis, name in enumerate(AXES):
            own, ends = getattr(model, f"{name}_factors_"), sure.interval(f"{name}_factors")
            for region, factors in planted.items():
                one = own[region] if isinstance(own, dict) else own
                end = ends[region] if isinstance(ends, dict) else ends
                found.append(covered(end, turned(factors[axis][:, order], one)))
        shares.append(found)
    assert all(0.8 <= share <= 0.97 for share in np.mean(shares, axis=0)), shares


@pytest.mark.slow
@pytest.mark.parametrize("smoothness", [0, "auto"])
def test_intervals_of_dynamics_cover_what_was_planted(smoothness):
    shares = []
    for seed in range(6):
        X, planted = of_dynamics(60, 10, 25, seed)
        model = TrialVaryingDynamics(2, smoothness=smoothness, n_init=3, random_state=0).fit(X)
        sure = bootstrap(model, X, n_samples=40, random_state=0)
        order = matched_by(model.output_factors_, planted[1])
        # A smooth course is pulled from the truth in all draws alike; single trials aren't.
        trial = "trial_factors" if smoothness == 0 else "single_trials"
        names = (trial, "output_factors", "input_factors")
        shares.append(
            [
                covered(sure.interval(name), turned(truth[:, order], getattr(model, f"{name}_")))
                for name, truth in zip(names, planted, strict=True)
            ]
        )
    assert all(0.8 <= share <= 0.97 for share in np.mean(shares, axis=0)), shares
