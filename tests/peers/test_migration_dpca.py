"""Every row of docs/migration/dpca.md: their call and ours on the same data.

A test has the name of the row; `test_migration_pages.py` checks that rows and tests agree.
"""

import numpy as np
import pytest
import xarray
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import permutation_test_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import trialtensor as tt

peer = pytest.importorskip("dPCA.dPCA", reason="the extra 'bench' is not installed")

N_TRIALS, N_NEURONS, N_TIMES = 60, 40, 12


@pytest.fixture(scope="module")
def X():
    """Three stimuli, a component of time alone and one that the stimulus scales."""
    rng = np.random.default_rng(0)
    stimulus = np.arange(N_TRIALS) % 3
    time = np.linspace(0, 1, N_TIMES)
    common = np.outer(rng.normal(size=N_NEURONS), np.sin(np.pi * time))
    tuned = np.outer(rng.normal(size=N_NEURONS), time)
    values = common + (stimulus - 1.0)[:, None, None] * tuned
    values = values + 0.3 * rng.normal(size=(N_TRIALS, N_NEURONS, N_TIMES))
    return xarray.DataArray(
        values,
        dims=("trial", "neuron", "time"),
        coords={"stimulus": ("trial", np.array(["a", "b", "c"])[stimulus])},
    )


@pytest.fixture(scope="module")
def layout(X):
    return tt.to_layout(X, "dpca", by="stimulus")


@pytest.fixture(scope="module")
def theirs(layout):
    means, _ = layout.values
    # Its singular vectors are approximate without iterations.
    model = peer.dPCA(labels="st", join={"st": ["s", "st"]}, n_components=1, n_iter=20)
    model.debug = 0
    latents = model.fit_transform(means)
    return model, latents


def centred(means):
    return means - means.reshape(len(means), -1).mean(axis=1)[:, None, None]


def by_stimulus(X):
    """Means over the trials of a stimulus: stimulus x neuron x time."""
    return X.groupby("stimulus").mean().transpose("stimulus", "neuron", "time")


def dependent(X):
    """What depends on the stimulus, as a recording of one trial a stimulus."""
    means = by_stimulus(X)
    return tt.SubtractConditionMean().fit_transform(means.rename(stimulus="trial"))


def test_layout(X, layout):
    means, trials = layout.values
    assert means.shape == (N_NEURONS, 3, N_TIMES)
    assert trials.shape == (20, N_NEURONS, 3, N_TIMES)
    np.testing.assert_allclose(means, by_stimulus(X).transpose("neuron", "stimulus", "time"))
    np.testing.assert_array_equal(tt.from_layout(layout), X)


def test_marginalize(X, layout, theirs):
    """With as many trials of each stimulus, which theirs doesn't need."""
    means, _ = layout.values
    marginal = theirs[0]._marginalize(centred(means))
    transformer = tt.SubtractConditionMean().fit(X)
    kept = transformer.transform(X)
    common = (X - kept).isel(trial=0).to_numpy()
    common = common - common.mean(axis=1, keepdims=True)
    there = marginal["t"].reshape(means.shape)
    for stimulus in range(3):
        np.testing.assert_allclose(common, there[:, stimulus], atol=1e-10)
    here = by_stimulus(kept).transpose("neuron", "stimulus", "time").to_numpy()
    np.testing.assert_allclose(here, marginal["st"].reshape(means.shape), atol=1e-10)


def test_encoders(X, theirs):
    """More neurons (40) than entries of the means (36): reduced-rank regression is an SVD."""
    found = tt.SliceTCA((0, 1, 0), random_state=0).fit(dependent(X))
    cosine = found.neuron_loadings_[:, 0] @ theirs[0].P["st"][:, 0]
    assert abs(cosine) == pytest.approx(1, abs=1e-6)


def test_transform(X, theirs):
    found = tt.SliceTCA((0, 1, 0), random_state=0).fit(dependent(X))
    there, here = theirs[1]["st"][0], found.neuron_slices_[0]
    assert there.shape == here.shape == (3, N_TIMES)
    np.testing.assert_allclose(here * np.sign(np.sum(here * there)), there, atol=1e-6)


def test_explained_variance(X, layout, theirs):
    means, _ = layout.values
    total = np.sum(centred(means) ** 2)
    found = tt.SliceTCA((0, 1, 0), random_state=0).fit(dependent(X))
    here = np.sum(found.neuron_slices_**2) / total
    assert here == pytest.approx(theirs[0].explained_variance_ratio_["st"][0], rel=1e-6)


def test_reconstruct(X, layout, theirs):
    means, _ = layout.values
    found = tt.SliceTCA((0, 1, 0), random_state=0).fit(dependent(X))
    there = theirs[0].reconstruct(means, "st")
    np.testing.assert_allclose(found.reconstruct().transpose(1, 0, 2), there, atol=1e-6)


def test_fit_with_few_neurons(X):
    """Fewer neurons than entries: decoders and encoders differ, hand the data over."""
    few = X.isel(neuron=slice(12))
    layout = tt.to_layout(few, "dpca", by="stimulus")
    model = peer.dPCA(labels="st", join={"st": ["s", "st"]}, n_components=1)
    model.debug = 0
    latents = model.fit_transform(layout.values[0])
    assert latents["st"].shape == (1, 3, N_TIMES)
    found = tt.SliceTCA((0, 1, 0), random_state=0).fit(dependent(few))
    cosine = abs(found.neuron_loadings_[:, 0] @ model.P["st"][:, 0])
    assert cosine > 0.99


def test_components_per_trial(X, theirs):
    """What TCA says of a stimulus is its latent, up to a scale; it has single trials too."""
    kept = tt.SubtractConditionMean().fit_transform(X)
    model = tt.TCA(1, random_state=0).fit(kept)
    cosine = model.neuron_factors_[:, 0] @ theirs[0].P["st"][:, 0]
    assert abs(cosine) > 0.99
    by_trial = xarray.DataArray(model.trial_factors_[:, 0], dims="trial", coords=X.stimulus.coords)
    levels = by_trial.groupby("stimulus").mean().to_numpy()
    latent = theirs[1]["st"][0].mean(axis=1)
    assert abs(np.corrcoef(levels, latent)[0, 1]) > 0.99


def test_significance(X, layout, monkeypatch):
    """Does activity tell the stimulus? Both compare with shuffled labels."""
    for name in ("shuffle2D", "classification"):  # compiling them takes longer
        monkeypatch.setattr(peer, name, getattr(peer, name).py_func)
    means, trials = layout.values
    model = peer.dPCA(labels="st", join={"st": ["s", "st"]}, n_components=1, regularizer=0.01)
    model.debug, model.protect = 0, ["t"]
    np.random.seed(0)
    masks = model.significance_analysis(means, trials, n_shuffles=5, n_splits=3, axis=True)
    score, _, p_value = permutation_test_score(
        make_pipeline(
            tt.SubtractConditionMean(),
            tt.TCA(1, n_init=2, random_state=0),
            StandardScaler(),
            LogisticRegression(),
        ),
        X,
        X["stimulus"].to_numpy(),
        n_permutations=19,
        cv=3,
        random_state=0,
    )
    assert masks["st"].mean() > 0.5
    assert score > 0.8
    assert p_value == pytest.approx(0.05)


def test_pca(layout):
    """With a single marginalisation theirs is PCA, and so is SliceTCA of neurons only."""
    means = layout.values[0][:, 0]
    model = peer.dPCA(labels="t", n_components=2)
    model.debug = 0
    model.fit(means)
    pca = PCA(2, svd_solver="full").fit(means.T)
    there, _ = np.linalg.qr(model.P["t"])
    here = tt.SliceTCA((0, 2, 0), random_state=0).fit(
        (means - means.mean(axis=1, keepdims=True))[None]
    )
    for other in (pca.components_.T, here.neuron_loadings_):
        np.testing.assert_allclose(np.linalg.svd(there.T @ other)[1], 1, atol=1e-6)
