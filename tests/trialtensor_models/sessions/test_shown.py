"""What is printed of the objects of a session fits a screen."""

from dataclasses import replace

import numpy as np
import pytest
from matplotlib.figure import Figure

from trialtensor_models import CCRNN, CenterOut, Run, Schedule, TwoStateModel, simulate
from trialtensor_models.analysis import make_exact, score_recovery, trial_factors
from trialtensor_models.plasticity import gains_of
from trialtensor_models.sessions.phases import phases_of

LONG = Schedule.from_table({"rotation": np.arange(60), "epoch": [f"e{k}" for k in range(60)]})


@pytest.fixture(scope="module")
def run():
    schedule = Schedule().baseline(3).rotate(30, 12).washout(4).clamp(2)
    return simulate(CCRNN.pretrained(), CenterOut(n_targets=2), schedule, seed=1)


def shown(run):
    model = CCRNN.pretrained()
    trace = TwoStateModel().simulate(Schedule().baseline(9).rotate(30, 60).rotate(-30, 9).clamp(9))
    exact = make_exact(trace, random_state=0)
    found = type("Found", (), {"trial_loadings_": np.c_[trace.fast, trace.slow]})()
    found.trial_slices_ = np.ones((2, 80, 40)) + np.arange(80)[:, None]
    things = [run, run.truth, LONG, model, model.weights, model.wiring, gains_of(model), trace]
    return [*things, exact, score_recovery(found, exact, n_shuffles=5), CCRNN(), trial_factors]


def test_everything_fits_a_screen(run):
    for each in shown(run):
        lines = repr(each).splitlines()
        assert len(lines) <= 24 and max(map(len, lines)) <= 400, type(each)


def test_a_run_says_what_it_holds(run):
    text = repr(run)
    assert text.startswith("Run of 21 trials: baseline 3, rotate 12, washout 4, clamp 2\n")
    for word in ("cortex 200", "nuclei 2", "-0.19 to 0.69 s", "center_out", "seed 1", "adaptation"):
        assert word in text
    assert "<pre>" in run._repr_html_() and "<script" not in run._repr_html_()
    alone = repr(Run(None, run.behaviour, run.truth))
    assert "activity        none" in alone
    assert "degrees" in repr(run.truth) and "no_cerebellum" in repr(run.truth)


def test_markup_in_labels_is_text(run):
    labels = np.full(21, "<script>alert(1)</script>")
    odd = Run(None, run.behaviour.assign_coords(epoch=("trial", labels)), run.truth)
    assert "<script" not in odd._repr_html_()


@pytest.mark.parametrize(
    ("schedule", "text"),
    [
        (Schedule(), "Schedule(no trials)"),
        (
            Schedule().baseline(5).rotate(30, 9, epoch="day 1").rotate(-30, until="zero"),
            "Schedule(at most 514 trials: baseline × 5, rotate 30 'day 1' × 9, "
            "rotate -30 × ≤ 500 until zero)",
        ),
    ],
)
def test_a_schedule_is_a_line(schedule, text):
    assert repr(schedule) == text


def test_long_schedules_are_cut():
    assert "and 52 more" in repr(LONG) and "60 trials" in repr(LONG)


def test_a_network_says_whether_it_is_trained():
    assert repr(CCRNN.pretrained()).startswith("CCRNN trained on CenterOut(")
    assert repr(CCRNN()).startswith("CCRNN not trained on CenterOut(")
    assert "silenced: pons 0.5" in repr(CCRNN.pretrained().lesion("pons", scale=0.5))


def test_phases_are_before_early_late_and_washout(run):
    assert [phase.name for phase in phases_of(run.truth.schedule)] == [
        "baseline, trials 0 to 2",
        "rotate, trials 3 to 7",
        "rotate, trials 10 to 14",
        "washout, trials 15 to 18",
    ]
    only = run.truth.schedule.isel(trial=slice(3))
    assert [phase.name for phase in phases_of(only)] == ["baseline, trial 0", "baseline, trial 2"]


def test_figures_show_these_trials(run):
    figure = run.plot()
    titles = [axes.get_title() for axes in figure.axes]
    assert titles[:4] == [phase.name for phase in phases_of(run.truth.schedule)]
    assert [t for t in titles if t.startswith(("cortex", "nuclei"))] == [
        "cortex (200)",
        "nuclei (2)",
    ]
    paths = figure.axes[1]
    drawn = np.array([line.get_xydata() for line in paths.lines if len(line.get_xydata()) == 90])
    np.testing.assert_allclose(drawn, 100 * run.behaviour["hand"].values[3:8], rtol=1e-6)
    learning = next(axes for axes in figure.axes if axes.get_ylabel().startswith("adaptation"))
    slow = next(line for line in learning.lines if str(line.get_label()).startswith("slow"))
    np.testing.assert_allclose(slow.get_ydata(), run.truth.slow)
    assert all(axes.get_xlabel() for axes in figure.axes)
    # Without activity, and without anything but one trial.
    assert len(replace(run, activity=None).plot().axes) == 5
    part = Figure(figsize=(10, 12), layout="constrained").subfigures(1, 2)[0]
    assert run.plot(figure=part) is part
    assert len(part.figure.axes) == len(figure.axes)


def test_a_film_has_its_frames(run, tmp_path):
    from PIL import Image

    path = run.film(tmp_path / "run.gif", n_frames=3, fps=10, window=4)
    with Image.open(path) as film:
        assert film.n_frames == 3 and film.info["duration"] == 100
        first = np.asarray(film.convert("RGB")).copy()
        film.seek(2)
        assert np.any(first != np.asarray(film.convert("RGB")))
    for bad, message in (
        ({"path": tmp_path / "run.mp4"}, r"path: a film is a \.gif file, got 'run\.mp4'"),
        ({"path": tmp_path / "x.gif", "fps": 0}, "fps: expected a number above 0"),
        ({"path": tmp_path / "x.gif", "n_frames": 1}, "n_frames: expected an integer of at least"),
    ):
        with pytest.raises(ValueError, match=message):
            run.film(**bad)
    assert not (tmp_path / "x.gif").exists()
