"""`make bench` settles orders that its own stand-in for Saleor answers with."""

import json
from decimal import Decimal

from app.saleor.parsing import parse_order
from tests.bench.outside import order


def test_the_app_understands_the_orders_of_the_bench() -> None:
    answered = json.loads(json.dumps(order("T3JkZXI6MDAwMDAwMDAwMDAx")), parse_float=Decimal)

    assert parse_order(answered).charged == 66
