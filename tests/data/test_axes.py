import itertools

import pytest

from trialtensor.data.axes import ALIASES, AXES, resolve_axes


@pytest.mark.parametrize(
    ("alias", "axis"), [(alias, axis) for axis in AXES for alias in (axis, *ALIASES[axis])]
)
def test_every_alias_means_its_axis(alias, axis):
    others = [other for other in AXES if other != axis]
    assert resolve_axes([alias, *others]) == (axis, *others)
    assert resolve_axes([*others, alias.upper()]) == (*others, axis)


def test_no_alias_means_two_axes():
    for first, second in itertools.combinations(AXES, 2):
        assert not set(ALIASES[first]) & set(ALIASES[second])


def test_an_unknown_name_is_named_with_what_is_accepted():
    with pytest.raises(ValueError, match=r"axes: 'depth' is no axis of a trial tensor") as caught:
        resolve_axes(["trial", "depth", "time"], name="axes")
    for alias in ("epoch", "unit", "channel", "roi", "cell", "bin", "sample"):
        assert alias in str(caught.value)


def test_two_names_of_one_axis_are_refused():
    with pytest.raises(ValueError, match="X: 'roi' and 'cell' both mean the neuron axis"):
        resolve_axes(["trial", "roi", "cell"])


@pytest.mark.parametrize("names", [["trial", "neuron"], "abc"])
def test_three_names_are_needed(names):
    with pytest.raises(ValueError, match="axes: expected three axis names, got"):
        resolve_axes(names, name="axes")
