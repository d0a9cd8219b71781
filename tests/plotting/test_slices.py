import warnings

import numpy as np
import pytest
from matplotlib.figure import Figure
from numpy.testing import assert_allclose, assert_array_equal

from tests.changed_models import changed
from trialtensor.data import make_slicetca
from trialtensor.models import SliceTCA
from trialtensor.plotting import plot_slices, slice_grid
from trialtensor.plotting.colors import NO_LABEL
from trialtensor.plotting.images import color_limit
from trialtensor.plotting.slices import slicing_types


def render(axes):
    axes.flat[0].figure.draw_without_rendering()


def image(ax):
    return np.ma.filled(ax.images[0].get_array(), np.nan)


def texts(labels):
    return [text.get_text() for text in labels]


def peak_order(model):
    """Neurons of M1, then of PMd, each by its peak in the first trial slice, the unseen last."""
    size = np.abs(model.trial_slices_[0])
    peak = np.where(np.isnan(size[:, 0]), 99, np.nan_to_num(size).argmax(axis=1))
    return np.concatenate(
        [g[np.argsort(peak[g], kind="stable")] for g in np.arange(12).reshape(6, 2).T]
    )


@pytest.fixture
def dead(sliced_model):
    """The last neuron-slicing component is zero."""
    weights, slices = sliced_model.weights_.copy(), sliced_model.neuron_slices_.copy()
    weights[4] = 0
    slices[2] = 0
    return changed(sliced_model, weights=weights, neuron_slices=slices)


def test_rows_come_by_type_and_are_named(sliced_model):
    axes = plot_slices(sliced_model)
    render(axes)
    assert axes.shape == (6, 2)
    names = [ax.get_ylabel().split("\n") for ax in axes[:, 0]]
    assert [name[0] for name in names] == [
        "trial 1", "trial 2", "neuron 1", "neuron 2", "neuron 3", "time 1",
    ]  # fmt: skip
    unique = sliced_model.explained_variance_unique_
    assert [name[1] for name in names] == [f"{100 * share:.1f} %" for share in unique]
    of_type = sliced_model.type_explained_variance_unique_
    titles = [ax.get_title(loc="left") for ax in axes[[0, 2, 5], 0]]
    assert titles == [
        f"{axis}-slicing: {100 * share:.1f} % unique to the type"
        for axis, share in zip(("Trial", "Neuron", "Time"), of_type, strict=True)
    ]
    assert axes[1, 0].get_title(loc="left") == ""


def test_images_are_the_slices_in_one_order(sliced_model):
    axes = plot_slices(sliced_model)
    order = peak_order(sliced_model)
    assert_array_equal(image(axes[1, 1]), sliced_model.trial_slices_[1][order])
    assert_array_equal(image(axes[3, 1]), sliced_model.neuron_slices_[1])
    assert_array_equal(image(axes[5, 1]), sliced_model.time_slices_[0][:, order])


def test_loadings_stand_beside_their_slices(sliced_model):
    axes = plot_slices(sliced_model)
    points = np.ma.filled(axes[0, 0].collections[-1].get_offsets()[:, 1], np.nan)
    assert_allclose(points, sliced_model.trial_loadings_[:, 0])
    bars = [path.vertices[1, 1] for path in axes[4, 0].collections[0].get_paths()]
    expected = sliced_model.neuron_loadings_[peak_order(sliced_model), 2]
    assert_allclose(bars, expected[np.isfinite(expected)])
    assert_allclose(axes[5, 0].lines[-1].get_ydata(), sliced_model.time_loadings_[:, 0])


def test_recorded_order_of_neurons(sliced_model):
    axes = plot_slices(sliced_model, sort_neurons=None, group_neurons_by=None)
    assert_array_equal(image(axes[0, 1]), sliced_model.trial_slices_[0])
    assert axes[4, 0].get_xlabel() == "neuron"


def test_what_was_not_seen_is_grey(sliced_model):
    from matplotlib.colors import to_rgba

    axes = plot_slices(sliced_model, sort_neurons=None, group_neurons_by=None)
    picture = axes[5, 1].images[0]
    colors = picture.cmap(picture.norm(picture.get_array()))
    assert_allclose(colors[3], np.tile(to_rgba(NO_LABEL), (12, 1)))
    assert_allclose(colors[:, 5], np.tile(to_rgba(NO_LABEL), (40, 1)))
    assert not np.isclose(colors[4, 4], to_rgba(NO_LABEL)).all()


def test_colors_meet_in_white_at_zero(sliced_model):
    axes = plot_slices(sliced_model)
    for ax, each in zip(axes[:2, 1], sliced_model.trial_slices_, strict=True):
        picture = ax.images[0]
        top = color_limit(each)
        assert picture.get_clim() == (-top, top)
        assert min(picture.cmap(picture.norm(0.0))) > 0.95
        bar = ax.child_axes[0]
        assert_allclose(bar.get_ylim(), (-top, top))


def test_nonnegative_slices_begin_at_zero():
    X = np.abs(make_slicetca(20, 8, 9, (1, 1, 0), random_state=0).X)
    model = SliceTCA((1, 1, 0), nonnegative=True, n_init=1, random_state=0).fit(X)
    axes = plot_slices(model)
    render(axes)
    assert axes.shape == (2, 2)
    assert axes[0, 1].images[0].get_clim() == (0, color_limit(model.trial_slices_[0]))


def test_axes_are_named_from_the_coordinates(sliced_model):
    axes = plot_slices(sliced_model)
    assert axes[1, 1].get_xlabel() == "time (s)"
    assert axes[4, 0].get_xlabel() == "neuron, by area and peak"
    assert axes[5, 1].get_xlabel() == "neuron, by area and peak"
    assert axes[0, 1].get_ylabel().startswith("neuron")
    assert axes[2, 1].get_ylabel() == "trial"
    left, right, last, first = axes[2, 1].images[0].get_extent()
    assert_allclose((left, right, first, last), (-0.225, 0.525, -0.5, 39.5))
    assert texts(axes[0, 1].get_yticklabels()) == ["M1", "PMd"]


def test_trials_sorted_by_a_label(sliced_model):
    axes = plot_slices(sliced_model, color_by="direction_deg", order_trials_by="direction_deg")
    render(axes)
    order = np.argsort(np.arange(40) % 8, kind="stable")
    assert_array_equal(image(axes[2, 1]), sliced_model.neuron_slices_[0][order])
    strip = axes[2, 1].child_axes[-1].images[0].get_array()
    assert strip.shape == (40, 1, 4)
    assert [len(np.unique(part, axis=0)) for part in strip[:, 0].reshape(8, 5, 4)] == [1] * 8
    points = axes[0, 0].collections[-1].get_facecolors()
    assert_allclose(strip[:, 0], points)
    assert texts(axes[2, 1].get_yticklabels())[1] == "45°"


def test_only_slices_with_trials_have_the_strip(sliced_model):
    axes = plot_slices(sliced_model, color_by="phase")
    assert [len(ax.child_axes) for ax in axes[1:, 1]] == [1, 2, 2, 2, 2]
    plain = plot_slices(sliced_model)
    assert [len(ax.child_axes) for ax in plain[:, 1]] == [1] * 6


def test_a_dead_component_says_so(dead):
    axes = plot_slices(dead)
    render(axes)
    assert not axes[4, 1].images
    for ax in axes[4]:
        assert texts(ax.texts) == ["no activity"]
    # The axes are named where something is drawn.
    assert axes[3, 0].get_xlabel() == "neuron, by area and peak"
    assert axes[4, 0].get_xlabel() == ""


def test_rules_stand_between_types(sliced_model):
    axes = plot_slices(sliced_model)
    render(axes)
    figure = axes[0, 0].figure
    lines = [artist for artist in figure.get_children() if type(artist).__name__ == "Line2D"]
    assert len(lines) == 2
    for line, row in zip(lines, (2, 5), strict=True):
        height = line.get_window_extent().y0
        above, below = axes[row - 1, 0], axes[row, 0]
        title = below.title if below.title.get_text() else below._left_title
        assert title.get_window_extent().y1 < height < above.get_tightbbox().y0 + 1


def test_only_the_largest_of_each_type(sliced_model):
    axes = plot_slices(sliced_model, max_components=2)
    assert axes.shape == (5, 2)
    assert "(2 of 3 shown)" in axes[2, 0].get_title(loc="left")
    assert_array_equal(image(axes[3, 1]), sliced_model.neuron_slices_[1])
    assert_array_equal(image(axes[4, 1]).shape, (40, 12))


def test_types_know_their_place_in_the_weights(sliced_model):
    types = slicing_types(sliced_model)
    assert [each.axis for each in types] == ["trial", "neuron", "time"]
    for each in types:
        assert_allclose(np.sqrt(np.nansum(each.slices**2, axis=(1, 2))), each.weights)
    assert_array_equal(np.concatenate([each.weights for each in types]), sliced_model.weights_)
    few = slicing_types(sliced_model, 1)
    assert_array_equal([each.weights[0] for each in few], sliced_model.weights_[[0, 2, 5]])


@pytest.mark.parametrize("counts", [(1, 0, 0), (0, 2, 0), (0, 0, 1), (0, 1, 1)])
def test_types_that_are_absent_take_no_room(counts):
    X = make_slicetca(20, 8, 9, counts, random_state=0).X
    axes = plot_slices(SliceTCA(counts, n_init=1, random_state=0).fit(X), color_by=np.arange(20.0))
    render(axes)
    assert axes.shape == (sum(counts), 2)


def test_given_axes_are_used_and_pyplot_is_left_alone(sliced_model):
    import matplotlib.pyplot as plt

    axes = slice_grid(6, figure=Figure())
    assert plot_slices(sliced_model, axes=axes, color_by="phase")[0, 0] is axes[0, 0]
    assert plt.get_fignums() == []


def test_axes_of_a_subfigure(sliced_model):
    figure = Figure(figsize=(14, 12), layout="constrained")
    left, _ = figure.subfigures(1, 2)
    plot_slices(sliced_model, axes=left.subplots(6, 2), color_by="phase")
    figure.draw_without_rendering()
    assert figure.get_layout_engine().get()["rect"] == (0, 0, 1, 1)


@pytest.mark.parametrize("color_by", ["direction_deg", "phase", None])
def test_nothing_sticks_out_of_the_figure(sliced_model, color_by):
    figure = plot_slices(sliced_model, color_by=color_by, order_trials_by=color_by)[0, 0].figure
    figure.draw_without_rendering()
    box = figure.get_tightbbox()
    width, height = figure.get_size_inches()
    assert min(box.x0, box.y0, width - box.x1, height - box.y1) > -0.02


@pytest.mark.parametrize("color_by", ["direction_deg", "phase", "values"])
def test_the_key_stands_clear_of_the_color_bar(sliced_model, color_by):
    label = np.arange(40.0) if color_by == "values" else color_by
    axes = plot_slices(sliced_model, color_by=label)
    render(axes)
    first = axes[0, 1]
    key = first.get_legend() if color_by == "phase" else first.child_axes[-1]
    bar = first.child_axes[0]
    assert key.get_tightbbox().x0 > bar.get_tightbbox().x1


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"color_by": "area"}, "color_by: no trial coordinate is called 'area'"),
        ({"order_trials_by": [1, 2]}, "order_trials_by: .* array of 40 labels"),
        ({"sort_neurons": "name"}, "sort_neurons: expected 'peak' or None, got 'name'"),
        ({"group_neurons_by": "depth"}, "group_neurons_by: no neuron coordinate is called 'depth'"),
        ({"max_components": 0}, "max_components: expected an integer of at least 1, got 0"),
        ({"axes": slice_grid(3, figure=Figure())}, r"axes: .* shape \(6, 2\), got shape \(3, 2\)"),
    ],
)
def test_wrong_arguments(sliced_model, options, words):
    with pytest.raises(ValueError, match=words):
        plot_slices(sliced_model, **options)


def test_a_model_without_fit():
    from sklearn.exceptions import NotFittedError

    with pytest.raises(NotFittedError):
        plot_slices(SliceTCA((1, 1, 1)))


def test_directions_can_be_seen_in_a_recording(shared_data):
    with np.load(shared_data / "reach_bci_counts.npz") as file:
        X, direction = np.sqrt(file["counts"].astype(float)), file["direction_deg"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = SliceTCA((1, 3, 1), n_init=1, random_state=0).fit(X)
    axes = plot_slices(model, order_trials_by=direction)
    late = image(axes[2, 1])[:, -4:].mean(axis=1)
    groups = np.split(late, np.cumsum(np.unique(direction, return_counts=True)[1])[:-1])
    between = np.var([group.mean() for group in groups])
    assert between > np.mean([group.var() for group in groups])


def test_bins_are_counted_in_whole_numbers():
    X = make_slicetca(8, 5, 20, (1, 0, 1), random_state=0).X
    axes = plot_slices(SliceTCA((1, 0, 1), n_init=1, random_state=0).fit(X))
    render(axes)
    for ax in axes.ravel():
        ticks = [float(text.replace("−", "-")) for text in texts(ax.get_xticklabels()) if text]
        assert ticks == np.round(ticks).tolist()
