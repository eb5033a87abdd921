"""How every page for shoppers is answered: in their language and the shop's colours.

Nothing but the pictures of rewards is loaded from elsewhere.
"""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

from flask import Flask, Response, render_template, request
from werkzeug import Response as BaseResponse

from app.domain.brand import Brand
from app.domain.colours import DEFAULT_ACCENT

Answer = TypeVar("Answer", bound=BaseResponse)

# After a POST the browser asks for the page by GET.
SEE_OTHER = 303

STATIC = Path(__file__).parents[1] / "static"

# Nothing is loaded from elsewhere and nothing runs unless a page says so, and nobody puts a page into a frame.
_POLICY = MappingProxyType(
    {
        "default-src": "'none'",
        "style-src": "'self'",
        "img-src": "'self'",
        "form-action": "'self'",
        "frame-ancestors": "'none'",
        "base-uri": "'none'",
    }
)


def set_up_shopper_pages(app: Flask) -> None:
    """Give every template what the pages' frame needs."""
    version = hashlib.sha256(b"".join(path.read_bytes() for path in sorted(STATIC.glob("*.*")))).hexdigest()[:12]
    # Static files are found from the page itself, so that a proxy may put all pages under a path of the shop's own domain.
    app.context_processor(
        lambda: {"root": "../" * (request.path.count("/") - 1), "version": version, "default_accent": DEFAULT_ACCENT}
    )


def shopper_page(
    template: str,
    *,
    brand: Brand | None = None,
    status: int = 200,
    has_script: bool = False,
    pictures: Sequence[str] = (),
    **values: Any,
) -> Response:
    """Answer with a page that is kept nowhere and told to nobody. `pictures`: the other origins from which it loads pictures."""
    answer = Response(render_template(template, brand=brand, status=status, **values), status=status, mimetype="text/html")
    return guarded(answer, has_script=has_script, pictures=pictures)


def guarded(answer: Answer, *, has_script: bool = False, pictures: Sequence[str] = ()) -> Answer:
    """Put the headers of shoppers' pages on an answer."""
    changes = {"script-src": "'self'", "connect-src": "'self'"} if has_script else {}
    if pictures:
        changes["img-src"] = " ".join(("'self'", *pictures))
    answer.headers["Content-Security-Policy"] = policy(**changes)
    # For browsers that do not know frame-ancestors.
    answer.headers["X-Frame-Options"] = "DENY"
    answer.headers["Cache-Control"] = "no-store"
    answer.headers["Referrer-Policy"] = "no-referrer"
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers["X-Robots-Tag"] = "noindex"
    answer.vary.add("Accept-Language")
    return answer


def policy(**changes: str) -> str:
    """Write the Content-Security-Policy, with directives changed or added (`img_src` or `img-src`)."""
    directives = {**_POLICY, **{name.replace("_", "-"): value for name, value in changes.items()}}
    return "; ".join(f"{name} {value}" for name, value in directives.items())
