"""How to register us in each LMS, step by step, in the words of its own screens.

Menus are named as the products name them in English, in quotes; their Japanese translations
differ from version to version.
"""

from __future__ import annotations

from web.views.guides.blackboard import BLACKBOARD
from web.views.guides.brightspace import BRIGHTSPACE
from web.views.guides.canvas import CANVAS
from web.views.guides.guide import Guide
from web.views.guides.moodle import MOODLE
from web.views.guides.openedx import OPENEDX
from web.views.guides.sakai import SAKAI

__all__ = ["GUIDES", "Guide"]

GUIDES = (MOODLE, CANVAS, SAKAI, OPENEDX, BRIGHTSPACE, BLACKBOARD)
