"""Ask a Saleor for a redemption's code: make it, see its uses, block it. Gift cards and vouchers look alike from outside."""

from dataclasses import dataclass
from enum import StrEnum

from app.domain.rewards import RewardKind
from app.saleor.code_calls import CodeRefusal
from app.usecases.rewards.code_uses import Uses, uses_of_card
from app.usecases.rewards.redemption_batch import RedemptionBatch, TakenRedemption
from app.usecases.services import Services


class NotMade(StrEnum):
    """Why a Saleor did not make a code. The values are codes for lists.

    NOT_SURE     it says that the code is there, and does not show it yet
    REFUSED      it refused the code
    NO_VOUCHER   the voucher is no more
    NOT_SINGLE   the voucher's codes can be used more than once
    """

    NOT_SURE = "not_sure"
    REFUSED = "code_refused"
    NO_VOUCHER = "no_voucher"
    NOT_SINGLE = "not_single_use"


@dataclass(frozen=True, slots=True)
class Made:
    """The code surely exists. `saleor_id` is its id, where Saleor tells it."""

    saleor_id: str | None


def make_code(services: Services, batch: RedemptionBatch, one: TakenRedemption) -> Made | NotMade:
    """Make a code, or find the one that an earlier request made."""
    calls, place = services.saleor.codes, (batch.api_url, batch.token)
    if one.terms.kind is RewardKind.VOUCHER:
        return _add_to_voucher(services, batch, one)
    made = calls.make_card(*place, one.card, version=batch.store.saleor_version)
    if made is CodeRefusal.TAKEN:
        # Our own, by a request whose answer was lost.
        found = calls.find_card(*place, one.code)
        return NotMade.NOT_SURE if found is None else Made(found.id)
    return NotMade.REFUSED if isinstance(made, CodeRefusal) else Made(made.id)


def _add_to_voucher(services: Services, batch: RedemptionBatch, one: TakenRedemption) -> Made | NotMade:
    calls, place, voucher_id = services.saleor.codes, (batch.api_url, batch.token), one.terms.voucher_id or ""
    voucher = calls.voucher(*place, voucher_id)
    if voucher is None:
        return NotMade.NO_VOUCHER
    if not voucher.is_single_use:
        return NotMade.NOT_SINGLE
    refusal = calls.add_voucher_code(*place, voucher_id, one.code)
    if refusal is CodeRefusal.TAKEN:
        # Our own, by a request whose answer was lost: no other code has these letters.
        return exists(services, batch, one) or NotMade.NOT_SURE
    if refusal is None:
        return Made(None)
    return NotMade.NO_VOUCHER if refusal is CodeRefusal.NOT_FOUND else NotMade.REFUSED


def exists(services: Services, batch: RedemptionBatch, one: TakenRedemption) -> Made | None:
    """Look whether there is a code that was asked for once. None: there is none, as far as Saleor shows."""
    calls, place = services.saleor.codes, (batch.api_url, batch.token)
    if one.terms.kind is RewardKind.VOUCHER:
        found = calls.voucher_code_id(*place, one.terms.voucher_id or "", one.code)
        return None if found is None else Made(found)
    card = calls.find_card(*place, one.code)
    return None if card is None else Made(card.id)


def see_uses(services: Services, batch: RedemptionBatch, one: TakenRedemption) -> Uses | None:
    """See what orders used of a code. None where its card is no more: then nobody can tell."""
    calls, place = services.saleor.codes, (batch.api_url, batch.token)
    if one.terms.kind is RewardKind.VOUCHER:
        version = batch.store.saleor_version
        orders = calls.orders_of_voucher_code(*place, one.code, version=version, since=one.since)
        return {orders[0].id: 1} if orders else {}
    if one.saleor_id is None:
        return {}
    card = calls.cards(*place, [one.saleor_id]).get(one.saleor_id)
    return None if card is None else uses_of_card(card)


def is_voucher_gone(services: Services, batch: RedemptionBatch, one: TakenRedemption) -> bool:
    """Tell whether a voucher was deleted in Saleor: nobody can use its codes any more."""
    if one.terms.kind is not RewardKind.VOUCHER:
        return False
    return services.saleor.codes.voucher(batch.api_url, batch.token, one.terms.voucher_id or "") is None


def block(services: Services, batch: RedemptionBatch, one: TakenRedemption) -> bool:
    """Let nobody use a code any more. False where its card is no more."""
    calls, place = services.saleor.codes, (batch.api_url, batch.token)
    if one.terms.kind is RewardKind.VOUCHER:
        code_id = calls.voucher_code_id(*place, one.terms.voucher_id or "", one.code)
        return code_id is None or calls.delete_voucher_code(*place, code_id) is None
    return one.saleor_id is None or not isinstance(calls.deactivate_card(*place, one.saleor_id), CodeRefusal)


def empty(services: Services, batch: RedemptionBatch, one: TakenRedemption) -> Uses | None:
    """Take what is left off a card that was blocked long enough, and see what orders used. None where it is no more."""
    if one.terms.kind is RewardKind.VOUCHER or one.saleor_id is None:
        return see_uses(services, batch, one)
    card = services.saleor.codes.empty_card(batch.api_url, batch.token, one.saleor_id)
    return None if isinstance(card, CodeRefusal) else uses_of_card(card)
