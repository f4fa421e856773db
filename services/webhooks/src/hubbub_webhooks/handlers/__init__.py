"""One function for each request and each deadline."""
