"""The benchmarks of the bot."""
