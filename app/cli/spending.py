"""What an operator does about paying with points: show, switch on and off, change how points pay."""

from collections.abc import Mapping

import click

from app.cli.operating import minute, open_services, option_store, option_who_if_any, table
from app.usecases.merchants.change_spend_rule import SpendRuleVersion
from app.usecases.merchants.set_spending import set_spending, show_spending

_HEADS = ("CHANNEL", "", "POINTS PER 1.00", "LEAST", "SHARE", "HOURS", "BACK ON CANCEL", "UNPAID ORDERS", "SINCE (UTC)")
# Who stands in the log where nobody is named.
_SOMEBODY = "operator"
_option_channel = click.option("--channel", metavar="SLUG", help="Of this channel; without it, the default rule.")


@click.group()
def spending() -> None:
    """Let customers pay with points at the checkout, and say how points pay."""


@spending.command()
@option_store
def show(*, store: str) -> None:
    """Show how points pay: the default rule, and those of channels."""
    with open_services() as services:
        standing = show_spending(services, store)
    rows = [_row(version) for version in standing]
    click.echo(table(_HEADS, rows) if rows else "Points cannot pay in this store: it has no spend rule.")


@spending.command()
@option_store
@_option_channel
@option_who_if_any
def on(*, store: str, channel: str | None, who: str | None) -> None:
    """Let points pay. It needs the permission HANDLE_PAYMENTS, and makes the webhooks in Saleor."""
    _change(store, channel, {"is_active": "yes"}, who)


@spending.command()
@option_store
@_option_channel
@option_who_if_any
def off(*, store: str, channel: str | None, who: str | None) -> None:
    """Refuse new payments by points at once. Earlier ones can still be refunded."""
    _change(store, channel, {"is_active": ""}, who)


@spending.command(name="set")
@option_store
@_option_channel
@click.option("--points-per-unit", metavar="N", help="Points that pay 1.00 of the channel's currency.")
@click.option("--least-points", metavar="N", help="Fewest points of one payment.")
@click.option("--greatest-share", metavar="PERCENT", help="Greatest share of the total that points can pay.")
@click.option("--hold-hours", metavar="N", help="Hours until an abandoned checkout gives its points back.")
@click.option("--return-on-cancel", type=click.Choice(["yes", "no"]), help="Whether a cancelled order gives its points back.")
@click.option("--unpaid-orders", type=click.Choice(["yes", "no"]), help="Whether points can pay orders placed without payment.")
@option_who_if_any
def set_command(*, store: str, channel: str | None, who: str | None, **options: str | None) -> None:
    """Change how points pay. What is left out stays as it is."""
    typed = {name: "" if text == "no" else text for name, text in options.items() if text is not None}
    if not typed:
        raise click.UsageError("Say what to change; --help lists what there is.")
    _change(store, channel, typed, who)


def _change(store: str, channel: str | None, typed: Mapping[str, str], who: str | None) -> None:
    with open_services() as services:
        came = set_spending(services, store, channel, typed, who=who or _SOMEBODY)
        standing = show_spending(services, store)
    click.echo("The spend rule is changed." if came.is_changed else "Nothing to change: this is the current rule.")
    click.echo(table(_HEADS, [_row(version) for version in standing]))
    if came.trouble:
        click.echo(f"Saleor did not change the webhooks: {came.trouble} Then: saleor-points webhooks sync", err=True)
        raise click.exceptions.Exit(1)


def _row(version: SpendRuleVersion) -> tuple[str | int, ...]:
    says = version.says
    return (
        says.channel or "(default)",
        "on" if says.is_active else "off",
        f"{says.points_per_unit.normalize():f}",
        says.least_points,
        f"{(says.greatest_share * 100).normalize():f} %",
        says.hold_hours,
        "yes" if says.return_on_cancel else "no",
        "yes" if says.unpaid_orders else "no",
        minute(version.in_force_from),
    )
