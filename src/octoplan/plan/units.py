"""Units of measurement of the linear programme, chosen to keep coefficients within a few orders of magnitude."""

UNIT_SCALE, CREW_SCALE, MONEY_SCALE = 100.0, 10.0, 1e6
"""Sizes of the units of measurement: interceptors and parts in hundreds, crews and kits in tens, money in millions."""
