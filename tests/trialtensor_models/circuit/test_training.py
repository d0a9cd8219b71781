"""Training as a whole: anatomy that holds, bits that repeat, files, runs."""

from dataclasses import dataclass, replace

import numpy as np
import pytest

import trialtensor as tt
from trialtensor_models import CenterOut, DelayedMatch, ReversalLearning, RotatedReaching, Run
from trialtensor_models.analysis import changes_by_region, score_recovery
from trialtensor_models.circuit import (
    Anatomy,
    Training,
    dense,
    learn_from_rewards,
    push_ahead,
    train_jointly,
    without_cerebellum,
    without_expansion,
    without_feedback,
)
from trialtensor_models.circuit.pathways import constraints_of, draw_weights, n_trained
from trialtensor_models.circuit.plan import Plan
from trialtensor_models.circuit.training import kept_iterations

TASK = CenterOut(n_targets=4)
SMALL = Anatomy(n_cortex=24, n_pons=12, ratio=2.0, n_purkinje=2)
RULES = {
    "bptt": "bptt",
    "local": "local",
    "mixed": {"cortex": "bptt", "cerebellum": "local"},
}
FEW = {"anatomy": SMALL, "n_iterations": 6, "batch_size": 4, "checkpoints": [0, 3, 6]}


def trained(rules="local", **options):
    if "bptt" in str(RULES.get(rules) if isinstance(rules, str) else rules):
        pytest.importorskip("torch")
    given = RULES[rules] if isinstance(rules, str) else rules
    return train_jointly(TASK, rules=given, **{**FEW, **options})


def same(one, other):
    for k in range(len(one.iterations)):
        for name, array in one.circuit(k).weights.items():
            np.testing.assert_array_equal(array, other.circuit(k).weights[name])


@pytest.mark.parametrize("rules", RULES)
def test_anatomy_holds_through_training(rules):
    training = trained(rules, learning_rate=0.05, fast_rate=0.2)
    constraints = constraints_of(draw_weights(SMALL, TASK.n_inputs, 0), SMALL)
    first, last = training.circuit(0).weights, training.circuit().weights
    assert (first["w"] != last["w"]).any()
    for name, constraint in constraints.items():
        weights = last[name]
        assert (weights[~constraint.mask] == 0).all(), name
        assert (weights[constraint.sign > 0] >= 0).all(), name
        assert (weights[constraint.sign < 0] <= 0).all(), name
    assert ((last["J"] > 0).sum(1) == 4).all()
    np.testing.assert_array_equal(first["J"], last["J"])
    n = SMALL.n_excitatory
    assert (last["W"][:, :n] >= 0).all()
    assert (last["W"][:, n:] <= 0).all()
    assert (last["P"][:, n:] == 0).all()
    assert ((last["D"] > 0).sum(0) <= 1).all()  # a Purkinje cell has one nucleus


@pytest.mark.parametrize("rules", RULES)
def test_same_seed_same_bits_also_after_an_interruption(rules, tmp_path):
    whole = trained(rules, seed=3)
    path = tmp_path / "training.h5"

    def stop(iteration, _):
        if iteration == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        trained(rules, seed=3, path=path, report=stop)
    assert len(Training.load(path).losses) == 3
    again = trained(rules, seed=3, path=path)
    same(whole, again)
    np.testing.assert_array_equal(whole.losses, again.losses)
    same(whole, Training.load(path))
    assert (trained(rules, seed=4).losses != whole.losses).any()
    with pytest.raises(ValueError, match="holds another training: its seed is 3, not 4"):
        trained(rules, seed=4, path=path)


def test_what_is_saved_as_a_result(tmp_path):
    training = trained()
    training.save(tmp_path / "last.h5", last=True)
    last = Training.load(tmp_path / "last.h5")
    assert last.iterations.tolist() == [6]
    expected = training.circuit().weights["w"].astype(np.float32)
    np.testing.assert_array_equal(last.circuit().weights["w"], expected)
    assert (tmp_path / "last.h5").stat().st_size < 100_000
    with pytest.raises(ValueError, match="can't be continued"):
        trained(path=tmp_path / "last.h5")
    (tmp_path / "other.h5").write_bytes(b"no HDF5")
    with pytest.raises(ValueError, match=r"other\.h5"):
        Training.load(tmp_path / "other.h5")
    with pytest.raises(FileNotFoundError):
        Training.load(tmp_path / "none.h5")


def test_local_rules_learn_fast_in_the_cerebellum_and_slowly_in_cortex():
    training = train_jointly(
        TASK, rules="local", anatomy=replace(SMALL, n_cortex=40, ratio=4.0), n_iterations=150,
        batch_size=4, checkpoints=[0, 20, 150], pushes=0.0,
    )  # fmt: skip
    found = training.performance()
    missed, blocked = found["missed"].values, found["missed_blocked"].values
    assert missed[2] < 0.4 * missed[0]
    assert missed[2] < 0.5 * blocked[2]  # most of it is still the nuclei's
    assert blocked[2] < blocked[0] - 0.2  # some has moved to cortex
    assert found["cosine"][2] > 0.5
    assert found["cosine"][2] > found["shuffled"][2] + 0.2


def test_a_run_of_checkpoints_and_conditions(tmp_path):
    anatomy = replace(SMALL, signals=("motor", "sensory", "reward"))
    training = trained(anatomy=anatomy, outcome=0.2)
    run = training.run(n_granule=10)
    assert run.activity.sizes["trial"] == 3 * 4
    sizes = {name: int((run.truth.region == name).sum()) for name in anatomy.sizes}
    assert sizes == {**anatomy.sizes, "granule": 10}
    assert run.activity["checkpoint"].values.tolist() == [0] * 4 + [1] * 4 + [2] * 4
    np.testing.assert_allclose(run.truth.fast + run.truth.slow, 1 - run.behaviour["missed"])
    blocked = training.run(n_granule=10, output=0.0)
    np.testing.assert_array_equal(
        blocked.activity, run.truth.counterfactual["no_cerebellum"], strict=False
    )
    assert run.truth.pathways["w"].sizes["checkpoint"] == 3
    assert {"J", "I", "D", "setpoint_granule", "setpoint_pons"} <= set(run.truth.pathways)
    run.save(tmp_path / "run.nc")
    again = Run.load(tmp_path / "run.nc")
    np.testing.assert_array_equal(again.truth.pathways["w"], run.truth.pathways["w"])
    read = tt.read(tmp_path / "run.nc")
    assert set(np.unique(read["region"])) == set(anatomy.sizes)
    model = tt.TCA(2, random_state=0).fit(run.activity)
    assert model.trial_factors_.shape == (12, 2)


def test_runs_of_circuits_meet_figures_and_scores(tmp_path):
    training = trained(anatomy=replace(SMALL, n_cortex=40), checkpoints=6)
    run = training.run(n_granule=10)
    changes = changes_by_region(run.activity)
    scores = score_recovery(tt.TCA(2, random_state=0).fit(changes), run).scores
    assert "thalamic subspace" in scores
    assert "change subspace" not in scores  # nobody knows these trials without learning
    for draw in (run.plot, lambda: run.film(tmp_path / "film.gif")):
        with pytest.raises(ValueError, match=r"no adaptation by trial to draw; Training\.plot"):
            draw()
    figure = training.plot()
    assert [ax.get_title() for ax in figure.axes][:4] == [
        f"iteration {each}" for each in (0, 1, 4, 6)
    ]


def test_rewarded_runs_are_drawn(tmp_path):
    anatomy = replace(SMALL, signals=("motor", "reward"))
    start = push_ahead(ReversalLearning(), n_iterations=3, anatomy=anatomy)
    run = learn_from_rewards(ReversalLearning(), start=start, blocks=(4, 4))
    assert any("right answers" in axes.get_ylabel() for axes in run.plot().axes)
    assert run.film(tmp_path / "film.gif", n_frames=2).stat().st_size > 1000
    np.testing.assert_array_equal(run.truth.fast, run.behaviour["adaptation"])


def test_tasks_with_choices_are_told():
    training = train_jointly(
        DelayedMatch(), rules="local", anatomy=SMALL, n_iterations=3, checkpoints=2
    )
    found = training.performance()
    assert {"correct", "correct_blocked"} <= set(found)
    run = training.run()
    assert run.behaviour["choice"].isin([-1, 1]).all()


def test_a_reversal_is_learned_anew():
    training = train_jointly(
        ReversalLearning(), rules="local", anatomy=replace(SMALL, n_cortex=40, ratio=4.0),
        n_iterations=120, checkpoints=[60, 61, 120], reverse_every=60, pushes=0.0,
    )  # fmt: skip
    assert training.performance()["correct"].values.tolist() == [1, 0, 1]
    run = training.run()
    assert run.activity["reversed"].values.tolist() == [False] * 2 + [True] * 4
    assert run.behaviour["side"].values.tolist() == [-1, 1, 1, -1, 1, -1]
    with pytest.raises(ValueError, match="reverse_every: expected a task with choices"):
        trained(reverse_every=3)


def test_controls():
    alone = without_cerebellum(SMALL, TASK.n_inputs)
    assert (
        n_trained(alone, 3)
        >= n_trained(SMALL, 3)
        > n_trained(replace(alone, n_cortex=alone.n_cortex - 1), 3)
    )
    weights = draw_weights(SMALL, 3, 0)
    counted = sum(int(c.mask.sum()) for c in constraints_of(weights, SMALL).values())
    # All parallel fibres are counted, and each reaches a drawn share of the Purkinje cells.
    assert counted + SMALL.n_cortex < n_trained(SMALL, 3) < 1.4 * counted
    for change in (dense, without_expansion, without_feedback):
        training = trained(anatomy=change(SMALL))
        assert np.isfinite(training.losses).all()
    frozen = trained({"cortex": "local", "cerebellum": "none"})
    np.testing.assert_array_equal(frozen.circuit(0).weights["w"], frozen.circuit().weights["w"])
    pytest.importorskip("torch")
    training = trained("bptt", cerebellum=False)
    assert training.plan.anatomy.sizes == {"cortex": alone.n_cortex}
    assert set(training.performance()) == {"iteration", "missed"}
    assert set(np.unique(training.run().truth.region)) == {"cortex"}
    frozen = trained("bptt", cerebellum="frozen")
    for name in ("w", "P", "W_th"):
        np.testing.assert_array_equal(
            frozen.circuit(0).weights[name].astype(np.float32),
            frozen.circuit().weights[name].astype(np.float32),
        )


def test_lesions():
    circuit = trained("local").circuit()
    trials = circuit.draw()
    full = circuit.run(trials)
    blocked = circuit.lesion("nuclei").run(trials)
    np.testing.assert_array_equal(blocked.command, circuit.run(trials, output=0.0).command)
    assert (blocked.command != full.command).any()
    for region in ("cortex", "pons", "granule", "purkinje"):
        half = circuit.lesion(region, fraction=0.5)
        found = half.run(trials)
        assert (found.command != full.command).any()
        silent = (getattr(found, region) == 0).all((0, 1))
        assert silent[half.silenced[region]].all()
        assert len(half.silenced[region]) == round(0.5 * SMALL.sizes[region])
    assert circuit.complex_spikes(trials, full).shape == (*full.command.shape[:2], 8)
    # Without Purkinje cells the nuclei are as with Purkinje cells at rest: the mossy fibres' alone.
    alone = circuit.lesion("purkinje").run(trials)
    excited = alone.mossy @ circuit.weights["M"].T - circuit.setpoints.nuclei
    np.testing.assert_allclose(alone.nuclei, np.maximum(1 + excited, 0))
    twice = circuit.lesion("pons", fraction=0.5).lesion("pons", fraction=0.5, seed=1)
    assert 6 <= len(twice.silenced["pons"]) <= 12
    for wrong in ({"region": "thalamus"}, {"region": "olive"}, {"region": "pons", "fraction": 2.0},
                  {"region": "nuclei", "fraction": 0.5}):  # fmt: skip
        with pytest.raises(ValueError, match=r"region|fraction"):
            circuit.lesion(**wrong)
    other = train_jointly(DelayedMatch(), **{**FEW, "rules": "local", "checkpoints": 2}).circuit()
    with pytest.raises(ValueError, match="trials: drawn for 3 inputs and 24"):
        train_jointly(RotatedReaching(), **{**FEW, "rules": "local"}).circuit().run(other.draw())


def test_the_null_of_the_message_leaves_out_who_asks_for_the_same():
    training = trained("local", n_iterations=60, checkpoints=2, batch_size=8)
    once, thrice = (training.performance(n_repeats=n).isel(checkpoint=-1) for n in (1, 3))
    assert once["shuffled"] < once["cosine"]
    for name in ("cosine", "shuffled", "missed"):
        assert float(thrice[name]) == pytest.approx(float(once[name]))


def test_rules_are_those_of_seconds_not_of_steps():
    sizes = []
    for dt in (0.02, 0.01):
        training = trained(
            anatomy=replace(SMALL, dt=dt, noise=0.0), n_iterations=1, checkpoints=2, pushes=0.0
        )
        first, last = training.circuit(0).weights["w"], training.circuit().weights["w"]
        sizes.append(np.linalg.norm(last - first))
    assert sizes[1] == pytest.approx(sizes[0], rel=0.1)


@pytest.mark.parametrize("rules", ["local", "bptt"])
def test_outcomes_are_rewarded(rules):
    anatomy = replace(SMALL, signals=("motor", "reward"))
    task = ReversalLearning()
    if rules == "bptt":
        pytest.importorskip("torch")
    training = train_jointly(
        task, rules=rules, anatomy=replace(anatomy, n_cortex=40, ratio=4.0), n_iterations=60,
        checkpoints=2, outcome=0.2, pushes=0.0,
    )  # fmt: skip
    circuit = training.circuit()
    activity = circuit.run(circuit.draw())
    correct = training.run().behaviour["correct"].values[-2:]
    assert activity.reward.tolist() == correct.astype(float).tolist()
    reached = train_jointly(TASK, rules="local", anatomy=anatomy, n_iterations=1, checkpoints=2,
                            outcome=0.1).circuit()  # fmt: skip
    trials = reached.draw()
    assert trials.reward(trials.wanted.sum(1) * 0.02).tolist() == [1, 1, 1, 1]
    assert reached.run(trials).reward.tolist() == [0, 0, 0, 0]


def test_spikes_are_in_the_units_of_each_region():
    run = trained("local").run(n_granule=5)
    counts = run.spikes(bin_width=0.04)
    seconds = counts.sizes["time"] * 0.04
    rate = counts.groupby("region").mean().sum("time").mean("trial") / seconds
    assert 40 < float(rate.sel(region="purkinje")) < 60
    assert 0.5 < float(rate.sel(region="olive")) < 3


def test_a_loss_that_grows_is_an_error():
    with pytest.raises(FloatingPointError, match="grew without bound at iteration"):
        trained(slow_rate=50.0, n_iterations=60, checkpoints=2)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"anatomy": 3}, "anatomy"),
        ({"cerebellum": "no"}, "cerebellum"),
        ({"ratio": 0}, "ratio"),
        ({"sparsity": 1.0}, "sparsity"),
        ({"coding_level": 2}, "coding_level"),
        ({"feedback_delay": -1}, "feedback_delay"),
        ({"checkpoints": [7]}, "checkpoints"),
        ({"checkpoints": 1}, "checkpoints"),
        ({"batch_size": 0}, "batch_size"),
        ({"learning_rate": 0}, "learning_rate"),
        ({"fast_rate": -1}, "fast_rate"),
        ({"slow_rate": np.nan}, "slow_rate"),
        ({"cut": 0}, "cut"),
        ({"pushes": 2}, "pushes"),
        ({"outcome": -1}, "outcome"),
        ({"seed": -1}, "seed"),
        ({"report": 3}, "report"),
    ],
)
def test_wrong_values(options, message):
    with pytest.raises(ValueError, match=message):
        train_jointly(TASK, **{"rules": "local", **FEW, **options})


def test_wrong_anatomies():
    for wrong in ({"n_inputs": 60}, {"signals": ()}, {"signals": ("motor", "motor")},
                  {"tau": (0.3, 0.1)}, {"tau": 0.1}, {"dt": 0}, {"excitatory": 1.0},
                  {"signals": ("sensory",), "feedback_delay": None}):  # fmt: skip
        with pytest.raises(ValueError, match=next(iter(wrong))):
            Anatomy(**wrong)
    with pytest.raises(ValueError, match="checkpoint"):
        trained().circuit(9)


def test_checkpoints_are_closer_at_the_beginning():
    assert kept_iterations(4, 90) == (0, 10, 40, 90)
    assert kept_iterations([5, 0], 9) == (0, 5, 9)


def test_a_forward_model_learns_to_predict_feedback():
    from trialtensor_models.circuit.olive import predicted

    anatomy = replace(SMALL, n_cortex=40, ratio=4.0, signals=("motor", "sensory"))
    training = train_jointly(
        TASK, rules="local", anatomy=anatomy, n_iterations=150, batch_size=4, checkpoints=[0, 150],
        pushes=0.0,
    )  # fmt: skip
    errors = []
    for k in (0, 1):
        circuit = training.circuit(k)
        activity = circuit.run(circuit.draw())
        place = activity.hand / 0.5
        errors.append(((predicted(activity, anatomy) - place) ** 2).sum() / (place**2).sum())
    assert errors[1] < 0.5 < 0.8 < errors[0]


def test_a_training_in_words():
    training = trained()
    assert isinstance(training.plan, Plan)
    text = repr(training)
    assert "cortex by local, cerebellum by local" in text
    assert "6 iterations" in text
    assert "cortex 24" in repr(training.circuit())


def test_numbers_of_numpy_are_numbers(tmp_path):
    anatomy = replace(SMALL, n_cortex=np.int64(24), ratio=np.float32(2), tau=[0.03, 0.3])
    training = trained(
        anatomy=anatomy, n_iterations=np.int64(3), checkpoints=np.arange(2),
        fast_rate=np.float32(0.02), path=tmp_path / "x.h5",
    )  # fmt: skip
    training.run().save(tmp_path / "run.nc")
    assert training.plan.anatomy == replace(SMALL, tau=(0.03, 0.3))
    last = Training.load(tmp_path / "x.h5")
    last.save(tmp_path / "last.h5", last=True)
    Training.load(tmp_path / "last.h5").save(tmp_path / "again.h5")
    with pytest.raises(ValueError, match="can't be continued"):
        trained(
            anatomy=anatomy, n_iterations=3, checkpoints=[0, 1], path=tmp_path / "again.h5",
            fast_rate=np.float32(0.02),
        )  # fmt: skip


def test_tasks_that_draw_nonsense_are_named():
    @dataclass(frozen=True)
    class Nonsense(CenterOut):
        name = "nonsense"
        what: str = "nan"

        def draw(self, conditions, dt, rng):
            draw = super().draw(conditions, dt, rng)
            if self.what == "nan":
                return replace(draw, inputs=draw.inputs * np.nan)
            if self.what == "still":
                return replace(draw, desired=draw.desired * 0)
            return draw.inputs

    for what, message in (("nan", "finite"), ("still", "no movement"), ("none", "a Draw")):
        with pytest.raises(ValueError, match=message):
            train_jointly(Nonsense(what=what), **{**FEW, "rules": "local"})


def test_signals_without_motor_teach_no_movement():
    with pytest.raises(ValueError, match="signals: local rules of movement need 'motor'"):
        trained(anatomy=replace(SMALL, signals=("reward",)))
    with pytest.raises(ValueError, match="nothing would learn"):
        trained({"cortex": "none", "cerebellum": "local"}, cerebellum="frozen")


def test_weights_that_are_no_numbers_are_an_error():
    with pytest.raises(FloatingPointError, match="grew without bound"):
        trained(slow_rate=1e300, n_iterations=1, checkpoints=2)
