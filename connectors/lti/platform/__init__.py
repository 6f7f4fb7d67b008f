"""The platform role: an outside course is launched from here and reports scores to us."""
