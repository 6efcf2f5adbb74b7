"""Talks to Sonoran CAD; knows nothing of Discord, the database or the services."""
