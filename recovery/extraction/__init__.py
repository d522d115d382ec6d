"""Names, plan and writing of what is recovered, and the check of what was written."""
