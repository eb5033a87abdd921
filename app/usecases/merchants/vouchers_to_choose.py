"""The shop's vouchers, to choose one for a reward; and a copy of one whose codes are not each good once."""

from dataclasses import dataclass

from app.db.form_tokens import FormToken, is_first
from app.db.tables import StoreRow
from app.domain.permissions import Feature
from app.errors import AppError, BadRequest, Unavailable
from app.saleor.code_parsing import Voucher
from app.usecases.merchants.see_permissions import see_permissions
from app.usecases.services import Services

# Each page has a hundred vouchers.
PAGES_MAX = 3


@dataclass(frozen=True, slots=True)
class VoucherList:
    """The shop's vouchers. `missing` are the permissions that the app lacks to see them, `trouble` why there are none."""

    vouchers: tuple[Voucher, ...] = ()
    missing: tuple[str, ...] = ()
    trouble: str = ""


def list_vouchers(services: Services, store_id: int) -> VoucherList:
    """List the first 300 vouchers of a store's Saleor."""
    seen = see_permissions(services, store_id, wanted=Feature.VOUCHER_REWARDS)
    missing = seen.missing_for(Feature.VOUCHER_REWARDS)
    if seen.trouble or missing:
        return VoucherList((), () if seen.trouble else missing, seen.trouble)
    api_url, token = _saleor(services, store_id)
    vouchers: list[Voucher] = []
    after: str | None = None
    try:
        with services.bulkheads.look_ups.place(api_url):
            for _ in range(PAGES_MAX):
                page = services.saleor.codes.vouchers(api_url, token, after=after)
                vouchers += page.vouchers
                after = page.after
                if after is None:
                    break
    except AppError as error:
        return VoucherList(trouble=f"Saleor did not give its list of vouchers. {error.message}")
    return VoucherList(tuple(vouchers))


def require_voucher(services: Services, store_id: int, voucher_id: str) -> Voucher:
    """Read the voucher of a reward.

    Raises BadRequest where it is no more, or its codes are not each good once; Unavailable where Saleor does not say.
    """
    api_url, token = _saleor(services, store_id)
    try:
        with services.bulkheads.look_ups.place(api_url):
            voucher = services.saleor.codes.voucher(api_url, token, voucher_id)
    except AppError as error:
        raise Unavailable(f"Saleor did not give the voucher. {error.message}") from error
    if voucher is None:
        raise BadRequest("Saleor does not have this voucher any more. Choose another.")
    if not voucher.is_single_use:
        raise BadRequest(
            f"The codes of the voucher {voucher.name} can be used many times: whoever gets one can pass it on. "
            "A reward needs a voucher with “Single use” ticked, which Saleor fixes at a voucher's first use."
        )
    return voucher


def copy_voucher(services: Services, store_id: int, voucher_id: str, *, once: FormToken) -> Voucher:
    """Make a copy of a voucher whose codes are each good once.

    Raises BadRequest where the voucher is no more, has more than a hundred products, or the form was sent before; Unavailable
    where Saleor does not do it.
    """
    api_url, token = _saleor(services, store_id)
    with services.database.writing() as session:
        if not is_first(session, once, services.clock()):
            raise BadRequest("This form was sent before. Choose the copy from the list.")
    try:
        with services.bulkheads.look_ups.place(api_url):
            copy = services.saleor.voucher_copies.make(api_url, token, voucher_id)
    except AppError as error:
        raise Unavailable(
            f"Saleor did not make the copy. {error.message} Look among its vouchers for one that was begun."
        ) from error
    if copy is None:
        raise BadRequest(
            "This voucher cannot be copied here: it is no more, or it is for more than 100 products, variants, collections or "
            "categories. Make a voucher in Saleor, with “Single use” ticked."
        )
    return copy


def _saleor(services: Services, store_id: int) -> tuple[str, str]:
    with services.database.reading() as session:
        store = session.get_one(StoreRow, store_id)
    if store.saleor_api_url is None or store.token_sealed is None:
        raise BadRequest("This store has no Saleor.")
    return store.saleor_api_url, services.sealer.open(store.token_sealed)
