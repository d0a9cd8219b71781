"""Rows that can fail: each on a planted case that passes, and on one that doesn't."""

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))
from planted import cast_of_curves, cast_with, curve, knowing

from trialtensor_models.phenomena import PHENOMENA, Curve, Setting, table

TRIALS = np.full(160, 0.8)


def rows(phenomenon, cast):
    return {row.name: row for row in PHENOMENA[phenomenon](cast)}


def knows(**what):
    return cast_of_curves(*[curve(TRIALS, learned=knowing(**what))] * 2)


def test_hand_path_is_straight_or_not():
    straight = rows("hand path", knows())
    assert straight["hand / rotation at 100 ms"].network.mean == 0.8
    assert straight["hand / rotation at 100 ms"].holds is None
    assert straight["hand / rotation at 100 ms less end"].holds
    assert straight["drift after the adapted reach (mm)"].holds
    bent = rows(
        "hand path",
        knows(directions=lambda: {"early": 1.5, "peak": 0.65, "end": 0.8}, drift=lambda: 4.8),
    )
    early = bent["hand / rotation at 100 ms less end"]
    assert early.network.mean == pytest.approx(0.7) and early.holds is False
    assert bent["hand / rotation at peak speed less end"].network.mean == pytest.approx(-0.15)
    assert bent["drift after the adapted reach (mm)"].holds is False


def test_one_direction_of_one_cortex_over_the_rotation_is_seen():
    def most(*levels):
        curves = [curve(np.full(160, level), learned=knowing()) for level in levels]
        cast = cast_with(curves, repeats=2)
        return rows("hand path", cast)["most adapted direction, last 20 trials"]

    assert most(0.8, 0.9, 0.99, 0.7).holds
    # The mean of all is below 1, that of the cortex too; one direction isn't.
    over = most(0.8, 0.8, 0.8, 1.05)
    assert over.network.values == pytest.approx([0.8, 1.05]) and over.holds is False


@pytest.mark.parametrize("match, holds", [(0.95, True), (0.5, False), (-0.95, False)])
def test_nuclei_match(match, holds):
    (row,) = PHENOMENA["nuclei"](knows(nuclei_match=lambda: match))
    assert row.network.mean == match and row.holds is holds and row.emergent


def test_generalisation_narrow_wide_and_bumpy():
    narrow = rows("generalisation", knows())
    assert all(row.holds is not False for row in narrow.values())
    assert narrow["generalisation: smallest fall"].network.mean == pytest.approx(0.2)
    wide = {0.0: 0.5, 22.5: 0.5, 45.0: 0.45, 90.0: 0.4}
    found = rows("generalisation", knows(adaptation=lambda offset=0.0: wide[offset]))
    assert found["generalisation at 45 degrees"].network.mean == pytest.approx(0.9)
    assert found["generalisation at 45 degrees"].holds is False
    assert found["generalisation at 90 degrees"].holds is False
    bumpy = {0.0: 1.0, 22.5: 0.4, 45.0: 0.5, 90.0: 0.1}
    found = rows("generalisation", knows(adaptation=lambda offset=0.0: bumpy[offset]))
    assert found["generalisation: smallest fall"].holds is False


def test_many_targets():
    def cast(level_of_many):
        return cast_with(
            lambda schedule, setting: [
                curve(np.full(160, level_of_many if setting and setting.n_targets == 8 else 0.8))
            ]
        )

    slower = rows("many targets", cast(0.4))["eight targets / one, first 40 trials"]
    assert slower.network.mean == pytest.approx(0.5) and slower.holds
    assert not rows("many targets", cast(0.9))["eight targets / one, last 40 trials"].holds


def alternating(level):
    """Both rotations are undone by this much."""
    block = np.arange(80)
    return [curve(np.where(block % 2, -level, level), block)] * 2


def opposite(reached):
    """``reached(degrees apart, setting)``."""

    def by_schedule(schedule, setting):
        return alternating(reached(22.5 * schedule.blocks[1].targets[0], setting))

    return rows("opposite rotations", cast_with(by_schedule))


def test_opposite_rotations_apart_or_in_the_way():
    def sparse_helps(apart, setting):
        return apart / 180 + {None: 0.0, 0.5: -0.1, 0.1: 0.0, 0.02: 0.1}[setting.coding_level]

    found = opposite(sparse_helps)
    assert found["opposite rotations 45 degrees apart"].network.mean == pytest.approx(0.25)
    assert found["45 apart, coding 0.5, cerebellum alone"].network.mean == pytest.approx(0.15)
    assert found["opposite: smallest rise with angle"].network.mean == pytest.approx(0.125)
    assert found["opposite: smallest rise with angle"].holds
    assert found["opposite: smallest rise as code thins"].holds
    assert all(row.emergent for row in found.values())
    nothing_helps = opposite(lambda apart, setting: 0.3 - apart / 1000)
    assert nothing_helps["opposite: smallest rise with angle"].holds is False
    dense_helps = opposite(lambda apart, setting: apart / 180 + (setting.coding_level or 0))
    assert dense_helps["opposite: smallest rise as code thins"].holds is False


def test_consolidation_moves_the_memory_or_does_not():
    trials = np.arange(300)
    moves = curve(np.ones(300), fast=0.7 * 0.9**trials)
    seen = []

    def by_schedule(schedule, setting):
        seen.append(setting)
        return [moves, moves]

    found = rows("consolidation", cast_with(by_schedule))
    assert all(row.holds for row in found.values())
    assert seen[0] == Setting(forgets=False)
    stays = curve(np.ones(300), fast=np.full(300, 0.7))
    held = [row.holds for row in rows("consolidation", cast_of_curves(stays, stays)).values()]
    assert held == [True, False, False]


def test_one_direction_with_another_rate_is_seen():
    even = np.full((4, 16), 1.0) + np.linspace(-0.15, 0.15, 16)
    uneven = even.copy()
    uneven[3, 5] = 1.4

    def found(on, between):
        cast = cast_with([], repeats=2, one_trial_rates=on, one_trial_rates_between=between)
        return rows("one-trial rates", cast)

    assert all(row.holds for row in found(even, even).values())
    greatest = found(even, uneven)["one-trial rate between, greatest"]
    assert greatest.network.values == pytest.approx([1.15, 1.4]) and greatest.holds is False
    assert greatest.emergent and found(even, uneven)["one-trial rate, greatest"].holds
    on = found(uneven, even)["one-trial rate, greatest"]
    assert on.holds is False and not on.emergent
    assert found(uneven, even)["one-trial rate, least"].holds


def test_reach_accuracy(monkeypatch):
    monkeypatch.setattr("trialtensor_models.phenomena.reaches.reach_errors", lambda model: model)

    def found(*misses):
        units = [type("Unit", (), {"model": np.array(each)}) for each in misses]
        return rows("reaches", cast_with([], units=units))["largest miss of 16 naive reaches (%)"]

    good = found([0.01, 0.02], [0.0, 0.015])
    assert good.network.values == pytest.approx([2, 1.5]) and good.holds and not good.emergent
    assert found([0.01, 0.02], [0.0, 0.2]).holds is False


def test_activity_without_bound_is_not_a_value():
    nothing = np.full(160, np.nan)
    lost = Curve(nothing, nothing, nothing, nothing, np.zeros(160, int), nothing)
    cast = cast_of_curves(lost, curve(TRIALS))
    row = rows("counter-trials", cast)["counter-trials to zero"]
    assert lost.is_lost and np.isnan(row.network.values[0]) and row.holds is False
    assert row.as_dict()["network"]["mean"] is None and " lost " in table([row])


def test_savings_after_washout_names_who_shows_it():
    def relearns(first, again):
        return curve([*np.full(160, first), *np.zeros(200), *np.full(10, again)],
                     [0] * 160 + [1] * 200 + [2] * 10)  # fmt: skip

    cast = cast_of_curves(relearns(0.4, 0.4), relearns(0.4, 0.4))
    others = {"forgets contexts": cast_of_curves(relearns(0.4, 0.8)).networks}
    (row,) = PHENOMENA["savings after washout"](
        type(cast)(cast.networks, {}, {**cast.theories, **others})
    )
    assert row.holds is False and not row.expected
    assert row.theories == pytest.approx({"two-state": 1.0, "forgets contexts": 2.0})
    assert row.as_dict()["theories"]["forgets contexts"] == pytest.approx(2)
