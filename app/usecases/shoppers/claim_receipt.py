"""What the page after a claim was taken shows to whoever took it, and to nobody else: the new balance.

It goes through the address of that page, sealed. So the page can be reloaded, and Back leads to it, without asking anything of
the ledger twice.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from app.errors import BadSetting
from app.sealing import Sealer

SHOWN_FOR = timedelta(minutes=15)
_LENGTH_MAX = 512
_UNKNOWN = "-"


@dataclass(frozen=True, slots=True)
class Receipt:
    """The balance after the claim was taken; None where it is told to nobody."""

    balance: int | None


def write_receipt(sealer: Sealer, token_mark: str, balance: int | None, now: datetime) -> str:
    """Seal a receipt for one claim."""
    return sealer.seal_short(f"{token_mark} {_UNKNOWN if balance is None else balance} {now.isoformat()}")


def read_receipt(sealer: Sealer, sealed: str, token_mark: str, now: datetime) -> Receipt | None:
    """Read the receipt of this claim; None where there is none, or its time is over.

    It comes from an address, and anybody may have written that.
    """
    if not sealed or len(sealed) > _LENGTH_MAX:
        return None
    try:
        mark, balance, written_at = sealer.open(sealed).split(" ")
    except (BadSetting, ValueError):
        return None
    if mark != token_mark or not now - SHOWN_FOR <= datetime.fromisoformat(written_at) <= now:
        return None
    return Receipt(None if balance == _UNKNOWN else int(balance))
