"""TCA of data with more than three axes."""

import numpy as np
import pytest
import xarray

from trialtensor import TCA, CoupledTCA, Parafac2, SliceTCA, TrialVaryingDynamics, load
from trialtensor.data import as_trial_tensor
from trialtensor.solvers.matching import match_components

SHAPE = (40, 30, 20, 50)
AXES = ("trial", "neuron", "frequency", "time")
NAMES = ("trial", "channel", "frequency", "time")


def tensor_of(factors):
    axes = "abcde"[: len(factors)]
    return np.einsum(",".join(f"{a}r" for a in axes) + f"->{axes}", *factors, optimize=True)


def planted(shape, rank, seed=0, noise=1.0, positive=()):
    rng = np.random.default_rng(seed)
    factors = [rng.standard_normal((n, rank)) for n in shape]
    factors = [np.abs(f) if i in positive else f for i, f in enumerate(factors)]
    signal = tensor_of(factors)
    return signal + noise * signal.std() * rng.standard_normal(shape), factors


def score(model, factors):
    return match_components(tuple(factors), tuple(model.factors_.values()))[1]


@pytest.fixture(scope="module")
def ecog():
    X, factors = planted((24, 8, 6, 15), 2, noise=0.3, positive=(2,))
    coords = {"frequency": [4.0, 8.0, 16.0, 32.0, 64.0, 128.0], "channel": list("ABCDEFGH")}
    return xarray.DataArray(X, dims=NAMES, coords=coords), factors


def test_planted_components_are_found():
    X, factors = planted(SHAPE, 4)
    model = TCA(4, random_state=0).fit(X)
    assert score(model, factors) > 0.999
    residual = float(np.sum((X - model.reconstruct()) ** 2))
    assert model.loss_ == pytest.approx(residual, rel=1e-10)
    assert model.explained_variance_ratio_ == pytest.approx(1 - residual / np.sum(X**2))
    assert model.core_consistency_ > 99
    assert all(np.linalg.norm(f, axis=0) == pytest.approx(1) for f in model.factors_.values())


def test_five_axes():
    X, factors = planted((12, 7, 6, 5, 8), 3, noise=0.5)
    model = TCA(3, random_state=0).fit(as_trial_tensor(X, axes="trial,x,y,z,time"))
    assert list(model.factors_) == ["trial", "x", "y", "z", "time"]
    assert model.z_factors_.shape == (5, 3) and score(model, factors) > 0.99
    np.testing.assert_allclose(model.transform(X), model.trial_factors_, atol=1e-10)


def test_factors_go_by_the_names_of_the_data(ecog):
    X, factors = ecog
    model = TCA(2, random_state=0).fit(X.transpose("time", "frequency", "trial", "channel"))
    assert model.fitted_.axes == AXES and list(model.factors_) == list(AXES)
    for axis, n in zip(AXES, X.shape, strict=True):
        np.testing.assert_array_equal(getattr(model, f"{axis}_factors_"), model.factors_[axis])
        assert model.factors_[axis].shape == (n, 2)
    assert score(model, factors) > 0.99
    told = model.to_xarray()
    assert told["frequency_factors"].dims == ("frequency", "component")
    assert told["frequency"].to_numpy().tolist() == X["frequency"].to_numpy().tolist()
    assert model.feature_names_in_.tolist() == list("ABCDEFGH")


def test_a_bare_array_has_assumed_names_and_says_so():
    X, _ = planted((10, 6, 5, 8), 1)
    model = TCA(1, random_state=0).fit(X)
    assert list(model.factors_) == ["trial", "neuron", "axis2", "time"]
    assert model.data_summary_["axes_assumed"]


def test_three_axes_have_the_three_names():
    X, _ = planted((10, 6, 8), 1)
    model = TCA(1, random_state=0).fit(X)
    assert list(model.factors_) == ["trial", "neuron", "time"]
    assert "axes" not in model.data_summary_


@pytest.mark.parametrize("given", [{"frequency"}, ["trial", "channel"], True, "time"])
def test_constraints_go_by_axis(ecog, given):
    X = np.abs(ecog[0])
    model = TCA(2, nonnegative=given, random_state=0).fit(X)
    alike = {"channel": "neuron"}
    wanted = (
        AXES
        if given is True
        else [
            alike.get(g, g)
            for g in np.atleast_1d(list(given) if not isinstance(given, str) else given)
        ]
    )
    for axis, factor in model.factors_.items():
        assert (factor >= 0).all() or axis not in wanted
    plain = TCA(2, nonnegative=given, solver="full", random_state=0).fit(X)
    assert model.loss_ == pytest.approx(plain.loss_, rel=1e-4)
    np.testing.assert_allclose(model.transform(X), model.trial_factors_, atol=1e-8)


def test_an_axis_that_is_not_there_is_refused(ecog):
    with pytest.raises(ValueError, match="nonnegative: 'depth' is no axis; expected names among"):
        TCA(2, nonnegative={"depth"}).fit(ecog[0])
    with pytest.raises(ValueError, match="nonnegative: 'frequency' is no axis"):
        TCA(2, nonnegative={"frequency"}).fit(np.ones((4, 3, 5)))


@pytest.mark.parametrize("pattern", ["entries", "trial x neuron", "frequency x time", "slices"])
def test_missing_entries_are_left_out(ecog, pattern):
    X, factors = ecog
    rng, seen = np.random.default_rng(1), np.ones(X.shape, bool)
    if pattern == "entries":
        seen = rng.random(X.shape) < 0.7
    elif pattern == "slices":
        seen[3], seen[:, :, 4] = False, False
    elif pattern == "trial x neuron":
        seen[:8, :3] = False
    else:
        seen[:, :, :2, :4] = False
    model = TCA(2, n_init=4, random_state=0).fit(X.where(xarray.DataArray(seen, dims=NAMES)))
    masked = TCA(2, n_init=4, random_state=0).fit(np.where(seen, X, np.inf), mask=seen)
    assert model.loss_ == masked.loss_
    residual = np.where(seen, X - np.nan_to_num(model.reconstruct()), 0)
    assert model.loss_ == pytest.approx(float(np.sum(residual**2)), rel=1e-8)
    known = [np.isfinite(f).all(axis=1) for f in model.factors_.values()]
    own = [f[rows] for f, rows in zip(factors, known, strict=True)]
    found = [f[rows] for f, rows in zip(model.factors_.values(), known, strict=True)]
    assert match_components(tuple(own), tuple(found))[1] > 0.98
    assert [int((~rows).sum()) for rows in known] == [
        *([1, 0, 1, 0] if pattern == "slices" else [0, 0, 0, 0])
    ]
    if pattern != "slices":
        assert model.data_summary_["missing_pattern"] == pattern


def test_new_trials_are_solved_exactly(ecog):
    X, _ = ecog
    model = TCA(2, random_state=0).fit(X[:16])
    new = np.array(X[16:])
    new[0, 1] = np.nan
    design = tensor_of([np.eye(2), *(model.factors_[axis] for axis in AXES[1:])])
    expected = []
    for trial in new:
        seen = np.isfinite(trial)
        expected.append(np.linalg.lstsq(design[:, seen].T, trial[seen])[0] / model.weights_)
    np.testing.assert_allclose(model.transform(new), expected, atol=1e-9)
    told = np.einsum("kr,r...->k...", np.array(expected) * model.weights_, design)
    np.testing.assert_allclose(model.inverse_transform(expected), told, atol=1e-9)
    seen = np.isfinite(new)
    lost = np.sum((new - told)[seen] ** 2) / np.sum(new[seen] ** 2)
    assert model.score(new) == pytest.approx(1 - lost, rel=1e-9)


def test_new_trials_of_other_axes_are_refused(ecog):
    X, _ = ecog
    model = TCA(2, n_init=1, random_state=0).fit(X)
    with pytest.raises(ValueError, match="fitted to 8 neurons x 6 frequencies x 15 times, got"):
        model.transform(X[:, :, :5])
    with pytest.raises(ValueError, match="got 8 neurons x 6 bands"):
        model.transform(X.rename(frequency="band"))
    with pytest.raises(ValueError, match=r"frequency 0 is labelled 128\.0, but the model"):
        model.transform(X[:, :, ::-1])


def test_given_factors_are_the_start(ecog):
    X, factors = ecog
    again = TCA(2, init=factors, max_iter=5).fit(X)
    named = TCA(2, init=dict(zip(AXES, factors, strict=True)), max_iter=5).fit(X)
    assert again.loss_ == named.loss_ and score(again, factors) > 0.99
    assert TCA(2, init=again).fit(X).loss_ <= again.loss_ * (1 + 1e-9)
    with pytest.raises(ValueError, match="init: expected four factor matrices, got 3"):
        TCA(2, init=factors[:3]).fit(X)
    with pytest.raises(ValueError, match=r"init: the frequency factor must have shape \(6, 2\)"):
        TCA(2, init=[*factors[:2], factors[1], factors[3]]).fit(X)


def test_files_keep_all_axes(ecog, tmp_path):
    X, _ = ecog
    model = TCA(2, nonnegative={"frequency"}, random_state=0).fit(X)
    model.save(tmp_path / "model.h5")
    again = load(tmp_path / "model.h5")
    assert again.fitted_.axes == AXES and again.restarts_[1].axes == AXES
    np.testing.assert_array_equal(again.transform(X), model.transform(X))


def test_single_precision_stays(ecog):
    model = TCA(2, random_state=0).fit(ecog[0].astype(np.float32))
    assert {f.dtype for f in model.factors_.values()} == {np.dtype(np.float32)}
    assert model.loss_ == pytest.approx(TCA(2, random_state=0).fit(ecog[0]).loss_, rel=1e-4)


def test_too_many_components_are_refused():
    with pytest.raises(
        ValueError,
        match=r"got 9, but data of 4 trials x .* axis2 x .* at most 8",
    ):
        TCA(9).fit(np.ones((4, 2, 2, 2)) + np.arange(2))


@pytest.mark.parametrize(
    "model",
    [SliceTCA((1, 1, 1)), Parafac2(2), CoupledTCA(2), TrialVaryingDynamics(2)],
    ids=lambda model: type(model).__name__,
)
def test_other_models_refuse_more_axes_by_name(model, ecog):
    kind = type(model).__name__
    for X in (ecog[0], ecog[0].to_numpy()):
        with pytest.raises(ValueError, match=f"X: {kind} takes trials x neurons x times, got four"):
            model.fit(X)
        with pytest.raises(ValueError, match="use TCA, which takes any number of axes, or merge"):
            model.check_data(X)


def test_batches_are_refused_by_name(ecog):
    with pytest.raises(ValueError, match=r"partial_fit of TCA .* use fit with all trials"):
        TCA(2).partial_fit(ecog[0])
