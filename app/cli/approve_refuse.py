"""The commands `approve` and `refuse`, for all that waits for somebody's approval."""

from collections.abc import Callable
from typing import Any

import click

from app.cli.operating import open_services, option_store, option_who

_REASON = click.option("--reason", required=True, help="Why: it is kept.")


def add_decisions(group: click.Group, decide: Callable[..., Any], *, approve: str, refuse: str, approved: str) -> None:
    """Add both commands to a group. `approve` and `refuse` are their help texts, `approved` what is said after a yes.

    `decide` is given the services, the store's slug and the id, and `approves`, `reason` and `who` by name.
    """

    def decided(id_: int, *, store: str, reason: str, who: str, approves: bool) -> None:
        with open_services() as services:
            decide(services, store, id_, approves=approves, reason=reason, who=who)
        click.echo(approved if approves else "Refused.")

    @group.command(name="approve", help=approve)
    @click.argument("id_", metavar="ID", type=int)
    @option_store
    @_REASON
    @option_who
    def approve_command(id_: int, *, store: str, reason: str, who: str) -> None:
        decided(id_, store=store, reason=reason, who=who, approves=True)

    @group.command(name="refuse", help=refuse)
    @click.argument("id_", metavar="ID", type=int)
    @option_store
    @_REASON
    @option_who
    def refuse_command(id_: int, *, store: str, reason: str, who: str) -> None:
        decided(id_, store=store, reason=reason, who=who, approves=False)
