"""Talks to a Saleor: its GraphQL API and its key set."""

import json
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

import requests

from app import http as outside
from app.errors import SaleorFault, SaleorRefused, SaleorUnreachable
from app.saleor.api_urls import not_public
from app.saleor.app_calls import AppCalls
from app.saleor.basket_reads import BasketReads
from app.saleor.code_calls import CodeCalls
from app.saleor.order_calls import OrderCalls
from app.saleor.own_app import REFUSED
from app.saleor.payment_calls import PaymentCalls
from app.saleor.shop_reads import ShopReads
from app.saleor.shopper_calls import ShopperCalls
from app.saleor.signature import has_keys
from app.saleor.voucher_copies import VoucherCopies

if TYPE_CHECKING:
    from graphql import ExecutionResult

    from app.saleor.graphql import Connections

JWKS_BYTES_MAX = 64 * 1024

_TOKEN_REFUSED = frozenset({"PermissionDenied", "InvalidTokenError", "InvalidSignatureError", "ExpiredSignatureError"})


class SaleorClient:
    """One client for all stores. What is asked of a Saleor stands by its subject: `app`, `baskets`, `codes`, `orders`,
    `payments`, `shop`, `shoppers`, `voucher_copies`.

    `url_map` gives the address at which this process reaches an installed API URL. Where `public_only` says so of an API URL,
    only a server of the public internet is called for it.
    """

    def __init__(
        self,
        *,
        url_map: Mapping[str, str] | None = None,
        total_seconds: int = outside.TOTAL_SECONDS,
        new_adapter: outside.NewAdapter | None = None,
        public_only: Callable[[str], bool] = lambda _: False,
    ) -> None:
        self._url_map = dict(url_map or {})
        self._total_seconds = total_seconds
        self._new_adapter = new_adapter
        self._public_only = public_only
        self.app = AppCalls(self._execute, self._execute_timed)
        self.baskets = BasketReads(self._execute)
        self.codes = CodeCalls(self._execute)
        self.orders = OrderCalls(self._execute)
        self.payments = PaymentCalls(self._execute)
        self.shop = ShopReads(self._execute)
        self.shoppers = ShopperCalls(self._execute)
        self.voucher_copies = VoucherCopies(self._execute)
        self._opening = threading.Lock()
        self._opened: Connections | None = None

    def jwks(self, api_url: str) -> str:
        """Fetch the key set that signs this Saleor's webhooks, as JSON text.

        Raises SaleorUnreachable when it cannot be had.
        """
        parts = urlsplit(self._reached(api_url))
        url = urlunsplit((parts.scheme, parts.netloc, "/.well-known/jwks.json", "", ""))
        try:
            with outside.new_session(
                total_seconds=self._total_seconds, new_adapter=self._new_adapter, public_only=self._public_only(api_url)
            ) as session:
                answer = session.get(url)
            jwks = _key_set(answer)
        except outside.NotPublic:
            raise not_public(api_url) from None
        except (requests.RequestException, ValueError, KeyError, TypeError, RecursionError):
            jwks = None
        if jwks is None:
            raise SaleorUnreachable(f"{url} does not give the keys that sign this Saleor's webhooks.")
        return jwks

    def _execute(
        self, api_url: str, token: str | None, operation: str, variables: Mapping[str, Any], *, partial_answers: bool = False
    ) -> dict[str, Any]:
        data, _ = self._execute_timed(api_url, token, operation, variables, partial_answers=partial_answers)
        return data

    def _execute_timed(
        self, api_url: str, token: str | None, operation: str, variables: Mapping[str, Any], *, partial_answers: bool = False
    ) -> tuple[dict[str, Any], datetime | None]:
        """Send an operation, as nobody without a token. Gives the data, and what Saleor's clock said, if it did."""
        reply = self._connections().execute(self._reached(api_url), token, operation, variables, api_url=api_url)
        return _data_of(reply.result, partial_answers=partial_answers), reply.saleor_time

    def _connections(self) -> "Connections":
        """Open them with the first request: GraphQL takes long to load, and many a process never asks a Saleor."""
        from app.saleor.graphql import Connections  # noqa: PLC0415 - see above

        with self._opening:
            if self._opened is None:
                self._opened = Connections(
                    total_seconds=self._total_seconds, new_adapter=self._new_adapter, public_only=self._public_only
                )
            return self._opened

    def _reached(self, api_url: str) -> str:
        return self._url_map.get(api_url, api_url)


def _data_of(result: "ExecutionResult", *, partial_answers: bool = False) -> dict[str, Any]:
    """Give the answer's data. Raises SaleorRefused or SaleorFault where there are errors, unless a part of it will do."""
    has_part = partial_answers and any(part is not None for part in (result.data or {}).values())
    if result.errors and not has_part:
        raise _refusal(result.errors)
    return dict(result.data or {})


def _key_set(answer: requests.Response) -> str | None:
    """Read a key set, as JSON text. None where it is none, or holds no key that could sign a webhook."""
    if answer.status_code != requests.codes.ok or len(answer.content) > JWKS_BYTES_MAX:
        return None
    keys = answer.json()["keys"]
    jwks = json.dumps({"keys": keys})
    return jwks if isinstance(keys, list) and has_keys(jwks) else None


def _refusal(errors: Sequence[Any]) -> SaleorRefused | SaleorFault:
    """Tell a refusal from a fault. Saleor's own text is not repeated: with DEBUG it holds stack traces."""
    if {_code(error) for error in errors} & _TOKEN_REFUSED:
        return SaleorRefused(REFUSED)
    return SaleorFault("Saleor answered with an error.")


def _code(error: Any) -> str:
    """Read extensions.exception.code of a GraphQL error, where Saleor names the exception."""
    extensions = error.get("extensions") if isinstance(error, dict) else getattr(error, "extensions", None)
    exception = extensions.get("exception") if isinstance(extensions, dict) else None
    code = exception.get("code") if isinstance(exception, dict) else None
    return code if isinstance(code, str) else ""
