"""The use cases: the life of a grant; authorize; issue a URL, cookies or a playlist.

The only place where models meet signers. Every signature needs an ``Approval``. Only
``approval`` makes one, after the authoriser has allowed the download.
"""

from cf_protected.person import Person
from cf_protected.services.authorization import (
    Access,
    authorize,
    authorize_download,
    authorize_many,
)
from cf_protected.services.changes import (
    allow_more,
    claim,
    extend,
    extend_grants,
    reset_downloads,
    set_terms,
    transfer,
)
from cf_protected.services.claims import claim_by_link
from cf_protected.services.cookie_files import latest_folders, named_files
from cf_protected.services.cookie_scopes import CookieScope, cookie_scopes
from cf_protected.services.cookies import (
    CookieSet,
    IssuedCookies,
    issue_cookies,
    renew_cookies,
)
from cf_protected.services.downloads import IssuedURL, issue_url
from cf_protected.services.grants import grant, grant_many
from cf_protected.services.holders import Holder
from cf_protected.services.mailboxes import end_links
from cf_protected.services.opened_files import opened_scopes, removable_files
from cf_protected.services.playlist_tokens import (
    PlaylistToken,
    make_playlist_token,
    read_playlist_token,
)
from cf_protected.services.playlists import IssuedPlaylist, issue_playlist, issue_playlist_token
from cf_protected.services.privacy import Forgotten, export_person, forget_person
from cf_protected.services.refusals import admit, admit_nowhere
from cf_protected.services.revocations import (
    refund,
    restore,
    restore_grants,
    revoke,
    revoke_grants,
)
from cf_protected.services.sending import (
    send_claim_link,
    send_downloads,
    send_new_link,
    send_receipt,
)
from cf_protected.services.trials import try_file, try_folder
from cf_protected.services.waiting import claim_what_waits
from cf_protected.viewer import Viewer

__all__ = [
    "Access",
    "CookieScope",
    "CookieSet",
    "Forgotten",
    "Holder",
    "IssuedCookies",
    "IssuedPlaylist",
    "IssuedURL",
    "Person",
    "PlaylistToken",
    "Viewer",
    "admit",
    "admit_nowhere",
    "allow_more",
    "authorize",
    "authorize_download",
    "authorize_many",
    "claim",
    "claim_by_link",
    "claim_what_waits",
    "cookie_scopes",
    "end_links",
    "export_person",
    "extend",
    "extend_grants",
    "forget_person",
    "grant",
    "grant_many",
    "issue_cookies",
    "issue_playlist",
    "issue_playlist_token",
    "issue_url",
    "latest_folders",
    "make_playlist_token",
    "named_files",
    "opened_scopes",
    "read_playlist_token",
    "refund",
    "removable_files",
    "renew_cookies",
    "reset_downloads",
    "restore",
    "restore_grants",
    "revoke",
    "revoke_grants",
    "send_claim_link",
    "send_downloads",
    "send_new_link",
    "send_receipt",
    "set_terms",
    "transfer",
    "try_file",
    "try_folder",
]
