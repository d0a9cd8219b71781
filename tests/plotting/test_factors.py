import warnings

import numpy as np
import pytest
from matplotlib.figure import Figure
from numpy.testing import assert_allclose

from trialtensor.data import make_tca
from trialtensor.models import TCA
from trialtensor.plotting import factor_grid, plot_factors
from trialtensor.plotting.keys import MAX_ENTRIES
from trialtensor.plotting.positions import neuron_positions


def render(axes):
    axes.flat[0].figure.draw_without_rendering()


def points(ax):
    return ax.collections[-1].get_offsets()


def test_trial_points_are_the_factors_with_gaps(labelled_model):
    axes = plot_factors(labelled_model)
    render(axes)
    assert axes.shape == (2, 3)
    for r in range(2):
        y = np.ma.filled(points(axes[r, 2])[:, 1], np.nan)
        assert_allclose(y, labelled_model.trial_factors_[:, r])
    assert np.isnan(y[3])


def test_neuron_bars_are_grouped_and_the_missing_one_is_absent(labelled_model):
    axes = plot_factors(labelled_model)
    paths = axes[0, 0].collections[0].get_paths()
    heights = np.array([path.vertices[1, 1] for path in paths])
    order = np.r_[0:12:2, 1:12:2]
    expected = labelled_model.neuron_factors_[order, 0]
    assert_allclose(heights, expected[np.isfinite(expected)])
    assert [text.get_text() for text in axes[-1, 0].get_xticklabels()] == ["M1", "PMd"]


def test_axes_are_named_from_the_coordinates(labelled_model):
    axes = plot_factors(labelled_model, color_by="phase", label_means=True)
    names = [ax.get_xlabel() for ax in axes[-1]]
    assert names == ["neuron, by area", "time (s)", "trial", "phase"]
    assert_allclose(axes[0, 1].lines[-1].get_xdata(), np.linspace(-0.2, 0.5, 15))


def test_directions_get_eight_colors_and_a_compass(labelled_model):
    axes = plot_factors(labelled_model, color_by="direction_deg")
    colors = axes[0, 2].collections[-1].get_facecolors()
    assert len(np.unique(colors, axis=0)) == 8
    compass = axes[0, 2].child_axes[0]
    texts = [text.get_text() for text in compass.texts]
    assert texts[:8] == ["0°", "45°", "90°", "135°", "180°", "225°", "270°", "315°"]


def test_key_lies_beside_the_panels_and_inside_the_figure(labelled_model):
    axes = plot_factors(labelled_model, color_by="direction_deg", label_means=True)
    render(axes)
    key = axes[0, 3].child_axes[0].get_position()
    assert key.x0 > axes[0, 3].get_position().x1
    assert key.x1 <= 1.001


def test_label_means_are_means(labelled_model):
    axes = plot_factors(labelled_model, color_by="phase", label_means=True)
    mean = axes[0, 3].lines[0].get_ydata()[0]
    assert mean == pytest.approx(np.nanmean(labelled_model.trial_factors_[:20, 0]))


def test_trials_sorted_by_label_keep_their_colors(labelled_model):
    axes = plot_factors(labelled_model, color_by="direction_deg", order_trials_by="direction_deg")
    y = np.ma.filled(points(axes[0, 2])[:, 1], np.nan)
    order = np.argsort(np.arange(40) % 8, kind="stable")
    assert_allclose(y, labelled_model.trial_factors_[order, 0])
    colors = axes[0, 2].collections[-1].get_facecolors()
    assert len(np.unique(colors[:5], axis=0)) == 1
    assert [text.get_text() for text in axes[-1, 2].get_xticklabels()][1] == "45°"


def test_restarts_are_overlaid(labelled_model):
    without, overlaid = (
        plot_factors(labelled_model, restarts=flag)[0, 1] for flag in (False, True)
    )
    assert len(overlaid.lines) == len(without.lines) + len(labelled_model.restarts_) - 1


def test_given_axes_are_used_and_pyplot_is_left_alone(labelled_model):
    import matplotlib.pyplot as plt

    axes = factor_grid(1, figure=Figure())
    assert plot_factors(labelled_model, axes=axes, max_components=1, color_by="phase") is not None
    assert axes[0, 2].collections
    assert plt.get_fignums() == []


@pytest.mark.parametrize("label", ["direction_deg", "phase", "values"])
def test_axes_of_a_subfigure(labelled_model, label):
    figure = Figure(figsize=(12, 6), layout="constrained")
    left, _ = figure.subfigures(1, 2)
    axes = left.subplots(2, 3)
    color_by = np.arange(40.0) if label == "values" else label
    plot_factors(labelled_model, color_by=color_by, axes=axes)
    figure.draw_without_rendering()
    assert figure.get_layout_engine().get()["rect"] == (0, 0, 1, 1)


def test_wrong_axes(labelled_model):
    with pytest.raises(ValueError, match=r"axes: .* shape \(2, 3\), got shape \(3, 3\)"):
        plot_factors(labelled_model, axes=factor_grid(3, figure=Figure()))


def test_means_need_a_label(labelled_model):
    with pytest.raises(ValueError, match="label_means: needs color_by"):
        plot_factors(labelled_model, label_means=True)


def test_unknown_neuron_group(labelled_model):
    with pytest.raises(
        ValueError, match=r"group_neurons_by: .*'depth'; neuron coordinates: 'area'"
    ):
        plot_factors(labelled_model, group_neurons_by="depth")


@pytest.mark.parametrize(("n_components", "n_neurons"), [(1, 3), (6, 600), (15, 20)])
def test_bare_arrays_of_any_size(n_components, n_neurons):
    X = make_tca(30, n_neurons, 12, min(n_components, 3), snr=2.0, random_state=0).X
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = TCA(n_components, n_init=1, max_iter=15, random_state=0).fit(X)
    axes = plot_factors(model, color_by=np.arange(30.0), label_means=True)
    render(axes)
    assert axes.shape == (n_components, 4)
    assert axes[-1, 1].get_xlabel() == "time bin"
    assert len(axes[0, 0].collections[0].get_paths()) == n_neurons


def test_many_categories_make_a_short_legend(labelled_model):
    axes = plot_factors(labelled_model, color_by=np.array([f"session {i}" for i in range(40)]))
    assert len(axes[0, 2].get_legend().get_texts()) == MAX_ENTRIES
    assert "14 of 40 shown" in axes[0, 2].get_legend().get_title().get_text()


def test_dates_as_trial_labels(labelled_model):
    days = np.datetime64("2026-01-01") + np.arange(40)
    axes = plot_factors(labelled_model, color_by=days, label_means=True)
    render(axes)
    bar = axes[0, 3].child_axes[0]
    assert bar.get_yticklabels()[0].get_text() == "2026-01-01"
    assert axes[-1, 3].get_xticklabels()[-1].get_text() == "2026-02-09"


def test_nothing_sticks_out_of_the_figure(labelled_model):
    names = np.array(["a very long condition name", "another very long name"] * 20)
    axes = plot_factors(labelled_model, color_by=names, label_means=True, max_components=1)
    figure = axes[0, 0].figure
    figure.draw_without_rendering()
    box = figure.get_tightbbox()
    width, height = figure.get_size_inches()
    assert min(box.x0, box.y0, width - box.x1, height - box.y1) > -0.02


def test_neurons_with_dates_or_long_names_are_labelled():
    names = np.array([f"a_very_long_neuron_name_{i}" for i in range(5)])
    place = neuron_positions({"neuron": ("neuron", names)}, 5)
    assert [text[-2:] for text in place.tick_labels] == [f"_{i}" for i in range(5)]
    dates = np.datetime64("2026-01-01") + np.arange(5)
    assert neuron_positions({"neuron": ("neuron", dates)}, 5).tick_labels[0] == "2026-01-01"


def test_eight_reach_directions_can_be_seen(shared_data):
    with np.load(shared_data / "reach_bci_counts.npz") as file:
        X, direction = np.sqrt(file["counts"].astype(float)), file["direction_deg"]
    model = TCA(6, nonnegative=True, n_init=2, random_state=0).fit(X)

    class Named(np.ndarray):
        name = "direction_deg"

    axes = plot_factors(model, color_by=direction.view(Named), label_means=True)
    means = np.array(
        [[bar.get_ydata()[0] for bar in ax.lines if len(bar.get_xdata()) == 1] for ax in axes[:, 3]]
    )
    assert means.shape == (6, 8)
    tuned = means.max(axis=1) > 3 * means.min(axis=1)
    assert tuned.sum() >= 4
