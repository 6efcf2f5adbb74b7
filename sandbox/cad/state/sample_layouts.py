"""A custom layout of dispatch calls, and a call of it.

Reference: docs/sonoran-cad.md, "Call layouts".
"""

from __future__ import annotations

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
