"""Runs with Purkinje cells and an outcome: what is recorded, and that nothing else changes."""

import numpy as np
import pytest
import xarray as xr
from sklearn.linear_model import LinearRegression
from typer.testing import CliRunner

import trialtensor as tt
from trialtensor_models import CCRNN, CCRNNSimulator, CenterOut, Run, Schedule, simulate
from trialtensor_models.analysis import changes_by_region
from trialtensor_models.cli import app
from trialtensor_models.experiments.coemergence import regions_of

SCHEDULE = Schedule().baseline(2).rotate(30, 12).clamp(2)
TASK = CenterOut(n_targets=2)
REGIONS = ["cortex", "pons", "granule", "purkinje", "nuclei", "olive"]


def session(model, **options):
    return simulate(model, TASK, SCHEDULE, seed=2, **options)


@pytest.fixture(scope="module")
def model():
    return CCRNN.pretrained().scale(purkinje=12)


@pytest.fixture(scope="module")
def plain():
    return session(CCRNN.pretrained())


@pytest.fixture(scope="module")
def run(model):
    return session(model)


@pytest.fixture(scope="module")
def longer(model):
    return session(model, outcome=0.3)


@pytest.fixture(scope="module")
def rewarded():
    model = CCRNN.pretrained(task="reversal").scale(purkinje=12)
    schedule = Schedule().baseline(30).reverse(30)
    return simulate(model, model.task, schedule, seed=0, outcome=0.3, record="activity")


def part(tensor, region):
    return tensor.values[:, tensor["region"].values == region]


def test_nothing_else_changes_by_a_bit(plain, run):
    xr.testing.assert_identical(plain.behaviour, run.behaviour)
    for name in ("W_PC", "C", "fast", "slow"):
        np.testing.assert_array_equal(getattr(plain.truth, name), getattr(run.truth, name))
    pairs = [(plain.activity, run.activity)]
    pairs += [(each, run.truth.counterfactual[n]) for n, each in plain.truth.counterfactual.items()]
    for without, beside in pairs:
        for region in ("cortex", "pons", "granule", "nuclei"):
            np.testing.assert_array_equal(part(without, region), part(beside, region))
    assert regions_of(run) == REGIONS and regions_of(plain) == [*REGIONS[:3], "nuclei"]
    assert "preferred_direction" not in plain.activity.coords
    assert plain.truth.W_LTD.size == 0 and plain.truth.purkinje is None


def test_nuclei_are_what_recorded_simple_spikes_leave_free(run):
    simple = part(run.activity, "purkinje").swapaxes(1, 2)
    nuclei = run.truth.purkinje.nuclei(simple)
    recorded = part(run.activity, "nuclei").swapaxes(1, 2)
    np.testing.assert_allclose(nuclei, recorded, atol=1e-6)
    assert np.abs(recorded[-3:]).max() > 0.01
    assert (simple > 0).all() and run.truth.configuration["simple_spikes_below_zero"] == 0


def test_all_granule_cells_and_the_truth_give_the_simple_spikes(model):
    run = session(model, n_granule=None, record="activity")
    cells, k = run.truth.purkinje, 8
    granule = part(run.activity, "granule")[k].T
    weights = cells.weights(run.truth.W_PC[k], run.truth.W_LTD[k])
    simple = cells.simple_spikes(granule, weights)
    np.testing.assert_allclose(simple.T, part(run.activity, "purkinje")[k], atol=1e-5)


def test_complex_spikes_rest_and_report_the_error(run):
    spikes, rest = part(run.activity, "olive"), run.truth.olive.rest[:, None]
    assert (spikes > 0).all()
    clamped = run.behaviour["clamp"].values
    np.testing.assert_allclose(spikes[clamped], np.broadcast_to(rest, spikes[clamped].shape))
    # A cursor that turns counter-clockwise from 0 degrees asks for a correction downwards.
    first = 2 + int(np.argmax(run.behaviour["target"].values[2:] == 0))
    olive = run.activity["region"].values == "olive"
    direction = run.activity["preferred_direction"].values[olive]
    time = run.activity["time"].values
    change = (spikes[first] / rest - 1)[:, (time > 0.1) & (time < 0.4)].mean(1)
    assert change[direction == 270].min() > 1 and change[direction == 90].max() < -0.3
    # Without the cerebellum errors stay as large as they were.
    without = part(run.truth.counterfactual["no_cerebellum"], "olive")
    assert without[13].max() > 1.2 * spikes[13].max()


def test_an_outcome_is_recorded_and_changes_no_movement(run, longer):
    n_before = run.activity.sizes["time"]
    assert longer.activity.sizes["time"] == n_before + 15
    np.testing.assert_allclose(longer.activity.values[:, :, :n_before], run.activity, atol=1e-6)
    for name in ("hand", "angle", "end_error"):
        np.testing.assert_allclose(longer.behaviour[name], run.behaviour[name], atol=1e-6)
    np.testing.assert_allclose(longer.truth.W_PC, run.truth.W_PC, atol=1e-6)
    # The motor error is over then.
    after = part(longer.activity, "olive")[:, :, n_before:]
    np.testing.assert_allclose(after, np.broadcast_to(run.truth.olive.rest[:, None], after.shape))
    assert np.abs(np.diff(part(longer.activity, "cortex")[:, :, n_before:])).max() > 0
    aligned = tt.align_trials(longer.activity, "outcome")
    assert aligned["time"].values[0] < -0.5 and abs(longer.activity["outcome"][0] - 0.7) < 1e-9


def test_reward_prediction_errors_are_in_complex_spikes_at_the_outcome(rewarded):
    surprise = rewarded.behaviour["reward"].values - rewarded.truth.schedule["expected"].values
    X = rewarded.activity
    outcome = X["time"].values > X["outcome"].values[0]

    def score(region, when):
        features = part(X, region)[:, :, when].mean(2)
        half = np.arange(len(features)) % 2 == 0
        fitted = LinearRegression().fit(features[half], surprise[half])
        return fitted.score(features[~half], surprise[~half])

    assert score("olive", outcome) > 0.95
    rest = rewarded.truth.olive.rest[:, None]
    before = part(X, "olive")[:, :, ~outcome]
    np.testing.assert_allclose(before, np.broadcast_to(rest, before.shape), rtol=1e-6)
    # No reward reaches granule cells, so that simple spikes know of none on the same trial.
    assert score("purkinje", outcome) < 0.3


def test_runs_survive_their_file(longer, tmp_path):
    path = tmp_path / "run.nc"
    longer.save(path)
    back = Run.load(path)
    for name in ("group", "fixed", "gain", "D"):
        kept, found = (getattr(each.truth.purkinje, name) for each in (longer, back))
        np.testing.assert_array_equal(kept, found)
    np.testing.assert_array_equal(back.truth.olive.rest, longer.truth.olive.rest)
    assert back.truth.olive.scale == longer.truth.olive.scale
    np.testing.assert_array_equal(back.truth.W_LTD, longer.truth.W_LTD)
    np.testing.assert_allclose(back.activity, longer.activity, atol=2e-3)
    names = ("region", "unit", "preferred_direction", "outcome")
    with tt.read(path, lazy=True) as X:
        for name in names:
            np.testing.assert_array_equal(X[name], longer.activity[name])


def test_analyses_take_all_six_regions(longer):
    assert np.isfinite(changes_by_region(longer.activity)).all()
    spikes = longer.spikes(rate_scale=20, bin_width=0.3)
    simple = part(spikes, "purkinje").mean() / 0.3
    assert 45 < simple < 55
    assert 0.5 < part(spikes, "olive").mean() / 0.3 < 2.5
    assert "purkinje 12, nuclei 2, olive 12" in repr(longer)


def test_figure_and_film_have_a_panel_for_each_region(longer, tmp_path):
    titles = [axes.get_title() for axes in longer.plot().axes]
    shown = [t for t in titles if t.split(" ")[0] in REGIONS]
    assert [t.split(" ")[0] for t in shown] == REGIONS
    assert shown[3] == "purkinje (12)\nabout the mean"
    assert longer.film(tmp_path / "run.gif", n_frames=2).stat().st_size > 0


def test_other_ways_in(model, tmp_path):
    short = CCRNNSimulator(model=model, schedule=Schedule().rotate(30, 3), outcome=0.1)
    assert short.simulate(0).activity.sizes["time"] == 50
    path = tmp_path / "run.nc"
    options = ["--rotate", "30", "--trials", "2", "--baseline", "0", "--targets", "1"]
    options += ["--purkinje", "8", "--outcome", "0.1", "-o", str(path)]
    assert CliRunner().invoke(app, ["simulate", *options]).exit_code == 0
    assert "olive" in set(tt.read(path)["region"].values)


def test_outcomes_shorter_than_a_step_are_refused(model):
    with pytest.raises(ValueError, match=r"outcome: 0\.001 s is less than half a step of 0\.01 s"):
        session(model, outcome=0.001)
    with pytest.raises(ValueError, match="networks that are simulated together need the same"):
        simulate([model, CCRNN.pretrained()], TASK, SCHEDULE, seed=[0, 1])
