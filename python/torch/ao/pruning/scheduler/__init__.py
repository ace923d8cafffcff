"""Schedulers: how much is zero at which time."""
