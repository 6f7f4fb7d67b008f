"""What every other package stands on: database, outbox, jobs, outgoing HTTP, problems, audit."""

from __future__ import annotations
