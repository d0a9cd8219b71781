"""Every public callable of theories, scores and benchmarks with wrong values: refused by name."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import trialtensor_models as tm
from tests.trialtensor_models.wrong_values import BAD, NAN, wrong
from trialtensor import TCA
from trialtensor_models import analysis, phenomena, rates, recovery

BAD |= {
    "seed or None": [-1, 1.5, "1", True],
    "series": ["a", np.zeros((2, 2, 2)), 3, None],
    "sizes": ["a", 3, None, np.full(3, np.inf), pd.DataFrame({"x": [1]})],
    "behaviour": [3, None, "a", np.zeros(4)],
    "free": [["nothing"], None, 3, "retention"],
    "theories": [["magic"], [3], 3, [], "two-state", ["one-rate", "one-rate"]],
    "subjects": [[99], [-99], [0.5], ["a"], 3.5, None],
    "bools": ["a", 3, None, np.zeros(3, bool), np.zeros(25)],
    "table frame": [3, "a", None, [1], {}, {"odd": [1]}, pd.DataFrame({"odd": [1]})],
    "runs": [[], [3], "ab", 3, None],
    "neurons": [3, {}, {"cortex": 0}, {"cortex": 1.5}, "a", {3: 3}],
    "matrix": ["a", np.zeros(3), np.zeros((3, 2)), 3, None],
    "curve": ["a", np.zeros(3), 3, None, np.full(25, NAN)],
    "factors": [3, None, "a", ()],
    "thing": [3, None, "a", tm.CCRNN],
    "fitted": [3, None, "a", tm.CCRNN, TCA, TCA(2)],
    "names": [["magic"], [3], 3, "magic"],
    "objects": [3, "a", [3]],
    "by name": [3, "a", {"a": 3}, None],
    "region": [3, None, np.zeros(3, bool), "a"],
    "callable": [3, "print"],
    "flag": [1, 0.5, "yes", None],
    "above 0, finite or not": [0, -1, NAN, "1", None, True],
    "share or 0": [-0.1, 1.1, NAN, "1", None, True],
}

SCHEDULE = tm.Schedule().baseline(5).rotate(30, 20)
SIZES = np.r_[np.zeros(5), np.full(20, 30.0)]
SHOWN = rates.Behaviour.of(SIZES / 2, SIZES)
TRACE = tm.TwoStateModel().simulate(SCHEDULE)
EXACT = analysis.make_exact(TRACE, n_neurons={"cortex": 4, "cerebellum": 4}, n_times=6)
FITTED = TCA(2, n_init=1, max_iter=50, tol=0.1, random_state=0).fit(EXACT.activity)
RNG = np.random.default_rng(0)
ONE, TWO = RNG.normal(size=(2, 25, 2))
X = xr.DataArray(
    RNG.normal(size=(12, 5, 4)),
    dims=("trial", "neuron", "time"),
    coords={"side": ("trial", np.tile(["a", "b"], 6))},
)
SHUFFLES = {"n_shuffles": "count", "random_state": "seed or None"}
FIT = {"behaviour": "behaviour", "level": "within 0 and 1"}
SIMULATE = {"perturbation": "sizes", "noise": "not negative", "random_state": "seed or None"}

# What is called, valid arguments, and the kind of each argument that is made wrong.
CALLS = {
    "GatedSlowModel": (
        rates.GatedSlowModel, {},
        {"A_f": "share", "B_f": "not negative", "A_s": "share", "B_s": "not negative"},
    ),
    "ContextInference": (
        rates.ContextInference, {},
        {"retention": "share", "process_noise": "not negative", "sensory_noise": "positive",
         "drift": "not negative", "concentration": "positive", "new": "positive",
         "stay": "share or 0", "cue_concentration": "positive", "n_contexts": "count"},
    ),
    **{
        f"{kind.__name__}.simulate": (kind().simulate, {"perturbation": SIZES}, SIMULATE)
        for kind in (rates.OneStateModel, rates.TwoStateModel, rates.GatedSlowModel,
                     rates.ContextInference)
    },
    **{
        f"{kind.__name__}.fit": (kind.fit, {"behaviour": SHOWN}, FIT)
        for kind in (rates.GatedSlowModel, rates.ContextInference)
    },
    "ContextInference.fit, free": (
        rates.ContextInference.fit, {"behaviour": SHOWN}, {"free": "free"}
    ),
    "TwoStateModel.fit": (
        rates.TwoStateModel.fit, {"y": SIZES / 2, "perturbation": SIZES},
        {"y": "series", "perturbation": "series", "form": "name"},
    ),
    "OneStateModel.fit": (
        rates.OneStateModel.fit, {"y": SIZES / 2, "perturbation": SIZES},
        {"y": "series", "perturbation": "series"},
    ),
    "Behaviour.of": (
        rates.Behaviour.of, {"adaptation": SIZES / 2, "trials": SIZES},
        {"adaptation": "series", "trials": "sizes"},
    ),
    "Behaviour.from_table": (rates.Behaviour.from_table, {}, {"table": "table frame"}),
    "Behaviour.from_runs": (rates.Behaviour.from_runs, {}, {"runs": "runs"}),
    "Behaviour.take": (SHOWN.take, {}, {"subjects": "subjects"}),
    "Behaviour.without": (SHOWN.without, {}, {"trials": "bools"}),
    "TrialTable.of": (rates.TrialTable.of, {}, {"trials": "sizes"}),
    "compare_theories": (
        rates.compare_theories, {"behaviour": SHOWN}, {**FIT, "theories": "theories"}
    ),
    "effect": (
        rates.effect, {"name": next(iter(rates.EFFECTS)), "model": tm.TwoStateModel()},
        {"name": "name", "model": "thing"},
    ),
    "make_exact": (
        analysis.make_exact, {"trace": TRACE},
        {"trace": "thing", "structure": "name", "n_neurons": "neurons", "n_times": "count",
         "snr": "above 0, finite or not", "random_state": "seed or None"},
    ),
    "learning_score": (
        analysis.learning_score, {"trial_factors": ONE, "curve": TWO[:, 0]},
        {"trial_factors": "matrix", "curve": "curve", **SHUFFLES},
    ),
    "one_factor_scores": (
        analysis.one_factor_scores, {"trial_factors": ONE, "curves": TWO},
        {"trial_factors": "matrix", "curves": "matrix", **SHUFFLES},
    ),
    "subspace_score": (
        analysis.subspace_score, {"found": ONE, "planted": TWO},
        {"found": "matrix", "planted": "matrix", **SHUFFLES},
    ),
    "subspace_overlap": (
        analysis.subspace_overlap, {"first": ONE, "second": TWO},
        {"first": "matrix", "second": "matrix"},
    ),
    "factor_score": (
        analysis.factor_score, {"found": (ONE, ONE, ONE), "planted": (TWO, TWO, TWO)},
        {"found": "factors", "planted": "factors", **SHUFFLES},
    ),
    "region_score": (
        analysis.region_score, {"strength": np.arange(6.0), "inside": np.arange(6) < 3},
        {"strength": "region", "inside": "region", **SHUFFLES},
    ),
    "learning_patterns": (
        analysis.learning_patterns,
        {"factors": ONE, "patterns": np.ones((2, 4, 5)), "curves": TWO},
        {"factors": "matrix", "patterns": "matrix", "curves": "matrix"},
    ),
    "score_recovery": (
        analysis.score_recovery, {"model": FITTED, "truth": EXACT},
        {"model": "fitted", "truth": "thing", **SHUFFLES},
    ),
    "trial_factors": (analysis.trial_factors, {}, {"model": "fitted"}),
    "component_patterns": (analysis.component_patterns, {}, {"model": "fitted"}),
    "curves_by_region": (analysis.curves_by_region, {"curves": TWO}, {"model": "fitted"}),
    "changes_by_region": (analysis.changes_by_region, {}, {"activity": "activity"}),
    "about_conditions": (
        analysis.about_conditions, {"X": X, "condition": "side"},
        {"X": "activity", "condition": "label"},
    ),
    "compare": (
        analysis.compare, {"recording": X, "simulation": X},
        {"recording": "thing", "simulation": "thing", "n_components": "count", **SHUFFLES,
         "prepare": "callable"},
    ),
    "recovery_table": (analysis.recovery_table, {}, {"recoveries": "by name"}),
    "plot_model_comparison": (analysis.plot_model_comparison, {}, {"found": "thing"}),
    "packaged_problems": (recovery.packaged_problems, {}, {"names": "names"}),
    "recovery_benchmark": (
        recovery.recovery_benchmark, {},
        {"methods": "objects", "problems": "names", "only": "names", "n_components": "count",
         "n_shuffles": "count", "random_state": "seeds", "report": "callable"},
    ),
    "Setting": (
        phenomena.Setting, {},
        {"n_targets": "count", "slow_learns": "flag", "output": "not negative",
         "forgets": "flag"},
    ),
    "cast_of": (phenomena.cast_of, {}, {"networks": "objects", "n_controls": "place",
                                        "theories": "objects"}),
    "measure_all": (phenomena.measure_all, {}, {"cast": "objects", "only": "names"}),
    "naive": (phenomena.naive, {"model": tm.CCRNN.pretrained()},
              {"model": "thing", "target": "number"}),
    "reach_errors": (phenomena.reach_errors, {}, {"model": "thing"}),
    "one_rate_of": (
        phenomena.one_rate_of, {"subjects": phenomena.TwoState(), "schedule": SCHEDULE},
        {"subjects": "thing", "schedule": "schedule"},
    ),
    "Networks": (phenomena.Networks, {}, {"repeats": "count", "cortices": "seeds"}),
    "table": (phenomena.table, {}, {"rows": "runs"}),
    "markdown": (phenomena.markdown, {}, {"rows": "runs"}),
}  # fmt: skip
# Values that an argument takes all the same.
FINE = {
    ("table", "rows"): [[]],
    ("markdown", "rows"): [[]],
}
# What an error may call the argument instead.
ALSO = {
    "trials": ["perturbation", "table"],
    "perturbation": ["table", "trials"],
    "runs": ["behaviour"],
    # Two arrays that don't fit each other: the message names both.
    **{name: ["curve", "curves"] for name in ("trial_factors", "factors")},
    "found": ["planted"],
    "first": ["second"],
    "strength": ["inside"],
}
CASES = [
    pytest.param(call, valid, argument, value, id=f"{name}-{argument}-{value!r:.30}")
    for name, (call, valid, kinds) in CALLS.items()
    for argument, value in wrong(kinds)
    if repr(value) not in map(repr, FINE.get((name, argument), ()))
]


@pytest.fixture(autouse=True)
def nothing_is_done(monkeypatch):
    def fail(*_, **__):
        pytest.fail("the work had begun")

    monkeypatch.setattr("trialtensor_models.recovery.benchmark._entries", fail)
    monkeypatch.setattr("trialtensor_models.sessions.simulation._run_sessions", fail)


@pytest.mark.parametrize(("call", "valid", "argument", "value"), CASES)
def test_it_is_refused_by_name(call, valid, argument, value, recwarn):
    with pytest.raises(ValueError) as refused:
        made = call(**{**valid, argument: value})
        # A generator does nothing until it is asked.
        list(made) if hasattr(made, "__next__") else None
    said = str(refused.value)
    assert said.isprintable() and ":" in said
    assert any(each in said.split(":")[0] for each in (argument, *ALSO.get(argument, ()))), said
    assert not recwarn.list
