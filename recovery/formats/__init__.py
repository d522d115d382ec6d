"""Generic binary formats, without any knowledge of iOS: property lists, SQLite pages, QuickTime, EXIF, ithmb."""
