"""Figures of searches and of components over trials: what they hold, without a browser."""

from dataclasses import replace

import numpy as np
import pytest

import trialtensor as tt
from tests.made_searches import NOISE, TRIPLES, TYPICAL, made_profile, made_search
from trialtensor.explore import embed, explore_search, explore_tracking

LABELS = np.array([f"block {i // 10}" for i in range(100)])


def drawn(figure):
    """Panels by their titles."""
    return {panel.title.text: panel for panel in figure.layout.children}


def items(figure):
    return [each["label"] for each in figure.layout.tags[1]["items"]]


@pytest.fixture(scope="module")
def tracking():
    y = np.r_[np.zeros(30), np.ones(30)] + 0.1 * np.random.default_rng(0).normal(size=60)
    y[4] = np.nan
    return tt.track(y, labels=np.repeat(["<i>a", "b$$"], 30), behaviour=np.arange(60.0))


def test_a_search_with_a_profile():
    search = made_search(TYPICAL)
    figure = explore_search(search, made_profile(dict.fromkeys(TYPICAL, 0.9)))
    assert list(drawn(figure)) == [
        "Held-out error",
        "Close up: difference to the best on the same split",
        "Agreement of restarts, corrected for chance",
        "Core consistency",
    ]
    ranges = {id(panel.x_range) for panel in figure.layout.children}
    assert len(ranges) == 1 and "chosen: 3" in items(figure)
    ((title, table),) = figure.tables
    assert title == "Candidates" and list(table.index) == list("12345")
    assert figure.alt.endswith("; chosen: 3.") and embed(figure).divs


@pytest.mark.parametrize("errors", [NOISE, TRIPLES, {2: (0.5,)}, {2: (0.5, 0.7), 3: (9.0, 30.0)}])
def test_other_searches(errors):
    search = made_search(errors)
    figure = explore_search(search)
    assert len(figure.layout.children) == 2
    for panel in figure.layout.children:
        low, high = panel.y_range.start, panel.y_range.end
        assert np.isfinite([low, high]).all() and low < high
        for each in panel.renderers:
            y = each.data_source.data.get("y", [])
            assert all(low <= value <= high for value in y if len(y) == len(errors))
    assert ("none" in figure.alt) is (errors is NOISE)


def test_a_profile_of_other_candidates_is_refused():
    with pytest.raises(ValueError, match="profile: expected one of the candidates"):
        explore_search(made_search(TYPICAL), made_profile({9: 1.0}))


def test_components_over_trials(tracking):
    figure = explore_tracking(tracking)
    panels = drawn(figure)
    assert list(panels) == ["component 1", "behaviour"]
    assert len({id(panel.x_range) for panel in panels.values()}) == 1
    assert items(figure) == ["change and where it may begin", "course and interval", "<i>a", "b$$"]
    points = [each for each in panels["component 1"].renderers if each.name in ("item 2", "item 3")]
    trials = np.concatenate([each.data_source.data["x"] for each in points])
    assert sorted(trials) == [i for i in range(60) if i != 4]  # where there is a value
    found = dict(figure.tables)
    assert found["Strength on each trial"]["label"].tolist() == ["<i>a"] * 30 + ["b$$"] * 30
    assert found["Changes"].index[0] == "component 1"


def test_many_blocks_are_not_told_apart_by_colour():
    y = np.random.default_rng(0).normal(size=100)
    figure = explore_tracking(tt.track(y, labels=LABELS))
    assert items(figure) == ["course and interval", "trials"]
    points = drawn(figure)["component 1"].renderers[-1].data_source.data
    assert points["label"][17] == "block 1"  # pointing at them still says it


def test_names_that_are_long():
    name = "component " + "x" * 300
    tracking = tt.track(np.random.default_rng(0).normal(size=(40, 1)))
    renamed = tracking.series.rename(columns=lambda _: name)

    found = {name: tracking.found["component 1"]}
    figure = explore_tracking(replace(tracking, series=renamed, found=found))
    assert all(len(title) < 100 for title in drawn(figure))
