"""Calls: the sessions of the namespace `/calls`, and the HTTP routes."""
