"""Where sealed texts are stored."""

from sqlmodel import SQLModel

from app.db.tables import AccountRow, ApiAnswerRow, ClaimRow, MailRow, PointsClaimRow, RedemptionRow, SignInCodeRow, StoreRow

SEALED: tuple[tuple[type[SQLModel], str], ...] = (
    (StoreRow, "token_sealed"),
    (AccountRow, "key_sealed"),
    (ClaimRow, "url_sealed"),
    (PointsClaimRow, "token_sealed"),
    (ApiAnswerRow, "outcomes_sealed"),
    (RedemptionRow, "code_sealed"),
    (MailRow, "values_sealed"),
    (SignInCodeRow, "typed_sealed"),
)
