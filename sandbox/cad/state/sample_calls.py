"""Sample calls that the page's buttons and the simulation create, in turn."""

from __future__ import annotations

from sandbox.cad.state.models import CallForm, EmergencyForm
from sandbox.cad.state.sample_layouts import MEDICAL_CALL

SAMPLE_CALLS = (
    CallForm(
        title="Reckless Driver",
        code="10-53",
        priority=2,
        block="2200",
        address="Vespucci Boulevard",
        postal="8041",
        description="Red sports car, running lights, westbound.",
    ),
    CallForm(
        title="Domestic Disturbance",
        code="10-16",
        priority=1,
        block="300",
        address="Mirror Park Drive",
        postal="7122",
        description="Neighbours report shouting and breaking glass.",
    ),
    CallForm(
        title="Vehicle Fire",
        code="10-70",
        priority=2,
        block="1100",
        address="Route 68",
        postal="3004",
        description="Camper van on fire at the petrol station.",
    ),
    CallForm(
        title="Noise Complaint",
        code="10-15",
        priority=3,
        block="50",
        address="Eclipse Boulevard",
        postal="8210",
        description="Party on the roof, third complaint tonight.",
    ),
    MEDICAL_CALL,
)

SAMPLE_EMERGENCIES = (
    EmergencyForm(
        caller="Lamar D.",
        location="Forum Drive, Davis",
        description="A man is stealing my neighbour's car right now!",
        meta_data={"postal": "9105"},
    ),
    EmergencyForm(
        caller="Mary-Ann Q.",
        location="Vespucci Beach",
        description="A jogger collapsed, he is not answering.",
        meta_data={"postal": "8005"},
    ),
    EmergencyForm(
        caller="Floyd H.",
        location="Elysian Island, dock 4",
        description="I would like to report a missing crane.",
        is_emergency=False,
        meta_data={"postal": "9021"},
    ),
)
