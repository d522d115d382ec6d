"""What the photo library, the media files and their leftovers say about each asset."""
