"""Agreement of restarts, corrected for chance."""

import numpy as np
import pytest

from trialtensor.data import make_slicetca, make_tca
from trialtensor.models import TCA, SliceTCA
from trialtensor.models.fitted import Restart
from trialtensor.selection import factor_match_score, stability, subspace_angles
from trialtensor.solvers.result import StopReason

SHAPE = (60, 30, 40)


def as_restart(factors, weights, **about):
    return Restart(0, 1.0, 0.5, 1.0, StopReason.CONVERGED, 9, tuple(factors), weights, **about)


def restart(draw, rank):
    return as_restart([draw((n, rank)) for n in SHAPE], np.ones(rank))


@pytest.mark.parametrize("rank", [2, 6])
@pytest.mark.parametrize("kind", ["uniform", "sparse"])
def test_unrelated_nonnegative_models_are_at_chance(kind, rank):
    rng = np.random.default_rng(rank)
    draw = rng.random if kind == "uniform" else lambda size: rng.gamma(0.5, size=size)
    found = [stability([restart(draw, rank) for _ in range(5)]) for _ in range(5)]
    assert np.mean([each.score for each in found]) > 0.04
    assert abs(np.mean([each.corrected for each in found])) < 0.05
    assert all(abs(each.corrected) < 0.1 for each in found)


@pytest.mark.parametrize("rank", [1, 2, 6])
@pytest.mark.parametrize("axes", [(1,), (1, 2), (0, 1, 2)])
def test_unrelated_models_with_common_profiles_are_at_chance(rank, axes):
    """Rates of the same neurons, an envelope in time, a trend over trials."""
    found = []
    for seed in range(5):
        rng = np.random.default_rng(seed)
        profiles = [np.linspace(0.1, 1, SHAPE[0]) ** 2, 0.02 + rng.gamma(0.4, 2.0, size=SHAPE[1]),
                    0.02 + np.exp(-0.5 * ((np.arange(SHAPE[2]) - 12) / 4) ** 2)]  # fmt: skip
        profiles = [p if i in axes else np.ones(len(p)) for i, p in enumerate(profiles)]

        def draw(rng=rng, profiles=profiles):
            return as_restart(
                [rng.gamma(1.0, size=(len(p), rank)) * p[:, None] for p in profiles], np.ones(rank)
            )

        found.append(stability([draw() for _ in range(5)]))
    assert np.mean([each.score for each in found]) > 0.14
    assert abs(np.mean([each.corrected for each in found])) < 0.05


def test_one_component_that_every_start_finds_is_no_profile():
    rng = np.random.default_rng(0)
    one = [0.02 + rng.gamma(0.4, size=(n, 1)) for n in SHAPE]
    copies = [as_restart([f + 1e-3 * rng.random(f.shape) for f in one], np.ones(1))
              for _ in range(4)]  # fmt: skip
    found = stability(copies)
    assert found.chance < 0.3 and found.corrected > 0.99


def test_the_same_model_every_time():
    model = TCA(3, n_init=4, random_state=0).fit(make_tca(*SHAPE, 3, random_state=0).X)
    found = stability(model)
    assert found.score == pytest.approx(1, abs=1e-3) and found.corrected > 0.99
    assert found.by_component.shape == (3,) and found.by_component.min() > 0.99
    assert found.pairs.shape == (4, 4) and np.allclose(found.pairs, found.pairs.T)


def test_only_the_component_that_varies_is_unstable():
    rng = np.random.default_rng(0)
    fixed = tuple(rng.standard_normal((n, 2)) for n in SHAPE)
    others = [
        as_restart([np.c_[f, rng.standard_normal(len(f))][:, order] for f in fixed], np.ones(3))
        for order in ([0, 1, 2], [2, 0, 1], [1, 2, 0])
    ]
    found = stability(others)
    np.testing.assert_allclose(found.by_component[:2], 1, atol=1e-6)
    assert abs(found.by_component[2]) < 0.1
    assert found.score == pytest.approx(2 / 3, abs=0.03)


def test_slices_are_compared_by_their_subspaces():
    X = make_slicetca(*SHAPE, (2, 1, 1), snr=5.0, random_state=0).X
    found = stability(SliceTCA((2, 1, 1), n_init=3, random_state=0).fit(X))
    assert found.corrected > 0.99 and 0 < found.chance < 0.5
    assert found.by_component.shape == (4,) and found.by_component.min() > 0.98


def test_turned_loadings_span_the_same_but_are_other_components():
    rng = np.random.default_rng(0)
    loadings = [
        np.linalg.qr(rng.standard_normal((n, r)))[0] for n, r in zip(SHAPE, (2, 1, 0), strict=False)
    ]
    turn = np.array([[1.0, 1.0], [-1.0, 1.0]]) / np.sqrt(2)
    turned = (loadings[0] @ turn, *loadings[1:])
    pair = [as_restart(f, np.ones(3), joint=False) for f in (loadings, turned)]
    found = stability(pair)
    assert found.score == pytest.approx(1) and found.corrected == pytest.approx(1)
    assert found.by_component[0] < 0.75 and found.by_component[2] == pytest.approx(1)
    for angles, n in zip(subspace_angles(*pair), (2, 1, 0), strict=True):
        assert angles.shape == (n,)
        np.testing.assert_allclose(angles, 0, atol=1e-5)


def test_angles_between_subspaces_are_those_of_scipy_and_of_a_closed_form():
    model = TCA(2, n_init=2, random_state=0).fit(make_tca(*SHAPE, 2, random_state=0).X)
    other = TCA(2, n_init=2, random_state=0).fit(make_tca(*SHAPE, 2, random_state=1).X)
    for axis, angles in zip(
        ("trial", "neuron", "time"), subspace_angles(model, other), strict=False
    ):
        bases = [np.linalg.qr(getattr(m, f"{axis}_factors_"))[0] for m in (model, other)]
        cosines = np.linalg.svd(bases[0].T @ bases[1])[1]
        np.testing.assert_allclose(np.cos(np.radians(angles)), cosines[::-1], atol=1e-7)


def test_match_scores():
    rng = np.random.default_rng(0)
    first = restart(rng.standard_normal, 3)
    second = as_restart([-f[:, [2, 0, 1]] for f in first.factors], np.array([1.0, 1.0, 0.5]))
    assert factor_match_score(first, second) == pytest.approx(1)
    # One of three weights is half of its partner's.
    assert factor_match_score(first, second, weights=True) == pytest.approx(2.5 / 3)


def test_greedy_matching_would_be_lower():
    """Components are paired by the best sum, not each by its own best."""
    ones = np.ones((1, 2))
    columns = np.array([[0.9, 0.8], [0.85, 0.1], [0.0, 0.6]])
    columns /= np.linalg.norm(columns, axis=0)
    found = factor_match_score((np.eye(3)[:, :2], ones, ones), (columns, ones, ones))
    assert found == pytest.approx((columns[0, 1] + columns[1, 0]) / 2)
    assert found > (columns[0, 0] + columns[1, 1]) / 2


def test_one_restart_is_not_enough():
    with pytest.raises(ValueError, match="at least 2 restarts"):
        stability([restart(np.random.default_rng(0).random, 2)])
