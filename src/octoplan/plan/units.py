"""The units that the programme counts in, which keep its coefficients within a few orders of magnitude."""

UNIT, CREW, MONEY = 100.0, 10.0, 1e6
"""Interceptors in hundreds, crews and kits in tens, money in millions."""
