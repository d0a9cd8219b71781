"""Figures of results refuse what is no such result, by the name of the argument."""

import inspect

import pytest

from trialtensor import plotting

OF_RESULTS = sorted(
    name
    for name in plotting.__all__
    if name.startswith("plot_") and "check_instance" in inspect.getsource(getattr(plotting, name))
)


def test_most_figures_are_of_results():
    assert len(OF_RESULTS) >= 15


@pytest.mark.parametrize("wrong", [3, None, {}, "text", int], ids=repr)
@pytest.mark.parametrize("name", OF_RESULTS)
def test_it_is_refused_by_name(name, wrong):
    plot = getattr(plotting, name)
    first, *others = inspect.signature(plot).parameters.values()
    needed = [each.name for each in others if each.default is each.empty]
    with pytest.raises(ValueError, match=f"^{first.name}: expected an? "):
        plot(wrong, **{each: [1.0, 2.0] for each in needed})
