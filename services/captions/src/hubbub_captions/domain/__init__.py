"""Pure rules: what is speech, what is said by whom, and when a room has no captions. No I/O, time is an argument."""
