"""Every kind of model in everything public that asks for one: it works, or is refused by name.

Both sides are found: kinds by the registry, consumers by the names of their parameters. The sixth
kind is the worked example of the developer pages.
"""

import sys
import warnings
from pathlib import Path

import numpy as np
import pytest

from trialtensor import TCA, CoupledTCA, Parafac2, SliceTCA, TrialVaryingDynamics
from trialtensor.data import as_trial_tensor
from trialtensor.models import TrialEstimator, kinds, register
from trialtensor.testing import CONDITIONS, check_everywhere, check_trial_estimator, consumers
from trialtensor.testing.supplies import Supplies, data_for

EXAMPLE = Path(__file__).resolve().parents[1] / "docs" / "examples" / "time_mean_nmf"
sys.path.append(str(EXAMPLE))
from time_mean_nmf import TimeMeanNMF  # noqa: E402

register(TimeMeanNMF)
# What works or is refused doesn't depend on how far a fit has come.
OPTIONS = {"n_init": 2, "max_iter": 30, "random_state": 0}
# By class, so that a kind that registers itself without a place here fails a test.
CASES = {
    TCA: (TCA(2, **OPTIONS), {}),
    SliceTCA: (SliceTCA((1, 1, 1), **OPTIONS), {}),
    Parafac2: (Parafac2(2, **OPTIONS), {"blocks": np.repeat(np.arange(5), 8)}),
    CoupledTCA: (CoupledTCA(2, groups=["a"] * 6 + ["b"] * 6, **OPTIONS), {}),
    TrialVaryingDynamics: (TrialVaryingDynamics(2, **OPTIONS), {}),
    TimeMeanNMF: (TimeMeanNMF(2, random_state=0), {}),
}
NO_BATCHES = {"method partial_fit"}
NO_VECTORS = {"io.to_tensorly"}
NO_SLICES = {"plotting.plot_slices"}
NO_TIMES = {"tracking.pattern_change", "alignment.match_fits"}
# Figures of what only one kind has.
OWN_FIGURE = {
    Parafac2: "plotting.plot_blocks",
    CoupledTCA: "plotting.plot_shares",
    TrialVaryingDynamics: "plotting.plot_dynamics",
}
# What makes no sense, whatever the data. All else works.
REFUSED = {
    TCA: NO_SLICES,
    SliceTCA: NO_BATCHES | NO_VECTORS | {"alignment.match_fits", "selection.factor_match_score"},
    Parafac2: NO_BATCHES | NO_SLICES,
    CoupledTCA: NO_BATCHES
    | NO_SLICES
    | NO_VECTORS
    | {"tracking.pattern_change"},  # without dataset=
    TrialVaryingDynamics: NO_BATCHES
    | NO_SLICES
    | NO_VECTORS
    | NO_TIMES
    | {"selection.compare_transforms"},  # no single entries to hold out
    TimeMeanNMF: NO_BATCHES | NO_SLICES | NO_VECTORS | NO_TIMES,
}
for _kind, _refused in REFUSED.items():
    REFUSED[_kind] = _refused | {name for kind, name in OWN_FIGURE.items() if kind is not _kind}
# Besides, where the data is the reason: shuffled gaps; trials that are remembered no more.
ALSO_REFUSED = {
    (TimeMeanNMF, "missing"): {"selection.component_test"},
    (TCA, "partial_fit"): {
        "method check_layout",
        "method component_tensors",
        "method explore",
        "method residuals",
        "method restarted",
        "selection.bootstrap",
        "plotting.plot_bootstrap",
        "selection.component_test",
        "selection.residual_report",
        "report.write_report",
        "tracking.replicate",
        "tracking.track",  # with all of the data
    },
}


# Data in other forms: several datasets or blocks, each with neurons or trials of its own.
X = data_for("complete")
FORMS = {
    "regions": (CoupledTCA(2, **OPTIONS), {"a": X[:, :6], "b": X[:, 6:, :12]}, {}),
    "private": (CoupledTCA(1, n_private=1, **OPTIONS), [X[:, :6], X[:, 6:]], {}),
    "animals": (CoupledTCA(2, shared="time", **OPTIONS), {"a": X[:25], "b": X[15:, :8]}, {}),
    "animals in one": (
        CoupledTCA(2, shared="time", groups=["a"] * 6 + ["b"] * 6, **OPTIONS), X, {},
    ),
    "sessions": (
        Parafac2(2, **OPTIONS), {"mon": X[:12, :9], "tue": X[12:28], "wed": X[28:, 2:]}, {},
    ),
    "timing": (
        Parafac2(2, varying="time", **OPTIONS), X, {"blocks": np.repeat(np.arange(5), 8)},
    ),
    "single trials": (Parafac2(2, **OPTIONS), X, {}),
}  # fmt: skip


# Single precision is the same for all forms as for the kinds themselves, below.
@pytest.mark.parametrize(
    "condition",
    ["complete", "missing", pytest.param("float32", marks=pytest.mark.long), "loaded", "unfitted"],
)
@pytest.mark.parametrize("form", FORMS)
def test_other_forms_of_data(form, condition):
    estimator, data, options = FORMS[form]
    cells = check_everywhere(estimator, data=data, conditions=(condition,), **options)
    works = sum(cell.outcome == "works" for cell in cells)
    assert works >= (10 if condition == "unfitted" else 35), [
        cell.consumer for cell in cells if cell.outcome == "refused"
    ]


@pytest.mark.parametrize("condition", ["labelled", "missing", "loaded", "partial_fit"])
def test_four_axes(condition):
    """What needs trials, neurons and times refuses them in one sentence; all else works."""
    rng = np.random.default_rng(0)
    factors = [rng.random((n, 2)) for n in (40, 6, 4, 8)]
    data = np.einsum("kr,nr,fr,tr->knft", *factors) + 0.1 * rng.standard_normal((40, 6, 4, 8))
    if condition == "labelled":
        data = as_trial_tensor(data, axes="trial,channel,frequency,time")
    cells = check_everywhere(TCA(2, **OPTIONS), data=data, conditions=(condition,))
    refused = {cell.consumer for cell in cells if cell.outcome == "refused"}
    if condition == "partial_fit":
        assert refused == {"fit"}
        return
    assert refused == REFUSED[TCA] | {
        "method partial_fit",
        "selection.compare_transforms",
        "tracking.pattern_change",
    }


@pytest.mark.parametrize("condition", CONDITIONS)
@pytest.mark.parametrize("kind", CASES, ids=lambda kind: kind.__name__)
def test_everywhere(kind, condition, capsys):
    estimator, options = CASES[kind]
    cells = check_everywhere(estimator, conditions=(condition,), **options)
    with capsys.disabled():
        count = {o: sum(c.outcome == o for c in cells) for o in ("works", "refused", "fails")}
        print(f"\n{kind.__name__}, {condition}: {count}", end="")
    if condition == "partial_fit" and kind is not TCA:
        assert not cells
    elif condition == "unfitted":
        assert {cell.outcome for cell in cells} == {"works", "refused"}
    else:
        refused = {cell.consumer for cell in cells if cell.outcome == "refused"}
        expected = REFUSED[kind] | ALSO_REFUSED.get((kind, condition), set())
        assert refused <= expected, refused - expected
        assert REFUSED[kind] <= refused, REFUSED[kind] - refused
        assert len(cells) > 30


def test_every_registered_kind_is_here():
    assert set(kinds()) == set(CASES)


def test_consumers_are_found_by_their_parameters():
    found = consumers()
    for name in ("plotting.plot_factors", "selection.CrossValidatedSearch", "tracking.track",
                 "tracking.pattern_change", "report.write_report", "io.to_tensorly",
                 "alignment.match_fits"):  # fmt: skip
        assert name in found
    assert not any("Stability" in name or "load_example" in name for name in found)


class Clumsy(TCA):
    """A model that falls over where TCA doesn't."""

    def reconstruct(self):
        raise KeyError("nothing here")


def test_a_model_that_falls_over_is_seen():
    with pytest.raises(AssertionError, match=r"(?s)Clumsy neither works.*reconstruct.*KeyError"):
        check_everywhere(Clumsy(2, **OPTIONS), conditions=("complete",))


def test_a_consumer_with_an_unknown_parameter_is_seen(tmp_path):
    """Nothing is skipped in silence: the parameter must be given a value first."""

    def consumer(model, colour_of_the_page):
        return model, colour_of_the_page

    supplies = Supplies.of(TCA(2), "complete", {}, tmp_path)
    with pytest.raises(KeyError, match="colour_of_the_page"):
        supplies.call(consumer)


def test_the_example_keeps_the_contract_and_is_short():
    check_trial_estimator(TimeMeanNMF(2, random_state=0))
    lines = sum(len(path.read_text().splitlines()) for path in EXAMPLE.glob("*.py"))
    assert lines < 120
    assert issubclass(TimeMeanNMF, TrialEstimator)


def test_the_example_finds_planted_components():
    rng = np.random.default_rng(0)
    trial, neuron = rng.exponential(size=(40, 2)), rng.exponential(size=(12, 2))
    X = np.repeat((trial @ neuron.T)[:, :, None], 15, axis=2)
    X = X + 0.1 * rng.standard_normal(X.shape)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = TimeMeanNMF(2, random_state=0, max_iter=5000).fit(X)
    found = np.corrcoef(trial.T, model.trial_factors_.T)[:2, 2:]
    assert np.abs(found).max(axis=1).min() > 0.9
    assert model.fitted_.n_parameters == 2 * (40 + 12)
