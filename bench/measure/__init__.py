"""Measures what counting connections costs: bench/run starts it."""
