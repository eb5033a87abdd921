"""`make docs`: write docs/operator/commands.md anew, below its mark, from what each command says of itself."""

import inspect
import re
from collections.abc import Iterator
from pathlib import Path

import click

from app.__main__ import cli

PAGE = Path(__file__).parents[2] / "docs" / "operator" / "commands.md"
MARK = "<!-- Everything below is written by `make docs`. -->\n"

# What click adds to an option's help: [required], [default: 1].
_NOTE = re.compile(r" \[([^\[\]]*)\]$")


def commands() -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Give every command that does something, with its name in parts, in the order of the alphabet."""
    yield from _walk(cli, ())


def _walk(command: click.Command, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    if not isinstance(command, click.Group):
        yield path, command
        return
    if command.invoke_without_command:
        yield path, command
    for name in command.list_commands(click.Context(command)):
        found = command.get_command(click.Context(command), name)
        if found is None:
            raise LookupError(name)
        yield from _walk(found, (*path, name))


def written() -> str:
    """Write the part of the page that follows its mark."""
    return "\n\n".join([_index(), *(_section(path, command) for path, command in commands())]) + "\n"


def page() -> str:
    """Write the whole page: by hand above the mark, from the commands below it."""
    by_hand = PAGE.read_text().split(MARK)[0]
    return f"{by_hand}{MARK}\n{written()}"


def _index() -> str:
    rows = [f"| [`{' '.join(path)}`](#{'-'.join(path)}) | {_sentences(command)[0]} |" for path, command in commands()]
    return "\n".join(["## All commands\n", "| Command | What it does |", "|---|---|", *rows])


def _section(path: tuple[str, ...], command: click.Command) -> str:
    name = " ".join(path)
    context = click.Context(command, info_name=f"saleor-points {name}")
    usage = " ".join(command.collect_usage_pieces(context))
    parts = [f"## {name}", f"    saleor-points {name} {usage}".rstrip(), *_sentences(command), _options(command)]
    return "\n\n".join(part for part in parts if part)


def _sentences(command: click.Command) -> list[str]:
    """Give the paragraphs of a command's help, each on one line."""
    return [" ".join(paragraph.split()) for paragraph in inspect.cleandoc(command.help or "").split("\n\n")]


def _options(command: click.Command) -> str:
    context = click.Context(command)
    rows = [record for one in command.params if isinstance(one, click.Option) and (record := one.get_help_record(context))]
    if not rows:
        return ""
    lines = [f"| `{_cell(option)}` | {_cell(text)} |" for option, text in rows]
    return "\n".join(["| Option | |", "|---|---|", *lines])


def _cell(text: str) -> str:
    return _NOTE.sub(r" (\1)", " ".join(text.split())).replace("|", r"\|")


if __name__ == "__main__":
    PAGE.write_text(page())
