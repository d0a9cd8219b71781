"""What users have in memory becomes units, trials or a tensor, or is refused by name."""

import numpy as np
import pandas
import pytest

import trialtensor as tt
from trialtensor.events.given import as_tensor, as_trials, as_units, holding
from trialtensor.events.tables import natural_key

RNG = np.random.default_rng(0)
ARGS = {"align_to": "cue", "window": (0, 1), "bin_size": 0.5}


def test_spikes_in_any_form_give_the_same_counts():
    times = [RNG.random(n) * 20 for n in (50, 0, 30)]
    flat, units = np.concatenate(times), np.repeat([0, 1, 2], [50, 0, 30])
    mixed = RNG.permutation(80)
    padded = np.full((3, 50), np.nan)
    for row, each in zip(padded, times, strict=True):
        row[: len(each)] = each
    cells = np.empty(3, object)
    cells[:] = times
    forms = [
        times,
        tuple(times),
        dict(enumerate(times)),
        {i: pandas.Series(each) for i, each in enumerate(times)},
        padded,
        cells,
        tt.Units.from_flat(flat[mixed], units[mixed], pandas.DataFrame(index=[0, 1, 2])),
    ]
    trials = {"cue": [2.0, 9.0]}
    first = tt.bin_spikes(forms[0], trials, **ARGS)
    assert first.sum() > 0
    for each in forms[1:]:
        assert np.array_equal(tt.bin_spikes(each, trials, **ARGS), first)
    table = pandas.DataFrame({"cluster_id": units[mixed], "spike_time": flat[mixed]})
    assert np.array_equal(tt.bin_spikes(table, trials, **ARGS), first[:, [0, 2]])


def test_columns_of_a_spike_table_that_describe_units():
    table = pandas.DataFrame(
        {
            "unit": ["u10", "u2", "u10"],
            "time": [0.1, 0.2, 0.3],
            "region": list("aba"),
            "amp": [1, 2, 3],
        }
    )
    units = as_units(table)
    assert units.table.to_dict() == {"region": {"u2": "b", "u10": "a"}}
    assert holding(table).kind == "table of spikes"
    with pytest.raises(ValueError, match=r"one row a spike .* got columns unit, region"):
        as_units(table[["unit", "region"]])


def test_trials_in_any_form():
    table = pandas.DataFrame({"trial": [5, 6], "cue": [1.0, 2.0]})
    assert as_trials(table).index.tolist() == [5, 6] and list(as_trials(table)) == ["cue"]
    assert as_trials(table.assign(trial=[5, 5])).index.tolist() == [0, 1]
    assert as_trials(table.set_axis(["a", "b"])).index.tolist() == ["a", "b"]
    assert as_trials(np.array([1.0, 2.0]))["event"].to_list() == [1.0, 2.0]
    assert as_trials([1.0, None])["event"].isna().to_list() == [False, True]
    for bad in (tt.Units.from_times([[1.0]]), 3, None, "trials", np.zeros((2, 2, 2))):
        with pytest.raises(ValueError, match="trials: expected"):
            as_trials(bad)
    with pytest.raises(ValueError, match="levels"):
        as_trials(table.set_index(["trial", "cue"]))


def test_long_table_is_the_tensor_that_it_was_made_of():
    X = RNG.normal(size=(4, 3, 5))
    names, times = ["u1", "u2", "u10"], np.arange(5) * 0.1
    rows = [
        {"trial": t, "unit": names[n], "time": times[k], "dff": X[t, n, k], "side": "lr"[t % 2],
         "depth": 10 * n, "noise": float(t + n + k)}
        for t in range(4) for n in range(3) for k in range(5)
    ]  # fmt: skip
    table = pandas.DataFrame(rows).sample(frac=1, random_state=0)
    table.loc[table.index[0], "time"] += 1e-15
    Y = as_tensor(table)
    assert np.array_equal(Y, X)
    assert Y["neuron"].to_numpy().tolist() == names
    assert Y["side"].to_numpy().tolist() == list("lrlr")
    assert Y["depth"].to_numpy().tolist() == [0, 10, 20]
    assert Y.attrs["not_a_label"] == "noise"
    np.testing.assert_allclose(Y["time"], times)
    assert as_tensor(table.drop(columns="noise").iloc[:-1]).isnull().sum() == 1
    assert list(holding(table).tensors) == ["dff"]
    with pytest.raises(ValueError, match="1 rows repeat a trial, neuron and time, such as trial"):
        as_tensor(pandas.concat([table, table.iloc[:1]]))
    with pytest.raises(ValueError, match="called 'value', if there are more"):
        as_tensor(table.rename(columns={"dff": "x"}))
    with pytest.raises(ValueError, match="column 'unit': some labels are NaN"):
        as_tensor(table.assign(unit=table["unit"].where(table["unit"] != "u1")))
    with pytest.raises(ValueError, match="times are missing"):
        as_tensor(table.assign(time=np.nan))


def test_long_table_of_counts_stays_whole():
    table = pandas.DataFrame({"epoch": [1, 1], "cell": [0, 1], "bin": [0, 0], "count": [3, 4]})
    assert as_tensor(table).dtype.kind == "i"
    assert as_tensor(table.assign(cell=[0, 0], bin=[0, 1])).to_numpy().tolist() == [[[3, 4]]]
    gaps = pandas.DataFrame({"trial": [0, 1], "unit": [0, 1], "time": [0, 0], "count": [3, 4]})
    assert np.isnan(as_tensor(gaps)).sum() == 2


def test_natural_order():
    names = ["u10", "u9", "a", "u1b", "u1", "10", "9"]
    assert sorted(names, key=natural_key) == ["9", "10", "a", "u1", "u1b", "u9", "u10"]


def test_ragged_trials_are_padded():
    trials = [RNG.normal(size=(3, n)) for n in (5, 8, 2)]
    X = as_tensor(trials)
    for values, own in zip(X.to_numpy(), trials, strict=True):
        n = own.shape[1]
        assert np.array_equal(values[:, :n], own) and np.isnan(values[:, n:]).all()
    assert X["n_times"].to_numpy().tolist() == [5, 8, 2] and "axes_order" not in X.attrs
    assert as_tensor([each.T for each in trials]).equals(X)
    assert as_tensor([np.zeros((3, 5))] * 2).attrs["axes_order"] == "assumed"
    with pytest.raises(ValueError, match="neither axis is equally long in all"):
        as_tensor([np.zeros((3, 5)), np.zeros((4, 6))])
    with pytest.raises(
        ValueError, match="X: expected what holds a tensor, got list of spike times"
    ):
        as_tensor([[1.0], [2.0]])


def test_dict_of_several_things():
    held = holding(
        {
            "units": tt.Units.from_times([[1.0]]),
            "trials": pandas.DataFrame({"cue": [1.0]}),
            "more": tt.Units.from_times([[2.0]]),
            "odd": object(),
        }
    )
    assert len(held.units) == 1 and len(held.trials) == 1
    assert any("more units, left out" in each for each in held.notes)
    assert any(each.startswith("odd: left out") for each in held.notes)


def test_whatever_has_units_and_trials_of_its_own():
    class Session:
        units = tt.Units.from_times([[1.1]])
        trials = pandas.DataFrame({"cue": [1.0]})
        traces = {"x": tt.Traces("x", None, lambda: np.ones(50), rate=10.0)}  # noqa: RUF012

    assert tt.bin_spikes(Session(), Session(), **ARGS).sum() == 1
    assert (tt.cut_traces(Session(), Session(), **ARGS) == 1).all()


class BaseEpochs:
    """As those of MNE, which isn't needed for this."""

    __module__ = "mne.epochs"
    metadata = pandas.DataFrame({"rt": [0.1, 0.2]}, index=[3, 9])
    event_id = {"left": 1, "right": 2}  # noqa: RUF012
    events = np.array([[10, 0, 2], [20, 0, 1]])
    ch_names = ("Fz", "Cz", "Pz")
    times = np.array([-0.1, 0.0, 0.1, 0.2])
    baseline = (None, 0)

    def get_data(self):
        return np.arange(24.0).reshape(2, 3, 4)

    def get_channel_types(self):
        return ["eeg", "eeg", "misc"]


def test_epochs_of_mne():
    epochs = type("EpochsArray", (BaseEpochs,), {"__module__": "mne.epochs"})()
    X = as_tensor(epochs)
    assert np.array_equal(X, epochs.get_data())
    assert X["event"].to_numpy().tolist() == ["right", "left"]
    assert X["rt"].to_numpy().tolist() == [0.1, 0.2]
    assert X["channel_type"].to_numpy().tolist() == ["eeg", "eeg", "misc"]
    assert X["time"].to_numpy().tolist() == epochs.times.tolist()
    assert X.attrs["baseline"] == [-0.1, 0.0]


def test_real_epochs_of_mne():
    mne = pytest.importorskip("mne")
    info = mne.create_info(["a", "b"], 100.0, "eeg")
    events = np.array([[10, 0, 1], [60, 0, 2], [90, 0, 1]])
    raw = mne.io.RawArray(RNG.normal(size=(2, 200)), info, verbose=False)
    epochs = mne.Epochs(
        raw, events, {"l": 1, "r": 2}, -0.05, 0.1, baseline=None, preload=True, verbose=False
    )
    X = as_tensor(epochs)
    assert np.array_equal(X, epochs.get_data())
    assert X["event"].to_numpy().tolist() == ["l", "r", "l"]


@pytest.mark.parametrize("bad", [3, "text", None, object(), [], {}, {"a": 3}, [object()]])
def test_nothing_of_this(bad):
    with pytest.raises(ValueError):
        holding(bad)
