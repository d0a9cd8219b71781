from types import SimpleNamespace

import pytest

from trialtensor.report import wording


def restarts(*pairs):
    return [
        SimpleNamespace(
            loss=loss, similarity=similarity, origin=next(iter(origin), None), finished=True
        )
        for loss, similarity, *origin in pairs
    ]


@pytest.mark.parametrize(
    ("value", "n", "words"),
    [
        (99, 3, "Close to 100"),
        (70, 3, "Between"),
        (20, 3, "Below 50"),
        (-5, 3, "Negative"),
        (100, 1, "says nothing"),
    ],
)
def test_core_consistency(value, n, words):
    assert words in wording.core_consistency_sentence(value, n)


def test_core_consistency_that_is_unknown():
    assert "not be computed" in wording.core_consistency_sentence(float("nan"), 3)


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (restarts((1, 1)), "only one restart"),
        (restarts((1, 1), (1.0001, 0.99), (2, 0.3)), "2 of 3 restarts ended within 0.1 %"),
        (restarts((1, 1), (1.0001, 0.6)), "do not pin the components down"),
        (restarts((1, 1), (1.5, 0.6)), "found once only"),
        (restarts((1, 1), (1.5, 0.99)), "1 of them found nearly the same components"),
        (restarts((0, 1), (0, 0.99)), "2 of 2"),
        (restarts((1, 1, 0), (1, 1, 0), (1, 1, 0)), "All 3 restarts began at the same place"),
        (restarts((1, 1, 0), (1, 1, 0), (2, 0.3, 1), (2, 0.3, 1)), "found once only"),
        (restarts((1, 1, 0), (1, 1, 0), (1, 1)), "2 of 2 different starts ended within 0.1 %"),
        (restarts((1, 1, 0), (1, 1, 0), (1, 1)), "3 restarts began at 2 different places"),
    ],
)
def test_stability(found, words):
    assert words in wording.stability_sentence(found)


def test_cancelling_components_are_not_to_be_interpreted():
    text = wording.triple_cosine_sentence
    assert "Do not interpret" in text(-0.99, 2, degenerate=True)
    assert "together, not one by one" in text(-0.99, 2)
    assert "No two" in text(0.1, 2)


def test_missing():
    summary = {
        "shape": (10, 10, 10),
        "n_observed": 800,
        "missing_fraction": 0.2,
        "missing_pattern": "trial x neuron",
        "empty_trials": 1,
        "empty_neurons": 2,
        "empty_times": 0,
    }
    assert wording.missing_sentence(summary) == (
        "200 entries (20.0 %) are missing, in the pattern trial × neuron. Wholly without data: 1 "
        "trial, 2 neurons."
    )
