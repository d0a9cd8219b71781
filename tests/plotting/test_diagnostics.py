import dataclasses

import numpy as np
import pytest
from numpy.testing import assert_allclose

from tests.changed_models import changed
from trialtensor import from_tensorly
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


def test_restarts_left_on_the_core_are_said(labelled_model):
    def names(model):
        return [text.get_text() for text in plot_restarts(model).get_legend().get_texts()]

    assert not any("core" in name for name in names(labelled_model))
    restarts = labelled_model.restarts_
    left = [restarts[0], *(dataclasses.replace(each, on_full_data=False) for each in restarts[1:])]
    assert "converged, some on the core" in names(
        changed(labelled_model, record={"restarts": left})
    )


def test_other_restarts_know_only_the_first_batch():
    X = make_tca(30, 8, 9, 2, snr=5.0, random_state=0).X
    model = TCA(2, n_init=3, random_state=0).partial_fit(X[:20]).partial_fit(X[20:])
    ax = plot_restarts(model)
    assert "converged on the first trials" in [t.get_text() for t in ax.get_legend().get_texts()]
    assert [text.get_text() for text in plot_loss(model).texts] == ["only the last loss is known"]
    alone = TCA(2, n_init=1, random_state=0).partial_fit(X[:20]).partial_fit(X[20:])
    assert plot_restarts(alone).get_title(loc="left") == "1 restart"


def test_factors_that_were_given_have_no_fit_to_plot():
    factors = make_tca(30, 8, 9, 2, random_state=0)
    model = from_tensorly((np.ones(2), factors.factors))
    for plot, what in ((plot_loss, "loss"), (plot_restarts, "restarts")):
        with pytest.raises(ValueError, match=f"this TCA were given.* no {what} to plot"):
            plot(model)


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
    with pytest.raises(ValueError, match="axes: expected 2, neurons and times"):
        plot_missing(np.ones((2, 2, 2)), axes=[plot_loss(labelled_model)])
