"""Everything that is written goes through one writer, which leaves no part of a file behind."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
# Methods that write a file, whatever they belong to.
WRITERS = {
    "to_csv", "to_netcdf", "to_json", "to_excel", "to_zarr", "write_text", "write_bytes", "tofile",
    "savefig", "savez", "savez_compressed", "savetxt", "copyfile", "copy2", "touch",
}  # fmt: skip
# The writer itself; suites that check recordings written by other means, in temporary folders.
APART = ("trialtensor/storage/", "trialtensor/testing/")
# A figure drawn in memory.
IN_MEMORY = {"trialtensor/report/figures.py": {"savefig"}}
NOTHING = "trialtensor/cli/console.py"  # opens the null device


def found(source):
    """Lines and names of calls that write files, in Python source."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        function = node.func
        name = getattr(function, "attr", getattr(function, "id", ""))
        modes = [a.value for a in node.args if isinstance(a, ast.Constant)]
        modes += [k.value.value for k in node.keywords if isinstance(k.value, ast.Constant)]
        opens = name in ("open", "File") and any(
            isinstance(m, str) and set(m) <= set("rwaxbt+") and set(m) & set("wax+") for m in modes
        )
        numpy_save = name == "save" and getattr(getattr(function, "value", 0), "id", "") == "np"
        if name in WRITERS or opens or numpy_save:
            yield node.lineno, name


@pytest.mark.parametrize("package", ["trialtensor", "trialtensor_models"])
def test_all_writers_use_storage(package):
    wrong = []
    for path in sorted((ROOT / package).rglob("*.py")):
        name = path.relative_to(ROOT).as_posix()
        if name.startswith(APART) or name == NOTHING:
            continue
        allowed = IN_MEMORY.get(name, set())
        wrong += [
            f"{name}:{line} {call}"
            for line, call in found(path.read_text("utf-8"))
            if call not in allowed
        ]
    assert wrong == []


@pytest.mark.parametrize(
    "source",
    [
        "path.open('w')", "open(path, mode='a')", "h5py.File(path, 'w')", "frame.to_csv(path)",
        "np.save(path, x)", "figure.savefig(path)", "path.write_text('a')",
    ],
)  # fmt: skip
def test_writers_are_seen(source):
    assert len(list(found(source))) == 1


@pytest.mark.parametrize("source", ["path.open('rb')", "open(path)", "model.save(path)", "f(0)"])
def test_others_are_not(source):
    assert list(found(source)) == []
