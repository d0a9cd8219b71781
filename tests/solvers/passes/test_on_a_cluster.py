"""Passes, restarts and searches on a cluster of two processes."""

import os
import signal
import sys
import time
from dataclasses import dataclass

import joblib
import numpy as np
import pytest

from trialtensor import TCA, CrossValidatedSearch, make_tca, on_disk
from trialtensor.solvers.acceleration import RowUpdater
from trialtensor.solvers.masked_problem import MaskedProblem
from trialtensor.solvers.passes.memory import MemoryPasses
from trialtensor.solvers.passes.on_dask import DaskPasses
from trialtensor.solvers.passes.seen import Seen
from trialtensor.solvers.problems import DenseProblem, sum_of_squares
from trialtensor.solvers.ridge import Ridged, row_grams

da = pytest.importorskip("dask.array")
distributed = pytest.importorskip("distributed")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX"),
]
UPDATE = RowUpdater((False, True, False))


@pytest.fixture(scope="module")
def client():
    import dask

    paths = os.pathsep.join(sys.path)
    with (
        dask.config.set({"distributed.nanny.pre-spawn-environ.PYTHONPATH": paths}),
        distributed.LocalCluster(2, threads_per_worker=1, dashboard_address=None) as cluster,
        distributed.Client(cluster) as found,
    ):
        yield found


def recording(missing=False):
    X = make_tca(40, 12, 15, 3, snr=1.0, random_state=0).X
    if missing:
        X[np.random.default_rng(0).random(X.shape) < 0.25] = np.nan
    return X


def n_tasks(client):
    return client.run_on_scheduler(lambda dask_scheduler: len(dask_scheduler.tasks))


def test_bits_are_those_of_memory_and_nothing_stays_on_the_scheduler(client):
    X = recording()
    persisted = da.from_array(X, (8, 5, -1)).persist()
    distributed.wait(persisted)
    ours, memory = DaskPasses(persisted, float), MemoryPasses(X, n_entries=8 * X[0].size)
    before = n_tasks(client)
    ends = []
    for passes in (ours, memory):
        problem = DenseProblem(passes, passes.norm2())
        current = tuple(np.random.default_rng(0).random((n, 3)) for n in X.shape)
        for _ in range(2):
            current, loss = problem.sweep(current, UPDATE)
        ends.append((*current, loss, passes.norm2(), passes.gram(1), passes.gram(2)))
    for a, b in zip(*ends, strict=True):
        np.testing.assert_array_equal(a, b)
    flat = X.reshape(len(X), -1)
    np.testing.assert_allclose(ours.gram_of_trials(), flat @ flat.T, rtol=1e-10)
    assert before == persisted.npartitions
    # Results are given back a moment after they have come.
    deadline = time.monotonic() + 30
    while n_tasks(client) > before and time.monotonic() < deadline:
        time.sleep(0.05)
    assert n_tasks(client) == before


def test_a_fit_ends_where_that_of_memory_ends(client):
    X = recording()
    model = TCA(3, n_init=2, max_iter=30, random_state=0)
    ours = model.fit(on_disk(da.from_array(X, (14, -1, -1)))).fitted_
    theirs = model.fit(X).fitted_
    assert ours.record.loss == pytest.approx(theirs.record.loss, rel=1e-10)
    for name in ("trial_factors", "neuron_factors", "time_factors", "core_consistency"):
        np.testing.assert_allclose(ours[name], theirs[name], rtol=1e-6, atol=1e-8)


def test_sweeps_with_any_mask_and_a_ridge_for_each_row(client):
    X = recording(missing=True)
    passes = DaskPasses(da.from_array(X, (14, -1, -1)), float, has_missing=True)
    values, mask = np.nan_to_num(X), ~np.isnan(X)
    rng, ends = np.random.default_rng(0), []
    start = tuple(rng.random((n, 3)) for n in X.shape)
    strengths = tuple(rng.random(n) for n in X.shape)
    for problem in (
        MaskedProblem(passes, Seen.of(passes), passes.norm2()),
        MaskedProblem(values, mask, sum_of_squares(values)),
    ):
        current, loss = Ridged(problem, strengths).sweep(start, UPDATE)
        ends.append((*current, loss, *row_grams(problem, current)[0].values()))
    for a, b in zip(*ends, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-12)


@dataclass
class Deadly:
    """The sum of a block; the first task takes its worker with it."""

    flag: str
    joins: tuple[str, ...] = ("sum",)

    def __call__(self, block):
        try:
            os.close(os.open(self.flag, os.O_CREAT | os.O_EXCL))
            os.kill(os.getpid(), signal.SIGKILL)
        except FileExistsError:
            pass
        return (np.float64(block.values.sum()),)


def test_nothing_is_lost_with_a_worker(client, tmp_path):
    X = recording()
    ours = DaskPasses(da.from_array(X, (5, -1, -1)).persist(), float)
    before = set(client.run(os.getpid).values())
    found = ours.run(Deadly(str(tmp_path / "killed")))
    assert (tmp_path / "killed").exists()
    assert found[0] == pytest.approx(X.sum(), rel=1e-12)
    client.wait_for_workers(2, timeout=60)
    assert set(client.run(os.getpid).values()) != before
    problem = DenseProblem(ours, ours.norm2())
    assert problem.norm2 == pytest.approx(sum_of_squares(X), rel=1e-12)


def test_restarts_and_searches_by_joblib_are_as_one_by_one(client):
    X = recording(missing=True)
    model = TCA(3, n_init=3, max_iter=30, random_state=0)
    alone = model.fit(X)
    with joblib.parallel_config("dask"):
        ours = TCA(3, n_init=3, max_iter=30, random_state=0, n_jobs=2).fit(X)
    assert [each.loss for each in ours.restarts_] == [each.loss for each in alone.restarts_]
    np.testing.assert_array_equal(ours.trial_factors_, alone.trial_factors_)
    searches = []
    for n_jobs in (None, 2):
        search = CrossValidatedSearch(
            TCA(1, n_init=1, max_iter=20), [1, 2], n_jobs=n_jobs, random_state=0
        )
        with joblib.parallel_config("dask"):
            searches.append(search.fit(X).results_)
    assert searches[0].equals(searches[1])
