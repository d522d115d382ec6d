"""What the library's own history says about its assets."""
