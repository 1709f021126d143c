"""What is sold, which person may have it, and what was downloaded. No model signs."""

from cf_protected.models.asset import Asset, AssetFile
from cf_protected.models.download import Download
from cf_protected.models.event import GrantEvent
from cf_protected.models.grant import Grant
from cf_protected.models.mailboxes import Mailbox, RequestingNetwork
from cf_protected.models.purchase import Purchase
from cf_protected.models.use import Use

__all__ = [
    "Asset",
    "AssetFile",
    "Download",
    "Grant",
    "GrantEvent",
    "Mailbox",
    "Purchase",
    "RequestingNetwork",
    "Use",
]
