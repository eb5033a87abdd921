"""Why a mutation is refused."""

from dataclasses import dataclass


@dataclass
class Refusal(Exception):
    """Why a mutation is refused, as its `errors` say it."""

    code: str
    message: str
    field: str | None = None


def errors_of(refusal: Refusal) -> list[dict[str, str | None]]:
    return [{"field": refusal.field, "code": refusal.code, "message": refusal.message}]
