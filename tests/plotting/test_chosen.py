"""A subset of components, in any order, in any style; and files of figures."""

import numpy as np
import pytest
from matplotlib import pyplot
from matplotlib.figure import Figure
from numpy.testing import assert_allclose

from tests.other_kinds import MeanNMF, data, models
from trialtensor.plotting import (
    factor_grid,
    plot_blocks,
    plot_dynamics,
    plot_factors,
    plot_loss,
    plot_shares,
    plot_slices,
    plot_tracking,
    save_figure,
    slice_grid,
)
from trialtensor.plotting.saving import figure_of
from trialtensor.tracking import track

STYLES = {"neuron": "line", "time": "scatter", "trial": "bar"}


@pytest.fixture(scope="module")
def fitted():
    return models("labelled")


def names(axes):
    return [ax.get_ylabel().split("\n")[0] for ax in axes[:, 0]]


def points(ax):
    return np.ma.filled(ax.collections[-1].get_offsets()[:, 1], np.nan)


def bars(ax):
    return [path.vertices[:, 1][np.argmax(np.abs(path.vertices[:, 1]))]
            for path in ax.collections[0].get_paths()]  # fmt: skip


@pytest.mark.parametrize("kind", ["TCA", "Parafac2", "TrialVaryingDynamics", "CoupledTCA"])
def test_components_come_in_the_order_asked_for(fitted, kind):
    model = fitted[kind]
    axes = plot_factors(model, components=[1, "component 1"])
    assert names(axes) == ["2", "1"]
    for row, r in zip(axes, (1, 0), strict=True):
        assert_allclose(points(row[-1]), model.trial_factors_[:, r])
    last = len(model.fitted_.components)
    assert names(plot_factors(model, components=-1)) == [str(last)]


def test_components_of_types_stay_together(fitted):
    axes = plot_slices(fitted["SliceTCA"], components=["time 1", 0])
    assert names(axes) == ["time 1", "trial 1"]
    assert_allclose(points(axes[1, 0]), fitted["SliceTCA"].trial_loadings_[:, 0])
    assert names(plot_factors(fitted["SliceTCA"], components=["neuron 1"])) == ["neuron 1"]
    # The order of neurons is that of the whole figure, whatever is drawn of it.
    whole = plot_slices(fitted["SliceTCA"])
    one = plot_slices(fitted["SliceTCA"], components=["neuron 1"])
    assert_allclose(bars(one[0, 0]), bars(whole[1, 0]))


@pytest.mark.parametrize(
    "given, message",
    [
        ([2], "numbers from 0 to 1 or names among 'component 1', 'component 2', got 2"),
        (["3"], "got '3'"),
        ([], "at least one of 2, got none"),
        ([0, "1"], "each once"),
        ([0.5], "got 0.5"),
    ],
)
def test_components_that_are_not_there(fitted, given, message):
    with pytest.raises(ValueError, match=f"^components: expected .*{message}"):
        plot_factors(fitted["TCA"], components=given)


def test_styles_by_axis(fitted):
    model = fitted["TCA"]
    axes = plot_factors(model, components=[1], styles=STYLES, group_neurons_by=None)[0]
    assert_allclose(axes[0].lines[-1].get_ydata(), model.neuron_factors_[:, 1])
    assert_allclose(points(axes[1]), model.time_factors_[:, 1])
    assert_allclose(bars(axes[2]), model.trial_factors_[:, 1])
    colored = plot_factors(model, color_by="phase", styles={"trial": "bar"})[0, 2].collections[0]
    assert len(np.unique(colored.get_facecolors(), axis=0)) == 2
    line = plot_factors(model, color_by="phase", styles={"trial": "line"})[0, 2]
    assert_allclose(line.lines[-1].get_ydata(), points(line))
    image = plot_factors(model, styles={"trial": "image"})[0, 2].images[0]
    assert_allclose(np.ma.filled(image.get_array())[0], model.trial_factors_[:, 0])


@pytest.mark.parametrize("style", ["line", "image"])
def test_every_kind_has_every_style(fitted, style):
    own = MeanNMF().fit(np.abs(np.asarray(data())))
    for model in (*fitted.values(), own):
        styles = dict.fromkeys(model.fitted_.axes, style)
        axes = plot_factors(model, components=[0], styles=styles)
        assert names(axes)[0] == model.fitted_.components[0].label
        axes[0, 0].figure.draw_without_rendering()
        pyplot.close("all")


@pytest.mark.parametrize(
    "options, message",
    [
        ({"styles": {"trials": "bar"}}, "axes among trial, neuron, time, got 'trials'"),
        ({"styles": {"trial": "pie"}}, "one of bar, line, scatter, image, got 'pie'"),
        ({"styles": "bar"}, "a dict of axis to style, got 'bar'"),
        ({"styles": {"trial": "image"}, "color_by": "phase"}, "leave one of them out"),
    ],
)
def test_styles_that_do_not_exist(fitted, options, message):
    for kind in ("TCA", "SliceTCA"):
        with pytest.raises(ValueError, match=f"^styles: .*{message}"):
            plot_factors(fitted[kind], **options)


def test_a_value_between_two_gaps_is_seen_on_a_line(fitted):
    from trialtensor.plotting.positions import time_positions
    from trialtensor.plotting.vectors import draw_vector

    ax = Figure().subplots()
    values = np.array([np.nan, 1.0, np.nan, 2.0, 3.0])
    draw_vector(ax, time_positions({}, 5), values, style="line")
    assert ax.lines[-1].get_markevery() == [1] and ax.lines[-1].get_marker() == "o"


def test_parts_of_one_figure(fitted, tmp_path):
    figure = Figure(figsize=(14, 8), layout="constrained")
    left, right = figure.subfigures(1, 2)
    first = factor_grid(2, figure=left)
    second = slice_grid(3, figure=right)
    before = pyplot.get_fignums()
    plot_factors(fitted["TCA"], axes=first, color_by="day")
    plot_slices(fitted["SliceTCA"], axes=second)
    assert figure.get_size_inches().tolist() == [14, 8]
    assert pyplot.get_fignums() == before
    assert all(figure_of(each) is figure for each in (first, second, first[0, 0], right, figure))
    text = save_figure(first, tmp_path / "both.svg").read_text()
    assert "Neuron factors" in text and "Time-slicing" in text  # text stays text


def test_files_of_figures(fitted, tmp_path):
    drawn = plot_loss(fitted["TCA"])
    assert save_figure(drawn, tmp_path / "loss").name == "loss.png"
    # Fonts as outlines of type 42 (TrueType), which editors take for text; by default type 3.
    assert b"/CIDFontType2" in save_figure(drawn, tmp_path / "loss.pdf").read_bytes()
    with pytest.raises(ValueError, match=r"no figure ends in \.doc"):
        save_figure(drawn, tmp_path / "loss.doc")
    for wrong in (fitted["TCA"], [], None, np.zeros(2)):
        with pytest.raises(ValueError, match=r"^drawn: expected what a plot function returns"):
            save_figure(wrong, tmp_path / "a.png")


def test_models_without_what_is_drawn(fitted):
    with pytest.raises(ValueError, match="model: factors of this TCA are the same in all blocks"):
        plot_blocks(fitted["TCA"])
    with pytest.raises(ValueError, match="model: Parafac2 has no shares by dataset"):
        plot_shares(fitted["Parafac2"])
    with pytest.raises(ValueError, match="model: TCA has no eigenvalues by trial"):
        plot_dynamics(fitted["TCA"])


def test_series_and_units_of_tracking(fitted):
    found = track(fitted["TCA"])
    axes = plot_tracking(found, series=["component 2"], units={"component 2": "Hz"})
    assert [ax.get_ylabel() for ax in axes] == ["component 2\n(Hz)"]
    own = [ax.get_ylabel() for ax in plot_tracking(found, series=[1, 0])]
    assert own == ["component 2\n(units of the data)", "component 1\n(units of the data)"]
    with pytest.raises(ValueError, match=r"^series: expected .*got 'speed'"):
        plot_tracking(found, series=["speed"])
    with pytest.raises(ValueError, match=r"^units: expected series among"):
        plot_tracking(found, units={"speed": "cm/s"})
