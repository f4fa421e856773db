"""What the tests that cross service boundaries share."""
