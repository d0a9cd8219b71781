"""Figures of every kind of model."""

import numpy as np
import pytest
from matplotlib.figure import Figure
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.exceptions import NotFittedError

import trialtensor as tt
from tests.changed_models import changed
from tests.other_kinds import BLOCKS, DATA, OPTIONS, PHASES, SITES, MeanNMF, data, models
from trialtensor.plotting import factor_grid, plot_factors, plot_loss, plot_restarts, plot_slices

# Columns of plot_factors; a loading and a slice are two.
N_COLUMNS = {"TCA": 3, "SliceTCA": 2, "Parafac2": 3, "CoupledTCA": 5, "TrialVaryingDynamics": 3}
N_ROWS = {"SliceTCA": 3, "CoupledTCA": 3}


@pytest.fixture(scope="module")
def fitted():
    return models("labelled")


@pytest.fixture(scope="module")
def sessions():
    made = tt.make_parafac2(n_trials=8, n_neurons=(7, 9, 6, 8), snr=3.0, random_state=0)
    return tt.Parafac2(2, **OPTIONS).fit(dict(zip("abcd", made.X, strict=True)))


def bars(ax):
    return np.array([path.vertices[1, 1] for path in ax.collections[0].get_paths()])


def points(ax):
    return np.ma.filled(ax.collections[-1].get_offsets()[:, 1], np.nan)


def line(ax):
    return np.ma.filled(ax.lines[-1].get_ydata(), np.nan)


def image(ax):
    return np.ma.filled(ax.images[0].get_array(), np.nan)


def titles(axes):
    return [ax.get_title(loc="left").strip() for ax in axes[0]]


def words(ax):
    return [text.get_text() for text in ax.texts]


@pytest.mark.parametrize("kind", DATA)
def test_every_kind_has_every_figure(kind):
    for name, model in models(kind).items():
        axes = plot_factors(model)
        assert axes.shape == (N_ROWS.get(name, 2), N_COLUMNS[name]), name
        axes[0, 0].figure.draw_without_rendering()
        for plot in (plot_loss, plot_restarts):
            plot(model).figure.draw_without_rendering()
        if name == "SliceTCA":
            assert plot_slices(model).shape == (3, 2)
        else:
            with pytest.raises(ValueError, match=f"^model: .*{name} .*use plot_factors"):
                plot_slices(model)
            restarts = plot_factors(model, restarts=True)
            restarts[0, 0].figure.draw_without_rendering()


def test_blocks_are_an_image_and_the_rest_is_as_in_tca(fitted):
    model = fitted["Parafac2"]
    axes = plot_factors(model, color_by="phase", label_means=True, group_neurons_by=None)
    axes[0, 0].figure.draw_without_rendering()
    assert titles(axes) == ["Neuron factors by block", "Time factors", "Trial factors",
                            "Mean, 95 % interval"]  # fmt: skip
    for r in range(2):
        assert_array_equal(image(axes[r, 0]), model.neuron_factors_[:, :, r])
        assert_allclose(line(axes[r, 1]), model.time_factors_[:, r])
        assert_allclose(points(axes[r, 2]), model.trial_factors_[:, r])
    assert [text.get_text() for text in axes[0, 0].get_yticklabels()] == [
        "Mon",
        "Tue",
        "Wed",
        "Thu",
    ]


def test_blocks_of_other_neurons_end_in_grey(sessions):
    axes = plot_factors(sessions)
    drawn = image(axes[1, 0])
    assert drawn.shape == (4, 9)
    for b, n in enumerate((7, 9, 6, 8)):
        assert_array_equal(drawn[b, :n], sessions.neuron_factors_[b, :n, 1])
        assert np.isnan(drawn[b, n:]).all()
    assert axes[-1, 0].get_xlabel() == "neuron of the block"


def test_time_factors_by_block():
    X = [
        each[:n].T
        for each, n in zip(np.asarray(data()).transpose(0, 2, 1), range(9, 33), strict=True)
    ]
    model = tt.Parafac2(2, varying="time", **OPTIONS).fit(X)
    axes = plot_factors(model)
    assert titles(axes) == ["Neuron factors", "Time factors by block", "Trial factors"]
    assert image(axes[0, 1]).shape == (24, 15)
    assert np.isnan(image(axes[0, 1])[0, 9:]).all()


def test_datasets_have_columns_of_their_own(fitted):
    model = fitted["CoupledTCA"]
    axes = plot_factors(model, color_by="phase")
    axes[0, 0].figure.draw_without_rendering()
    assert titles(axes) == [
        "cortex: neuron factors", "cortex: time factors", "cerebellum: neuron factors",
        "cerebellum: time factors", "Trial factors",
    ]  # fmt: skip
    for i, name in enumerate(("cortex", "cerebellum")):
        assert_allclose(bars(axes[0, 2 * i]), model.neuron_factors_[name][:, 0])
        assert_allclose(line(axes[0, 2 * i + 1]), model.time_factors_[name][:, 0])
        assert words(axes[0, 2 * i]) == [f"{100 * model.shares_[i, 0]:.0f} % of it is here"]
    assert_allclose(points(axes[2, 4]), model.trial_factors_[:, 2])
    # Components 2 and 3 are private to the first and the second dataset.
    assert words(axes[1, 2]) == words(axes[1, 3]) == ["only in cortex"]
    assert words(axes[2, 0]) == ["only in cerebellum"] and not axes[2, 0].collections
    assert words(axes[1, 0]) == ["100 % of it is here"]


def test_some_of_the_datasets(fitted):
    model = fitted["CoupledTCA"]
    axes = plot_factors(model, datasets=["cerebellum"])
    assert titles(axes)[0] == "cerebellum: neuron factors" and axes.shape == (3, 3)
    given = factor_grid(3, model=model, datasets=["cerebellum"], figure=Figure())
    assert plot_factors(model, datasets=["cerebellum"], axes=given)[0, 0] is given[0, 0]
    with pytest.raises(ValueError, match=r"datasets: expected some of .*CoupledTCA, got \['M1'\]"):
        plot_factors(model, datasets=["M1"])
    with pytest.raises(ValueError, match=r"datasets: .*TCA"):
        plot_factors(fitted["TCA"], datasets=["M1"])


def test_trials_of_each_dataset_are_colored_alike():
    X = np.asarray(data())
    model = tt.CoupledTCA(2, shared="time", **OPTIONS).fit({"rat A": X[:10], "rat B": X[10:]})
    labels = {"rat A": PHASES[:10], "rat B": np.r_[PHASES[12:], PHASES[:2]]}
    axes = plot_factors(model, color_by=labels)
    assert titles(axes) == [
        "rat A: neuron factors", "rat A: trial factors",
        "rat B: neuron factors", "rat B: trial factors", "Time factors",
    ]  # fmt: skip
    assert_allclose(points(axes[0, 3]), model.trial_factors_["rat B"][:, 0])
    colors = [axes[0, i].collections[-1].get_facecolors() for i in (1, 3)]
    assert_allclose(colors[0][0], colors[1][-1])  # early in both
    assert not np.allclose(colors[0][0], colors[1][0])
    with pytest.raises(ValueError, match=r"label_means: .*CoupledTCA"):
        plot_factors(model, color_by=labels, label_means=True)
    with pytest.raises(ValueError, match="color_by: expected 14 labels for 'rat B'"):
        plot_factors(model, color_by={"rat A": PHASES[:10], "rat B": PHASES[:10]})


def test_labels_by_dataset_where_trials_are_the_same(fitted):
    with pytest.raises(ValueError, match="color_by: all trials of this TCA are the same"):
        plot_factors(fitted["TCA"], color_by={"a": PHASES})


def test_dynamics_drive_and_read(fitted):
    model = fitted["TrialVaryingDynamics"]
    axes = plot_factors(model, group_neurons_by=None)
    assert titles(axes) == ["Drives (output)", "Reads (input)", "Trial factors"]
    assert_allclose(bars(axes[1, 0]), model.output_factors_[:, 1])
    assert_allclose(bars(axes[1, 1]), model.input_factors_[:, 1])
    assert_allclose(points(axes[1, 2]), model.trial_factors_[:, 1])


def test_components_of_slices_are_drawn_as_slices(fitted):
    model = fitted["SliceTCA"]
    assert_array_equal(image(plot_factors(model)[1, 1]), image(plot_slices(model)[1, 1]))
    for option in ("restarts", "label_means"):
        with pytest.raises(ValueError, match=f"{option}: not for SliceTCA.*plot_slices"):
            plot_factors(model, color_by="phase", **{option: True})


def test_restarts_of_datasets_have_their_scale_and_signs(fitted):
    for name in ("CoupledTCA", "TrialVaryingDynamics", "Parafac2"):
        model = fitted[name]
        best = model.restarts_[0]
        # What the best restart found, once more: it must lie on the model itself.
        axes = plot_factors(changed(model, record={"restarts": [best, best]}), restarts=True)
        trials = axes[0, -1].collections
        drawn, faint = points(axes[0, -1]), np.ma.filled(trials[0].get_offsets()[:, 1], np.nan)
        assert_allclose(faint, drawn, atol=0.02 * np.abs(drawn).max(), err_msg=name)
    model = fitted["CoupledTCA"]
    twice = changed(model, record={"restarts": [model.restarts_[0]] * 2})
    lines = plot_factors(twice, restarts=True)[0, 1].lines
    assert_allclose(lines[-2].get_ydata(), lines[-1].get_ydata(), atol=0.02)


def test_after_further_batches_the_latest_trials_are_shown():
    X = np.asarray(data())
    model = tt.TCA(2, n_init=3, random_state=0).partial_fit(X[:16]).partial_fit(X[16:])
    axes = plot_factors(model, restarts=True, color_by=PHASES[16:])
    axes[0, 0].figure.draw_without_rendering()
    assert titles(axes)[2] == "Trial factors (latest 8 of 24 trials)"
    assert_allclose(points(axes[0, 2]), model.trial_factors_[:, 0])
    assert len(axes[0, 1].lines) == len(plot_factors(model)[0, 1].lines) + 2
    with pytest.raises(ValueError, match=r"color_by: .* array of 8 labels"):
        plot_factors(model, color_by=PHASES)


def test_a_component_without_activity_says_so(fitted):
    for name, n_empty in (("TCA", 3), ("Parafac2", 3), ("TrialVaryingDynamics", 3)):
        model = fitted[name]
        weights = np.array(model.weights_)
        weights[1] = 0
        axes = plot_factors(changed(model, weights=weights))
        assert [words(ax) for ax in axes[1]] == [["no activity"]] * n_empty
        assert not axes[1, 0].images


def test_a_kind_of_a_third_party_appears_with_the_parts_that_it_has():
    model = MeanNMF(2).fit(np.abs(data()))
    axes = plot_factors(model, color_by=PHASES, label_means=True, restarts=True)
    assert titles(axes) == ["Neuron factors", "Trial factors", "Mean, 95 % interval"]
    assert_allclose(bars(axes[1, 0]), model.fitted_["neuron_factors"][:, 1])
    assert_allclose(points(axes[1, 1]), model.fitted_["trial_factors"][:, 1])
    assert plot_restarts(model).get_title(loc="left") == "1 restart"
    plot_loss(model)


@pytest.mark.parametrize("plot", [plot_factors, plot_slices, plot_loss, plot_restarts])
def test_what_is_no_fitted_model(plot):
    with pytest.raises(NotFittedError):
        plot(tt.Parafac2(2))
    with pytest.raises(ValueError, match=r"^model: expected a fitted model, got int"):
        plot(3)


@pytest.mark.parametrize("name", ["Parafac2", "CoupledTCA", "TrialVaryingDynamics"])
def test_nothing_sticks_out_of_the_figure(fitted, name):
    axes = plot_factors(fitted[name], color_by="day", max_components=2)
    figure = axes[0, 0].figure
    figure.draw_without_rendering()
    box = figure.get_tightbbox()
    width, height = figure.get_size_inches()
    assert min(box.x0, box.y0, width - box.x1, height - box.y1) > -0.02
    assert len(BLOCKS) == 24 and len(SITES) == 10
