"""Tables of a platform's services: what launches said can be read, and where."""

from __future__ import annotations

import sqlalchemy as sa

from engine.database import Instant, metadata

# The services of one context, by the latest launch that offered any. `context_id` is empty for
# launches from outside of contexts; addresses are empty where they were not offered.
lti_context = sa.Table(
    "lti_context",
    metadata,
    sa.Column("connector", sa.Text, primary_key=True),
    sa.Column("deployment_id", sa.Text, primary_key=True),
    sa.Column("context_id", sa.Text, primary_key=True),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("line_items", sa.Text, nullable=False),
    sa.Column("memberships", sa.Text, nullable=False),
    sa.Column("scopes", sa.JSON, nullable=False),
    sa.Column("seen_at", Instant, nullable=False),
)

# The line item of one link, for platforms that do not let us list them.
lti_line_item = sa.Table(
    "lti_line_item",
    metadata,
    sa.Column("connector", sa.Text, primary_key=True),
    sa.Column("deployment_id", sa.Text, primary_key=True),
    sa.Column("context_id", sa.Text, primary_key=True),
    sa.Column("url", sa.Text, primary_key=True),
    sa.Column("seen_at", Instant, nullable=False),
)
