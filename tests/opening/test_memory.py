"""Free memory, and what is refused for more."""

import pytest

from trialtensor.opening import memory
from trialtensor.opening.guard import RefusedError
from trialtensor.opening.memory import refuse_too_large


def write(folder, **files):
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / f"memory.{name}").write_text(text)


def test_a_container_has_what_its_limit_leaves(tmp_path):
    stat = "anon 500\nactive_file 30\ninactive_file 70\n"
    write(tmp_path / "new", max="1000\n", current="700\n", stat=stat)
    assert memory._left_in(tmp_path / "new") == 400
    write(tmp_path / "old", limit_in_bytes="900", usage_in_bytes="700", stat=stat)
    assert memory._left_in(tmp_path / "old") == 300
    write(tmp_path / "unlimited", max="max\n", current="700\n", stat=stat)
    assert memory._left_in(tmp_path / "unlimited") is None
    assert memory._left_in(tmp_path / "none") is None


def test_free_memory_is_a_plausible_number():
    found = memory.free_memory()
    if found is not None:
        assert 0 < found[0] < 2**50 and found[1] >= 0


def test_what_does_not_fit_into_memory_and_swap_is_refused(monkeypatch):
    monkeypatch.setattr(memory, "free_memory", lambda: (60_000_000, 40_000_000))
    refuse_too_large(80_000_000)
    with pytest.raises(RefusedError, match=r"takes 95 MB of memory, and 100 MB is free"):
        refuse_too_large(95_000_000)


def test_without_word_from_the_system_only_what_no_machine_has_is_refused(monkeypatch):
    monkeypatch.setattr(memory, "free_memory", lambda: None)
    refuse_too_large(10**12)
    with pytest.raises(RefusedError):
        refuse_too_large(10**22)
