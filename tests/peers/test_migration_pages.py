"""Each row of the migration pages has a test of its name, and each test a row."""

import ast
import importlib
import re
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
PAGES = HERE.parents[1] / "docs" / "migration"
PACKAGES = ("tensortools", "slicetca", "tensorly", "dpca")
ROW = re.compile(r"^\| (?P<theirs>.*?) \| (?P<ours>.*?) \| .*<!-- (?P<name>\w+) --> \|$")
# What is called, read or made in a cell: the last name before a bracket, or all of a short one.
CALLED = re.compile(r"(\w+)(?=\()|\.(\w+)(?![\w.(])")


def text(package):
    return (PAGES / f"{package}.md").read_text("utf-8")


def table(package):
    """Return the lines of the table of calls, without its head."""
    lines = [line for line in text(package).splitlines() if line.startswith("|")]
    return [line for line in lines if not re.match(r"\|( ?-+ ?\|)+$|\| \w+ \| trialtensor", line)]


def cases(package):
    """Return the source of each test with that of all it uses, by its name without ``test_``."""
    module = ast.parse((HERE / f"test_migration_{package}.py").read_text("utf-8"))
    functions = {
        each.name: ast.unparse(each) for each in module.body if isinstance(each, ast.FunctionDef)
    }
    return {
        name.removeprefix("test_"): with_what_it_uses(name, functions)
        for name in functions
        if name.startswith("test_")
    }


def with_what_it_uses(name, functions):
    used, waiting = [], [name]
    while waiting:
        used.append(waiting.pop())
        words = set(re.findall(r"\w+", functions[used[-1]]))
        waiting += sorted((words & set(functions)) - {*used, *waiting})
    return "\n".join(functions[each] for each in used)


@pytest.mark.parametrize("package", PACKAGES)
def test_every_row_has_a_test_and_every_test_a_row(package):
    rows = [ROW.match(line) for line in table(package)]
    assert all(rows), [line for line, row in zip(table(package), rows, strict=True) if not row]
    names = [row["name"] for row in rows]
    assert len(names) == len(set(names)) > 5
    assert set(names) == set(cases(package))


@pytest.mark.parametrize("package", PACKAGES)
def test_what_a_row_calls_is_called_by_its_test(package):
    tests = cases(package)
    for line in table(package):
        row = ROW.match(line)
        for code in re.findall("`([^`]*)`", f"{row['theirs']} {row['ours']}"):
            for names in CALLED.findall(code):
                name = next(filter(None, names))
                assert re.search(rf"\b{name}\b", tests[row["name"]]), (row["name"], name)


@pytest.mark.parametrize(
    ("package", "modules"),
    [
        ("tensortools", ["tensortools", "tensortools.cpwarp", "tensortools.operations"]),
        ("slicetca", ["slicetca", "slicetca.core"]),
        ("tensorly", ["tensorly.decomposition", "tensorly.metrics"]),
    ],
)
def test_every_public_name_is_on_the_page(package, modules):
    pytest.importorskip(package, reason="the extra 'bench' is not installed")
    page = text(package)
    for name in modules:
        module = pytest.importorskip(name)
        for public in public_names(module):
            assert re.search(rf"\b{public}\b", page), f"{name}.{public}"


def public_names(module):
    """Return what a module offers, without modules."""
    names = getattr(module, "__all__", None) or [name for name in dir(module) if name[0] != "_"]
    ours = module.__name__.partition(".")[0]
    for name in names:
        each = getattr(module, name)
        if callable(each) and getattr(each, "__module__", "").startswith(ours):
            yield name


def test_every_method_of_dpca_is_on_the_page():
    dpca = pytest.importorskip("dPCA.dPCA", reason="the extra 'bench' is not installed").dPCA
    own = [name for name, each in vars(dpca).items() if callable(each) and name[0] != "_"]
    missing = [name for name in own if name not in text("dpca") and name != "fit"]
    assert missing == []


@pytest.mark.parametrize("package", PACKAGES)
def test_names_of_ours_exist(package):
    """All that follows ``tt.`` in code."""
    tt = importlib.import_module("trialtensor")
    names = set(re.findall(r"\btt\.(\w+)", text(package)))
    assert len(names) >= 4
    assert [name for name in names if not hasattr(tt, name)] == []
