"""Change how a shop looks to its shoppers: its name, accent colour, text and logo on the claim page and the order link."""

import hashlib

import structlog
from sqlmodel import Session

from app.db.form_tokens import FormToken, is_first
from app.db.logbook import SETTINGS_CHANGED, write_log
from app.db.stores import brand_of, find_store_by_slug
from app.db.tables import StoreLogoRow, StoreRow
from app.domain.brand import ACCENT, Brand
from app.errors import BadRequest
from app.usecases.merchants.read_logo import read_logo
from app.usecases.services import Services

log = structlog.get_logger()

NAME_LENGTH_MAX = 80
TEXT_LENGTH_MAX = 300
MARK_LENGTH = 16

# The character that joins several emoji to one. By itself it is not printable.
_JOINER = "\u200d"


def change_brand(
    services: Services,
    slug: str,
    *,
    name: str | None = None,
    accent: str | None = None,
    text: str | None = None,
    logo: bytes | None = None,
    remove_logo: bool = False,
    who: str | None = None,
    once: FormToken | None = None,
) -> Brand:
    """Change what is given, leave what is None, and note who did it. Gives the brand as it is now.

    An empty accent or text takes it away.

    Raises BadRequest, with a sentence for the merchant, when there is no such store or a value cannot be shown.
    """
    if logo is not None and remove_logo:
        raise BadRequest("Either give a logo or take it away, not both.")
    values = checked_brand(name=name, accent=accent, text=text)
    picture = read_logo(logo) if logo is not None else None
    now = services.clock()
    with services.database.writing() as session:
        store = _store(session, slug)
        if once is not None and not is_first(session, once, now):
            return brand_of(store)
        for field, value in values.items():
            setattr(store, field, value)
        if picture is not None or remove_logo:
            _change_logo(session, store, picture)
        session.add(store)
        write_log(session, store.id or 0, SETTINGS_CHANGED, "The look is saved.", now=now, made_by=who)
        brand = brand_of(store)
    log.info("brand changed", store=slug)
    return brand


def show_brand(services: Services, slug: str) -> Brand:
    """Show how a shop looks. Raises BadRequest when there is no such store."""
    with services.database.reading() as session:
        return brand_of(_store(session, slug))


def show_logo(services: Services, slug: str, mark: str) -> bytes | None:
    """Give the PNG of a shop's present logo; None when it has none, or one with another mark."""
    with services.database.reading() as session:
        store = find_store_by_slug(session, slug)
        if store is None or store.logo_mark is None or store.logo_mark != mark:
            return None
        return session.get_one(StoreLogoRow, store.id).png


def checked_brand(*, name: str | None = None, accent: str | None = None, text: str | None = None) -> dict[str, str | None]:
    """Give the columns that these values change. A settings page checks with it what is not saved yet.

    Raises BadRequest for a value that cannot be shown.
    """
    values: dict[str, str | None] = {}
    if name is not None:
        values["name"] = _checked_name(name)
    if accent is not None:
        values["accent"] = _checked_accent(accent)
    if text is not None:
        values["page_text"] = _checked_text(text)
    return values


def _checked_name(name: str) -> str:
    name = " ".join(name.split())
    if not name:
        raise BadRequest("The shop needs a name.")
    if len(name) > NAME_LENGTH_MAX or not _is_readable(name):
        raise BadRequest(f"The shop's name must be readable text of at most {NAME_LENGTH_MAX} characters.")
    return name


def _checked_accent(accent: str) -> str | None:
    accent = accent.strip().lower()
    if accent and not ACCENT.fullmatch(accent):
        raise BadRequest("The accent colour must be written as #rrggbb, such as #3448c5.")
    return accent or None


def _checked_text(text: str) -> str | None:
    lines = [" ".join(line.split()) for line in text.strip().splitlines()]
    text = "\n".join(lines)
    if len(text) > TEXT_LENGTH_MAX or not all(_is_readable(line) for line in lines):
        raise BadRequest(f"The text must be readable, and at most {TEXT_LENGTH_MAX} characters long.")
    return text or None


def _is_readable(text: str) -> bool:
    return text.replace(_JOINER, "").isprintable()


def _store(session: Session, slug: str) -> StoreRow:
    store = find_store_by_slug(session, slug)
    if store is None:
        raise BadRequest(f"There is no store {slug}.")
    return store


def _change_logo(session: Session, store: StoreRow, picture: bytes | None) -> None:
    kept = session.get(StoreLogoRow, store.id)
    store.logo_mark = hashlib.sha256(picture).hexdigest()[:MARK_LENGTH] if picture is not None else None
    if picture is None:
        if kept is not None:
            session.delete(kept)
        return
    session.merge(StoreLogoRow(store_id=store.id, png=picture))
