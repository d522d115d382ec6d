"""An older and a newer backup compared asset by asset."""
