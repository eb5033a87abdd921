"""Rewards: what points are exchanged for, who took one, and what became of it. The version before knows none of it.

Whoever rebuilds one of these tables on SQLite must drop its triggers before and create them after.
"""

import sqlalchemy as sa
from alembic import op

from app.db.columns import BigId, ExactDecimal, UtcTime

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None

STAGES = "stage IN ('asked', 'refused', 'taken', 'given', 'withdrawing', 'returning', 'used', 'expired', 'withdrawn', 'not_made')"
REASONS = "('not_made', 'withdrawn', 'expired')"

# What a redemption was, and what a return was. All else of them may change. Who took it may be erased.
_COST = (
    "id",
    "store_id",
    "reward_id",
    "version_id",
    "reference",
    "account_id",
    "points",
    "currency",
    "amount_units",
    "code_mark",
)
_WENT_BACK = ("id", "redemption_id", "reference", "why", "points", "written_at")
_REWARD = ("id", "store_id", "kind", "made_at", "made_by")


def _row(which: str, columns: tuple[str, ...]) -> str:
    return f"({', '.join(f'{which}.{column}' for column in columns)})"


def _counts(which: str) -> str:
    return f"(CASE WHEN {which}.stage IN ('refused', 'withdrawn', 'not_made') THEN 0 ELSE 1 END)"


_RETURNED = "(SELECT coalesce(sum(points), 0) FROM redemption_return WHERE redemption_id = NEW.id)"
_IS_PAID = """EXISTS (
    SELECT 1 FROM movement AS v WHERE v.id = NEW.debit_id AND v.cause_kind = 'reward' AND v.cause_id = NEW.id
        AND v.kind = 'debit' AND v.state = 'accepted' AND v.points = -NEW.points)"""
_TAKEN_BY_CUSTOMER = """(
    SELECT count(*) FROM redemption AS r WHERE r.store_id = NEW.store_id AND r.email_key = NEW.email_key
        AND r.reward_id = NEW.reward_id AND r.stage NOT IN ('refused', 'withdrawn', 'not_made'))"""
# Asked after the count was moved: whoever takes one at the same moment waits for the reward's row.
_IS_TOO_MANY = f"""EXISTS (
    SELECT 1 FROM reward_version AS t JOIN reward AS w ON w.id = t.reward_id
    WHERE t.id = NEW.version_id AND (w.taken > t.limit_in_all OR {_TAKEN_BY_CUSTOMER} > t.limit_each))"""
_IS_OF_REWARD = "EXISTS (SELECT 1 FROM reward_version AS t WHERE t.id = NEW.version_id AND t.reward_id = NEW.reward_id)"
_BEGINS_WRONG = f"NEW.stage <> 'asked' OR NEW.returned_points <> 0 OR NOT {_IS_OF_REWARD}"

TOO_MANY = "redemption: the reward is not given out so often"
NOT_PAID = "redemption: points are taken by an accepted debit"
STAYS = "redemption: what it cost never changes, and what went back is the sum of its returns"

SQLITE_TRIGGERS = {
    "redemption_begins": f"""
        BEFORE INSERT ON redemption WHEN {_BEGINS_WRONG}
        BEGIN SELECT RAISE(ABORT, 'redemption: it begins with nothing taken'); END""",
    "redemption_is_counted": f"""
        AFTER INSERT ON redemption
        BEGIN
            UPDATE reward SET taken = taken + 1 WHERE id = NEW.reward_id;
            SELECT RAISE(ABORT, '{TOO_MANY}') WHERE {_IS_TOO_MANY};
        END""",
    "redemption_counts_no_more": f"""
        AFTER UPDATE ON redemption WHEN {_counts("NEW")} <> {_counts("OLD")}
        BEGIN UPDATE reward SET taken = taken + {_counts("NEW")} - {_counts("OLD")} WHERE id = NEW.reward_id; END""",
    "redemption_is_paid": f"""
        BEFORE UPDATE ON redemption WHEN NEW.debit_id IS NOT OLD.debit_id AND (OLD.debit_id IS NOT NULL OR NOT {_IS_PAID})
        BEGIN SELECT RAISE(ABORT, '{NOT_PAID}'); END""",
    "redemption_stays_what_it_was": f"""
        BEFORE UPDATE ON redemption WHEN {_row("NEW", _COST)} IS NOT {_row("OLD", _COST)} OR NEW.returned_points <> {_RETURNED}
        BEGIN SELECT RAISE(ABORT, '{STAYS}'); END""",
    "redemption_return_counts": """
        AFTER INSERT ON redemption_return
        BEGIN UPDATE redemption SET returned_points = returned_points + NEW.points WHERE id = NEW.redemption_id; END""",
    "redemption_return_stays_what_it_was": f"""
        BEFORE UPDATE ON redemption_return WHEN {_row("NEW", _WENT_BACK)} IS NOT {_row("OLD", _WENT_BACK)}
        BEGIN SELECT RAISE(ABORT, 'redemption_return: what went back never changes'); END""",
    "reward_stays_what_it_was": f"""
        BEFORE UPDATE ON reward WHEN {_row("NEW", _REWARD)} IS NOT {_row("OLD", _REWARD)}
        BEGIN SELECT RAISE(ABORT, 'reward: only what was taken of it changes'); END""",
    **{
        f"{table}_never_changes": f"""
        BEFORE UPDATE ON {table}
        BEGIN SELECT RAISE(ABORT, '{table}: a version never changes'); END"""
        for table in ("reward_version", "reward_amount")
    },
    **{
        f"{table}_is_never_deleted": f"""
        BEFORE DELETE ON {table}
        BEGIN SELECT RAISE(ABORT, '{table}: a row is never deleted'); END"""
        for table in ("reward", "reward_version", "reward_amount", "redemption", "redemption_return")
    },
}


def _refuse_if(condition: str, message: str) -> str:
    return f"IF {condition} THEN RAISE EXCEPTION '{message}' USING ERRCODE = 'check_violation'; END IF;"


POSTGRESQL_FUNCTIONS = {
    "redemption_begin": f"BEGIN {_refuse_if(_BEGINS_WRONG, 'redemption: it begins with nothing taken')} RETURN NEW; END",
    "redemption_count": f"""
        BEGIN
            IF TG_OP = 'INSERT' THEN
                UPDATE reward SET taken = taken + 1 WHERE id = NEW.reward_id;
                {_refuse_if(_IS_TOO_MANY, TOO_MANY)}
            ELSE
                UPDATE reward SET taken = taken + {_counts("NEW")} - {_counts("OLD")} WHERE id = NEW.reward_id;
            END IF;
            RETURN NULL;
        END""",
    "redemption_hold": f"""
        BEGIN
            {_refuse_if(f"NEW.debit_id IS DISTINCT FROM OLD.debit_id AND (OLD.debit_id IS NOT NULL OR NOT {_IS_PAID})", NOT_PAID)}
            {
        _refuse_if(f"{_row('NEW', _COST)} IS DISTINCT FROM {_row('OLD', _COST)} OR NEW.returned_points <> {_RETURNED}", STAYS)
    }
            RETURN NEW;
        END""",
    "redemption_return_count": """
        BEGIN
            UPDATE redemption SET returned_points = returned_points + NEW.points WHERE id = NEW.redemption_id;
            RETURN NULL;
        END""",
    "redemption_return_hold": f"""
        BEGIN
            {
        _refuse_if(
            f"{_row('NEW', _WENT_BACK)} IS DISTINCT FROM {_row('OLD', _WENT_BACK)}",
            "redemption_return: what went back never changes",
        )
    }
            RETURN NEW;
        END""",
    "reward_hold": f"""
        BEGIN
            {
        _refuse_if(f"{_row('NEW', _REWARD)} IS DISTINCT FROM {_row('OLD', _REWARD)}", "reward: only what was taken of it changes")
    }
            RETURN NEW;
        END""",
    "reward_refuse": """
        BEGIN
            RAISE EXCEPTION '%: a row is never changed nor deleted', TG_TABLE_NAME USING ERRCODE = 'check_violation';
        END""",
}
_NEVER_CHANGED = ("reward_version", "reward_amount")
_NEVER_DELETED = ("reward", *_NEVER_CHANGED, "redemption", "redemption_return")
POSTGRESQL_TRIGGERS = (
    "CREATE TRIGGER redemption_begins BEFORE INSERT ON redemption FOR EACH ROW EXECUTE FUNCTION redemption_begin()",
    "CREATE TRIGGER redemption_is_counted AFTER INSERT ON redemption FOR EACH ROW EXECUTE FUNCTION redemption_count()",
    f"""CREATE TRIGGER redemption_counts_no_more AFTER UPDATE ON redemption FOR EACH ROW
        WHEN ({_counts("NEW")} <> {_counts("OLD")}) EXECUTE FUNCTION redemption_count()""",
    "CREATE TRIGGER redemption_stays_what_it_was BEFORE UPDATE ON redemption FOR EACH ROW EXECUTE FUNCTION redemption_hold()",
    """CREATE TRIGGER redemption_return_counts AFTER INSERT ON redemption_return
       FOR EACH ROW EXECUTE FUNCTION redemption_return_count()""",
    """CREATE TRIGGER redemption_return_stays_what_it_was BEFORE UPDATE ON redemption_return
       FOR EACH ROW EXECUTE FUNCTION redemption_return_hold()""",
    "CREATE TRIGGER reward_stays_what_it_was BEFORE UPDATE ON reward FOR EACH ROW EXECUTE FUNCTION reward_hold()",
    *(
        f"CREATE TRIGGER {table}_never_changes BEFORE UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION reward_refuse()"
        for table in _NEVER_CHANGED
    ),
    *(
        f"CREATE TRIGGER {table}_is_never_deleted BEFORE DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION reward_refuse()"
        for table in _NEVER_DELETED
    ),
    *(
        f"CREATE TRIGGER {table}_is_never_emptied BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION reward_refuse()"
        for table in _NEVER_DELETED
    ),
)


def upgrade() -> None:
    _create_rewards()
    _create_redemption()
    op.create_table(
        "redemption_use",
        sa.Column("id", BigId(), primary_key=True),
        sa.Column("redemption_id", BigId(), sa.ForeignKey("redemption.id"), nullable=False),
        sa.Column("saleor_order_id", sa.String(128), nullable=False),
        sa.Column("amount_units", BigId(), nullable=False),
        sa.Column("seen_at", UtcTime(), nullable=False),
        sa.UniqueConstraint("redemption_id", "saleor_order_id", name="redemption_use_of_order"),
        sa.CheckConstraint("amount_units > 0", name="redemption_use_amount"),
    )
    op.create_index("redemption_use_by_order", "redemption_use", ["saleor_order_id"])
    op.create_table(
        "redemption_return",
        sa.Column("id", BigId(), primary_key=True),
        sa.Column("redemption_id", BigId(), sa.ForeignKey("redemption.id"), nullable=False),
        sa.Column("reference", sa.Uuid(), nullable=False, unique=True),
        sa.Column("why", sa.String(16), nullable=False),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.Column("written_at", UtcTime(), nullable=False),
        sa.Column("credited_at", UtcTime(), nullable=True),
        sa.Column("problem", sa.String(1024), nullable=True),
        sa.Column("made_by", sa.String(256), nullable=True),
        sa.CheckConstraint(f"why IN {REASONS}", name="redemption_return_why"),
        sa.CheckConstraint("points > 0", name="redemption_return_points"),
        sa.UniqueConstraint("redemption_id", name="redemption_return_once"),
    )
    if op.get_context().dialect.name == "sqlite":
        for name, body in SQLITE_TRIGGERS.items():
            op.execute(f"CREATE TRIGGER {name} {body}")
    else:
        for name, body in POSTGRESQL_FUNCTIONS.items():
            op.execute(f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ {body} $$")
        for trigger in POSTGRESQL_TRIGGERS:
            op.execute(trigger)


def downgrade() -> None:
    if op.get_context().dialect.name == "sqlite":
        for name in SQLITE_TRIGGERS:
            op.execute(f"DROP TRIGGER {name}")
    else:
        for name in POSTGRESQL_FUNCTIONS:
            op.execute(f"DROP FUNCTION {name}() CASCADE")
    for table in ("redemption_return", "redemption_use", "redemption", "reward_amount", "reward_version", "reward"):
        op.drop_table(table)


def _create_rewards() -> None:
    op.create_table(
        "reward",
        sa.Column("id", BigId(), primary_key=True),
        sa.Column("store_id", BigId(), sa.ForeignKey("store.id"), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("made_at", UtcTime(), nullable=False),
        sa.Column("made_by", sa.String(256), nullable=False),
        sa.Column("taken", sa.Integer(), nullable=False),
        sa.CheckConstraint("kind IN ('amount', 'voucher')", name="reward_kind"),
        sa.CheckConstraint("taken >= 0", name="reward_taken"),
    )
    op.create_index("reward_of_store", "reward", ["store_id", "id"])
    op.create_table(
        "reward_version",
        sa.Column("id", BigId(), primary_key=True),
        sa.Column("reward_id", BigId(), sa.ForeignKey("reward.id"), nullable=False),
        sa.Column("in_force_from", UtcTime(), nullable=False),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("text", sa.String(500), nullable=False),
        sa.Column("picture_url", sa.String(1024), nullable=False),
        sa.Column("points", sa.Integer(), nullable=True),
        sa.Column("voucher_id", sa.String(128), nullable=True),
        sa.Column("voucher_name", sa.String(256), nullable=False),
        sa.Column("starts_at", UtcTime(), nullable=True),
        sa.Column("ends_at", UtcTime(), nullable=True),
        sa.Column("limit_in_all", sa.Integer(), nullable=True),
        sa.Column("limit_each", sa.Integer(), nullable=True),
        sa.Column("channels", sa.String(4096), nullable=False),
        sa.Column("days_valid", sa.Integer(), nullable=True),
        sa.Column("return_on_expiry", sa.Boolean(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("created_by", sa.String(256), nullable=False),
        sa.CheckConstraint("points IS NULL OR points > 0", name="reward_version_points"),
        sa.CheckConstraint("limit_in_all IS NULL OR limit_in_all > 0", name="reward_version_limit_in_all"),
        sa.CheckConstraint("limit_each IS NULL OR limit_each > 0", name="reward_version_limit_each"),
        sa.CheckConstraint("days_valid IS NULL OR days_valid BETWEEN 1 AND 3650", name="reward_version_days_valid"),
        sa.CheckConstraint("starts_at IS NULL OR ends_at IS NULL OR starts_at < ends_at", name="reward_version_times"),
    )
    op.create_index("reward_version_of_reward", "reward_version", ["reward_id", "id"])
    op.create_table(
        "reward_amount",
        sa.Column("id", BigId(), primary_key=True),
        sa.Column("version_id", BigId(), sa.ForeignKey("reward_version.id"), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("amount_units", BigId(), nullable=False),
        sa.Column("points_per_unit", ExactDecimal(), nullable=True),
        sa.UniqueConstraint("version_id", "currency", name="reward_amount_of_currency"),
        sa.CheckConstraint("amount_units > 0", name="reward_amount_units"),
        sa.CheckConstraint(
            "points_per_unit IS NULL OR CAST(points_per_unit AS NUMERIC) > 0", name="reward_amount_points_per_unit"
        ),
    )


def _create_redemption() -> None:
    op.create_table(
        "redemption",
        sa.Column("id", BigId(), primary_key=True),
        sa.Column("store_id", BigId(), sa.ForeignKey("store.id"), nullable=False),
        sa.Column("reward_id", BigId(), sa.ForeignKey("reward.id"), nullable=False),
        sa.Column("version_id", BigId(), sa.ForeignKey("reward_version.id"), nullable=False),
        sa.Column("reference", sa.Uuid(), nullable=False, unique=True),
        sa.Column("email", sa.String(320), nullable=False),
        sa.Column("email_key", sa.String(320), nullable=False),
        sa.Column("account_id", BigId(), sa.ForeignKey("account.id"), nullable=False),
        sa.Column("debit_id", sa.Uuid(), sa.ForeignKey("movement.id"), nullable=True),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("amount_units", BigId(), nullable=False),
        sa.Column("code_sealed", sa.String(1024), nullable=False),
        sa.Column("code_mark", sa.String(64), nullable=False, unique=True),
        sa.Column("saleor_id", sa.String(128), nullable=True),
        sa.Column("stage", sa.String(16), nullable=False),
        *(
            sa.Column(name, UtcTime(), nullable=name != "asked_at")
            for name in ("asked_at", "taken_at", "given_at", "over_at", "lost_at")
        ),
        sa.Column("back_reason", sa.String(16), nullable=True),
        sa.Column("blocked_at", UtcTime(), nullable=True),
        sa.Column("used_units", BigId(), nullable=False),
        sa.Column("returned_points", sa.Integer(), nullable=False),
        sa.Column("ended_at", UtcTime(), nullable=True),
        sa.Column("look_at", UtcTime(), nullable=True),
        sa.Column("lease_token", sa.String(64), nullable=True),
        sa.Column("lease_until", UtcTime(), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("problem_code", sa.String(64), nullable=True),
        sa.Column("problem", sa.String(1024), nullable=True),
        sa.CheckConstraint(STAGES, name="redemption_stage"),
        sa.CheckConstraint(f"back_reason IN {REASONS}", name="redemption_back_reason"),
        sa.CheckConstraint("points > 0", name="redemption_points"),
        sa.CheckConstraint("amount_units > 0", name="redemption_amount"),
        sa.CheckConstraint("used_units BETWEEN 0 AND amount_units", name="redemption_used"),
        sa.CheckConstraint("returned_points BETWEEN 0 AND points", name="redemption_returned"),
        sa.CheckConstraint("(taken_at IS NULL) = (debit_id IS NULL)", name="redemption_taken_by_debit"),
        sa.CheckConstraint("(taken_at IS NULL) = (stage IN ('asked', 'refused'))", name="redemption_taken_is_timed"),
        sa.CheckConstraint("given_at IS NULL OR taken_at IS NOT NULL", name="redemption_given_after_taken"),
        sa.CheckConstraint("stage NOT IN ('given', 'used') OR given_at IS NOT NULL", name="redemption_given_is_timed"),
        sa.CheckConstraint(
            "stage NOT IN ('withdrawing', 'returning', 'withdrawn', 'expired', 'not_made') OR back_reason IS NOT NULL",
            name="redemption_back_has_reason",
        ),
        sa.CheckConstraint("stage <> 'used' OR used_units = amount_units", name="redemption_used_up"),
        sa.CheckConstraint("(lease_token IS NULL) = (lease_until IS NULL)", name="redemption_lease"),
    )
    waits = sa.text("look_at IS NOT NULL")
    op.create_index("redemption_to_look_at", "redemption", ["look_at"], sqlite_where=waits, postgresql_where=waits)
    op.create_index("redemption_of_customer", "redemption", ["store_id", "email_key", "id"])
    op.create_index("redemption_by_number", "redemption", ["store_id", "id"])
    op.create_index("redemption_of_reward", "redemption", ["reward_id", "id"])
