"""The sandbox's time, for tests."""

from sandbox.fake_time import FakeTime

__all__ = ["FakeTime"]
