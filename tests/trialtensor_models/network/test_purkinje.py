"""Purkinje cells and climbing fibres: signs, rests, and what the nuclei get of them."""

from dataclasses import replace

import h5py
import numpy as np
import pytest

from trialtensor_models import CCRNN
from trialtensor_models.network import DIRECTIONS
from trialtensor_models.network.olive import COMPLEX_REST
from trialtensor_models.network.purkinje import SIMPLE_REST, SPIKES_PER_SECOND
from trialtensor_models.network.subspaces import naive_granule
from trialtensor_models.plasticity import gains_of

RNG = np.random.default_rng(0)


@pytest.fixture(scope="module")
def model():
    return CCRNN.pretrained().scale(purkinje=10)


def test_nuclei_get_what_they_get_without_purkinje_cells(model):
    cells = model.purkinje
    W_PC, W_LTD = RNG.normal(size=(2, 2, 1000))
    granule = RNG.random((3, 1000)) * (RNG.random((3, 1000)) < 0.1)
    simple = cells.simple_spikes(granule, cells.weights(W_PC, W_LTD))
    wanted = granule @ W_PC.T
    assert np.abs(cells.nuclei(simple) - wanted).max() < 1e-12 * np.abs(wanted).max()
    # What opponent cells have in common changes them all, and the nuclei see nothing of it.
    other = cells.simple_spikes(granule, cells.weights(W_PC, 0 * W_LTD))
    assert np.abs(simple - other).min(axis=0).max() > 0.1


def test_purkinje_cells_inhibit_and_each_group_corrects_its_direction(model):
    cells = model.purkinje
    assert (cells.D >= 0).all() and (np.count_nonzero(cells.D, axis=0) == 1).all()
    correction = np.zeros((2, 1000))
    correction[0] = 1.0  # to the right
    learned = cells.weights(correction, 0 * correction) - cells.fixed
    towards, away = (DIRECTIONS[cells.group] == angle for angle in (0, 180))
    assert (learned[towards] < 0).all() and (learned[away] > 0).all()
    assert (learned[~(towards | away)] == 0).all()
    assert len(np.unique(np.round(learned[:, 0], 9))) > 4  # cells of a group differ


def test_cells_without_learning_differ_about_a_resting_rate_of_50_per_second(model):
    assert SIMPLE_REST * SPIKES_PER_SECOND == 50
    cells = model.purkinje
    granule = naive_granule(model.wiring, model.reference_draw().inputs)
    simple = cells.simple_spikes(granule, cells.fixed).reshape(-1, 10)
    assert 4 < simple.std(0).mean() * SPIKES_PER_SECOND < 8 and (simple > 0).all()
    np.testing.assert_allclose(cells.nuclei(simple), 0, atol=1e-12)


def test_complex_spikes_rest_at_one_per_second_and_carry_the_error_in_pairs(model):
    olive = model.olive
    rest = olive.complex_spikes(np.zeros(2))
    np.testing.assert_allclose(rest, olive.rest)
    assert abs(rest.mean() * SPIKES_PER_SECOND - 1) < 1e-12 and COMPLEX_REST == 1 / 20
    errors = RNG.normal(size=(50, 2)) * np.array([0.02, 2.0])  # small and far too large
    share = olive.complex_spikes(errors) / olive.rest
    assert (share >= 0).all() and share.max() > 10
    x, y, minus_x, minus_y = share[:, :4].T
    carried = olive.scale * np.log(2) * np.stack([x - minus_x, y - minus_y], -1)
    np.testing.assert_allclose(carried, errors, rtol=1e-12, atol=1e-14)
    shared = olive.scale * np.log(2) * np.stack([x + minus_x - 2, y + minus_y - 2], -1)
    np.testing.assert_allclose(olive.shared(errors), shared, atol=1e-12)
    assert (olive.shared(errors) >= 0).all()


def test_half_the_peak_speed_is_four_complex_spikes_a_second(model):
    peak = np.abs(model.reference_draw().desired).max()
    rates = model.olive.complex_spikes(np.array([peak / 2, 0])) / model.olive.rest
    assert 3 < rates[model.olive.group == 0].min() < 5
    assert rates[model.olive.group == 2].max() < 0.2


def test_cells_share_wiring_and_gains_with_the_network_without_them(model):
    alone = CCRNN.pretrained()
    assert model.intact is alone.intact and gains_of(model) is gains_of(alone)
    assert alone.purkinje is None and alone.olive is None
    # Lesions, rates and noise leave the cells as they were drawn.
    assert model.lesion("granule", fraction=0.5).purkinje is model.purkinje
    assert replace(model, seed=1).purkinje is not model.purkinje
    assert model.without_expansion().purkinje.fixed.shape == (10, 40)


def test_files_keep_the_number_and_older_files_have_none(model, tmp_path):
    path = tmp_path / "network.h5"
    model.save(path)
    back = CCRNN.load(path)
    assert back.cerebellum == model.cerebellum
    np.testing.assert_array_equal(back.purkinje.gain, model.purkinje.gain)
    with h5py.File(path) as file:
        assert file.attrs["format_version"] == 3
    assert CCRNN.pretrained().cerebellum.n_purkinje == 0  # packaged, of version 2


def test_too_few_cells_are_refused():
    with pytest.raises(ValueError, match=r"n_purkinje: expected 0, or at least 4 .* got 3"):
        CCRNN.pretrained().scale(purkinje=3)
