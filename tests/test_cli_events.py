"""Commands on spike times and signals: from a file of a lab to trials, a fit, and its page."""

import html
import json
import re
import shlex
from datetime import UTC, datetime

import numpy as np
import pandas
import pytest
import scipy.io
from typer.main import get_command
from typer.testing import CliRunner

import trialtensor as tt
from trialtensor.cli import app

N_TRIALS, N_UNITS = 60, 8
CUT = ("--align", "go_cue", "--window", "-0.5,1.0", "--bin-size", 0.05)


def run(*words):
    return CliRunner().invoke(app, [str(word) for word in words])


@pytest.fixture(scope="module")
def session(tmp_path_factory):
    """An NWB file of pynwb: units of two qualities, a signal, trials of which one has no cue."""
    pynwb = pytest.importorskip("pynwb")
    rng = np.random.default_rng(0)
    file = pynwb.NWBFile("reaching", "id", datetime(2024, 1, 1, tzinfo=UTC))
    starts = 3.0 * np.arange(N_TRIALS)
    file.add_trial_column("go_cue", "time of the cue")
    file.add_trial_column("reward", "whether it was rewarded")
    for k, start in enumerate(starts.tolist()):
        cue = start + 0.7 if k != 3 else np.nan
        file.add_trial(start_time=start, stop_time=start + 2.5, go_cue=cue, reward=k % 2)
    file.add_unit_column("quality", "of the sorting")
    for unit in range(N_UNITS):
        evoked = np.repeat(starts + 0.9, 5) + 0.1 * rng.normal(size=5 * N_TRIALS)
        times = np.sort(np.r_[evoked, rng.uniform(0, 3 * N_TRIALS, 200)])
        file.add_unit(spike_times=times, quality="good" if unit else "mua")
    values = rng.normal(size=(18500, 3))
    file.add_acquisition(pynwb.TimeSeries(name="lfp", data=values, rate=100.0, unit="volts"))
    path = tmp_path_factory.mktemp("nwb") / "session.nwb"
    with pynwb.NWBHDF5IO(path, "w") as io:
        io.write(file)
    return path


def test_inspect_names_the_next_command_which_works(session, tmp_path, monkeypatch):
    result = run("inspect", session)
    assert result.exit_code == 0, result.output
    assert "quality" in result.output
    command = next(line for line in result.output.splitlines() if "trialtensor bin" in line)
    monkeypatch.chdir(tmp_path)
    done = run(*command.split()[1:])
    assert done.exit_code == 0, done.output
    read = tt.read(tmp_path / "session_trials.nc")
    assert read.sizes == {"trial": N_TRIALS, "neuron": N_UNITS, "time": 75}


def test_from_the_file_to_the_page_and_what_its_neurons_say(session, tmp_path):
    chosen = ("--units", "quality == 'good'", "--trials", "reward == 1")
    fit = run("fit", session, *CUT, *chosen, "--components", 2, "-o", tmp_path / "out")
    assert fit.exit_code == 0, fit.output
    model = tt.load(tmp_path / "out" / "model.h5")
    assert model.fitted_.shape == (N_TRIALS // 2, N_UNITS - 1, 30)
    page = (tmp_path / "out" / "report.html").read_text("utf-8")
    assert "trialtensor.open_session(" in page
    # A model remembers how its recording was cut.
    then = ("--data", session, "-o", tmp_path / "tracked")
    tracked = run("track", tmp_path / "out" / "model.h5", *then)
    assert tracked.exit_code == 0, tracked.output
    summary = json.loads((tmp_path / "out" / "summary.json").read_text("utf-8"))
    assert summary


def test_the_code_on_the_page_makes_the_same_tensor(session):
    from trialtensor.cli.reading import Reading

    how = Reading(
        align="go_cue", window="-0.5,1.0", bin_size=0.05, trials="reward == 1",
        units="quality == 'good'",
    )  # fmt: skip
    tensor, code = how.read(session)
    names = {"trialtensor": tt}
    exec(code, names)
    assert tensor.identical(names["X"])


def test_signals_are_cut(session, tmp_path):
    words = ("--align", "go_cue", "--window", "0,1", "--bin-size", 0.1, "--signal", "lfp")
    result = run("bin", session, *words, "-o", tmp_path / "lfp.nc")
    assert result.exit_code == 0, result.output
    assert tt.read(tmp_path / "lfp.nc").sizes == {"trial": N_TRIALS, "neuron": 3, "time": 10}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--window", "0,1"), "--window: needs --align"),
        (("--align", "go_cue"), "--window: expected start and stop in seconds"),
        (("--align", "go_cue", "--window", "0,1"), "--bin-size: expected seconds"),
        (("--align", "nosuch", *CUT[2:]), "nosuch"),
        ((*CUT, "--units", "quality = 'good'"), "--units: "),
        ((*CUT, "--units", "quality == 'none'"), "--units: none of 8 meets"),
        ((*CUT, "--trials", "reward == 7"), "--trials: no trial of 60 meets"),
        ((*CUT, "--variable", "x"), "--variable: is for files that hold a tensor"),
        ((*CUT[:4], "--signal", "eeg"), "--signal: no signal is called 'eeg'"),
        (("--align", "licks/time", *CUT[2:]), "has no table 'licks'"),
    ],
)
def test_what_is_refused(session, tmp_path, words, said):
    result = run("fit", session, *words, "--components", 2, "-o", tmp_path / "out")
    assert result.exit_code == 2, result.output
    assert said in result.stderr
    assert not (tmp_path / "out").exists()


def test_nothing_to_fit_is_status_1(tmp_path):
    np.save(tmp_path / "flat.npy", np.zeros(5))
    result = run("inspect", tmp_path / "flat.npy")
    assert result.exit_code == 1, result.output
    assert "nothing to fit" in result.output


def test_options_of_formats_are_named_as_the_command_has_them(tmp_path):
    spikes = np.empty((1, 2), dtype=object)
    spikes[0] = [np.arange(5, 9000, 60), np.arange(7, 9000, 50)]
    cues = np.arange(1000, 8000, 300)
    scipy.io.savemat(tmp_path / "ms.mat", {"spikes": spikes, "trials": {"cue": cues}})
    result = run("inspect", tmp_path / "ms.mat")
    assert result.exit_code == 2 and "by --option rate=" in result.output
    result = run("inspect", tmp_path / "ms.mat", "--option", "rate=1000")
    assert result.exit_code == 0 and "so are cue" in result.output
    np.savez(tmp_path / "s.npz", spike_times=np.arange(9.0), spike_clusters=np.arange(9) % 2)
    result = run("inspect", tmp_path / "s.npz")
    assert result.exit_code == 1 and "by --option trials=" in result.output
    assert "no times of trials or events" in result.output


def test_a_tensor_in_a_matlab_file_is_inspected_like_any_other(tmp_path):
    X = np.random.default_rng(0).poisson(3, (12, 10, 30))
    scipy.io.savemat(tmp_path / "x.mat", {"psth": X, "cond": np.arange(12) % 3})
    result = run("inspect", tmp_path / "x.mat")
    assert result.exit_code == 0 and "12 trials, 10 neurons, 30 times" in result.output
    # Where labels contradict the order of axes, the command that says it works.
    scipy.io.savemat(tmp_path / "t.mat", {"psth": X, "t": np.linspace(0, 1, 10)})
    result = run("inspect", tmp_path / "t.mat")
    assert result.exit_code == 1 and "--axes in the command" in result.output
    assert run("inspect", tmp_path / "t.mat", "--axes", "trial,time,neuron").exit_code == 0


def test_what_is_refused_names_options(session, tmp_path):
    cut = dict(zip(CUT[::2], CUT[1::2], strict=True))
    for changed, said in (
        (
            {"--align": "Go Cue"},
            "no column 'Go Cue'; did you mean 'go_cue'?",
        ),
        ({"--bin-size": 0.07}, "bin_size could be 0.06, 0.075 s"),
        ({"--bin-size": 0.07}, "error: --window: its length"),
        ({"--units": "quality = 'good'"}, "values are compared with =="),
        ({"--units": "quality == 'good' &"}, "conditions are joined by and, or"),
    ):
        words = [word for pair in (cut | changed).items() for word in pair]
        result = run("fit", session, *words, "--components", 1, "-o", tmp_path / "out")
        assert result.exit_code == 2 and said in result.output.replace("\n", " "), result.output


def test_names_with_spaces(tmp_path):
    pynwb = pytest.importorskip("pynwb")
    file = pynwb.NWBFile("x", "id", datetime(2024, 1, 1, tzinfo=UTC))
    file.add_trial_column("Go cue", "a time")
    for k in range(30):
        cue = {"Go cue": 3.0 * k + 0.5 if k else np.nan}
        file.add_trial(start_time=3.0 * k, stop_time=3.0 * k + 2, **cue)
    file.add_unit(spike_times=np.sort(np.random.default_rng(0).random(2000) * 90))
    file.add_unit(spike_times=np.sort(np.random.default_rng(1).random(2000) * 90))
    events = pynwb.behavior.BehavioralEvents(name="BehavioralEvents")
    events.create_timeseries(
        name="reward", data=np.ones(20), timestamps=1 + 4.0 * np.arange(20), unit="mL"
    )
    file.create_processing_module("behavior", "b").add(events)
    with pynwb.NWBHDF5IO(tmp_path / "s.nwb", "w") as io:
        io.write(file)
    for align, said in (("Go cue", "Go cue"), ("reward", "reward/timestamp")):
        words = ("bin", tmp_path / "s.nwb", "--align", align, *CUT[2:], "-o", tmp_path / "x.nc")
        result = run(*words)
        assert result.exit_code == 0 and "warning" not in result.output, result.output
        X = tt.read(tmp_path / "x.nc")
        assert X.attrs["align_to"] == said
        assert said != "Go cue" or X["Go cue"].dims == ("trial",)
        assert f"cut around {said}" in run("inspect", tmp_path / "x.nc").output


def test_a_column_with_a_slash_is_no_other_table(tmp_path):
    cues = np.arange(5.0, 85, 4)
    pandas.DataFrame({"lick/first": cues}).to_csv(tmp_path / "trials.csv", index=False)
    spikes = pandas.DataFrame({"time": np.random.default_rng(0).random(900) * 90, "unit": 1})
    spikes.to_csv(tmp_path / "spikes.csv", index=False)
    cut = ("--align", "lick/first", *CUT[2:])
    result = run("bin", tmp_path, *cut, "-o", tmp_path / "x.nc")
    assert result.exit_code == 0 and "cut around lick/first" in result.output
    result = run("bin", tmp_path, "--align", "lick/last", *CUT[2:], "-o", tmp_path / "x.nc")
    assert result.exit_code == 2 and "no table 'lick'" in result.output


def test_commands_on_pages_can_be_copied(session, tmp_path, monkeypatch):
    def command_of(page):
        text = html.unescape(page.read_text("utf-8"))
        line = next(each for each in text.splitlines() if "trialtensor fit" in each)
        return shlex.split(re.sub(r"<[^>]*>", "", line))[1:]

    monkeypatch.chdir(tmp_path)
    chosen = ("--units", "quality == 'good'", "--trials", "reward == 1")
    fit = run("fit", session, *CUT, *chosen, "--components", 1, "--n-init", 1, "-o", "out")
    assert fit.exit_code == 0, fit.output
    words = command_of(tmp_path / "out" / "report.html")
    assert "--option" not in words
    first = tt.load("out/model.h5")
    copied = run(*words)
    assert copied.exit_code == 0, copied.output
    again = tt.load("out/model.h5")
    np.testing.assert_array_equal(again.trial_factors_, first.trial_factors_)


def test_an_option_that_is_given_twice_is_twice_in_the_command():
    from trialtensor.cli.recording import as_typed

    command = get_command(app).commands["bin"]
    words = ["a b.npz", "-o", "x.nc", "--option", "rate=30", "--option", "units=it's"]
    context = command.make_context("bin", list(words))
    typed = shlex.split(as_typed(context))
    again = command.make_context("bin", typed[2:])
    assert again.params == context.params
    assert again.params["option"] == ["rate=30", "units=it's"]


def test_words_that_rows_can_be_chosen_by_are_shown(session, tmp_path):
    assert "choose by quality: good, mua" in run("inspect", session).output
    out = ("--components", 1, "-o", tmp_path / "out")
    result = run("fit", session, *CUT, "--units", "quality == 'Good'", *out)
    assert result.exit_code == 2
    assert result.output.strip().endswith("quality is one of good, mua")
