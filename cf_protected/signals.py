"""Signals. Those of models are sent after the change was written, in its transaction.

A receiver that raises undoes the change, so that a repeated webhook starts again from the
beginning. Work that must wait for the commit, such as mail, belongs in
``transaction.on_commit``.
"""

from django.dispatch import Signal

#: A grant was made. Arguments: ``grant``. A repeated webhook doesn't send it again.
grant_created = Signal()

#: A grant was revoked, alone or with its purchase. Arguments: ``grant``.
grant_revoked = Signal()

#: A grant was made or changed, whatever the change. Arguments: ``grant``, and ``event``, the
#: ``GrantEvent`` that is kept of it. Sent after ``grant_created`` and ``grant_revoked``.
grant_changed = Signal()

#: A signed URL was handed out and counted. Arguments: ``download``.
download_issued = Signal()

#: A person was refused. Arguments: ``download``; its ``reason`` is the code.
download_refused = Signal()

#: A cached signing key was fetched, refreshed, unavailable or served stale. Arguments:
#: ``distribution``, its alias, and ``event``, a ``cf_protected.key_sources.cached.KeyEvent``.
#: Sent by the thread that fetched the key, which may be a background thread.
signing_key_event = Signal()
