"""The HTTP routes with JSON bodies, one module per topic."""
