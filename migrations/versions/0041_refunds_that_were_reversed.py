"""How many points of a reversed refund were taken again, and how many were let go.

The version before cancels such a return and takes nothing: what it leaves, this version takes. Before, they stayed with the
customer, and the documents said so: what was cancelled until now is let go.
"""

import sqlalchemy as sa
from alembic import op

from app.db.rebuilding import keeping_triggers

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None

COLUMNS = ("taken_again_points", "let_go_points")
SUM = "taken_again_points + let_go_points"
CHECKS = {
    "spend_return_taken_again": f"taken_again_points >= 0 AND let_go_points >= 0 AND {SUM} <= points",
    "spend_return_taken_again_after": f"{SUM} = 0 OR (cancelled_at IS NOT NULL AND credited_at IS NOT NULL)",
}
IS_OVER = "cancelled_at IS NOT NULL AND credited_at IS NOT NULL"


def upgrade() -> None:
    with keeping_triggers(), op.batch_alter_table("spend_return") as batch_op:
        for name in COLUMNS:
            batch_op.add_column(sa.Column(name, sa.Integer(), nullable=False, server_default="0"))
        for name, says in CHECKS.items():
            batch_op.create_check_constraint(name, says)
    op.execute(f"UPDATE spend_return SET let_go_points = points WHERE {IS_OVER}")
    where = sa.text(f"{IS_OVER} AND {SUM} < points")
    op.create_index("spend_return_owed", "spend_return", ["spend_id"], sqlite_where=where, postgresql_where=where)


def downgrade() -> None:
    op.drop_index("spend_return_owed", "spend_return")
    with keeping_triggers(), op.batch_alter_table("spend_return") as batch_op:
        for name in CHECKS:
            batch_op.drop_constraint(name, type_="check")
        for name in COLUMNS:
            batch_op.drop_column(name)
