from django.urls import path

from example_project.urls import urlpatterns as example
from tests.webhook_shop.samples import run_sample

webhook = run_sample("services.md", "def payment_webhook")["payment_webhook"]

urlpatterns = [*example, path("webhook/", webhook)]
