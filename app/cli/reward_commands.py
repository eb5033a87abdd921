"""What an operator does about rewards: list, make, change and end them."""

import click

from app.cli.operating import open_services, option_store, option_who_if_any, table
from app.domain.rewards import RewardKind, RewardTerms
from app.usecases.merchants.reward_fields import AMOUNT, CHANNEL, RATE
from app.usecases.merchants.set_reward import close_reward, set_reward, show_rewards
from app.usecases.merchants.shown_rewards import ListedReward

_HEADS = ("ID", "NAME", "", "POINTS", "GIVES", "TAKEN", "EACH", "DAYS VALID", "CHANNELS")
# Who stands in the log where nobody is named.
_SOMEBODY = "operator"
_YES_NO = click.Choice(["yes", "no"])
_FIELDS = (
    click.option("--name", help="What customers read."),
    click.option("--text", help="A sentence or two about it."),
    click.option("--picture-url", metavar="URL", help="A picture."),
    click.option("--points", metavar="N", help="What it costs. None where the customer chooses the amount: '' takes it out."),
    click.option(
        "--amount",
        "amounts",
        multiple=True,
        metavar="USD=10.00",
        help="What the gift card holds; once a currency. USD= takes it out.",
    ),
    click.option(
        "--points-per-unit",
        "rates",
        multiple=True,
        metavar="USD=50",
        help="The customer chooses an amount up to --amount, and 1.00 costs so many points.",
    ),
    click.option("--voucher-id", metavar="ID", help="The voucher whose codes are given, as Saleor names it."),
    click.option("--starts-on", metavar="DAY", help="The first day, as 2026-12-01."),
    click.option("--ends-on", metavar="DAY", help="The last day."),
    click.option("--limit-in-all", metavar="N", help="How many are given out."),
    click.option("--limit-each", metavar="N", help="How many each customer can take."),
    click.option("--days-valid", metavar="N", help="How many days a code is good."),
    click.option("--return-on-expiry", type=_YES_NO, help="Whether unused points come back when a code's time is over."),
    click.option(
        "--return-on-refund",
        type=_YES_NO,
        help="Whether points come back when an order that used it is cancelled or refunded.",
    ),
    click.option(
        "--channel", "channels", multiple=True, metavar="SLUG", help="Only for this channel, and others named so; '' for all."
    ),
)


@click.group()
def rewards() -> None:
    """Let customers take gift cards and vouchers for points."""


@rewards.command(name="list")
@option_store
def list_command(*, store: str) -> None:
    """List the rewards of a store, the ended ones too."""
    with open_services() as services:
        found = show_rewards(services, store)
    click.echo(table(_HEADS, [_row(one) for one in found]) if found else "This store has no reward.")


@rewards.command()
@option_store
@click.argument("kind", type=click.Choice([one.value for one in RewardKind]))
@option_who_if_any
def add(*, store: str, kind: str, who: str | None, **typed: str | tuple[str, ...] | None) -> None:
    """Make a reward: an `amount` on a gift card, or a code of a `voucher`. The app needs the permission for it."""
    with open_services() as services:
        reward_id, _ = set_reward(services, store, None, RewardKind(kind), _as_form(typed), who=who or _SOMEBODY)
    click.echo(f"Reward {reward_id} can be taken from now on, or from its first day.")


@rewards.command()
@option_store
@click.argument("reward_id", metavar="ID", type=int)
@click.option("--on", "is_active", type=_YES_NO, help="Whether it can be taken.")
@option_who_if_any
def change(*, store: str, reward_id: int, who: str | None, **typed: str | tuple[str, ...] | None) -> None:
    """Change a reward. What is left out stays as it is; codes that were given keep their terms."""
    fields = _as_form(typed)
    if not fields:
        raise click.UsageError("Say what to change; --help lists what there is.")
    with open_services() as services:
        _, is_changed = set_reward(services, store, reward_id, RewardKind.AMOUNT, fields, who=who or _SOMEBODY)
    click.echo("The reward is changed." if is_changed else "Nothing to change: it is like this already.")


@rewards.command()
@option_store
@click.argument("reward_id", metavar="ID", type=int)
@option_who_if_any
def end(*, store: str, reward_id: int, who: str | None) -> None:
    """Let nobody take a reward any more. Codes that were given stay good."""
    with open_services() as services:
        close_reward(services, store, reward_id, who=who or _SOMEBODY)
    click.echo("The reward has ended.")


for _option in _FIELDS:
    _option(add)
    _option(change)


def _as_form(typed: dict[str, str | tuple[str, ...] | None]) -> dict[str, str]:
    """Write options as the form of a reward holds them."""
    fields = {name: "" if text == "no" else text for name, text in typed.items() if isinstance(text, str)}
    for option, field in (("amounts", AMOUNT), ("rates", RATE)):
        for pair in typed.get(option) or ():
            currency, equals, number = pair.partition("=")
            if not equals:
                raise click.UsageError(f"Write {pair} as CURRENCY=NUMBER, such as USD=10.00.")
            fields[f"{field}{currency.upper()}"] = number
    return fields | {f"{CHANNEL}{slug}": "yes" for slug in typed.get("channels") or ()}


def _row(one: ListedReward) -> tuple[str | int | None, ...]:
    terms = one.terms
    return (
        terms.reward_id,
        terms.name,
        one.closed.value if one.closed is not None else "open",
        terms.points,
        _gives(terms),
        one.taken if terms.limit_in_all is None else f"{one.taken} of {terms.limit_in_all}",
        terms.limit_each,
        terms.days_valid,
        " ".join(terms.channels) or "(all)",
    )


def _gives(terms: RewardTerms) -> str:
    if terms.kind is RewardKind.VOUCHER:
        return terms.voucher_name or terms.voucher_id or ""
    return ", ".join(
        f"{one.amount} {one.currency}"
        if one.points_per_unit is None
        else f"up to {one.amount} {one.currency} at {one.points_per_unit.normalize():f} points"
        for one in terms.amounts
    )
