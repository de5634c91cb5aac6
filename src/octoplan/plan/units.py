"""Units of measurement of the linear programme, chosen to keep coefficients within a few orders of magnitude."""

UNIT, CREW, MONEY = 100.0, 10.0, 1e6
"""Interceptors in hundreds, crews and kits in tens, money in millions."""
