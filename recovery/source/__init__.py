"""Find a backup, unlock it, and see its files as if they had never been encrypted."""
