"""What a shop's look is made of: a stylesheet for its accent colour, and its logo. Both may be kept for ever."""

import re

from flask import Blueprint, Response, abort

from app.domain.colours import Palette, dark_palette, light_palette
from app.mail.rendering import mail_stylesheet
from app.usecases.merchants.change_brand import show_logo
from app.usecases.services import Services

_COLOUR = re.compile(r"[0-9a-f]{6}")
_SLUG = re.compile(r"[a-z0-9-]{1,64}")
_MARK = re.compile(r"[0-9a-f]{16}")
# The address names the colour, or the picture: what it answers can never be another.
_FOR_EVER = "public, max-age=31536000, immutable"


def blueprint(services: Services) -> Blueprint:
    """Routes of brands."""
    routes = Blueprint("brands", __name__, url_prefix="/brand")

    @routes.get("/<colour>.css")
    def accent(colour: str) -> Response:
        if not _COLOUR.fullmatch(colour):
            abort(404)
        return _kept(Response(stylesheet(f"#{colour}"), mimetype="text/css"))

    @routes.get("/mail/<colour>.css")
    def mail(colour: str) -> Response:
        """Give the styles of a mail, for its preview in the Dashboard."""
        if not _COLOUR.fullmatch(colour):
            abort(404)
        answer = _kept(Response(mail_stylesheet(f"#{colour}"), mimetype="text/css"))
        # Another version of the app may write another.
        answer.headers["Cache-Control"] = "no-cache"
        return answer

    @routes.get("/<slug>/<mark>.png")
    def logo(slug: str, mark: str) -> Response:
        picture = show_logo(services, slug, mark) if _SLUG.fullmatch(slug) and _MARK.fullmatch(mark) else None
        if picture is None:
            abort(404)
        return _kept(Response(picture, mimetype="image/png"))

    return routes


def stylesheet(accent: str) -> str:
    """Write the colours of an accent, for light and dark pages. A file, because the pages allow no inline style."""
    light, dark = _variables(light_palette(accent)), _variables(dark_palette(accent))
    return f":root{{{light}}}\n@media (prefers-color-scheme:dark){{:root{{{dark}}}}}\n"


def _variables(palette: Palette) -> str:
    return f"--accent:{palette.fill};--on-accent:{palette.on_fill};--accent-ink:{palette.ink}"


def _kept(answer: Response) -> Response:
    answer.headers["Cache-Control"] = _FOR_EVER
    answer.headers["X-Content-Type-Options"] = "nosniff"
    return answer
