"""Theories ranked by what they weren't fitted to."""

import numpy as np
import pandas as pd
import pytest

from trialtensor_models.rates import THEORIES, Behaviour, compare_theories
from trialtensor_models.rates.held_out import N_FOLDS, run_numbers
from trialtensor_models.rates.theory_fits import fit_theory
from trialtensor_models.rates.theory_specs import SPECS

P = np.repeat([0.0, 1.0, 0.0, 1.0, -1.0, np.nan], [10, 40, 30, 30, 12, 30])


def draw(name, n=6, noise=0.15, trials=P):
    y = [THEORIES[name].simulate(trials, noise=noise, random_state=i).shown for i in range(n)]
    return Behaviour.of(y, trials)


@pytest.mark.parametrize("name", ["two-state", "context inference"])
def test_the_right_theory_is_found(name):
    found = compare_theories(draw(name), ["one-rate", "two-state", "context inference"])
    assert found.best == name and found.tied == (name,)
    assert found.by == "subjects" and "held-out subjects best" in found.verdict
    assert (found.table["subjects_gap"] >= 0).all() and found.table["tied"].sum() == 1


def test_a_tie_is_called_a_tie():
    found = compare_theories(draw("one-rate"), ["one-rate", "two-state"])
    assert set(found.tied) == {"one-rate", "two-state"}
    assert found.verdict.startswith("a tie of ")


def test_what_cannot_be_told_apart_is_said():
    twins = ["two-state, serial", "gated slow states"]
    found = compare_theories(draw("two-state"), ["two-state", *twins])
    assert found.table.loc[twins, "same_as"].tolist() == ["two-state"] * 2
    assert set(found.fits) == {"two-state"} and len(found.tied) == 3


def test_cues_tell_gated_states_apart():
    rng = np.random.default_rng(0)
    p = np.r_[np.zeros(5), rng.choice([-1.0, 1.0], 120)]
    table = pd.DataFrame({"perturbation": p, "context": np.where(p < 0, "b", "a")})
    names = ["one-rate", "two-state", "gated slow states"]
    found = compare_theories(draw("gated slow states", trials=table), names)
    assert found.tied == ("gated slow states",)
    assert found.table.loc["gated slow states", "same_as"] == ""


def test_scores_of_subjects_are_those_of_fits_to_the_others():
    behaviour = draw("two-state")
    found = compare_theories(behaviour, ["two-state"])
    for subject in range(6):
        others = behaviour.take([i for i in range(6) if i != subject])
        fit = fit_theory(SPECS["two-state"], others)
        expected = np.nansum(fit.log_density(behaviour.take(subject)))
        assert found.scores["two-state"].subjects[subject] == pytest.approx(expected, abs=0.01)


def test_held_out_trials_are_not_fitted():
    behaviour = draw("two-state")
    out = run_numbers(len(P)) % N_FOLDS == 2
    spoiled = behaviour.adaptation + np.where(out, 100.0, 0.0)
    fits = [
        fit_theory(SPECS["two-state"], each.without(out))
        for each in (behaviour, Behaviour.of(spoiled, P))
    ]
    assert fits[0].parameters == fits[1].parameters
    good, bad = (
        compare_theories(each, ["two-state"]).scores["two-state"].trials
        for each in (behaviour, Behaviour.of(spoiled, P))
    )
    assert np.all(bad < good)


@pytest.mark.parametrize("n", [1, 3])
def test_few_subjects_are_ranked_by_trials(n):
    found = compare_theories(draw("two-state", n, 0.05), ["one-rate", "two-state"])
    assert found.by == "trials" and found.best == "two-state"
    assert found.table["subjects"].isna().all()
    assert len(found.scores["two-state"].trials) == run_numbers(len(P))[-1] + 1


def test_models_simulate():
    found = compare_theories(draw("two-state"), ["one-rate", "two-state, serial"])
    for name, model in found.models.items():
        expected = found.fits[name].predict(found.behaviour)[0]
        assert np.allclose(model.simulate(P).output, expected, atol=1e-9)


def test_it_is_shown_in_a_line_and_a_figure():
    import matplotlib.pyplot as plt

    for n in (6, 1):
        found = compare_theories(
            draw("two-state", n), ["one-rate", "two-state", "two-state, serial"]
        )
        assert "\n" not in repr(found) and len(repr(found)) < 200
        figure = found.plot()
        labels = [text.get_text() for text in figure.axes[1].get_yticklabels()]
        assert labels[0] == "two-state\n= two-state, serial"
        plt.close(figure)
    part = plt.figure().subfigures(1, 2)[0]
    assert found.plot(figure=part) is part and len(part.axes) == 2


@pytest.mark.parametrize("theories", [[], ["two-rate"], ["one-rate", "one-rate"]])
def test_unknown_theories(theories):
    with pytest.raises(ValueError, match="theories: expected some of 'one-rate'"):
        compare_theories(draw("one-rate"), theories)
