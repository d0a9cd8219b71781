import numpy as np
import pytest
from numpy.testing import assert_allclose

from trialtensor.data import make_tca
from trialtensor.models import TCA
from trialtensor.plotting import plot_loss, plot_missing, plot_restarts


def test_loss_is_relative_to_its_last_value(labelled_model):
    ax = plot_loss(labelled_model)
    history = labelled_model.loss_history_
    above = 100 * (history / history[-1] - 1)
    assert_allclose(ax.lines[0].get_ydata(), above[above > 0])
    ax.figure.draw_without_rendering()


def test_restarts_stand_at_their_similarity(labelled_model):
    ax = plot_restarts(labelled_model)
    seen = np.sort(np.concatenate([c.get_offsets()[:, 0] for c in ax.collections]))
    assert_allclose(seen, np.sort([r.similarity for r in labelled_model.restarts_]))
    assert "chance not removed" in ax.get_xlabel()


def test_restarts_of_slices_are_compared_by_their_subspaces(sliced_model):
    ax = plot_restarts(sliced_model)
    assert "overlap with the loading subspaces" in ax.get_xlabel()
    seen = np.sort(np.concatenate([c.get_offsets()[:, 0] for c in ax.collections]))
    assert_allclose(seen, np.sort([r.similarity for r in sliced_model.restarts_]))
    plot_loss(sliced_model).figure.draw_without_rendering()


def test_slices_have_no_core(sliced_model, monkeypatch):
    from trialtensor.plotting import diagnostics

    monkeypatch.setattr(diagnostics, "MAX_CONVERGED", 10)
    assert not diagnostics.left_on_core(sliced_model)
    names = [text.get_text() for text in plot_restarts(sliced_model).get_legend().get_texts()]
    assert not any("core" in name for name in names)


def test_exact_fit_of_one_restart():
    X = make_tca(10, 8, 9, 1, snr=np.inf, random_state=0).X
    model = TCA(1, n_init=1, random_state=0).fit(X)
    for plot in (plot_loss, plot_restarts):
        plot(model).figure.draw_without_rendering()


def test_missing_entries_are_dark():
    X = np.ones((4, 3, 5))
    X[1, 2] = np.nan
    by_neuron, by_time = plot_missing(X)
    image = by_neuron.images[0].get_array()
    assert image[1, 2] == 0
    assert image.sum() == 100 * 11
    assert_allclose(by_time.images[0].get_array()[1], 100 * 2 / 3)


def test_missing_needs_two_axes(labelled_model):
    with pytest.raises(ValueError, match="axes: expected two axes"):
        plot_missing(np.ones((2, 2, 2)), axes=[plot_loss(labelled_model)])
