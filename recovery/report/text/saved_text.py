"""What an extraction saves, before and after it ran, in the same words."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from recovery.analysis.model import FileRole
from recovery.extraction.plan import PlannedFile
from recovery.report.figures import count
from recovery.report.messages.phrases import listed
from recovery.report.text import words


def saved_text(files: Iterable[tuple[PlannedFile, bool]]) -> str:
    """`the originals of 22 photos and videos and a smaller copy or thumbnail of 3`; empty where there is nothing.

    Each file comes with whether it is whole; of a photo with no whole file only a damaged one can be saved.
    """
    roles: defaultdict[str, set[FileRole]] = defaultdict(set)
    loose = messages = 0
    for file, is_whole in files:
        if file.message is not None:
            messages += 1
        elif file.key is None:
            loose += 1
        else:
            roles[file.key].update({file.file.role} if is_whole else ())
    whole = sum(bool(held & words.ORIGINAL_PARTS.keys()) for held in roles.values())
    less = sum(bool(held) for held in roles.values()) - whole
    damaged = len(roles) - whole - less
    parts = [f"the originals of {count(whole, 'photo or video', 'photos and videos')}"] if whole else []
    if less:
        copies = f"{less:,}" if whole else count(less, "photo or video", "photos and videos")
        parts.append(f"a smaller copy or thumbnail of {copies}")
    if damaged:
        parts.append(count(damaged, "damaged photo or video", "damaged photos and videos"))
    if messages:
        parts.append(count(messages, "FaceTime message or voicemail", "FaceTime messages and voicemails"))
    if loose:
        parts.append(f"{count(loose, 'picture or video', 'pictures and videos')} that the photo library does not list")
    return listed(parts)
