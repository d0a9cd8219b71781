"""Gain change, rotation and a new component: each test answers to its own."""

import warnings

import numpy as np
import pytest
import xarray

import trialtensor as tt
from trialtensor.tracking import pattern_change
from trialtensor.tracking.pattern_drift import walk_lag
from trialtensor.tracking.patterns import unit_means, whole_cells

TIME = np.arange(30)
COURSES = np.stack([np.exp(-0.5 * ((TIME - m) / 3.0) ** 2) for m in (6, 15)], axis=1)
LATE = np.arange(80) >= 40


def planted(kind, seed, gain=1.5, angle_deg=50.0):
    """Two components, of which the first changes halfway."""
    rng = np.random.default_rng([seed, len(kind)])
    neurons = rng.gamma(1.0, size=(40, 2))
    neurons *= 4 / np.linalg.norm(neurons, axis=0)
    gains = 1 + 0.3 * rng.normal(size=(80, 2))
    if kind == "gain":
        gains[LATE, 0] *= gain
    X = np.einsum("kr,nr,tr->knt", gains, neurons, COURSES)
    if kind == "rotation":
        old, other = neurons[:, 0], rng.permutation(neurons[:, 0])
        other -= old * (old @ other) / (old @ old)
        other *= np.linalg.norm(old) / np.linalg.norm(other)
        angle = np.deg2rad(angle_deg)
        turned = np.cos(angle) * old + np.sin(angle) * other - old
        X[LATE] += np.einsum("k,n,t->knt", gains[LATE, 0], turned, COURSES[:, 0])
    if kind == "new":
        course = np.exp(-0.5 * ((TIME - 22) / 2.5) ** 2)
        X[LATE] += np.einsum("n,t->nt", rng.permutation(neurons[:, 1]), course)
    return X + rng.normal(size=X.shape)


@pytest.mark.parametrize("kind", ["nothing", "gain", "rotation", "new"])
def test_each_answers_to_its_own(kind):
    answers = []
    for seed in range(10):
        found = pattern_change(
            planted(kind, seed), ~LATE, LATE, components=COURSES, n_null=199, random_state=0
        )
        table = found.components
        answers.append(
            {
                "gain": (table["gain_p"] <= 0.05).any(),
                "rotation": (table["rotation_p"] <= 0.05).any(),
                "new": found.new_p <= 0.05,
            }
        )
    for test in ("gain", "rotation", "new"):
        fired = sum(answer[test] for answer in answers)
        assert fired >= 9 if test == kind else fired <= 2, test


def test_how_large_the_change_is():
    found = pattern_change(planted("gain", 3, gain=1.8), ~LATE, LATE, components=COURSES)
    row = found.components.iloc[0]
    # Gains vary from trial to trial: their ratio has a standard error of 7 %.
    assert row["gain"] == pytest.approx(1.8, rel=0.2)
    assert row["gain_low"] < 1.8 < row["gain_high"]
    assert row["verdict"] == "gain change"
    found = pattern_change(planted("rotation", 3, angle_deg=60), ~LATE, LATE, components=COURSES)
    row = found.components.iloc[0]
    assert row["angle_deg"] == pytest.approx(60, abs=8)
    assert row["angle_low"] < 60 < row["angle_high"]
    assert row["verdict"] == "rotation"


def test_what_is_new_is_found_with_its_neurons_and_times():
    X = planted("new", 1)
    found = pattern_change(X, ~LATE, LATE, components=COURSES)
    course = np.exp(-0.5 * ((TIME - 22) / 2.5) ** 2)
    assert found.n_new == 1
    assert abs(found.new_times[:, 0] @ course) / np.linalg.norm(course) > 0.95


def test_a_component_of_the_model_can_be_new_or_lost():
    courses = np.column_stack([COURSES, np.exp(-0.5 * ((TIME - 22) / 2.5) ** 2)])
    X = planted("new", 2)
    found = pattern_change(X, ~LATE, LATE, components=courses)
    assert found.components["verdict"][2] == "new"
    assert np.isnan(found.components["gain"][2])
    found = pattern_change(X, LATE, ~LATE, components=courses)
    assert found.components["verdict"][2] == "lost"


def test_time_courses_of_a_model_and_of_early_trials():
    from trialtensor import TCA

    X = planted("gain", 0)
    for components in (2, TCA(2, random_state=0).fit(X)):
        found = pattern_change(X, ~LATE, LATE, components=components)
        assert (found.components["gain_p"] <= 0.05).sum() == 1


def counts(seed, *, gain=1.0, turned=False, new=False, drift=0.0):
    """Square roots of counts: three components, of which the third grows, turns, or stays."""
    rng = np.random.default_rng([seed, 3])
    time = np.arange(25)
    courses = np.exp(-0.5 * ((time[:, None] - [5, 11, 17]) / 3) ** 2)
    early = rng.gamma(0.5, 2.0, size=(50, 3))
    late, strengths = early.copy(), np.exp(0.2 * rng.normal(size=(80, 3)))
    strengths[LATE, 2] *= gain
    if turned:
        some = rng.permutation(50)[:25]
        late[some, 2] = rng.permutation(late[some, 2])
    rate = 0.5 + np.einsum("kr,knr,tr->knt", strengths, np.where(LATE[:, None, None], late, early),
                           courses)  # fmt: skip
    if new:
        course = np.exp(-0.5 * ((time - 23) / 1.5) ** 2)
        rate[LATE] += np.outer(rng.gamma(0.5, 2.0, size=50), course)
    walk = np.cumsum(rng.normal(size=(80, 50)), axis=0) / np.sqrt(80)
    rate *= np.exp(drift * (walk - walk.mean(axis=0)))[:, :, None]
    return np.sqrt(rng.poisson(rate)), courses


PLANTED = {
    "nothing": ({}, "no change", False),
    "gain": ({"gain": 1.7}, "gain change", False),
    "rotation": ({"turned": True}, "rotation", False),
    "new": ({"new": True}, "no change", True),
    "gain and rotation": ({"gain": 1.7, "turned": True}, "gain change and rotation", False),
    "gain and new": ({"gain": 1.7, "new": True}, "gain change", True),
    "rotation and new": ({"turned": True, "new": True}, "rotation", True),
    "all": ({"gain": 1.7, "turned": True, "new": True}, "gain change and rotation", True),
    "drift": ({"drift": 0.3}, "no change", False),
}


@pytest.mark.parametrize("case", PLANTED)
@pytest.mark.parametrize("fitted", [False, True], ids=["known courses", "early TCA"])
def test_two_things_at_once_are_both_named(case, fitted):
    planted_options, verdict, is_new = PLANTED[case]
    right = others = 0
    for seed in range(4):
        X, courses = counts(seed, **planted_options)
        components = 3 if fitted else courses
        found = pattern_change(X, ~LATE, LATE, components=components, random_state=0)
        third = np.argmax(np.corrcoef(courses[:, 2], found.courses.T)[0, 1:])
        verdicts = found.components["verdict"].tolist()
        right += verdicts.pop(third) == verdict and (found.new_p <= 0.05) == is_new
        others += set(verdicts) != {"no change"}
    assert right >= 3
    assert others <= 1


def test_a_model_of_all_trials_has_not_split_the_rotation():
    from trialtensor import TCA

    X, courses = counts(1, turned=True)
    model = TCA(4, nonnegative=True, n_init=3, random_state=0).fit(X)
    found = pattern_change(X, ~LATE, LATE, components=model)
    third = np.argmax(np.corrcoef(courses[:, 2], found.courses.T)[0, 1:])
    verdicts = found.components["verdict"].tolist()
    assert verdicts.pop(third) == "rotation"
    assert set(verdicts) <= {"no change", "not seen"}


def test_drift_is_measured_and_hides_no_rotation():
    # Of square roots, half the log rate: a random walk that ends at .5, less from mean to mean.
    found = [pattern_change(counts(s, drift=0.5)[0], ~LATE, LATE, components=3) for s in range(4)]
    expected = 0.25 * np.sqrt(walk_lag(np.arange(40.0), np.arange(40.0, 80.0)) / 80)
    assert np.mean([each.drift for each in found]) == pytest.approx(expected, rel=0.35)
    steady = [pattern_change(counts(s)[0], ~LATE, LATE, components=3).drift for s in range(4)]
    assert np.mean(steady) < expected / 3
    X, courses = counts(0, drift=0.3, turned=True)
    assert "rotation" in set(
        pattern_change(X, ~LATE, LATE, components=courses).components["verdict"]
    )


def test_the_lag_of_a_random_walk():
    early, late = np.arange(10), np.arange(25, 40)
    rng = np.random.default_rng(0)
    walk = np.cumsum(rng.normal(size=(20_000, 40)), axis=1)
    apart = walk[:, late].mean(axis=1) - walk[:, early].mean(axis=1)
    assert walk_lag(early.astype(float), late.astype(float)) == pytest.approx(apart.var(), rel=0.05)


def test_noise_holds_no_components():
    X = np.random.default_rng(0).normal(size=(20, 80, 12, 30))
    verdicts = [
        set(pattern_change(each, ~LATE, LATE, components=COURSES, n_null=199).components["verdict"])
        for each in X
    ]
    assert sum(v != {"not seen"} for v in verdicts) <= 3


def test_other_conditions_are_not_time():
    X, courses = counts(0)
    with_labels = xarray.DataArray(X, dims=("trial", "neuron", "time"))
    turns = np.arange(80) % 2
    options = {"components": courses, "n_null": 19}
    # Alternating targets are in both sets alike, and blocks are what is compared.
    fine = with_labels.assign_coords(target=("trial", turns), block=("trial", LATE))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        pattern_change(fine, ~LATE, LATE, conditions=turns, **options)
    with pytest.warns(UserWarning, match="early and late trials differ in 'target'"):
        pattern_change(fine, turns == 0, turns == 1, **options)
    with pytest.warns(UserWarning, match="early and late trials differ in conditions"):
        pattern_change(X, ~LATE, LATE, conditions=np.sort(turns), **options)
    mixed = with_labels.assign_coords(trial=np.random.default_rng(0).permutation(80))
    with pytest.warns(UserWarning, match="aren't in the order"):
        pattern_change(mixed, ~LATE, LATE, **options)


def test_missing_neurons_and_times_are_left_out():
    X = planted("gain", 0)
    X[:50, 7] = np.nan
    X[::2, :, 28:] = np.nan
    X[3] = np.nan
    before = X.copy()
    found = pattern_change(X, ~LATE, LATE, components=COURSES)
    assert not found.neurons[7]
    assert found.neurons.sum() == 39
    assert found.times.all()
    assert found.components["verdict"][0] == "gain change"
    np.testing.assert_array_equal(X, before)


def test_whole_cells_and_means():
    units = np.ones((2, 4, 5))
    units[0, 1], units[1, :, 4] = np.nan, np.nan
    neurons, times = whole_cells(units)
    assert neurons.tolist() == [True, False, True, True]
    assert times.tolist() == [True, True, True, True, False]
    X = np.arange(24.0).reshape(6, 2, 2)
    np.testing.assert_allclose(unit_means(X, np.arange(6), 3)[1], X[2:4].mean(axis=0))


@pytest.mark.parametrize(
    ("early", "late", "options", "message"),
    [
        (~LATE, np.arange(79, 80), {}, "late: expected at least 16 trials, got 1"),
        (~LATE, np.arange(20, 60), {}, "late: expected other trials than early, got trial 20"),
        (~LATE[:50], LATE, {}, "early: expected True or False for each of the 80 trials, got 50"),
        (~LATE, [90] * 20, {}, "late: expected trials 0 to 79"),
        (~LATE, LATE, {"components": 30}, "components: expected fewer than the 30 times, got 30"),
        (~LATE, LATE, {"components": np.ones((5, 2))}, "components: expected time courses of"),
        (~LATE, LATE, {"components": np.ones((30, 2))}, "components: expected time courses that"),
    ],
)  # fmt: skip
def test_what_is_refused(early, late, options, message):
    with pytest.raises(ValueError, match=message):
        pattern_change(np.random.default_rng(0).normal(size=(80, 4, 30)), early, late, **options)


def test_a_component_that_is_absent_early_gives_its_name_to_nothing_else(tmp_path):
    """A fit to early trials finds something else in its place, which hasn't changed."""
    rng = np.random.default_rng(0)
    time = np.arange(25)
    courses = np.exp(-0.5 * ((time[:, None] - [5, 17]) / 2.5) ** 2)
    trials = np.stack([np.ones(80), 1.5 * LATE], axis=1) + 0.1 * rng.random((80, 2)) * [1, 0]
    rate = np.einsum("kr,nr,tr->knt", trials, rng.gamma(1.0, 2.0, (30, 2)), courses)
    X = rate + 0.5 * rng.normal(size=rate.shape)
    model = tt.TCA(2, n_init=3, random_state=0).fit(X)
    late = int(np.argmax(np.abs(model.time_factors_[17])))
    found = pattern_change(X, ~LATE, LATE, components=model, n_null=99)
    names = found.components["name"].tolist()
    assert names[late] == f"early course unlike component {late + 1}"
    assert names[1 - late] == f"component {2 - late}"
    assert found.new_p < 0.05 and found.n_new == 1
    page = tt.write_tracking_report(
        tt.track(model), tmp_path / "page.html", patterns=found, static=True
    )
    assert "isn't found in early" in page.read_text()
    known = pattern_change(X, ~LATE, LATE, components=courses, n_null=99)
    page = tt.write_tracking_report(
        tt.track(model), tmp_path / "page.html", patterns=known, static=True
    )
    assert "isn't found in early" not in page.read_text()
