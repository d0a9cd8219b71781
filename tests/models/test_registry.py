"""Kinds by name: who may register, and what a broken package does to others."""

import subprocess
import sys
from pathlib import Path

import pytest

import trialtensor
from trialtensor import TCA, CoupledTCA, make_tca
from trialtensor.models import kind_named, kinds, register, registry


@pytest.fixture
def untouched(monkeypatch):
    """Registrations that end with the test."""
    monkeypatch.setattr(registry, "_kinds", dict(registry._kinds))


def test_kinds_are_found_by_both_names():
    for name, command in [("TCA", "tca"), ("CoupledTCA", "coupled"),
                          ("TrialVaryingDynamics", "dynamics")]:  # fmt: skip
        assert kind_named(name) is kind_named(command) is getattr(trialtensor, name)
    with pytest.raises(ValueError, match=r"'PCA'; known are .*'SliceTCA', 'TCA'"):
        kind_named("PCA")


def test_a_name_that_is_taken_is_refused_whole(untouched):
    theirs = type("SliceTCA", (TCA,), {"__module__": "elsewhere"})
    before = dict(registry._kinds)
    with pytest.raises(ValueError, match="'SliceTCA' is already the name of"):
        register(theirs)
    clash = type("Coupled", (TCA,), {"__module__": "elsewhere"})
    with pytest.raises(ValueError, match="'coupled' is already the name of"):
        register(clash)
    assert registry._kinds == before


def test_a_kind_that_is_made_from_another_keeps_its_name(untouched, tmp_path):
    class MyTCA(TCA):
        def __init__(self, n_components, *, extra=1, n_init=2, random_state=0):
            super().__init__(n_components, n_init=n_init, random_state=random_state)
            self.extra = extra

    class MyCoupled(CoupledTCA):
        pass

    register(MyTCA), register(MyCoupled)
    assert MyCoupled.command_name() == "mycoupled"
    X = make_tca(12, 6, 10, 2, random_state=0).X
    MyTCA(2, extra=3).fit(X).save(tmp_path / "m.h5")
    copy = trialtensor.load(tmp_path / "m.h5")
    assert type(copy) is MyTCA and copy.extra == 3


def test_a_saved_model_of_an_unknown_kind(untouched, tmp_path):
    class Passing(TCA):
        pass

    Passing(2, n_init=1).fit(make_tca(12, 6, 10, 2, random_state=0).X).save(tmp_path / "m.h5")
    with pytest.raises(ValueError, match=r"m\.h5' holds a model of kind 'Passing'; known are"):
        trialtensor.load(tmp_path / "m.h5")


def test_a_broken_package_takes_nobody_down(tmp_path):
    about = tmp_path / "bad-1.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: bad\nVersion: 1\n")
    (about / "entry_points.txt").write_text("[trialtensor.models]\nbad = bad_package:Nope\n")
    code = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n"
        "from trialtensor.models import kinds\nprint(len(kinds()), len(kinds()))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True,
                          check=True, cwd=Path(trialtensor.__file__).parents[1])  # fmt: skip
    n = sum(kind.__module__.startswith("trialtensor.") for kind in kinds())
    assert done.stdout.split() == [str(n)] * 2
    assert "'bad_package:Nope' of another package can't be used" in done.stderr
