"""The public names, each once and under its shortest name, in the groups of ``groups.toml``."""

from __future__ import annotations

import importlib
import inspect
import tomllib
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

import trialtensor

GROUPS = Path(__file__).resolve().parents[1] / "reference" / "groups.toml"
# Packages whose names aren't in `trialtensor.__all__`, but are for users all the same.
_BESIDE = (
    "trialtensor.explore",
    "trialtensor.sessions.formats",
    "trialtensor.testing",
    "trialtensor_models",
    "trialtensor_models.analysis",
    "trialtensor_models.phenomena",
    "trialtensor_models.plants",
    "trialtensor_models.rates",
    "trialtensor_models.recovery",
    "trialtensor_models.simulators",
    "trialtensor_models.tasks",
    "trialtensor_models.testing",
)


@dataclass(frozen=True)
class Group:
    """A page of the reference: what one wants to do, and the names for it."""

    page: str
    title: str
    text: str
    names: tuple[str, ...]


def find(name: str) -> Any:
    """Return the object of a full name."""
    package, _, last = name.rpartition(".")
    return getattr(importlib.import_module(package), last)


def packages() -> list[str]:
    """Return the packages with public names, those with shorter names first."""
    inside = [
        f"trialtensor.{name}"
        for name in trialtensor.__all__
        if isinstance(getattr(trialtensor, name), ModuleType)
    ]
    beside = [name for name in _BESIDE if find_spec(name) and name not in inside]
    return ["trialtensor", *inside, *beside]


def _public(package: str) -> list[str]:
    module = importlib.import_module(package)
    names = getattr(module, "__all__", [])
    values = {name: getattr(module, name) for name in names if not name.startswith("_")}
    return [name for name, value in values.items() if not isinstance(value, ModuleType)]


def _canonical() -> dict[str, dict[str, None]]:
    """Return the public names of every package, each object under its first full name."""
    first: dict[tuple[str, int], str] = {}
    found: dict[str, dict[str, None]] = {}
    for package in packages():
        found[package] = {}
        for name in _public(package):
            full = f"{package}.{name}"
            found[package][first.setdefault((name, id(find(full))), full)] = None
    return found


def public_names() -> list[str]:
    """Return the full name of every public object, the first of several for the same one."""
    return list({name: None for names in _canonical().values() for name in names})


def groups() -> list[Group]:
    """Return the groups of ``groups.toml`` with every name written out."""
    given = tomllib.loads(GROUPS.read_text("utf-8"))["group"]
    every = _canonical()
    taken = {_full(name) for group in given for name in group["names"] if name[-1] != "*"}
    if unknown := sorted(taken.difference(*every.values())):
        raise ValueError(f"{GROUPS.name}: no public names: {', '.join(unknown)}")
    return [
        Group(group["page"], group["title"], group["text"], _expand(group["names"], every, taken))
        for group in given
    ]


def constants() -> dict[str, str]:
    """Return what ``groups.toml`` says of constants, which have no docstring, by full name."""
    return dict(tomllib.loads(GROUPS.read_text("utf-8")).get("constants", {}))


def _full(name: str) -> str:
    return name if "." in name else f"trialtensor.{name}"


def _expand(names: list[str], every: dict[str, dict[str, None]], taken: set[str]) -> tuple:
    found: list[str] = []
    for name in names:
        if name.endswith(".*"):
            rest = [each for each in every.get(name[:-2], {}) if each not in taken]
            taken.update(rest)
            found += rest
        else:
            found.append(_full(name))
    return tuple(found)


def members(cls: type) -> list[str]:
    """Return the public methods and properties that a class has from us, in order of definition."""
    found: dict[str, None] = {}
    for base in cls.__mro__:
        if base.__module__.split(".")[0] in ("trialtensor", "trialtensor_models"):
            for name, value in vars(base).items():
                if not name.startswith("_") and _is_member(value) and inspect.getdoc(value):
                    found[name] = None
    return list(found)


def _is_member(value: Any) -> bool:
    kinds = (staticmethod, classmethod, property)
    return inspect.isfunction(value) or isinstance(value, kinds)


def from_sklearn(cls: type) -> list[str]:
    """Return the public methods that a class has from scikit-learn and doesn't redefine."""
    return sorted(
        name
        for name, value in inspect.getmembers(cls)
        if not name.startswith("_")
        and callable(value)
        and (getattr(value, "__module__", "") or "").startswith("sklearn")
    )
