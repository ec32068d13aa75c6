"""Measures the cost of counting connections; bench/run starts it."""
