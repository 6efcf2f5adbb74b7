"""What is promised of the room that talks to the CAD."""
