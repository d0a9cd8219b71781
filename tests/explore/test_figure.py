"""`explore` of every kind of model: its panels, its tables, its words, and what it refuses."""

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError

import trialtensor as tt
from tests.other_kinds import BLOCKS, MeanNMF, data, models
from trialtensor.explore import explore
from trialtensor.explore.entities import entities_of
from trialtensor.explore.panels import panels_of
from trialtensor.explore.text import plain
from trialtensor.models import FitRecord, Fitted, Named, TrialEstimator
from trialtensor.models.parts import make_components
from trialtensor.plotting.columns import columns


def panels(model, **options):
    shown = columns(model.fitted_)
    entities = entities_of(model.fitted_, shown, None)
    return panels_of(model.fitted_, shown, entities, **{"restarts": True, **options})


def test_panels_have_the_parts_of_their_components():
    model = models()["TCA"]
    neuron, time, trial = panels(model)
    assert [each.title for each in (neuron, time, trial)] == [
        "Neuron factors",
        "Time factors",
        "Trial factors",
    ]
    assert neuron.values[1] == pytest.approx(model.neuron_factors_[:, 1])
    assert len(trial.restarts) == 1 and len(trial.restarts[0]) == 2
    assert panels(model, restarts=False)[0].restarts == []


def test_loadings_stand_before_their_slices_by_family():
    found = panels(models()["SliceTCA"])
    assert [each.family for each in found] == [0, 0, 1, 1, 2, 2]
    assert [each.is_image for each in found] == [False, True] * 3
    assert found[1].title == "Trial slices (neurons down)"


def test_components_say_where_else_they_are():
    found = {each.title: each.notes for each in panels(models()["CoupledTCA"])}
    assert sorted(found["cortex: neuron factors"]) == ["", "", "only in cerebellum"]
    assert found["Trial factors"] == ["", "", ""]


def test_factors_by_block_are_an_image():
    image, *_ = panels(models()["Parafac2"])
    assert image.is_image and image.rows is None
    assert image.values[0].shape == (len(set(BLOCKS)), 10)


def test_large_slices_are_pooled():
    rng = np.random.default_rng(0)
    X = rng.random((300, 400, 150)).astype(np.float32)
    model = tt.SliceTCA((0, 0, 3), n_init=1, max_iter=2, random_state=0)
    with pytest.warns(UserWarning):
        model.fit(X)
    image = next(each for each in panels(model) if each.is_image)
    assert image.values[0].size <= 1_200_000 / 3
    assert image.values[0].mean() == pytest.approx(model.time_slices_[0].mean(), rel=1e-6)


def test_every_label_can_be_chosen():
    figure = explore(models("labelled")["TCA"], color_by=np.arange(24) % 2)
    about = figure.layout.tags[1]
    labels = {
        each["axis"]: [label["name"] for label in each["labels"]]
        for each in about["entities"].values()
    }
    assert labels == {"neuron": ["site"], "time": [], "trial": ["label", "phase", "day"]}


def test_tables_have_the_numbers():
    model = models("labelled")["TCA"]
    tables = dict(explore(model).tables)
    assert list(tables) == ["Components", "Neuron factors", "Time factors", "Trial factors"]
    factors = tables["Neuron factors"]
    assert factors["component 2"].to_numpy() == pytest.approx(model.neuron_factors_[:, 1])
    assert factors["site"].tolist() == ["cortex"] * 6 + ["cerebellum"] * 4
    assert tables["Time factors"].index[0] == pytest.approx(-0.2)


def test_words():
    figure = explore(models()["SliceTCA"])
    assert figure.title == "SliceTCA with 3 components"
    assert "trial loadings" in figure.alt and "3 components" in figure.alt
    assert explore(models()["TCA"], title="Mine").title == "Mine"


def test_mean_activity_has_the_unit_of_the_data():
    X = data("labelled").assign_attrs(units="spikes/s")
    plots = explore(models("labelled")["TCA"], X).layout.children[0].children
    assert [plot.yaxis[0].axis_label for plot in plots] == ["spikes/s"] * 2
    assert [plot.xaxis[0].axis_label for plot in plots] == ["time (s)"] * 2


def test_method_of_every_model():
    figure = models("labelled")["TCA"].explore(data("labelled"), color_by="phase")
    assert set(figure.layout.tags[1]["means"]) == {"neuron (10)", "trial (24)"}


def test_without_data_only_the_model_is_averaged():
    means = explore(models()["TCA"]).layout.tags[1]["means"]["neuron (10)"]
    assert means["data"] is None and means["model"] is not None
    # A bin is described from the bins before it: without data, nothing can be said.
    assert explore(models()["TrialVaryingDynamics"]).layout.tags[1]["means"] == {}


def test_neurons_of_a_block_have_no_mean_over_all():
    X = [np.random.default_rng(i).random((4, n, 6)) for i, n in enumerate((5, 7))]
    figure = tt.Parafac2(1, n_init=1, random_state=0).fit(X).explore(X)
    assert [key.split()[0] for key in figure.layout.tags[1]["means"]] == ["trial"]


def test_most_components_are_hidden_at_first():
    factors = [np.random.default_rng(0).random((n, 25)) for n in (9, 8, 7)]
    about = explore(tt.from_tensorly((None, factors))).layout.tags[1]
    assert about["hidden"] == [20, 21, 22, 23, 24]


def test_after_batches_only_the_latest_trials():
    model = tt.TCA(2, n_init=1, random_state=0)
    model.partial_fit(data()[:14])
    model.partial_fit(data()[14:])
    about = explore(model).layout.tags[1]
    trial = next(each for each in about["entities"].values() if each["axis"] == "trial")
    assert trial["n"] == 10 and trial["title"] == "trial of the last batch"


def test_bad_arguments():
    model = models()["TCA"]
    with pytest.raises(ValueError, match="model: expected a fitted model, got"):
        explore(3)
    with pytest.raises(NotFittedError):
        explore(tt.TCA(2))
    with pytest.raises(ValueError, match="color_by: no trial coordinate is called 'mood'"):
        explore(model, color_by="mood")
    with pytest.raises(ValueError, match="restarts: expected"):
        explore(model, restarts="all")
    with pytest.raises(ValueError, match="X: expected the data of the fit"):
        explore(model, data()[:, :4])


def test_a_kind_of_a_third_party():
    about = explore(MeanNMF(2).fit(data()), data()).layout.tags[1]
    assert [each["axis"] for each in about["entities"].values()] == ["neuron", "trial"]


def test_restarts_that_keep_nothing_have_no_tabs():
    about = explore(models()["TCA"]).layout.tags[1]
    assert len(about["restarts"]) == 2
    assert explore(models()["TCA"], restarts=False).layout.tags[1]["restarts"] == []
    slices = explore(models()["SliceTCA"]).layout.tags[1]
    kept = [panel for panel in slices["panels"] if panel["restarts"]]
    assert bool(kept) == bool(slices["restarts"])
    assert not any(panel["image"] for panel in kept)


class Cubes(TrialEstimator):
    """Components that are one part of three axes."""

    def fit(self, X, y=None, mask=None):
        arrays = {
            "cube_factors": Named(("trial", "neuron", "time", "component"), X[..., None]),
            "weights": Named(("component",), np.ones(1)),
        }
        about = {"record": FitRecord.given(), "data": {"shape": X.shape}, "coords": {}}
        self._store(Fitted("Cubes", arrays, make_components(arrays), **about))
        return self


def test_nothing_to_draw():
    model = Cubes().fit(np.ones((2, 3, 4)))
    with pytest.raises(ValueError, match="components of Cubes have no part of one or two axes"):
        model.explore()


def test_no_text_is_a_formula():
    assert plain("a $b$ c") == "a $b$ c"
    assert "$$" not in plain("$$$") and "\\(" not in plain("\\(x\\)")
    assert plain("$$x").replace("\u2060", "") == "$$x"
