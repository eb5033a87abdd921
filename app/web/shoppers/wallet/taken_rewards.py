"""What a customer took in the wallet: the list, the code of one, and giving it back by a second press."""

from types import MappingProxyType
from uuid import UUID

from flask import Blueprint, abort, request
from werkzeug import Response as BaseResponse

from app.domain.days import last_day
from app.domain.redemptions import RedemptionStage
from app.errors import NoRedemption, NotWithdrawn
from app.usecases.rewards.own_redemptions import list_own_redemptions, see_own, withdraw_own
from app.usecases.rewards.see_redemption import Redemption
from app.usecases.services import Services
from app.web.qr_code import qr_code
from app.web.shoppers.wallet.wallet_access import Visit, WalletAccess, lead_to
from app.web.shoppers.wallet.wallet_pages import before_in_query, wallet_page

LISTED = 20
# A code is shown in groups: people read it aloud, and type it.
_GROUP = 4
# What ends by itself, and how often the page looks whether it has: in seconds.
_LOOKS_AGAIN = MappingProxyType(
    {RedemptionStage.TAKEN: 2, RedemptionStage.RETURNING: 2, RedemptionStage.ASKED: 10, RedemptionStage.WITHDRAWING: 30}
)


def add_routes(routes: Blueprint, services: Services, access: WalletAccess) -> None:
    """Serve the pages."""

    @routes.get("/<slug>/redemptions")
    def taken(slug: str) -> BaseResponse:
        visit = access.enter(slug)
        page = list_own_redemptions(services, visit.shopper, size=LISTED, before=before_in_query())
        return wallet_page("wallet_redemptions.html", visit, redemptions=page.redemptions, older=page.older)

    @routes.get("/<slug>/redemptions/<uuid:reference>")
    def see(slug: str, reference: UUID) -> BaseResponse:
        visit = access.enter(slug)
        found = _own(services, visit, reference)
        looks_again = _LOOKS_AGAIN.get(found.stage)
        return wallet_page(
            "wallet_redemption.html",
            visit,
            has_script=bool(found.code or looks_again),
            redemption=found,
            looks_again=looks_again,
            code=tuple(found.code[start : start + _GROUP] for start in range(0, len(found.code), _GROUP)),
            qr=qr_code(found.code) if found.code else None,
            # Saleor keeps the days of its codes in UTC.
            last_day=None if found.over_at is None else last_day(found.over_at, "UTC"),
            is_refused="refused" in request.args,
        )

    @routes.get("/<slug>/redemptions/<uuid:reference>/withdraw")
    def ask_to_withdraw(slug: str, reference: UUID) -> BaseResponse:
        visit = access.enter(slug)
        return wallet_page("wallet_withdraw.html", visit, redemption=_own(services, visit, reference))

    @routes.post("/<slug>/redemptions/<uuid:reference>/withdraw")
    def give_back(slug: str, reference: UUID) -> BaseResponse:
        visit = access.act(slug)
        try:
            withdraw_own(services, visit.shopper, reference)
        except NoRedemption:
            abort(404)
        except NotWithdrawn:
            return lead_to(slug, f"/redemptions/{reference}?refused=yes")
        return lead_to(slug, f"/redemptions/{reference}")


def _own(services: Services, visit: Visit, reference: UUID) -> Redemption:
    try:
        return see_own(services, visit.shopper, reference)
    except NoRedemption:
        abort(404)
