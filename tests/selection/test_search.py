"""Searching for the number of components."""

import itertools
import json
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from sklearn.base import clone

from trialtensor.data import make_slicetca, make_tca
from trialtensor.models import TCA, SliceTCA
from trialtensor.selection import CrossValidatedSearch, Speckled, TrialsByNeurons, WholeTrials
from trialtensor.selection.table import tabulate


def planted(n_components=3, snr=1.0, seed=1):
    return make_tca(40, 20, 25, n_components, snr=snr, random_state=seed).X


def search(grid=range(1, 6), *, estimator=None, n_splits=3, **options):
    estimator = TCA(1, n_init=2, tol=1e-5) if estimator is None else estimator
    options = {"splits": Speckled(n_splits=n_splits), "random_state": 0, **options}
    return CrossValidatedSearch(estimator, grid, **options)


@pytest.mark.parametrize("truth", [2, 4])
def test_planted_components_are_counted(truth):
    found = search(grid=range(1, 7)).fit(planted(truth))
    assert found.best_n_components_ == found.one_se_n_components_ == found.n_components_ == truth
    assert found.best_estimator_.trial_factors_.shape == (40, truth)


def test_planted_slices_are_counted():
    X = make_slicetca(40, 20, 25, (1, 0, 2), snr=1.0, random_state=0).X
    grid = itertools.product(range(3), range(2), range(4))
    estimator = SliceTCA((1, 0, 0), n_init=1, tol=1e-4)
    found = search(grid, estimator=estimator, n_splits=2).fit(X)
    assert found.n_components_ == (1, 0, 2)
    assert list(found.table_["n_parameters"]) == sorted(found.table_["n_parameters"])


def test_nothing_generalises_in_noise():
    X = np.random.default_rng(0).standard_normal((40, 20, 25))
    found = search(grid=range(1, 4)).fit(X)
    assert found.n_components_ == 0 and found.best_estimator_ is None
    assert (found.table_["error"] > 1).all()
    sliced = search([(1, 0, 0), (0, 1, 0)], estimator=SliceTCA((1, 0, 0), n_init=1)).fit(X)
    assert sliced.n_components_ == (0, 0, 0)


def test_errors_are_those_of_the_held_out_entries():
    X = planted()
    found = search([2], n_splits=2, refit=False).fit(X)
    for split, (train, test) in enumerate(Speckled(n_splits=2).split(X)):
        row = found.results_.query(f"split == {split}").iloc[0]
        # Any seed of this model ends in the same optimum here.
        rebuilt = TCA(2, n_init=2, tol=1e-9, random_state=0).fit(X, mask=train).reconstruct()
        expected = np.sum((X - rebuilt)[test] ** 2) / np.sum(X[test] ** 2)
        assert row["error"] == pytest.approx(expected, rel=1e-3)


def test_trials_that_were_held_out_are_scored_as_new_ones():
    X = planted()
    found = search([3], splits=WholeTrials(n_splits=1), refit=False).fit(X)
    ((_, test),) = WholeTrials(n_splits=1).split(X)
    new = test.any(axis=(1, 2))
    model = TCA(3, n_init=2, tol=1e-9, random_state=0).fit(X[~new])
    assert found.results_["error"].item() == pytest.approx(1 - model.score(X[new]), rel=1e-3)


def test_missing_data_and_other_splits():
    X = planted(2)
    X[:5, 3] = np.nan
    found = search(grid=range(1, 4), splits=TrialsByNeurons(n_splits=3)).fit(X)
    assert found.n_components_ == 2


def test_one_standard_error():
    """The smallest candidate that is no worse than the best by more than splits disagree."""
    import pandas

    rows = [
        {"n_components": r, "split": split, "seed": 0, "error": error, "explained": 0.5}
        for r, errors in {1: (0.9, 0.8), 2: (0.51, 0.40), 3: (0.50, 0.405)}.items()
        for split, error in enumerate(errors)
    ]
    table = tabulate(pandas.DataFrame(rows), {1: 30, 2: 60, 3: 90})
    assert table["error"].tolist() == pytest.approx([0.85, 0.455, 0.4525])
    assert table["above_best"].tolist() == pytest.approx([0.3975, 0.0025, 0])
    # Differences of .01 and -.005: standard deviation .0106 over the root of two splits.
    assert table["above_best_se"].tolist()[1] == pytest.approx(0.0075)


def test_of_several_seeds_the_best_fit_counts():
    import pandas

    rows = [
        {"n_components": 1, "split": 0, "seed": 0, "error": 0.1, "explained": 0.5},
        {"n_components": 1, "split": 0, "seed": 1, "error": 0.3, "explained": 0.6},
    ]
    assert tabulate(pandas.DataFrame(rows), {1: 15})["error"].tolist() == [0.3]


def test_parameters_are_counted():
    X = make_slicetca(12, 10, 8, (2, 1, 3)).X
    model = SliceTCA((2, 1, 3), n_init=1).fit(X)
    arrays = [getattr(model, f"{a}_{k}_") for a in ("trial", "neuron", "time") for k in KINDS]
    found = search([(2, 1, 3)], estimator=model, n_splits=1, refit=False).fit(X)
    assert found.table_["n_parameters"].item() == sum(array.size for array in arrays)


KINDS = ("loadings", "slices")


def test_results_go_on_where_they_stopped(tmp_path):
    X, path = planted(), tmp_path / "search.jsonl"
    whole = search(refit=False).fit(X)
    search(refit=False, results=path).fit(X)
    lines = path.read_text().splitlines(keepends=True)
    assert len(lines) == 1 + 15
    path.write_text("".join(lines[:8]) + lines[8][:20])  # killed in the middle of a line
    again = search(refit=False, results=path).fit(X)
    assert again.results_.equals(whole.results_) and again.table_.equals(whole.table_)
    kept = path.read_text().splitlines(keepends=True)
    assert kept[:8] == lines[:8] and len(kept) == len(lines)


@pytest.mark.slow
def test_a_killed_process_goes_on(tmp_path):
    """Bit for bit the same table, whenever it was killed."""
    script = tmp_path / "search.py"
    script.write_text(
        "import sys\n"
        "from trialtensor import TCA, make_tca\n"
        "from trialtensor.selection import CrossValidatedSearch, Speckled\n"
        "X = make_tca(60, 30, 40, 3, snr=1.0, random_state=0).X\n"
        "search = CrossValidatedSearch(TCA(1, n_init=3), range(1, 5), splits=Speckled(),\n"
        "    results=sys.argv[1], random_state=0, refit=False).fit(X)\n"
        "search.results_.to_json(sys.argv[2], double_precision=15)\n"
    )

    def run(results, table):
        return [sys.executable, str(script), str(tmp_path / results), str(tmp_path / table)]

    process = subprocess.Popen(run("killed.jsonl", "killed.json"))
    deadline = time.monotonic() + 60
    path = tmp_path / "killed.jsonl"
    while not path.exists() or len(path.read_text().splitlines()) < 5:
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not (tmp_path / "killed.json").exists()
    subprocess.run(run("killed.jsonl", "killed.json"), check=True)
    subprocess.run(run("whole.jsonl", "whole.json"), check=True)
    assert (tmp_path / "killed.json").read_text() == (tmp_path / "whole.json").read_text()


def test_results_of_another_search_are_refused(tmp_path):
    X, path = planted(), tmp_path / "search.jsonl"
    search([1], refit=False, results=path).fit(X)
    for other in (search([1, 2], results=path), search([1], n_splits=2, results=path)):
        with pytest.raises(ValueError, match=r"results: .*other data or with other parameters"):
            other.fit(X)
    with pytest.raises(ValueError, match=r"results: .*other data"):
        search([1], refit=False, results=path).fit(X + 1)
    path.write_text(json.dumps({"a": 1}))
    with pytest.raises(ValueError, match=r"results: .*no file of search results"):
        search([1], results=path).fit(X)
    with pytest.raises(ValueError, match="there is no folder"):
        search([1], results=tmp_path / "none" / "search.jsonl").fit(X)


def test_processes_find_the_same(tmp_path):
    X = planted()
    assert search(n_jobs=2, refit=False).fit(X).results_.equals(search(refit=False).fit(X).results_)


@pytest.mark.parametrize(
    "options, message",
    [
        ({"grid": []}, "n_components: the grid is empty"),
        ({"grid": [0]}, "n_components: .*nothing but models without components"),
        ({"grid": [1, 1]}, "given twice"),
        ({"grid": [1, -2]}, "n_components: expected an integer of at least 1, got -2"),
        ({"rule": "elbow"}, "rule: expected one of"),
        ({"n_seeds": 0}, "n_seeds: expected an integer of at least 1"),
    ],
)
def test_bad_input(options, message):
    with pytest.raises(ValueError, match=message):
        search(**options).fit(planted())


def test_too_many_components_are_refused_before_any_work():
    with pytest.raises(ValueError, match=r"n_components: got 30 neuron-slicing .* has 20 neurons"):
        search([(1, 0, 0), (0, 30, 0)], estimator=SliceTCA((1, 0, 0))).fit(planted())


def test_cloning_keeps_the_parameters():
    given = search(rule="best", n_seeds=2)
    assert clone(given).get_params(deep=False).keys() == given.get_params(deep=False).keys()
    assert clone(given).rule == "best"


class Given:
    """A splitter of somebody's own."""

    def __init__(self, train, test):
        self.train, self.test = train, test

    def split(self, X, *, mask=None):
        yield self.train, self.test


def test_masks_that_cannot_be_used_are_refused_before_any_fit(monkeypatch):
    monkeypatch.setattr(TCA, "fit", lambda *_, **__: pytest.fail("was fitted"))
    X, test = planted(), np.zeros((40, 20, 25), bool)
    test[3, 4] = True
    whole, empty = test.copy(), np.zeros_like(test)
    whole[7] = True
    for train, held, message in (
        (~whole, whole, r"splits: split 0 leaves nothing of trial 7 to fit to"),
        (np.ones_like(test), test, r"splits: split 0 has 25 entries that are both"),
        (~test, empty, r"splits: .* 0 to predict"),
        (~test[1:], test, r"splits: expected bool masks of shape \(40, 20, 25\), got a train mask"),
        (~test, test.astype(int), r"splits: .* got a test mask .* int64"),
    ):
        with pytest.raises(ValueError, match=message):
            search(splits=Given(train, held)).fit(X)
    with pytest.raises(ValueError, match=r"splits: expected a splitter .* got 5"):
        search(splits=5).fit(X)


def test_a_splitter_of_ones_own():
    X, test = planted(), np.zeros((40, 20, 25), bool)
    test[::2, ::3, 4:9] = True
    found = search(splits=Given(~test, test), refit=False).fit(X)
    assert len(found.results_) == 5 and (found.table_["error_se"] == 0).all()
