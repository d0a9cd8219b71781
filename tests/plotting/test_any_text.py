"""Any text of the user's is drawn and written as it is: no formulas, no HTML, nothing left out."""

from __future__ import annotations

import numpy as np
import pytest
import xarray
from matplotlib import pyplot, rcParams
from matplotlib.text import Text

from trialtensor import TCA, CoupledTCA, Parafac2, SliceTCA, TrialVaryingDynamics
from trialtensor.data import make_tca
from trialtensor.plotting import plot_factors, plot_slices, plot_tracking
from trialtensor.plotting.labels import as_drawn, shorten
from trialtensor.report import write_report, write_tracking_report
from trialtensor.tracking import track

N = 48
WORDS = (r"a$x_1^2$", "_under", r"$\frac{$", "<b>&$1$")
LABEL, AREA, NUMBER, DIRECTION = "$la_bel$", "$area^2$", "$n$", "$d$_deg"
DATA = xarray.DataArray(
    make_tca(N, 8, 10, 2, snr=3.0, random_state=0).X,
    dims=("trial", "neuron", "time"),
    coords={
        LABEL: ("trial", np.repeat(WORDS, N // 4)),
        NUMBER: ("trial", np.linspace(0, 1, N)),
        DIRECTION: ("trial", 45.0 * (np.arange(N) % 8)),
        AREA: ("neuron", np.repeat(WORDS, 2)),
        "neuron": [f"$n_{i}$" for i in range(8)],
        "$time$": ("time", np.arange(10.0)),
    },
)


def fitted(kind):
    options = {"n_init": 2, "tol": 1e-2, "random_state": 0}
    if kind is Parafac2:
        return Parafac2(2, **options).fit(DATA, blocks=LABEL)
    if kind is CoupledTCA:
        return CoupledTCA(2, groups=AREA, **options).fit(DATA)
    return kind((1, 1, 0) if kind is SliceTCA else 2, **options).fit(DATA)


def drawn(axes):
    """Return all texts of a figure as they are seen; none may be read as a formula."""
    figure = axes.ravel()[0].figure
    figure.canvas.draw()
    found = []
    for text in figure.findobj(Text):
        seen, is_formula = text._preprocess_math(text.get_text())
        assert not is_formula, text.get_text()
        found.append(seen)
    pyplot.close(figure)
    return found


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", [TCA, SliceTCA, Parafac2, CoupledTCA, TrialVaryingDynamics])
def test_components(kind, tmp_path):
    model = fitted(kind)
    seen = drawn(plot_factors(model, color_by=LABEL))
    assert {LABEL, *WORDS} <= set(seen)
    drawn(plot_factors(model, color_by=NUMBER, order_trials_by=LABEL))
    drawn(plot_factors(model, color_by=DIRECTION, restarts=kind is TCA))
    source = "a$b$<i>c.nc"
    page = write_report(
        model, tmp_path / "$p$.html", color_by=LABEL, source=source, static=True
    ).read_text()
    assert "<i>c.nc" not in page
    assert "<b>&" not in page
    assert "\\$" not in page


def test_slices():
    model = fitted(SliceTCA)
    assert {LABEL, *WORDS} <= set(drawn(plot_slices(model, color_by=LABEL)))
    seen = drawn(plot_slices(model, order_trials_by=LABEL, group_neurons_by=AREA))
    assert any(AREA in text for text in seen)


def test_tracking(tmp_path):
    followed = track(DATA.values[:, 0, 0], labels=DATA[LABEL].values)
    assert set(WORDS) <= set(drawn(plot_tracking(followed)))
    page = write_tracking_report(
        followed, tmp_path / "a.html", source="$b$<i>", static=True
    ).read_text()
    assert "<b>&" not in page
    assert "&lt;b&gt;&amp;$1$" in page
    assert "<i>" not in page


def test_names_of_components_and_datasets_of_other_packages():
    from dataclasses import replace

    model = fitted(TCA)
    renamed = [
        replace(each, name=f"component $x_{r}$") for r, each in enumerate(model.fitted_.components)
    ]
    model.fitted_ = replace(model.fitted_, components=tuple(renamed))
    assert any(text.startswith("$x_0$") for text in drawn(plot_factors(model)))


def test_text_is_left_alone_where_no_formulas_are_read():
    assert as_drawn("$a$") == r"\$a\$"
    assert shorten("b$" * 20, 5).replace(r"\$", "$") == "b$…b$"[:5]
    with pyplot.rc_context({"text.parse_math": False}):
        assert not rcParams["text.parse_math"]
        assert as_drawn("$a$") == "$a$"
