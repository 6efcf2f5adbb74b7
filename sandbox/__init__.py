"""The pretend Discord and the pretend CAD."""
