"""What an operator does about the mails that the app sends itself."""

import click

from app.cli.operating import minute, open_services, option_store, option_who_if_any, table
from app.domain.mails import MailKind
from app.languages import LANGUAGES
from app.usecases.merchants.set_mails import MailsOfStore, send_test, show_mails, switch_mail

_HEADS = ("KIND", "", "SINCE (UTC)", "AFTER DAYS", "WAITING")
_argument_kind = click.argument("kind", type=click.Choice([kind.value for kind in MailKind]))


@click.group()
def mails() -> None:
    """Say which mails the app sends to a store's customers."""


@mails.command()
@option_store
def show(*, store: str) -> None:
    """Show which mails a store sends, how many wait, and what stands in their way."""
    with open_services() as services:
        _say(show_mails(services, store))


@mails.command()
@_argument_kind
@option_store
@click.option("--sender", metavar="ADDRESS", help="Whom all mails of the store come from.")
@click.option("--reply-to", metavar="ADDRESS", help="Whom answers go to; empty for the sender.")
@click.option("--after-days", type=click.IntRange(1, 365), help="Days after which a reminder is sent (7).")
@option_who_if_any
def on(*, kind: str, store: str, sender: str | None, reply_to: str | None, after_days: int | None, who: str | None) -> None:
    """Send mails of a KIND from now on. Orders from before get none."""
    with open_services() as services:
        _say(
            switch_mail(
                services,
                store,
                MailKind(kind),
                is_on=True,
                sender=sender,
                reply_to=reply_to,
                after_days=after_days,
                who=who,
            )
        )


@mails.command()
@_argument_kind
@option_store
@option_who_if_any
def off(*, kind: str, store: str, who: str | None) -> None:
    """Send no more mails of a KIND. Those that wait are dropped."""
    with open_services() as services:
        _say(switch_mail(services, store, MailKind(kind), is_on=False, who=who))


@mails.command()
@_argument_kind
@option_store
@click.option("--to", required=True, metavar="ADDRESS", help="Who gets it.")
@click.option("--language", type=click.Choice(LANGUAGES), default="en", show_default=True, help="The language of the mail.")
def test(*, kind: str, store: str, to: str, language: str) -> None:
    """Send a mail of a KIND with made-up numbers. The worker sends it within seconds."""
    with open_services() as services:
        send_test(services, store, MailKind(kind), to, language)
    click.echo("The mail is in the outbox. `saleor-points mails show` says what stands in its way, if anything does.")


def _say(shown: MailsOfStore) -> None:
    rows = [
        (one.kind.value, "on" if one.is_on else "off", minute(one.on_since), one.after_days, one.waiting) for one in shown.kinds
    ]
    click.echo(table(_HEADS, rows))
    click.echo(f"Sender: {shown.sender or 'none'}. Answers go to: {shown.reply_to or 'the sender'}.")
    if shown.problem:
        since = f" (since {minute(shown.since)})" if shown.since is not None else ""
        click.echo(f"No mail goes out{since}: {shown.problem}")
