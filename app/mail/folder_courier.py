"""Put mails into a folder, for trying: each is a file that a mail program opens."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from app.errors import MailServerDown
from app.mail.courier import Fate, MaySend, Outcome, Round
from app.mail.letter import Letter

_PRIVATE = 0o600


class FolderCourier:
    """A folder that gets each mail as a file."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @contextmanager
    def open(self) -> Iterator[Round]:
        """Make sure that the folder is there."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise MailServerDown(f"The folder of MAIL_URL cannot be made: {error.strerror}") from None
        yield self

    def hand_over(self, letter: Letter, may_send: MaySend) -> Outcome:
        """Write a file, readable by its owner only: it holds an address, and perhaps a code."""
        if not may_send():
            return Outcome(Fate.NOT_OURS)
        draft = self._folder / f".{uuid4().hex}"
        try:
            with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _PRIVATE), "wb") as file:
                file.write(letter.content)
            draft.rename(self._folder / f"{uuid4().hex}.eml")
        except OSError as error:
            raise MailServerDown(f"The folder of MAIL_URL cannot be written: {error.strerror}") from None
        return Outcome(Fate.TAKEN)
