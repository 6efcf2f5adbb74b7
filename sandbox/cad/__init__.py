"""A pretend Sonoran CAD: the state of a community, its v1 API over HTTP, faults and a page."""
