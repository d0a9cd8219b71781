"""What emerges where, and what cortex keeps, in tiny trainings and in the package's own."""

import numpy as np
import pytest

from trialtensor_models.circuit import Anatomy, load_course
from trialtensor_models.experiments import blocked_cortex, emergence
from trialtensor_models.experiments.region_codes import patterns
from trialtensor_models.experiments.region_coupling import coupling
from trialtensor_models.training.circuits import trained

TINY = {
    "anatomy": Anatomy(n_cortex=20, n_pons=12, ratio=2.0, n_purkinje=2),
    "n_iterations": 12,
    "batch_size": 4,
    "checkpoints": 4,
}


@pytest.fixture(scope="module")
def trainings(tmp_path_factory):
    folder = tmp_path_factory.mktemp("trainings")
    return [trained("local", seed, folder, **TINY) for seed in (0, 1)]


@pytest.fixture(scope="module")
def runs(trainings):
    return [each.run(bin_width=0.1, weights=False) for each in trainings]


def test_emergence_of_two_trainings(trainings, runs):
    found = emergence.analysed({"local": runs}, trainings)
    codes = found.codes["local"]
    assert codes["hand"].dims == ("seed", "region", "checkpoint")
    assert codes.sizes == {"seed": 2, "region": 6, "checkpoint": 4}
    assert list(codes["iteration"].values[[0, -1]]) == [0, 12]
    # A random cortex tells contexts apart before it learns, and association can't learn here.
    association = codes.sel(region="association")
    assert (association["context"].isel(checkpoint=0) > 0.7).all()
    assert found.performance["cosine"].shape == (2, 4)
    assert any(line.startswith("local: onset") for line in emergence.lines_of(found))
    assert len(emergence.plot_emergence(found).axes) == 6


def test_nulls_of_coupling_keep_what_each_side_does(runs):
    found = coupling(runs, n_orders=1)["explained"]
    assert found.sizes == {"null": 3, "seed": 2, "side": 2, "checkpoint": 4}
    assert np.isfinite(found).all() and (found <= 1).all()
    assert coupling(runs[:1], n_orders=1)["explained"].sel(null="other training").isnull().all()


def test_cortex_without_its_cerebellum(runs):
    found = blocked_cortex.analysed({"local": runs})
    arm = found.arms["local"]
    assert arm["blocked"].dims == ("seed", "epoch", "checkpoint")
    assert (arm["size"] > 0).all()
    assert np.allclose(arm["first"].isel(checkpoint=0), arm["itself"].isel(checkpoint=0))
    assert len(blocked_cortex.plot_blocked_cortex(found).axes) == 6


def test_a_cortex_alone_has_nothing_to_block():
    arm = blocked_cortex.kept(load_course("reaching_alone"))
    assert (arm["size"] == 0).all() and np.allclose(arm["blocked"], arm["itself"])
    assert np.allclose(arm["done"], arm["done_blocked"])
    # Preparation and movement come apart, further than noise moves either.
    epochs = arm["epochs"].sel(epoch="movement").values
    assert epochs[-1] < 0.6 < epochs[0] < arm["itself"].values.min()


def test_what_a_run_does_not_have_is_refused(runs):
    with pytest.raises(ValueError, match="epoch: expected one of 'preparation', 'movement'"):
        patterns(runs[0], "rest")
    with pytest.raises(ValueError, match="blocked: this run has no cerebellum"):
        patterns(load_course("reaching_alone"), blocked=True)
    with pytest.raises(ValueError, match="arm: expected one of 'local'"):
        trained("dense")
