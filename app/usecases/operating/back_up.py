"""Copy the database into one file, while the app runs."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from app.errors import BadRequest
from app.usecases.services import Services


def back_up(services: Services, path: Path) -> int:
    """Copy a SQLite database, as it stands at one moment, into a new file; give its size in bytes.

    The copy has its name once it is whole, checked and on the disk. Raises BadRequest where there is something at `path`
    already, and for PostgreSQL, which has better means of its own.
    """
    url = services.database.engine.url
    if not services.database.is_sqlite or url.database is None:
        raise BadRequest("PostgreSQL is backed up by its own tools: pg_dump --format=custom --file=FILE, with the URL's parts.")
    if path.exists():
        raise BadRequest(f"{path}: exists already, and no backup is written over another. Choose a new name.")
    draft = path.with_name(f"{path.name}.part")
    draft.unlink(missing_ok=True)
    draft.touch(mode=0o600, exist_ok=False)
    try:
        _copy(url.database, draft)
        # A link, not a new name for the draft: it fails where somebody else was quicker.
        path.hardlink_to(draft)
    except FileExistsError:
        raise BadRequest(f"{path}: exists already, and no backup is written over another. Choose a new name.") from None
    finally:
        draft.unlink(missing_ok=True)
    return path.stat().st_size


def _copy(name: str, draft: Path) -> None:
    with closing(sqlite3.connect(name)) as source, closing(sqlite3.connect(draft)) as copy:
        # All pages in one go: they are those of one moment, and in WAL mode nobody waits for it.
        source.backup(copy)
        # One file, without the one that WAL keeps beside it.
        copy.execute("PRAGMA journal_mode=DELETE")
        [found] = copy.execute("PRAGMA quick_check(1)").fetchone()
        if found != "ok":
            raise BadRequest("The copy is damaged, and so is most likely the database itself. Look at the disk.")
    with draft.open("rb") as written:
        os.fsync(written.fileno())
