"""One function for each request."""
