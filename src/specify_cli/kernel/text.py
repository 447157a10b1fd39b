"""Small pure helpers for text that readers need without the cost of a library."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from zlib import crc32

from specify_cli.kernel.lazy import load

ULID_PATTERN = re.compile(r"^[0-9A-HJKMNP-TV-Z]{26}\Z")
SLUG_PATTERN = re.compile(r"^[a-z0-9]+(-[a-z0-9]+)*\Z")
# Control characters but newline and tab; DEL and C1; bidirectional marks; line separators; lone surrogates.
_UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")
# What is not seen at all: soft hyphens, fillers, spaces and joiners without width, tags and the selectors above BMP.
# Joiners belong to the script or emoji around them; beside ASCII they only hide something.
_UNSEEN = re.compile(
    "[\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u2060-\u206f\u3164\uffa0\ufff0-\ufffb"
    "\U0001d173-\U0001d17a\U000e0000-\U000e0fff]|(?<=[\x00-\x7f])[\u200c\u200d]|[\u200c\u200d](?=[\x00-\x7f])"
)
_LONGEST_WORD, _LONGEST = 400, 8000  # characters of a message
_HALF = re.compile("[\ud800-\udc7f\udd00-\udfff]")
_ODD = re.compile(f"{_UNSAFE.pattern}|{_UNSEEN.pattern}|[\n\t]")


def is_ulid(text: str) -> bool:
    """Whether the text has the form of a ULID."""
    return bool(ULID_PATTERN.fullmatch(text))


def slugify(text: str) -> str:
    """A title as a slug: lower case words joined by dashes; empty where nothing is left."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def plural(count: int, noun: str, nouns: str | None = None) -> str:
    """A count with its noun: `1 lane`, `3 lanes`."""
    return f"{count} {noun if count == 1 else nouns or noun + 's'}"


def some(names: Sequence[str], most: int = 6) -> str:
    """The first of some names, and how many more there are."""
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def natural_key(text: str) -> tuple[tuple[int, int, str], ...]:
    """A sorting key that counts numbers as numbers: `WP9` before `WP10`, `WP99` before `WP100`."""
    parts = filter(None, re.split(r"([0-9]+)", text))
    return tuple((0, number_of(part), part) if part.isdecimal() else (1, 0, part) for part in parts)


def number_of(digits: str) -> int:
    """Their value; of more digits than a number of anything has, how many there are, above all others."""
    return int(digits) if len(digits) < 19 else 10**18 + len(digits.lstrip("0"))


def folded_name(name: str) -> str:
    """A name of an actor as it counts where two have to be told apart: `Claude`, `claude ` and `user:claude` are one.

    Names are claims and no proof; this only keeps a claim from resting on case, width, blanks or invisible characters.
    """
    if not name.isascii():
        category, normalize = load("unicodedata:category"), load("unicodedata:normalize")
        name = "".join(each for each in normalize("NFKC", name) if category(each) not in ("Cf", "Cc", "Mn"))
    return re.sub(r"[\W_]+", "-", name.casefold().strip().removeprefix("user:")).strip("-")


def encoded(text: str) -> bytes:
    """Text as UTF-8, what stands for other bytes as those; half of a character as a visible escape."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return _HALF.sub(lambda found: _visible(found.group()), text).encode("utf-8", "surrogateescape")


def usable_word(text: str) -> str:
    """Text as an argument of a program can hold it: NUL and halves of characters as visible escapes."""
    return _HALF.sub(lambda found: _visible(found.group()), text.replace("\0", "\\x00"))


def digest(text: str | bytes) -> str:
    """A short fingerprint, for names of things that have no id of their own; not for telling edits from originals."""
    data = encoded(text) if isinstance(text, str) else text
    return f"{crc32(data):08x}"


def shell_word(text: object) -> str:
    """A word as a POSIX shell wants it, on one line and seen in full, whatever is in it; for `kernel/commands.py`."""
    word = str(text)
    if not _ODD.search(word):
        return shlex.quote(word)
    # `$'…'` is what shells have for bytes that do not show.
    shown = word.replace("\\", "\\\\").replace("'", "\\'")
    return "$'" + _ODD.sub(lambda match: _as_bytes(match.group()), shown) + "'"


def _as_bytes(character: str) -> str:
    how = "surrogateescape" if "\udc80" <= character <= "\udcff" else "surrogatepass"
    return "".join(f"\\x{byte:02x}" for byte in character.encode("utf-8", how))


def escaped(text: str) -> str:
    """Every character that a terminal obeys, but newline and tab, as a visible escape."""
    return _UNSAFE.sub(lambda found: _visible(found.group()), text)


def visible(text: str) -> str:
    """As `escaped`, and whatever would not be seen at all; the line ends of Windows are plain ones."""
    return _UNSEEN.sub(lambda found: _visible(found.group()), escaped(text.replace("\r\n", "\n")))


def bounded(message: str) -> str:
    """A message with what nobody can read in it left out: the middle of a word, or of all, that is too long."""
    if len(message) <= _LONGEST_WORD:
        return message
    words = re.sub(rf"\S{{{_LONGEST_WORD + 1},}}", lambda word: f"{word[0][:150]}…{word[0][-100:]}", message)
    return words if len(words) <= _LONGEST else f"{words[: _LONGEST - 1000]} … {words[-900:]}"


def one_line(text: object, most: int = 200) -> str:
    """Words of somebody else's inside a line of ours: one line, and nothing in it that marks up or is not seen."""
    line = " ".join(visible(" ".join(str(text).split())).split())
    line = line.replace("`", "'").replace("<!--", "<! --")
    return line if len(line) <= most else line[: most - 1] + "…"


def _visible(character: str) -> str:
    number = ord(character)
    if number < 0x100:
        return f"\\x{number:02x}"
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"
