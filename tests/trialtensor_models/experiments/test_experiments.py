"""The experiments run, and see what they say they see; small versions."""

import numpy as np
import pytest

from trialtensor_models import Schedule
from trialtensor_models.experiments import coemergence, cognition, people, reshaping, scaling

SHORT = Schedule().baseline(8).rotate(30, 40).rotate(-30, 8).clamp(20)


def test_schedule_of_rotations():
    rotation = np.r_[np.zeros(3), np.full(4, 30.0), np.full(2, -30.0), np.full(5, np.nan)]
    blocks = people.schedule_of(rotation).blocks
    assert [(b.kind, b.size, b.n_trials) for b in blocks] == [
        ("baseline", 0, 3),
        ("rotate", 30, 4),
        ("rotate", -30, 2),
        ("clamp", 0, 5),
    ]


@pytest.mark.slow
def test_networks_with_the_rates_of_people(shared_data):
    with np.load(shared_data / "two_rate_behaviour.npz") as file:
        angle, rotation = file["hand_angle_deg"], -file["rotation_deg"]
    found = people.compare_with_people(angle, rotation, n_networks=2)
    assert found.error["two-state"] < found.error["one-rate"]
    assert found.error["networks"] < found.error["one-rate"]
    # They come back in the clamp, as people do, and the one-rate model doesn't.
    clamp = np.isnan(rotation)
    assert found.networks[:, clamp][:, -5:].mean() > 3
    assert found.one_state.simulate(rotation).output[clamp].max() < 1
    assert set(found.two_state.found.intervals) == {"A_f", "B_f", "A_s", "B_s"}
    assert len(people.plot_comparison(found).axes) == 2


@pytest.mark.slow
def test_both_regions_reshape_cortex_in_shared_directions():
    found = reshaping.measure(1, SHORT)
    cerebellum, cortex = (found.size[name][0] for name in ("cerebellum", "cortex"))
    assert cerebellum[:8].max() < 0.02
    # Fast rises at once and is gone in the clamp, slow stays.
    assert cerebellum[12] > cortex[12]
    assert cerebellum[-1] < 0.2 * cortex[-1]
    assert found.overlap[0].value > found.overlap[0].chance
    assert found.potent["cerebellum"][0] > found.chance_potent
    assert len(reshaping.plot_reshaping(found).axes) == 3


@pytest.mark.slow
def test_fast_and_slow_emerge_in_cortex_and_only_fast_in_the_nuclei():
    # In shorter sessions many slow curves are as close to the factors as the slow process is.
    found = coemergence.measure(1)
    fast, slow = found.explained["fast"][0], found.explained["slow"][0]
    regions = coemergence.regions_of(found.run)
    assert fast[regions.index("nuclei")] > 0.8
    assert slow[regions.index("nuclei")] < 0.05
    assert slow[regions.index("cortex")] > 0.1 and fast[regions.index("cortex")] > 0.1
    for recovery in found.recoveries[0].values():
        for name in ("fast", "slow"):
            assert recovery.scores[name].value > 0.8 and recovery.scores[name].p_value < 0.05
    assert len(coemergence.plot_coemergence(found).axes) == 3


@pytest.mark.slow
def test_alternating_rotations_interfere_whatever_the_number_of_granule_cells():
    found = scaling.measure(sizes=(100, 1000), n_networks=1, n_cycles=8)
    one, four = found.reached["one rotation"], found.reached["four alternating rotations"]
    assert one.shape == four.shape == (2, 1)
    assert (four < 0.5 * one).all()
    assert abs(one[0, 0] - one[1, 0]) < 0.2
    assert len(scaling.plot_scaling(found).axes) == 1


@pytest.mark.slow
def test_a_reversed_cue_is_learned_with_nuclei_and_stays_without():
    found = cognition.measure(n_networks=2, n_learned=80, tasks=("reversal",))
    blocked = found.starts["reversal"][-1]
    assert blocked == cognition.N_BEFORE + 80
    intact, half, none = (
        found.share("reversal", name, blocked - 30, blocked) for name in cognition.LESIONS
    )
    assert (intact > 0.7).all() and intact.mean() >= half.mean() - 0.1
    assert abs(none.mean() - 0.5) < 0.2
    assert found.share("reversal", "intact", blocked, blocked + cognition.N_BLOCKED).mean() > 0.6
    assert len(cognition.plot_cognition(found).axes) == 1
