"""The dispatch bot."""
