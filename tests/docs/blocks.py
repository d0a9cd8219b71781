"""The code blocks of the pages: what they are, and how they run."""

import doctest
import re
import shlex
from pathlib import Path
from typing import NamedTuple

from typer.testing import CliRunner

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
RUN = ("python", "pycon", "sh")
# Not code of ours, or shown as it is: output, settings, formulas, references.
SHOWN = ("text", "toml", "bibtex", "matlab", "r", "math", "yaml")
_BLOCK = re.compile(
    r"(?:^[ ]*<!--\s*not run:(?P<reason>[^\n]*)-->[ ]*\n)?"
    r"^(?P<indent>[ ]*)(?P<fence>`{3,}|:{3,})(?P<language>[^\n`]*)\n"
    r"(?P<text>.*?)"
    r"^(?P=indent)(?P=fence)[ ]*$",
    re.DOTALL | re.MULTILINE,
)


class Block(NamedTuple):
    """One block of a page; `reason` says why it isn't run, if it isn't."""

    line: int
    language: str
    text: str
    reason: str | None


def pages() -> list[Path]:
    """Return every page that is written by hand."""
    built = ("_build", "tutorials", "examples")
    found = [
        path for path in sorted(DOCS.rglob("*.md")) if path.relative_to(DOCS).parts[0] not in built
    ]
    return [*found, ROOT / "CONTRIBUTING.md"]


def name_of(page: Path) -> str:
    """Return a page's name without suffix, from the folder of pages."""
    inside = page.relative_to(DOCS) if page.is_relative_to(DOCS) else page.relative_to(ROOT)
    return inside.with_suffix("").as_posix()


def blocks(text: str, first: int = 1) -> list[Block]:
    """Return the blocks of a page in order, those within directives (cards, notes) too."""
    found = []
    for match in _BLOCK.finditer(text):
        line = first + text.count("\n", 0, match.start("fence"))
        language = match["language"].strip()
        if language.startswith("{"):
            found += blocks(match["text"], line + 1)
        else:
            body = re.sub(rf"^{match['indent']}", "", match["text"], flags=re.MULTILINE)
            reason = match["reason"]
            found.append(Block(line, language, body, None if reason is None else reason.strip()))
    return found


def commands(block: Block) -> list[list[str]]:
    """Return the commands of a block of shell, in words."""
    lines = block.text.replace("\\\n", " ").splitlines()
    return [words for line in lines if (words := shlex.split(line, comments=True))]


def app_of(program: str):
    """Return our command of a name, or None."""
    if program == "trialtensor":
        from trialtensor.cli import app
    elif program == "trialtensor-models":
        from trialtensor_models.cli import app
    else:
        return None
    return app


def run(page: Path) -> None:
    """Run the blocks of a page one after the other, in this folder and with the same names."""
    names: dict = {"__name__": "page"}
    for block in blocks(page.read_text("utf-8")):
        if block.reason is not None:
            continue
        if block.language == "python":
            # As many lines above as in the page, so that an error names the right one.
            exec(compile("\n" * block.line + block.text, str(page), "exec"), names)
        elif block.language == "pycon":
            where = f"{page}:{block.line}"
            test = doctest.DocTestParser().get_doctest(block.text, names, where, where, block.line)
            assert doctest.DocTestRunner().run(test).failed == 0, where
        elif block.language == "sh":
            for program, *words in commands(block):
                app = app_of(program)
                assert app is not None, f"{page}:{block.line}: mark it as not run: {program}"
                done = CliRunner().invoke(app, words)
                assert done.exit_code == 0, f"{page}:{block.line}: {words}\n{done.output}"
