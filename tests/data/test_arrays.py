"""Sparse matrices and object arrays are named as such, everywhere arrays come in."""

import numpy as np
import pytest
import scipy.sparse
import xarray

import trialtensor as tt
from trialtensor import tracking
from trialtensor.data import as_trial_tensor, check_trial_tensor, transform_values
from trialtensor.data.arrays import as_floats, exponent_of, scaled
from trialtensor.selection import CrossValidatedSearch, factor_match_score, permute_trials
from trialtensor_models import TwoStateModel, analysis

RNG = np.random.default_rng(0)
Y = RNG.normal(size=60)
A = RNG.normal(size=(60, 2))
X = tt.make_tca(60, 8, 10, 2, snr=3.0, random_state=0).X
E, L = np.arange(20), np.arange(40, 60)
MODEL = tt.TCA(2, n_init=1, random_state=0).fit(X)


class Coordinates:
    """As pydata's sparse arrays: any number of axes, and no conversion unless asked for."""

    def __init__(self, values):
        self._values, self.shape, self.ndim = values, values.shape, values.ndim
        self.nnz, self.dtype = np.count_nonzero(values), values.dtype

    def __len__(self):
        return len(self._values)

    def todense(self):
        return self._values

    def __array__(self, *_, **__):
        raise RuntimeError("Cannot convert a sparse array to dense automatically")


CALLS = {
    "change_points": lambda f: tracking.change_points(f(Y)),
    "smooth_curve": lambda f: tracking.smooth_curve(f(Y)),
    "learning_curve": lambda f: tracking.learning_curve(f(Y)),
    "block_contrasts": lambda f: tracking.block_contrasts(f(Y), np.repeat(["a", "b"], 30)),
    "relate": lambda f: tracking.relate(Y, f(Y)),
    "two_rate_fit": lambda f: tracking.two_rate_fit(f(Y), np.ones(60)),
    "one_rate_fit": lambda f: tracking.one_rate_fit(Y, f(np.ones(60))),
    "rebound": lambda f: tracking.rebound(f(Y), Y),
    "track": lambda f: tracking.track(f(A)),
    "track_behaviour": lambda f: tracking.track(A, behaviour=f(Y)),
    "track_perturbation": lambda f: tracking.track(A, perturbation=f(Y)),
    "pattern_change": lambda f: tracking.pattern_change(f(X), E, L),
    "pattern_courses": lambda f: tracking.pattern_change(X, E, L, components=f(A[:10])),
    "subspace_drift": lambda f: tracking.subspace_drift(f(X)),
    "template_alignment": lambda f: tracking.template_alignment(f(X), E, L),
    "trial_similarity": lambda f: tracking.trial_similarity(f(X), n_windows=5),
    "fit": lambda f: tt.TCA(2).fit(f(X)),
    "fit_slices": lambda f: tt.SliceTCA((1, 1, 1)).fit(f(X)),
    "fit_blocks": lambda f: tt.Parafac2(2).fit([X, f(X)]),
    "fit_datasets": lambda f: tt.CoupledTCA(2).fit({"a": X, "b": f(X)}),
    "fit_dynamics": lambda f: tt.TrialVaryingDynamics(2).fit(f(X)),
    "partial_fit": lambda f: tt.TCA(2).partial_fit(f(X)),
    "mask": lambda f: tt.TCA(2).fit(X, mask=f(X > 0)),
    "init": lambda f: tt.TCA(2, init=(f(A), np.ones((8, 2)), np.ones((10, 2)))).fit(X),
    "transform": lambda f: MODEL.transform(f(X)),
    "inverse_transform": lambda f: MODEL.inverse_transform(f(A)),
    "score": lambda f: MODEL.score(f(X)),
    "transform_values": lambda f: transform_values(f(X), "zscore"),
    "as_trial_tensor": lambda f: as_trial_tensor(f(X)),
    "search": lambda f: CrossValidatedSearch(MODEL, [1]).fit(f(X)),
    "permute_trials": lambda f: permute_trials(f(X), RNG),
    "factor_match_score": lambda f: factor_match_score((f(A), A), (A, A)),
    "from_tensorly": lambda f: tt.from_tensorly((None, [f(A), A, A])),
    "learning_score": lambda f: analysis.learning_score(f(A), Y),
    "one_factor_scores": lambda f: analysis.one_factor_scores(A, f(A)),
    "factor_score": lambda f: analysis.factor_score((A, f(A), A), (A, A, A)),
    "subspace_score": lambda f: analysis.subspace_score(f(A), A),
    "region_score": lambda f: analysis.region_score(f(Y), Y > 0),
    "compare": lambda f: analysis.compare(X, f(X)),
    "simulate": lambda f: TwoStateModel().simulate(f(Y)),
}


def _as_objects(values):
    objects = np.array(values, dtype=object)
    objects.flat[3] = "x"
    return objects


@pytest.mark.parametrize("name", CALLS)
def test_sparse_data_is_named_and_the_way_to_an_array(name):
    with pytest.raises(ValueError, match=r"is a sparse matrix \(Coordinates\).*\.todense\(\)"):
        CALLS[name](Coordinates)


@pytest.mark.parametrize("make", [scipy.sparse.csr_matrix, scipy.sparse.coo_array])
def test_sparse_series_of_scipy(make):
    with pytest.raises(ValueError, match=r"^model: is a sparse matrix .*; pass model\.toarray\(\)"):
        tracking.track(make(A))


@pytest.mark.parametrize("name", [name for name in CALLS if name != "mask"])
def test_objects_are_named(name):
    with pytest.raises(ValueError, match=r"object array|got dtype object"):
        CALLS[name](_as_objects)


def test_numbers_that_came_as_objects_are_read():
    assert as_floats(np.array([1, 2.5, None], dtype=object), "y").tolist()[:2] == [1, 2.5]
    assert np.isnan(as_floats(np.array([1, None], dtype=object), "y")[1])
    for wrong in (["1", 2], [1 + 2j, 2], [np.array([1, 2]), 3]):
        with pytest.raises(ValueError, match=r"^y: "):
            as_floats(np.array(wrong, dtype=object), "y")


def test_a_labelled_array_around_a_sparse_one():
    array = xarray.DataArray(X, dims=("trial", "neuron", "time"))
    labelled = type("Labelled", (xarray.DataArray,), {"__slots__": (), "data": Coordinates(X)})
    with pytest.raises(ValueError, match="X: is a sparse matrix"):
        check_trial_tensor(labelled(array))


def test_a_unit_is_exact():
    values = RNG.normal(size=50) * 1e-300
    own = scaled(values, -exponent_of(values))
    assert 0.5 <= np.abs(own).max() < 1
    assert np.array_equal(scaled(own, exponent_of(values)), values)
    assert exponent_of(np.zeros(3)) == exponent_of(np.array([np.nan, np.inf])) == 0
