"""Findings as text for the terminal."""
