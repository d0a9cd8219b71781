"""Layouts of other tools: what they take, label by label, and back bit for bit."""

from dataclasses import replace

import numpy as np
import pytest
import xarray
from sklearn.linear_model import LogisticRegression

from trialtensor.io import from_layout, to_layout


@pytest.fixture
def counts():
    rng = np.random.default_rng(0)
    return xarray.DataArray(
        rng.poisson(2.0, (8, 3, 10)).astype(float),
        dims=("trial", "neuron", "time"),
        coords={
            "trial": np.arange(20, 28),
            "side": ("trial", np.tile(["left", "right"], 4)),
            "reward": ("trial", [0, 0, 1, 1, 0, 0, 1, 1]),
            "start": ("trial", np.linspace(0, 7, 8)),
            "neuron": ["u1", "u2", "u10"],
            "region": ("neuron", ["M1", "S1", "S1"]),
            "time": 0.02 * np.arange(10) - 0.05,
        },
        attrs={"bin_size": 0.02},
    )


def layout_of(X, tool):
    if tool == "pynapple":
        pytest.importorskip("pynapple")
    if tool == "elephant":
        pytest.importorskip("neo")
    return to_layout(X, tool, **({"by": ["side", "reward"]} if tool == "dpca" else {}))


TOOLS = ["pynapple", "dpca", "dsa", "cebra", "nemos", "elephant", "tensortools", "sklearn"]


@pytest.mark.parametrize("tool", TOOLS)
def test_round_trip(counts, tool):
    for X in (counts, counts.astype(np.float32), counts.astype(np.int32)):
        found = from_layout(layout_of(X, tool))
        np.testing.assert_array_equal(found, X)
        assert found.dtype == X.dtype or tool == "pynapple"
        xarray.testing.assert_identical(found.astype(float), X.astype(float))


@pytest.mark.parametrize("tool", [each for each in TOOLS if each != "dpca"])
def test_round_trip_of_an_array(counts, tool):
    found = from_layout(layout_of(counts.to_numpy(), tool))
    np.testing.assert_array_equal(found, counts.to_numpy())


def test_pynapple_builds_the_same_tensor(counts):
    nap = pytest.importorskip("pynapple")
    layout = to_layout(counts, "pynapple")
    frame, epochs = layout.values
    np.testing.assert_array_equal(nap.build_tensor(frame, epochs), counts.transpose("neuron", ...))
    assert list(frame.columns) == ["u1", "u2", "u10"]
    assert list(frame.metadata["region"]) == ["M1", "S1", "S1"]
    assert list(epochs.metadata["side"]) == counts["side"].to_numpy().tolist()
    assert list(epochs.metadata["start_"]) == counts["start"].to_numpy().tolist()
    right = epochs[epochs.metadata["side"] == "right"]
    found = from_layout((frame, right), "pynapple")
    np.testing.assert_array_equal(found, counts[1::2])
    np.testing.assert_allclose(found["time"], counts["time"], atol=1e-9)
    assert found["region"].to_numpy().tolist() == ["M1", "S1", "S1"]
    assert found["trial"].to_numpy().tolist() == [21, 23, 25, 27]


def test_pynapple_made_elsewhere(counts):
    nap = pytest.importorskip("pynapple")
    t = 0.1 * np.arange(100)
    d = np.random.default_rng(1).normal(size=(100, 2))
    epochs = nap.IntervalSet(start=[0.95, 4.95], end=[1.96, 5.46])
    found = from_layout((nap.TsdFrame(t=t, d=d), epochs), "pynapple")
    assert found.shape == (2, 2, 10)
    np.testing.assert_array_equal(found[0], d[10:20].T)
    np.testing.assert_array_equal(found[1, :, :5], d[50:55].T)
    assert np.isnan(found[1, :, 5:]).all()
    np.testing.assert_allclose(found["time"], 0.05 + 0.1 * np.arange(10))


def test_dpca(counts):
    layout = to_layout(counts, "dpca", by=["side", "reward"])
    mean, trials = layout.values
    assert mean.shape == (3, 2, 2, 10) and trials.shape == (2, 3, 2, 2, 10)
    for i, side in enumerate(["left", "right"]):
        for j, reward in enumerate([0, 1]):
            own = counts[(counts["side"] == side) & (counts["reward"] == reward)]
            np.testing.assert_array_equal(trials[:, :, i, j], own)
            np.testing.assert_allclose(mean[:, i, j], own.mean("trial"))
    assert layout.axes == ("trial", "neuron", "side", "reward", "time")
    assert layout.labels["side"].tolist() == ["left", "right"]
    fewer = to_layout(counts[:7], "dpca", by="side")
    assert fewer.values[1].shape == (4, 3, 2, 10) and np.isnan(fewer.values[1][3, :, 1]).all()
    with pytest.raises(ValueError, match=r"^by: dPCA needs trials of all .* side=right, reward=1"):
        to_layout(counts[:3], "dpca", by=["side", "reward"])
    with pytest.raises(ValueError, match=r"^by: 'dpca' needs the coordinates .* got 'colour'"):
        to_layout(counts, "dpca", by="colour")


@pytest.mark.parametrize("tool", ["cebra", "nemos"])
def test_samples_carry_their_labels(counts, tool):
    layout = to_layout(counts, tool)
    assert layout.values.shape == (80, 3) and layout.axes == ("sample", "neuron")
    for row in (0, 13, 79):
        trial, time = layout.labels["trial"][row], layout.labels["time"][row]
        np.testing.assert_array_equal(layout.values[row], counts.sel(trial=trial, time=time))
        assert layout.labels["side"][row] == counts["side"].sel(trial=trial)
    assert layout.labels["region"].tolist() == ["M1", "S1", "S1"]


def test_rows_with_gaps_are_dropped_and_come_back_as_gaps(counts):
    counts[2, 1, 3:5] = np.nan
    with pytest.raises(ValueError, match=r"^missing: cebra can't take missing entries, and 2 of"):
        to_layout(counts, "cebra")
    layout = to_layout(counts, "cebra", missing="drop")
    assert layout.values.shape == (78, 3) and len(layout.labels["side"]) == 78
    assert len(layout.labels["region"]) == 3
    found = from_layout(layout)
    assert np.isnan(found[2, :, 3:5]).all()
    np.testing.assert_array_equal(found.fillna(-1)[3:], counts[3:])
    assert np.isnan(to_layout(counts, "nemos").values).sum() == 2
    trials = to_layout(counts, "sklearn", missing="drop")
    assert trials.values.shape == (7, 30) and 22 not in trials.labels["trial"]
    with pytest.raises(ValueError, match=r"^missing: only cebra, nemos, sklearn can drop rows"):
        to_layout(counts, "dsa", missing="drop")


def test_sklearn_takes_it(counts):
    layout = to_layout(counts, "sklearn")
    assert layout.values.shape == (8, 30)
    feature = 14
    neuron, time = layout.labels["neuron"][feature], layout.labels["time"][feature]
    np.testing.assert_array_equal(layout.values[:, feature], counts.sel(neuron=neuron, time=time))
    LogisticRegression().fit(layout.values, layout.labels["side"])


def test_orders_of_tensors(counts):
    dsa, tensortools = to_layout(counts, "dsa"), to_layout(counts, "tensortools")
    assert dsa.values.shape == (8, 10, 3) and dsa.values[4, 7, 2] == counts[4, 2, 7]
    assert tensortools.values.shape == (3, 10, 8)
    assert tensortools.values[2, 7, 4] == counts[4, 2, 7]
    for layout in (dsa, tensortools):
        np.testing.assert_array_equal(from_layout(layout.values, layout.tool), counts)
    doubled = from_layout(replace(dsa, values=2 * dsa.values))
    np.testing.assert_array_equal(doubled, 2 * counts)
    assert "use='DSA.DSA(" in repr(dsa) and "_tensor" not in repr(dsa)


def test_spikes_fall_into_the_bins_that_they_were_made_of(counts):
    pytest.importorskip("neo")
    trains = to_layout(counts, "elephant").values
    edges = np.r_[counts["time"] - 0.01, counts["time"][-1] + 0.01]
    for k, trial in enumerate(trains):
        for n, train in enumerate(trial):
            assert train.name == ["u1", "u2", "u10"][n]
            found = np.histogram(train.rescale("s").magnitude, edges)[0]
            np.testing.assert_array_equal(found, counts[k, n])
    with pytest.raises(ValueError, match=r"^X: elephant takes spikes"):
        to_layout(counts + 0.5, "elephant")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda X: to_layout(X, "matlab"), r"^tool: expected one of 'pynapple', 'dpca'"),
        (lambda X: to_layout(X, "dsa", by="side"), r"^by: only 'dpca' takes conditions"),
        (lambda X: to_layout(X, "dsa", missing="fill"), r"^missing: expected one of"),
        (lambda X: to_layout(X, "dpca"), r"^by: 'dpca' needs the coordinates"),
        (lambda X: from_layout(X.to_numpy()), r"^tool: expected one of 'pynapple', 'dsa'"),
        (lambda X: from_layout(X.to_numpy(), "sklearn"), r"^tool: expected one of"),
        (lambda X: from_layout(np.ones((2, 2)), "dsa"), r"^layout: .* got shape \(2, 2\)"),
        (lambda X: from_layout(X.to_numpy(), "pynapple"), r"^layout: expected a pair"),
        (
            lambda X: from_layout(replace(to_layout(X, "dsa"), values=np.ones((1, 2, 3)))),
            r"^layout: expected values of a tensor",
        ),
    ],
)
def test_what_is_refused(counts, call, message):
    with pytest.raises(ValueError, match=message):
        call(counts)
