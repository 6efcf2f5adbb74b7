"""Slash commands: parse, call one service method, render."""
