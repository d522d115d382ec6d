"""Every protective number of the library, each with its reason."""

KIB = 1024
MIB = 1024 * KIB
GIB = 1024 * MIB

# --- property lists and keyed archives -------------------------------------------------------------------
# The largest plist a backup carries is Info.plist with every app's icon in it: tens of megabytes.
PLIST_BYTES = 64 * MIB
# One MBFile archive is under 2 KiB; extended attributes may add some tens.
MBFILE_BYTES = 1 * MIB
# Keys of one MBFile, or extended attributes of one file; real ones have up to 30.
MBFILE_KEYS = 1_000
# Real archives nest a handful of levels; this leaves room and stops a stack overflow.
ARCHIVE_DEPTH = 64
# Longer whole numbers than this stand in no store of a phone, and Python refuses to print some of them.
WHOLE_NUMBER_BITS = 64
# An archive may refer to one object many times; unfolding is what explodes, so the unfolded values count.
ARCHIVE_VALUES = 500_000

# --- databases -------------------------------------------------------------------------------------------
# A copy of a database goes to the private folder; Photos.sqlite of 500,000 assets is about 3 GiB.
DATABASE_BYTES = 16 * GIB
# Longest text or blob SQLite may hand us from one cell.
DATABASE_CELL_BYTES = 16 * MIB
# Virtual machine steps between two looks at the clock.
DATABASE_PROGRESS_STEPS = 100_000
# Seconds of processor time that all statements on one database may take together, and bytes of the file that each
# further second is given for. Whole libraries are read at 100 MiB a second and more; only a join that multiplies
# rows needs longer.
DATABASE_SECONDS = 1.0
DATABASE_BYTES_PER_SECOND = 16 * MIB
# Memory that SQLite may use in all: it sorts there, and the largest honest sort is that of one folder's files.
DATABASE_MEMORY = 512 * MIB
# More columns or tables than any Core Data store has.
DATABASE_TABLES = 5_000

# --- backup ----------------------------------------------------------------------------------------------
# Rows of Manifest.db: real phones have up to a million files.
MANIFEST_ROWS = 5_000_000
# Blobs whose first bytes are looked at to tell a plain backup from an encrypted one: some milliseconds.
ENCRYPTION_SAMPLE = 200
# Rows of a list looked at to tell whether a key bag is that of its backup; folders and empty files have no key.
KEY_SAMPLE = 200
# Bytes at the start of a file that tell its type; the root of a property list stands behind a long declaration.
CONTENT_HEAD_BYTES = 256
# How far a file that begins with zeros is read on to say that it holds nothing else; one can claim a terabyte.
ZEROS_BYTES = 64 * MIB
# Files in a backup folder looked at when listing blobs.
BLOB_FILES = 20_000_000
# Folders looked into below a root when searching for backups.
BACKUP_CANDIDATES = 2_000
# Bytes deciphered per step: large enough for speed, small enough for flat memory.
CIPHER_CHUNK_BYTES = 1 * MIB
# Bytes copied per step, in a buffer that is used again: it stays in the processor's cache.
COPY_CHUNK_BYTES = 256 * KIB

# --- the photo library -----------------------------------------------------------------------------------
# Assets, or resources, of one library: more than any phone can hold.
LIBRARY_ROWS = 5_000_000

# --- media -----------------------------------------------------------------------------------------------
# Bytes from the start (kind) and the end (is it cut?) of a media file; a JPEG's or PNG's last mark stands there.
MEDIA_HEAD_BYTES = 64 * KIB
# The size of what FaceTime saves, beyond which a photo or video of unknown origin is not opened: 77 of 78 genuine
# stills have at most 1,920 pixels on their long side, genuine videos last 3.02 seconds (docs/facetime.md). Where
# neither is stored, the bytes tell: a picture of 1,920 x 1,920 pixels without any compression.
FACETIME_LONG_SIDE = 1_920
FACETIME_SECONDS = 5.0
FACETIME_BYTES = 3 * FACETIME_LONG_SIDE**2
# Bytes read at once when looking for FaceTime's marks: genuine HEIC stills hold them within the first 2 KiB.
MARKS_HEAD_BYTES = 4 * KIB
# Bytes of one block of metadata that is searched for them: an EXIF segment of a JPEG has at most 64 KiB.
MARKS_BLOCK_BYTES = 1 * MIB
# Segments of a JPEG, or chunks of a PNG, before the picture; real ones have about a dozen.
MARKS_SEGMENTS = 200
# Pixels Pillow may be asked to decode: a 200 megapixel phone picture, with room.
IMAGE_PIXELS = 300_000_000
# Atoms looked at in one QuickTime file: a real Live Photo movie has about 150. This also bounds tracks and keys.
ATOM_COUNT = 20_000
# Bytes of one atom that are read as a whole (a header, an edit list, a value); real ones are under 1 KiB.
ATOM_BYTES = 64 * KIB
# Keys and values of one movie; real ones have about a dozen.
METADATA_KEYS = 500
# Characters of one text value inside a picture or movie; real ones are under 100.
METADATA_TEXT = 4 * KIB
# A HEIC is handed to its library whole; a 48 megapixel one is about 10 MiB.
HEIF_BYTES = 256 * MIB
# Entries of Apple's MakerNote; an iPhone 15 Pro writes 56.
MAKERNOTE_ENTRIES = 500

# --- key derivation --------------------------------------------------------------------------------------
# Rounds of the single derivation of key bags before iOS 10.2; real ones have 10,000. The rounds of newer key
# bags are bounded by iphone-backup-decrypt.
KEY_DERIVATION_ROUNDS_BEFORE_IOS_10_2 = 1_000_000

# --- the library's own history ---------------------------------------------------------------------------
# The model cache unfolds to 0.2-0.4 MiB in eleven real libraries.
MODEL_CACHE_BYTES = 16 * MIB
# Changed-column bitmaps name at most 154 properties in real models.
MODEL_PROPERTIES = 2_000
# Real libraries hold 11 to 114 different context, author and process strings, each under 400 characters.
HISTORY_STRINGS = 200_000
HISTORY_TEXT = 4 * KIB
# Deleted assets kept in memory: more than any photo library has rows.
HISTORY_DELETED = 2_000_000
# Changes of assets kept for a timeline, about 400 bytes each; a busy library has some 1,000,000 changes in all, of
# which those that tell nothing to people are not kept.
HISTORY_EVENTS = 200_000
# Runs of missing asset numbers that are listed one by one.
NUMBERING_RUNS = 100_000

# --- asset journals --------------------------------------------------------------------------------------
# A record's payload is one asset as a plist: under 64 KiB in 1,274 real ones.
JOURNAL_PAYLOAD_BYTES = 4 * MIB
# A snapshot has one record per asset, a change journal one per change.
JOURNAL_RECORDS = 5_000_000
# Assets whose journal facts are kept in memory.
JOURNAL_ASSETS = 1_000_000

# --- evidence --------------------------------------------------------------------------------------------
# Rows read from one table of evidence; a busy phone keeps some 1,000,000 messages.
EVIDENCE_ROWS = 5_000_000
# Characters of one address, file name or identifier; real ones stay under a path's 1,024.
CELL_CHARACTERS = 4_096
# A preference file is a few KiB.
PREFERENCE_BYTES = 8 * MIB
# Handles of one group call: FaceTime allows 32.
CALL_HANDLES = 256
# FaceTime messages and voicemails of one phone, and media files among them: people keep some hundreds.
FACETIME_MESSAGES = 20_000
# Copies of the message store in one backup; a phone has one.
FACETIME_MESSAGE_STORES = 8

# --- thumbnail tables ------------------------------------------------------------------------------------
# Entries of one table: a library of half a million assets, with room.
THUMBNAIL_ENTRIES = 600_000
# Rows of one name, or halves of one content identifier, looked at for one file: a real library has two or three,
# and a made-up one of as many rows and files as it likes must not cost their product.
SAME_NAMES = 100
# Entries of one table looked at for the pictures of one asset: a table has one or two, a made-up one could have as
# many as it likes for as many rows as it likes.
THUMBNAILS_OF_ASSET = 100
# Side of the frame of a table whose format is unknown; the largest known one is 180.
THUMBNAIL_SIDE = 1024
# Bytes searched for known UUIDs, and how many UUIDs, when the format of a table is unknown; 16 MiB are hundreds
# of entries of the largest known format, and a few agreeing ones settle the length.
THUMBNAIL_SEARCH_BYTES = 16 * MIB
THUMBNAIL_SEARCH_UUIDS = 64
# thumbnailConfiguration has 326 or 499 bytes in real samples and lists at most a dozen formats.
THUMBNAIL_CONFIGURATION_BYTES = 64 * KIB
THUMBNAIL_CONFIGURATION_FORMATS = 100

# --- residue (deleted rows) ------------------------------------------------------------------------------
# Look-alikes of a row tried in one database; 500,000 assets with a full write-ahead log give about one million.
RESIDUE_CANDIDATES = 4_000_000
# Deleted rows kept from one table; a library of 500,000 photos that was emptied stays below.
RESIDUE_ROWS = 1_000_000
# Pages walked to learn which table owns them; 64 GiB at 4 KiB a page.
RESIDUE_TREE_PAGES = 16_000_000

# --- output ----------------------------------------------------------------------------------------------
# A line of the journal is under 1 KiB: a path of at most some 250 bytes, two hashes and a reason.
OUTPUT_JOURNAL_LINE = 64 * KIB
# One line for each written file: some millions.
OUTPUT_JOURNAL_BYTES = 4 * GIB
# The record of a run is read whole for checking; 100,000 files make about 80 MiB.
RUN_RECORD_BYTES = 2 * GIB
# Files looked at in an output folder when searching for ones the record does not know.
OUTPUT_FILES = 20_000_000

# --- copies in Messages ----------------------------------------------------------------------------------
# Pictures of Messages that are looked into for marks of FaceTime, newest first, beside those whose name has one:
# a few milliseconds each, so a few seconds in all.
MESSAGES_LOOKS = 1_000

# Longest file that is read through only to compare it with another: an hour of video. One can claim a terabyte
# that its disk does not hold.
DIGEST_BYTES = 4 * GIB

# --- pipes -----------------------------------------------------------------------------------------------
# Seconds to wait for somebody to write into a named pipe at all, and for all that is to come: a program behind it
# may ask a person for a passphrase.
PIPE_WRITER_SECONDS = 5
PIPE_SECONDS = 60

# --- a lost manifest -------------------------------------------------------------------------------------
# Camera folders whose every possible name is tried (a folder holds 1,000 files, so ten hold all numbers once).
SALVAGE_CAMERA_FOLDERS = 20
# Media files without any name that are looked into for their own dates and marks.
UNLISTED_LOOKS = 20_000

# --- frames ----------------------------------------------------------------------------------------------
# Frames decoded of one movie: the movie of a Live Photo has about 90, a minute of video 3,600.
MOVIE_FRAMES = 4_000

# --- memory ----------------------------------------------------------------------------------------------
# What must be free before a decoder is begun: buffers, stacks of its threads, and the library itself. Less has
# ended in a crash of libav, and of the C library when a thread wanted room of its own.
PICTURE_DECODER_BYTES = 96 * MIB
MOVIE_DECODER_BYTES = 256 * MIB
# What must be free before a thread is begun: its stack, and what libraries keep for each thread.
THREAD_BYTES = 32 * MIB

# --- previews --------------------------------------------------------------------------------------------
# Pixels decoded for one preview: 48 megapixel phone pictures pass, and three at once stay below 1 GiB.
PREVIEW_PIXELS = 64_000_000
# Characters kept of what a decoder says of a picture that it refuses.
DECODER_MESSAGE = 200
# A movie copied beside the report for playing: a minute of 4K video.
REPORT_MOVIE_BYTES = 400 * MIB
# Loose ends or gaps listed on the page, each; the inventory has them all.
REPORT_LISTED = 300
# A selection file names one identifier of some 40 bytes for each asset; a million are 60 MiB.
SELECTION_BYTES = 64 * MIB
