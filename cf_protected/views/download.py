"""The download view: a 303 to a signed URL, or a page that says why not."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.http import HttpResponseBase
from django.utils.decorators import method_decorator

from cf_protected import services
from cf_protected.models import AssetFile
from cf_protected.person import Person
from cf_protected.views.file import FileView, see_other


@method_decorator(login_not_required, name="dispatch")  # the authoriser may admit strangers
class DownloadView(FileView):
    """Redirects a person who has the file's asset to a signed URL of the file.

    Subclass it to find the file, to describe the viewer or to refuse in another way.
    """

    kind = AssetFile.Kind.OBJECT

    def issue(self, person: Person, file: AssetFile) -> HttpResponseBase:
        """Return a redirect to a signed URL, counted and logged."""
        viewer, confirmed = self.get_viewer(), self.is_confirmed
        issued = services.issue_url(person, file, viewer=viewer, ahead=False, confirmed=confirmed)
        return see_other(issued.url)
