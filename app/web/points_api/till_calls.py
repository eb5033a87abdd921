"""The calls of a till: spend points, give them back, look at a spend."""

import json
from collections.abc import Callable
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, abort, jsonify, request

from app.domain.bounds import EMAIL_LENGTH_MAX, POINTS_MAX, REFERENCE_LENGTH_MAX
from app.errors import BadRequest
from app.usecases.api.find_caller import Caller
from app.usecases.api.idempotency import IdempotentRequest
from app.usecases.api.items import RefusedItem, SpendState
from app.usecases.api.spend_points import NewSpend, give_back_points, look_up_spend, spend_points
from app.usecases.services import Services
from app.web.points_api.arrays import is_customer, whole_number

REFUSED_STATUS = {"NOT_FOUND": 404}
CONFLICT = 409


def add_routes(
    routes: Blueprint, services: Services, caller: Callable[[], Caller], once: Callable[[str], IdempotentRequest | None]
) -> None:
    """Add the routes. `caller` finds out who calls, `once` reads the Idempotency-Key."""

    @routes.post("/spends")
    def spend() -> Response:
        who, key = caller(), required(once("spends"))
        return _answer(spend_points(services, who, _spend_in(object_in_body()), once=key), status=201)

    @routes.get("/spends/<uuid:spend_id>")
    def look(spend_id: UUID) -> Response:
        found = look_up_spend(services, caller(), spend_id)
        if found is None:
            abort(404, "This store has no such spend.")
        return _answer(found)

    @routes.post("/spends/<uuid:spend_id>/give-back")
    def give_back(spend_id: UUID) -> Response:
        who, key = caller(), required(once(f"give-back {spend_id}"))
        return _answer(give_back_points(services, who, spend_id, _points_in(object_in_body()), once=key))


def required(once: IdempotentRequest | None) -> IdempotentRequest:
    """Insist on an Idempotency-Key. Raises BadRequest without one."""
    if once is None:
        raise BadRequest("This call needs an Idempotency-Key. If the answer is lost, send the same request with the same key.")
    return once


def object_in_body(example: str = '{"email": "ada@example.com", "points": 400}') -> dict[str, Any]:
    """Read the body as a JSON object. Raises BadRequest when it is none."""
    body = request.get_data(cache=True)
    try:
        found = json.loads(body or b"{}", parse_float=whole_number)
    except (ValueError, RecursionError):
        raise BadRequest(f"The body is not JSON. It must be an object, such as {example}.") from None
    if not isinstance(found, dict):
        raise BadRequest("The body must be an object.")
    return found


def _spend_in(raw: dict[str, Any]) -> NewSpend:
    points, email, reference = raw.get("points"), raw.get("email"), raw.get("reference", "")
    if type(points) is not int or not 0 < points <= POINTS_MAX:
        raise BadRequest(f"points must be a whole number from 1 to {POINTS_MAX}.")
    if not isinstance(email, str) or not is_customer(email.strip()):
        raise BadRequest(f"email must be an e-mail address of at most {EMAIL_LENGTH_MAX} characters.")
    if not isinstance(reference, str) or len(reference) > REFERENCE_LENGTH_MAX or not reference.isprintable():
        raise BadRequest(f"reference must be printable text of at most {REFERENCE_LENGTH_MAX} characters.")
    return NewSpend(email.strip(), points, reference.strip())


def _points_in(raw: dict[str, Any]) -> int | None:
    points = raw.get("points")
    if points is not None and (type(points) is not int or not 0 < points <= POINTS_MAX):
        raise BadRequest(f"points must be a whole number from 1 to {POINTS_MAX}. Leave it out to give back all that is left.")
    return points


def _answer(outcome: SpendState | RefusedItem, *, status: int = 200) -> Response:
    if isinstance(outcome, RefusedItem):
        answer = jsonify(error=outcome._asdict())
        answer.status_code = REFUSED_STATUS.get(outcome.code, CONFLICT)
        return answer
    answer = jsonify(
        id=outcome.id,
        points=outcome.points,
        givenBack=outcome.given_back,
        reference=outcome.reference,
        createdAt=outcome.created_at,
    )
    answer.status_code = status
    return answer
