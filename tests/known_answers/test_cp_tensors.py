"""CP decompositions whose results were published: amino acids, bread, missing entries."""

import itertools

import numpy as np
import pytest

from trialtensor import TCA
from trialtensor.solvers.matching import align_to, cosines


@pytest.fixture(scope="module")
def amino_acids(shared_data):
    with np.load(shared_data / "amino_acids.npz") as file:
        return file["X"], file["concentration"]


@pytest.fixture(scope="module")
def amino_model(amino_acids):
    return TCA(3, random_state=0).fit(amino_acids[0])


def factors_of(model):
    return model.trial_factors_, model.neuron_factors_, model.time_factors_


def test_amino_acids_rank_3(amino_model):
    """Bro 1997: three components explain 99.937 %, core consistency 99.9 %."""
    assert amino_model.explained_variance_ratio_ == pytest.approx(0.99937, abs=1e-5)
    assert amino_model.core_consistency_ == pytest.approx(99.9, abs=0.1)


def test_amino_acids_components_follow_the_concentrations(amino_model, amino_acids):
    _, concentration = amino_acids
    r = np.abs(np.corrcoef(amino_model.trial_factors_.T, concentration.T)[:3, 3:])
    best = max(
        itertools.permutations(range(3)),
        key=lambda order: sum(r[i, j] for i, j in enumerate(order)),
    )
    found = [r[i, j] for i, j in sorted(enumerate(best), key=lambda pair: pair[1])]
    np.testing.assert_allclose(sorted(found), sorted([0.9998, 0.9998, 0.998]), atol=4e-4)


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_amino_acids_core_consistency_collapses_at_rank_4(amino_acids):
    assert TCA(4, random_state=0).fit(amino_acids[0]).core_consistency_ < 0


@pytest.mark.parametrize(
    ("n_components", "explained", "core_consistency"), [(2, 0.4922, 100), (3, 0.5740, None)]
)
def test_bread(shared_data, n_components, explained, core_consistency):
    """Bro 1998: centred over samples, rank 2 explains 49.22 % with core consistency 100 %."""
    with np.load(shared_data / "bread.npz") as file:
        X = file["X"] - file["X"].mean(axis=0)
    model = TCA(n_components, random_state=0).fit(X)
    assert model.explained_variance_ratio_ == pytest.approx(explained, abs=5e-5)
    if core_consistency is None:
        assert model.core_consistency_ < 0
    else:
        assert model.core_consistency_ == pytest.approx(core_consistency, abs=0.1)


@pytest.mark.parametrize("missing", [0.2, 0.4, 0.6])
def test_amino_acids_with_missing_entries(amino_acids, amino_model, missing):
    """Tomasi & Bro 2005: the full-data components come back from the entries that are left."""
    X = amino_acids[0]
    observed = np.random.default_rng(0).random(X.shape) >= missing
    model = TCA(3, random_state=0).fit(X, mask=observed)
    reference = factors_of(amino_model)
    aligned, _ = align_to(reference, factors_of(model))
    triple = np.ones(3)
    for a, b in zip(reference, aligned, strict=True):
        triple = triple * np.diag(cosines(a, b))
    assert triple.min() > 0.9999
