"""Builds what people install without Python."""
