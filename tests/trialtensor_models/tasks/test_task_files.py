"""Networks of one's own tasks in files: by registration, by `task=`, and never by an import."""

import json
import sys
from dataclasses import dataclass, replace

import h5py
import numpy as np
import pytest

from trialtensor_models import CCRNN, CenterOut, Schedule, simulate
from trialtensor_models.tasks import configuration_of, register_task, registry, task_from


@dataclass(frozen=True)
class Arc:
    """Reaches to targets on an arc; not a subclass of ours."""

    angles: tuple[float, ...] = (60.0, 90.0, 120.0)
    hold: float = 0.2

    name = "arc"
    n_inputs = 3

    @property
    def labels(self):
        return np.array(self.angles)

    def go(self, dt):
        return round(self.hold / dt)

    def draw(self, conditions, dt, rng):
        # Not evenly spaced, so each is a task of one target.
        parts = [
            CenterOut(n_targets=1, first_angle=self.angles[k], hold=self.hold).draw(
                np.array([0]), dt, rng
            )
            for k in conditions
        ]
        inputs = np.concatenate([part.inputs for part in parts])
        return replace(
            parts[0], inputs=inputs, desired=np.concatenate([part.desired for part in parts])
        )

    def reference(self):
        return self


@pytest.fixture
def model():
    return replace(CCRNN.pretrained(), task=Arc((30.0, 150.0)))


@pytest.fixture
def path(model, tmp_path):
    model.save(tmp_path / "arc.h5")
    return tmp_path / "arc.h5"


@pytest.fixture
def registered(monkeypatch):
    monkeypatch.setattr(registry, "_registered", {})
    register_task(Arc)


def rewritten(path, **changes):
    """Change what a file says of its task."""
    with h5py.File(path, "a") as file:
        configuration = json.loads(file.attrs["configuration"])
        configuration["task"] |= changes
        file.attrs["configuration"] = json.dumps(configuration)


def test_a_task_passed_to_load(model, path):
    for task in (Arc((30.0, 150.0)), Arc):
        back = CCRNN.load(path, task=task)
        assert back.task == model.task
        np.testing.assert_array_equal(back.weights.W, model.weights.W)
    run = simulate(back, back.task, Schedule().rotate(30, 2))
    assert sorted(run.behaviour["target"].values) == [30, 150]


def test_a_registered_task(path, registered):
    assert CCRNN.load(path).task == Arc((30.0, 150.0))
    register_task(Arc)  # again, as when its module is loaded again
    with pytest.raises(ValueError, match=r"task: 'arc' is already the name of .*Arc"):
        register_task(type("Other", (Arc,), {}))
    with pytest.raises(ValueError, match=r"task: 'center_out' is already the name of .*CenterOut"):
        register_task(type("Mine", (CenterOut,), {}))


def test_an_unknown_task_is_named(path):
    with pytest.raises(
        ValueError, match=r"arc\.h5' is of the task 'arc' \(.*Arc\), which is not kn"
    ):
        CCRNN.load(path)


def test_another_task_than_that_of_the_file(path, tmp_path):
    with pytest.raises(ValueError, match=r"is of the task 'arc', got task='center_out'"):
        CCRNN.load(path, task=CenterOut())
    with pytest.raises(ValueError, match=r"arc with angles=\(30.0, 150.0\), got task= with \(60"):
        CCRNN.load(path, task=Arc())
    with pytest.raises(ValueError, match="task: expected a task such as CenterOut"):
        CCRNN.load(path, task="arc")
    CCRNN.pretrained().save(tmp_path / "ours.h5")
    with pytest.raises(ValueError, match=r"is of the task center_out with n_targets=8, got task= "):
        CCRNN.load(tmp_path / "ours.h5", task=CenterOut(n_targets=3))
    assert CCRNN.load(tmp_path / "ours.h5", task=CenterOut()).task == CenterOut()


def test_nothing_that_a_file_names_is_imported(path, tmp_path, monkeypatch):
    (tmp_path / "sly_tasks.py").write_text("raise SystemExit('was executed')\n")
    monkeypatch.syspath_prepend(tmp_path)
    rewritten(path, name="sly", **{"class": "sly_tasks.Sly"})
    with pytest.raises(ValueError, match=r"is of the task 'sly' \(sly_tasks\.Sly\)"):
        CCRNN.load(path)
    assert "sly_tasks" not in sys.modules


@pytest.mark.parametrize(
    "changes", [{"angles": 3}, {"no_such": 1}, {"name": 5}, {"name": "os\n\x1b[1m"}]
)
def test_a_broken_file_is_refused_in_one_line(path, registered, changes):
    rewritten(path, **changes)
    with pytest.raises(ValueError, match=r"arc\.h5") as refused:
        CCRNN.load(path)
    assert str(refused.value).isprintable()


def test_what_a_file_cannot_hold_is_refused_before_it_is_written(tmp_path):
    @dataclass(frozen=True)
    class Odd(Arc):
        trained: frozenset[int] = frozenset({1, 2})

    odd = replace(CCRNN.pretrained(), task=Odd())
    with pytest.raises(
        ValueError, match="task: its trained is a frozenset, and files hold numbers"
    ):
        odd.save(tmp_path / "odd.h5")
    assert not (tmp_path / "odd.h5").exists()


def test_configuration_of_ours_is_as_it_was():
    assert configuration_of(CenterOut(n_targets=np.int64(4)))["n_targets"] == 4
    assert "class" not in configuration_of(CenterOut())
    assert task_from(configuration_of(CenterOut(n_targets=4))) == CenterOut(n_targets=4)


@pytest.mark.parametrize(
    ("module", "why"),
    [
        ("raise RuntimeError('no licence')", "no licence"),
        ("class Sly: name = 'declared'", "without labels, n_inputs, go, draw, reference"),
        ("", "has no attribute 'Sly'"),
    ],
)
def test_a_broken_package_is_named_and_only_where_its_task_is_asked_for(
    path, tmp_path, monkeypatch, module, why
):
    (tmp_path / "broken_tasks.py").write_text(module + "\n")
    about = tmp_path / "broken_tasks-0.1.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: broken-tasks\nVersion: 0.1\n")
    (about / "entry_points.txt").write_text(f"[{registry.GROUP}]\ndeclared = broken_tasks:Sly\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "broken_tasks", raising=False)
    assert CCRNN.load(path, task=Arc).task == Arc((30.0, 150.0))
    rewritten(path, name="declared")
    with pytest.raises(ValueError, match=f"'broken_tasks:Sly' of another package can't.*{why}"):
        CCRNN.load(path)


@pytest.mark.parametrize(
    ("task", "message"),
    [
        (3, "task: expected a task such as CenterOut.*, got 3 without name, labels"),
        (CenterOut, "task: expected a task, got the class CenterOut; write task"),
        (Arc(()), "task: arc should have a label a condition"),
    ],
)
def test_what_is_no_task(task, message):
    with pytest.raises(ValueError, match=message):
        replace(CCRNN.pretrained(), task=task)


def test_a_task_that_cannot_be_shared_is_refused():
    unhashable = type("Loose", (Arc,), {"__hash__": None})()
    for task in (unhashable, Arc([60.0, 90.0])):
        with pytest.raises(ValueError, match="task: arc isn't hashable; make it a frozen data"):
            replace(CCRNN.pretrained(), task=task)
