"""Searches over every kind of model, in every form of data."""

import numpy as np
import pytest
import xarray
from sklearn.base import clone

from tests.selection_cases import AREAS, BLOCKS, CONDITIONS, PARTS, case, of_dynamics
from trialtensor import TCA, CoupledTCA, Parafac2, SliceTCA, TrialVaryingDynamics, make_tca
from trialtensor.data import make_parafac2
from trialtensor.selection import (
    CrossValidatedSearch,
    Speckled,
    TimeBlocks,
    TrialsByNeurons,
    WholeTrials,
)


def search(estimator, grid=None, **options):
    if grid is None:
        grid = [(1, 0, 0), (1, 0, 1)] if isinstance(estimator, SliceTCA) else [1, 2]
    return CrossValidatedSearch(clone(estimator), grid, **{"random_state": 0, **options})


def n_parameters(found, model):
    """What the table says of the candidate that the model has."""
    rows = dict(zip(found.table_["n_components"], found.table_["n_parameters"], strict=True))
    return rows[model.n_components]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("condition", CONDITIONS[:-1])
@pytest.mark.parametrize("name", list(PARTS))
def test_what_a_fit_has_is_what_the_table_says(name, condition):
    model, X, options = case(name, condition)
    splits = None if name == "TrialVaryingDynamics" else TimeBlocks(n_splits=2, length=3)
    found = search(model, splits=splits).fit(X, **options)
    assert (found.table_["error"] > 0).all()
    assert n_parameters(found, model) == model.fitted_.n_parameters
    if found.best_estimator_ is not None:
        assert type(found.best_estimator_) is type(model)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", list(PARTS))
def test_whole_trials_of_every_kind(name):
    model, X, options = case(name)
    found = search(model, splits=WholeTrials(0.2, n_splits=2), refit=False).fit(X, **options)
    assert (found.table_["error"] < 1).all()
    assert n_parameters(found, model) == model.fitted_.n_parameters


def test_errors_are_those_of_held_out_entries_of_all_datasets():
    model, X, _ = case("CoupledTCA of regions")
    splitter = Speckled(n_splits=1)
    model = clone(model).set_params(n_private=0, tol=1e-9)
    found = search(model, [1], splits=splitter, refit=False).fit(X)
    masks = {name: next(splitter.split(each)) for name, each in X.items()}
    again = clone(model)
    again.fit(X, mask={name: train for name, (train, _) in masks.items()})
    told = again.reconstruct()
    loss = total = 0
    for name, (_, test) in masks.items():
        weight = 1 / np.sum(X[name] ** 2)  # every region counts the same
        loss += weight * np.sum((X[name] - told[name])[test] ** 2)
        total += weight * np.sum(X[name][test] ** 2)
    assert found.results_["error"].item() == pytest.approx(loss / total, rel=1e-3)


def test_planted_components_are_counted_in_every_form():
    regions = make_tca(50, 30, 20, 2, snr=1.0, random_state=1).X
    regions = {"V1": regions[:, :12], "M1": 50 * regions[:, 12:]}
    found = search(CoupledTCA(1, n_init=2, tol=1e-4), range(1, 5), splits=Speckled(n_splits=3))
    assert found.fit(regions).n_components_ == 2
    sessions = make_parafac2(20, (14, 18, 12, 16, 15), 20, 2, snr=1.0, random_state=2).X
    found = search(Parafac2(1, n_init=2, tol=1e-4), range(1, 5), splits=Speckled(n_splits=3))
    assert found.fit(list(sessions)).n_components_ == 2
    dynamics, _ = of_dynamics(60, 6, 40)
    found = search(TrialVaryingDynamics(1, n_init=2, tol=1e-4), range(1, 5)).fit(dynamics)
    assert found.n_components_ == 2
    noise = np.random.default_rng(0).normal(size=(60, 6, 40))
    assert search(TrialVaryingDynamics(1, n_init=2), range(1, 4)).fit(noise).n_components_ == 0


def test_shared_trials_are_held_out_together():
    from trialtensor.selection.splitting import draw_splits

    model, X, _ = case("CoupledTCA of regions")
    X["M1"][3] = np.nan
    (split,) = draw_splits(WholeTrials(0.2, n_splits=1), clone(model), model.layout(X), {})
    held = [test.any(axis=(1, 2)) for test in split.test]
    np.testing.assert_array_equal(np.delete(held[0], 3), np.delete(held[1], 3))
    for train, test in zip(split.train, split.test, strict=True):
        assert not (train.any(axis=(1, 2)) & test.any(axis=(1, 2))).any()


def test_trials_are_held_out_of_every_block():
    from trialtensor.selection.splitting import draw_splits

    model, X, options = case("Parafac2")
    for split in draw_splits(WholeTrials(0.2), clone(model), model.layout(X), options):
        held = split.test[0].any(axis=(1, 2))
        assert set(BLOCKS[held]) == set(BLOCKS[~held]) == set(BLOCKS)


def test_dynamics_are_not_chosen_by_single_entries():
    X, _ = of_dynamics(20, 5, 20)
    for splits in (TimeBlocks(), Speckled(), TrialsByNeurons()):
        with pytest.raises(ValueError, match=r"splits: TrialVaryingDynamics .* use WholeTrials"):
            search(TrialVaryingDynamics(1), splits=splits).fit(X)


def test_single_trials_as_blocks(monkeypatch):
    X = make_tca(20, 8, 12, 1, snr=2.0, random_state=0).X
    estimator = Parafac2(1, n_init=1, max_iter=20)
    with pytest.raises(ValueError, match=r"splits: this Parafac2 has blocks of a single trial"):
        search(estimator, [1], splits=WholeTrials()).fit(X)
    with pytest.raises(ValueError, match=r"nothing of neuron \d+ in a block, where Parafac2"):
        search(estimator, [1], splits=TrialsByNeurons(0.2)).fit(X)
    found = search(estimator, [1], splits=TimeBlocks(n_splits=1, length=3), refit=False).fit(X)
    assert np.isfinite(found.table_["error"].item())


@pytest.mark.filterwarnings("ignore")
def test_names_of_labels_are_as_good_as_labels():
    X = make_tca(40, 12, 15, 2, snr=2.0, random_state=0).X
    labelled = xarray.DataArray(
        X,
        dims=("trial", "neuron", "time"),
        coords={"day": ("trial", BLOCKS), "area": ("neuron", AREAS)},
    )
    for splits in (Speckled(n_splits=1), WholeTrials(0.2, n_splits=1)):
        one, other = (
            search(Parafac2(1, n_init=1), splits=splits, refit=False).fit(x, blocks=blocks)
            for x, blocks in ((labelled, "day"), (X, BLOCKS))
        )
        assert one.results_.equals(other.results_)
        one, other = (
            search(CoupledTCA(1, n_init=1, groups=groups), splits=splits, refit=False).fit(x)
            for x, groups in ((labelled, "area"), (X, AREAS))
        )
        assert one.results_.equals(other.results_)


@pytest.mark.filterwarnings("ignore")
def test_a_search_over_blocks_goes_on_where_it_stopped(tmp_path):
    model, X, options = case("Parafac2")
    path, parameters = tmp_path / "search.jsonl", {"splits": Speckled(n_splits=2), "refit": False}
    whole = search(model, **parameters).fit(X, **options)
    search(model, results=path, **parameters).fit(X, **options)
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(lines[:3]) + lines[3][:20])
    again = search(model, results=path, **parameters).fit(X, **options)
    assert again.results_.equals(whole.results_) and again.table_.equals(whole.table_)
    with pytest.raises(ValueError, match=r"results: .*other data or with other parameters"):
        search(model, results=path, **parameters).fit(X, blocks=BLOCKS[::-1])


def test_no_shared_components_are_a_candidate_beside_private_ones():
    rng = np.random.default_rng(0)
    apart = {name: make_tca(40, 10, 12, 1, snr=2.0, random_state=i).X
             for i, name in enumerate(("V1", "M1"))}  # fmt: skip
    estimator = CoupledTCA(1, n_private=1, n_init=2, tol=1e-4)
    found = search(estimator, [0, 1], splits=Speckled(n_splits=3)).fit(apart)
    assert found.n_components_ == 0 and found.best_estimator_.n_private == 1
    noise = {name: rng.normal(size=(40, 10, 12)) for name in apart}
    found = search(estimator, [0, 1], splits=Speckled(n_splits=3)).fit(noise)
    assert found.n_components_ == 0 and found.best_estimator_ is None


def test_candidates_that_no_data_has_are_refused_before_any_fit(monkeypatch):
    X = make_tca(20, 8, 12, 1, random_state=0).X
    for kind, grid, message in (
        (TCA, [1, 500], "n_components: got 500"),
        (TrialVaryingDynamics, [1, 500], "n_components: got 500"),
        (CoupledTCA, [1, 500], "n_components: dataset 'all'"),
        (Parafac2, [1, 9], "9 components need at least 9"),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(kind, "fit", lambda *_, **__: pytest.fail("was fitted"))
            with pytest.raises(ValueError, match=message):
                search(kind(1), grid).fit(X)
    with pytest.raises(ValueError, match="n_components: expected whole numbers"):
        search(TCA(1), ["two"]).fit(X)
