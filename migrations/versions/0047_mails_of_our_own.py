"""The outbox of our own mails, and what merchants set about them. The version before sends none, and writes none."""

import sqlalchemy as sa
from alembic import op

from app.db.columns import BigId, UtcTime

revision = "0047"
down_revision = "0046"
branch_labels = None
depends_on = None

# The last is for points that run out: no version sends it yet.
KINDS = "'points_ready', 'reminder', 'reward_code', 'sign_in', 'points_end'"
STATES = "'waiting', 'sending', 'sent', 'failed', 'late', 'unsure', 'dropped'"
IS_TO_BE_SENT = sa.text("send_at IS NOT NULL")
IS_OVER = sa.text("ended_at IS NOT NULL")


def _store(**options: bool) -> sa.Column[int]:
    return sa.Column("store_id", BigId(), sa.ForeignKey("store.id"), nullable=False, **options)


def upgrade() -> None:
    op.create_table(
        "mail",
        sa.Column("id", BigId(), primary_key=True),
        _store(),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("about", sa.String(128), nullable=False),
        sa.Column("reference", sa.Uuid(), nullable=False, unique=True),
        sa.Column("email", sa.String(320), nullable=False),
        sa.Column("email_key", sa.String(320), nullable=False),
        sa.Column("language", sa.String(16), nullable=False),
        sa.Column("values_sealed", sa.String(), nullable=True),
        sa.Column("urgency", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("written_at", UtcTime(), nullable=False),
        sa.Column("send_at", UtcTime(), nullable=True),
        sa.Column("deadline", UtcTime(), nullable=False),
        sa.Column("lease_token", sa.String(64), nullable=True),
        sa.Column("lease_until", UtcTime(), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("problem", sa.String(512), nullable=True),
        sa.Column("sent_at", UtcTime(), nullable=True),
        sa.Column("ended_at", UtcTime(), nullable=True),
        sa.CheckConstraint(f"kind IN ({KINDS})", name="mail_kind_known"),
        sa.CheckConstraint(f"state IN ({STATES})", name="mail_state"),
        sa.CheckConstraint("(ended_at IS NULL) = (state IN ('waiting', 'sending'))", name="mail_over_is_timed"),
        sa.CheckConstraint("(send_at IS NULL) = (ended_at IS NOT NULL)", name="mail_waits_for_a_time"),
        sa.CheckConstraint("(values_sealed IS NULL) = (ended_at IS NOT NULL)", name="mail_over_keeps_no_values"),
        sa.CheckConstraint("(state = 'sent') = (sent_at IS NOT NULL)", name="mail_sent_is_timed"),
        sa.CheckConstraint("state <> 'sending' OR lease_token IS NOT NULL", name="mail_sending_is_leased"),
        sa.CheckConstraint("(lease_token IS NULL) = (lease_until IS NULL)", name="mail_lease"),
        sa.UniqueConstraint("store_id", "kind", "about", name="mail_once"),
    )
    op.create_index("mail_to_send", "mail", ["urgency", "send_at"], sqlite_where=IS_TO_BE_SENT, postgresql_where=IS_TO_BE_SENT)
    op.create_index("mail_deadline", "mail", ["deadline"], sqlite_where=IS_TO_BE_SENT, postgresql_where=IS_TO_BE_SENT)
    op.create_index("mail_over", "mail", ["ended_at"], sqlite_where=IS_OVER, postgresql_where=IS_OVER)
    op.create_index("mail_of_customer", "mail", ["store_id", "email_key", "id"])
    op.create_table(
        "mail_address",
        _store(primary_key=True),
        sa.Column("email_key", sa.String(320), primary_key=True),
        sa.Column("language", sa.String(16), nullable=True),
        sa.Column("stopped_at", UtcTime(), nullable=True),
        sa.Column("stopped_because", sa.String(512), nullable=True),
    )
    op.create_table(
        "mail_refusal",
        _store(primary_key=True),
        sa.Column("email_key", sa.String(320), primary_key=True),
        sa.Column("kind", sa.String(16), primary_key=True),
        sa.Column("refused_at", UtcTime(), nullable=False),
    )
    op.create_table(
        "mail_kind",
        _store(primary_key=True),
        sa.Column("kind", sa.String(16), primary_key=True),
        sa.Column("is_on", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("on_since", UtcTime(), nullable=True),
        sa.Column("after_days", sa.Integer(), nullable=True),
        sa.CheckConstraint(f"kind IN ({KINDS})", name="mail_kind_kind"),
        sa.CheckConstraint("after_days BETWEEN 1 AND 365", name="mail_kind_after_days"),
        sa.CheckConstraint("NOT is_on OR on_since IS NOT NULL", name="mail_kind_on_is_timed"),
    )
    op.create_table(
        "mail_text",
        _store(primary_key=True),
        sa.Column("kind", sa.String(16), primary_key=True),
        sa.Column("language", sa.String(8), primary_key=True),
        sa.Column("subject", sa.String(200), nullable=True),
        sa.Column("paragraph", sa.String(1000), nullable=True),
        sa.CheckConstraint(f"kind IN ({KINDS})", name="mail_text_kind"),
    )
    op.create_table(
        "mail_server",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("paused_until", UtcTime(), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("failing_since", UtcTime(), nullable=True),
        sa.Column("problem", sa.String(512), nullable=True),
        sa.CheckConstraint("id = 1", name="mail_server_is_one"),
    )
    op.add_column("store", sa.Column("mail_sender", sa.String(254), nullable=True))
    op.add_column("store", sa.Column("mail_reply_to", sa.String(254), nullable=True))
    op.add_column("store", sa.Column("mail_problem", sa.String(512), nullable=True))
    op.add_column("store", sa.Column("mail_paused_until", UtcTime(), nullable=True))
    op.add_column("order", sa.Column("language", sa.String(16), nullable=True))


def downgrade() -> None:
    op.drop_column("order", "language")
    op.drop_column("store", "mail_paused_until")
    op.drop_column("store", "mail_problem")
    op.drop_column("store", "mail_reply_to")
    op.drop_column("store", "mail_sender")
    for name in ("mail_server", "mail_text", "mail_kind", "mail_refusal", "mail_address", "mail"):
        op.drop_table(name)
