"""Everything the program writes for people goes through here: whole files, never among evidence."""

from recovery.output.answers import open_answer, resolve
from recovery.output.evidence import Evidence
from recovery.output.files import TEMPORARY_NAME, NewFile, OutputDirectory, replacing

__all__ = ["TEMPORARY_NAME", "Evidence", "NewFile", "OutputDirectory", "open_answer", "replacing", "resolve"]
