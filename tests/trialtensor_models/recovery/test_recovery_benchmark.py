"""The benchmark of recovery: honest about chance, and about what fails."""

import json

import numpy as np
import pytest
from matplotlib.figure import Figure

from trialtensor_models import TwoStateModel
from trialtensor_models.analysis import make_exact
from trialtensor_models.recovery import METHODS, PROBLEMS, Problem, Unfolded, recovery_benchmark
from trialtensor_models.recovery.problems import packaged_problems
from trialtensor_models.recovery.text import SHOWN


class Oracle:
    """Knows the truth, up to a rotation."""

    def __init__(self, exact):
        self.curves = np.column_stack([exact.fast, exact.slow])

    def fit(self, X):
        assert X.shape == (154, 80, 40)
        return self

    def transform(self, X):
        return self.curves @ [[1.0, 2.0], [-1.0, 1.0]] + 3


class Broken:
    def fit(self, X):
        raise RuntimeError("no luck\nat all")


class Silent:
    """Fits, and has nothing to show."""

    def fit(self, X):
        X[:] = 0  # nobody else's data


class TooShort(Oracle):
    def transform(self, X):
        return self.curves[:9]


@pytest.fixture(scope="module")
def found():
    (problem,) = packaged_problems(["exact CP"])
    own = {"oracle": Oracle(problem.truth), "short": TooShort(problem.truth)}
    own |= {"broken": Broken(), "silent": Silent()}
    only = ["TCA", "PCA", "NMF", "drift (control)"]
    return recovery_benchmark(own, problems=[problem], only=only, n_components=3, n_shuffles=99)


def scores(found, method):
    return {e.score: e for e in found.entries if e.method == method and not e.remark}


def test_who_knows_the_truth_scores_1_and_chance_is_chance(found):
    oracle, drift = scores(found, "oracle"), scores(found, "drift (control)")
    for name in ("fast", "slow"):
        assert oracle[name].value == pytest.approx(1) and oracle[name].p_value == 0.01
        assert drift[name].p_value > 0.05
    # Who says nothing of neurons isn't given patterns by what the data have in common with it.
    assert set(drift) == set(oracle) == {"fast", "slow", "fast, one factor", "slow, one factor"}


def test_our_models_are_scored_in_their_own_form(found):
    # Only three matrices of factors can be matched with the planted ones.
    assert scores(found, "TCA")["factors"].value > 0.95
    assert "factors" not in scores(found, "PCA")
    assert set(SHOWN) <= set(scores(found, "NMF"))


def test_what_fails_is_named_and_not_fatal(found):
    remarks = {entry.method: entry.remark for entry in found.entries if entry.remark}
    assert remarks == {
        "broken": "failed: RuntimeError: no luck",
        "silent": "failed: ValueError: it has neither trial_factors_, trial_loadings_ nor "
        "transform",
        "short": "failed: ValueError: transform: expected (154, n_components), got shape (9, 2)",
    }
    assert "  broken" in repr(found) and "no luck" in repr(found)


def test_one_table_one_figure_and_json(found):
    assert list(found.table.columns[:3]) == ["method", "problem", "score"]
    rows = json.loads(json.dumps(found.as_rows(), allow_nan=False))
    assert len(rows) == len(found.table) == len(found.entries)
    figure = found.plot()
    names = [text.get_text() for text in figure.axes[0].get_yticklabels()]
    assert names == list(dict.fromkeys(entry.method for entry in found.entries))
    part = Figure(figsize=(12, 8), layout="constrained").subfigures(2, 1)[0]
    assert found.plot(figure=part) is part and len(part.axes) == len(figure.axes)
    part.figure.draw_without_rendering()


def test_methods_that_are_not_installed_are_said(monkeypatch):
    monkeypatch.setattr("trialtensor_models.recovery.methods.find_spec", lambda name: None)
    (problem,) = packaged_problems(["exact CP"])
    found = recovery_benchmark(problems=[problem], only=["slicetca", "tensortools"])
    assert [entry.remark for entry in found.entries] == [
        "not installed: pip install slicetca",
        "not installed: pip install tensortools",
    ]


@pytest.mark.parametrize("name", [name for name, each in METHODS.items() if each.needs])
def test_other_packages_where_they_are(name):
    pytest.importorskip(METHODS[name].needs, reason="the extra 'bench' is not installed")
    from trialtensor_models import Schedule

    trace = TwoStateModel().simulate(Schedule().baseline(5).rotate(30, 40).rotate(-30, 6).clamp(20))
    small = make_exact(trace, n_neurons={"cortex": 6, "cerebellum": 6}, n_times=8, random_state=0)
    problem = Problem("small", small.activity, small)
    found = recovery_benchmark(problems=[problem], only=[name], n_components=4, n_shuffles=9)
    assert {entry.score for entry in found.entries} >= set(SHOWN)


def test_matrices_are_unfolded_and_raised():
    class Seen:
        def fit(self, matrix):
            self.matrix = matrix
            return self

        def transform(self, matrix):
            return matrix[:, :2]

    X = np.arange(24.0).reshape(2, 3, 4) - 12
    model = Unfolded(Seen(), nonnegative=True).fit(X)
    assert model.estimator.matrix.shape == (2, 12) and model.estimator.matrix.min() == 0
    assert not hasattr(model, "trial_slices_")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"only": ["TCAA"]}, "only: expected some of 'TCA', 'SliceTCA'"),
        ({"problems": ["exact CP", "x"]}, "problems: expected some of 'network, one target'"),
        ({"problems": "exact CP"}, "problems: expected a list of names"),
        ({"methods": [1]}, "methods: expected objects by name, got list"),
        ({"methods": {"PCA": 1}}, "methods: 'PCA' is a method of the package"),
        ({"n_components": 0}, "n_components: expected an integer of at least 1"),
        ({"n_shuffles": 0}, "n_shuffles: expected an integer"),
    ],
)
def test_bad_input_before_any_work(monkeypatch, options, message):
    for name in PROBLEMS:
        monkeypatch.setitem(PROBLEMS, name, lambda: pytest.fail("made"))
    with pytest.raises(ValueError, match=message):
        recovery_benchmark(**options)
