"""The mail that brings the code of a reward."""

from sqlmodel import Session

from app.db.moves import moves_of
from app.db.stored_rewards import terms_of
from app.db.stores import accounts_of
from app.db.tables import RedemptionRow, StoreRow
from app.domain.days import last_day
from app.domain.mails import MailKind
from app.domain.moved_customers import holder_of
from app.domain.redemptions import RedemptionStage
from app.usecases.mailing.mail_language import language_of_newest_order
from app.usecases.mailing.outbox import NewMail, put_mail
from app.usecases.services import Services


def put_reward_mail(session: Session, services: Services, store: StoreRow, redemption: RedemptionRow) -> None:
    """Send the code of a reward to the customer who took it, in the transaction that gives it."""
    language = language_of_newest_order(session, store.id or 0, redemption.email)
    values = {"redemption_id": redemption.id}
    moves = moves_of(session, accounts_of(session, store.id or 0), [redemption.email])
    email = holder_of(moves, redemption.account_id, redemption.email, redemption.asked_at).email
    put_mail(session, services, store, NewMail(MailKind.REWARD_CODE, email, redemption.reference.hex, language, values))


def values_of_reward(session: Session, services: Services, redemption_id: object) -> dict[str, object] | None:
    """Give what the mail about a reward says; None where its code can be used no more."""
    redemption = session.get(RedemptionRow, redemption_id)
    if redemption is None or redemption.stage != RedemptionStage.GIVEN:
        return None
    [terms] = terms_of(session, [redemption.version_id])
    over_at = redemption.over_at
    return {
        "code": services.sealer.open(redemption.code_sealed),
        "reward": terms.name,
        "last_day": last_day(over_at, "UTC").isoformat() if over_at is not None else None,
    }
