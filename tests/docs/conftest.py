"""The documentation, built once."""

import os
import shutil
import subprocess
import sys

import pytest

from tests.docs import site as built

# What the pages include from beside their folder.
BESIDE = ("CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "CITATION.cff")


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    """Folder of the pages, built without running the gallery, and what the build printed."""
    if not os.environ.get("CI"):
        pytest.importorskip("sphinx_gallery")
    source = tmp_path_factory.mktemp("site")
    ignored = shutil.ignore_patterns("_build", "tutorials", "used_in", "*.rst.tmp")
    shutil.copytree(built.DOCS, source / "docs", ignore=ignored)
    for name in BESIDE:
        if (built.ROOT / name).exists():
            shutil.copy(built.ROOT / name, source)
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-D", "plot_gallery=0"]
    path = os.pathsep.join([str(built.ROOT), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [*command, str(source / "docs"), str(source / "html")],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": path},
    )
    assert (source / "html" / "index.html").exists(), done.stderr
    return source / "html", done


@pytest.fixture(scope="session")
def pages(site):
    """Every built page."""
    return built.read_all(site[0].resolve())
