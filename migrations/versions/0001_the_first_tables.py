"""The first tables."""

import sqlalchemy as sa
from alembic import op

from app.db.columns import BigId, ExactDecimal, UtcTime

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "store",
        sa.Column("id", BigId(), nullable=False),
        sa.Column("slug", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=256), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("saleor_api_url", sa.String(length=512), nullable=True),
        sa.Column("saleor_version", sa.String(length=32), nullable=True),
        sa.Column("app_id", sa.String(length=256), nullable=True),
        sa.Column("token_sealed", sa.String(), nullable=True),
        sa.Column("webhooks_mark", sa.String(length=64), nullable=True),
        sa.Column("jwks", sa.String(), nullable=True),
        sa.Column("jwks_asked_at", UtcTime(), nullable=True),
        sa.Column("awards_from", UtcTime(), nullable=False),
        sa.Column("debt_policy", sa.String(length=16), nullable=False),
        sa.Column("claim_link", sa.String(length=16), nullable=False),
        sa.Column("time_zone", sa.String(length=64), nullable=False),
        sa.Column("sweep_cursor", UtcTime(), nullable=True),
        sa.Column("swept_at", UtcTime(), nullable=True),
        sa.Column("served_at", UtcTime(), nullable=True),
        sa.Column("paused_until", UtcTime(), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("problem", sa.String(length=1024), nullable=True),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.CheckConstraint("claim_link IN ('own', 'direct')", name="store_claim_link"),
        sa.CheckConstraint("debt_policy IN ('floor', 'negative')", name="store_debt_policy"),
        sa.CheckConstraint(
            "state <> 'active' OR saleor_api_url IS NULL OR token_sealed IS NOT NULL", name="store_active_has_token"
        ),
        sa.CheckConstraint("state <> 'deleted' OR token_sealed IS NULL", name="store_deleted_has_no_token"),
        sa.CheckConstraint("state IN ('active', 'inactive', 'deleted')", name="store_state"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("saleor_api_url"),
        sa.UniqueConstraint("slug"),
    )
    op.create_table(
        "account",
        sa.Column("id", BigId(), nullable=False),
        sa.Column("store_id", BigId(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("is_current", sa.Boolean(), nullable=False),
        sa.Column("url", sa.String(length=512), nullable=True),
        sa.Column("key_sealed", sa.String(), nullable=True),
        sa.Column("lane_mark", sa.String(length=64), nullable=False),
        sa.Column("honours_idempotency", sa.Boolean(), nullable=False),
        sa.Column("paused_until", UtcTime(), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("problem", sa.String(length=1024), nullable=True),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.CheckConstraint("kind <> 'coggins' OR (url IS NOT NULL AND key_sealed IS NOT NULL)", name="account_coggins_has_key"),
        sa.CheckConstraint("kind IN ('embedded', 'coggins')", name="account_kind"),
        sa.ForeignKeyConstraint(
            ["store_id"],
            ["store.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("account", schema=None) as batch_op:
        batch_op.create_index(
            "account_of_today",
            ["store_id"],
            unique=True,
            sqlite_where=sa.text("is_current"),
            postgresql_where=sa.text("is_current"),
        )
        batch_op.create_index(batch_op.f("ix_account_store_id"), ["store_id"], unique=False)

    op.create_table(
        "api_key",
        sa.Column("id", BigId(), nullable=False),
        sa.Column("store_id", BigId(), nullable=False),
        sa.Column("key_mark", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("last_used_at", UtcTime(), nullable=True),
        sa.Column("revoked_at", UtcTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["store_id"],
            ["store.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("key_mark"),
    )
    with op.batch_alter_table("api_key", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_api_key_store_id"), ["store_id"], unique=False)

    op.create_table(
        "event",
        sa.Column("store_id", BigId(), nullable=False),
        sa.Column("saleor_order_id", sa.String(length=128), nullable=False),
        sa.Column("type", sa.String(length=64), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("first_at", UtcTime(), nullable=False),
        sa.Column("last_at", UtcTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["store_id"],
            ["store.id"],
        ),
        sa.PrimaryKeyConstraint("store_id", "saleor_order_id", "type"),
    )
    with op.batch_alter_table("event", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_event_last_at"), ["last_at"], unique=False)

    op.create_table(
        "points_customer",
        sa.Column("id", BigId(), nullable=False),
        sa.Column("store_id", BigId(), nullable=False),
        sa.Column("email", sa.String(length=320), nullable=False),
        sa.Column("email_key", sa.String(length=320), nullable=False),
        sa.Column("available", BigId(), nullable=False),
        sa.Column("used", BigId(), nullable=False),
        sa.Column("customer_type", sa.String(length=128), nullable=True),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["store_id"],
            ["store.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("store_id", "email_key", name="points_customer_email"),
    )
    op.create_table(
        "rule",
        sa.Column("id", BigId(), nullable=False),
        sa.Column("store_id", BigId(), nullable=False),
        sa.Column("channel", sa.String(length=256), nullable=True),
        sa.Column("in_force_from", UtcTime(), nullable=False),
        sa.Column("points_per_unit", ExactDecimal(length=64), nullable=False),
        sa.Column("include_tax", sa.Boolean(), nullable=False),
        sa.Column("include_shipping", sa.Boolean(), nullable=False),
        sa.Column("minimum_total", ExactDecimal(length=64), nullable=False),
        sa.Column("maximum_points", sa.Integer(), nullable=True),
        sa.Column("award", sa.String(length=16), nullable=False),
        sa.Column("award_when", sa.String(length=16), nullable=False),
        sa.Column("hold_days", sa.Integer(), nullable=False),
        sa.Column("expires_days", sa.Integer(), nullable=True),
        sa.Column("bind_email", sa.Boolean(), nullable=False),
        sa.Column("customer_type", sa.String(length=128), nullable=True),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("created_by", sa.String(length=256), nullable=False),
        sa.CheckConstraint("award IN ('claim', 'instant', 'auto')", name="rule_award"),
        sa.CheckConstraint("award_when IN ('paid', 'fulfilled')", name="rule_award_when"),
        sa.CheckConstraint("expires_days IS NULL OR expires_days BETWEEN 0 AND 36500", name="rule_expires_days"),
        sa.CheckConstraint("hold_days BETWEEN 0 AND 3650", name="rule_hold_days"),
        sa.CheckConstraint("maximum_points IS NULL OR maximum_points >= 0", name="rule_maximum_points"),
        sa.ForeignKeyConstraint(
            ["store_id"],
            ["store.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("rule", schema=None) as batch_op:
        batch_op.create_index("rule_in_force", ["store_id", "channel", "in_force_from"], unique=False)

    op.create_table(
        "order",
        sa.Column("id", BigId(), nullable=False),
        sa.Column("store_id", BigId(), nullable=False),
        sa.Column("saleor_order_id", sa.String(length=128), nullable=False),
        sa.Column("look_at", UtcTime(), nullable=True),
        sa.Column("wakes", sa.Integer(), nullable=False),
        sa.Column("told_at", UtcTime(), nullable=True),
        sa.Column("lease_token", sa.String(length=32), nullable=True),
        sa.Column("lease_until", UtcTime(), nullable=True),
        sa.Column("read_at", UtcTime(), nullable=True),
        sa.Column("read_facts", sa.String(length=1024), nullable=True),
        sa.Column("snapshot", sa.String(), nullable=True),
        sa.Column("number", sa.String(length=64), nullable=True),
        sa.Column("email", sa.String(length=320), nullable=True),
        sa.Column("email_key", sa.String(length=320), nullable=True),
        sa.Column("rule_id", BigId(), nullable=True),
        sa.Column("moment_at", UtcTime(), nullable=True),
        sa.Column("due", BigId(), nullable=False),
        sa.Column("granted", BigId(), nullable=False),
        sa.Column("because", sa.String(length=32), nullable=True),
        sa.Column("shortfall", BigId(), nullable=False),
        sa.Column("shortfall_since", UtcTime(), nullable=True),
        sa.Column("problem_code", sa.String(length=64), nullable=True),
        sa.Column("problem", sa.String(length=1024), nullable=True),
        sa.Column("refused_step", sa.String(length=512), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["rule_id"],
            ["rule.id"],
        ),
        sa.ForeignKeyConstraint(
            ["store_id"],
            ["store.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("store_id", "saleor_order_id", name="order_of_store"),
    )
    with op.batch_alter_table("order", schema=None) as batch_op:
        batch_op.create_index("order_by_email", ["store_id", "email_key"], unique=False)
        batch_op.create_index("order_by_number", ["store_id", "number"], unique=False)
        batch_op.create_index(
            "order_leased",
            ["lease_token"],
            unique=False,
            sqlite_where=sa.text("lease_token IS NOT NULL"),
            postgresql_where=sa.text("lease_token IS NOT NULL"),
        )
        batch_op.create_index(
            "order_waiting",
            ["store_id", "look_at"],
            unique=False,
            sqlite_where=sa.text("look_at IS NOT NULL"),
            postgresql_where=sa.text("look_at IS NOT NULL"),
        )

    op.create_table(
        "points_claim",
        sa.Column("id", BigId(), nullable=False),
        sa.Column("store_id", BigId(), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("token_mark", sa.String(length=64), nullable=False),
        sa.Column("token_sealed", sa.String(), nullable=False),
        sa.Column("amount", sa.Integer(), nullable=False),
        sa.Column("email", sa.String(length=320), nullable=False),
        sa.Column("customer_type", sa.String(length=128), nullable=True),
        sa.Column("expires_at", UtcTime(), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("taken_at", UtcTime(), nullable=True),
        sa.Column("customer_id", BigId(), nullable=True),
        sa.CheckConstraint("(state = 'taken') = (customer_id IS NOT NULL)", name="points_claim_taken_has_customer"),
        sa.CheckConstraint("(state = 'taken') = (taken_at IS NOT NULL)", name="points_claim_taken_is_timed"),
        sa.CheckConstraint("state IN ('open', 'taken', 'void')", name="points_claim_state"),
        sa.CheckConstraint("amount >= 0", name="points_claim_amount"),
        sa.ForeignKeyConstraint(
            ["customer_id"],
            ["points_customer.id"],
        ),
        sa.ForeignKeyConstraint(
            ["store_id"],
            ["store.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("request_id"),
        sa.UniqueConstraint("token_mark"),
    )
    with op.batch_alter_table("points_claim", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_points_claim_store_id"), ["store_id"], unique=False)

    op.create_table(
        "adjustment",
        sa.Column("id", BigId(), nullable=False),
        sa.Column("store_id", BigId(), nullable=False),
        sa.Column("order_id", BigId(), nullable=True),
        sa.Column("email_key", sa.String(length=320), nullable=True),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(length=1024), nullable=False),
        sa.Column("made_by", sa.String(length=256), nullable=False),
        sa.Column("made_at", UtcTime(), nullable=False),
        sa.CheckConstraint("order_id IS NOT NULL OR email_key IS NOT NULL", name="adjustment_has_subject"),
        sa.CheckConstraint("points <> 0", name="adjustment_points"),
        sa.ForeignKeyConstraint(
            ["order_id"],
            ["order.id"],
        ),
        sa.ForeignKeyConstraint(
            ["store_id"],
            ["store.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("adjustment", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_adjustment_order_id"), ["order_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_adjustment_store_id"), ["store_id"], unique=False)

    op.create_table(
        "movement",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("store_id", BigId(), nullable=False),
        sa.Column("order_id", BigId(), nullable=True),
        sa.Column("account_id", BigId(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.Column("email", sa.String(length=320), nullable=False),
        sa.Column("lane", sa.String(length=64), nullable=False),
        sa.Column("target_id", sa.Uuid(), nullable=True),
        sa.Column("customer_type", sa.String(length=128), nullable=True),
        sa.Column("expires_days", sa.Integer(), nullable=True),
        sa.Column("call_id", sa.Uuid(), nullable=True),
        sa.Column("position", sa.Integer(), nullable=True),
        sa.Column("asks", sa.Integer(), nullable=False),
        sa.Column("planned_at", UtcTime(), nullable=False),
        sa.Column("sent_at", UtcTime(), nullable=True),
        sa.Column("ended_at", UtcTime(), nullable=True),
        sa.Column("available_before", sa.Integer(), nullable=True),
        sa.Column("used_before", sa.Integer(), nullable=True),
        sa.Column("looked_at", UtcTime(), nullable=True),
        sa.Column("looked_available", sa.Integer(), nullable=True),
        sa.Column("looked_used", sa.Integer(), nullable=True),
        sa.Column("is_for_staff", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.String(length=1024), nullable=True),
        sa.Column("decided_by", sa.String(length=256), nullable=True),
        sa.CheckConstraint(
            "(kind IN ('claim', 'credit') AND points > 0) OR (kind IN ('debit', 'void') AND points < 0) OR (kind = 'write_off' AND points <> 0)",
            name="movement_sign",
        ),
        sa.CheckConstraint("kind IN ('claim', 'credit', 'debit', 'void', 'write_off')", name="movement_kind"),
        sa.CheckConstraint("state <> 'sending' OR sent_at IS NOT NULL", name="movement_sending_is_timed"),
        sa.CheckConstraint(
            "state IN ('planned', 'sending', 'accepted', 'rejected', 'unknown', 'overtaken')", name="movement_state"
        ),
        sa.CheckConstraint("state NOT IN ('rejected', 'unknown') OR reason IS NOT NULL", name="movement_has_reason"),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["account.id"],
        ),
        sa.ForeignKeyConstraint(
            ["order_id"],
            ["order.id"],
        ),
        sa.ForeignKeyConstraint(
            ["store_id"],
            ["store.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("movement", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_movement_store_id"), ["store_id"], unique=False)
        batch_op.create_index("movement_of_lane", ["lane", "ended_at"], unique=False)
        batch_op.create_index("movement_of_order", ["order_id", "planned_at"], unique=False)
        batch_op.create_index(
            "movement_open_in_lane",
            ["lane"],
            unique=True,
            sqlite_where=sa.text(
                "kind IN ('credit', 'debit') AND (state IN ('planned', 'sending') OR (state = 'unknown' AND kind IN ('credit', 'debit')))"
            ),
            postgresql_where=sa.text(
                "kind IN ('credit', 'debit') AND (state IN ('planned', 'sending') OR (state = 'unknown' AND kind IN ('credit', 'debit')))"
            ),
        )
        batch_op.create_index(
            "movement_open_of_customers",
            ["planned_at"],
            unique=False,
            sqlite_where=sa.text(
                "order_id IS NULL AND (state IN ('planned', 'sending') OR (state = 'unknown' AND kind IN ('credit', 'debit')))"
            ),
            postgresql_where=sa.text(
                "order_id IS NULL AND (state IN ('planned', 'sending') OR (state = 'unknown' AND kind IN ('credit', 'debit')))"
            ),
        )
        batch_op.create_index(
            "movement_open_of_order",
            ["order_id"],
            unique=True,
            sqlite_where=sa.text(
                "order_id IS NOT NULL AND (state IN ('planned', 'sending') OR (state = 'unknown' AND kind IN ('credit', 'debit')))"
            ),
            postgresql_where=sa.text(
                "order_id IS NOT NULL AND (state IN ('planned', 'sending') OR (state = 'unknown' AND kind IN ('credit', 'debit')))"
            ),
        )

    op.create_table(
        "points_entry",
        sa.Column("id", BigId(), nullable=False),
        sa.Column("customer_id", BigId(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("amount", sa.Integer(), nullable=False),
        sa.Column("claim_id", BigId(), nullable=True),
        sa.Column("request_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.CheckConstraint("(kind = 'claim') = (claim_id IS NOT NULL)", name="points_entry_claim"),
        sa.CheckConstraint("kind IN ('claim', 'instant')", name="points_entry_kind"),
        sa.ForeignKeyConstraint(
            ["claim_id"],
            ["points_claim.id"],
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"],
            ["points_customer.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("claim_id"),
        sa.UniqueConstraint("request_id"),
    )
    with op.batch_alter_table("points_entry", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_points_entry_customer_id"), ["customer_id"], unique=False)

    op.create_table(
        "claim",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("order_id", BigId(), nullable=False),
        sa.Column("account_id", BigId(), nullable=False),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.Column("email", sa.String(length=320), nullable=False),
        sa.Column("lane", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("url_sealed", sa.String(), nullable=False),
        sa.Column("token_mark", sa.String(length=64), nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("expires_on", sa.Date(), nullable=True),
        sa.Column("shown_at", UtcTime(), nullable=True),
        sa.Column("shown_available", sa.Integer(), nullable=True),
        sa.Column("shown_used", sa.Integer(), nullable=True),
        sa.Column("taken_at", UtcTime(), nullable=True),
        sa.Column("taken_by", sa.String(length=320), nullable=True),
        sa.CheckConstraint("state <> 'shown' OR shown_at IS NOT NULL", name="claim_shown_is_timed"),
        sa.CheckConstraint("state IN ('open', 'shown', 'taken', 'void', 'expired')", name="claim_state"),
        sa.CheckConstraint("points >= 0", name="claim_points"),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["account.id"],
        ),
        sa.ForeignKeyConstraint(
            ["id"],
            ["movement.id"],
        ),
        sa.ForeignKeyConstraint(
            ["order_id"],
            ["order.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("token_mark"),
    )
    with op.batch_alter_table("claim", schema=None) as batch_op:
        batch_op.create_index("claim_of_lane", ["lane"], unique=False)
        batch_op.create_index("claim_of_order", ["order_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("claim", schema=None) as batch_op:
        batch_op.drop_index("claim_of_order")
        batch_op.drop_index("claim_of_lane")

    op.drop_table("claim")
    with op.batch_alter_table("points_entry", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_points_entry_customer_id"))

    op.drop_table("points_entry")
    with op.batch_alter_table("movement", schema=None) as batch_op:
        batch_op.drop_index(
            "movement_open_of_order",
            sqlite_where=sa.text(
                "order_id IS NOT NULL AND (state IN ('planned', 'sending') OR (state = 'unknown' AND kind IN ('credit', 'debit')))"
            ),
            postgresql_where=sa.text(
                "order_id IS NOT NULL AND (state IN ('planned', 'sending') OR (state = 'unknown' AND kind IN ('credit', 'debit')))"
            ),
        )
        batch_op.drop_index(
            "movement_open_of_customers",
            sqlite_where=sa.text(
                "order_id IS NULL AND (state IN ('planned', 'sending') OR (state = 'unknown' AND kind IN ('credit', 'debit')))"
            ),
            postgresql_where=sa.text(
                "order_id IS NULL AND (state IN ('planned', 'sending') OR (state = 'unknown' AND kind IN ('credit', 'debit')))"
            ),
        )
        batch_op.drop_index(
            "movement_open_in_lane",
            sqlite_where=sa.text(
                "kind IN ('credit', 'debit') AND (state IN ('planned', 'sending') OR (state = 'unknown' AND kind IN ('credit', 'debit')))"
            ),
            postgresql_where=sa.text(
                "kind IN ('credit', 'debit') AND (state IN ('planned', 'sending') OR (state = 'unknown' AND kind IN ('credit', 'debit')))"
            ),
        )
        batch_op.drop_index("movement_of_order")
        batch_op.drop_index("movement_of_lane")
        batch_op.drop_index(batch_op.f("ix_movement_store_id"))

    op.drop_table("movement")
    with op.batch_alter_table("adjustment", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_adjustment_store_id"))
        batch_op.drop_index(batch_op.f("ix_adjustment_order_id"))

    op.drop_table("adjustment")
    with op.batch_alter_table("points_claim", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_points_claim_store_id"))

    op.drop_table("points_claim")
    with op.batch_alter_table("order", schema=None) as batch_op:
        batch_op.drop_index(
            "order_waiting", sqlite_where=sa.text("look_at IS NOT NULL"), postgresql_where=sa.text("look_at IS NOT NULL")
        )
        batch_op.drop_index(
            "order_leased", sqlite_where=sa.text("lease_token IS NOT NULL"), postgresql_where=sa.text("lease_token IS NOT NULL")
        )
        batch_op.drop_index("order_by_number")
        batch_op.drop_index("order_by_email")

    op.drop_table("order")
    with op.batch_alter_table("rule", schema=None) as batch_op:
        batch_op.drop_index("rule_in_force")

    op.drop_table("rule")
    op.drop_table("points_customer")
    with op.batch_alter_table("event", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_event_last_at"))

    op.drop_table("event")
    with op.batch_alter_table("api_key", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_api_key_store_id"))

    op.drop_table("api_key")
    with op.batch_alter_table("account", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_account_store_id"))
        batch_op.drop_index("account_of_today", sqlite_where=sa.text("is_current"), postgresql_where=sa.text("is_current"))

    op.drop_table("account")
    op.drop_table("store")
