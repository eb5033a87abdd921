"""A shop and its mails, as tests see them."""

from dataclasses import dataclass

from sqlmodel import col, select

from app.db.tables import MailKindRow, MailRow, MailServerRow
from app.domain.mails import MailKind, Urgency
from app.usecases.mailing.outbox import put_sign_in_mail
from app.usecases.mailing.send_mails import send_mails
from tests.standins.mail import StandInMail
from tests.world import World

ROUNDS_MAX = 100


@dataclass
class Post:
    """A shop that sends mails."""

    world: World
    server: StandInMail

    def switch_on(self, *kinds: MailKind, after_days: int = 7) -> None:
        now = self.world.clock()
        with self.world.services.database.writing() as session:
            for kind in kinds:
                row = session.get(MailKindRow, (1, kind.value)) or MailKindRow(store_id=1, kind=kind)
                row.is_on, row.on_since = True, now
                row.after_days = after_days if kind is MailKind.REMINDER else None
                session.add(row)

    def switch_off(self, kind: MailKind) -> None:
        with self.world.services.database.writing() as session:
            row = session.get_one(MailKindRow, (1, kind.value))
            row.is_on = False

    def ask_for_code(self, email: str, code: str = "482913", language: str = "en") -> bool:
        link = f"{self.world.url}/wallet/shop?code={code}"
        with self.world.services.database.writing() as session:
            store = self.world.store()
            return put_sign_in_mail(session, self.world.services, store, email, code=code, link=link, language=language)

    def send(self) -> None:
        """Send until nothing waits now."""
        for _ in range(ROUNDS_MAX):
            rounds = [send_mails(self.world.services, urgency) for urgency in Urgency]
            if not any(rounds):
                return
        raise AssertionError("sending comes to no end")

    def mails(self) -> list[MailRow]:
        with self.world.services.database.reading() as session:
            return list(session.exec(select(MailRow).order_by(col(MailRow.id))))

    def mail_of(self, kind: MailKind) -> MailRow:
        [mail] = [mail for mail in self.mails() if mail.kind == kind]
        return mail

    def states(self) -> list[str]:
        return [mail.state for mail in self.mails()]

    def trouble(self) -> MailServerRow | None:
        with self.world.services.database.reading() as session:
            return session.get(MailServerRow, 1)
