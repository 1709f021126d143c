"""The example's accounts, library and mailbox, sold through the documents' own webhook."""

from typing import Final

#: All bytes of the book that it sells.
BOOK: Final = b"%PDF-1.7 the tides, told for sailors\n%%EOF\n"
WEBHOOK_SECRET: Final = "the payment provider's"
