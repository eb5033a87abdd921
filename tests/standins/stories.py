"""Every way an order was seen to go, and the points it must end on.

Where a story's rule says nothing else, an order earns 1 a unit of money, tax in, shipping out, when paid.
"""

from datetime import UTC, datetime
from decimal import Decimal

from tests.standins.saleor import Item, StandInSaleor
from tests.standins.saleor.goods import Goods
from tests.standins.saleor.shop import Shop
from tests.standins.saleor.till import Till
from tests.standins.story import Start, Story, bought_again, drafted, exchanged, goods, imported, ordered, prepaid, shop, till

GIFT_CARD = Item("40", kind="GIFT_CARD", name="Gift card")
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def _forged(start: Start) -> Start:
    """Let the shopper write our own keys on the checkout first."""

    def place(saleor: StandInSaleor) -> str:
        saleor.shop.plant_metadata({"points_amount": "99999", "points_claim_url": "https://evil.example/"})
        return start(saleor)

    return place


def _known(email: str, start: Start) -> Start:
    """Let somebody else own an account with the e-mail first."""

    def place(saleor: StandInSaleor) -> str:
        saleor.shop.register_customer(email)
        return start(saleor)

    return place


PAYING = (
    Story("a checkout that nobody pays", ordered("60"), (), 0),
    Story("a checkout paid in advance", prepaid("20"), (), 20),
    Story("paid in advance, confirmed by staff later", prepaid("20", auto_confirm=False), (shop(Shop.confirm),), 20),
    Story("a draft that stays one", drafted("60"), (), 0),
    Story("a draft completed and never paid", drafted("60"), (shop(Shop.complete_draft),), 0),
    Story("a draft marked as paid", drafted("60"), (shop(Shop.complete_draft), till(Till.mark_as_paid)), 60),
    Story(
        "a draft marked as paid in the legacy flow",
        drafted("40"),
        (shop(Shop.complete_draft), till(Till.mark_as_paid, flow="PAYMENT")),
        40,
    ),
    Story("authorised only", ordered("40"), (till(Till.authorize, "40"),), 0),
    Story("authorised, then charged", ordered("40"), (till(Till.authorize, "40"), till(Till.charge, "40")), 40),
    Story("a partial charge never completed", ordered("60"), (till(Till.charge, "20"),), 0),
    Story("charged in two parts", ordered("60"), (till(Till.charge, "20"), till(Till.charge, "40")), 60),
    Story(
        "charged by two payment apps",
        ordered("60"),
        (till(Till.charge, "20"), till(Till.charge, "40", is_separate=True)),
        60,
    ),
    Story("paid in part at the checkout, the rest later", prepaid("60", charged="20"), (till(Till.charge, "40"),), 60),
    Story("paid in part at the checkout, and no more", prepaid("60", charged="59.99"), (), 0),
    Story("charged too much", ordered("20"), (till(Till.charge, "20"), till(Till.charge, "1")), 20),
    Story("charged too much, which is given back", prepaid("20", charged="25"), (till(Till.refund, "5"),), 20),
    Story("a failed refund that nobody asked for", prepaid("20"), (till(Till.refund_failed),), 20),
    Story("an unpaid order that expires", ordered("60"), (shop(Shop.expire),), 0),
    Story("less than one unit of money", prepaid("0.99"), (), 0),
    Story("a free product", prepaid("0"), (), 0),
)

REFUNDS = (
    Story("a partial refund", prepaid("60"), (till(Till.refund, "15"),), 45),
    Story("a full refund", prepaid("60"), (till(Till.refund, "60"),), 0),
    Story("a full refund in two parts", prepaid("60"), (till(Till.refund, "15"), till(Till.refund, "45")), 0),
    Story("refunds of odd cents", prepaid("10"), (till(Till.refund, "3.33"), till(Till.refund, "3.33")), 3),
    Story("a refund of one cent", prepaid("10"), (till(Till.refund, "0.01"),), 9),
    Story(
        "refunded from one of two payment apps",
        ordered("60"),
        (till(Till.charge, "20"), till(Till.charge, "40", is_separate=True), till(Till.refund, "30")),
        30,
    ),
    Story(
        "a refund reported without lowering the charge",
        prepaid("60"),
        (till(Till.report_refund_without_lowering_charge, "15"),),
        45,
    ),
    Story(
        "a full refund reported without lowering the charge",
        prepaid("60"),
        (till(Till.report_refund_without_lowering_charge, "60"),),
        0,
    ),
    Story(
        "one refund lowers the charge and the next does not",
        prepaid("60"),
        (till(Till.refund, "10"), till(Till.report_refund_without_lowering_charge, "15")),
        35,
    ),
    Story("a refund that is pending", prepaid("20"), (till(Till.request_refund, "6"),), 14),
    Story(
        "a refund reported without lowering the charge, and another that is pending",
        prepaid("60"),
        (till(Till.report_refund_without_lowering_charge, "15"), till(Till.request_refund, "20")),
        25,
    ),
    Story("a pending refund that succeeds", prepaid("20"), (till(Till.request_refund, "6"), till(Till.refund_succeeded)), 14),
    Story("a pending refund that fails", prepaid("20"), (till(Till.request_refund, "6"), till(Till.refund_failed)), 20),
    Story(
        "a refund that fails, then succeeds",
        prepaid("20"),
        (till(Till.request_refund, "6"), till(Till.refund_failed), till(Till.request_refund, "6"), till(Till.refund_succeeded)),
        14,
    ),
    Story("a refund that is reversed", prepaid("20"), (till(Till.refund, "5"), till(Till.reverse_refund, "5")), 20),
    Story("a refund reversed in part", prepaid("20"), (till(Till.refund, "5"), till(Till.reverse_refund, "2")), 17),
    Story("a reversal without a refund", prepaid("20"), (till(Till.reverse_refund, "5"),), 20),
    Story("refunded in full and charged again", prepaid("20"), (till(Till.refund, "20"), till(Till.charge, "20")), 20),
    Story("a partial chargeback", prepaid("20"), (till(Till.charge_back, "7"),), 13),
    Story("a chargeback in two parts", prepaid("20"), (till(Till.charge_back, "7"), till(Till.charge_back, "13")), 0),
    Story(
        "a chargeback, and a refund reported without lowering the charge",
        prepaid("60"),
        (till(Till.charge_back, "20"), till(Till.report_refund_without_lowering_charge, "15")),
        25,
    ),
    Story("a refund and a chargeback", prepaid("60"), (till(Till.refund, "10"), till(Till.charge_back, "20")), 30),
    Story("a refund that is granted only", prepaid("60"), (till(Till.grant_refund, "30"),), 60),
    Story("a refund granted and made in part", prepaid("60"), (till(Till.grant_refund, "30"), till(Till.refund, "35")), 25),
    Story(
        "a granted refund that makes half a payment look full",
        ordered("40"),
        (till(Till.charge, "20"), till(Till.grant_refund, "20")),
        0,
    ),
    Story(
        "a legacy payment refunded in part",
        ordered("40"),
        (till(Till.mark_as_paid, flow="PAYMENT"), till(Till.refund, "10")),
        30,
    ),
    Story(
        "a legacy payment refunded in full",
        ordered("40"),
        (till(Till.mark_as_paid, flow="PAYMENT"), till(Till.refund, "10"), till(Till.refund, "30")),
        0,
    ),
    Story("marked as paid, then refunded", ordered("60"), (till(Till.mark_as_paid), till(Till.refund, "10")), 50),
)

STATUSES = (
    Story("a paid order that is cancelled", prepaid("40"), (shop(Shop.cancel),), 0),
    Story("cancelled after a full refund", prepaid("60"), (till(Till.refund, "60"), shop(Shop.cancel)), 0),
    Story("cancelled, then refunded", prepaid("60"), (shop(Shop.cancel), till(Till.refund, "60")), 0),
    Story("sent in two parcels", prepaid(Item("60", quantity=3)), (goods(Goods.fulfill, quantity=1), goods(Goods.fulfill)), 60),
    Story("sent and returned, the money kept", prepaid("20"), (goods(Goods.fulfill), goods(Goods.return_products)), 20),
    Story(
        "returned in part and refunded in part",
        prepaid(Item("60", quantity=3)),
        (goods(Goods.fulfill), goods(Goods.return_products, quantity=1), till(Till.refund, "20")),
        40,
    ),
    Story("a changed e-mail", prepaid("60"), (shop(Shop.change_email, "other@example.com"),), 60),
    Story("an e-mail in capitals", prepaid("60", email="Mixed.Case@Example.COM"), (), 60),
    Story("a guest with an account's e-mail", _known("Known@example.com", prepaid("60", email="known@example.com")), (), 60),
    Story("a note", prepaid("60"), (shop(Shop.add_note),), 60),
    Story("metadata written by staff", prepaid("60"), (shop(Shop.update_metadata, {"gift": "yes"}),), 60),
    Story("our metadata wiped by staff", prepaid("60"), (shop(Shop.update_metadata, {"points_amount": ""}),), 60),
    Story("metadata forged by the shopper", _forged(prepaid("20")), (), 20),
)

AMOUNTS = (
    Story("shipping earns nothing", prepaid("50", shipping="10"), (), 50),
    Story("a refund is shared with the shipping", prepaid("50", shipping="10"), (till(Till.refund, "15"),), 37),
    Story("taxed goods and shipping", prepaid(Item("73.80", "60.00"), shipping="81.41", shipping_net="66.19"), (), 73),
    Story("a gift card bought with other goods", prepaid("20", GIFT_CARD), (), 20),
    Story("half of it refunded", prepaid("20", GIFT_CARD), (till(Till.refund, "30"),), 10),
    Story("a gift card bought alone", prepaid(GIFT_CARD), (), 0),
    Story("a gift card pays a part", prepaid("20", gift_card="5"), (), 20),
    Story("a gift card pays a part, the rest is refunded", prepaid("20", gift_card="5"), (till(Till.refund, "15"),), 5),
    Story("a gift card pays all", prepaid("20", gift_card="20"), (), 20),
    Story("a gift card pays all, shipping too", prepaid("20", shipping="5", gift_card="25"), (), 20),
    Story(
        "a gift card pays all, and all is returned",
        prepaid("20", gift_card="20"),
        (goods(Goods.fulfill), goods(Goods.return_products)),
        0,
    ),
    Story("a gift card pays all, then cancelled", prepaid("20", gift_card="20"), (shop(Shop.cancel),), 0),
    Story("a hundred lines", prepaid(*["0.99"] * 100), (), 99),
    Story("a hundred lines, one of them refunded", prepaid(*["0.99"] * 100), (till(Till.refund, "0.99"),), 98),
    Story("yen", prepaid("1980", channel="japan"), (), 1980),
    Story("yen, refunded in part", prepaid("1000", channel="japan"), (till(Till.refund, "333"),), 667),
    Story("dinars have three digits", prepaid("12.345", channel="kuwait"), (), 12),
    Story("dinars, refunded in part", prepaid("12.345", channel="kuwait"), (till(Till.refund, "0.346"),), 11),
    Story("the product is deleted later", prepaid("20"), (shop(Shop.delete_variant),), 20),
    Story("unconfirmed and edited upwards", prepaid("40", auto_confirm=False), (shop(Shop.edit_lines, "80"),), 40),
    Story("unconfirmed and edited downwards", prepaid("40", auto_confirm=False), (shop(Shop.edit_lines, "20"),), 20),
    Story(
        "edited upwards, then the difference is charged",
        prepaid("40", auto_confirm=False),
        (shop(Shop.edit_lines, "80"), till(Till.charge, "40")),
        80,
    ),
    Story(
        "edited downwards, then the difference is refunded",
        prepaid("40", auto_confirm=False),
        (shop(Shop.edit_lines, "20"), till(Till.refund, "20")),
        20,
    ),
    Story("imported and paid", imported("60"), (), 60),
    Story("imported and paid in part", imported("60", charged="20"), (), 0),
    Story("imported from before the installation", imported("60", created=LONG_AGO), (), 0),
)

EXCHANGES = (
    Story("all goods are exchanged, marked as paid", prepaid("60"), (exchanged(till(Till.mark_as_paid)),), 60),
    Story(
        "all goods are exchanged, marked as paid in the legacy flow",
        prepaid("60"),
        (exchanged(till(Till.mark_as_paid, flow="PAYMENT")),),
        60,
    ),
    Story("one of three is exchanged", prepaid(Item("90", quantity=3)), (exchanged(till(Till.mark_as_paid), quantity=1),), 90),
    Story("exchanged, and the new order left unpaid", prepaid("60"), (exchanged(),), 60),
    Story("exchanged, and the shopper pays once more", prepaid("60"), (exchanged(till(Till.charge, "60")),), 120),
    Story("exchanged, and recorded by hand", prepaid("60"), (exchanged(till(Till.record_payment, "60")),), 60),
    Story(
        "exchanged, the shopper pays a part and staff record the rest",
        prepaid("60"),
        (exchanged(till(Till.charge, "20"), till(Till.record_payment, "40")),),
        80,
    ),
    Story(
        "exchanged, and the new goods are refunded, too",
        prepaid("60"),
        (exchanged(till(Till.mark_as_paid), till(Till.refund, "60")),),
        60,
    ),
    Story(
        "exchanged, and what came in exchange is exchanged once more",
        prepaid("60"),
        (exchanged(till(Till.mark_as_paid), exchanged(till(Till.mark_as_paid))),),
        60,
    ),
    Story(
        "exchanged, and a part of the first order is refunded",
        prepaid("60"),
        (exchanged(till(Till.mark_as_paid)), till(Till.refund, "20")),
        40,
    ),
    Story(
        "exchanged goods that a gift card paid, and the new ones are exchanged, too",
        prepaid("60", gift_card="60"),
        (exchanged(till(Till.mark_as_paid), exchanged(till(Till.record_payment, "60"))),),
        60,
    ),
    Story(
        "exchanged, and the first order is refunded",
        prepaid("60"),
        (exchanged(till(Till.mark_as_paid)), till(Till.refund, "60")),
        0,
    ),
)

NO_CARDS = {"exclude_gift_cards": True}
RETURNS_COUNT = {"count_returned": True}
CARDS = (
    Story("mostly by gift card, 5 refunded", prepaid("100", gift_card="90"), (till(Till.refund, "5"),), 95),
    Story(
        "mostly by gift card, which earns nothing, 5 refunded",
        prepaid("100", gift_card="90"),
        (till(Till.refund, "5"),),
        5,
        NO_CARDS,
    ),
    Story("a cent of money beside a gift card is refunded", prepaid("100", gift_card="99.99"), (till(Till.refund, "0.01"),), 99),
    Story(
        "all by gift card, two of three returned",
        prepaid(Item("60", quantity=3), gift_card="60"),
        (goods(Goods.fulfill), goods(Goods.return_products, quantity=2)),
        20,
    ),
    Story(
        "all by gift card, which earns nothing, two of three returned",
        prepaid(Item("60", quantity=3), gift_card="60"),
        (goods(Goods.fulfill), goods(Goods.return_products, quantity=2)),
        0,
        NO_CARDS,
    ),
    Story(
        "money and a gift card, one of three returned and refunded",
        prepaid(Item("60", quantity=3), gift_card="20"),
        (goods(Goods.fulfill), goods(Goods.return_products, quantity=1), till(Till.refund, "20")),
        40,
    ),
    Story(
        "money and a gift card, one of three returned and refunded by Saleor's return",
        prepaid(Item("60", quantity=3), gift_card="20"),
        (goods(Goods.fulfill), goods(Goods.return_products, quantity=1, status="REFUNDED_AND_RETURNED"), till(Till.refund, "20")),
        40,
    ),
    Story(
        "mostly by gift card, a tenth returned and refunded",
        prepaid(Item("100", quantity=10), gift_card="90"),
        (goods(Goods.fulfill), goods(Goods.return_products, quantity=1), till(Till.refund, "10")),
        90,
    ),
    Story("a part by gift card, above the least total", prepaid("60", gift_card="20"), (), 60, {"minimum_total": Decimal(50)}),
    Story("all by gift card, above the least total", prepaid("60", gift_card="60"), (), 60, {"minimum_total": Decimal(50)}),
    Story("below the least total", prepaid("49.99", gift_card="20"), (), 0, {"minimum_total": Decimal(50)}),
    Story(
        "unconfirmed and edited, so that Saleor forgets the gift card, then paid",
        prepaid("100", gift_card="90", auto_confirm=False),
        (shop(Shop.edit_lines, "100"), till(Till.charge, "90")),
        100,
    ),
    Story(
        "two of three returned, their money refunded, and the gift card kept",
        prepaid(Item("60", quantity=3), gift_card="20"),
        (goods(Goods.fulfill), goods(Goods.return_products, quantity=2), till(Till.refund, "40")),
        20,
    ),
    Story(
        "all returned, the money refunded, and the rest for a new gift card",
        prepaid(Item("60", quantity=3), gift_card="20"),
        (goods(Goods.fulfill), goods(Goods.return_products), till(Till.refund, "40")),
        0,
    ),
    Story(
        "net prices, half by gift card, and the money refunded",
        prepaid(Item("120", "100"), gift_card="60"),
        (till(Till.refund, "60"),),
        50,
        {"include_tax": False},
    ),
    Story(
        "unconfirmed, and edited below the least total that a gift card had reached",
        prepaid("60", gift_card="20", auto_confirm=False),
        (shop(Shop.edit_lines, "45"),),
        0,
        {"minimum_total": Decimal(50)},
    ),
    Story("amounts are rounded once", prepaid("3"), (till(Till.refund, "2"),), 3, {"points_per_unit": Decimal(3)}),
    Story("free goods by a rule for gift cards", prepaid("0"), (), 0, NO_CARDS | RETURNS_COUNT),
    Story(
        "exchanged goods are not returned ones",
        prepaid(Item("60", quantity=3), gift_card="60"),
        (exchanged(till(Till.mark_as_paid), quantity=2),),
        60,
    ),
)

OPTIONS = (
    Story(
        "returned for a gift card, which buys again",
        prepaid("60"),
        (goods(Goods.fulfill), goods(Goods.return_products), bought_again("60", gift_card="60")),
        120,
    ),
    Story(
        "returned for a gift card, which buys again, and returns count",
        prepaid("60"),
        (goods(Goods.fulfill), goods(Goods.return_products), bought_again("60", gift_card="60")),
        60,
        RETURNS_COUNT,
    ),
    Story(
        "returns count, and one of three is returned and refunded",
        prepaid(Item("60", quantity=3)),
        (goods(Goods.return_products, quantity=1), till(Till.refund, "20")),
        40,
        RETURNS_COUNT,
    ),
    Story(
        "refunded in part, then all returned for a gift card, and returns count",
        prepaid(Item("60", quantity=3)),
        (till(Till.refund, "15"), goods(Goods.fulfill), goods(Goods.return_products)),
        0,
        RETURNS_COUNT,
    ),
    Story(
        "more money refunded than goods returned, and returns count",
        prepaid(Item("60", quantity=3)),
        (goods(Goods.fulfill), goods(Goods.return_products, quantity=1), till(Till.refund, "35")),
        25,
        RETURNS_COUNT,
    ),
    Story("a cap and a refund", prepaid("1000"), (till(Till.refund, "500"),), 100, {"maximum_points": 100}),
    Story("a cap and a refund that reaches it", prepaid("1000"), (till(Till.refund, "960"),), 40, {"maximum_points": 100}),
)

PLACING = (
    Story(
        "a draft begun before the installation and placed after it",
        drafted("60", created=LONG_AGO),
        (shop(Shop.complete_draft), till(Till.mark_as_paid)),
        60,
    ),
    Story(
        "unconfirmed, and goods are swapped for a gift card",
        prepaid(Item("30"), Item("20"), auto_confirm=False),
        (shop(Shop.edit_lines, Item("30"), Item("20", kind="GIFT_CARD")),),
        30,
    ),
    Story(
        "unconfirmed, and the net price rises under the same gross",
        prepaid(Item("120", "100"), auto_confirm=False),
        (shop(Shop.edit_lines, Item("120", "110")),),
        110,
        {"include_tax": False},
    ),
)

STORIES = (*PAYING, *REFUNDS, *STATUSES, *AMOUNTS, *EXCHANGES, *CARDS, *OPTIONS, *PLACING)
