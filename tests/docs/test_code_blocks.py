"""Every code block of every page runs, or says why it isn't run."""

import pytest
import typer

from tests.docs.blocks import DOCS, RUN, SHOWN, app_of, blocks, commands, name_of, pages, run
from tests.format_samples import MAKERS

PAGES = {name_of(page): page for page in pages()}
BLOCKS = {name: blocks(page.read_text("utf-8")) for name, page in PAGES.items()}


def big(folder):
    """Write the file of the page on large data: it only has to be read in blocks."""
    import h5py
    import numpy as np

    with h5py.File(folder / "big.h5", "w") as file:
        file["counts"] = np.random.default_rng(0).poisson(3.0, (20, 8, 10)).astype("float32")


# What must lie in the folder before the commands of a page.
FILES = {f"guide/formats/{name}": make for name, make in MAKERS.items()} | {
    "guide/large_data": big,
    "guide/recordings": MAKERS["nwb"],
    "start": MAKERS["nwb"],
}
NEEDS = {"guide/formats/nwb": "pynwb", "guide/recordings": "pynwb", "start": "pynwb"}
RUNNING = [
    name
    for name, found in BLOCKS.items()
    if any(block.language in RUN and block.reason is None for block in found)
]


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("name", RUNNING)
def test_blocks_run(name, tmp_path, monkeypatch, capsys):
    if name in NEEDS:
        pytest.importorskip(NEEDS[name])
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(DOCS / "examples" / "lab_models")
    monkeypatch.syspath_prepend(tmp_path)
    if name in FILES:
        FILES[name](tmp_path)
    run(PAGES[name])
    assert "nan" not in capsys.readouterr().out
    assert not list(tmp_path.rglob("run"))  # what a parameter file of a sorter would have made


@pytest.mark.parametrize("name", BLOCKS)
def test_each_block_runs_or_says_why_not(name):
    lines = PAGES[name].read_text("utf-8").splitlines()
    marked = sum(line.startswith("<!-- not run:") for line in lines)
    assert marked == sum(block.reason is not None for block in BLOCKS[name])
    for block in BLOCKS[name]:
        where = f"{name}, line {block.line}"
        assert block.language in (*RUN, *SHOWN), f"{where}: of no known language"
        if block.reason is not None:
            assert block.language in RUN, f"{where}: isn't run anyway"
            assert len(block.reason.split()) > 1, f"{where}: says no reason"


@pytest.mark.parametrize("name", BLOCKS)
def test_commands_that_are_not_run_could_be(name):
    """Their options exist and take such values; Python at least compiles."""
    for block in BLOCKS[name]:
        if block.language == "python":
            compile(block.text, name, "exec")
        for program, *words in commands(block) if block.language == "sh" else ():
            app = app_of(program)
            if app is not None and "--help" not in words and not words[0].startswith("-"):
                command = typer.main.get_command(app).commands[words[0]]
                command.make_context(words[0], words[1:])


def test_every_page_of_a_format_has_a_sample():
    in_python = {"arrays"}
    folder = DOCS / "guide" / "formats"
    assert {page.stem for page in folder.glob("*.md")} == set(MAKERS) | in_python
    for name in MAKERS:
        found = [each for each in BLOCKS[f"guide/formats/{name}"] if each.language == "sh"]
        assert sum(len(commands(block)) for block in found) >= 2


def test_blocks_are_found():
    page = """
<!-- not run: takes a minute -->
```sh
trialtensor fit a.npz \\
    --components 2 -o out  # with a comment
```

````{grid}
```python
import trialtensor
```
````

```
bare
```
"""
    shell, python, bare = blocks(page)
    assert shell.reason == "takes a minute"
    assert commands(shell) == [["trialtensor", "fit", "a.npz", "--components", "2", "-o", "out"]]
    assert (python.language, python.text, python.reason) == ("python", "import trialtensor\n", None)
    assert page.splitlines()[python.line - 1] == "```python"
    assert bare.language == ""
