"""Drives the sandbox in a Chromium, and makes the pictures of the documents."""
