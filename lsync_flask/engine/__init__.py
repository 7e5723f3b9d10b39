"""The thinking: pure functions and frozen dataclasses. No I/O, no clock, no environment."""
