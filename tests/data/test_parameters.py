"""Whole numbers, numbers and choices that no array could be made from are refused by name."""

import numpy as np
import pytest

import trialtensor as tt
from trialtensor import tracking
from trialtensor.data.parameters import SEEDS, check_number, check_whole

X = tt.make_tca(40, 8, 10, 2, snr=3.0, random_state=0).X
Y = np.random.default_rng(0).normal(size=60)
EARLY = np.arange(40) < 20
HUGE = 10**30
CALLS = {
    "n_init": lambda v: tt.TCA(2, n_init=v).fit(X),
    "max_iter": lambda v: tt.SliceTCA((1, 0, 0), max_iter=v).fit(X),
    "n_components": lambda v: tt.CoupledTCA(v).fit({"a": X[:, :4], "b": X[:, 4:]}),
    "n_private": lambda v: tt.CoupledTCA(1, n_private=v).fit({"a": X[:, :4], "b": X[:, 4:]}),
    "max_transitions": lambda v: tracking.change_points(Y, max_transitions=v),
    "n_null": lambda v: tracking.relate(Y, Y, n_null=v),
    "n_bootstrap": lambda v: tracking.relate(Y, Y, n_bootstrap=v),
    "n_units": lambda v: tracking.pattern_change(X, EARLY, ~EARLY, n_units=v),
    "n_permutations": lambda v: tt.component_test(tt.TCA(1), X, n_permutations=v),
    "n_trials": lambda v: tt.make_tca(v, 5, 5, 1),
}
CHOICES = {
    "solver": lambda v: tt.TCA(2, solver=v).fit(X),
    "gauge": lambda v: tt.SliceTCA((1, 0, 0), gauge=v).fit(X),
    "varying": lambda v: tt.Parafac2(2, varying=v).fit([X, X]),
    "shared": lambda v: tt.CoupledTCA(1, shared=v).fit({"a": X[:, :4], "b": X[:, 4:]}),
    "null": lambda v: tt.component_test(tt.TCA(1), X, null=v),
    "dtype": lambda v: tt.make_tca(6, 5, 4, 1, dtype=v),
    "splits": lambda v: tt.CrossValidatedSearch(tt.TCA(1), [1], splits=v).fit(X),
}
FLAGS = {
    "restarts": lambda m, v: tt.plot_factors(m, restarts=v),
    "label_means": lambda m, v: tt.plot_factors(m, label_means=v),
    "group_neurons_by": lambda m, v: tt.plot_factors(m, group_neurons_by=v),
    "datasets": lambda m, v: tt.plot_factors(m, datasets=v),
}


@pytest.mark.parametrize("name", CALLS)
def test_whole_numbers_beyond_all_arrays_are_named(name):
    with pytest.raises(ValueError, match=f"^{name}: expected an integer from .*, got {HUGE}"):
        CALLS[name](HUGE)


@pytest.mark.parametrize("name", CHOICES)
@pytest.mark.parametrize("given", [np.array([1, 2]), "nothing"], ids=["array", "text"])
def test_choices_that_there_are_not(name, given):
    with pytest.raises(ValueError, match=f"^{name}: expected"):
        CHOICES[name](given)


@pytest.mark.parametrize("name", FLAGS)
def test_arguments_of_figures(name):
    model = tt.TCA(1, n_init=1, random_state=0).fit(X)
    with pytest.raises(ValueError, match=f"^{name}: expected"):
        FLAGS[name](model, 2.5)


def test_seeds_may_be_larger():
    assert check_whole("seed", 2**100, 0, SEEDS) == 2**100
    first, second = (tt.make_tca(6, 5, 4, 1, random_state=2**100).X for _ in range(2))
    assert np.array_equal(first, second)


def test_numbers_that_are_whole_and_large():
    assert check_number("x", HUGE) == 1e30
    with pytest.raises(ValueError, match=r"^x: "):
        check_number("x", 10**400)
    with pytest.raises(ValueError, match=r"^x: "):
        check_number("x", 10**400, infinite=True)
    assert np.isfinite(tt.make_tca(6, 5, 4, 1, snr=HUGE).X).all()
    wide = [tracking.smooth_curve(Y, bandwidth=width).value for width in (1e6, HUGE)]
    # Both are the straight line of least squares.
    line = np.polyval(np.polyfit(np.arange(60), Y, 1), np.arange(60))
    assert np.allclose(wide, line)


@pytest.mark.parametrize(
    "function",
    [tracking.change_points, tracking.smooth_curve, tracking.learning_curve],
    ids=["change_points", "smooth_curve", "learning_curve"],
)
@pytest.mark.parametrize("shape", [(0,), (0, 1), (60, 0)])
def test_series_of_nothing(function, shape):
    with pytest.raises(ValueError, match=r"^values: expected at least"):
        function(np.empty(shape))


def test_trials_by_slices():
    by_mask = tracking.template_alignment(X, EARLY, ~EARLY)
    by_slice = tracking.template_alignment(X, slice(20), slice(20, None))
    assert np.array_equal(by_mask.shift, by_slice.shift)
    with pytest.raises(ValueError, match=r"^early: expected several trials, got 3"):
        tracking.template_alignment(X, 3, ~EARLY)
