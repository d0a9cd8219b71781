"""Figures, reports and exchange say so where a model has no three factor matrices."""

import numpy as np
import pytest

import trialtensor as tt


@pytest.fixture(scope="module")
def models():
    X = np.random.default_rng(0).normal(size=(8, 5, 12))
    options = {"n_init": 1, "random_state": 0}
    return [
        tt.Parafac2(2, **options).fit(X),
        tt.CoupledTCA(2, **options).fit({"a": X, "b": X[:, :3]}),
        tt.TrialVaryingDynamics(2, **options).fit(X),
    ]


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_refused_by_name(models, tmp_path):
    for model in models:
        name = type(model).__name__
        for call in (
            lambda m=model: tt.plot_factors(m),
            lambda m=model: tt.write_report(m, tmp_path / "report.html"),
            lambda m=model: tt.to_tensorly(m),
        ):
            with pytest.raises(ValueError, match=f"^model: .*{name}"):
                call()
    assert not list(tmp_path.iterdir())
