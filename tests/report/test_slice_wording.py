import pytest

from trialtensor.report import slice_wording, wording


def identified(types=("trial", "neuron", "time"), gauge="minimal-norm", **options):
    return slice_wording.identified_sentence(types, gauge, **{"nonnegative": False, **options})


def test_every_gauge_is_explained_by_its_name():
    from trialtensor.solvers.slices import GAUGES

    sentences = {gauge: identified(gauge=gauge) for gauge in GAUGES}
    assert len(set(sentences.values())) == len(GAUGES)
    for gauge, sentence in sentences.items():
        assert f"({gauge})" in sentence


def test_one_type_shares_nothing():
    assert "gauge" not in identified(types=("neuron",))
    assert "nothing that types could share" in identified(types=("neuron",))


def test_missing_entries_leave_right_angles_a_little():
    assert "are nearly orthogonal" in identified(missing=True)
    assert "are orthogonal" in identified()


def test_nonnegative_components_promise_nothing():
    sentence = identified(nonnegative=True)
    assert "orthogonal" not in sentence
    assert "The data decide" not in sentence


def test_without_a_gauge_shares_depend_on_none():
    assert slice_wording.division_sentence(1, "minimal-norm", nonnegative=False) == ""
    assert slice_wording.division_sentence(3, "minimal-norm", nonnegative=True) == ""
    assert "minimal-norm" in slice_wording.division_sentence(2, "minimal-norm", nonnegative=False)


@pytest.mark.parametrize(("axis", "word"), [("trial", "weight"), ("time", "time course")])
def test_types(axis, word):
    assert word in slice_wording.type_sentence(axis)


def test_restarts_are_compared_by_their_subspaces():
    from types import SimpleNamespace

    pairs = ((1, 1), (1.0001, 0.996))
    restarts = [
        SimpleNamespace(loss=loss, similarity=overlap, origin=None, finished=True)
        for loss, overlap in pairs
    ]
    text = wording.stability_sentence(restarts, of=slice_wording.SUBSPACES)
    assert text == (
        "2 of 2 restarts ended within 0.1 % of the best loss, and all of them found nearly the "
        "same loading subspaces (overlap 0.99 or more)."
    )
    restarts[1].similarity = 0.5
    text = wording.stability_sentence(restarts, of=slice_wording.SUBSPACES)
    assert "do not pin the loading subspaces down" in text
