"""The boxes beside a gift card and a voucher: which reward each belongs to."""

from flask import Blueprint, Response, request

from app.errors import BadRequest
from app.settings import Settings
from app.usecases.merchants.see_voucher_box import see_voucher_box
from app.usecases.rewards.list_redemptions import find_by_card
from app.usecases.services import Services
from app.web.merchant.authentication import MANAGE_APPS
from app.web.merchant.box import box_page, box_staff
from app.web.merchant.giving_boxes import GLOBAL_ID
from app.web.merchant.places import as_segment
from app.web.merchant.reward_pages import HOME
from app.web.merchant.reward_words import CLOSED_WORDS, REDEMPTION_WORDS, words_of_reward


def add_routes(routes: Blueprint, services: Services, settings: Settings) -> None:
    """Serve what is in the two boxes."""

    @routes.post("/widgets/gift-card")
    def gift_card_box() -> Response:
        staff = box_staff(services, settings)
        taken = find_by_card(services, staff.store_id, _id_of("giftCardId", "gift card"))
        place = "" if taken is None else f"customers/{as_segment(taken.email)}"
        return box_page("gift_card_widget.html", staff, place, taken=taken, stages=REDEMPTION_WORDS)

    @routes.post("/widgets/voucher")
    def voucher_box() -> Response:
        staff = box_staff(services, settings)
        voucher = see_voucher_box(services, staff.store_id, _id_of("voucherId", "voucher"))
        return box_page(
            "voucher_widget.html",
            staff,
            HOME,
            voucher=voucher,
            closed=CLOSED_WORDS,
            words=words_of_reward,
            # Only they may open the pages of rewards.
            may_open=MANAGE_APPS in staff.user_permissions,
        )


def _id_of(field: str, what: str) -> str:
    named = request.form.get(field, "")
    if not GLOBAL_ID.fullmatch(named):
        raise BadRequest(f"The Dashboard did not name the {what}.")
    return named
