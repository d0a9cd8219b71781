"""What every model says of new trials with missing entries."""

import numpy as np
import pytest

from trialtensor import TCA, CoupledTCA, Parafac2, make_tca
from trialtensor.data import make_mask

OPTIONS = {"n_init": 2, "random_state": 0}
BLOCKS = np.repeat(["a", "b"], 10)
KINDS = {
    "TCA": (TCA(2, **OPTIONS), {}),
    "nonnegative TCA": (TCA(2, nonnegative=True, **OPTIONS), {}),
    "Parafac2": (Parafac2(2, **OPTIONS), {"blocks": BLOCKS}),
    "CoupledTCA": (CoupledTCA(2, groups=[0, 0, 0, 1, 1, 1], **OPTIONS), {}),
    "CoupledTCA, shared times": (
        CoupledTCA(2, groups=[0, 0, 0, 1, 1, 1], shared="time", **OPTIONS),
        {},
    ),
}
pytestmark = pytest.mark.filterwarnings("ignore")


def complete():
    return make_tca(20, 6, 8, 2, nonnegative=True, snr=4.0, random_state=0).X.copy()


def is_nan(features):
    whole = next(iter(features.values())) if isinstance(features, dict) else features
    return np.isnan(whole).all(axis=1).tolist()


@pytest.mark.parametrize("kind", KINDS)
def test_trials_with_data_that_the_fit_could_not_use(kind):
    """Neuron 0 and bin 3 had no data: nothing is known of trials that have no other."""
    model, options = KINDS[kind]
    X = complete()
    X[:, 0] = X[:, :, 3] = np.nan
    model.fit(X, **options)
    new = complete()
    new[1:3] = np.nan
    new[1, 0] = 1
    new[2, :, 3] = 1
    told = model.transform(new, **options)
    assert is_nan(told) == [False, True, True] + [False] * 17
    with pytest.raises(ValueError, match="neurons or time bins that had none in the fit"):
        model.transform(new[1:3], **{name: each[1:3] for name, each in options.items()})


@pytest.mark.parametrize("kind", ["TCA", "nonnegative TCA", "Parafac2", "CoupledTCA"])
def test_trials_are_judged_one_by_one(kind):
    """What a trial lacks is compared with the fit, not with the trials that came with it."""
    model, options = KINDS[kind]
    X = complete()
    X[~make_mask(X.shape, "tracked", 0.5, 1)] = np.nan
    model.fit(X, **options)
    whole = model.transform(X, **options)
    for k in (0, 7, 19):
        alone = model.transform(X[[k]], **{name: each[[k]] for name, each in options.items()})
        np.testing.assert_allclose(alone[0], whole[k], rtol=1e-8, atol=1e-12)


@pytest.mark.parametrize("shared", ["trial", "time"])
@pytest.mark.parametrize("nonnegative", [False, True])
def test_a_coupled_fit_that_was_cut_short(shared, nonnegative):
    """Its last solve, ridge included, is that of ``transform``."""
    X = complete()
    X[~make_mask(X.shape, "entries", 0.6, 1)] = np.nan
    data = {"a": X[:, :3], "b": X[:, 3:] * 50}
    model = CoupledTCA(
        2, shared=shared, balanced=False, nonnegative=nonnegative, max_iter=1, **OPTIONS
    ).fit(data)
    told, known = model.transform(data), model.trial_factors_
    for name in data if shared == "time" else [None]:
        one, other = (told, known) if name is None else (told[name], known[name])
        np.testing.assert_allclose(one, other, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("kind", ["TCA", "nonnegative TCA", "CoupledTCA"])
@pytest.mark.parametrize("init", ["svd", "random"])
def test_the_first_sweeps_do_not_know_the_units(kind, init):
    model, options = KINDS[kind]
    model.set_params(init=init, max_iter=2, n_init=1)
    X = complete() - (0.1 if kind == "TCA" else 0)
    X[~make_mask(X.shape, "entries", 0.3, 1)] = np.nan
    loss = model.fit(X, **options).loss_history_
    scaled = model.fit(np.ldexp(X, 30), **options).loss_history_
    model.set_params(init="svd", max_iter=2000, n_init=2)
    np.testing.assert_allclose(np.ldexp(scaled, -60), loss, rtol=1e-10)
