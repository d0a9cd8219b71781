"""Fits that were stopped go on to the same result."""

import numpy as np
import pytest

from trialtensor import TCA, make_tca, on_disk
from trialtensor.solvers.passes.chunked import ChunkedPasses
from trialtensor.solvers.passes.jobs import Contract
from trialtensor.solvers.passes.journal import fingerprint


class Killed(BaseException):
    """Like a signal, nothing catches it."""


@pytest.fixture
def X():
    return make_tca(40, 12, 15, 2, snr=2.0, random_state=0).X


def fit(X, path=None):
    return TCA(2, n_init=2, random_state=0).fit(on_disk(X, memory="20kB", checkpoint=path))


def stop_after(monkeypatch, n_passes):
    """Let only some passes happen; return the list to which each adds an entry."""
    run, done = ChunkedPasses.run, []

    def counted(self, job):
        if len(done) == n_passes:
            raise Killed
        done.append(type(job).__name__)
        return run(self, job)

    monkeypatch.setattr(ChunkedPasses, "run", counted)
    return done


def kill(monkeypatch, X, path, n_passes):
    """End a fit after some passes."""
    with monkeypatch.context() as patch:
        stop_after(patch, n_passes)
        with pytest.raises(Killed):
            fit(X, path)


def counted(monkeypatch, X, path=None):
    """Return the passes of a fit that is left alone, and its model."""
    with monkeypatch.context() as patch:
        done = stop_after(patch, None)
        return done, fit(X, path)


@pytest.mark.parametrize("n_passes", [1, 2, 4, 9])
def test_a_killed_fit_goes_on_to_the_same_bits(X, tmp_path, monkeypatch, n_passes):
    whole = fit(X)
    path = tmp_path / "fit.passes"
    kill(monkeypatch, X, path, n_passes)
    left, resumed = counted(monkeypatch, X, path)
    everything, _ = counted(monkeypatch, X)
    assert len(left) == len(everything) - n_passes
    assert resumed.loss_ == whole.loss_
    for ours, theirs in zip(resumed.trial_factors_, whole.trial_factors_, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert not path.exists()


def test_a_record_cut_in_its_midst_is_done_again(X, tmp_path, monkeypatch):
    path = tmp_path / "fit.passes"
    kill(monkeypatch, X, path, 3)
    content = path.read_bytes()
    path.write_bytes(content[:-7])
    left, resumed = counted(monkeypatch, X, path)
    everything, whole = counted(monkeypatch, X)
    assert len(left) == len(everything) - 2
    assert resumed.loss_ == whole.loss_


def test_other_parameters_begin_anew_from_where_they_differ(X, tmp_path, monkeypatch):
    path = tmp_path / "fit.passes"
    kill(monkeypatch, X, path, 6)
    other = TCA(3, n_init=2, random_state=1).fit(on_disk(X, memory="20kB", checkpoint=path))
    assert other.loss_ == TCA(3, n_init=2, random_state=1).fit(on_disk(X, memory="20kB")).loss_


def test_other_data_is_refused(X, tmp_path, monkeypatch):
    path = tmp_path / "fit.passes"
    kill(monkeypatch, X, path, 2)
    with pytest.raises(ValueError, match=r"checkpoint: .* is of other data"):
        fit(X + 1, path)


def test_another_file_is_refused_and_left_alone(X, tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text("mine")
    with pytest.raises(ValueError, match=r"checkpoint: .* is no such file"):
        fit(X, path)
    assert path.read_text() == "mine"


def test_jobs_are_told_apart_by_all_that_they_hold():
    a, b = np.ones((3, 2)), np.ones((3, 2))
    assert fingerprint(Contract(0, a)) == fingerprint(Contract(0, b))
    b[2, 1] += 1e-15
    assert fingerprint(Contract(0, a)) != fingerprint(Contract(0, b))
    assert fingerprint(Contract(0, a)) != fingerprint(Contract(1, a))
    assert fingerprint(Contract(0, a)) != fingerprint(Contract(0, a.astype("f4")))
