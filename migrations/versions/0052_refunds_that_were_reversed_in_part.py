"""What is left of a refund of which Saleor reversed a part: a return of its own, which names the one that was cancelled.

The version before writes none. It would report such a return to Saleor, so it must not run any more when the first one is written.
"""

import sqlalchemy as sa
from alembic import op

from app.db.rebuilding import keeping_triggers

revision = "0052"
down_revision = "0051"
branch_labels = None
depends_on = None

INDEX = "spend_return_rest"
HAS_REST = "rest_of IS NOT NULL"


def upgrade() -> None:
    with keeping_triggers(), op.batch_alter_table("spend_return") as batch_op:
        batch_op.add_column(sa.Column("rest_of", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True))
        batch_op.create_foreign_key("spend_return_rest_of", "spend_return", ["rest_of"], ["id"])
        batch_op.create_check_constraint("spend_return_rest_is_told", "rest_of IS NULL OR reported_at IS NOT NULL")
    where = sa.text(HAS_REST)
    op.create_index(INDEX, "spend_return", ["rest_of"], unique=True, sqlite_where=where, postgresql_where=where)


def downgrade() -> None:
    op.drop_index(INDEX, "spend_return")
    with keeping_triggers(), op.batch_alter_table("spend_return") as batch_op:
        batch_op.drop_constraint("spend_return_rest_is_told", type_="check")
        batch_op.drop_constraint("spend_return_rest_of", type_="foreignkey")
        batch_op.drop_column("rest_of")
