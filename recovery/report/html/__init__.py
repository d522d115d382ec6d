"""The report as one offline page with a folder of previews beside it."""

from recovery.report.html.writing import Report, ReportOptions, write_report

__all__ = ["Report", "ReportOptions", "write_report"]
