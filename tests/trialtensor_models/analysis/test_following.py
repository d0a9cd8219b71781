"""What `trialtensor.tracking` and `CoupledTCA` find in a network whose learning is known."""

import warnings

import numpy as np
import pytest

from trialtensor import TCA, CoupledTCA
from trialtensor.tracking import change_points
from trialtensor_models import CCRNN, CenterOut, Schedule, simulate
from trialtensor_models.analysis import changes_by_region, curves_by_region, score_recovery

ONSET = 20
# Counter-rotation, then clamp: fast and slow go different ways.
IDENTIFYING = Schedule().baseline(ONSET).rotate(30, 80).rotate(-30, 20, until="zero").clamp(50)
SEEDS = range(3)

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def runs():
    """Two networks, three directions."""
    return [
        simulate(
            CCRNN.pretrained(seed % 2),
            CenterOut(n_targets=1, first_angle=72 * seed),
            IDENTIFYING,
            seed=seed,
        )
        for seed in SEEDS
    ]


def fitted(model, X):
    with warnings.catch_warnings():
        # That a fit stopped early matters less here than what it found.
        warnings.simplefilter("ignore")
        return model.fit(X)


def curves_of(run):
    return np.column_stack([run.truth.fast, run.truth.slow])


def test_fast_and_slow_are_in_the_components(runs):
    for run in runs:
        model = TCA(6, n_init=3, random_state=0)
        scores = score_recovery(fitted(model, changes_by_region(run.activity)), run).scores
        for name in ("fast", "slow"):
            assert scores[name].value > 0.8
            assert scores[name].p_value < 0.05


def test_components_change_when_the_perturbation_comes(runs):
    for run in runs:
        # As many as there are processes: components of noise blur a change that all share.
        model = fitted(TCA(2, n_init=3, random_state=0), changes_by_region(run.activity))
        found = change_points(model.trial_factors_ * model.weights_, random_state=0)
        assert found.p_value < 0.05
        # The first trial of a rotation has not learned from it yet.
        assert abs(found.trials[0] - ONSET) <= 2
        counter = int(np.argmax(run.behaviour["block"].values == 2))
        assert np.abs(found.trials - counter).min() <= 2


def of_second(X, first, second, run):
    """How much of what follows the fast and the slow process is in the second set of neurons."""
    model = CoupledTCA(4, n_init=2, random_state=0)
    parts = {"first": X[:, first], "second": X[:, second]}
    shares = curves_by_region(fitted(model, parts), curves_of(run))
    return shares[1] / shares.sum(axis=0)


def test_coupled_components_tell_cortex_and_cerebellum_apart(runs):
    for run in runs:
        X, region = changes_by_region(run.activity).values, run.truth.region
        fast, slow = of_second(X, region == "cortex", region == "nuclei", run)
        # Both learn fast, as cortex hears the nuclei; only cortex keeps the slow memory.
        assert fast - slow > 0.3
        assert slow < 0.2


def test_halves_of_cortex_are_not_told_apart(runs):
    for run in runs[::2]:
        cortex = np.flatnonzero(run.truth.region == "cortex")
        cortex = np.random.default_rng(0).permutation(cortex)
        X = changes_by_region(run.activity).values
        fast, slow = of_second(X, cortex[::2], cortex[1::2], run)
        assert abs(fast - slow) < 0.15
