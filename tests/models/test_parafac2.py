"""Parafac2: its contract, closed forms, planted components, and what it refuses."""

import dataclasses
import warnings

import numpy as np
import pytest
import xarray

import trialtensor
from trialtensor import TCA, Parafac2, make_parafac2
from trialtensor.models.parafac2 import outcome
from trialtensor.models.warnings import InterruptedFitWarning, MissingSliceWarning
from trialtensor.selection import stability
from trialtensor.solvers.matching import cosines
from trialtensor.solvers.result import StopReason
from trialtensor.testing import check_trial_estimator

QUIET = pytest.mark.filterwarnings("ignore::trialtensor.models.warnings.MissingSliceWarning")


def stacked(patterns):
    return np.concatenate([p[np.isfinite(p).all(axis=1)] for p in patterns])


def congruences(model, data):
    """Of every planted component with its best match, for each kind of factor."""
    n_neurons = [block.shape[1] for block in data.X]
    found = [model.neuron_factors_[b, :n] for b, n in enumerate(n_neurons)]
    pairs = (
        (data.trial_factors, model.trial_factors_),
        (stacked(data.neuron_factors), stacked(found)),
        (data.time_factors, model.time_factors_),
    )
    return [np.abs(cosines(truth, ours)).max(axis=1).min() for truth, ours in pairs]


def squared_error(blocks, rebuilt):
    return sum(np.nansum((x - y) ** 2) for x, y in zip(blocks, rebuilt, strict=True))


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"varying": "time"},
        {"nonnegative": True},
        {"nonnegative": ("trial",), "varying": "time"},
        {"nonnegative": ("time",)},
        {"n_components": 1},
    ],
    ids=str,
)
def test_contract(parameters):
    check_trial_estimator(
        Parafac2(**{"n_components": 2, "n_init": 2, "random_state": 0, **parameters})
    )


@pytest.mark.parametrize("missing_fraction", [0.0, 0.1])
def test_planted_components_come_back(missing_fraction):
    """The promise: congruence above .98 with a tenth of the entries missing."""
    data = make_parafac2(snr=10.0, missing_fraction=missing_fraction, random_state=0)
    model = Parafac2(3, n_init=3, random_state=0).fit(data.X)
    assert min(congruences(model, data)) > 0.98
    assert model.loss_ == pytest.approx(squared_error(data.X, model.reconstruct()), rel=1e-9)


def test_single_trials_of_other_neurons():
    data = make_parafac2(1, range(20, 60), 40, 3, snr=30.0, random_state=1)
    model = Parafac2(3, nonnegative=("trial",), n_init=3, random_state=0).fit(
        [block[0] for block in data.X]
    )
    assert model.neuron_factors_.shape == (40, 59, 3)
    # A pattern of its own for every trial is less certain than weights and times.
    trial, neuron, time = congruences(model, data)
    assert trial > 0.99 and neuron > 0.95 and time > 0.99


def test_trials_of_other_lengths():
    """The same data as a list of trials and as one tensor with NaN at the ends."""
    data = make_parafac2(1, range(20, 60), 12, 2, snr=10.0, random_state=2)
    trials = [np.ascontiguousarray(block.swapaxes(1, 2)) for block in data.X]
    ragged = Parafac2(2, varying="time", n_init=2, random_state=0).fit(trials)
    padded = np.full((40, 12, 59), np.nan)
    for k, trial in enumerate(trials):
        padded[k, :, : trial.shape[2]] = trial[0]
    tensor = Parafac2(2, varying="time", n_init=2, random_state=0).fit(padded)
    assert ragged.time_factors_.shape == tensor.time_factors_.shape == (40, 59, 2)
    np.testing.assert_array_equal(ragged.time_factors_, tensor.time_factors_)
    np.testing.assert_array_equal(ragged.neuron_factors_, tensor.neuron_factors_)
    assert tensor.loss_ == ragged.loss_
    assert [part.shape for part in ragged.reconstruct()] == [trial.shape for trial in trials]
    assert tensor.data_summary_["missing_pattern"] == "block x time"
    assert np.abs(cosines(data.time_factors, ragged.neuron_factors_)).max(axis=1).min() > 0.98


def test_one_component_in_closed_form():
    """Every block has one pattern of its own: the time course is an eigenvector."""
    X = np.random.default_rng(0).standard_normal((9, 7, 6))
    model = Parafac2(1, random_state=0, tol=1e-12).fit(X)
    largest = np.linalg.eigvalsh(np.einsum("knt,kns->ts", X, X))[-1]
    assert model.loss_ == pytest.approx(np.sum(X**2) - largest, rel=1e-9)
    np.testing.assert_allclose(model.cross_product_, [[1.0]])


def test_one_block_is_tca():
    X = trialtensor.make_tca(30, 15, 20, 2, snr=3.0, random_state=0).X
    ours = Parafac2(2, random_state=0, tol=1e-10).fit(X, blocks=np.zeros(30))
    theirs = TCA(2, random_state=0, tol=1e-10).fit(X)
    assert ours.loss_ == pytest.approx(theirs.loss_, rel=1e-6)
    found = (ours.trial_factors_, ours.neuron_factors_[0], ours.time_factors_)
    for a, b in zip(
        found, (theirs.trial_factors_, theirs.neuron_factors_, theirs.time_factors_), strict=True
    ):
        assert np.abs(cosines(a, b)).max(axis=1).min() > 0.9999
    np.testing.assert_allclose(ours.weights_, theirs.weights_, rtol=1e-3)


@pytest.mark.parametrize("missing_fraction", [0.0, 0.1])
def test_no_step_in_any_direction_lowers_the_loss(missing_fraction):
    """Brute force: the solution is a local optimum, patterns moved along their constraint."""
    data = make_parafac2(
        4, (8, 6, 9), 7, 2, snr=2.0, missing_fraction=missing_fraction, random_state=0
    )
    model = Parafac2(2, random_state=0, tol=1e-13, max_iter=20000).fit(data.X)
    cross = np.linalg.cholesky(model.cross_product_).T
    patterns = [
        model.neuron_factors_[b, : x.shape[1]] @ np.linalg.inv(cross) for b, x in enumerate(data.X)
    ]
    scaled = model.trial_factors_ * model.weights_

    def loss(trial, cross, time, patterns):
        rebuilt = [
            np.einsum("kr,nr,tr->knt", a, polar(p) @ cross, time)
            for a, p in zip(np.split(trial, 3), patterns, strict=True)
        ]
        return squared_error(data.X, rebuilt)

    def polar(p):
        left, _, right = np.linalg.svd(p, full_matrices=False)
        return left @ right

    least = loss(scaled, cross, model.time_factors_, patterns)
    assert least == pytest.approx(model.loss_, rel=1e-9)
    rng = np.random.default_rng(0)
    for _ in range(50):
        step = 1e-3
        moved = loss(
            scaled + step * rng.standard_normal(scaled.shape),
            cross + step * rng.standard_normal(cross.shape),
            model.time_factors_ + step * rng.standard_normal(model.time_factors_.shape),
            [p + step * rng.standard_normal(p.shape) for p in patterns],
        )
        assert moved > least


def test_inner_products_are_the_same_in_all_blocks():
    data = make_parafac2(snr=2.0, random_state=3)
    model = Parafac2(3, n_init=2, random_state=0).fit(data.X)
    for b, block in enumerate(data.X):
        own = model.neuron_factors_[b, : block.shape[1]]
        np.testing.assert_allclose(own.T @ own, model.cross_product_, atol=1e-10)
        assert np.isnan(model.neuron_factors_[b, block.shape[1] :]).all()
    np.testing.assert_allclose(np.diag(model.cross_product_), 1)


def test_factors_are_unit_norm_ordered_and_signed():
    data = make_parafac2(snr=2.0, random_state=3)
    model = Parafac2(3, n_init=2, random_state=0).fit(data.X)
    for factor in (model.trial_factors_, model.time_factors_):
        np.testing.assert_allclose(np.linalg.norm(factor, axis=0), 1)
    assert np.all(np.diff(model.explained_variance_alone_) <= 0)
    assert np.all(np.sum(model.time_factors_**3, axis=0) > 0)
    for b in range(5):
        assert np.sum((model.trial_factors_ * model.weights_)[model.block_of_trial_ == b]) > 0


def test_explained_variance_is_that_of_regressions():
    data = make_parafac2(5, (10, 14, 9, 12), 15, 2, snr=3.0, missing_fraction=0.1, random_state=0)
    model = Parafac2(2, n_init=2, random_state=0).fit(data.X)
    rank = 2
    columns = []
    for r in range(rank):
        only = np.zeros_like(model.trial_factors_)
        only[:, r] = model.trial_factors_[:, r]
        columns.append(np.concatenate([x.ravel() for x in model.inverse_transform(only)]))
    target = np.concatenate([x.ravel() for x in data.X])
    seen = np.isfinite(target)
    parts, target = np.array(columns).T[seen], target[seen]

    def explained(which):
        fitted = parts[:, which] @ np.linalg.lstsq(parts[:, which], target, rcond=None)[0]
        return 1 - np.sum((target - fitted) ** 2) / np.sum(target**2)

    alone = [explained([r]) for r in range(rank)]
    unique = [explained([0, 1]) - explained([1 - r]) for r in range(rank)]
    np.testing.assert_allclose(model.explained_variance_alone_, alone, atol=1e-9)
    np.testing.assert_allclose(model.explained_variance_unique_, unique, atol=1e-9)


def test_core_consistency_tells_of_too_many_components():
    data = make_parafac2(10, [20] * 8, 30, 3, snr=20.0, random_state=0)
    right = Parafac2(3, n_init=3, random_state=0).fit(data.X)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        many = Parafac2(5, n_init=3, random_state=0).fit(data.X)
    assert right.core_consistency_ > 90 > 50 > many.core_consistency_


def test_the_form_of_the_input_does_not_matter():
    data = make_parafac2(6, [12] * 4, 15, 2, snr=5.0, random_state=0)
    X = np.concatenate(data.X)
    labels = np.repeat(["d", "b", "c", "a"], 6)
    options = {"n_init": 2, "random_state": 0}
    as_list = Parafac2(2, **options).fit(data.X)
    as_dict = Parafac2(2, **options).fit(dict(zip("dbca", data.X, strict=True)))
    as_array = Parafac2(2, **options).fit(X, blocks=labels)
    labelled = xarray.DataArray(
        X.transpose(2, 0, 1), dims=("time", "trial", "unit"), coords={"session": ("trial", labels)}
    )
    by_name = Parafac2(2, **options).fit(labelled, blocks="session")
    assert as_array.block_labels_.tolist() == as_dict.block_labels_.tolist() == list("dbca")
    assert as_list.block_labels_.tolist() == [0, 1, 2, 3]
    assert by_name.coords_["session"][0] == "trial"
    for other in (as_dict, as_array, by_name):
        np.testing.assert_array_equal(other.trial_factors_, as_list.trial_factors_)
        np.testing.assert_array_equal(other.neuron_factors_, as_list.neuron_factors_)
    # Blocks need not be in one piece.
    order = np.random.default_rng(0).permutation(24)
    shuffled = Parafac2(2, **options, tol=1e-12).fit(X[order], blocks=labels[order])
    straight = Parafac2(2, **options, tol=1e-12).fit(X, blocks=labels)
    assert shuffled.loss_ == pytest.approx(straight.loss_, rel=1e-9)
    np.testing.assert_allclose(shuffled.reconstruct(), straight.reconstruct()[order], atol=1e-3)


@QUIET
def test_neurons_that_a_block_lacks():
    """Neurons without data in a session are not part of it, whatever the form."""
    data = make_parafac2(6, (12, 9, 11, 8), 15, 2, snr=5.0, random_state=0)
    X = np.full((24, 12, 15), np.nan)
    for b, block in enumerate(data.X):
        X[6 * b : 6 * b + 6, : block.shape[1]] = block
    labels = np.repeat(np.arange(4), 6)
    options = {"n_init": 2, "random_state": 0}
    tensor = Parafac2(2, **options).fit(X, blocks=labels)
    ragged = Parafac2(2, **options).fit(data.X)
    np.testing.assert_array_equal(tensor.neuron_factors_, ragged.neuron_factors_)
    assert tensor.data_summary_["missing_pattern"] == "block x neuron"
    np.testing.assert_array_equal(np.isnan(tensor.reconstruct()), np.isnan(X))
    # A whole block, a trial and a bin without data.
    X[6:12], X[13], X[:, :, 4] = np.nan, np.nan, np.nan
    with pytest.warns(MissingSliceWarning, match=r"7 of 24 trials"):
        holed = Parafac2(2, **options).fit(X, blocks=labels)
    assert np.isnan(holed.neuron_factors_[1]).all()
    assert np.isnan(holed.time_factors_[4]).all() and np.isnan(holed.trial_factors_[13]).all()
    assert holed.explained_variance_ratio_ > 0.8


@QUIET
@pytest.mark.parametrize("missing_fraction", [0.0, 0.15])
@pytest.mark.parametrize("nonnegative", [False, ("trial",)])
def test_trials_of_known_blocks(missing_fraction, nonnegative):
    data = make_parafac2(
        8, (12, 9, 11), 15, 2, snr=3.0, missing_fraction=missing_fraction, random_state=0
    )
    sessions = dict(zip(("mon", "tue", "wed"), data.X, strict=True))
    model = Parafac2(2, nonnegative=nonnegative, n_init=2, random_state=0).fit(sessions)
    np.testing.assert_allclose(model.transform(sessions), model.trial_factors_, atol=1e-9)
    assert model.score(sessions) == pytest.approx(model.explained_variance_ratio_, abs=1e-9)
    few = model.transform({"tue": sessions["tue"][2:5]})
    np.testing.assert_allclose(few, model.trial_factors_[10:13], atol=1e-9)
    (back,) = model.inverse_transform(few, blocks=["tue"] * 3)
    np.testing.assert_allclose(back, model.reconstruct()[1][2:5], atol=1e-9)


def test_a_new_block_gets_patterns_of_its_own():
    """Without noise nothing but the planted weights explains a session that the fit hasn't seen."""
    data = make_parafac2(8, (12, 9, 11, 14, 10, 16), 15, 2, snr=np.inf, random_state=0)
    model = Parafac2(2, random_state=0, tol=1e-13).fit(data.X[:5])
    new = model.transform([data.X[5]])
    assert np.abs(cosines(data.trial_factors[40:], new)).max(axis=1).min() > 0.9999
    assert model.score([data.X[5]]) > 0.9999


@pytest.mark.parametrize("fraction", [0.0, 0.1])
def test_new_single_trials(fraction):
    """With positive weights: in a noisy trial a weak one could have either sign."""
    data = make_parafac2(1, [12] * 60, 20, 3, snr=30.0, missing_fraction=fraction, random_state=0)
    X = np.concatenate(data.X)
    model = Parafac2(3, nonnegative=("trial",), n_init=3, random_state=0).fit(X[:40])
    new = model.transform(X[40:])
    truth = data.trial_factors[40:]
    assert np.abs(cosines(truth, new)).max(axis=1).min() > 0.98
    assert model.score(X[40:]) > 0.85


def test_float32_and_memory_order():
    data = make_parafac2(6, (12, 9, 11), 15, 2, snr=5.0, random_state=0)
    single = [np.asfortranarray(x.astype(np.float32)) for x in data.X]
    before = [x.copy() for x in single]
    model = Parafac2(2, n_init=2, random_state=0).fit(single)
    assert model.trial_factors_.dtype == model.neuron_factors_.dtype == np.float32
    assert all(part.dtype == np.float32 for part in model.reconstruct())
    for ours, theirs in zip(single, before, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    double = Parafac2(2, n_init=2, random_state=0).fit(data.X)
    assert model.loss_ == pytest.approx(double.loss_, rel=1e-4)


def test_files_keep_labels_and_shapes(tmp_path):
    data = make_parafac2(6, (12, 9, 11), 15, 2, snr=5.0, random_state=0)
    sessions = dict(zip(("mon", "tue", "wed"), data.X, strict=True))
    model = Parafac2(2, n_init=2, random_state=0).fit(sessions)
    model.save(tmp_path / "model.h5")
    copy = trialtensor.load(tmp_path / "model.h5")
    assert isinstance(copy, Parafac2) and copy.get_params() == model.get_params()
    assert copy.block_labels_.tolist() == ["mon", "tue", "wed"]
    for ours, theirs in zip(copy.reconstruct(), model.reconstruct(), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    np.testing.assert_array_equal(copy.transform(sessions), model.transform(sessions))
    assert copy.data_summary_ == model.data_summary_
    assert [r.loss for r in copy.restarts_] == [r.loss for r in model.restarts_]
    dataset = copy.to_xarray()
    assert dataset["neuron_factors"].dims == ("block", "neuron", "component")
    assert dataset["block_of_trial"].values[7] == "tue"


def test_restarts_are_told_of_and_repeatable():
    data = make_parafac2(snr=1.0, random_state=0)
    one, two = (
        Parafac2(3, n_init=4, n_jobs=jobs, random_state=0).fit(data.X) for jobs in (None, 2)
    )
    np.testing.assert_array_equal(one.trial_factors_, two.trial_factors_)
    losses = [restart.loss for restart in one.restarts_]
    assert losses == sorted(losses) and one.restarts_[0].similarity == pytest.approx(1)
    assert one.restarts_[0].factors[1].shape == (sum(x.shape[1] for x in data.X), 3)
    assert stability(one, n_null=5).score > 0.5


def test_interrupted(monkeypatch):
    data = make_parafac2(6, (12, 9, 11), 15, 2, snr=5.0, random_state=0)
    real = outcome.describe
    calls = []

    def once(*args, **options):
        calls.append(1)
        if len(calls) == 1:
            raise KeyboardInterrupt
        return real(*args, **options)

    monkeypatch.setattr(outcome, "describe", once)
    with pytest.warns(InterruptedFitWarning):
        model = Parafac2(2, n_init=2, random_state=0).fit(data.X)
    assert model.stop_reason_ is StopReason.INTERRUPTED and model.explained_variance_ratio_ > 0.5


def bad(**parameters):
    return lambda X: Parafac2(**{"n_components": 2, **parameters}).fit(X)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (bad(n_components=0), "n_components"),
        (bad(n_components=9), r"block 1 has 8 neurons with data.*at least 9"),
        (bad(varying="trial"), r"varying: .*'neuron', 'time'.*'trial'"),
        (bad(nonnegative="neuron"), r"nonnegative: neuron factors vary"),
        (bad(nonnegative="cells"), r"nonnegative: 'cells'"),
        (bad(init=3), "init"),
        (bad(tol=-1), "tol"),
        (lambda X: Parafac2(2).fit(X, blocks=[0, 1]), r"blocks: expected None"),
        (lambda X: Parafac2(2).fit(X, mask=[None]), r"mask: expected one for each of the 2"),
        (lambda X: Parafac2(2).fit([]), r"at least one block"),
        (lambda X: Parafac2(2).fit([X[0], X[1][:, :, :5]]), r"same times.*\[5, 10\]"),
        (lambda X: Parafac2(2).fit([X[0], X[1] * np.inf]), r"X\[1\]"),
        (lambda X: Parafac2(2).fit([x * 0 for x in X]), "zero"),
        (lambda X: Parafac2(2).fit(X[0], blocks=[0, 1]), r"one label for each of 4 trials"),
        (lambda X: Parafac2(2).fit(X[0], blocks="day"), r"no trial coordinate 'day'"),
        (lambda X: Parafac2(2).fit(X[0], blocks=[np.nan] * 4), r"labels are NaN"),
        (lambda X: Parafac2(2).fit(X).transform(X[0][:, :, :5]), r"10 times, got 5"),
        (lambda X: Parafac2(2).fit(X).transform({1: X[0]}), r"block 1 was fitted with 8 neurons"),
        (lambda X: Parafac2(2).fit(X).inverse_transform(np.ones((3, 2))), r"got 3 trials.*blocks="),
        (lambda X: Parafac2(2).fit(X).inverse_transform(np.ones((3, 4))), r"\(n_trials, 2\)"),
        (
            lambda X: Parafac2(2).fit(X).inverse_transform(np.ones((1, 2)), blocks=["z"]),
            r"no block 'z'",
        ),
        (
            lambda X: Parafac2(2).fit(X[0], blocks=[0, 0, 1, 1]).transform(X[0]),
            r"blocks: .*blocks of several trials",
        ),
    ],
)  # fmt: skip
def test_bad_input(call, message):
    X = make_parafac2(4, (12, 8), 10, 2, snr=5.0, random_state=0).X
    with pytest.raises(ValueError, match=message):
        call(X)


@pytest.mark.parametrize("missing", [0.0, 0.2])
@pytest.mark.parametrize("max_iter", [1, 2, 3, 7, 40])
def test_max_iter_bounds_all_sweeps_of_a_restart(max_iter, missing):
    """Those on a core, on the data, and after better starts for blocks have been found."""
    data = make_parafac2(snr=1.0, missing_fraction=missing, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = Parafac2(4, n_init=3, max_iter=max_iter, tol=0, random_state=0).fit(data.X)
    assert model.n_iter_ == max_iter
    assert model.stop_reason_ == "max_iter"
    assert all(each.n_iter <= max_iter for each in model.restarts_)
    assert all(np.isfinite(each.loss) for each in model.restarts_)
    assert np.all(np.diff(model.loss_history_) <= 0)
    assert 0 < model.explained_variance_ratio_ < 1


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("missing_fraction", [0.0, 0.3])
def test_ctrl_c_while_the_fit_is_finished_is_not_swallowed(missing_fraction, monkeypatch):
    """In the last solve, whose sweeps return what they have: not lost, and not "converged"."""
    from trialtensor.solvers.parafac2 import given

    minimise = given.minimise

    def interrupted(problem, start, **options):
        found = minimise(problem, start, **options)
        return dataclasses.replace(found, stop_reason=StopReason.INTERRUPTED)

    data = make_parafac2(
        6, [10] * 4, 12, 2, snr=3.0, missing_fraction=missing_fraction, random_state=0
    )
    whole = Parafac2(2, n_init=2, random_state=0).fit(data.X)
    monkeypatch.setattr(given, "minimise", interrupted)
    model = Parafac2(2, n_init=2, random_state=0).fit(data.X)
    assert model.stop_reason_ == "interrupted"
    assert model.loss_ == pytest.approx(whole.loss_, rel=0.05)
