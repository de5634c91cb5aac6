"""Calibration: assumptions fitted to observations, with joint posterior draws, checks and evidence."""
