"""Custom layouts of dispatch calls, and calls of them.

Reference: docs/sonoran-cad.md, "Call layouts".
"""

from __future__ import annotations

from dataclasses import replace

from sandbox.cad.state.models import CallForm, Json

MEDICAL_LAYOUT: Json = {
    "templateId": 12,
    "name": "Medical",
    "version": 3,
    "isDefault": False,
    "statusOptions": [
        {"id": "queued", "label": "Queued", "status": 0},
        {"id": "deployed", "label": "Crew deployed", "status": 1},
    ],
    "sections": [
        {
            "uid": "main",
            "label": "Patient",
            "icon": "user",
            "size": 12,
            "fields": [
                {"uid": "priority", "type": "select", "label": "Urgency", "binding": "priority"},
                {"uid": "caller_name", "type": "text", "label": "Name of the caller"},
                {"uid": "patients", "type": "number", "label": "Patients"},
                {"uid": "conscious", "type": "select", "label": "Conscious and breathing"},
            ],
        }
    ],
}

MEDICAL_CALL = CallForm(
    title="",
    block="",
    address="Vespucci Beach",
    description="A jogger collapsed near the lifeguard tower.",
    layout={
        "template": 12,
        "statusId": "deployed",
        "priority": "High",
        "values": {
            "priority": "High",
            "caller_name": "Alex Smith",
            "patients": 1,
            "conscious": "Breathing only",
        },
    },
)

# The bindings of `status`, `units` and `description` are documented; those of a place are not (?).
FIRE_LAYOUT: Json = {
    "templateId": 13,
    "name": "Fire",
    "version": 1,
    "isDefault": False,
    "statusOptions": [{"id": "rolling", "label": "Engines rolling", "status": 1}],
    "sections": [
        {
            "uid": "scene",
            "label": "Scene",
            "icon": "fire",
            "size": 12,
            "fields": [
                {"uid": "what", "type": "textarea", "label": "What", "binding": "description"},
                {"uid": "where", "type": "text", "label": "Where", "binding": "address"},
                {"uid": "zip", "type": "text", "label": "Sector", "binding": "postal"},
                {"uid": "place", "type": "text", "label": "Way in"},
            ],
        }
    ],
}

FIRE_CALL = CallForm(
    title="",
    description="Smoke from the roof.",
    layout={
        "template": 13,
        "statusId": "rolling",
        "priority": "Second alarm",
        "values": {
            "what": "Smoke from the roof.",
            "where": "Power Street 12",
            "zip": "7044",
            "place": "By the yard",
        },
    },
)


def with_stored_layout(form: CallForm, layout: Json) -> CallForm:
    """Return a call that carries its whole layout, as it was when the call was created.

    The vendor's page says that "the normalized template" is stored on the call, and shows no
    example of it (?); the other calls carry its id.
    """
    return replace(form, layout={**form.layout, "template": layout})
