"""The command line: `saleor-points`."""

import sys
from pkgutil import resolve_name
from types import MappingProxyType
from typing import TYPE_CHECKING, NoReturn

import click

from app.errors import AppError
from app.logs import blotted, written_out

if TYPE_CHECKING:
    from sqlalchemy.exc import OperationalError

# Where each command is. Only the one that is asked for is loaded, with what it needs: all of them take seconds.
COMMANDS = MappingProxyType(
    {
        name: f"app.cli.{place}"
        for name, place in {
            "run": "run:run",
            "web": "web:web",
            "worker": "worker:worker",
            "migrate": "migrate:migrate",
            "movements": "decisions:movements",
            "approvals": "approving:approvals",
            "batches": "batches:batches",
            "adjust": "decisions:adjust",
            "write-off": "decisions:write_off",
            "look-again": "decisions:look_again",
            "stores": "stores:stores",
            "sweep": "stores:sweep",
            "webhooks": "stores:webhooks",
            "account": "stores:account",
            "secrets": "stores:secrets",
            "brand": "brand:brand",
            "keys": "keys:keys",
            "doctor": "doctor:doctor",
            "verify": "books:verify",
            "import": "books:import_command",
            "export": "books:export",
            "backup": "books:backup",
            "customers": "customers:customers",
            "spends": "spends:spends",
            "spending": "spending:spending",
            "mails": "mail_commands:mails",
            "expiry": "expiry:expiry",
            "rewards": "reward_commands:rewards",
            "redemptions": "redemption_commands:redemptions",
        }.items()
    }
)


class _Commands(click.Group):
    def list_commands(self, _context: click.Context) -> list[str]:
        return sorted(COMMANDS)

    def get_command(self, _context: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        command: click.Command = resolve_name(COMMANDS[name])
        return command


@click.command(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="saleor-points", prog_name="saleor-points")
def cli() -> None:
    """Saleor Points: turns paid orders into loyalty points, and takes refunded points back exactly.

    Settings come from the environment; docs/operator/settings.md lists them. Without any, the database is SQLite under ./data,
    and points are embedded.
    """


def main() -> None:
    """Run the command line. What an operator can mend is one sentence, not a traceback."""
    try:
        cli()
    except SystemExit:
        raise
    except AppError as error:
        _give_up(error.message)
    except _operational_error() as error:
        _give_up(f"DATABASE_URL: the database does not serve us: {blotted(str(error.orig)).splitlines()[0]}")
    except OSError as error:
        _give_up(f"{error.filename or 'the system'}: {error.strerror or error}")


def _operational_error() -> "type[OperationalError]":
    from sqlalchemy.exc import OperationalError  # noqa: PLC0415 - loaded by whatever has raised it

    return OperationalError


def _give_up(sentence: str) -> NoReturn:
    click.echo(f"saleor-points: {written_out(sentence)}", err=True)
    sys.exit(2)


if __name__ == "__main__":
    main()
