"""Write what a storefront is told, as plain values for JSON. Moments are UTC, amounts of money are texts."""

from html import unescape

from flask import render_template

from app.usecases.shoppers.own_claims import OwnClaim
from app.usecases.shoppers.show_history import ExplainedEntry, ShopperHistory
from app.usecases.shoppers.show_wallet import Wallet

Plain = dict[str, object]


def wallet_answer(wallet: Wallet) -> Plain:
    """Write what a shopper has."""
    worth = wallet.worth
    return {
        "points": wallet.balance.available,
        "used": wallet.balance.used,
        "owed": wallet.owed,
        "claimable": wallet.claimable,
        "pending": wallet.pending,
        "worth": None
        if worth is None
        else {"amount": f"{worth.amount:f}", "currency": worth.channel.currency, "channel": worth.channel.slug},
        "nextToRunOut": None
        if wallet.runs_out is None
        else {"points": wallet.runs_out.points, "lastDay": wallet.runs_out.last_day.isoformat()},
    }


def history_answer(history: ShopperHistory) -> Plain:
    """Write a page of a history, each change with a sentence in the shopper's language."""
    return {
        "entries": [_entry(entry) for entry in history.entries],
        "next": None if history.older is None else str(history.older),
        "isWhole": history.is_whole,
    }


def claim_answer(claim: OwnClaim) -> Plain:
    """Write a claim that waits."""
    return {
        "id": str(claim.id),
        "points": claim.points,
        "orderNumber": claim.order_number,
        "lastDay": None if claim.last_day is None else claim.last_day.isoformat(),
        "canBeTaken": claim.can_be_taken,
        "link": claim.link,
    }


def _entry(entry: ExplainedEntry) -> Plain:
    said = render_template(
        "storefront_history.html",
        change=entry.change.value,
        order=entry.order_number,
        points=entry.points,
        reward=entry.is_reward,
        before_move=entry.before_move,
    )
    return {
        "id": str(entry.id),
        "at": entry.at.isoformat(),
        "change": entry.change.value,
        "points": entry.points,
        "balance": entry.balance,
        "orderNumber": entry.order_number,
        "beforeMove": entry.before_move,
        "sentence": " ".join(unescape(said).split()),
    }
