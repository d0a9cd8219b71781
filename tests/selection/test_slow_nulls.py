"""Surrogate courses: what they keep, and that they are related to nothing."""

import numpy as np
import pytest
import scipy.fft
import scipy.stats

from trialtensor.selection.slow_nulls import CourseSurrogates


def rng(seed=0):
    return np.random.default_rng(seed)


def lag_one(x):
    x = x - x.mean()
    return (x[1:] @ x[:-1]) / (x @ x)


@pytest.mark.parametrize("kind", ["white", "walk", "ramp"])
def test_spectrum_mean_and_variance_stay(kind):
    course = {"white": rng().normal(size=80), "walk": np.cumsum(rng().normal(size=80)),
              "ramp": np.linspace(0, 1, 80)}[kind]  # fmt: skip
    drawn = CourseSurrogates(course).draw(rng(1))
    assert drawn.mean() == pytest.approx(course.mean())
    assert drawn.std() == pytest.approx(course.std(), rel=0.05)
    assert lag_one(drawn) == pytest.approx(lag_one(course), abs=0.12)
    slow = slice(0, 8)
    ours, theirs = (np.abs(scipy.fft.dct(x, norm="ortho"))[slow] for x in (drawn, course))
    np.testing.assert_allclose(ours, theirs, atol=0.1 * course.std() * np.sqrt(80))


def test_a_louder_part_stays_louder():
    course = rng().normal(size=200) * np.where(np.arange(200) < 100, 1, 4)
    drawn = np.array([CourseSurrogates(course).draw(rng(s)) for s in range(30)])
    power = np.mean(drawn**2, axis=0)
    assert 8 < power[120:].mean() / power[:80].mean() < 24


def test_columns_keep_their_relation():
    walk = np.cumsum(rng().normal(size=(60, 2)), axis=0)
    columns = np.column_stack([walk, walk @ [1.0, -2.0]])
    drawn = CourseSurrogates(columns).draw(rng(1))
    assert drawn.shape == (60, 3)
    before, after = np.corrcoef(columns.T)[0, 2], np.corrcoef(drawn.T)[0, 2]
    assert after == pytest.approx(before, abs=0.05)
    assert np.abs(drawn - columns).max() > 0.1 * columns.std()


def test_two_random_walks_correlate_as_surrogates_do():
    p_values = []
    for seed in range(80):
        draw = rng(seed)
        one, other = np.cumsum(draw.normal(size=(2, 50)), axis=1)
        like_it = CourseSurrogates(one)
        null = [abs(np.corrcoef(like_it.draw(draw), other)[0, 1]) for _ in range(39)]
        p_values.append((1 + np.sum(null >= abs(np.corrcoef(one, other)[0, 1]))) / 40)
    p_values = np.array(p_values)
    # Shuffled trials would find two thirds of them.
    for level in (0.05, 0.5):
        found = int(np.sum(p_values <= level))
        low, high = scipy.stats.binom.ppf([0.0005, 0.9995], 80, level)
        assert low <= found <= high


def test_constants_and_short_courses():
    np.testing.assert_allclose(CourseSurrogates(np.full(20, 3.0)).draw(rng()), 3)
    assert np.isfinite(CourseSurrogates(np.array([1.0, 2.0, 4.0])).draw(rng())).all()
    np.testing.assert_allclose(CourseSurrogates(np.zeros((5, 2))).draw(rng()), 0)
