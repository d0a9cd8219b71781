"""What says the same thing in several files of the project says the same thing."""

import re
import tomllib
from itertools import chain
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

import trialtensor

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
RECIPE = yaml.safe_load((ROOT / "recipe/recipe.yaml").read_text(encoding="utf-8"))
CONDA_NAMES = {"matplotlib-base": "matplotlib", "pytorch": "torch"}
GROUPS = PROJECT["dependency-groups"]


def required(lines):
    """Return the lowest versions by name."""
    requirements = map(Requirement, lines)
    return {canonicalize_name(each.name): str(each.specifier) for each in requirements}


def of_conda(lines):
    pairs = (line.split(maxsplit=1) for line in lines)
    return {CONDA_NAMES.get(name, name): version for name, version in pairs}


def of_extras():
    """Return the requirements of all extras."""
    return list(chain.from_iterable(PROJECT["project"]["optional-dependencies"].values()))


def declared():
    """Return every requirement of the project, its extras and its groups."""
    groups = [line for line in chain.from_iterable(GROUPS.values()) if isinstance(line, str)]
    return list(map(Requirement, PROJECT["project"]["dependencies"] + of_extras() + groups))


def test_the_recipe_requires_what_the_package_requires():
    wanted = {"python": PROJECT["project"]["requires-python"]}
    wanted |= required(PROJECT["project"]["dependencies"])
    run = [
        line.replace("${{ python_min }}", RECIPE["context"]["python_min"])
        for line in RECIPE["requirements"]["run"]
    ]
    assert of_conda(run) == wanted


def test_the_recipe_knows_what_extras_require():
    assert of_conda(RECIPE["requirements"]["run_constraints"]) == required(of_extras())


def test_the_recipe_starts_the_same_commands():
    scripts = PROJECT["project"]["scripts"]
    assert RECIPE["build"]["python"]["entry_points"] == [
        f"{name} = {where}" for name, where in scripts.items()
    ]


def test_all_name_the_same_version():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["version"] == RECIPE["context"]["version"] == trialtensor.__version__
    assert citation["license"] == RECIPE["about"]["license"] == PROJECT["project"]["license"]


def test_every_requirement_is_pinned_within_its_bounds():
    pins = dict(
        line.split("==")
        for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
        if "==" in line
    )
    pins = {canonicalize_name(name): version for name, version in pins.items()}
    wrong = [
        str(requirement)
        for requirement in declared()
        if canonicalize_name(requirement.name) not in pins
        or not requirement.specifier.contains(pins[canonicalize_name(requirement.name)])
    ]
    assert not wrong


def test_published_requirements_have_no_upper_bound():
    specifiers = [SpecifierSet(PROJECT["project"]["requires-python"])]
    lines = PROJECT["project"]["dependencies"] + of_extras()
    specifiers += [Requirement(line).specifier for line in lines]
    assert {each.operator for specifier in specifiers for each in specifier} == {">="}


def test_every_python_that_is_classified_is_tested():
    classified = {
        line.rsplit(" ", 1)[1]
        for line in PROJECT["project"]["classifiers"]
        if re.search(r":: 3\.\d+$", line)
    }
    workflow = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text(encoding="utf-8"))
    assert set(workflow["jobs"]["tests"]["strategy"]["matrix"]["python"]) == classified
    assert min(classified) in PROJECT["project"]["requires-python"]


@pytest.mark.parametrize("workflow", sorted((ROOT / ".github/workflows").glob("*.yml")), ids=str)
def test_actions_are_pinned_to_commits(workflow):
    uses = re.findall(r"uses: (\S+)(.*)", workflow.read_text(encoding="utf-8"))
    assert uses
    for action, comment in uses:
        assert re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", action), action
        assert re.search(r"# v\d+\.\d+\.\d+$", comment), action
