"""Helpers for the tests that cross service boundaries."""
