"""A store's own words in its mails, and how a mail looks with them."""

from app.db.form_tokens import FormToken, is_first
from app.db.logbook import SETTINGS_CHANGED, write_log
from app.db.stores import brand_of
from app.db.tables import MailTextRow, StoreRow
from app.domain.mails import MANNERS, SUBJECT_MAX, MailKind, as_header
from app.errors import BadRequest
from app.mail.letter import Sheet
from app.mail.passage import OwnWords
from app.mail.rendering import Frame, render_mail, speech_of
from app.usecases.mailing.writing_mails import own_words, sample_values
from app.usecases.services import Services

PARAGRAPH_MAX = 1000


def show_words(services: Services, store_id: int, kind: MailKind, language: str) -> OwnWords:
    """Give a store's own words of a kind, in a language."""
    with services.database.reading() as session:
        return own_words(session, store_id, kind, language)


def faults_of(words: OwnWords) -> dict[str, str]:
    """Give a sentence for each field that will not do."""
    faults: dict[str, str] = {}
    if len(words.subject) > SUBJECT_MAX or as_header(words.subject) != words.subject:
        faults["subject"] = f"Write one line of at most {SUBJECT_MAX} characters."
    if len(words.paragraph) > PARAGRAPH_MAX or not "".join(words.paragraph.split()).isprintable():
        faults["paragraph"] = f"Write printable text of at most {PARAGRAPH_MAX} characters."
    return faults


def change_words(
    services: Services,
    store_id: int,
    kind: MailKind,
    language: str,
    words: OwnWords,
    *,
    who: str,
    once: FormToken | None = None,
) -> bool:
    """Change a store's own words of a kind, in a language. An empty part is ours again. False where nothing changes.

    Raises BadRequest with a sentence for what will not do.
    """
    for sentence in faults_of(words).values():
        raise BadRequest(sentence)
    now = services.clock()
    with services.database.writing() as session:
        if once is not None and not is_first(session, once, now):
            return True
        if own_words(session, store_id, kind, language) == words:
            return False
        row = session.get(MailTextRow, (store_id, kind.value, language))
        if row is None:
            row = MailTextRow(store_id=store_id, kind=kind, language=language)
        row.subject, row.paragraph = words.subject or None, words.paragraph or None
        session.add(row)
        said = f"The words of mails of the kind {kind.value} in the language {language} were changed."
        write_log(session, store_id, SETTINGS_CHANGED, said, now=now, made_by=who)
    return True


def preview_mail(services: Services, store_id: int, kind: MailKind, language: str, words: OwnWords, *, root: str) -> Sheet:
    """Write a mail with made-up numbers, for a frame in a page of the app that begins at `root`. Nothing in it can be pressed."""
    with services.database.reading() as session:
        store = session.get_one(StoreRow, store_id)
    brand = brand_of(store)
    logo = f"{root}brand/{store.slug}/{store.logo_mark}.png" if store.logo_mark else None
    opt_out = f"{root}mails/preview" if MANNERS[kind].can_be_declined else None
    frame = Frame(brand, logo, opt_out, styles_at=f"{root}brand/mail/")
    return render_mail(kind, sample_values(services, store, kind), frame, speech_of(language), words)
