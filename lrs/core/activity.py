"""The rules for Activities, their definitions and interactions.

Source: xAPI 1.0.3 Data §2.4.4.1; xAPI 2.0 §4.2.2.3.
"""

from __future__ import annotations

from lrs.core import shape
from lrs.core.fault import Section
from lrs.core.shape import Json, Report

ACTIVITY = Section("Data §2.4.4.1", "§4.2.2.3")

INTERACTION_TYPES = (
    "true-false",
    "choice",
    "fill-in",
    "long-fill-in",
    "matching",
    "performance",
    "sequencing",
    "likert",
    "numeric",
    "other",
)

_component = shape.shape(
    ACTIVITY, required={"id": shape.filled}, optional={"description": shape.language_map}
)
_component_list = shape.array(_component, ACTIVITY)


def _components(value: Json, pointer: str, report: Report) -> None:
    _component_list(value, pointer, report)
    if isinstance(value, list):
        ids = [one.get("id") for one in value if isinstance(one, dict)]
        names = [name for name in ids if isinstance(name, str)]
        if len(set(names)) != len(names):
            report.note("component_twice", pointer, ACTIVITY)


COMPONENTS = ("choices", "scale", "source", "target", "steps")
"""Where a definition keeps interaction components (1.0.3 Data §2.4.4.1).

They are checked by type alone: that `choices` belongs to `choice` is no demand on the LRS.
"""

_definition_members = shape.shape(
    ACTIVITY,
    required={},
    optional={
        "name": shape.language_map,
        "description": shape.language_map,
        "type": shape.iri,
        "moreInfo": shape.iri,
        "extensions": shape.extensions,
        "interactionType": shape.one_of(INTERACTION_TYPES, ACTIVITY),
        "correctResponsesPattern": shape.array(shape.string, ACTIVITY),
        **dict.fromkeys(COMPONENTS, _components),
    },
)


def definition(value: Json, pointer: str, report: Report) -> None:
    """A check for an Activity Definition; the parts of an interaction need its type."""
    _definition_members(value, pointer, report)
    if isinstance(value, dict) and "interactionType" not in value:
        for name in ("correctResponsesPattern", *COMPONENTS):
            if name in value:
                report.note("interaction_without_type", f"{pointer}/{name}", ACTIVITY, key=name)


activity = shape.recurring(
    shape.shape(
        ACTIVITY,
        required={"id": shape.iri},
        optional={"objectType": shape.one_of(("Activity",), ACTIVITY), "definition": definition},
    )
)
