"""Every protective number of the library, each with its reason."""

KIB = 1024
MIB = 1024 * KIB
GIB = 1024 * MIB

# --- property lists and keyed archives -------------------------------------------------------------------
# The largest plist a backup carries is Info.plist with every app's icon in it: tens of megabytes.
PLIST_BYTES = 64 * MIB
# One MBFile archive is under 2 KiB; extended attributes may add some tens.
MBFILE_BYTES = 1 * MIB
# Real archives nest a handful of levels; this leaves room and stops a stack overflow.
ARCHIVE_DEPTH = 64
# An archive may refer to one object many times; unfolding is what explodes, so the unfolded values count.
ARCHIVE_VALUES = 500_000

# --- databases -------------------------------------------------------------------------------------------
# A copy of a database goes to the private folder; Photos.sqlite of 500,000 assets is about 3 GiB.
DATABASE_BYTES = 16 * GIB
# Longest text or blob SQLite may hand us from one cell.
DATABASE_CELL_BYTES = 64 * MIB
# Virtual machine steps between two looks at the clock, and the seconds one statement may take.
DATABASE_PROGRESS_STEPS = 1_000_000
DATABASE_SECONDS = 600.0
# More columns or tables than any Core Data store has.
DATABASE_TABLES = 5_000

# --- backup ----------------------------------------------------------------------------------------------
# Rows of Manifest.db: real phones have up to a million files.
MANIFEST_ROWS = 20_000_000
# Files in a backup folder looked at when listing blobs.
BLOB_FILES = 20_000_000
# Folders looked into below a root when searching for backups.
BACKUP_CANDIDATES = 2_000
# Bytes deciphered per step: large enough for speed, small enough for flat memory.
CIPHER_CHUNK_BYTES = 1 * MIB

# --- media -----------------------------------------------------------------------------------------------
# Bytes of a media file that are ever read to learn its facts.
MEDIA_HEAD_BYTES = 64 * KIB
# Pixels Pillow may be asked to decode: a 200 megapixel phone picture, with room.
IMAGE_PIXELS = 300_000_000
