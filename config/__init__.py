"""The composition root: settings, services, application, command, migrations, demonstration.

The only reader of the environment; nothing imports it but entry points and tests.
"""

from __future__ import annotations
