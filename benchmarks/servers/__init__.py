"""The CAD and the Discord that the bots are measured with."""
