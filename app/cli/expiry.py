"""What an operator does about points that run out: show and change the policy."""

import click

from app.cli.operating import minute, open_services, option_store, option_who_if_any, table
from app.domain.expiry_policy import NEVER, PolicyKind
from app.errors import BadRequest
from app.usecases.merchants.change_expiry import change_expiry, expiry_of, policy_as_typed, read_policy, say_policy
from app.usecases.operating.show_customer import find_named_store

# Who stands in the log where nobody is named.
_SOMEBODY = "operator"


@click.group()
def expiry() -> None:
    """Say when points run out."""


@expiry.command(name="show")
@option_store
def show_policy(*, store: str) -> None:
    """Show when points run out: the policy in force, and those before."""
    with open_services() as services:
        with services.database.reading() as session:
            store_id = find_named_store(session, store).id or 0
        versions = expiry_of(services, store_id)
    if not versions:
        click.echo("Points never run out in this store: it has no policy.")
        return
    rows = [
        (minute(version.in_force_from), say_policy(version.says), version.says.grace_days, version.says.time_zone)
        for version in reversed(versions)
    ]
    click.echo(table(("SINCE (UTC)", "POLICY", "GRACE DAYS", "DAYS END IN"), rows))


@expiry.command(name="set")
@option_store
@click.argument("kind", type=click.Choice([kind.value for kind in PolicyKind]))
@click.option("--months", metavar="N", help="Months after the points came, or after the customer last earned or spent.")
@click.option("--to-month-end", is_flag=True, help="Let points last until the end of the month in which their day lies.")
@click.option("--month", metavar="N", help="The month of the day each year, from 1 to 12.")
@click.option("--day", metavar="N", help="The last day of points each year.")
@click.option("--grace-days", metavar="N", help="Days for points that come back after their day; 14 if nothing else was set.")
@option_who_if_any
def set_policy(*, store: str, kind: str, to_month_end: bool, who: str | None, **options: str | None) -> None:
    """Change when points run out that customers get from now on. KIND says how.

    never: they do not. rolling: so many months after they came. calendar: on a day of each year. inactive: so many months after
    the customer last earned or spent any.

    Points that customers have already keep their days.
    """
    with open_services() as services:
        with services.database.reading() as session:
            store_id = find_named_store(session, store).id or 0
        versions = expiry_of(services, store_id)
        grace = policy_as_typed(versions[-1].says if versions else NEVER)["grace_days"]
        typed = {"kind": kind, "to_month_end": "yes" if to_month_end else "", "grace_days": grace}
        policy, errors = read_policy(typed | {name: text for name, text in options.items() if text is not None})
        if policy is None:
            raise BadRequest(" ".join(f"{name}: {sentence}" for name, sentence in errors.items()))
        is_changed = change_expiry(services, store_id, policy, who=who or _SOMEBODY)
    click.echo(say_policy(policy) if is_changed else "Nothing to change: this is the current policy.")
