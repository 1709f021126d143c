"""Export what is stored about a person, and forget it."""

from cf_protected.services.privacy.export import export_person
from cf_protected.services.privacy.forget import Forgotten, forget_person

__all__ = ["Forgotten", "export_person", "forget_person"]
