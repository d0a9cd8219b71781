"""The examples of the guide "Simulators, tasks and plants of your own", installed as pip does."""

import re
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from trialtensor import TCA
from trialtensor_models import (
    CCRNN,
    CCRNNSimulator,
    Run,
    Schedule,
    list_simulators,
    load_simulator,
)
from trialtensor_models.analysis import score_recovery
from trialtensor_models.simulators import registry
from trialtensor_models.tasks import registry as tasks
from trialtensor_models.testing import check_plant, check_simulator, check_task

DOCS = Path(__file__).resolve().parents[3] / "docs"
EXAMPLE = DOCS / "examples" / "lab_models"
MODULES = ("lab_simulator", "lab_task", "lab_plant")


def install(folder, monkeypatch, name, entries):
    about = folder / f"{name.replace('-', '_')}-0.1.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 0.1\n")
    (about / "entry_points.txt").write_text(entries)
    monkeypatch.syspath_prepend(folder)


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """Put the modules and their entry points where Python finds them."""
    declared = (EXAMPLE / "pyproject.toml").read_text("utf-8")
    found = re.findall(r'\[project\.entry-points\."(.*)"\]\n(.*) = "(.*)"', declared)
    entries = "".join(f"[{group}]\n{name} = {value}\n" for group, name, value in found)
    install(tmp_path, monkeypatch, "lab-models", entries)
    monkeypatch.syspath_prepend(EXAMPLE)
    monkeypatch.setattr(tasks, "_registered", {})
    yield
    for module in MODULES:
        sys.modules.pop(module, None)


@pytest.mark.parametrize("module", MODULES)
def test_they_are_short(module):
    lines = (EXAMPLE / f"{module}.py").read_text("utf-8").splitlines()
    assert len([line for line in lines if line.strip()]) <= 32


def test_they_pass_the_suites(installed):
    from lab_plant import Joystick
    from lab_task import Arc

    check_simulator(load_simulator("noisy_memories", n_neurons=5))
    check_task(Arc())
    check_task(Arc((10.0, 200.0)))
    check_plant(Joystick())


def test_the_simulator_is_found_by_its_name(installed, tmp_path):
    (entry,) = [each for each in list_simulators() if each.name == "noisy_memories"]
    assert str(entry) == "noisy_memories (lab-models 0.1, lab_simulator:NoisyMemories)"
    run = load_simulator("noisy_memories", noise=0.2).simulate(1)
    # What it says of the truth is what a model is scored against.
    model = TCA(3, n_init=3, random_state=0).fit(run.activity)
    scores = score_recovery(model, run).scores
    assert scores["fast"].value > 0.9 and scores["slow"].value > 0.9
    assert "region" not in scores and "thalamic subspace" not in scores
    assert "80 trials" in repr(run) and "C " not in repr(run.truth)
    with pytest.raises(ValueError, match="C: this truth has no weights of a cortex"):
        run.truth.delta_W(0)
    run.save(tmp_path / "run.nc")
    np.testing.assert_array_equal(Run.load(tmp_path / "run.nc").truth.slow, run.truth.slow)
    assert len(run.plot().subfigs) == 2  # what is learned, and activity; there is no hand
    with pytest.raises(ValueError, match="behaviour: it has no hand by trial to draw"):
        run.film(tmp_path / "run.gif")


def test_a_network_adapts_on_the_task_with_the_plant_and_loads_anew(installed, tmp_path):
    from lab_plant import Joystick
    from lab_task import Arc

    model = replace(CCRNN.pretrained(), task=Arc((45.0, 135.0)))
    path = tmp_path / "arc.h5"
    model.save(path)
    back = CCRNN.load(path)  # by its entry point: nobody has called register_task
    assert back.task == model.task
    schedule = Schedule().baseline(2).curl(13, 60).washout(2)
    simulator = CCRNNSimulator(
        model=back, task=back.task, schedule=schedule, plant=Joystick(), record="behaviour"
    )
    run = simulator.simulate(0)
    assert set(run.behaviour["target"].values) == {45.0, 135.0}
    deviation = run.behaviour["deviation"].values
    # A field turns the joystick by 27 degrees at once; some of it is learned, and seen afterwards.
    assert deviation[2:4].mean() == pytest.approx(-0.1 * np.sin(np.arctan(13 / 25)), abs=0.004)
    assert deviation[52:62].mean() > 0.75 * deviation[2:4].mean() and deviation[-1] > 0.01
    assert run.truth.configuration["plant"] == {
        "name": "Joystick", "viscosity": 25.0, "motor_noise": 0.5
    }  # fmt: skip


BROKEN = {
    "raise RuntimeError('needs a licence')": "RuntimeError: needs a licence",
    "import no_such_library": "ModuleNotFoundError: No module named 'no_such_library'",
    "def (": "SyntaxError",
    "raise SystemExit(3)": "SystemExit: 3",
    "": "has no attribute 'Made'",
}


@pytest.mark.parametrize(("source", "why"), BROKEN.items())
def test_a_broken_package_is_shown_by_name_and_breaks_nothing(tmp_path, monkeypatch, source, why):
    (tmp_path / "broken_sim.py").write_text(source + "\n")
    install(tmp_path, monkeypatch, "broken-sim", f"[{registry.GROUP}]\nbroken = broken_sim:Made\n")
    monkeypatch.delitem(sys.modules, "broken_sim", raising=False)
    (entry,) = [each for each in list_simulators() if each.name == "broken"]
    assert why in entry.error and "broken-sim 0.1, broken_sim:Made" in str(entry)
    with pytest.raises(ValueError, match=r"name: 'broken' of broken-sim 0.1.* can't be us") as bad:
        load_simulator("broken")
    assert why in str(bad.value)
    assert load_simulator("ccrnn").name == "ccrnn"
    with pytest.raises(ValueError, match=r"name: expected one of ccrnn, .*broken.*, got 'brock"):
        load_simulator("brocken")


def test_what_is_no_simulator_or_takes_a_taken_name(tmp_path, monkeypatch):
    (tmp_path / "odd_sim.py").write_text(
        "class No: pass\n"
        "class Fails:\n    def __init__(self, size=1): raise OSError('no disk')\n"
        "class Ready:\n    name = 'ready'\n    def simulate(self, seed): pass\n"
        "ready = Ready()\n"
    )
    entries = {"no": "No", "fails": "Fails", "ready": "ready", "ccrnn": "Ready"}
    lines = "".join(f"{name} = odd_sim:{value}\n" for name, value in entries.items())
    install(tmp_path, monkeypatch, "odd-sim", f"[{registry.GROUP}]\n{lines}")
    other = tmp_path / "other"
    other.mkdir()
    install(other, monkeypatch, "other-sim", f"[{registry.GROUP}]\nno = odd_sim:Ready\n")
    errors = {each.source: each.error for each in list_simulators()}
    assert (
        errors["odd-sim 0.1, odd_sim:Ready"] == "'ccrnn' is the name of a simulator of this package"
    )
    assert errors["other-sim 0.1, odd_sim:Ready"] == "'no' is declared 2 times"
    with pytest.raises(ValueError, match=r"name: 'no' is declared by .* and by "):
        load_simulator("no")
    with pytest.raises(ValueError, match="name: 'fails' can't be made: OSError: no disk"):
        load_simulator("fails")
    with pytest.raises(ValueError, match="seed: 'ready' takes no options"):
        load_simulator("ready", seed=1)
    with pytest.raises(ValueError, match=r"name: 'ccrnn' can't be made: TypeError: .*'seed'"):
        load_simulator("ccrnn", seed=1)
    assert load_simulator("ready").name == "ready"
