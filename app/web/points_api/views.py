"""The calls of the vendor's Points API."""

import hashlib
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, abort, request
from werkzeug.routing import BaseConverter

from app.errors import BadRequest
from app.usecases.api.create_claims import create_claims
from app.usecases.api.find_caller import Caller, find_caller
from app.usecases.api.idempotency import IdempotentRequest
from app.usecases.api.items import ITEMS_MAX
from app.usecases.api.look_up_balance import look_up_customer
from app.usecases.api.move_balances import move_balances
from app.usecases.services import Services
from app.web import api_description
from app.web.limiting import RequestLimiter
from app.web.points_api import responses as answers
from app.web.points_api import reward_calls, till_calls
from app.web.points_api.arrays import array_in, claim_in, items_in, move_in
from app.web.server.waiting_requests import CALLER_IS_KNOWN

DOCUMENT = Path(__file__).with_name("openapi.json")
IDEMPOTENCY_KEY = "Idempotency-Key"
IDEMPOTENCY_KEY_LENGTH_MAX = 255


class EmailConverter(BaseConverter):
    """Anything that may stand for an e-mail address in a path, slashes and all."""

    part_isolating = False
    regex = ".+?"


def blueprint(services: Services, *, per_address: RequestLimiter, per_key: RequestLimiter) -> Blueprint:
    """Routes of the Points API. In those with a key in the path it can be left out for one in a header."""
    routes = Blueprint("points_api", __name__, url_prefix="/api/v1")
    routes.record_once(lambda state: state.app.url_map.converters.update(email=EmailConverter))

    @routes.post("/points")
    def claims() -> Response:
        caller = _caller(request.args.get("csapikey", ""))
        raws, once = _raws(), _once("claims")
        items = items_in(raws, claim_in)
        outcomes = create_claims(services, caller, items, once=once)
        return _echoing(answers.claims_answer(raws, items, outcomes, services.claim_url_base), once)

    @routes.post("/points/INSTANT", defaults={"key": ""})
    @routes.post("/points/<key>/INSTANT")
    def instants(key: str) -> Response:
        caller = _caller(key)
        raws, once = _raws(), _once("instants")
        items = items_in(raws, move_in)
        outcomes = move_balances(services, caller, items, once=once)
        return _echoing(answers.moves_answer(raws, items, outcomes), once)

    @routes.get("/points/email/<email:email>/Full", defaults={"key": ""})
    @routes.get("/points/<key>/email/<email:email>/Full")
    def balance(key: str, email: str) -> Response:
        found = look_up_customer(services, _caller(key), email)
        if found is None:
            abort(404, "No customer of this e-mail address ever had points here.")
        return answers.balance_answer(found)

    def _caller(key_in_url: str) -> Caller:
        """Find out who calls, unless this address, or this key, calls too often."""
        per_address.check()
        caller = find_caller(services, _key_in_headers() or key_in_url)
        request.environ[CALLER_IS_KNOWN] = True
        per_key.check(str(caller.key_id))
        return caller

    @routes.after_request
    def private(answer: Response) -> Response:
        answer.headers.setdefault("Cache-Control", "no-store")
        answer.headers["X-Content-Type-Options"] = "nosniff"
        if answer.status_code == 401:
            answer.headers["WWW-Authenticate"] = 'Bearer realm="Points API"'
        return answer

    till_calls.add_routes(routes, services, lambda: _caller(""), _once)
    reward_calls.add_routes(routes, services, lambda: _caller(request.args.get("csapikey", "")), _once)
    api_description.add_routes(routes, DOCUMENT, title="Points API")
    return routes


def _key_in_headers() -> str:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else request.headers.get("X-Api-Key", "")


def _raws() -> list[Any]:
    raws = array_in(request.get_data(cache=True))
    if len(raws) > ITEMS_MAX:
        abort(413, f"A request can hold {ITEMS_MAX} items. This one holds {len(raws)}, and nothing of it was done.")
    return raws


def _once(call: str) -> IdempotentRequest | None:
    """Read the Idempotency-Key. The mark of the body tells the calls apart, too: one key does not do for two of them."""
    key = request.headers.get(IDEMPOTENCY_KEY)
    if key is None:
        return None
    if not 0 < len(key) <= IDEMPOTENCY_KEY_LENGTH_MAX or not key.isascii() or not key.isprintable():
        raise BadRequest(f"An Idempotency-Key is 1 to {IDEMPOTENCY_KEY_LENGTH_MAX} printable ASCII characters.")
    return IdempotentRequest(key, hashlib.sha256(f"{call} ".encode() + request.get_data()).hexdigest())


def _echoing(answer: Response, once: IdempotentRequest | None) -> Response:
    if once is not None:
        answer.headers[IDEMPOTENCY_KEY] = once.key
    return answer
