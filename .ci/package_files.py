"""Compare an sdist and a wheel with the files that git knows: ``package_files.py SDIST WHEEL``.

What a package needs when it runs (templates, scripts, data, ``py.typed``) isn't Python, so an
import of what was installed doesn't tell whether it is there.
"""

from __future__ import annotations

import subprocess
import sys
import tarfile
import zipfile

PACKAGES = ("trialtensor/", "trialtensor_models/")
IN_SDIST = (*PACKAGES, "tests/", "docs/", "benchmarks/", "recipe/")
ALSO_IN_SDIST = {
    "CHANGELOG.md", "CITATION.cff", "CONTRIBUTING.md", "LICENSE", "Makefile", "README.md",
    "SECURITY.md", "conftest.py", "constraints.txt", "pyproject.toml",
}  # fmt: skip


def main(sdist: str, wheel: str) -> None:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--deduplicate"],
        capture_output=True, text=True, check=True,
    ).stdout.splitlines()  # fmt: skip
    with tarfile.open(sdist) as archive:
        in_sdist = {
            member.name.split("/", 1)[1] for member in archive.getmembers() if member.isfile()
        }
    with zipfile.ZipFile(wheel) as archive:
        in_wheel = {name for name in archive.namelist() if not name.endswith("/")}
        metadata = next(name for name in in_wheel if name.endswith(".dist-info/METADATA"))
        requires = archive.read(metadata).decode().count("Requires-Dist: ")
    problems = []
    for name in listed:
        if name.startswith(PACKAGES) and name not in in_wheel:
            problems.append(f"not in the wheel: {name}")
        if (name.startswith(IN_SDIST) or name in ALSO_IN_SDIST) and name not in in_sdist:
            problems.append(f"not in the sdist: {name}")
    for name in sorted(in_wheel):
        if ".dist-info/" not in name and name not in listed:
            problems.append(f"in the wheel, but not in git: {name}")
    if not any(name.endswith("licenses/LICENSE") for name in in_wheel):
        problems.append("not in the wheel: LICENSE")
    if not requires:
        problems.append("the wheel requires nothing")
    print(f"wheel: {len(in_wheel)} files, sdist: {len(in_sdist)} files")
    if problems:
        sys.exit("\n".join(problems))


if __name__ == "__main__":
    main(*sys.argv[1:])
