"""A pretend Sonoran CAD: its state, both versions of its API over HTTP, faults and a page."""
