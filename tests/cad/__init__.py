"""Tests of the client of the CAD."""
