"""Which imports a source file contains, and which of them run against the architecture."""

import ast
from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

# Each layer imports from those before it.
CHAIN = (
    "kernels",
    "solvers",
    "models",
    "alignment",
    "selection",
    "tracking",
    "plotting",
    "explore",
    "report",
    "cli",
)
LEAVES = frozenset({"storage", "opening", "data", "losses", "constraints"})
# What the command needs to take data to a device that is named by a word.
TAKES_TO_DEVICES = frozenset({"trialtensor.cli.in_blocks"})
# Folders of models that hold an estimator.
KINDS = ("tca", "slicetca", "parafac2", "coupled", "dynamics")

ALLOWED = {layer: LEAVES | set(CHAIN[:place]) for place, layer in enumerate(CHAIN)}
ALLOWED["kernels"] = set()
ALLOWED |= {leaf: {"storage"} - {leaf} for leaf in LEAVES}
# Data on its way into a model, which knows no model.
ALLOWED["preparation"] = {"storage", "data"}
ALLOWED["selection"] |= {"preparation"}
# What recordings hold: arrays, spike times and signals, and where they are found.
ALLOWED["variables"] = {"storage", "opening"}
ALLOWED["events"] = {"kernels", "storage", "data", "opening", "preparation"}
ALLOWED["sessions"] = {"storage", "data", "opening", "variables", "events"}
RECORDINGS = frozenset({"variables", "events", "sessions", "preparation"})
ALLOWED["io"] = {"storage", "opening", "data", "models"} | RECORDINGS
ALLOWED["report"] |= {"io"} | RECORDINGS
ALLOWED["cli"] |= {"io"} | RECORDINGS
# The suites for estimators, and what starts the command, stand at the end of the chain.
ALLOWED["testing"] = LEAVES | set(CHAIN) | {"io"} | RECORDINGS
ALLOWED["__main__"] = {"cli"}
# The lazy names: imports that only type checkers follow.
ALLOWED["__init__"] = LEAVES | set(CHAIN) | {"io", "supplied"} | RECORDINGS
# Methods of models that an upper layer supplies, by name.
ALLOWED["supplied"] = set()
ALLOWED["models"] |= {"supplied"}


def imports_of(source: str, module: str, *, package: bool = False) -> Iterator[tuple[int, str]]:
    """Line and absolute dotted name of every import, also inside functions and conditions.

    ``from a.b import c`` gives ``a.b.c``, because ``c`` may be a module. ``module`` is the name of
    the file that holds ``source``; ``package`` says that it is an ``__init__.py``.
    """
    parents = module.split(".") if package else module.split(".")[:-1]
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            start = parents[: len(parents) - node.level + 1] if node.level else []
            base = ".".join([*start, *([node.module] if node.module else [])])
            yield from ((node.lineno, f"{base}.{alias.name}") for alias in node.names)
        elif isinstance(node, ast.Call) and node.args:
            name = node.func.attr if isinstance(node.func, ast.Attribute) else ""
            name = node.func.id if isinstance(node.func, ast.Name) else name
            literal = node.args[0]
            if name in ("import_module", "__import__") and isinstance(literal, ast.Constant):
                yield node.lineno, str(literal.value)


def layer_of(dotted: str) -> str:
    """``trialtensor.kernels.x`` -> kernels, ``trialtensor`` -> __init__."""
    parts = dotted.split(".")
    if len(parts) == 1:
        return "__init__"
    return parts[1]


def violations(source: str, module: str, *, package: bool = False) -> list[str]:
    """Imports in ``source`` that run back, one readable line each."""
    found = []
    home = layer_of(module)
    only_version = _uses_only_version(source)
    for line, target in imports_of(source, module, package=package):
        top = target.split(".")[0]
        where = f"{module}:{line}: "
        if top == "numba" and home != "kernels":
            found.append(f"{where}numba is for trialtensor.kernels alone")
        elif top == "torch" and module in TAKES_TO_DEVICES:
            continue
        elif top == "torch" or top == "trialtensor_models":
            found.append(f"{where}{top} is for trialtensor_models alone")
        elif target == "trialtensor" and only_version:
            continue
        elif top == "trialtensor" and not _allowed(home, target):
            found.append(f"{where}{home} imports {target}")
        elif _helper_asks_estimator(module, target):
            found.append(f"{where}a helper imports {target}, which uses it")
    return found


def _helper_asks_estimator(module: str, target: str) -> bool:
    """Whether a file that estimators are built from imports one.

    In ``models`` only the package itself, an estimator's own ``__init__``, and what looks up kinds
    by name may know estimators; ``base`` may be known by ``registry`` and ``loading`` besides.
    """
    inside = "trialtensor.models."
    if not (module.startswith(inside) and target.startswith(inside)):
        return False
    names, parts = module.removeprefix(inside).split("."), target.removeprefix(inside).split(".")
    if names[-1] == "estimator" or (len(names) == 1 and names[0] in ("registry", "loading")):
        return "estimator" in parts and names[0] != parts[0]
    is_package = len(names) == 1 and parts[0] == names[0]
    if "estimator" in parts or (parts[-1][:1].isupper() and len(parts) == 2 and parts[0] in KINDS):
        return not is_package
    return parts[0] == "base"


def imported(module: str, package: bool, source: str, files: Mapping[str, object]) -> set[str]:
    """Modules of a package that a file imports, also inside functions and for type checkers."""
    found = set()
    for _, target in imports_of(source, module, package=package):
        parts = target.split(".")
        # The last part may be a name within a module.
        known = (".".join(parts[:n]) for n in range(len(parts), 0, -1))
        found |= {next((name for name in known if name in files), module)}
    return found - {module}


def circle(files: Mapping[str, tuple[bool, str]]) -> list[str]:
    """The modules of an import circle, or nothing."""
    graph = {name: imported(name, *file, files) for name, file in files.items()}
    try:
        tuple(TopologicalSorter(graph).static_order())
    except CycleError as error:
        return list(error.args[1])
    return []


def _allowed(home: str, target: str) -> bool:
    if home not in ALLOWED:
        return False  # a new layer has to be given its place first
    if target == "trialtensor.__version__":
        return True
    layer = layer_of(target)
    # `import trialtensor` would hide the layers behind its lazy names.
    return layer in ALLOWED[home] or layer == home != "__init__"


def _uses_only_version(source: str) -> bool:
    """Whether nothing but ``trialtensor.__version__`` is taken from the package by name."""
    tree = ast.parse(source)
    names = [n for n in ast.walk(tree) if isinstance(n, ast.Name) and n.id == "trialtensor"]
    versions = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and (node.value.id, node.attr) == ("trialtensor", "__version__")
    ]
    return bool(versions) and len(names) == len(versions)


def modules(root: Path) -> Iterator[tuple[str, bool, str]]:
    """Dotted name, whether it is an ``__init__.py``, and source of every file in a package."""
    for path in sorted(root.rglob("*.py")):
        parts = path.relative_to(root.parent).with_suffix("").parts
        package = parts[-1] == "__init__"
        yield ".".join(parts[:-1] if package else parts), package, path.read_text("utf-8")
