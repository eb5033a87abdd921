"""The command line: help, and refusals that are sentences."""

import socket
import subprocess
from collections.abc import Iterator

import pytest
from click.testing import CliRunner

from app.__main__ import COMMANDS, cli
from tests.test_processes.conftest import Run


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        yield taken.getsockname()[1]


def _refused(done: "subprocess.CompletedProcess[str]", *words: str) -> None:
    assert done.returncode == 2, done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    for word in words:
        assert word in done.stderr


def test_help_names_every_command(run_here: Run) -> None:
    done = run_here("--help")

    assert done.returncode == 0
    for command in COMMANDS:
        assert f"\n  {command} " in done.stdout


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(command: str) -> None:
    done = CliRunner().invoke(cli, [command, "--help"], prog_name="saleor-points")

    assert done.exit_code == 0
    assert f"Usage: saleor-points {command} [OPTIONS]" in done.stdout


def test_the_version_is_told(run_here: Run) -> None:
    assert run_here("--version").stdout.startswith("saleor-points, version ")


@pytest.mark.parametrize(
    ("command", "name", "value"),
    [
        ("run", "PORT", "eighty"),
        ("run", "PUBLIC_URL", "points.example.com"),
        ("run", "DATABASE_URL", "mysql://root@localhost/points"),
        ("run", "SWEEP_SECONDS", "-1"),
        ("web", "LOG_LEVEL", "loud"),
        ("worker", "SALEOR_URL_MAP", "http://localhost:8000"),
        ("migrate", "APP_ENV", "staging"),
    ],
)
def test_a_bad_setting_stops_start_up_and_is_named(run_here: Run, command: str, name: str, value: str) -> None:
    _refused(run_here(command, **{name: value}), name)


def test_a_refusal_is_the_same_in_a_process_of_its_own(run: Run) -> None:
    _refused(run("run", PORT="eighty"), "PORT")


def test_what_production_requires_is_named(run_here: Run) -> None:
    _refused(run_here("run", APP_ENV="production"), "SECRET_KEY")


def test_a_database_that_cannot_be_reached_is_one_sentence_without_the_password(run_here: Run) -> None:
    done = run_here("migrate", DATABASE_URL="postgresql://points:s3cret@127.0.0.1:1/points")

    _refused(done, "DATABASE_URL", "127.0.0.1")
    assert "s3cret" not in done.stderr


def test_a_folder_that_cannot_be_made_is_one_sentence(run_here: Run) -> None:
    _refused(run_here("migrate", DATA_DIR="/proc/none/points"), "/proc/none")


@pytest.mark.parametrize("command", ["web", "worker"])
def test_an_unmigrated_database_is_refused_with_what_to_do(run_here: Run, command: str) -> None:
    done = run_here(command, PORT="1")

    assert done.returncode == 1
    assert "saleor-points migrate" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("command", ["run", "web"])
def test_a_port_in_use_is_refused_and_named(run_here: Run, command: str, taken_port: int) -> None:
    run_here("migrate")

    _refused(run_here(command, "--port", str(taken_port)), "PORT", str(taken_port))


def test_an_address_of_another_machine_is_refused_and_named(run_here: Run) -> None:
    _refused(run_here("run", HOST="203.0.113.7"), "HOST", "203.0.113.7")
