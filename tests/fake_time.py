"""The sandbox's time, for tests."""

from sandbox.fake_time import FakeTime, Wait

__all__ = ["FakeTime", "Wait"]
