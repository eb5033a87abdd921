"""The wallet that the app hosts, off until the merchant switches it on. The version before knows nothing of it."""

import sqlalchemy as sa
from alembic import op

from app.db.columns import BigId, UtcTime

revision = "0051"
down_revision = "0050"
branch_labels = None
depends_on = None

IS_TO_BE_SENT = sa.text("typed_sealed IS NOT NULL")


def upgrade() -> None:
    op.add_column("store", sa.Column("hosted_wallet", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.create_table(
        "wallet_session",
        sa.Column("id", BigId(), primary_key=True),
        sa.Column("store_id", BigId(), sa.ForeignKey("store.id"), nullable=False),
        sa.Column("token_mark", sa.String(64), nullable=False, unique=True),
        sa.Column("email", sa.String(320), nullable=False),
        sa.Column("email_key", sa.String(320), nullable=False),
        sa.Column("made_at", UtcTime(), nullable=False),
        sa.Column("ends_at", UtcTime(), nullable=False),
        sa.CheckConstraint("ends_at > made_at", name="wallet_session_ends"),
    )
    op.create_index("wallet_session_of_customer", "wallet_session", ["store_id", "email_key"])
    op.create_index("wallet_session_to_let_go", "wallet_session", ["ends_at"])
    _create_codes()


def _create_codes() -> None:
    op.create_table(
        "sign_in_code",
        sa.Column("id", BigId(), primary_key=True),
        sa.Column("store_id", BigId(), sa.ForeignKey("store.id"), nullable=False),
        sa.Column("browser_mark", sa.String(64), nullable=False, unique=True),
        sa.Column("email_mark", sa.String(64), nullable=False),
        sa.Column("typed_sealed", sa.String(1024), nullable=True),
        sa.Column("language", sa.String(8), nullable=False),
        sa.Column("asked_at", UtcTime(), nullable=False),
        sa.Column("ends_at", UtcTime(), nullable=False),
        sa.Column("email", sa.String(320), nullable=True),
        sa.Column("email_key", sa.String(320), nullable=True),
        sa.Column("code_mark", sa.String(64), nullable=True),
        sa.Column("link_mark", sa.String(64), nullable=True, unique=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("used_at", UtcTime(), nullable=True),
        sa.CheckConstraint("tries BETWEEN 0 AND 5", name="sign_in_code_tries"),
        sa.CheckConstraint("ends_at > asked_at", name="sign_in_code_ends"),
        sa.CheckConstraint(
            "(email IS NULL) = (email_key IS NULL) AND (email IS NULL) = (code_mark IS NULL)"
            " AND (email IS NULL) = (link_mark IS NULL)",
            name="sign_in_code_is_whole",
        ),
        sa.CheckConstraint("typed_sealed IS NULL OR email IS NULL", name="sign_in_code_is_sent_once"),
        sa.CheckConstraint("used_at IS NULL OR email IS NOT NULL", name="sign_in_code_used_by_customer"),
    )
    op.create_index("sign_in_code_of_address", "sign_in_code", ["store_id", "email_mark", "asked_at"])
    op.create_index("sign_in_code_of_customer", "sign_in_code", ["store_id", "email_key"])
    op.create_index("sign_in_code_by_time", "sign_in_code", ["store_id", "asked_at"])
    op.create_index("sign_in_code_to_let_go", "sign_in_code", ["asked_at"])
    op.create_index("sign_in_code_to_send", "sign_in_code", ["id"], sqlite_where=IS_TO_BE_SENT, postgresql_where=IS_TO_BE_SENT)


def downgrade() -> None:
    op.drop_table("sign_in_code")
    op.drop_table("wallet_session")
    op.drop_column("store", "hosted_wallet")
