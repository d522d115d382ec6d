"""What the stores beside the photo library say: calls, permissions, settings, messages."""
