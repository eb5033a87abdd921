"""The documents name commands and targets of make that are there, and tell of all of them."""

import re
import shlex
from collections.abc import Iterator

import click
import pytest

from app.__main__ import cli
from tests.test_documents.commands import PAGE, commands, page
from tests.test_documents.markdown import ROOT, Document, documents

_TYPED = re.compile(r"\bsaleor-points ([^|>)#;&]*)")
_MADE = re.compile(r"\bmake ([a-z]+)")

of_each_document = pytest.mark.parametrize("document", documents(), ids=lambda document: document.name)


def test_the_page_of_commands_is_current() -> None:
    assert PAGE.read_text() == page(), "run: make docs"


def test_the_page_tells_of_every_command() -> None:
    headings = set(re.findall(r"^## (.+)$", PAGE.read_text(), re.MULTILINE))

    assert {" ".join(path) for path, _ in commands()} <= headings


@of_each_document
def test_every_command_that_is_named_is_there(document: Document) -> None:
    assert [line for line in _lines(document) if not _is_there(line)] == []


@of_each_document
def test_every_target_of_make_that_is_named_is_there(document: Document) -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    code = [*document.codes, *(block.text for block in document.blocks if block.language in {"sh", "console"})]

    assert {target for text in code for target in _MADE.findall(text)} - targets == set()


def _lines(document: Document) -> Iterator[str]:
    """Give what follows the command's name, wherever a document types it."""
    texts = [*document.codes, *(block.text for block in document.blocks)]
    for text in texts:
        yield from _TYPED.findall(text.replace("\\\n", " "))


def _is_there(line: str) -> bool:
    """Tell whether there is such a command, with such options."""
    command: click.Command = cli
    for word in shlex.split(line.splitlines()[0] if line else ""):
        if isinstance(command, click.Group) and re.fullmatch(r"[a-z][a-z-]*", word):
            found = command.get_command(click.Context(command), word)
            if found is None:
                return False
            command = found
        elif word.startswith("--") and word.split("=")[0] not in _options(command):
            return False
    return True


def _options(command: click.Command) -> set[str]:
    return {name for one in command.params for name in (*one.opts, *one.secondary_opts)} | {"--help"}
