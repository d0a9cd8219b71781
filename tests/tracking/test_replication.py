"""Changes that a component's neurons agree on are confirmed; those of single neurons aren't."""

import warnings

import numpy as np
import pytest
import xarray

import trialtensor as tt
from trialtensor.tracking.courses import trial_series
from trialtensor.tracking.replication import replicate

K, N, T = 100, 24, 18
TIMES = np.arange(T)
BUMPS = np.stack([np.exp(-0.5 * ((TIMES - m) / 2.5) ** 2) for m in (5, 12)], axis=1)
LATE = np.arange(K) >= 50
QUICK = {"n_init": 2, "random_state": 0}


def session(gain=0.0, shared=0.0, lost=(), drift=0.0, seed=0):
    """Two components; from trial 50 the first or all are stronger, or single neurons change."""
    rng = np.random.default_rng(seed)
    trials = 1 + 0.1 * rng.normal(size=(K, 2))
    trials[LATE, 0] *= 1 + gain
    neurons = rng.gamma(0.7, 1.5, size=(N, 2))
    neurons[list(lost), 0] = 6.0  # they weigh most
    X = np.einsum("kr,nr,tr->knt", trials, neurons, BUMPS)
    X[LATE] *= 1 + shared
    X[LATE] *= np.exp(drift * rng.normal(size=(N, 1)))
    X[50:, list(lost)] *= 0.02
    return X + 0.3 * rng.normal(size=X.shape)


def fitted(X, model=None, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return (model or tt.TCA(2, **QUICK)).fit(X, **options)


def learner(model):
    """Name of the component with the first time course."""
    cosines = np.abs(model.time_factors_.T @ BUMPS[:, 0])
    return f"component {1 + int(np.argmax(cosines))}"


def verdicts(model, X, trial=50, **options):
    found = replicate(model, X, {name: [trial] for name in trial_series(model, None, 5)}, **options)
    return dict(zip(found.table["series"], found.table["verdict"], strict=True))


# --- what is planted is found -----------------------------------------------------------------


def test_learning_is_confirmed_in_its_component_alone():
    X = session(gain=0.5)
    model = fitted(X)
    name = learner(model)
    found = replicate(model, X, {each: [50] for each in ("component 1", "component 2")})
    assert found.confirmed == [name]
    row = found.table.set_index("series").loc[name]
    assert row["gain"] == pytest.approx(0.5 / 1.25, abs=0.05)
    assert row["n_neurons"] == N and row["p_adjusted"] <= 0.01
    course = found.courses[name]
    assert course[LATE].mean() - course[~LATE].mean() == pytest.approx(0.4, abs=0.05)


def test_neurons_that_fall_silent_confirm_nothing():
    X = session(lost=(0, 1))
    model = fitted(X)
    assert np.ptp(model.trial_factors_[:, 0]) > 0
    assert set(verdicts(model, X).values()) == {"not confirmed"}


def test_drifting_neurons_confirm_nothing():
    found = []
    for seed in range(12):
        X = session(drift=0.4, seed=seed)
        found += verdicts(fitted(X), X).values()
    assert found.count("confirmed") <= 1


def test_learning_is_confirmed_among_drifting_and_silent_neurons():
    found = []
    for seed in range(6):
        X = session(gain=0.6, drift=0.2, lost=(0,), seed=seed)
        model = fitted(X, tt.TCA(2, nonnegative=True, **QUICK))
        found.append(verdicts(model, X)[learner(model)])
    assert found.count("confirmed") >= 5


def test_a_gain_of_all_neurons_is_called_that():
    X = session(shared=0.4, drift=0.1)
    found = verdicts(fitted(X), X)
    assert "all neurons together" in found.values()
    assert "confirmed" not in found.values()


def test_a_component_that_a_model_has_twice_is_listed_once():
    X = session(gain=0.6)
    model = fitted(X, tt.TCA(4, nonnegative=True, n_init=3, random_state=0))
    found = verdicts(model, X)
    assert 1 <= list(found.values()).count("confirmed") <= 2


def test_a_change_is_sought_where_it_is_said_to_be():
    X = session(gain=0.6)
    model = fitted(X)
    found = replicate(model, X, {learner(model): [20, 50]}).table
    assert found["trial"].tolist() == [20, 50]
    assert found["verdict"].tolist() == ["not confirmed", "confirmed"]


# --- every kind of model ----------------------------------------------------------------------

BLOCKS = {"blocks": np.repeat(np.arange(4), 25)}
KINDS = {
    "TCA": (tt.TCA(2, **QUICK), {}),
    "Parafac2, neurons": (tt.Parafac2(2, **QUICK), BLOCKS),
    "Parafac2, times": (tt.Parafac2(2, varying="time", **QUICK), BLOCKS),
    "CoupledTCA": (tt.CoupledTCA(2, groups=["M1"] * 12 + ["PMd"] * 12, **QUICK), {}),
}


@pytest.mark.parametrize("missing", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_with_time_courses(kind, missing):
    X = session(gain=0.6)
    if missing:
        rng = np.random.default_rng(1)
        X[3] = np.nan
        X[rng.random(X.shape) < 0.1] = np.nan
    model, options = KINDS[kind]
    model = fitted(X, type(model)(**model.get_params()), **options)
    found = verdicts(model, X)
    assert set(found) == set(trial_series(model, None, 5))
    assert list(found.values()).count("confirmed") == len(found) // 2


def test_slices_over_neurons_and_time():
    rng = np.random.default_rng(2)
    pattern, trials = rng.gamma(1.0, size=(N, T)), 1 + 0.1 * rng.normal(size=K)
    trials[LATE] *= 1.5
    neurons, other = rng.gamma(1.0, size=N), rng.normal(size=(K, T))
    X = np.einsum("k,nt->knt", trials, pattern) + np.einsum("n,kt->knt", neurons, other)
    X += 0.3 * rng.normal(size=X.shape)
    model = fitted(X, tt.SliceTCA((1, 1, 0), **QUICK))
    found = verdicts(model, X)
    assert found["trial-slicing 1"] in ("confirmed", "all neurons together")
    assert found["neuron-slicing 1"] != "confirmed"
    quiet = X.copy()
    quiet[LATE] -= np.einsum("k,nt->knt", trials[LATE] / 3, pattern)
    found = verdicts(fitted(quiet, tt.SliceTCA((1, 1, 0), **QUICK)), quiet)
    assert "confirmed" not in found.values()


def test_interactions_of_dynamics():
    rng = np.random.default_rng(3)
    modes = np.linalg.qr(rng.normal(size=(N, N)))[0][:, :2]
    gains = 0.6 + 0.05 * rng.normal(size=(K, 2))
    gains[LATE, 0] += 0.3
    X = np.empty((K, N, T))
    X[:, :, 0] = 3 * rng.normal(size=(K, N))
    for t in range(1, T):
        state = np.einsum("nr,kr,mr,km->kn", modes, gains, modes, X[:, :, t - 1])
        X[:, :, t] = state + 0.3 * rng.normal(size=(K, N))
    model = fitted(X, tt.TrialVaryingDynamics(2, **QUICK))
    changed = 1 + int(np.argmax(np.abs(modes[:, 0] @ model.output_factors_)))
    found = verdicts(model, X)
    assert found.pop(f"component {changed}") in ("confirmed", "all neurons together")
    assert "confirmed" not in found.values()


def test_datasets_with_trials_of_their_own():
    sessions = {"Mon": session(gain=0.6), "Tue": session(seed=1)[:80]}
    model = fitted(sessions, tt.CoupledTCA(2, shared="time", **QUICK))
    for day in sessions:
        names = list(trial_series(model, day, 5))
        found = replicate(model, sessions, {name: [50] for name in names})
        assert len(found.confirmed) == (day == "Mon"), day


# --- forms of data, and what doesn't matter ---------------------------------------------------


def test_units_by_powers_of_two_and_precision_do_not_matter():
    X = session(gain=0.5, drift=0.2)
    first = replicate(fitted(X), X, {"component 1": [50], "component 2": [50]}).table
    scaled = X * 2.0**40
    second = replicate(fitted(scaled), scaled, {"component 1": [50], "component 2": [50]}).table
    np.testing.assert_array_equal(first["verdict"], second["verdict"])
    np.testing.assert_allclose(first["gain"], second["gain"], rtol=1e-6)
    single = X.astype(np.float32)
    third = replicate(fitted(single), single, {"component 1": [50], "component 2": [50]}).table
    np.testing.assert_array_equal(first["verdict"], third["verdict"])


def test_data_is_not_changed_and_results_repeat():
    X = session(gain=0.5)
    before, model = X.copy(), fitted(X)
    found = {"component 1": [50]}
    first, second = (replicate(model, X, found, random_state=1).table for _ in range(2))
    np.testing.assert_array_equal(X, before)
    assert first.equals(second)


def test_labelled_data_in_another_order_of_axes():
    X = session(gain=0.5)
    model = fitted(X)
    labelled = xarray.DataArray(X, dims=("trial", "neuron", "time")).transpose("time", ...)
    assert verdicts(model, labelled) == verdicts(model, X)


def test_neurons_can_be_excluded():
    X = session(gain=0.5)
    model = fitted(X)
    name = learner(model)
    weights = np.abs(model.neuron_factors_[:, int(name[-1]) - 1])
    most = np.argsort(weights)[-(N - 7) :]
    for exclude in (most, np.isin(np.arange(N), most)):
        row = replicate(model, X, {name: [50]}, exclude=exclude).table.iloc[0]
        assert row["n_neurons"] == 7 and row["verdict"] == "not tested"
    half = replicate(model, X, {name: [50]}, exclude=np.arange(0, N, 2)).table.iloc[0]
    assert half["n_neurons"] == N // 2 and half["verdict"] == "confirmed"


# --- what can't be tested ---------------------------------------------------------------------


def test_too_few_trials_on_one_side():
    X = session(gain=0.5)
    found = replicate(fitted(X), X, {"component 1": [2, 50, 52, 97]}).table
    assert (found["verdict"] == "not tested").tolist() == [True, False, True, True]
    assert found["p_value"].isna().tolist() == [True, False, True, True]


def test_a_component_that_changes_its_sign_has_no_gain():
    rng = np.random.default_rng(5)
    course = np.where(LATE, 1.0, -1.0) + 0.1 * rng.normal(size=K)
    X = np.einsum("k,n,t->knt", course, rng.gamma(1.0, size=N), BUMPS[:, 0])
    X += 0.3 * rng.normal(size=X.shape)
    assert verdicts(fitted(X, tt.TCA(1, **QUICK)), X) == {"component 1": "not tested"}


def test_nothing_was_found():
    X = session()
    found = replicate(fitted(X), X, {"component 1": []})
    assert len(found.table) == 0 and found.confirmed == [] and found.courses == {}
    assert list(found.table) == [
        "series", "trial", "verdict", "also_seen_in", "gain", "p_value", "p_adjusted", "n_neurons",
    ]  # fmt: skip
    assert repr(found) == "Replication(table=table of 0 rows, courses={}, alpha=0.05)"


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_constant_and_noise_free_data():
    X = np.ones((40, 10, 5))
    assert verdicts(fitted(X, tt.TCA(1, **QUICK)), X, 20) == {"component 1": "not confirmed"}
    rng = np.random.default_rng(6)
    trials = np.ones((40, 1)) + 0.5 * (np.arange(40) >= 20)[:, None]
    X = np.einsum("kr,nr,tr->knt", trials, rng.gamma(1.0, size=(10, 1)), BUMPS[:, :1])
    assert verdicts(fitted(X, tt.TCA(1, **QUICK)), X, 20)["component 1"] != "not confirmed"


def test_mistakes_are_named():
    X = session()
    model = fitted(X)
    with pytest.raises(ValueError, match="found: the TCA has no series 'component 3'; it has comp"):
        replicate(model, X, {"component 3": [5]})
    with pytest.raises(ValueError, match="found: expected trials 0 to 99 of component 1"):
        replicate(model, X, {"component 1": [100]})
    with pytest.raises(ValueError, match="X: expected the data of the fit"):
        replicate(model, X[:-1], {"component 1": [50]})
    with pytest.raises(ValueError, match="exclude: expected neurons 0 to 23"):
        replicate(model, X, {"component 1": [50]}, exclude=[24])
    with pytest.raises(ValueError, match="exclude: expected True or False for each of the 24"):
        replicate(model, X, {"component 1": [50]}, exclude=np.ones(5, bool))
    with pytest.raises(ValueError, match="alpha"):
        replicate(model, X, {"component 1": [50]}, alpha=2)
