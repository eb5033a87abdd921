"""Payments of which points are owed for long need a person, too. The version before finds the others by a slower way."""

import sqlalchemy as sa
from alembic import op

from app.db.indexing import add_index

revision = "0049"
down_revision = "0048"
branch_labels = None
depends_on = None

OTHERS = "problem_code IN ('permission', 'missing', 'other_amount', 'refused') AND stage NOT IN ('refused', 'returned')"
INDEX = "spend_needs_a_person"


def upgrade() -> None:
    op.drop_index(INDEX, "spend", if_exists=True)
    add_index(INDEX, "spend", ["store_id", "id"], where=f"(problem_code = 'owed' OR ({OTHERS}))")


def downgrade() -> None:
    op.drop_index(INDEX, "spend", if_exists=True)
    where = sa.text(OTHERS)
    op.create_index(INDEX, "spend", ["store_id", "id"], sqlite_where=where, postgresql_where=where)
