"""Typing commands as an operator does."""

from click.testing import CliRunner, Result

from app.__main__ import cli


def typed(*words: str, answer: str | None = None) -> Result:
    return CliRunner().invoke(cli, words, input=answer)
