import numpy as np
import pytest

from trialtensor.plotting.labels import make_labels, resolve_labels, shorten


@pytest.mark.parametrize(
    ("name", "values", "kind", "texts"),
    [
        ("direction_deg", np.tile(np.arange(0, 360, 45), 3), "circular", 8),
        ("direction_deg", np.array([-90.0, 0, 90, 180]), "circular", 4),
        ("angle_deg", np.linspace(0, 359, 50), "circular", 0),
        ("error_deg", np.array([-30.0, 0, 30]), "categorical", 3),
        ("target_deg", np.array([0, 180, 0]), "categorical", 2),
        ("block", np.array([1, 1, 2]), "categorical", 2),
        ("hit", np.array([True, False]), "categorical", 2),
        ("speed", np.linspace(0, 1, 30), "continuous", 0),
    ],
)
def test_kind(name, values, kind, texts):
    labels = make_labels(values, name)
    assert (labels.kind, len(labels.texts)) == (kind, texts)


def test_categories_keep_the_order_of_the_experiment():
    labels = make_labels(np.array(["baseline", "adaptation", "baseline", "washout"]), "phase")
    assert labels.texts == ("baseline", "adaptation", "washout")
    assert labels.level_index().tolist() == [0, 1, 0, 2]


def test_same_label_same_color_and_missing_is_grey():
    labels = make_labels(np.array([0.0, 90, 180, 270, 360, np.nan]), "direction_deg")
    colors = labels.colors()
    np.testing.assert_array_equal(colors[0], colors[4])
    assert np.ptp(colors[5, :3]) == 0
    assert len(np.unique(colors[:4], axis=0)) == 4


def test_missing_text_labels():
    labels = make_labels(np.array(["a", None, "b"], dtype=object), "cue")
    assert labels.texts == ("a", "b")
    assert labels.missing.tolist() == [False, True, False]


def test_groups_hold_every_labelled_trial_once():
    rng = np.random.default_rng(0)
    for name, values in (("x_deg", rng.uniform(0, 360, 100)), ("x", rng.normal(size=100))):
        values[7] = np.nan
        rows = np.concatenate([group.rows for group in make_labels(values, name).groups()])
        assert sorted(rows) == [i for i in range(100) if i != 7]


def test_sector_of_a_direction_just_below_a_full_turn():
    labels = make_labels(np.append(np.arange(0, 360, 20), 359.0), "x_deg")
    assert 18 in labels.groups()[0].rows


def test_dates_are_numbers_with_texts():
    labels = make_labels(np.datetime64("2026-01-01") + np.arange(30), "day")
    assert labels.kind == "continuous"
    assert labels.date_ticks(2)[1] == ["2026-01-01", "2026-01-30"]


def test_unknown_name_lists_the_trial_coordinates():
    coords = {"phase": ("trial", np.zeros(3)), "area": ("neuron", np.zeros(2))}
    with pytest.raises(
        ValueError, match=r"color_by: no trial coordinate is called 'area'; .*: 'phase'$"
    ):
        resolve_labels(coords, "area", 3, "color_by")


def test_wrong_number_of_labels():
    with pytest.raises(ValueError, match=r"color_by: .* array of 3 labels.*got shape \(2,\)"):
        resolve_labels({}, [1, 2], 3, "color_by")


def test_long_names_keep_both_ends():
    assert shorten("a" * 30 + "_7", 12).endswith("_7")
    assert len(shorten("a" * 30, 12)) == 12


def test_dollars_in_names_are_no_formula():
    from matplotlib.figure import Figure

    figure = Figure()
    text = figure.text(0, 0, shorten("Ba$$in $alary"))
    figure.draw_without_rendering()
    assert text.get_text().replace("\\$", "$") == "Ba$$in $alary"
