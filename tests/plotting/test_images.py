import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest
from numpy.testing import assert_allclose

from trialtensor.plotting.colors import NO_LABEL, diverging_colormap, positive_colormap
from trialtensor.plotting.images import MAX_CELLS, color_limit, draw_slice
from trialtensor.plotting.positions import (
    AxisPositions,
    neuron_positions,
    side_by_side,
    sorted_inside_groups,
    time_positions,
)


def bare(n):
    return AxisPositions(np.arange(n), np.arange(float(n)), "cell")


def test_an_outlier_does_not_whiten_the_rest():
    values = np.random.default_rng(0).normal(size=(50, 50))
    calm = color_limit(values)
    values[3, 3] = 1000
    assert color_limit(values) == pytest.approx(calm, rel=0.6)
    ax = plt.figure().subplots()
    draw_slice(ax, values, bare(50), bare(50))
    ax.figure.draw_without_rendering()
    bar = ax.child_axes[0]
    assert bar._colorbar.extend == "both"


def test_a_slice_of_one_size_shows_all_of_it():
    assert color_limit(np.array([[-2.0, 2.0], [2.0, np.nan]])) == 2.0
    assert color_limit(np.array([[0.0, 0.0, 0.0, np.nan]])) == 1.0
    mostly_zero = np.zeros((100, 100))
    mostly_zero[0, 0] = 5.0
    assert color_limit(mostly_zero) == 5.0


@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (7, 1), (MAX_CELLS + 1, 3), (3, 2000)])
def test_slices_of_any_size(shape):
    values = np.random.default_rng(0).normal(size=shape)
    ax = plt.figure().subplots()
    picture = draw_slice(ax, values, bare(shape[0]), bare(shape[1]), positive=True)
    ax.figure.draw_without_rendering()
    left, right, last, first = picture.get_extent()
    assert (right - left, last - first) == (shape[1], shape[0])


def test_a_slice_without_any_value():
    ax = plt.figure().subplots()
    draw_slice(ax, np.full((3, 4), np.nan), bare(3), bare(4))
    ax.figure.draw_without_rendering()


def test_crowded_rows_are_averaged_where_they_are_there():
    values = np.tile([1.0, 3.0], MAX_CELLS)[:, None] * np.ones(3)
    values[:8] = np.nan
    values[1::2, 2] = np.nan
    ax = plt.figure().subplots()
    drawn = draw_slice(ax, values, bare(2 * MAX_CELLS), bare(3)).get_array()
    assert drawn.shape == (MAX_CELLS // 2, 3)
    assert drawn.mask[:2].all() and not drawn.mask[2:].any()
    assert_allclose(drawn[2:].mean(axis=0), [2, 2, 1])


def test_red_and_blue_stay_apart_without_red_green_vision():
    # Machado, Oliveira & Fernandes (2009), severity 1, on linear RGB.
    deuteranopia = np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    )
    rgb = diverging_colormap()(np.linspace(0, 1, 101))[:, :3]
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    seen = np.clip(linear @ deuteranopia.T, 0, 1)
    blueness = np.cbrt(seen[:, 2]) - np.cbrt(seen[:, 0])
    assert (blueness[:40] > 0.05).all()
    assert (blueness[60:] < -0.05).all()


def test_grey_is_no_color_of_a_value():
    grey = np.array(matplotlib.colors.to_rgb(NO_LABEL))
    colors = diverging_colormap()(np.linspace(0, 1, 256))[:, :3]
    assert np.abs(colors - grey).max(axis=1).min() > 0.05


def test_values_above_zero_have_one_color_in_both_maps():
    up = np.linspace(0, 1, 50)
    assert_allclose(positive_colormap()(up), diverging_colormap()((1 + up) / 2), atol=0.02)


def test_neurons_move_inside_their_group_and_take_their_names_along():
    names = np.array(["a", "b", "c", "d"])
    place = neuron_positions({"neuron": ("neuron", names)}, 4)
    moved = sorted_inside_groups(place, np.array([3.0, np.nan, 1.0, 2.0]), "peak")
    assert moved.order.tolist() == [2, 3, 0, 1]
    assert moved.tick_labels == ("c", "d", "a", "b")
    assert moved.label == "neuron, sorted by peak"


def test_edges_of_groups_move_with_the_cells():
    area = {"area": ("neuron", np.repeat(["V1", "V2", "V4"], [3, 2, 4]))}
    cells = side_by_side(neuron_positions(area, 9))
    assert cells.positions.tolist() == list(range(9))
    assert_allclose(cells.edges, [2.5, 4.5])
    assert_allclose(cells.ticks, [1, 3.5, 6.5])


def test_even_times_stay_and_uneven_ones_are_named():
    even = time_positions({"time": ("time", np.linspace(0, 1, 11))}, 11)
    assert side_by_side(even) is even
    uneven = time_positions({"time": ("time", np.geomspace(1, 1024, 11))}, 11)
    cells = side_by_side(uneven)
    assert cells.tick_labels[0] == "1" and cells.tick_labels[-1] == "1024"
    assert cells.ticks[-1] == 10


def test_falling_times_keep_their_order():
    place = AxisPositions(np.arange(3), np.array([2.0, 1.0, 0.0]), "lag")
    assert side_by_side(place).tick_labels == ("2", "1", "0")
