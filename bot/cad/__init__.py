"""The client of Sonoran CAD; it does not depend on Discord, the database or the services."""
