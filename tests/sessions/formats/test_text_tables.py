import numpy as np
import pandas
import pytest

from trialtensor.sessions import open_session

K, N, T = 6, 12, 5
X = np.random.default_rng(0).normal(size=(K, N, T)).round(6)


def long_table():
    """One row a value, in no order; units are called unit0 to unit11."""
    places = np.indices((K, N, T)).reshape(3, -1)
    trial, neuron, time = places
    table = pandas.DataFrame(
        {
            "Trial": trial + 1,
            "Unit": [f"unit{n}" for n in neuron],
            "Time (s)": time / 10,
            "Rate": X[tuple(places)],
            "side": np.array(["left", "right"])[trial % 2],
            "depth": neuron * 20.5,
        }
    )
    return table.sample(frac=1, random_state=0)


ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"]
SEPARATED = [(",", "."), (";", ","), ("\t", "."), ("\t", ","), (";", "."), ("|", ".")]


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize(("delimiter", "decimal"), SEPARATED)
def test_a_long_table_as_it_may_be_written(tmp_path, encoding, delimiter, decimal):
    path = tmp_path / "session.csv"
    table = long_table().rename(columns={"side": "côté"})
    table.to_csv(path, sep=delimiter, decimal=decimal, encoding=encoding, index=False)
    found = open_session(path).tensors["session"]
    assert found.dims == ("trial", "neuron", "time")
    assert np.array_equal(found, X)
    assert found["trial"].to_numpy().tolist() == [1, 2, 3, 4, 5, 6]
    assert found["neuron"].to_numpy().tolist() == [f"unit{n}" for n in range(N)]
    assert found["time"].to_numpy().tolist() == [0, 0.1, 0.2, 0.3, 0.4]
    assert found["côté"].to_numpy().tolist() == ["left", "right"] * 3
    assert found["depth"].dims == ("neuron",) and found["depth"][3] == 61.5


@pytest.mark.parametrize("start", ["sep=;\n", "\n\n", "\ufeffsep=;\r\n"])
def test_what_excel_puts_before_a_table(tmp_path, start):
    path = tmp_path / "a.csv"
    path.write_text(start + long_table().to_csv(sep=";", decimal=",", index=False), "utf-8")
    assert np.array_equal(open_session(path).tensors["a"], X)


def test_thousands_and_decimal_commas(tmp_path):
    path = tmp_path / "trials.csv"
    path.write_text("trial;onset;size\n1;1.234,5;1.000\n2;2.345.678,25;2.000\n")
    found = open_session(path)
    assert found.trials["onset"].tolist() == [1234.5, 2345678.25]
    assert "decimal commas" in str(found)


@pytest.mark.parametrize("kind", ["parquet", "pqt"])
def test_parquet_is_what_pandas_reads(tmp_path, kind):
    pytest.importorskip("pyarrow")
    long_table().to_parquet(tmp_path / f"a.{kind}", index=False)
    found = open_session(tmp_path / f"a.{kind}").tensors["a"]
    cube = pandas.read_parquet(tmp_path / f"a.{kind}").pivot_table(
        index="Unit", columns=["Trial", "Time (s)"], values="Rate"
    )
    order = [f"unit{n}" for n in range(N)]
    expected = cube.loc[order].to_numpy().reshape(N, K, T).transpose(1, 0, 2)
    assert np.array_equal(found, expected)


def test_rows_that_are_missing_are_missing(tmp_path):
    table = long_table()
    gone = (table["Trial"] == 3) & (table["Unit"] == "unit7")
    table[~gone].to_csv(tmp_path / "a.csv", index=False)
    session = open_session(tmp_path / "a.csv")
    expected = X.copy()
    expected[2, 7] = np.nan
    assert np.array_equal(session.tensors["a"], expected, equal_nan=True)
    assert "5 of 360 places have no row" in str(session)


def test_milliseconds_are_told_by_the_name(tmp_path):
    table = long_table().rename(columns={"Time (s)": "time_ms"})
    table["time_ms"] *= 1000
    table.to_csv(tmp_path / "a.csv", index=False)
    found = open_session(tmp_path / "a.csv").tensors["a"]
    assert np.allclose(found["time"], np.arange(T) / 10, rtol=0, atol=1e-12)
    assert np.array_equal(found, X)


def test_columns_of_other_names(tmp_path):
    table = long_table().rename(columns={"Trial": "blk", "Unit": "sua", "Rate": "y"})
    table["trial"] = 1
    table.to_csv(tmp_path / "a.csv", index=False)
    found = open_session(tmp_path / "a.csv", trial="blk", neuron="sua", value="y").tensors["a"]
    assert np.array_equal(found, X)
    with pytest.raises(ValueError, match=r"a\.csv: has no column 'none' \(value=\), but blk, sua"):
        open_session(tmp_path / "a.csv", value="none")


def test_a_column_for_each_neuron(tmp_path):
    table = long_table().pivot(index=["Trial", "Time (s)"], columns="Unit", values="Rate")
    table = table.reset_index()
    table["reward"] = table["Trial"] % 2
    table.to_csv(tmp_path / "a.csv")
    found = open_session(tmp_path / "a.csv").tensors["a"]
    assert found["neuron"].to_numpy().tolist() == [f"unit{n}" for n in range(N)]
    assert np.array_equal(found, X)
    assert found["reward"].dims == ("trial",)


def test_signals(tmp_path):
    rng = np.random.default_rng(0)
    values = {f"roi{k}": rng.random(40) for k in (0, 10, 2)}
    pandas.DataFrame({"t": np.arange(40) / 20, **values}).to_csv(tmp_path / "dff.csv", index=False)
    traces = open_session(tmp_path / "dff.csv").traces["dff"]
    assert traces.table.index.tolist() == ["roi0", "roi2", "roi10"]
    expected = np.c_[values["roi0"], values["roi2"], values["roi10"]]
    assert np.allclose(traces.values, expected, rtol=0, atol=1e-15)
    assert np.allclose(traces.times, np.arange(40) / 20, rtol=0, atol=1e-15)


def write_events(folder, **options):
    rng = np.random.default_rng(0)
    spikes = pandas.DataFrame({"unit": rng.integers(0, 4, 300), "time": rng.random(300) * 50})
    trials = pandas.DataFrame(
        {"trial": [11, 12, 13], "cue": [5.5, np.nan, 40.25], "side": [*"lrl"]}
    )
    units = pandas.DataFrame({"unit": [0, 1, 2, 3, 4], "region": [*"aabbc"]})
    for name, table in (("spikes", spikes), ("trials", trials), ("units", units)):
        table.to_csv(folder / f"{name}.csv", index=False, **options)
    return spikes, trials, units


def test_spikes_trials_and_units_in_a_folder(tmp_path):
    spikes, trials, table = write_events(tmp_path, sep=";", decimal=",")
    session = open_session(tmp_path)
    assert session.trials["cue"].dropna().to_dict() == {11: 5.5, 13: 40.25}
    assert session.trials["side"].tolist() == trials["side"].tolist()
    assert session.units.table["region"].tolist() == table["region"].tolist()
    for unit in range(5):
        expected = np.sort(spikes["time"][spikes["unit"] == unit])
        assert np.allclose(session.units.spikes_of(unit), expected, rtol=0, atol=1e-12)


def test_spikes_alone_with_trials_given(tmp_path):
    spikes, _, _ = write_events(tmp_path)
    session = open_session(tmp_path / "spikes.csv", trials="trials.csv")
    assert session.trials.index.tolist() == [11, 12, 13]
    assert session.units.table.index.tolist() == [0, 1, 2, 3]
    assert len(session.units.times) == len(spikes)


def test_a_unit_that_only_spikes_know_is_kept(tmp_path):
    write_events(tmp_path)
    pandas.DataFrame({"unit": [0, 1], "region": [*"ab"]}).to_csv(tmp_path / "units.csv")
    session = open_session(tmp_path)
    assert session.units.table["region"].fillna("-").to_dict() == {0: "a", 1: "b", 2: "-", 3: "-"}
    assert "units without a row in their table: 2, 3" in str(session)


def test_times_that_begin_again_in_every_trial(tmp_path):
    """As many export spikes: relative to their trial."""
    rng = np.random.default_rng(0)
    spikes = pandas.DataFrame(
        {
            "trial": np.repeat([3, 1, 2], 50),
            "unit": rng.choice([*"ab"], 150),
            "time": rng.random(150) - 0.5,
        }
    )
    spikes.to_csv(tmp_path / "spikes.csv", index=False)
    session = open_session(tmp_path / "spikes.csv")
    assert "times begin again in every trial" in str(session)
    starts = session.trials["trial_start"]
    for trial in (1, 2, 3):
        near = {u: session.units.spikes_of(u) - starts[trial] for u in "ab"}
        for unit, times in near.items():
            own = spikes["time"][(spikes["trial"] == trial) & (spikes["unit"] == unit)]
            assert np.allclose(times[np.abs(times) <= 0.5], np.sort(own), rtol=0, atol=1e-9)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty"),
        ("a,b\n1,2\n", "has the columns a, b; expected trial, neuron, time and value"),
        ("0.1,0.2,0.3\n1,2,3\n", "begins with numbers, expected a line with the names"),
        ("trial,neuron,time,value\n", "has no rows"),
        ("trial,neuron,time,value\n1,1,0,x\n", "no numbers in its column 'value', such as 'x'"),
        ("trial,neuron,time,value\n1,1,0,2\n1,1,0,3\n", "repeat a trial, neuron and time"),
        ("trial,neuron,time,value\n1,,0,2\n1,1,1,3\n", "can't become a tensor"),
        ("neuron,time\n1,soon\n", "no numbers in its column 'time', such as 'soon'"),
        ("neuron,time\n1,0.5\n,0.6\n", "spikes without a neuron"),
        ("neuron\n1\n2\n", "is a table of units, and there are no spikes"),
    ],
)
def test_what_is_no_recording_is_said(tmp_path, text, said):
    path = tmp_path / "spikes_or_so.csv"
    path.write_text(text)
    with pytest.raises(ValueError) as caught:
        open_session(path)
    assert said in str(caught.value) and str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_times_that_differ_from_trial_to_trial_are_no_grid(tmp_path):
    n = 2000
    rng = np.random.default_rng(0)
    pandas.DataFrame(
        {"trial": rng.integers(0, 40, n), "neuron": rng.integers(0, 40, n),
         "time": rng.random(n), "value": 1.0}
    ).to_csv(tmp_path / "a.csv")  # fmt: skip
    with pytest.raises(
        ValueError, match="2000 values for 40 trials, 40 neurons and 2000 different"
    ):
        open_session(tmp_path / "a.csv")


def test_a_value_of_each_spike_is_none_of_a_grid(tmp_path):
    n = 2000
    rng = np.random.default_rng(0)
    table = {
        "trial": np.arange(n) // 50,
        "unit": rng.integers(0, 9, n),
        "time": np.sort(rng.random(n)),
    }
    pandas.DataFrame({**table, "amplitude": 1.0}).to_csv(tmp_path / "a.csv")
    session = open_session(tmp_path / "a.csv")
    assert len(session.units) == 9 and not session.tensors
    assert "columns of spikes that aren't used: amplitude" in str(session)


def test_counts_stay_whole(tmp_path):
    table = long_table()
    table["Rate"] = (table["Rate"] * 10).round().abs().astype(int)
    table.to_csv(tmp_path / "a.csv", index=False)
    found = open_session(tmp_path / "a.csv").tensors["a"]
    assert found.dtype.kind == "i"
    assert np.array_equal(found, np.abs(np.round(X * 10)))


def test_rows_that_no_file_of_this_size_holds(tmp_path):
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    same = pyarrow.array(np.zeros(6_000_000, np.int8))
    names = ("trial", "unit", "time", "value")
    parquet.write_table(pyarrow.table(dict.fromkeys(names, same)), tmp_path / "a.parquet")
    with pytest.raises(ValueError, match=r"a\.parquet: declares 6000000 rows, more than its"):
        open_session(tmp_path / "a.parquet")
