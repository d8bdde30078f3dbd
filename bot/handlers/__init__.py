"""Thin: an update becomes one flow call and an answer. Knows no rule and no table."""
