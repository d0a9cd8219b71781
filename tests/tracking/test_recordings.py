"""What is seen in recordings: learning a new mapping, and residuals that share nothing."""

import numpy as np
import pytest

from trialtensor import TCA
from trialtensor.tracking import (
    pattern_change,
    subspace_drift,
    template_alignment,
    track,
    transitions,
)

PERTURBED = 194  # the first trial of the new mapping, counted from 0


@pytest.fixture(scope="module")
def learning(shared_data):
    with np.load(shared_data / "bci_learning_latents.npz", allow_pickle=False) as file:
        return {name: file[name] for name in file.files}


@pytest.fixture(scope="module")
def residuals(shared_data):
    with np.load(shared_data / "v1v2_residuals.npz", allow_pickle=False) as file:
        return file["residuals"].astype(float)


def test_patterns_change_just_after_the_perturbation(learning):
    alignment = template_alignment(learning["latents"], labels=learning["block"])
    assert alignment.blocks == (1, 2)
    found = transitions(alignment.shift)
    assert found.n_transitions == 1
    assert found.p_value < 0.001
    row = found.table.iloc[0]
    assert row["onset_low"] <= PERTURBED <= row["onset_high"] < PERTURBED + 20
    # Patterns move over some trials rather than at once, and not much longer.
    assert row["time_constant_high"] < 40


def test_progress_goes_with_components(learning):
    model = TCA(4, n_init=5, random_state=0).fit(learning["latents"])
    found = track(model, labels=learning["block"], behaviour=learning["progress"])
    related = found.relations[found.relations["p_adjusted"] <= 0.05]
    assert len(related) >= 1
    assert related["correlation"].abs().max() > 0.4
    assert (related["lead"] == 0).all()


def test_nothing_is_reported_where_nothing_is_shared(residuals):
    model = TCA(4, n_init=5, random_state=0).fit(residuals)
    assert len(track(model).changes) == 0
    halves = np.arange(200), np.arange(200, 400)
    found = pattern_change(residuals, *halves, components=model)
    assert found.n_new == 0
    assert set(found.components["verdict"]) <= {"not seen", "no change"}
    assert subspace_drift(residuals, n_windows=5, n_dims=2, n_null=39).p_value > 0.05
