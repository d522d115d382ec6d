"""Pure functions of a case: assets with their one status, loose ends, totals."""
