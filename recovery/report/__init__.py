"""The inventory, the text for people and the sidecars."""
