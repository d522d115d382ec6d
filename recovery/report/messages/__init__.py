"""Every sentence for people about what the analysis found, once each, by the codes of the analysis.

A module covers one kind of code. Another language would be another set of these modules.
"""
