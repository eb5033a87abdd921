"""Sends GraphQL to Saleors, over connections that are kept open."""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email.utils import parsedate_to_datetime
from functools import cache, partial
from pathlib import Path
from typing import Any

import requests
from gql import GraphQLRequest, gql
from gql.transport.exceptions import TransportConnectionFailed, TransportError
from gql.transport.requests import RequestsHTTPTransport
from graphql import DocumentNode, ExecutionResult

from app import http as outside
from app.errors import AppError, SaleorBusy, SaleorRefused, SaleorUnreachable
from app.saleor.api_urls import not_public
from app.saleor.own_app import NOT_ACCEPTED

OPERATIONS = Path(__file__).parent / "operations"
# As many connections are kept open; where there is one more, the one that was used longest ago is closed.
IDLE_MAX = 16

_exact_json = partial(json.loads, parse_float=Decimal)


@dataclass(frozen=True, slots=True)
class Reply:
    """What a Saleor answered, and what its clock said then, to the second; None where it did not say."""

    result: ExecutionResult
    saleor_time: datetime | None


class Connections:
    """Connections to all Saleors; each serves one request at a time. Where `public_only` says so, to public servers only."""

    def __init__(self, *, total_seconds: int, new_adapter: outside.NewAdapter | None, public_only: Callable[[str], bool]) -> None:
        self._total_seconds = total_seconds
        self._new_adapter = new_adapter
        self._public_only = public_only
        self._idling = threading.Lock()
        self._idle: list[_Kept] = []

    def execute(self, url: str, token: str | None, operation: str, variables: Mapping[str, Any], *, api_url: str) -> Reply:
        """Execute one of our operations at `url`, which is how this process reaches the Saleor at `api_url`.

        Without a token it is asked as nobody.
        Raises SaleorUnreachable when nothing answers as a GraphQL API does, SaleorBusy and SaleorRefused by the status.
        """
        request = GraphQLRequest(_document(operation), variable_values=dict(variables))
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        try:
            with self._transport(url, public_only=self._public_only(api_url)) as transport:
                result = transport.execute(request, extra_args={"headers": headers})
                return Reply(result, _time_in(transport.response_headers))
        except TransportConnectionFailed as error:
            if isinstance(error.__cause__, AppError):
                raise error.__cause__ from None
            if isinstance(error.__cause__, outside.NotPublic):
                raise not_public(api_url) from None
            raise SaleorUnreachable(f"{api_url} cannot be reached, or did not answer in time.") from None
        except (TransportError, ValueError, TypeError, AttributeError):
            raise SaleorUnreachable(f"{api_url} answers, but not as a GraphQL API does.") from None

    @contextmanager
    def _transport(self, url: str, *, public_only: bool) -> Iterator[RequestsHTTPTransport]:
        """Lend a transport for the address: two threads must not share one at once, and a new one connects anew."""
        kept = self._idle_one(url, public_only=public_only) or _Kept(
            self._new_transport(url, public_only=public_only), public_only=public_only
        )
        try:
            yield kept.transport
        except BaseException:
            kept.transport.close()  # type: ignore[no-untyped-call]  # gql leaves it bare
            raise
        with self._idling:
            self._idle.append(kept)
            oldest = self._idle.pop(0) if len(self._idle) > IDLE_MAX else None
        if oldest is not None:
            oldest.transport.close()  # type: ignore[no-untyped-call]  # gql leaves it bare

    def _idle_one(self, url: str, *, public_only: bool) -> "_Kept | None":
        with self._idling:
            fitting = (one for one in reversed(self._idle) if one.transport.url == url and one.public_only == public_only)
            found = next(fitting, None)
            if found is not None:
                self._idle.remove(found)
        return found

    def _new_transport(self, url: str, *, public_only: bool) -> RequestsHTTPTransport:
        transport = RequestsHTTPTransport(url, json_deserialize=_exact_json)
        # Its own would have neither deadline nor bounds.
        transport.session = outside.new_session(
            total_seconds=self._total_seconds, new_adapter=self._new_adapter, public_only=public_only
        )
        transport.session.hooks["response"].append(_raise_for_status)
        return transport


@dataclass(frozen=True, slots=True, eq=False)
class _Kept:
    """A transport that is kept open, and whether it connects to public servers only."""

    transport: RequestsHTTPTransport
    public_only: bool


@cache
def _document(operation: str) -> DocumentNode:
    return gql((OPERATIONS / f"{operation}.graphql").read_text()).document


def _raise_for_status(response: requests.Response, **_options: Any) -> None:
    """Turn a status that is no GraphQL answer into our words, before anything is read from the body."""
    status = response.status_code
    address = response.request.url
    if status == requests.codes.too_many_requests:
        raise SaleorBusy(f"{address} asks for patience.", retry_after=_retry_after(response.headers))
    if status in {requests.codes.unauthorized, requests.codes.forbidden}:
        raise SaleorRefused(NOT_ACCEPTED)
    # A GraphQL error may come with 400, and says in its body what it is.
    if status not in {requests.codes.ok, requests.codes.bad_request}:
        raise SaleorUnreachable(f"{address} answered with status {status}.")


def _time_in(headers: Any) -> datetime | None:
    """Read the `Date` of an answer; None where there is none that makes sense."""
    try:
        return parsedate_to_datetime(headers["Date"]).replace(tzinfo=UTC)
    except (KeyError, TypeError, ValueError, IndexError, OverflowError):
        return None


def _retry_after(headers: Mapping[str, str]) -> timedelta | None:
    value = headers.get("Retry-After", "")
    return timedelta(seconds=int(value)) if value.isdecimal() and len(value) < 6 else None
