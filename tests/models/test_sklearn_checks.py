"""scikit-learn's own checks of estimators, with tables reshaped to trials x neurons x times.

The checks know two-dimensional input only, so an adapter stands between. It does nothing else: all
validation is that of the models.
"""

import numpy as np
import pytest
import xarray
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.utils.estimator_checks import parametrize_with_checks
from sklearn.utils.validation import check_is_fitted

import trialtensor
from trialtensor.models import TrialVaryingDynamics


class Flat(TransformerMixin, BaseEstimator):
    """A model of tables ``(n_trials, n_neurons)``, whose trials have one time bin."""

    def __init__(self, model):
        self.model = model

    def fit(self, X, y=None):
        self.model_ = clone(self.model).fit(self._cube(X))
        return self

    def transform(self, X):
        check_is_fitted(self)
        return self.model_.transform(self._cube(X))

    def score(self, X, y=None):
        check_is_fitted(self)
        return self.model_.score(self._cube(X))

    def get_feature_names_out(self, input_features=None):
        return self.model_.get_feature_names_out(input_features)

    @property
    def n_features_in_(self):
        return self.model_.n_features_in_

    @property
    def feature_names_in_(self):
        return self.model_.feature_names_in_

    def _cube(self, X):
        names = getattr(X, "columns", None)
        if names is not None:
            X = X.to_numpy()
        if hasattr(X, "nnz"):
            return X
        X = np.asarray(X)
        if X.ndim != 2:
            return X
        # Dynamics need a bin to come from and one to go to.
        bins = [X, X] if isinstance(self.model, TrialVaryingDynamics) else [X]
        X = np.stack(bins, axis=2)
        if names is None or not all(isinstance(name, str) for name in names):
            return X
        return xarray.DataArray(X, dims=("trial", "neuron", "time"), coords={"neuron": list(names)})

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags


# They look for a certain wording in errors that we raise in words of our own.
WORDING = {
    "check_complex_data": "ours says: expected real numbers, got dtype complex128",
    "check_estimators_empty_data_messages": "ours says: the neuron axis has length 0",
    "check_fit2d_predict1d": "ours says: expected (n_trials, n_neurons, n_times), got shape (3,)",
    "check_n_features_in_after_fitting": "ours says: the model was fitted to 4 neurons, got 1",
}

OPTIONS = {"n_init": 2, "random_state": 0}
MODELS = [
    trialtensor.TCA(1, **OPTIONS),
    trialtensor.SliceTCA((1, 0, 0), **OPTIONS),
    trialtensor.Parafac2(1, **OPTIONS),
    trialtensor.CoupledTCA(1, **OPTIONS),
    trialtensor.TrialVaryingDynamics(1, **OPTIONS),
]


@pytest.mark.filterwarnings("ignore")
@parametrize_with_checks(
    [Flat(model) for model in MODELS], expected_failed_checks=lambda flat: WORDING
)
def test_scikit_learn(estimator, check):
    check(estimator)
