"""Every figure: saved in one line, drawn into given axes, nothing over anything else."""

import numpy as np
import pytest
from matplotlib import pyplot
from matplotlib.figure import Figure

from tests.plotting.geometry import legends_over_panels, outside, overlapping_texts
from tests.plotting.results import FIGURES
from trialtensor import plotting
from trialtensor.plotting.saving import figure_of


@pytest.mark.parametrize("name", FIGURES)
def test_nothing_overlaps_and_what_is_returned_can_be_saved(name):
    draw, shape = FIGURES[name]
    drawn = draw(None)
    assert np.shape(drawn) == shape
    figure = np.ravel(np.asarray(drawn, dtype=object))[0].figure
    figure.draw_without_rendering()
    assert overlapping_texts(figure) == []
    assert legends_over_panels(figure) == []
    assert outside(figure) == []
    assert figure_of(drawn) is figure


@pytest.mark.parametrize("name", FIGURES)
def test_axes_are_taken_and_pyplot_left_alone(name):
    draw, shape = FIGURES[name]
    rows = (shape or (1,))[0]
    figure = Figure(figsize=(9, 3.5 * rows), layout="constrained")
    given = figure.subplots(*(shape or (1,)), squeeze=False).reshape(shape or (1,))
    before = pyplot.get_fignums()
    drawn = np.asarray(draw(given if shape else given[0]), dtype=object)
    assert (np.ravel(drawn) == np.ravel(given)).all()
    assert all(ax.has_data() or ax.texts for ax in np.ravel(given))
    assert pyplot.get_fignums() == before


@pytest.mark.parametrize("name", [name for name, (_, shape) in FIGURES.items() if shape])
def test_another_number_of_axes_is_refused(name):
    draw, _ = FIGURES[name]
    with pytest.raises(ValueError, match=r"^axes: expected"):
        draw(Figure().subplots(1, 7))


def test_every_function_is_drawn_here():
    twice = {"one rate", "factors of datasets"}
    own = {f"plot_{name}".replace(" ", "_") for name in {*FIGURES} - twice}
    assert own == {name for name in plotting.__all__ if name.startswith("plot_")}
