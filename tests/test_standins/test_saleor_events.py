"""Each operation sends exactly the events that were observed for it."""

import pytest

from tests.standins.saleor.book import OrderBook, OrderEmission
from tests.standins.saleor.goods import Goods
from tests.standins.saleor.orders import Item
from tests.standins.saleor.shop import CURRENCIES, Shop
from tests.standins.saleor.till import Till
from tests.test_standins.recording import Clock

PAID, FULL, UPDATED = "ORDER_PAID", "ORDER_FULLY_PAID", "ORDER_UPDATED"
REFUNDED, ALL_REFUNDED = "ORDER_REFUNDED", "ORDER_FULLY_REFUNDED"


class Events:
    """A shop whose events are kept, those of the last operation at hand."""

    def __init__(self) -> None:
        self.last: list[str] = []
        self.book = OrderBook(Clock(), self._told)
        self.shop, self.till = Shop(self.book, CURRENCIES), Till(self.book)
        self.goods = Goods(self.book, self.shop)

    def _told(self, emissions: list[OrderEmission]) -> None:
        self.last = [emission.name for emission in emissions]


def held(events: Events, order_id: str) -> tuple[int, int]:
    """Return what is charged and what is refunded."""
    order = events.book[order_id]
    return int(order.charged), int(order.refunded)


@pytest.fixture
def events() -> Events:
    return Events()


def test_an_unpaid_checkout_is_created_and_confirmed(events: Events) -> None:
    events.shop.place_order("60")

    assert events.last == ["ORDER_CREATED", "ORDER_CONFIRMED"]


@pytest.mark.parametrize("gift_card", ["0", "20"])
def test_a_prepaid_checkout_sends_five_events_even_when_a_gift_card_pays_all(events: Events, gift_card: str) -> None:
    order_id = events.shop.place_paid_order("20", gift_card=gift_card)

    assert events.last == ["ORDER_CREATED", PAID, FULL, UPDATED, "ORDER_CONFIRMED"]
    assert events.book[order_id].charge_status == "FULL"


def test_without_automatic_confirmation_confirming_comes_later(events: Events) -> None:
    order_id = events.shop.place_paid_order("20", auto_confirm=False)
    assert events.last == ["ORDER_CREATED", PAID, FULL, UPDATED]

    events.shop.confirm(order_id)

    assert events.last == ["ORDER_CONFIRMED"]


def test_a_checkout_paid_in_part_sends_no_order_paid(events: Events) -> None:
    events.shop.place_paid_order("20", charged="5")

    assert events.last == ["ORDER_CREATED", "ORDER_CONFIRMED"]


def test_a_draft_is_silent_until_it_is_completed(events: Events) -> None:
    order_id = events.shop.place_draft("60")
    assert events.last == []

    events.shop.complete_draft(order_id)

    assert events.last == ["ORDER_CREATED", "ORDER_CONFIRMED"]


@pytest.mark.parametrize("flow", ["TRANSACTION", "PAYMENT"])
def test_marking_as_paid_sends_no_order_paid(events: Events, flow: str) -> None:
    order_id = events.shop.place_order("60")

    events.till.mark_as_paid(order_id, flow=flow)  # type: ignore[arg-type]  # parametrize knows no literals

    assert events.last == [FULL, UPDATED]
    assert [entry.type for entry in events.book[order_id].history] == ["PLACED", "ORDER_MARKED_AS_PAID"]


def test_every_charge_is_paid_and_the_last_is_fully_paid(events: Events) -> None:
    order_id = events.shop.place_order("60")

    events.till.charge(order_id, "20")
    assert events.last == [PAID, UPDATED]
    events.till.charge(order_id, "40")
    assert events.last == [PAID, FULL, UPDATED]
    events.till.charge(order_id, "1")

    assert events.last == [PAID, FULL, UPDATED]
    assert events.book[order_id].charge_status == "OVERCHARGED"


def test_authorising_updates_only(events: Events) -> None:
    order_id = events.shop.place_order("60")

    events.till.authorize(order_id, "60")

    assert events.last == [UPDATED]


@pytest.mark.parametrize("is_legacy", [False, True])
def test_a_refund_is_full_when_all_is_refunded(events: Events, is_legacy: bool) -> None:
    order_id = events.shop.place_order("60")
    events.till.mark_as_paid(order_id, flow="PAYMENT" if is_legacy else "TRANSACTION")

    events.till.refund(order_id, "15")
    assert events.last == [REFUNDED, UPDATED]
    events.till.refund(order_id, "45")

    assert events.last == [REFUNDED, UPDATED, ALL_REFUNDED]
    assert held(events, order_id) == (0, 60)


def test_a_reported_refund_leaves_the_charge(events: Events) -> None:
    order_id = events.shop.place_paid_order("60")

    events.till.report_refund_without_lowering_charge(order_id, "15")

    assert events.last == [REFUNDED, UPDATED]
    assert held(events, order_id) == (60, 15)


def test_a_requested_refund_lowers_the_charge_at_once_and_is_told_as_an_update(events: Events) -> None:
    order_id = events.shop.place_paid_order("20")

    events.till.request_refund(order_id, "6")

    assert events.last == [UPDATED]
    assert held(events, order_id) == (14, 0)
    assert events.book[order_id].refund_pending == 6


def test_a_refund_that_succeeds_is_refunded_and_one_that_fails_is_paid_again(events: Events) -> None:
    order_id = events.shop.place_paid_order("20")

    events.till.request_refund(order_id, "6")
    events.till.refund_failed(order_id)
    assert events.last == [PAID, FULL, UPDATED]
    events.till.request_refund(order_id, "6")
    events.till.refund_succeeded(order_id)

    assert events.last == [REFUNDED, UPDATED]


def test_a_failed_refund_that_nobody_requested_is_silent(events: Events) -> None:
    order_id = events.shop.place_paid_order("20")
    events.last = []

    events.till.refund_failed(order_id)

    assert events.last == []


def test_a_reversed_refund_is_paid_again_and_may_leave_refunded_below_zero(events: Events) -> None:
    order_id = events.shop.place_paid_order("20")

    events.till.reverse_refund(order_id, "5")

    assert events.last == [PAID, UPDATED]
    assert events.book[order_id].refunded == -5


def test_a_chargeback_updates_only(events: Events) -> None:
    order_id = events.shop.place_paid_order("20")

    events.till.charge_back(order_id, "7")

    assert events.last == [UPDATED]
    assert held(events, order_id) == (13, 0)


def test_a_granted_refund_is_silent_and_makes_half_a_payment_look_full(events: Events) -> None:
    order_id = events.shop.place_order("40")
    events.till.charge(order_id, "20")
    events.last = []

    events.till.grant_refund(order_id, "20")

    assert events.last == []
    assert events.book[order_id].charge_status == "FULL"


def test_cancelling_keeps_the_money(events: Events) -> None:
    order_id = events.shop.place_paid_order("40")

    events.shop.cancel(order_id)

    assert events.last == ["ORDER_CANCELLED", UPDATED]
    assert events.book[order_id].charged == 40


def test_only_the_last_fulfilment_says_fulfilled(events: Events) -> None:
    order_id = events.shop.place_paid_order(Item("20", quantity=2), "5")

    events.goods.fulfill(order_id, quantity=2)
    assert (events.last, events.book[order_id].status) == ([UPDATED], "PARTIALLY_FULFILLED")
    events.goods.fulfill(order_id)

    assert (events.last, events.book[order_id].status) == ([UPDATED, "ORDER_FULFILLED"], "FULFILLED")


def test_a_return_updates_only_and_leaves_nothing_to_fulfil(events: Events) -> None:
    order_id = events.shop.place_paid_order(Item("20", quantity=2))
    events.goods.fulfill(order_id)

    events.goods.return_products(order_id, quantity=1)
    assert (events.last, events.book[order_id].status) == ([UPDATED], "PARTIALLY_RETURNED")
    events.goods.return_products(order_id)

    assert (events.last, events.book[order_id].status) == ([UPDATED], "RETURNED")
    assert events.book[order_id].lines[0].quantity_to_fulfill == 0


def test_notes_and_e_mails_update_only(events: Events) -> None:
    order_id = events.shop.place_order("20")

    events.shop.add_note(order_id)
    assert events.last == [UPDATED]
    events.shop.change_email(order_id, "new@example.com")

    assert events.last == [UPDATED]


def test_metadata_has_its_own_event_and_none_when_nothing_changed(events: Events) -> None:
    order_id = events.shop.place_order("20")

    events.shop.update_metadata(order_id, {"a": "1"})
    assert events.last == ["ORDER_METADATA_UPDATED"]
    before = events.book[order_id].updated_at
    events.shop.update_metadata(order_id, {"a": "1"})

    assert events.last == []
    assert events.book[order_id].updated_at > before


def test_only_unconfirmed_orders_can_be_edited_and_their_charge_status_goes_stale(events: Events) -> None:
    order_id = events.shop.place_paid_order("40", auto_confirm=False)

    events.shop.edit_lines(order_id, "80")

    assert events.last == [UPDATED]
    assert events.book[order_id].charge_status == "FULL"
    events.shop.confirm(order_id)
    with pytest.raises(ValueError, match="NOT_EDITABLE"):
        events.shop.edit_lines(order_id, "20")


def test_deleting_a_variant_is_silent_and_does_not_move_updated_at(events: Events) -> None:
    order_id = events.shop.place_order(Item("40", kind="GIFT_CARD"))
    before = events.book[order_id].updated_at
    events.last = []

    events.shop.delete_variant(order_id)

    assert events.last == []
    assert events.book[order_id].updated_at == before


def test_an_import_has_money_and_no_history(events: Events) -> None:
    order_id = events.shop.import_order("60")

    assert events.last == ["ORDER_BULK_CREATED"]
    assert events.book[order_id].history == ()
    assert events.book[order_id].charge_status == "FULL"


def test_metadata_planted_on_a_checkout_is_copied_to_one_order(events: Events) -> None:
    events.shop.plant_metadata({"points_amount": "99999"})

    forged, honest = events.shop.place_order("20"), events.shop.place_order("20")

    assert events.book[forged].metadata == {"points_amount": "99999"}
    assert events.book[honest].metadata == {}


def test_an_account_owns_every_later_checkout_with_its_e_mail(events: Events) -> None:
    user_id = events.shop.register_customer("Ada@example.com")

    order_id = events.shop.place_order("20", email="ada@EXAMPLE.com")

    customer = events.book[order_id].customer
    assert customer is not None
    assert customer.id == user_id
    assert events.book[order_id].email == "ada@EXAMPLE.com"


def test_updated_at_grows_with_every_mutation_though_the_clock_stands_still(events: Events) -> None:
    order_id = events.shop.place_order("20")
    for _ in range(3):
        events.shop.add_note(order_id)

    moments = [version.updated_at for version in events.book.versions(order_id)]

    assert moments == sorted(set(moments))


def test_a_currency_has_no_more_digits_than_its_own(events: Events) -> None:
    with pytest.raises(ValueError, match=r"JPY has no 10\.5"):
        events.shop.place_order("10.5", channel="japan")
