"""The wallet: a store's customers see and use their points here, signed in with a mail. Off until the merchant switches it on."""

from flask import Blueprint

from app.usecases.services import Services
from app.web.shoppers.wallet import (
    forgetting_pages,
    leaving_pages,
    mail_wishes_page,
    reward_offers,
    sign_in_pages,
    taken_rewards,
    wallet_pages,
)
from app.web.shoppers.wallet.amounts import in_money
from app.web.shoppers.wallet.reward_pictures import has_picture
from app.web.shoppers.wallet.wallet_access import WalletAccess, WalletLimits, send_to_sign_in

__all__ = ["WalletLimits", "blueprint"]

_PAGES = (sign_in_pages, wallet_pages, reward_offers, taken_rewards, mail_wishes_page, leaving_pages, forgetting_pages)


def blueprint(services: Services, limits: WalletLimits, *, own_urls: tuple[str, ...], is_secure: bool) -> Blueprint:
    """Routes of the wallet. `is_secure`: it is reached by HTTPS only, and so are its cookies."""
    routes = Blueprint("wallet", __name__, url_prefix="/wallet")
    access = WalletAccess(services, limits, own_urls=own_urls, is_secure=is_secure)
    routes.add_app_template_global(in_money)
    routes.add_app_template_global(has_picture)
    for pages in _PAGES:
        pages.add_routes(routes, services, access)
    send_to_sign_in(routes)
    return routes
