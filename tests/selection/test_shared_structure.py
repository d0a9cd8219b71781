"""What neurons share in residuals: planted, absent, and what only looks like it."""

import numpy as np
import pytest
import scipy.stats

from trialtensor import TCA, SliceTCA, make_slicetca, make_tca
from trialtensor.selection import residual_report
from trialtensor.selection.residual_arrays import Residuals
from trialtensor.selection.shared_structure import shared_structure

SHAPE = (40, 20, 15)


def rng(seed=0):
    return np.random.default_rng(seed)


def structure(residuals, **options):
    return shared_structure(Residuals.of(residuals), **options)


def alarms(draw, n=20):
    return sum(structure(draw(rng(seed))).is_shared for seed in range(n))


def drifting(rng):
    """Every neuron wanders in a way of its own, with one time course for all."""
    walks = np.cumsum(rng.normal(size=SHAPE[:2]), axis=0) / 6
    bump = np.exp(-0.5 * ((np.arange(SHAPE[2]) - 7) / 2) ** 2)
    return (walks - walks.mean(axis=0))[:, :, None] * bump + rng.normal(size=SHAPE)


def smooth(rng):
    noise = rng.normal(size=(*SHAPE[:2], SHAPE[2] + 2))
    return noise[..., :-2] + noise[..., 1:-1] + noise[..., 2:]


def louder(rng):
    return rng.normal(size=SHAPE) * np.where(np.arange(40) < 20, 1, 3)[:, None, None]


def tracked(rng):
    """Neurons on some days only, and trials that end early."""
    noise = rng.normal(size=SHAPE)
    noise[:20, ::2], noise[25:, 1::4] = np.nan, np.nan
    noise[::3, :, 6:] = np.nan
    return noise


@pytest.mark.parametrize("draw", [drifting, smooth, louder, tracked, None])
def test_neurons_that_share_nothing_are_left_alone(draw):
    found = alarms(draw or (lambda rng: rng.standard_t(3, size=SHAPE)))
    # At the 1 % level.
    assert found <= scipy.stats.binom.ppf(0.999, 20, 0.01)


def test_the_share_is_that_of_the_first_singular_value():
    residuals = rng().normal(size=SHAPE)
    noise = residuals / np.sqrt(np.mean(residuals**2, axis=(0, 2), keepdims=True))
    noise /= np.sqrt(np.mean(noise**2, axis=(1, 2), keepdims=True))
    values = np.linalg.svd(noise.transpose(1, 0, 2).reshape(20, -1))[1]
    assert structure(residuals).share == pytest.approx(values[0] ** 2 / np.sum(values**2))


@pytest.mark.parametrize("constant", [True, False])
def test_a_pattern_is_found_also_if_it_is_the_same_on_all_trials(constant):
    trial = np.ones(40) if constant else rng(1).normal(size=40)
    pattern = np.einsum("k,n,t->knt", trial, rng(2).normal(size=20), rng(3).normal(size=15))
    found = structure(rng().normal(size=SHAPE) + pattern)
    assert found.is_shared and found.share > 2 * found.expected
    assert found.at_floor()


@pytest.mark.parametrize("nonnegative", [False, True])
@pytest.mark.filterwarnings("ignore:nonnegative")
def test_one_component_too_few_is_seen_and_the_right_number_is_not(nonnegative):
    few = right = 0
    for seed in range(6):
        X = make_tca(*SHAPE, 3, snr=2.0, nonnegative=nonnegative, random_state=seed).X
        for n in (2, 3):
            model = TCA(n, n_init=2, nonnegative=nonnegative, random_state=0).fit(X)
            found = residual_report(model, X)
            said = any(each.startswith("Too few components") for each in found.sentences)
            assert said == found.shared.is_shared
            few, right = few + (said and n == 2), right + (said and n == 3)
    assert few >= 5 and right <= 1


def test_components_of_noise_are_named():
    X = make_tca(*SHAPE, 2, snr=1.0, random_state=2).X
    model = TCA(4, n_init=3, random_state=0).fit(X)
    report = residual_report(model, X)
    assert report.shared.as_noise == ("component 3", "component 4")
    assert any(
        each.startswith("Component 3 and component 4 are no larger than what noise gives")
        for each in report.sentences
    )
    assert not residual_report(TCA(2, n_init=2, random_state=0).fit(X), X).shared.as_noise


def test_components_of_slices_have_their_own_names():
    X = make_slicetca(*SHAPE, (1, 1, 0), snr=2.0, random_state=0).X
    model = SliceTCA((1, 1, 0), n_init=2, random_state=0).fit(X)
    found = residual_report(model, X).shared
    assert not found.is_shared and not found.as_noise
    short = SliceTCA((0, 1, 0), n_init=1, random_state=0).fit(X)
    assert residual_report(short, X).shared.is_shared


def test_a_fit_without_noise_has_nothing_left():
    X = make_tca(*SHAPE, 2, snr=np.inf, random_state=0).X
    assert np.isnan(residual_report(TCA(2, random_state=0).fit(X), X).shared.p_value)
    assert residual_report(TCA(1, random_state=0).fit(X), X).shared.is_shared


def test_neurons_that_stand_out_can_be_left_out():
    noise = rng().normal(size=SHAPE)
    dropped = np.where(np.arange(40) < 15, 1.0, -1.0)[:, None, None] * np.ones((1, 5, 15))
    noise[:, ::4] += 3 * dropped
    assert structure(noise).is_shared
    assert not structure(noise, leave_out=range(0, 20, 4)).is_shared


def test_too_little_data_says_nothing():
    for shape in ((3, 20, 15), (40, 3, 15)):
        assert np.isnan(structure(rng().normal(size=shape)).p_value)
    assert np.isnan(structure(np.zeros(SHAPE)).p_value)
    assert np.isnan(structure(np.full(SHAPE, np.nan)).p_value)
