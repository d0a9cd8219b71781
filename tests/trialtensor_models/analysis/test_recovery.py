"""Scores of decompositions against the truth, and their nulls."""

import warnings

import numpy as np
import pytest

from trialtensor import TCA, SliceTCA
from trialtensor_models import CCRNN, CenterOut, Schedule, TwoStateModel, simulate
from trialtensor_models.analysis import (
    changes_by_region,
    factor_score,
    learning_score,
    make_exact,
    one_factor_scores,
    recovery_table,
    region_score,
    score_recovery,
    subspace_score,
)

# Counter-rotation, then clamp: fast and slow go different ways.
IDENTIFYING = Schedule().baseline(20).rotate(30, 80).rotate(-30, 20, until="zero").clamp(50)


@pytest.fixture(scope="module")
def trace():
    return TwoStateModel().simulate(IDENTIFYING)


@pytest.fixture(scope="module")
def run():
    return simulate(CCRNN.pretrained(0), CenterOut(n_targets=1), IDENTIFYING, seed=0)


def fitted(model, X):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return model.fit(X)


def test_learning_score_is_the_adjusted_r2_of_a_regression():
    rng = np.random.default_rng(0)
    F, y = rng.standard_normal((50, 3)), rng.standard_normal(50)
    y = y + F[:, 0]
    design = np.column_stack([np.ones(50), F])
    residual = y - design @ np.linalg.lstsq(design, y, rcond=None)[0]
    expected = 1 - (residual @ residual / 46) / np.var(y, ddof=1)
    assert learning_score(F, y, random_state=0).value == pytest.approx(expected)


def test_learning_score_does_not_care_for_rotation_unit_or_zero(trace):
    rng = np.random.default_rng(1)
    F = np.column_stack([trace.fast, trace.slow, rng.standard_normal(len(trace.fast))])
    turn = np.linalg.qr(rng.standard_normal((3, 3)))[0]
    scores = [
        learning_score(each, trace.slow, random_state=0).value for each in (F, 7 * F @ turn + 2)
    ]
    assert scores == pytest.approx([1.0, 1.0])


def test_one_factor_each():
    rng = np.random.default_rng(2)
    curves = rng.standard_normal((60, 2))
    F = np.column_stack([curves[:, 1], rng.standard_normal(60), -curves[:, 0]])
    first, second = one_factor_scores(F, curves, random_state=0)
    assert (first.value, second.value) == pytest.approx((1.0, 1.0))
    assert first.chance < 0.2
    # One factor can't serve both.
    shared = one_factor_scores(
        np.column_stack([curves.sum(axis=1), rng.standard_normal(60)]), curves
    )
    assert min(score.value for score in shared) < 0.2


def test_subspace_score_is_that_of_principal_angles():
    angle = 0.4
    A, B = np.eye(6)[:, :2], np.eye(6)[:, :2].copy()
    B[:, 1] = np.cos(angle) * np.eye(6)[:, 1] + np.sin(angle) * np.eye(6)[:, 4]
    expected = (1 + np.cos(angle) ** 2) / 2
    assert subspace_score(A, B, random_state=0).value == pytest.approx(expected)
    assert subspace_score(np.eye(6)[:, 4:], A).value == pytest.approx(0, abs=1e-12)


def test_region_score_counts_pairs():
    strength, inside = np.array([3.0, 1.0, 2.0, 2.0]), np.array([True, False, True, False])
    # Of four pairs: three in order, one tie.
    assert region_score(strength, inside).value == pytest.approx(3.5 / 4)
    with pytest.raises(ValueError, match="inside: expected neurons in the region and outside"):
        region_score(strength, np.ones(4, bool))


def test_null_of_noise_covers_noise():
    # Noise is above the 95th percentile of its own null in about one of twenty.
    rng = np.random.default_rng(3)
    above = [
        score.value > score.chance
        for score in (
            learning_score(rng.standard_normal((40, 4)), rng.standard_normal(40), random_state=rng)
            for _ in range(100)
        )
    ]
    assert np.mean(above) < 0.13
    score = learning_score(rng.standard_normal((40, 4)), rng.standard_normal(40), random_state=0)
    assert 0 < score.p_value <= 1


def test_exact_cp_has_the_structure_it_says(trace):
    exact = make_exact(trace, snr=np.inf, random_state=0)
    np.testing.assert_allclose(exact.signal, np.einsum("kr,nr,tr->knt", *exact.factors))
    np.testing.assert_allclose(exact.activity.values, exact.signal)
    assert np.corrcoef(exact.factors[0][:, 1], trace.fast)[0, 1] == pytest.approx(1)
    inside = exact.region == "cerebellum"
    neuron = np.abs(exact.factors[1])
    assert neuron[inside, 1].mean() > 3 * neuron[~inside, 1].mean()
    assert neuron[~inside, 2].mean() > 3 * neuron[inside, 2].mean()


def test_exact_slices_are_no_outer_products(trace):
    exact = make_exact(trace, structure="slice", snr=np.inf, random_state=0)
    rebuilt = np.einsum("kr,rnt->knt", exact.loadings[0], exact.slices[0])
    rebuilt += np.einsum("nr,rkt->knt", exact.loadings[1], exact.slices[1])
    np.testing.assert_allclose(exact.signal, rebuilt)
    for part in exact.slices[0]:
        values = np.linalg.svd(part, compute_uv=False)
        assert values[1] > 0.3 * values[0]


def test_snr_of_an_exact_tensor(trace):
    exact = make_exact(trace, snr=0.5, random_state=0)
    noise = exact.activity.values - exact.signal
    assert np.mean(exact.signal**2) / np.mean(noise**2) == pytest.approx(0.5)
    again = make_exact(trace, snr=0.5, random_state=0)
    np.testing.assert_array_equal(exact.activity, again.activity)


@pytest.mark.parametrize(
    "options, message",
    [
        ({"structure": "tucker"}, r"structure: expected one of 'cp', 'slice', got 'tucker'"),
        ({"n_neurons": {"cortex": 3}}, "n_neurons: expected at least one neuron in each"),
        ({"n_times": 2}, "n_times: expected an integer of at least 4, got 2"),
        ({"snr": 0}, "snr: expected a number above 0, got 0"),
    ],
)
def test_bad_exact(trace, options, message):
    with pytest.raises(ValueError, match=message):
        make_exact(trace, **options)


def test_exact_needs_learning():
    with pytest.raises(ValueError, match="one is always 0"):
        make_exact(TwoStateModel().simulate(Schedule().baseline(9)))


def test_tca_recovers_exact_factors(trace):
    exact = make_exact(trace, snr=0.5, random_state=0)
    scores = score_recovery(fitted(TCA(3, random_state=0), exact.activity), exact).scores
    assert scores["factors"].value > 0.95 and scores["factors"].chance < 0.2
    assert scores["change subspace"].value > 0.95
    assert scores["region"].value > 0.9 and scores["region"].chance < 0.7
    for name in ("fast", "slow", "fast, one factor", "slow, one factor"):
        assert scores[name].value > 0.9 and scores[name].p_value < 0.05


def test_slices_are_recovered_by_slicetca_up_to_rotation(trace):
    exact = make_exact(trace, structure="slice", snr=0.5, random_state=0)
    recovery = score_recovery(fitted(SliceTCA((3, 1, 0), random_state=0), exact.activity), exact)
    for name in ("fast", "slow"):
        assert recovery.scores[name].value > 0.9 and recovery.scores[name].p_value < 0.05
    # Of five directions, one may go to the neuron-slicing component: the gauge is a choice.
    assert recovery.scores["change subspace"].value > 0.7
    assert recovery.scores["change subspace"].chance < 0.2
    assert "factors" not in recovery.scores


def test_regions_have_the_same_power(run):
    X = changes_by_region(run.activity)
    power = (X**2).mean("time").mean("trial").groupby("region").sum()
    np.testing.assert_allclose(power, power.mean(), rtol=1e-4)
    np.testing.assert_allclose(X.mean("trial"), 0, atol=1e-4)


@pytest.mark.parametrize(
    "model",
    [TCA(6, random_state=0, n_init=3), SliceTCA((3, 1, 1), random_state=0)],
    ids=["TCA", "SliceTCA"],
)
def test_fast_and_slow_are_in_the_activity_of_the_network(run, model):
    recovery = score_recovery(fitted(model, changes_by_region(run.activity)), run)
    for name in ("fast", "slow"):
        assert recovery.scores[name].value > 0.8
        assert recovery.scores[name].p_value < 0.05
    assert recovery.scores["change subspace"].value > 0.8
    assert recovery.scores["change subspace"].chance < 0.2
    assert recovery.scores["region"].value > recovery.scores["region"].chance


def test_table_has_a_column_a_model(trace):
    exact = make_exact(trace, random_state=0)
    recovery = score_recovery(fitted(TCA(2, random_state=0), exact.activity), exact, n_shuffles=20)
    text = recovery_table({"A": recovery, "B": recovery})
    lines = text.splitlines()
    assert lines[0].split() == ["A", "B"]
    assert len(lines) == 1 + len(recovery.scores)
    assert recovery.as_rows()[0][0] == "fast"


def test_model_of_other_data(trace):
    exact = make_exact(trace, random_state=0)
    model = fitted(TCA(2, random_state=0), exact.activity[:, :30])
    with pytest.raises(ValueError, match=r"model: it was fitted to .* and 30 neurons, truth has"):
        score_recovery(model, exact)
    with pytest.raises(ValueError, match="no component with a weight a trial"):
        score_recovery(fitted(SliceTCA((0, 1, 0)), exact.activity), exact)


def test_factor_score_of_itself(trace):
    factors = make_exact(trace, random_state=0).factors
    assert factor_score(factors, factors, random_state=0).value == pytest.approx(1)
