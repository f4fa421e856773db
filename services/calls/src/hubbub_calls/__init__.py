"""The calls service: rings, answers, group calls, and the history of calls."""
